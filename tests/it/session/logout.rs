//! `logout`, and `status --all`.

use std::fs;

use crate::sandbox::{Sandbox, jwt, names};

/// A sandbox with the user's own session and a named one.
fn two_sessions() -> Sandbox {
    let sandbox = Sandbox::with_token(&jwt(-60, 3540)).with("IBMCLOUD_API_KEY", "good-key");
    let login = sandbox.run("login --session prod");
    assert_eq!(login.status, Some(0), "{login:?}");
    sandbox
}

fn homes(sandbox: &Sandbox) -> Vec<String> {
    names(sandbox.named_home("prod").parent().unwrap())
}

#[test]
fn logout_of_a_named_session_removes_it() {
    let sandbox = two_sessions();
    assert_eq!(homes(&sandbox), ["prod"]);
    let outcome = sandbox.run("logout --session prod");
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""), "{outcome:?}");
    assert_eq!(homes(&sandbox), [""; 0]);
    sandbox.run("status --session prod").fails_with(4);
    // The user's own session is untouched.
    assert_eq!(sandbox.run("status").status, Some(0));
}

#[test]
fn logout_keeps_the_directory_of_the_user() {
    let sandbox = two_sessions();
    assert_eq!(sandbox.run("logout").status, Some(0));
    sandbox.run("status").fails_with(4);
    assert!(sandbox.session_file().exists());
    assert_eq!(sandbox.run("status --session prod").status, Some(0));
}

#[test]
fn logout_without_a_session_succeeds_without_the_cli() {
    let sandbox = Sandbox::with_session();
    for line in ["logout", "logout --session none"] {
        assert_eq!(sandbox.run(line).status, Some(0), "{line}");
    }
    assert_eq!(sandbox.calls(), 0);
}

#[test]
fn logout_that_changes_nothing_is_an_error() {
    let sandbox = two_sessions().with("STAND_IN_NO_SAVE", "1");
    for line in ["logout", "logout --session prod"] {
        let outcome = sandbox.run(line);
        assert!(outcome.fails_with(5).error().contains("still has a token"), "{outcome:?}");
    }
    assert_eq!(homes(&sandbox), ["prod"]);
}

#[test]
#[cfg_attr(windows, ignore = "no signals")]
fn failed_logout_is_reported() {
    let sandbox = two_sessions().with("STAND_IN_SIGNAL", "KILL");
    sandbox.run("logout").fails_with(5);
    let sandbox = sandbox.with("PATH", "/nowhere");
    sandbox.run("logout").fails_with(3);
    assert_eq!(sandbox.run("status").status, Some(0));
}

#[test]
fn all_sessions_are_listed_with_and_without_a_login() {
    let sandbox = two_sessions();
    fs::create_dir(sandbox.named_home("empty")).unwrap();
    for file in [".hidden/file", "file"] {
        sandbox.write(sandbox.named_home(file).to_str().unwrap(), "");
    }
    let before = sandbox.calls();
    let text = sandbox.run("status --all").payload().to_owned();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].starts_with("(your own)      ada@example.org  "), "{text}");
    assert!(lines[1].starts_with("empty           not logged in: there is no session file `"), "{text}");
    assert!(lines[2].starts_with("prod            ada@example.org  "), "{text}");
    let json = sandbox.run("status --all -f json").json();
    let sessions: Vec<_> = json.as_array().unwrap().iter().map(|listed| &listed["session"]).collect();
    assert_eq!(sessions, [&serde_json::Value::Null, &"empty".into(), &"prod".into()]);
    assert!(json[1]["status"].is_null() && json[2]["status"]["expires_in"].is_u64(), "{json}");
    assert_eq!(sandbox.calls(), before);
    sandbox.run("status --all --session prod").fails_with(2);
}
