//! The same request as other clients send: the documented cURL command, and IBM's SDKs for Python and Node.js.
//!
//! `tests/interop/install` installs the SDKs. `IBMCLOUD_TOKEN_TEST_PYTHON` and `IBMCLOUD_TOKEN_TEST_NODE_MODULES` are
//! other places for them. Without them these tests are skipped, unless `IBMCLOUD_TOKEN_TEST_ALL` is set.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use super::{Client, KEY, success, token};
use crate::iam_service::{Received, Service, Step};
use crate::sandbox::{Sandbox, has, interop_client, is_installed, root};

/// The documented command, with the placeholders `KEY` and `URL`.
const CURL: &str = "curl -sS -X POST URL/identity/token \
    -H 'content-type: application/x-www-form-urlencoded' -H 'accept: application/json' \
    -d 'grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey=KEY'";

/// Python with ibm-cloud-sdk-core, if it is installed.
pub(super) fn python(sandbox: &Sandbox) -> Option<Command> {
    let own = interop_client("IBMCLOUD_TOKEN_TEST_PYTHON", "python/bin/python");
    let python = if own.exists() { own } else { PathBuf::from("python3") };
    let mut probe = sandbox.command(&python);
    is_installed("ibm-cloud-sdk-core for Python", probe.args(["-c", "import ibm_cloud_sdk_core"]))
        .then(|| sandbox.command(python))
}

/// Node.js with ibm-cloud-sdk-core, if it is installed.
fn node(sandbox: &Sandbox) -> Option<Command> {
    let modules = interop_client("IBMCLOUD_TOKEN_TEST_NODE_MODULES", "node/node_modules");
    let node = || {
        let mut node = sandbox.command("node");
        node.env("NODE_PATH", &modules);
        node
    };
    let mut probe = node();
    is_installed("ibm-cloud-sdk-core for Node.js", probe.args(["-e", "require('ibm-cloud-sdk-core')"]))
        .then(node)
}

/// Runs a client with the key on its stdin, and returns the token that it prints and the request that it sends.
fn ask(client: &mut Command, service: &Service) -> (String, Received) {
    let child = client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap();
    child.stdin.take().unwrap().write_all(KEY.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    (String::from_utf8(stdout).unwrap().trim().to_owned(), service.requests().pop().unwrap())
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
