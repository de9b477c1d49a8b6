//! Bazel's credential helper, by its specification (EngFlow/credential-helper-spec).

use std::time::{Duration, SystemTime};

use super::{assert_asks_for_a_login, command, logged_out, recipe};
use crate::sandbox::{Outcome, Sandbox, run_with_input, set_mode};

/// Runs the script of the recipe as Bazel does.
fn get(sandbox: &Sandbox) -> Outcome {
    let script = sandbox.write("tools/ibmcloud-credentials", &recipe("Bazel")[0]);
    set_mode(&script, 0o755);
    // Through a shell, because a file that was just written may be busy when it is executed.
    let mut helper = command(sandbox, "sh");
    // The helper does not read its input, and the specification allows that.
    run_with_input(helper.arg(script).arg("get"), br#"{"uri":"https://cache.example.com/ac/1"}"#)
}

#[test]
fn bazel_gets_lists_of_header_values_and_an_expiry_time() {
    let (sandbox, token) = Sandbox::logged_in();
    let answer = get(&sandbox).json();
    assert_eq!(answer["headers"], serde_json::json!({ "Authorization": [format!("Bearer {token}")] }));
    let expires = humantime::parse_rfc3339(answer["expires"].as_str().unwrap()).unwrap();
    let left = expires.duration_since(SystemTime::now()).unwrap();
    assert!(left > Duration::from_secs(3000) && left <= Duration::from_secs(3600), "{left:?}");
}

#[test]
fn bazel_sees_a_failure_if_a_login_is_needed() {
    assert_asks_for_a_login(&get(&logged_out()));
}
