//! Failures of the CLI that are about the session file, and what else happened to it during the run.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use crate::sandbox::{
    Outcome, Sandbox, chown, eventually, is_available, is_root, jwt, jwt_of, now, recorded, renewable, root,
    session_with, set_mode, spawn, symlink, test_program,
};

/// Runs the program with a CLI that is refused while another program saves `renewed`, or nothing.
fn refused_while_another_renews(refusal: &str, renewed: Option<&str>) -> (Outcome, Sandbox) {
    let sandbox = Sandbox::with_token(&jwt(-3600, -5)).with("REFUSAL", refusal);
    let [started, done] = ["started", "renewed"].map(|name| sandbox.home().join(name));
    let sandbox = sandbox.with("STARTED", started.to_str().unwrap()).with("RENEWED", done.to_str().unwrap());
    let cli = test_program("is-refused-while-another-renews");
    let child = spawn(&mut sandbox.program(["--format", "token", "--ibmcloud", &cli]));
    eventually("the CLI is started", || started.exists());
    if let Some(token) = renewed {
        sandbox.write_session(token);
    }
    fs::write(done, "").unwrap();
    (child.wait_with_output().unwrap().into(), sandbox)
}

#[test]
#[cfg_attr(windows, ignore = "its CLI is a shell script")]
fn session_renewed_by_another_program_survives_a_refusal() {
    for refusal in ["oauth-tokens-not-logged-in", "oauth-tokens-refresh-token-expired"] {
        let renewed = jwt(-1, 3599);
        let (outcome, sandbox) = refused_while_another_renews(refusal, Some(&renewed));
        assert_eq!(outcome.payload(), renewed, "{refusal}");
        assert_eq!(sandbox.calls(), 1);
    }
}

/// The other program received its token before IAM refused us, and saves it a moment later.
#[test]
fn session_saved_shortly_after_a_refusal_is_used() {
    let renewed = jwt(-1, 3599);
    let is_used = || {
        let sandbox =
            Sandbox::with_token(&jwt(-3600, -5)).with("STAND_IN_REPLAY", "oauth-tokens-not-logged-in");
        let mut child = spawn(&mut sandbox.program(["-v", "--format", "token"]));
        // The program says what it finds in the file: before and under the lock, and after the refusal.
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let mut looks = stderr.lines().map(Result::unwrap).filter(|line| line.contains("the token in `"));
        assert!(looks.nth(2).is_some());
        sandbox.write_session(&renewed);
        assert!(looks.all(|line| !line.is_empty()));
        let outcome = Outcome::from(child.wait_with_output().unwrap());
        outcome.status == Some(0) && outcome.payload() == renewed
    };
    // On a busy machine the test may be too late to save it, but not every time.
    assert!((0..5).any(|_| is_used()));
}

#[test]
#[cfg_attr(windows, ignore = "its CLI is a shell script")]
fn refusal_is_final_if_no_other_program_renewed_the_session() {
    refused_while_another_renews("oauth-tokens-refresh-token-expired", None).0.fails_with(4);
    // A new token that is about to expire does not count.
    refused_while_another_renews("oauth-tokens-not-logged-in", Some(&jwt(-3600, 5))).0.fails_with(4);
    // Another failure than a refusal says nothing about the session.
    let renewed = jwt(-1, 3599);
    refused_while_another_renews("oauth-tokens-io-timeout", Some(&renewed)).0.fails_with(6);
}

#[test]
fn not_logged_in_with_a_kept_session_may_be_the_network() {
    let kept =
        Sandbox::with_token(&renewable(-3600, -5)).with("STAND_IN_REPLAY", "oauth-tokens-not-logged-in");
    let outcome = kept.run("");
    assert!(outcome.fails_with(4).hint().contains("IAM may be unreachable"), "{outcome:?}");
    assert!(!outcome.stderr.contains("REFRESH-TOKEN-MARKER"), "{outcome:?}");

    // A session that has ended is recognized by its code, and one without a refresh token cannot be renewed.
    let ended = kept.with("STAND_IN_REPLAY", "oauth-tokens-session-inactive");
    let without_refresh_token = Sandbox::with_session().with("STAND_IN_REPLAY", "oauth-tokens-not-logged-in");
    without_refresh_token.write(
        ".bluemix/config.json",
        format!(r#"{{"IAMToken":"Bearer {}","IAMRefreshToken":""}}"#, jwt(-3600, -5)),
    );
    let logged_out = Sandbox::replaying("oauth-tokens-not-logged-in");
    for sandbox in [ended, without_refresh_token, logged_out] {
        let outcome = sandbox.run("");
        assert!(outcome.fails_with(4).hint().starts_with("log in with "), "{outcome:?}");
    }
}

#[test]
#[cfg_attr(windows, ignore = "its CLI is a shell script")]
fn wiped_session_is_reported_as_such() {
    let logged_out = root().join("fixtures/session-logged-out/config.json");
    let sandbox = Sandbox::with_token(&jwt(-3600, -5)).with("LOGGED_OUT", logged_out.to_str().unwrap());
    let line = format!("--ibmcloud {}", test_program("wipes-the-session"));
    let outcome = sandbox.run(&line);
    let error = outcome.fails_with(4).error();
    let file = sandbox.session_file();
    assert!(error.starts_with(&format!("the session in `{}` is gone", file.display())), "{error}");
    assert!(outcome.hint().contains("log in again"), "{outcome:?}");
    // The file held no session this time, so nothing was wiped.
    assert!(sandbox.run(&line).fails_with(5).error().contains("was not understood"));
}

#[test]
#[cfg_attr(windows, ignore = "no signals")]
fn unrecognized_failure_without_a_session_is_not_a_missing_login() {
    for situation in ["oauth-tokens-random-uid", "oauth-tokens-loader", "oauth-tokens-read-only-disk"] {
        let outcome = Sandbox::replaying(situation).run("");
        assert!(!outcome.fails_with(5).stderr.contains("logged in"), "{situation}: {outcome:?}");
    }
    let killed = Sandbox::logging().with("STAND_IN_SIGNAL", "KILL");
    assert!(!killed.run("").fails_with(5).stderr.contains("log in"));
}

/// A wrapper as `--ibmcloud` that prints the token of another session, while the usual one holds `usual`.
fn with_wrapper(usual: &str, other: &str, line: &str) -> Outcome {
    let sandbox = Sandbox::with_token(usual);
    sandbox.write("other/.bluemix/config.json", session_with(other));
    sandbox.run(&format!("--ibmcloud {} {line}", test_program("chooses-another-session")))
}

#[test]
#[cfg_attr(windows, ignore = "its CLI is a shell script")]
fn wrapper_that_chooses_another_session_is_noticed() {
    let of = |user: &str, expires_in| {
        jwt_of(&format!(r#"{{"id":"{user}","iam_id":"{user}","exp":{}}}"#, now() + expires_in))
    };
    let other = of("IBMid-2", 3600);
    let outcome = with_wrapper(&of("IBMid-1", 3600), &other, "--fresh --format token");
    assert_eq!(outcome.payload(), other);
    assert!(outcome.stderr.contains("of another account or user"), "{outcome:?}");
    assert!(outcome.stderr.contains("IBMCLOUD_HOME") && outcome.stderr.contains("--session"), "{outcome:?}");
    // The same user is worth a note with `-v` only, because another program may have renewed the token.
    let line = "--fresh --format token";
    let outcome = with_wrapper(&of("IBMid-2", 1800), &other, line);
    assert_eq!((outcome.payload(), outcome.stderr.as_str()), (other.as_str(), ""));
    let outcome = with_wrapper(&of("IBMid-2", 1800), &other, &format!("-v {line}"));
    assert!(outcome.stderr.contains("printed a different token"), "{outcome:?}");
    // An expired token proves nothing.
    let outcome = with_wrapper(&of("IBMid-1", -5), &other, line);
    assert_eq!((outcome.payload(), outcome.stderr.as_str()), (other.as_str(), ""));
}

#[test]
#[cfg_attr(windows, ignore = "its CLI is a shell script")]
fn help_and_notes_say_that_a_wrapper_must_share_the_session() {
    let sandbox = Sandbox::new();
    let help = sandbox.run("get --help").stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("It must use the session that this program reads"), "{help}");
    let token = jwt(-1, 3599);
    let outcome = with_wrapper(&token, &token, "-v");
    assert!(outcome.stderr.contains("`--ibmcloud` must use the session in"), "{outcome:?}");
    let outcome = with_wrapper(&token, &token, "");
    assert_eq!(outcome.stderr, "");
}

#[test]
#[cfg_attr(windows, ignore = "no owners of files")]
fn skipped_session_file_is_named_if_there_is_no_cli() {
    type Make = fn(&Path);
    // Each C library has words of its own for it.
    let reason = std::io::Error::from_raw_os_error(if cfg!(target_os = "macos") { 62 } else { 40 });
    let too_many_links = format!("it cannot be read: {reason}");
    let mut cases: Vec<(Make, &str)> = vec![
        (|path| fs::create_dir(path).unwrap(), "it is not a regular file"),
        (|path| symlink(path, path), &too_many_links),
    ];
    if !is_root() {
        cases.push((
            |path| {
                fs::write(path, session_with(&jwt(-1, 3599))).unwrap();
                set_mode(path, 0o000);
            },
            "it cannot be read: Permission denied (os error 13)",
        ));
    }
    for (make, reason) in cases {
        let sandbox = Sandbox::new().with("PATH", "/nowhere");
        fs::create_dir(sandbox.home().join(".bluemix")).unwrap();
        make(&sandbox.session_file());
        let outcome = sandbox.run("");
        let expected = format!(
            "the session file `{}` was skipped ({reason}), and `ibmcloud` is not in PATH",
            sandbox.session_file().display()
        );
        assert_eq!(outcome.fails_with(3).error(), expected);
        assert!(outcome.hint().contains("install"), "{outcome:?}");
    }
    let outcome = Sandbox::new().with("PATH", "/nowhere").run("");
    assert_eq!(outcome.fails_with(3).error(), "`ibmcloud` is not in PATH");
}

/// A container that runs as root, with the user's `~/.bluemix` mounted into it.
#[test]
#[cfg_attr(windows, ignore = "no owners of files")]
fn root_uses_a_mounted_session_of_another_owner() {
    if !is_available(is_root(), "only root can give files to another user") {
        return;
    }
    let token = jwt(-1, 3599);
    let sandbox = Sandbox::with_token(&token);
    chown(sandbox.home().join(".bluemix"), 12345);
    chown(sandbox.session_file(), 12345);
    assert_eq!(sandbox.run("--format token").payload(), token);
    assert!(sandbox.run("status").status == Some(0));
    assert_eq!(sandbox.calls(), 0);

    // A variable points there, or the home is another user's: the file is skipped.
    let home = sandbox.home().to_str().unwrap().to_owned();
    let sandbox = sandbox.with("PATH", "/nowhere").with("IBMCLOUD_HOME", &home);
    let skipped = "was skipped (it belongs to another user)";
    assert!(sandbox.run("").fails_with(3).error().contains(skipped));
    let sandbox = sandbox.with("IBMCLOUD_HOME", "");
    assert_eq!(sandbox.run("--format token").payload(), token);
    chown(sandbox.home(), 12345);
    assert!(sandbox.run("").fails_with(3).error().contains(skipped));
}

#[test]
fn status_names_the_file_that_it_looked_at() {
    let logged_out = String::from_utf8(recorded("session-logged-out", "config.json")).unwrap();
    let expired = session_with(&jwt(-3600, -5));
    for content in [None, Some(""), Some("[]"), Some(logged_out.as_str()), Some(&expired)] {
        let sandbox = Sandbox::new();
        if let Some(content) = content {
            sandbox.write(".bluemix/config.json", content);
        }
        let outcome = sandbox.run("status --timeout 200ms");
        let file = format!("`{}`", sandbox.session_file().display());
        assert!(outcome.status != Some(0) && outcome.error().contains(&file), "{content:?}: {outcome:?}");
    }
}
