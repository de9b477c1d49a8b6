//! The same request as others send: the documented cURL command, and IBM's SDKs for Python and Node.js.
//!
//! `tests/interop/install` installs the SDKs; `IBMCLOUD_TOKEN_TEST_PYTHON` and `IBMCLOUD_TOKEN_TEST_NODE_MODULES` say
//! where else they are. Without them these tests are skipped, unless `IBMCLOUD_TOKEN_TEST_ALL` is set.

use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::server::{Received, Service, Step};
use super::{Client, KEY, success, token};
use crate::sandbox::{PROGRAM, Sandbox, has, root};

/// The documented command; `KEY` and `URL` are to be filled in.
const CURL: &str = "curl -sS -X POST URL/identity/token \
    -H 'content-type: application/x-www-form-urlencoded' -H 'accept: application/json' \
    -d 'grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey=KEY'";

/// What is installed in a folder of target/interop, or where a variable says.
fn installed(variable: &str, default: &str) -> PathBuf {
    // The program under test lies in target/debug, or in target/TRIPLE/debug.
    let in_target = || {
        let mut folders = Path::new(PROGRAM).ancestors().skip(2).map(|folder| folder.join("interop"));
        folders.find(|folder| folder.exists()).unwrap_or_default().join(default)
    };
    env::var_os(variable).map_or_else(in_target, PathBuf::from)
}

/// Whether a client works here. Where the tests have to be complete, it has to.
fn works(what: &str, probe: &mut Command) -> bool {
    let works =
        probe.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    let is_required = env::var_os("IBMCLOUD_TOKEN_TEST_ALL").is_some();
    assert!(works || !is_required, "{what} is not installed: run tests/interop/install");
    works
}

/// Python with ibm-cloud-sdk-core; nothing where there is none.
pub(super) fn python(sandbox: &Sandbox) -> Option<Command> {
    let own = installed("IBMCLOUD_TOKEN_TEST_PYTHON", "python/bin/python");
    let python = if own.exists() { own } else { PathBuf::from("python3") };
    let mut probe = sandbox.command(&python);
    works("ibm-cloud-sdk-core for Python", probe.args(["-c", "import ibm_cloud_sdk_core"]))
        .then(|| sandbox.command(python))
}

/// Node.js with ibm-cloud-sdk-core; nothing where there is none.
fn node(sandbox: &Sandbox) -> Option<Command> {
    let modules = installed("IBMCLOUD_TOKEN_TEST_NODE_MODULES", "node/node_modules");
    let node = || {
        let mut node = sandbox.command("node");
        node.env("NODE_PATH", &modules);
        node
    };
    let mut probe = node();
    works("ibm-cloud-sdk-core for Node.js", probe.args(["-e", "require('ibm-cloud-sdk-core')"])).then(node)
}

/// Runs a client with the key on its standard input, and returns the token that it says and the request that came.
fn ask(client: &mut Command, service: &Service) -> (String, Received) {
    let child = client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap();
    child.stdin.take().unwrap().write_all(KEY.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    (String::from_utf8(stdout).unwrap().trim().to_owned(), service.requests().pop().unwrap())
}

/// What our request looks like.
fn ours() -> Received {
    let token = token();
    let service = Service::plain([Step::Answer(success(&token))]);
    assert_eq!(Client::of(&service).run("--format token").payload(), token);
    service.requests().pop().unwrap()
}

/// Checks that a request and ours are the same but for the fields that it has beyond ours.
#[track_caller]
fn is_as_ours(theirs: &Received, beyond: &[(&str, &str)]) {
    let ours = ours();
    assert_eq!(theirs.line, ours.line);
    for name in ["Accept", "Content-Type"] {
        // A client may name the characters' encoding too, or, as Node.js does, what it would take instead.
        let kind = |request: &Received| request.header(name)[0].split([';', ',']).next().unwrap().to_owned();
        assert_eq!(kind(theirs), kind(&ours), "{name}");
    }
    assert_eq!(theirs.header("Authorization"), ours.header("Authorization"));
    let mut expected = ours.form();
    expected.extend(beyond.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    expected.sort();
    assert_eq!(theirs.form(), expected);
}

#[test]
fn the_documented_curl_command_sends_the_same() {
    if !has("curl") {
        return;
    }
    let service = Service::plain([Step::Answer(success(&token()))]);
    let line = CURL.replace("KEY", KEY).replace("URL", &service.url());
    let outcome = Sandbox::new().shell("sh", &line);
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let theirs = service.requests().pop().unwrap();
    is_as_ours(&theirs, &[]);
    // For a key without special characters, even the bytes are the same.
    assert_eq!(theirs.body, ours().body);
}

#[test]
fn what_curl_prints_is_the_format_response() {
    if !has("curl") {
        return;
    }
    let service = Service::plain(vec![Step::Answer(success(&token())); 2]);
    let line = CURL.replace("KEY", KEY).replace("URL", &service.url());
    let theirs = Sandbox::new().shell("sh", &line);
    assert_eq!(theirs.status, Some(0), "{theirs:?}");
    assert_eq!(Client::of(&service).run("--format response").stdout, theirs.stdout);
}

/// `response_type=cloud_iam` asks for a token of IAM's own kind, which is what comes without it.
#[test]
fn the_python_sdk_sends_the_same_and_a_response_type() {
    let sandbox = Sandbox::new();
    let Some(mut python) = python(&sandbox) else { return };
    let token = token();
    let service = Service::plain([Step::Answer(success(&token))]);
    let (said, theirs) = ask(python.arg(root().join("tests/interop/client.py")).arg(service.url()), &service);
    assert_eq!(said, token);
    is_as_ours(&theirs, &[("response_type", "cloud_iam")]);
}

#[test]
fn the_node_sdk_sends_the_same_and_a_response_type() {
    let sandbox = Sandbox::new();
    let Some(mut node) = node(&sandbox) else { return };
    let token = token();
    let service = Service::plain([Step::Answer(success(&token))]);
    let (said, theirs) = ask(node.arg(root().join("tests/interop/client.js")).arg(service.url()), &service);
    assert_eq!(said, token);
    is_as_ours(&theirs, &[("response_type", "cloud_iam")]);
}
