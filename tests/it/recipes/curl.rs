//! curl, started by the user.

use std::process::Command;

use super::{assert_says, assert_sends_the_token, command, logged_out, recipe, without_a_login};
use crate::iam_service::{Service, Step, answer};
use crate::sandbox::{Sandbox, has};

/// The recipe for a curl that the user starts, in a shell.
fn own_curl(sandbox: &Sandbox, shell: &str) -> Option<Command> {
    let blocks = recipe("curl");
    let block = blocks.iter().find(|block| block.contains("curl -K -")).expect("there is a recipe");
    let mut command = command(sandbox, shell);
    command.args(["-c", block]);
    (has("curl") && has(shell)).then_some(command)
}

#[test]
fn own_curl_sends_the_token() {
    for shell in ["sh", "bash", "zsh"] {
        assert_sends_the_token(|sandbox| own_curl(sandbox, shell));
    }
}

#[test]
fn own_curl_is_not_started_if_a_login_is_needed() {
    let Some(outcome) = without_a_login(|sandbox| own_curl(sandbox, "sh")) else { return };
    outcome.fails_with(4);
}

#[test]
fn page_says_why_no_recipe_reads_the_header_from_a_process() {
    assert_says(
        "curl",
        "Avoid `curl -H @<(ibmcloud-token -f header) URL`. If nobody is logged in, `ibmcloud-token` fails, but the shell \
         does not pass that failure on: curl reads an empty file, sends the request **without** the header, and exits \
         with 0 if the server answers.",
    );
}

/// The reason why no recipe uses this form. If this test fails, the page needs another reason.
#[test]
fn header_from_a_process_is_missing_silently_if_a_login_is_needed() {
    if !has("curl") || !has("bash") {
        return;
    }
    let service = Service::plain([Step::Answer(answer("200 OK", &[], "{}"))]);
    let sandbox = logged_out().with("URL", service.url());
    let outcome = sandbox.shell("bash", r#"curl -sS -H @<(ibmcloud-token -f header) "$URL""#);
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert!(service.requests()[0].header("Authorization").is_empty());
}
