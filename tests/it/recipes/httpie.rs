//! HTTPie from PyPI.

use std::process::Command;

use super::{command, logged_out, recipe};
use crate::iam_service::{Service, Step, answer};
use crate::sandbox::{Outcome, Sandbox, has};
use crate::sdks::{installed, works};

/// The recipe in bash, if HTTPie is installed.
fn request(sandbox: &Sandbox) -> Option<Command> {
    let http = installed("IBMCLOUD_TOKEN_TEST_PYTHON", "python/bin/python").with_file_name("http");
    if !has("bash") || !works("HTTPie", sandbox.command(&http).arg("--version")) {
        return None;
    }
    let mut bash = command(sandbox, "bash");
    let directory = http.parent().unwrap().display();
    bash.env("PATH", format!("{directory}:{}", sandbox.path_with_program()));
    bash.args(["-c", &recipe("HTTPie and xh")[0]]);
    Some(bash)
}

#[test]
fn httpie_sends_the_token() {
    let (sandbox, token) = Sandbox::logged_in();
    let Some(mut request) = request(&sandbox) else { return };
    let service = Service::plain([Step::Answer(answer("200 OK", &[], "{}"))]);
    let outcome: Outcome = request.env("URL", service.url()).output().unwrap().into();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert_eq!(service.requests()[0].header("Authorization"), [format!("Bearer {token}")]);
}

#[test]
fn httpie_is_not_started_if_a_login_is_needed() {
    let sandbox = logged_out();
    let Some(mut request) = request(&sandbox) else { return };
    let service = Service::plain([]);
    let outcome: Outcome = request.env("URL", service.url()).output().unwrap().into();
    outcome.fails_with(4);
    assert_eq!(service.connections(), 0);
}
