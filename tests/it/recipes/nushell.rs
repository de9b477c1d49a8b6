//! Nushell from npm.

use std::process::Command;

use super::{command, logged_out, recipe};
use crate::iam_service::{Service, Step, answer};
use crate::sandbox::{Outcome, Sandbox};
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
    let (sandbox, token) = Sandbox::logged_in();
    let Some(mut request) = request(&sandbox) else { return };
    let service = Service::plain([Step::Answer(answer("200 OK", &[], "{}"))]);
    let outcome: Outcome = request.env("URL", service.url()).output().unwrap().into();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert_eq!(service.requests()[0].header("Authorization"), [format!("Bearer {token}")]);
}

#[test]
fn nushell_stops_and_shows_the_hint_if_a_login_is_needed() {
    let sandbox = logged_out();
    let Some(mut request) = request(&sandbox) else { return };
    let service = Service::plain([]);
    let outcome: Outcome = request.env("URL", service.url()).output().unwrap().into();
    assert_eq!(outcome.status, Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains("ibmcloud-token login"), "{outcome:?}");
    assert_eq!(service.connections(), 0);
}
