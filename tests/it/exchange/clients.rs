//! The same request as other clients send: the documented cURL command, and IBM's SDKs for Python and Node.js.

use std::process::Command;

use super::{Client, KEY, success, token};
use crate::iam_service::{Received, Service, Step};
use crate::sandbox::{Sandbox, has, root, run_with_input};
use crate::sdks::{node, python};

/// The documented command, with the placeholders `KEY` and `URL`.
const CURL: &str = "curl -sS -X POST URL/identity/token \
    -H 'content-type: application/x-www-form-urlencoded' -H 'accept: application/json' \
    -d 'grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey=KEY'";

/// Runs a client with the key on its stdin, and returns the token that it prints and the request that it sends.
fn ask(client: &mut Command, service: &Service) -> (String, Received) {
    let outcome = run_with_input(client, KEY.as_bytes());
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    (outcome.stdout.trim().to_owned(), service.requests().pop().unwrap())
}

/// The request of the program.
fn own_request() -> Received {
    let token = token();
    let service = Service::plain([Step::Answer(success(&token))]);
    assert_eq!(Client::of(&service).run("--format token").payload(), token);
    service.requests().pop().unwrap()
}

/// Checks that a request is the same as the program's, except for additional fields.
#[track_caller]
fn assert_same_request(theirs: &Received, additional: &[(&str, &str)]) {
    let own = own_request();
    assert_eq!(theirs.line, own.line);
    for name in ["Accept", "Content-Type"] {
        // A client may add a charset or, as Node.js does, alternatives.
        let kind = |request: &Received| request.header(name)[0].split([';', ',']).next().unwrap().to_owned();
        assert_eq!(kind(theirs), kind(&own), "{name}");
    }
    assert_eq!(theirs.header("Authorization"), own.header("Authorization"));
    let mut expected = own.form();
    expected.extend(additional.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    expected.sort();
    assert_eq!(theirs.form(), expected);
}

#[test]
fn documented_curl_command_sends_the_same_request() {
    if !has("curl") {
        return;
    }
    let service = Service::plain([Step::Answer(success(&token()))]);
    let line = CURL.replace("KEY", KEY).replace("URL", &service.url());
    let outcome = Sandbox::new().shell("sh", &line);
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let theirs = service.requests().pop().unwrap();
    assert_same_request(&theirs, &[]);
    // For a key without special characters, even the bytes are the same.
    assert_eq!(theirs.body, own_request().body);
}

#[test]
fn response_format_prints_the_same_as_curl() {
    if !has("curl") {
        return;
    }
    let service = Service::plain(vec![Step::Answer(success(&token())); 2]);
    let line = CURL.replace("KEY", KEY).replace("URL", &service.url());
    let theirs = Sandbox::new().shell("sh", &line);
    assert_eq!(theirs.status, Some(0), "{theirs:?}");
    assert_eq!(Client::of(&service).run("--raw").stdout, theirs.stdout);
}

/// `response_type=cloud_iam` asks for an IAM token, which is the default.
#[test]
fn python_sdk_sends_the_same_request_with_a_response_type() {
    let sandbox = Sandbox::new();
    let Some(mut python) = python(&sandbox) else { return };
    let token = token();
    let service = Service::plain([Step::Answer(success(&token))]);
    let (printed, theirs) =
        ask(python.arg(root().join("tests/interop/client.py")).arg(service.url()), &service);
    assert_eq!(printed, token);
    assert_same_request(&theirs, &[("response_type", "cloud_iam")]);
}

#[test]
fn node_sdk_sends_the_same_request_with_a_response_type() {
    let sandbox = Sandbox::new();
    let Some(mut node) = node(&sandbox) else { return };
    let token = token();
    let service = Service::plain([Step::Answer(success(&token))]);
    let (printed, theirs) =
        ask(node.arg(root().join("tests/interop/client.js")).arg(service.url()), &service);
    assert_eq!(printed, token);
    assert_same_request(&theirs, &[("response_type", "cloud_iam")]);
}
