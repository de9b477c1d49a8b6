//! The exit status is that of `get`, which is run after `doctor` in each set-up.

use std::fs;

use super::{examine, program};
use crate::sandbox::{Sandbox, jwt, jwt_of, make_pipe, now, recorded, renewable, session_with, spawn};

/// Compares the two in a set-up. `doctor` comes first, because `get` may change the session.
#[track_caller]
fn assert_same(what: &str, expected: i32, sandbox: &Sandbox) {
    let doctor = examine(sandbox, "");
    let get = sandbox.run("get --timeout 5s");
    assert_eq!((doctor.status, get.status), (Some(expected), Some(expected)), "{what}: {doctor:?}\n{get:?}");
    assert!(!doctor.stdout.is_empty(), "{what}");
    let errors = doctor.stderr.lines().filter(|line| line.starts_with("error: ")).count();
    assert_eq!(errors, usize::from(expected != 0), "{what}: {doctor:?}");
}

/// A session file in which something is replaced.
pub(super) fn without_refresh_token(token: &str) -> String {
    let mut session: serde_json::Value = serde_json::from_str(&session_with(token)).unwrap();
    session["IAMRefreshToken"] = "".into();
    serde_json::to_string_pretty(&session).unwrap()
}

#[test]
fn exit_status_is_that_of_get() {
    assert_same("a good token", 0, &Sandbox::logged_in().0);
    assert_same("no session file", 4, &Sandbox::with_session());
    assert_same("a token that the CLI renews", 0, &Sandbox::with_token(&renewable(-3600, -5)));
    assert_same("a token in its last minute", 0, &Sandbox::with_token(&renewable(-3600, 30)));

    let sandbox = Sandbox::with_session();
    sandbox.write(".bluemix/config.json", without_refresh_token(&renewable(-3600, -5)));
    assert_same("an expired token that cannot be renewed", 4, &sandbox);

    let sandbox = Sandbox::with_session();
    sandbox.write(".bluemix/config.json", recorded("session-logged-out", "config.json"));
    assert_same("logged out", 4, &sandbox);

    for torn in ["", "{\"IAMToken\":", "\0\0"] {
        let sandbox = Sandbox::with_session();
        sandbox.write(".bluemix/config.json", torn);
        assert_same("a torn file", 4, &sandbox);
    }

    for useless in ["[]", "{\"IAMToken\":5}"] {
        let sandbox = Sandbox::with_session();
        sandbox.write(".bluemix/config.json", useless);
        assert_same("a file that is not a session", 4, &sandbox);
    }
    let sandbox = Sandbox::with_session();
    fs::create_dir_all(sandbox.session_file()).unwrap();
    assert_same("a directory in place of the file", 5, &sandbox);
    if rustix::process::geteuid().is_root() {
        let sandbox = Sandbox::with_token(&renewable(-60, 3540));
        let home = sandbox.home().to_str().unwrap().to_owned();
        std::os::unix::fs::chown(sandbox.session_file(), Some(12345), None).unwrap();
        assert_same("another user's file", 0, &sandbox.with("IBMCLOUD_HOME", home));
    }
    assert_same("a token that is not a JWT", 0, &Sandbox::with_token("opaque"));
    let sandbox = Sandbox::with_session();
    sandbox.write(".bluemix/config.json", without_refresh_token("opaque"));
    assert_same("a token that is not a JWT and cannot be renewed", 4, &sandbox);

    let sandbox = Sandbox::with_session().with("PATH", "/usr/bin:/bin");
    assert_same("no CLI", 3, &sandbox);
    let (sandbox, _) = Sandbox::logged_in();
    assert_same("no CLI, and no need for it", 0, &sandbox.with("PATH", "/usr/bin:/bin"));

    let sandbox = Sandbox::with_token(&renewable(-3600, -5)).with("STAND_IN_HANG", "1");
    assert_same("a CLI that hangs", 7, &sandbox);
    let (sandbox, _) = Sandbox::logged_in();
    assert_same("a CLI that hangs, and no need for it", 0, &sandbox.with("STAND_IN_HANG", "1"));

    let sandbox = Sandbox::with_token(&renewable(-3600, -5));
    program(&sandbox, "bin/ibmcloud", "echo 'panic: detect: not detected' >&2; exit 2");
    let path = sandbox.home().join("bin").display().to_string();
    assert_same("a CLI that crashes", 5, &sandbox.with("PATH", format!("{path}:/usr/bin:/bin")));

    let sandbox = Sandbox::with_session().with("HOME", "");
    assert_same("no home", 4, &sandbox);

    for (name, value, expected) in [
        ("MIN_TTL", "2h", 8),
        ("MIN_TTL", "soon", 2),
        ("EXPECT_ACCOUNT", "other", 8),
        ("EXPECT_ACCOUNT", "a1", 0),
        ("TIMEOUT", "0s", 2),
        ("SESSION", "none", 4),
        ("IBMCLOUD", "no-such-program", 0),
    ] {
        let (sandbox, _) = Sandbox::logged_in();
        let sandbox = sandbox.with(&format!("IBMCLOUD_TOKEN_{name}"), value);
        let (doctor, get) = (examine(&sandbox, ""), sandbox.run("get"));
        assert_eq!((doctor.status, get.status), (Some(expected), Some(expected)), "{name}: {doctor:?}");
    }
    // The token of another account would be renewed for the same account.
    let sandbox = Sandbox::with_token(&jwt_of(&format!(
        r#"{{"id":"IBMid-1","iam_id":"IBMid-1","account":{{"bss":"a1"}},"iat":{},"exp":{}}}"#,
        now() - 3600,
        now() - 5
    )));
    assert_same("another account", 8, &sandbox.with("IBMCLOUD_TOKEN_EXPECT_ACCOUNT", "a2"));

    let (sandbox, _) = Sandbox::logged_in();
    let sandbox = sandbox.with("IBMCLOUD_TOKEN_FRESH", "1");
    fs::write(sandbox.session_file(), session_with(&renewable(-60, 3540))).unwrap();
    assert_same("a run that is asked for", 0, &sandbox);
}

#[test]
fn lifetime_that_no_token_of_the_session_has_is_noticed() {
    // The renewed token lives as long as this one did.
    let sandbox = Sandbox::with_token(&renewable(-3600, -5)).with("IBMCLOUD_TOKEN_MIN_TTL", "2h");
    let doctor = examine(&sandbox, "");
    assert_eq!(doctor.status, Some(8), "{doctor:?}");
    assert!(doctor.stderr.contains("the tokens of this session live for 59m"), "{doctor:?}");
    sandbox.run("get").fails_with(8);
}

#[test]
fn lock_of_another_run_is_one_that_get_waits_for() {
    let sandbox = Sandbox::with_token(&renewable(-3600, -5)).with("STAND_IN_DELAY", "4");
    let run = spawn(&mut sandbox.program(["get"]));
    crate::sandbox::eventually("the CLI runs", || sandbox.calls() == 1);
    let doctor = sandbox.program(["doctor"]).env("STAND_IN_DELAY", "").output().unwrap();
    let get = sandbox.program(["get", "--timeout", "200ms"]).env("STAND_IN_DELAY", "").output().unwrap();
    assert_eq!((doctor.status.code(), get.status.code()), (Some(7), Some(7)));
    let shown = String::from_utf8(doctor.stdout).unwrap();
    assert!(shown.contains("warning lock "), "{shown}");
    assert!(run.wait_with_output().unwrap().status.success());
}

#[test]
fn session_is_neither_started_nor_changed() {
    let (sandbox, _) = Sandbox::logged_in();
    let sandbox = sandbox.with("IBMCLOUD_TOKEN_FRESH", "1");
    let before = crate::sandbox::trace_of_writing(&sandbox.session_file());
    for arguments in ["", "--session none", "--session none --report record.json"] {
        examine(&sandbox, arguments);
    }
    assert_eq!(crate::sandbox::trace_of_writing(&sandbox.session_file()), before);
    let calls = sandbox.call_log();
    assert!(calls.lines().all(|call| call.ends_with(" --version")), "{calls}");
    // Neither a lock file nor the home of a named session is created.
    let mut names = crate::sandbox::names(sandbox.home());
    names.retain(|name| name != "log" && name != "record.json");
    assert_eq!(names, [".bluemix"]);
}

#[test]
fn key_of_a_variable_decides_instead_of_the_session() {
    if cfg!(not(feature = "net")) {
        return;
    }
    let sandbox = Sandbox::with_session().with("IBMCLOUD_TOKEN_APIKEY", "@key");
    assert_same("a missing key", 1, &sandbox);
    make_pipe(&sandbox.home().join("key"));
    let outcome = examine(&sandbox, "--timeout 300ms");
    assert_eq!(outcome.status, sandbox.run("get --timeout 300ms").status, "{outcome:?}");
    fs::remove_file(sandbox.home().join("key")).unwrap();
    sandbox.write_private("key", "0a-1b_2cTESTKEYx3d4e5f6g7h8i9jAkBlCmDnEoFpGq");
    let outcome = examine(&sandbox, "");
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
    assert!(outcome.stdout.contains("skipped session-file"), "{outcome:?}");
    // An expired token in the session file plays no part.
    sandbox.write_session(&jwt(-3600, -5));
    assert_eq!(examine(&sandbox, "").status, Some(0));
}

/// The token of a profile is exchanged for that of the session, so the session still decides.
#[cfg(feature = "net")]
#[test]
fn session_decides_for_the_token_of_a_profile_too() {
    let assuming = |sandbox: Sandbox| {
        let sandbox = sandbox.with("IBMCLOUD_TOKEN_ASSUME", "Profile-1").with("IBMCLOUD_TOKEN_TIMEOUT", "5s");
        sandbox.with("IBMCLOUD_IAM_API_ENDPOINT", "http://127.0.0.1:1")
    };
    assert_same("nobody is logged in", 4, &assuming(Sandbox::with_session()));
    let (sandbox, _) = Sandbox::logged_in();
    sandbox.write_private(".bluemix/config.json", without_refresh_token(&renewable(-3600, -5)));
    let sandbox = assuming(sandbox);
    assert_same("an expired session without a refresh token", 4, &sandbox);
    let (verdict, evidence, _) = super::check(&super::findings(&sandbox, ""), "login");
    assert_eq!(verdict, "failure", "{evidence}");
}
