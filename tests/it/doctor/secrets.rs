//! Marker secrets in every place where one may be, none of which may appear.

use std::fs;

use super::{examine, program};
use crate::sandbox::{Sandbox, jwt, now, session_with};

/// Parts of the secrets. One is in the signature of every token, as base64url.
const MARKERS: [&str; 9] = [
    "REFRESH-TOKEN-MARKER",
    "hunter2",
    "KEY-MARKER-1",
    "KEY-MARKER-2",
    "key-marker-3",
    "c2lnbmF0dXJl",
    "TRACE-MARKER",
    "passMARKER",
    "MEMBER-MARKER",
];

/// A session and an environment with a secret in every place.
fn sandbox() -> Sandbox {
    let (sandbox, token) = Sandbox::logged_in();
    let mut session: serde_json::Value = serde_json::from_str(&session_with(&token)).unwrap();
    session["Trace"] = "/tmp/TRACE-MARKER".into();
    session["MEMBER-MARKER"] = "passMARKER".into();
    session["FallbackIAMTokens"] = serde_json::json!({"IAMToken": "passMARKER"});
    sandbox.write_private(".bluemix/config.json", session.to_string());
    sandbox.write_private("key", "KEY-MARKER-1");
    let says = "echo \"ibmcloud 2.44.0 (passMARKER)\"; echo 'hunter2 KEY-MARKER-2'; \
                echo \"Bearer key-marker-3 $IBMCLOUD_API_KEY\" >&2; printf '\\033]0;hunter2\\007\\033[31m'";
    program(&sandbox, "bin/ibmcloud", says);
    let path = format!("{}:/usr/bin:/bin", sandbox.home().join("bin").display());
    sandbox
        .with("PATH", path)
        .with("IBMCLOUD_API_KEY", "KEY-MARKER-2")
        .with("IC_API_KEY", "KEY-MARKER-2")
        .with("IBMCLOUD_TRACE", "/tmp/TRACE-MARKER")
        .with("HTTPS_PROXY", "http://user:hunter2@p.example.org:1")
        .with("IBMCLOUD_COLOR", "0a-1b_2cTESTKEYx3d4e5f6g7h8i9jAkBlKEY-MARKER-1")
        .with("IAM_ENDPOINT", "https://x/passMARKER")
}

#[track_caller]
fn assert_hidden(what: &str, text: &str) {
    for marker in MARKERS {
        assert!(!text.contains(marker), "{what}: {marker}: {text}");
    }
    assert!(!text.contains("eyJ"), "{what}: {text}");
}

#[test]
fn no_secret_is_shown() {
    for arguments in ["", "-f json", "-v", "--report record.json", "-v -f json --session other"] {
        let sandbox = sandbox();
        let outcome = examine(&sandbox, arguments);
        assert_hidden(arguments, &(outcome.stdout + &outcome.stderr));
        if arguments.contains("--report") {
            let record = fs::read_to_string(sandbox.home().join("record.json")).unwrap();
            assert_hidden("the record", &record);
            assert!(record.contains("xxxxxx0"), "{record}");
            let home = sandbox.home().file_name().unwrap().to_str().unwrap().to_owned();
            assert!(!record.contains(&home), "{record}");
        }
    }
}

#[test]
fn no_secret_is_shown_when_something_fails() {
    for (what, script) in [
        ("a crash", "echo 'panic: Bearer eyJhbGciOiJub25lIn0.e30.hunter2' >&2; exit 2"),
        ("an HTML page", "echo '<html>Bearer hunter2hunter2</html>' >&2; exit 1"),
        ("no version", "echo Bearer hunter2"),
    ] {
        let sandbox = sandbox();
        program(&sandbox, "bin/ibmcloud", script);
        for token in [jwt(-3600, -5), "hunter2".to_owned(), format!("eyJ.{}.hunter2", now())] {
            sandbox.write_session(&token);
            for arguments in ["", "-f json", "--report record.json"] {
                let outcome = examine(&sandbox, arguments);
                assert_hidden(what, &(outcome.stdout + &outcome.stderr));
            }
            let record = fs::read_to_string(sandbox.home().join("record.json")).unwrap();
            assert_hidden(what, &record);
        }
    }
    // A file that is no session, and docker's configuration with passwords.
    let sandbox = sandbox();
    sandbox.write(".bluemix/config.json", "{\"IAMToken\":\"Bearer hunter2");
    sandbox.write(".docker/config.json", r#"{"auths":{"x":{"auth":"hunter2"}},"credHelpers":"hunter2"}"#);
    let outcome = examine(&sandbox, "--report record.json");
    assert_hidden("torn", &(outcome.stdout + &outcome.stderr));
}

#[test]
fn key_in_a_file_is_read_but_not_shown() {
    if cfg!(not(feature = "net")) {
        return;
    }
    let sandbox = sandbox().with("IBMCLOUD_TOKEN_APIKEY", "@key").with("HTTPS_PROXY", "");
    for arguments in ["", "-f json", "-v --report record.json"] {
        let outcome = examine(&sandbox, arguments);
        assert_eq!(outcome.status, Some(0), "{outcome:?}");
        assert_hidden(arguments, &(outcome.stdout + &outcome.stderr));
    }
    let record = fs::read_to_string(sandbox.home().join("record.json")).unwrap();
    assert_hidden("the record", &record);
}
