//! `--report`, and the fixture that is made from it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::{examine, program};
use crate::sandbox::{Outcome, Sandbox, has, make_pipe, mode, renewable, root, spawn};

/// Runs `doctor --report` with a CLI that runs this script.
fn record_of(script: &str) -> (Sandbox, Value) {
    let (sandbox, _) = Sandbox::logged_in();
    program(&sandbox, "bin/ibmcloud", script);
    let path = format!("{}:/usr/bin:/bin", sandbox.home().join("bin").display());
    let sandbox = sandbox.with("PATH", path);
    examine(&sandbox, "--report record.json");
    let record = fs::read_to_string(sandbox.home().join("record.json")).unwrap();
    let record = serde_json::from_str(&record).unwrap_or_else(|error| panic!("{error}: {record}"));
    (sandbox, record)
}

#[test]
fn record_shows_the_form_of_what_the_cli_prints() {
    let script = "printf '\\033[32;1mibmcloud 2.38.1 (4d6f1efc2-2025-11-10T22:18:45+00:00)\\033[0m\\r\\n'; \
                  [ \"$IBMCLOUD_COLOR\" = false ] || echo 'New version 2.44.0 is available.' >&2; exit 3";
    let (sandbox, record) = record_of(script);
    assert_eq!(mode(&sandbox.home().join("record.json")), 0o600);
    let runs = record["runs"].as_array().unwrap();
    let notice = "New version 0.00.0 is available.\n";
    let expected = [
        ("--version", "quiet", ""),
        ("--version", "own", notice),
        ("iam oauth-tokens", "quiet", ""),
        ("iam oauth-tokens", "own", notice),
    ];
    assert_eq!(runs.len(), expected.len());
    for (run, (arguments, environment, stderr)) in runs.iter().zip(expected) {
        assert_eq!((&run["arguments"], &run["environment"]), (&arguments.into(), &environment.into()));
        assert_eq!(run["status"], 3);
        assert_eq!(
            run["stdout"],
            "\u{1b}[32;1mibmcloud 0.00.0 (0x0x0xxx0-0000-00-00X00:00:00+00:00)\u{1b}[0m\r\n"
        );
        assert_eq!(run["stderr"], stderr);
        assert!(run["milliseconds"].as_u64().is_some_and(|time| time < 2000), "{run}");
    }
    assert_eq!(record["session_file"]["IAMToken"], "string");
    assert_eq!(record["session_file"]["Locale"], "empty string");
    assert!(record["checks"].as_array().is_some_and(|checks| checks.len() > 10));
}

#[test]
fn record_says_how_a_run_ended() {
    let (_, record) = record_of("trap '' TERM; sleep 60 & wait; sleep 60");
    assert_eq!(record["runs"][0]["end"], "stopped after the timeout");
    assert!(record["runs"][0]["status"].is_null());
    let (_, record) = record_of("kill -9 $$");
    assert!(record["runs"][0]["end"].as_str().unwrap().contains("signal: 9"), "{record}");
    let (_, record) = record_of("yes 'a line'");
    assert_eq!(record["runs"][0]["end"], "stopped after 1 MiB of output");
}

#[test]
fn record_becomes_a_fixture_with_one_command() {
    if !has("python3") {
        return;
    }
    let (sandbox, record) = record_of("echo 'ibmcloud 2.38.1 (x)'; echo 'Sorry: hunter2' >&2; exit 4");
    let mut command = sandbox.command(root().join("fixtures/from-report"));
    let made: Outcome =
        command.args(["record.json", "version-of-ada", "--into", "made"]).output().unwrap().into();
    assert_eq!((made.status, made.stderr.as_str()), (Some(0), ""), "{made:?}");
    let read =
        |name: &str| fs::read_to_string(sandbox.home().join("made/version-of-ada").join(name)).unwrap();
    assert_eq!(read("stdout"), record["runs"][0]["stdout"].as_str().unwrap());
    assert_eq!(read("stderr"), "Xxxxx: xxxxxx0\n");
    assert_eq!(read("status"), "4\n");
    let about = read("about.md");
    assert!(about.contains("`ibmcloud --version`") && about.contains("Reliability: run"), "{about}");
    // The fixture replays to the same record.
    let folder = sandbox.home().join("made/version-of-ada");
    let folder = folder.display();
    let (_, again) =
        record_of(&format!("cat {folder}/stdout; cat {folder}/stderr >&2; exit $(cat {folder}/status)"));
    for member in ["stdout", "stderr", "status", "end"] {
        assert_eq!(again["runs"][0][member], record["runs"][0][member], "{member}");
    }
    // An existing folder is left alone.
    let mut command = sandbox.command(root().join("fixtures/from-report"));
    let again = command.args(["record.json", "version-of-ada", "--into", "made"]).output().unwrap();
    assert!(!again.status.success());
}

#[test]
fn record_of_a_run_for_a_token_becomes_a_fixture_with_a_synthetic_one() {
    if !has("python3") {
        return;
    }
    // The stand-in renews the session, as the CLI does.
    let (sandbox, token) = Sandbox::logged_in();
    sandbox.write_session(&renewable(-3600, 5));
    examine(&sandbox, "--report record.json");
    assert_eq!(sandbox.call_log().matches("iam oauth-tokens").count(), 2, "{}", sandbox.call_log());
    let record = fs::read_to_string(sandbox.home().join("record.json")).unwrap();
    assert!(!record.contains("eyJ") && !record.contains(&token[token.len() - 20..]), "{record}");
    let mut command = sandbox.command(root().join("fixtures/from-report"));
    let made: Outcome =
        command.args(["record.json", "oauth-tokens-of-ada", "--into", "made"]).output().unwrap().into();
    assert_eq!((made.status, made.stderr.as_str()), (Some(0), ""), "{made:?}");
    let folder = sandbox.home().join("made/oauth-tokens-of-ada");
    let synthetic = fs::read_to_string(folder.join("token")).unwrap();
    let synthetic = fs::read_to_string(root().join("fixtures/tokens").join(synthetic.trim())).unwrap();
    let printed = fs::read(folder.join("stdout")).unwrap();
    assert_eq!(printed, format!("IAM token:  Bearer {synthetic}\n").into_bytes());
    assert_eq!(sandbox.run_with_input("parse -f token", &printed).payload(), synthetic);
}

#[test]
fn record_says_why_the_cli_was_not_run_for_a_token() {
    let (sandbox, _) = Sandbox::logged_in();
    let record = |sandbox: &Sandbox, options: &str| -> Value {
        sandbox.run(&format!("doctor --report record.json {options}"));
        let record = fs::read_to_string(sandbox.home().join("record.json")).unwrap();
        serde_json::from_str(&record).unwrap()
    };
    // Another run for the session is in progress.
    let directory = sandbox.session_file().parent().unwrap().to_owned();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
    let lock = fs::File::open(directory).unwrap();
    lock.lock().unwrap();
    let held = record(&sandbox, "--timeout 1s");
    assert_eq!(held["runs"].as_array().unwrap().len(), 2, "{held}");
    assert!(held["oauth_tokens_not_run"].as_str().is_some_and(|why| !why.is_empty()), "{held}");
    drop(lock);
    assert!(record(&sandbox, "")["oauth_tokens_not_run"].is_null());
    // A CLI that hangs is not run again.
    let hung = sandbox.with("STAND_IN_HANG", "1");
    assert_eq!(record(&hung, "")["runs"].as_array().unwrap().len(), 2);
    // Nobody is logged in, or a write of the session file has not ended.
    let (sandbox, _) = Sandbox::logged_in();
    assert_eq!(record(&sandbox, "--session none")["runs"].as_array().unwrap().len(), 2);
    sandbox.write_private(".bluemix/config.json", "{");
    assert_eq!(record(&sandbox, "")["runs"].as_array().unwrap().len(), 2);
}

#[test]
fn record_is_written_through_a_pipe() {
    let (sandbox, _) = Sandbox::logged_in();
    // The runs of the CLI take longer than the other checks may.
    let sandbox = sandbox.with("STAND_IN_DELAY", "0.3");
    make_pipe(&sandbox.home().join("pipe"));
    let mut child = spawn(&mut sandbox.program("doctor --report ./pipe".split(' ')));
    thread::sleep(Duration::from_secs(3));
    assert!(child.try_wait().unwrap().is_none(), "it waits for a reader");
    let record = fs::read_to_string(sandbox.home().join("pipe")).unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0), "{record}");
    assert!(record.contains("\"iam oauth-tokens\""), "{record}");
}
