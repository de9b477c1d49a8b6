//! The session file: when it answers, when the CLI is asked instead, and that nothing of ours ever writes it. Then
//! what counts as long enough, `status` and `inspect`, and what an answer costs in system calls.
//!
//! The stand-in finds, reads, renews and tears its session file as the CLI's SDK does, and counts how often it was run.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::sandbox::{
    Outcome, Sandbox, has, jwt, jwt_of, recorded, right_token, root, situations, spawn, token,
};

/// The recorded session of a user, with another token in it.
fn session_with(token: &str) -> String {
    let recorded = String::from_utf8(recorded("session-user", "config.json")).unwrap();
    recorded.replace(&crate::sandbox::token("passcode-mfa"), token)
}

/// A sandbox whose session file holds this token, and whose CLI keeps sessions.
fn sandbox_with(token: &str) -> Sandbox {
    let sandbox = Sandbox::with_session();
    sandbox.write_session(token);
    sandbox
}

/// A sandbox whose CLI prints a recorded token whatever the session, and counts its runs.
fn sandbox_with_an_answer() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let log = sandbox.log();
    fs::create_dir(&log).unwrap();
    (
        sandbox.with("STAND_IN_LOG", log.to_str().unwrap()),
        right_token("oauth-tokens-one-line").expect("it holds a token"),
    )
}

/// A token that the stand-in reads as the SDK does: without an `id` it would count as expired.
fn renewable(issued_in: i64, expires_in: i64) -> String {
    jwt_of(&format!(
        r#"{{"id":"IBMid-1","iam_id":"IBMid-1","iat":{},"exp":{}}}"#,
        now() + issued_in,
        now() + expires_in
    ))
}

fn now() -> i64 {
    i64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap()
}

/// The stand-in itself, as somebody would run it beside us.
fn cli(sandbox: &Sandbox, line: &str) -> Outcome {
    let output = sandbox
        .command(root().join("tests/stand-in/ibmcloud"))
        .args(line.split_whitespace())
        .stdin(std::process::Stdio::null())
        .output();
    output.unwrap().into()
}

fn json(outcome: &Outcome) -> Value {
    serde_json::from_str(outcome.payload()).unwrap()
}

/// The token that is in the session file now.
fn token_in(session_file: &Path) -> String {
    let session: Value = serde_json::from_slice(&fs::read(session_file).unwrap()).unwrap();
    session["IAMToken"].as_str().unwrap().trim_start_matches("Bearer ").to_owned()
}

/// What shows that a file was written: another inode, time of change, or content.
fn trace_of_writing(path: &Path) -> (u64, i64, i64, Vec<u8>) {
    let metadata = path.symlink_metadata().unwrap();
    let content = if metadata.is_file() { fs::read(path).unwrap_or_default() } else { Vec::new() };
    (metadata.ino(), metadata.mtime(), metadata.mtime_nsec(), content)
}

// ---- where the session is, and what it is ------------------------------------------------------

#[test]
fn a_good_token_in_the_session_file_answers_without_the_cli() {
    let token = jwt(-60, 3540);
    let sandbox = sandbox_with(&token);
    let before = trace_of_writing(&sandbox.session_file());
    assert_eq!(sandbox.run("").payload(), format!("Bearer {token}"));
    assert_eq!(sandbox.run("get --format token").payload(), token);
    assert_eq!(json(&sandbox.run("get --format json"))["source"], "session-file");
    assert_eq!((sandbox.calls(), trace_of_writing(&sandbox.session_file())), (0, before));

    let without_cli = sandbox_with(&token).with("PATH", "/nowhere");
    assert_eq!(without_cli.run("").payload(), format!("Bearer {token}"));
    let without_path = sandbox_with(&token).with("PATH", "");
    assert_eq!(without_path.run("").payload(), format!("Bearer {token}"));
}

#[test]
fn the_session_is_found_where_the_cli_finds_it() {
    /// Variables, folders in the home, and the one of them that counts.
    type Case = (&'static [(&'static str, &'static str)], &'static [&'static str], &'static str);
    let cases: [Case; 12] = [
        (&[], &[".bluemix"], ".bluemix"),
        (&[], &[".ibmcloud"], ".ibmcloud"),
        (&[], &[".bluemix", ".ibmcloud"], ".ibmcloud"),
        (&[("IBMCLOUD_HOME", "{home}/a")], &["a/.bluemix", ".bluemix"], "a/.bluemix"),
        (&[("IBMCLOUD_HOME", "{home}/a")], &["a/.bluemix", "a/.ibmcloud"], "a/.ibmcloud"),
        (&[("BLUEMIX_HOME", "{home}/b")], &["b/.bluemix", ".ibmcloud"], "b/.bluemix"),
        (
            &[("IBMCLOUD_HOME", "{home}/a"), ("BLUEMIX_HOME", "{home}/b")],
            &["a/.bluemix", "b/.ibmcloud"],
            "a/.bluemix",
        ),
        (&[("IBMCLOUD_HOME", ""), ("BLUEMIX_HOME", "{home}/b")], &["b/.bluemix", ".ibmcloud"], "b/.bluemix"),
        (&[("IBMCLOUD_CONFIG_HOME", "{home}/c")], &["c", ".ibmcloud"], "c"),
        (
            &[("IBMCLOUD_HOME", "{home}/a"), ("IBMCLOUD_CONFIG_HOME", "{home}/c")],
            &["c", "a/.ibmcloud", "c/.ibmcloud"],
            "c",
        ),
        (&[("IBMCLOUD_CONFIG_HOME", "")], &[".bluemix"], ".bluemix"),
        (&[("IBMCLOUD_HOME", "a")], &["a/.bluemix", ".bluemix"], "a/.bluemix"),
    ];
    for (variables, folders, counts) in cases {
        let mut sandbox = Sandbox::with_session();
        let home = sandbox.home().to_str().unwrap().to_owned();
        for (name, value) in variables {
            sandbox = sandbox.with(name, value.replace("{home}", &home));
        }
        for folder in folders {
            let token = token(if *folder == counts { "passcode-mfa" } else { "other-user" });
            sandbox.write(&format!("{folder}/config.json"), session_with(&token));
        }
        let expected = token("passcode-mfa");
        assert_eq!(sandbox.run("--format token").payload(), expected, "{variables:?} {folders:?}");
        assert_eq!(sandbox.calls(), 0, "{variables:?} {folders:?}");
        let cli = cli(&sandbox, "iam oauth-tokens");
        assert_eq!(cli.payload(), format!("IAM token:  Bearer {expected}"), "{variables:?} {folders:?}");
    }
}

#[test]
fn an_empty_new_folder_hides_the_old_one_as_it_does_for_the_cli() {
    let sandbox = sandbox_with(&token("passcode-mfa"));
    fs::create_dir(sandbox.home().join(".ibmcloud")).unwrap();
    sandbox.run("").fails_with(4);
    assert_eq!(sandbox.calls(), 1);
}

#[test]
fn every_recorded_session_answers_as_recorded() {
    for situation in situations("session-") {
        let sandbox = Sandbox::with_session();
        let file = sandbox.write(".bluemix/config.json", recorded(&situation, "config.json"));
        let before = trace_of_writing(&file);
        let outcome = sandbox.run("--format token --timeout 5s");
        if let Some(token) = right_token(&situation) {
            assert_eq!(outcome.payload(), token, "{situation}");
        } else {
            outcome.fails_with(4);
        }
        // Whole, but without a token: the CLI says itself that nobody is logged in.
        let calls = usize::from(["session-blank", "session-logged-out"].contains(&situation.as_str()));
        assert_eq!((sandbox.calls(), trace_of_writing(&file)), (calls, before), "{situation}");
        assert!(!outcome.stderr.contains("REFRESH-TOKEN-MARKER"), "{situation}");
    }
}

#[test]
fn what_is_no_session_file_of_ours_is_passed_over() {
    type Make = fn(&Path);
    let good = || session_with(&jwt(-60, 3540));
    // (what stands in the place of the session file, what `-v` says of it)
    let mut cases: Vec<(&str, Make, &str)> = vec![
        ("a folder", |path| fs::create_dir(path).unwrap(), "it is not a regular file"),
        ("a pipe that nobody writes to", make_pipe, "it is not a regular file"),
        ("a device", |path| symlink("/dev/zero", path).unwrap(), "it is not a regular file"),
        ("a link to itself", |path| symlink(path, path).unwrap(), "it cannot be read"),
        ("a list", |path| fs::write(path, "[]").unwrap(), "it is not what the CLI writes"),
        (
            "a token of another type",
            |path| fs::write(path, r#"{"IAMToken":5}"#).unwrap(),
            "it is not what the CLI writes",
        ),
        (
            "two tokens",
            |path| {
                let (one, other) = (jwt(-60, 3540), jwt(-30, 3570));
                fs::write(path, format!(r#"{{"IAMToken":"Bearer {one}","IAMToken":"Bearer {other}"}}"#))
                    .unwrap();
            },
            "it is not what the CLI writes",
        ),
        (
            "more than 1 MiB",
            |path| fs::write(path, session_with(&jwt(-60, 3540)) + &" ".repeat(1 << 20)).unwrap(),
            "it is larger than 1 MiB",
        ),
    ];
    if rustix::process::geteuid().is_root() {
        cases.push((
            "another user's file",
            |path| {
                fs::write(path, session_with(&jwt(-60, 3540))).unwrap();
                std::os::unix::fs::chown(path, Some(12345), None).unwrap();
            },
            "it belongs to another user",
        ));
    } else {
        cases.push((
            "a file that may not be read",
            |path| {
                fs::write(path, session_with(&jwt(-60, 3540))).unwrap();
                fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
            },
            "it cannot be read",
        ));
    }
    for (what, make, word) in cases {
        let (sandbox, answer) = sandbox_with_an_answer();
        fs::create_dir(sandbox.home().join(".bluemix")).unwrap();
        let path = sandbox.session_file();
        make(&path);
        let before = trace_of_writing(&path);
        let outcome = sandbox.run("-v --format token");
        assert_eq!(outcome.payload(), answer, "{what}");
        assert!(outcome.stderr.contains(&format!("is passed over: {word}")), "{what}: {}", outcome.stderr);
        assert_eq!((sandbox.calls(), trace_of_writing(&path)), (1, before), "{what}");
        assert_ne!(sandbox.run("status").status, Some(0), "{what}");
    }
    // The same way there, to a file that is one.
    let (sandbox, _) = sandbox_with_an_answer();
    let elsewhere = sandbox.write("elsewhere", good());
    fs::create_dir(sandbox.home().join(".bluemix")).unwrap();
    symlink(elsewhere, sandbox.session_file()).unwrap();
    assert!(sandbox.run("").payload().starts_with("Bearer "));
    assert_eq!(sandbox.calls(), 0);
}

fn make_pipe(path: &Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

// ---- a file that is being written --------------------------------------------------------------

#[test]
fn a_torn_file_that_becomes_whole_answers_without_the_cli() {
    for torn_length in [0, 1, 1000] {
        let token = jwt(-60, 3540);
        let whole = session_with(&token);
        let sandbox = Sandbox::with_session();
        let path = sandbox.write(".bluemix/config.json", &whole[..torn_length]);
        let child = spawn(&mut sandbox.program(["--format", "token"]));
        thread::sleep(Duration::from_millis(300));
        let mut file = File::options().write(true).open(&path).unwrap();
        file.seek(std::io::SeekFrom::Start(torn_length as u64)).unwrap();
        file.write_all(&whole.as_bytes()[torn_length..]).unwrap();
        let outcome = Outcome::from(child.wait_with_output().unwrap());
        assert_eq!((outcome.payload(), sandbox.calls()), (token.as_str(), 0), "{torn_length} bytes");
    }
}

#[test]
fn on_a_file_that_stays_torn_the_cli_is_not_started() {
    let whole = session_with(&jwt(-60, 3540));
    for torn in ["", " ", "{", "{}x", "\0\0\0\0", &whole[..1000], &whole[..whole.len() - 1]] {
        for line in ["--timeout 200ms", "--fresh --timeout 200ms", "status --timeout 200ms"] {
            let sandbox = Sandbox::with_session();
            let path = sandbox.write(".bluemix/config.json", torn);
            let before = trace_of_writing(&path);
            let outcome = sandbox.run(line);
            outcome.fails_with(4);
            assert!(outcome.stderr.contains("empty or cut off"), "{torn:?}: {}", outcome.stderr);
            assert_eq!((sandbox.calls(), trace_of_writing(&path)), (0, before), "{line} {torn:?}");
        }
    }
}

#[test]
fn a_torn_file_is_waited_for_but_not_for_ever() {
    let sandbox = Sandbox::with_session();
    sandbox.write(".bluemix/config.json", "");
    let start = Instant::now();
    sandbox.run("").fails_with(4);
    let waited = start.elapsed();
    assert!((Duration::from_millis(500)..Duration::from_secs(10)).contains(&waited), "{waited:?}");
    assert_eq!(sandbox.calls(), 0);
}

// ---- lifetimes ---------------------------------------------------------------------------------

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    /// The session file, without a run of the CLI.
    File,
    /// The CLI, with the token that is in the file already: it renews one only in its last 10 s.
    CliSame,
    /// The CLI, with a new token.
    CliNew,
    /// Nobody: exit 8 after a run of the CLI.
    Refused,
}

#[test]
fn a_token_answers_if_it_lives_long_enough() {
    use Answer::{CliNew, CliSame, File, Refused};
    // (seconds that the file's token has left, arguments, who answers). New tokens live for 15 minutes.
    for (left, arguments, expected) in [
        // Without a promise: the file answers from a minute on, the CLI with whatever is not over.
        (3600, "", File),
        (75, "", File),
        (50, "", CliSame),
        (30, "", CliSame),
        (1, "", CliNew),
        (-5, "", CliNew),
        // With a promise: kept by the file or by the CLI, or refused.
        (30, "--min-ttl 10s", File),
        (30, "--min-ttl 0s", File),
        (30, "--min-ttl 45s", Refused),
        (3600, "--min-ttl 30m", File),
        (3600, "--min-ttl 2h", Refused),
        (-5, "--min-ttl 0s", CliNew),
        (-5, "--min-ttl 14m", CliNew),
        (-5, "--min-ttl 16m", Refused),
        // Always the CLI.
        (3600, "--fresh", CliSame),
        (3600, "--fresh --min-ttl 30m", CliSame),
        (3600, "--fresh --min-ttl 2h", Refused),
        (-5, "--fresh", CliNew),
    ] {
        let token = renewable(-60, left);
        let sandbox = sandbox_with(&token).with("STAND_IN_EXPIRES_IN", "900");
        let before = trace_of_writing(&sandbox.session_file());
        let outcome = sandbox.run(&format!("--format token {arguments}"));
        let case = format!("{left} s left, `{arguments}`: {outcome:?}");
        if expected == Refused {
            outcome.fails_with(8);
        } else {
            let answer = outcome.payload();
            assert_eq!(answer, token_in(&sandbox.session_file()), "{case}");
            assert_eq!(answer == token, expected != CliNew, "{case}");
        }
        assert_eq!(sandbox.calls(), usize::from(expected != File), "{case}");
        if matches!(expected, File | CliSame) {
            assert_eq!(trace_of_writing(&sandbox.session_file()), before, "{case}");
        }
    }
}

#[test]
fn the_promise_can_stand_in_the_environment() {
    let sandbox = sandbox_with(&renewable(-60, 1800)).with("IBMCLOUD_TOKEN_MIN_TTL", "1h");
    sandbox.run("").fails_with(8);
    assert_eq!(sandbox.run("--min-ttl 20m").status, Some(0));
    let sandbox = sandbox_with(&renewable(-60, 1800)).with("IBMCLOUD_TOKEN_FRESH", "1");
    assert_eq!((sandbox.run("").status, sandbox.calls()), (Some(0), 1));
}

#[test]
fn an_expired_token_is_never_printed() {
    let expired = token("expired");
    let outcome = Sandbox::replaying("oauth-tokens-expired").run("");
    assert!(outcome.fails_with(8).stderr.contains("clock"), "{outcome:?}");
    for line in ["", "--min-ttl 0s", "--format json"] {
        let input = format!("IAM token:  Bearer {expired}\n");
        Sandbox::new().run_with_input(&format!("parse {line}"), input.as_bytes()).fails_with(8);
    }
    // By the second: one that ends now is over.
    let ends_now = jwt(-3600, 0);
    Sandbox::new().run_with_input("parse", ends_now.as_bytes()).fails_with(8);
    // The CLI fails to renew: the old one is not a way out.
    let sandbox = sandbox_with(&renewable(-3600, -5)).with("STAND_IN_REFRESH", "network");
    sandbox.run("").fails_with(6);
    assert_eq!(sandbox.calls(), 1);
}

#[test]
fn tokens_with_odd_claims_are_judged_as_documented() {
    /// What the file's token is worth, and what `parse` makes of it.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Lifetime {
        /// The file answers, `parse` prints it, JSON tells its expiration.
        Known(i64),
        /// Unknown: the CLI is asked; `parse` prints it, JSON says null, no promise is kept, not even of 0 s.
        Unknown,
        /// Over: the CLI is asked; `parse` refuses it with 8.
        Over,
        /// Larger than anything real: the file is passed over; `parse` refuses the input with 5.
        TooLarge,
    }
    use Lifetime::{Known, Over, TooLarge, Unknown};
    let (past, future) = (now() - 100, now() + 3000);
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    // (claims, the documented outcome)
    for (claims, outcome) in [
        (format!(r#""exp":{future}"#), Known(future)),
        (format!(r#""exp":{future}.9"#), Known(future)),
        (format!(r#""exp":{future},"iat":"now","nbf":{{}}"#), Known(future)),
        // Of a key that stands twice, the last one counts.
        (format!(r#""exp":{past},"exp":{future}"#), Known(future)),
        (format!(r#""exp":{future},"exp":{past}"#), Over),
        (format!(r#""exp":{future},"exp":null"#), Unknown),
        (r#""iss":"no exp""#.to_owned(), Unknown),
        (format!(r#""exp":"{future}""#), Unknown),
        (r#""exp":9223372036854775808"#.to_owned(), Unknown),
        (r#""exp":9223372036854775807"#.to_owned(), Unknown),
        (r#""exp":1e300"#.to_owned(), Unknown),
        (r#""exp":-1e300"#.to_owned(), Unknown),
        (r#""exp":-5"#.to_owned(), Over),
        (r#""exp":-0.5"#.to_owned(), Over),
        (r#""exp":0"#.to_owned(), Over),
        // Deeper than is followed: no claims at all.
        (format!(r#""exp":{future},"deep":{deep}"#), Unknown),
        (format!(r#""exp":{future},"pad":"{}""#, "x".repeat(500_000)), Known(future)),
        (format!(r#""exp":{future},"pad":"{}""#, "x".repeat(10_000_000)), TooLarge),
    ] {
        let token = jwt_of(&format!(r#"{{"iam_id":"IBMid-1",{claims}}}"#));
        let case = format!("{outcome:?} {}", &claims[..claims.len().min(80)]);

        let (sandbox, cli_answer) = sandbox_with_an_answer();
        sandbox.write_session(&token);
        let answer = sandbox.run("--format token");
        let from_file = matches!(outcome, Known(_));
        assert!(answer.payload() == if from_file { &token } else { &cli_answer }, "{case}");
        assert_eq!(sandbox.calls(), usize::from(!from_file), "{case}");

        let line = format!("IAM token:  Bearer {token}\n");
        let parse = |arguments| sandbox.run_with_input(&format!("parse {arguments}"), line.as_bytes());
        match outcome {
            Known(exp) => {
                let json = json(&parse("-f json --min-ttl 5m"));
                assert!(json["access_token"] == token.as_str(), "{case}");
                assert_eq!(json["expiration"], exp, "{case}");
            }
            Unknown => {
                let json = json(&parse("-f json"));
                assert!(json["access_token"] == token.as_str(), "{case}");
                for key in ["expiration", "expires_at", "expires_in"] {
                    assert!(json[key].is_null(), "{case}: {json}");
                }
                parse("--min-ttl 0s").fails_with(8);
            }
            Over => drop(parse("").fails_with(8)),
            TooLarge => drop(parse("").fails_with(5)),
        }
    }
}

#[test]
fn an_opaque_token_is_printed_but_promises_nothing() {
    let opaque = token("opaque");
    let cli_prints = || Sandbox::replaying("oauth-tokens-opaque-and-uaa");
    assert_eq!(cli_prints().run("--format token").payload(), opaque);
    let told = json(&cli_prints().run("--format json"));
    assert_eq!((&told["access_token"], &told["source"]), (&opaque.as_str().into(), &"cli".into()));
    for key in ["expires_at", "expiration", "expires_in", "account", "iam_id"] {
        assert!(told[key].is_null(), "{key}: {told}");
    }
    for promise in ["0s", "1s", "1h"] {
        cli_prints().run(&format!("--min-ttl {promise}")).fails_with(8);
    }
    // In the session file nobody knows whether it is over: the CLI is asked.
    let sandbox = cli_prints();
    sandbox.write_session(&opaque);
    assert!(sandbox.run("-v").stderr.contains("does not say how long it lives"));
    assert_eq!(json(&sandbox.run("--format json"))["source"], "cli");
    let status = json(&sandbox.run("status --format json"));
    assert!(status["expires_in"].is_null(), "{status}");
}

#[test]
fn a_clock_that_is_slow_is_noticed_and_does_not_lengthen_a_life() {
    let slow = || {
        let sandbox = Sandbox::with_session().with("STAND_IN_IAT_OFFSET", "3600");
        sandbox.write_session(&renewable(-3600, -5));
        sandbox
    };
    let outcome = slow().run("--format json");
    assert!(outcome.stderr.starts_with("warning: the token was issued "), "{outcome:?}");
    assert!(outcome.stderr.contains("clock is slow"), "{outcome:?}");
    let told = json(&outcome);
    // By the clock it would be two hours, but it was issued for one.
    assert!(told["expires_in"].as_i64().unwrap() <= 3600, "{told}");
    assert_eq!(slow().run("-q").stderr, "");
    assert_eq!(slow().run("--min-ttl 59m").status, Some(0));
    slow().run("--min-ttl 61m").fails_with(8);
    // The file answers as well as the CLI.
    let sandbox = slow();
    cli(&sandbox, "iam oauth-tokens").payload();
    let before = sandbox.calls();
    assert!(sandbox.run("").stderr.contains("clock is slow"));
    assert_eq!(sandbox.calls(), before);
    // So does the filter.
    let outcome =
        sandbox.run_with_input("parse", format!("IAM token:  Bearer {}\n", jwt(3600, 7200)).as_bytes());
    assert!(outcome.stderr.contains("clock is slow"), "{outcome:?}");
}

#[test]
fn a_clock_that_is_fast_costs_lifetime_and_then_the_answer() {
    let fast_by = |seconds: &str| {
        let sandbox = Sandbox::with_session().with("STAND_IN_IAT_OFFSET", format!("-{seconds}"));
        sandbox.write_session(&renewable(-7200, -3600));
        sandbox
    };
    let told = json(&fast_by("1800").run("--format json"));
    assert!((1700..=1800).contains(&told["expires_in"].as_i64().unwrap()), "{told}");
    let outcome = fast_by("3600").run("");
    outcome.fails_with(8);
    assert!(outcome.stderr.contains("hint: check this machine's clock (it says "), "{outcome:?}");
}

#[test]
fn tokens_of_fifteen_minutes_are_renewed_in_time() {
    let sandbox = sandbox_with(&renewable(-900, -1)).with("STAND_IN_EXPIRES_IN", "900");
    let first = sandbox.run("").payload().to_owned();
    let again = sandbox.run("--min-ttl 10m").payload().to_owned();
    assert_eq!((again, sandbox.calls()), (first, 1));
}

// ---- another account ---------------------------------------------------------------------------

#[test]
fn the_answer_after_a_switch_is_the_new_account_s() {
    let sandbox = Sandbox::with_session();
    let account = |sandbox: &Sandbox| json(&sandbox.run("--format json"))["account"].clone();
    sandbox.run("").fails_with(4);
    for (line, expected) in [
        ("login --apikey key -c first", "first"),
        ("target -c second", "second"),
        ("login --apikey other-key -c third", "third"),
        ("target -c first", "first"),
    ] {
        assert_eq!(cli(&sandbox, line).status, Some(0));
        let runs = sandbox.calls();
        assert_eq!(account(&sandbox), expected, "{line}");
        assert_eq!(json(&sandbox.run("inspect --format json"))["account"]["bss"], expected, "{line}");
        assert_eq!(json(&sandbox.run("status --format json"))["account"]["id"], expected, "{line}");
        assert_eq!(sandbox.calls(), runs, "{line}");
    }
    assert_eq!(cli(&sandbox, "logout").status, Some(0));
    sandbox.run("").fails_with(4);
}

// ---- status and inspect ------------------------------------------------------------------------

#[test]
fn status_without_a_session_needs_a_login_and_asks_nobody() {
    let expired = session_with(&jwt(-3600, -5));
    let logged_out = String::from_utf8(recorded("session-logged-out", "config.json")).unwrap();
    for content in [None, Some("{}"), Some(&logged_out), Some(&expired), Some("")] {
        for format in ["", " --format json"] {
            let sandbox = Sandbox::with_session();
            if let Some(content) = content {
                sandbox.write(".bluemix/config.json", content);
            }
            let outcome = sandbox.run(&format!("status --timeout 200ms{format}"));
            outcome.fails_with(4);
            assert!(outcome.stderr.contains("\nhint: "), "{outcome:?}");
            assert_eq!(sandbox.calls(), 0, "{outcome:?}");
        }
    }
}

#[test]
fn a_promise_is_kept_or_refused_by_those_who_only_show_a_token_too() {
    let token = renewable(-600, 300);
    let sandbox = sandbox_with(&token);
    let input = format!("Bearer {token}");
    for (promise, status) in [("", 0), ("--min-ttl 4m", 0), ("--min-ttl 6m", 8)] {
        for outcome in [
            sandbox.run(&format!("status {promise}")),
            sandbox.run_with_input(&format!("inspect - {promise}"), input.as_bytes()),
        ] {
            assert_eq!(
                (outcome.status, outcome.stdout.is_empty()),
                (Some(status), status != 0),
                "{outcome:?}"
            );
        }
    }
    assert_eq!(sandbox.calls(), 0);
    let expired = format!("Bearer {}", crate::sandbox::token("expired"));
    assert_eq!(sandbox.run_with_input("inspect -", expired.as_bytes()).status, Some(0));
    sandbox.run_with_input("inspect - --min-ttl 0", expired.as_bytes()).fails_with(8);
}

#[test]
fn hints_lead_back_to_the_session_that_was_chosen() {
    let sandbox = Sandbox::with_session();
    let login = "log in with `ibmcloud-token --session prod login` (a federated ID: `ibmcloud-token --session prod login --sso`)";
    for line in ["", "status", "--fresh"] {
        let outcome = sandbox.run(&format!("--session prod {line}"));
        assert!(outcome.fails_with(4).stderr.ends_with(&format!("hint: {login}\n")), "{outcome:?}");
    }
    assert!(!sandbox.run("").stderr.contains("--session"));
    let sandbox = sandbox.with("IBMCLOUD_TOKEN_SESSION", "prod");
    assert!(sandbox.run("status").stderr.contains(login));
}

#[test]
fn a_warning_of_the_clock_is_said_once() {
    let sandbox = sandbox_with(&renewable(3600, 3630));
    let outcome = sandbox.run("");
    assert_eq!(outcome.stderr.matches("warning: ").count(), 1, "{outcome:?}");
}

#[test]
fn claims_of_any_length_make_a_page_of_reasonable_length() {
    let token = jwt_of(&format!(
        r#"{{"{}":1,"{}":2,"exp":4102444800.5,"empty":{{}},"sub":"ada"}}"#,
        "n".repeat(66_000),
        "\u{ad}".repeat(100)
    ));
    let shown = Sandbox::new().run_with_input("inspect -", token.as_bytes());
    let lines: Vec<&str> = shown.payload().lines().collect();
    assert!(lines.contains(&"empty         {}"), "{lines:?}");
    assert!(lines.contains(&"exp           4102444800.5 (2100-01-01T00:00:00Z)"), "{lines:?}");
    assert!(shown.stdout.len() < 67_000, "{}", shown.stdout.len());
}

#[test]
fn inspect_takes_the_token_that_get_would_print() {
    let sandbox = Sandbox::with_session();
    sandbox.run("inspect").fails_with(4);
    let sandbox = sandbox_with(&renewable(-3600, -5));
    let claims = json(&sandbox.run("inspect --format json"));
    assert!(claims["exp"].as_i64().unwrap() > now(), "{claims}");
    assert_eq!(sandbox.calls(), 1);
    assert_eq!(json(&sandbox.run("inspect --format json")), claims);
    assert_eq!(sandbox.calls(), 1);
}

#[test]
fn the_members_of_status_are_always_all_there() {
    let of_a_minimum = format!(r#"{{"IAMToken":"Bearer {}"}}"#, token("opaque"));
    let recorded_ones = situations("session-")
        .into_iter()
        .filter(|situation| right_token(situation).is_some())
        .map(|situation| String::from_utf8(recorded(&situation, "config.json")).unwrap());
    for content in recorded_ones.chain([of_a_minimum]) {
        let sandbox = Sandbox::with_session();
        sandbox.write(".bluemix/config.json", &content);
        let status = json(&sandbox.run("status --format json"));
        let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let mut names = members(&status);
        names.sort();
        assert_eq!(
            names,
            [
                "account",
                "endpoint",
                "expiration",
                "expires_at",
                "expires_in",
                "iam_endpoint",
                "iam_id",
                "issued_at",
                "kind",
                "logged_in_at",
                "profile",
                "region",
                "resource_group",
                "session_file",
                "user"
            ]
        );
        for entity in ["account", "resource_group", "profile"] {
            assert_eq!(members(&status[entity]), ["id", "name"]);
        }
        assert!(status["kind"].is_string() && status["session_file"].is_string(), "{status}");
        assert_eq!(sandbox.calls(), 0);
    }
}

#[test]
fn the_bar_is_for_a_terminal_alone() {
    let sandbox = sandbox_with(&jwt(-1860, 1740));
    let plain = sandbox.run("status");
    assert!(!plain.payload().contains("[#"), "{plain:?}");
    let mut command = sandbox.program(["status"]);
    let shown = at_a_terminal(&mut command);
    assert!(shown.contains("is valid for another") && shown.contains("[#########-----------]"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
    let json = at_a_terminal(&mut sandbox.program(["status", "--format", "json"]));
    assert!(serde_json::from_str::<Value>(&json).is_ok(), "{json}");
    // A file is not a terminal, whatever the standard output is.
    let file = sandbox.home().join("status");
    at_a_terminal(&mut sandbox.program(["status", "-o", file.to_str().unwrap()]));
    assert!(!fs::read_to_string(file).unwrap().contains("[#"));
}

/// Runs a command with a terminal as its standard output, and returns what it shows there.
fn at_a_terminal(command: &mut std::process::Command) -> String {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let path = PathBuf::from(ptsname(&ours, Vec::new()).unwrap().into_string().unwrap());
    let not_controlling = rustix::fs::OFlags::NOCTTY.bits().cast_signed();
    // Kept open until all is read: with the last one who has it, what it holds would go.
    let theirs = File::options().read(true).write(true).custom_flags(not_controlling).open(path).unwrap();
    let status = command.stdout(theirs.try_clone().unwrap()).status().unwrap();
    assert!(status.success());
    (&theirs).write_all(b"\0").unwrap();
    let mut shown = Vec::new();
    let mut ours = File::from(ours);
    while shown.last() != Some(&0) {
        let mut chunk = [0; 4096];
        let length = ours.read(&mut chunk).unwrap();
        shown.extend_from_slice(&chunk[..length]);
    }
    shown.pop();
    String::from_utf8(shown).unwrap()
}

#[test]
fn control_characters_in_names_are_not_shown() {
    let evil = r"a\u001b[31m\u0007\nUser            root\r\u009b\u0000\u007f";
    let raw = ["\u{1b}", "\u{7}", "\r", "\u{9b}", "\0", "\u{7f}", "\nUser            root"];
    let sandbox = Sandbox::with_session();
    let token = jwt_of(&format!(
        r#"{{"iam_id":"{evil}","email":"{evil}","account":{{"bss":"{evil}","{evil}":1}},"{evil}":"{evil}","exp":{}}}"#,
        now() + 3600
    ));
    sandbox.write(
        ".bluemix/config.json",
        format!(
            r#"{{"IAMToken":"Bearer {token}","Account":{{"GUID":"g","Name":"{evil}"}},"Region":"{evil}","LoginAt":"{evil}","APIEndpoint":"{evil}"}}"#
        ),
    );
    for line in ["status", "inspect"] {
        let outcome = sandbox.run(line);
        for part in raw {
            assert!(!outcome.payload().contains(part), "{line}: {outcome:?}");
        }
    }
    assert_eq!(sandbox.run("status").payload().lines().count(), 13);
    // In JSON they are escaped, so nothing is lost.
    let status = sandbox.run("status --format json");
    assert!(!status.payload().contains(['\u{1b}', '\n']), "{status:?}");
    assert!(json(&status)["region"].as_str().unwrap().contains('\u{1b}'));
}

#[test]
fn inspect_reads_a_token_or_the_cli_s_output_from_the_standard_input() {
    let token = token("passcode-mfa");
    let sandbox = Sandbox::with_session();
    let signature = token.rsplit('.').next().unwrap();
    for input in [
        token.clone(),
        format!("{token}\r\n"),
        format!("Bearer {token}\n"),
        String::from_utf8(recorded("oauth-tokens-one-line", "stdout")).unwrap(),
        String::from_utf8(recorded("oauth-tokens-json", "stdout")).unwrap(),
    ] {
        let shown = sandbox.run_with_input("inspect -", input.as_bytes());
        let line = |name: &str| {
            let of_name = |line: &&str| line.split_whitespace().next() == Some(name);
            shown.payload().lines().find(of_name).unwrap_or_else(|| panic!("{name}: {shown:?}")).to_owned()
        };
        assert!(line("exp").ends_with("4102444800 (2100-01-01T00:00:00Z)"), "{shown:?}");
        assert!(line("email").ends_with(" ada@example.org"), "{shown:?}");
        assert!(line("account.bss").ends_with(" 85da0dbb4df1f7cc296659f418714a9e"), "{shown:?}");
        assert!(!shown.stdout.contains(signature) && !shown.stdout.contains("eyJ"), "{shown:?}");
        let claims = json(&sandbox.run_with_input("inspect - -f json", input.as_bytes()));
        assert_eq!((&claims["exp"], &claims["sub"]), (&4_102_444_800_u64.into(), &"ada@example.org".into()));
    }
    let expired = sandbox.run_with_input("inspect -", crate::sandbox::token("expired").as_bytes());
    assert!(expired.payload().contains("expired "), "{expired:?}");
    sandbox.run_with_input("inspect -", b"nothing of use").fails_with(5);
    sandbox.run_with_input("inspect -", b"").fails_with(5);
    let opaque = format!("IAM token:  Bearer {}\n", crate::sandbox::token("opaque"));
    sandbox.run_with_input("inspect -", opaque.as_bytes()).fails_with(5);
    assert_eq!(sandbox.calls(), 0);
}

#[test]
fn a_token_as_an_argument_is_refused_and_not_echoed() {
    let token = token("passcode-mfa");
    for arguments in [
        vec!["inspect", &token],
        vec!["inspect", "-", &token],
        vec!["parse", &token],
        vec!["get", &token],
        vec![token.as_str()],
        vec!["status", &token],
    ] {
        let sandbox = sandbox_with(&jwt(-60, 3540));
        let outcome = Outcome::from(sandbox.program(arguments.iter().copied()).output().unwrap());
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""), "{outcome:?}");
        for segment in token.split('.') {
            assert!(!outcome.stderr.contains(segment), "{outcome:?}");
        }
        assert_eq!(sandbox.calls(), 0);
    }
}

// ---- what an answer costs ----------------------------------------------------------------------

/// The loader's, the C library's and the runtime's own included. Measured: 74 (debug build, glibc 2.36, x86-64).
const MOST_SYSTEM_CALLS: usize = 90;

/// From the first look at the home to the end, without those for memory, which are the C library's affair. Measured: 11
/// (glibc) and 12 (musl), of which 2 are the runtime's at the end.
const MOST_OF_OURS: usize = 13;

#[test]
fn an_answer_from_the_session_file_is_a_handful_of_system_calls() {
    if !has("strace") {
        return;
    }
    let token = jwt(-60, 3540);
    let sandbox = sandbox_with(&token);
    let log = sandbox.home().join("strace");
    let mut command = sandbox.command("strace");
    command.arg("-f").arg("-o").arg(&log).arg(crate::sandbox::PROGRAM).stdin(std::process::Stdio::null());
    let outcome = Outcome::from(command.output().unwrap());
    assert_eq!(outcome.payload(), format!("Bearer {token}"));
    let log = fs::read_to_string(log).unwrap();
    // `PID name(arguments…) = result`
    let calls: Vec<(&str, &str)> = log
        .lines()
        .filter_map(|line| line.split_once(char::is_whitespace)?.1.trim_start().split_once('('))
        .collect();
    let of = |names: &[&str]| -> Vec<_> { calls.iter().filter(|(name, _)| names.contains(name)).collect() };
    assert_eq!(of(&["execve", "execveat"]).len(), 1, "{log}");
    for names in [
        &["fork", "vfork", "clone", "clone3"][..],
        &["flock"],
        &["socket", "connect", "socketpair"],
        &["nanosleep", "clock_nanosleep"],
        &[
            "rename",
            "renameat",
            "renameat2",
            "unlink",
            "unlinkat",
            "mkdir",
            "mkdirat",
            "truncate",
            "ftruncate",
        ],
    ] {
        assert!(of(names).is_empty(), "{names:?}: {log}");
    }
    let writes = of(&["write", "writev", "pwrite64", "pwritev", "pwritev2", "sendto", "sendmsg"]);
    assert!(matches!(writes[..], [("write", arguments)] if arguments.starts_with("1, ")), "{writes:?}");
    for (_, arguments) in of(&["open", "openat", "openat2", "creat"]) {
        assert!(
            !["O_WRONLY", "O_RDWR", "O_CREAT"].iter().any(|flag| arguments.contains(flag)),
            "{arguments}"
        );
    }
    let home = sandbox.home().to_str().unwrap();
    let before = calls.iter().skip(1).position(|(_, arguments)| arguments.contains(home)).unwrap() + 1;
    let is_for_memory = |name: &str| ["brk", "mmap", "mremap", "munmap"].contains(&name);
    let ours = calls[before..].iter().filter(|(name, _)| !is_for_memory(name)).count();
    assert!(ours <= MOST_OF_OURS, "{ours} system calls of ours: {log}");
    assert!(calls.len() <= MOST_SYSTEM_CALLS, "{} system calls: {log}", calls.len());
}
