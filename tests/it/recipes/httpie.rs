//! HTTPie from PyPI.

use std::process::Command;

use super::{assert_sends_the_token, command, recipe, without_a_login};
use crate::sandbox::{Sandbox, has};
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
    assert_sends_the_token(request);
}

#[test]
fn httpie_is_not_started_if_a_login_is_needed() {
    let Some(outcome) = without_a_login(request) else { return };
    outcome.fails_with(4);
}
