//! The same requests as IBM's SDKs send, with their authenticators for an API key that assumes a profile and for a
//! compute resource.

use std::process::Command;

use super::{COMPUTE_TOKEN, Iam, KEY, PROFILE_ACCOUNT, PROFILE_CRN, PROFILE_ID, PROFILE_NAME, sandbox};
use crate::iam_service::Received;
use crate::sandbox::{Sandbox, root, run_with_input};
use crate::sdks::{node, python};

/// The ways in which both the SDKs and the program name a profile: the arguments of the client after its URL, and our
/// options.
const ASSUMING: [([&str; 3], &[&str]); 3] = [
    (["assume", "id", PROFILE_ID], &["--assume", PROFILE_ID]),
    (["assume", "crn", PROFILE_CRN], &["--assume", PROFILE_CRN]),
    (["assume", "name", PROFILE_NAME], &["--assume", PROFILE_NAME, "--account", PROFILE_ACCOUNT]),
];
const RESOURCES: [([&str; 3], &[&str]); 2] = [
    (["container", "id", PROFILE_ID], &["--profile", PROFILE_ID, "--cr-token", "@compute-token"]),
    (["container", "name", PROFILE_NAME], &["--profile", PROFILE_NAME, "--cr-token", "@compute-token"]),
];

/// A request without what is specific to a client or a run: path, headers and form.
fn comparable(request: &Received) -> (String, Vec<String>, Vec<(String, String)>) {
    let kind = |name: &str| {
        // A client may add a charset or, as Node.js does, alternatives.
        request.header(name)[0].split([';', ',']).next().unwrap().to_owned()
    };
    let form = request.form().into_iter().filter(|(name, _)| name != "response_type");
    // Every token that is issued is another one.
    let form =
        form.map(|(name, value)| if name == "access_token" { (name, String::new()) } else { (name, value) });
    (request.line.clone(), vec![kind("Accept"), kind("Content-Type")], form.collect())
}

fn assert_same_requests(client: impl Fn(&Sandbox) -> Option<Command>, script: &str) {
    let with_key = |options: &[&'static str]| [&["--apikey", "@key.json"], options].concat();
    let assuming = ASSUMING.map(|(theirs, ours)| (theirs, with_key(ours), "iam-Profile-assumed"));
    let resources = RESOURCES.map(|(theirs, ours)| (theirs, ours.to_vec(), "iam-Profile-of-resource"));
    for (theirs, ours, iam_id) in assuming.into_iter().chain(resources) {
        let iam = Iam::start();
        let (sandbox, _) = sandbox(&iam);
        let Some(mut client) = client(&sandbox) else {
            // A service must be used.
            drop(sandbox.run("--apikey @key.json"));
            return;
        };
        client.arg(root().join("tests/interop").join(script)).arg(iam.service.url()).args(theirs);
        client.env("CR_TOKEN_FILE", sandbox.home().join("compute-token"));
        let outcome = run_with_input(&mut client, KEY.as_bytes());
        let shown = sandbox.run_with_input("inspect - -f json", outcome.payload().as_bytes());
        assert_eq!(shown.json()["iam_id"], iam_id, "{theirs:?}");
        let their_requests: Vec<_> = iam.service.requests().iter().map(comparable).collect();

        let arguments = [&["-f", "%{iam_id}"], ours.as_slice()].concat();
        let outcome = run_with_input(&mut sandbox.program(arguments), b"");
        assert_eq!(outcome.payload(), iam_id, "{ours:?}");
        let our_requests: Vec<_> =
            iam.service.requests()[their_requests.len()..].iter().map(comparable).collect();
        assert_eq!(our_requests, their_requests, "{theirs:?}");
        let has_secret = |(_, value): &(String, String)| value == KEY || value == COMPUTE_TOKEN;
        assert!(their_requests[0].2.iter().any(has_secret), "{their_requests:?}");
    }
}

#[test]
fn python_sdk_sends_the_same_requests() {
    assert_same_requests(python, "profile.py");
}

#[test]
fn node_sdk_sends_the_same_requests() {
    assert_same_requests(node, "profile.js");
}
