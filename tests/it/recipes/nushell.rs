//! Nushell from npm.

use std::process::Command;

use super::{assert_sends_the_token, command, recipe, without_a_login};
use crate::sandbox::Sandbox;
use crate::sdks::{installed, works};

/// The recipe in Nushell, if it is installed.
fn request(sandbox: &Sandbox) -> Option<Command> {
    let path =
        installed("IBMCLOUD_TOKEN_TEST_NODE_MODULES", "node/node_modules").join("@nushell/linux-x64/bin/nu");
    let nu = path.to_str().unwrap();
    if !works("Nushell", command(sandbox, nu).arg("--version")) {
        return None;
    }
    let mut nu = command(sandbox, nu);
    nu.args(["--no-config-file", "--commands", &recipe("Nushell")[0]]);
    Some(nu)
}

#[test]
fn nushell_sends_the_token() {
    assert_sends_the_token(request);
}

#[test]
fn nushell_stops_and_shows_the_hint_if_a_login_is_needed() {
    let Some(outcome) = without_a_login(request) else { return };
    assert_eq!(outcome.status, Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains("ibmcloud-token login"), "{outcome:?}");
}
