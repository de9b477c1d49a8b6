//! curl, started by the user.

use super::{assert_says, logged_out, recipe};
use crate::iam_service::{Service, Step, answer};
use crate::sandbox::{Sandbox, has};

/// The recipe for a curl that the user starts.
fn own_curl() -> String {
    let blocks = recipe("curl");
    blocks.into_iter().find(|block| block.contains("curl -K -")).expect("there is a recipe")
}

#[test]
fn own_curl_sends_the_token() {
    if !has("curl") {
        return;
    }
    for shell in ["sh", "bash", "zsh"].into_iter().filter(|shell| has(shell)) {
        let (sandbox, token) = Sandbox::logged_in();
        let service = Service::plain([Step::Answer(answer("200 OK", &[], "{}"))]);
        let sandbox = sandbox.with("URL", service.url());
        let outcome = sandbox.shell(shell, &own_curl());
        assert_eq!(outcome.status, Some(0), "{outcome:?}");
        assert_eq!(service.requests()[0].header("Authorization"), [format!("Bearer {token}")]);
    }
}

#[test]
fn own_curl_is_not_started_if_a_login_is_needed() {
    if !has("curl") {
        return;
    }
    let service = Service::plain([]);
    let outcome = logged_out().with("URL", service.url()).shell("sh", &own_curl());
    outcome.fails_with(4);
    assert_eq!(service.connections(), 0);
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
