//! `status`.

use std::process::Command;

use serde_json::Value;

use crate::sandbox::{
    Sandbox, jwt, jwt_of, now, recorded, right_token, session_with, shown_on_terminal, situations, token,
};

#[test]
fn status_without_a_session_fails_without_the_cli() {
    let expired = session_with(&jwt(-3600, -5));
    let logged_out = String::from_utf8(recorded("session-logged-out", "config.json")).unwrap();
    for content in [None, Some("{}"), Some(&logged_out), Some(&expired), Some("")] {
        for format in ["", " --format json"] {
            let sandbox = Sandbox::with_session();
            if let Some(content) = content {
                sandbox.write(".bluemix/config.json", content);
            }
            let outcome = sandbox.run(&format!("status --timeout 200ms{format}"));
            outcome.fails_with(4);
            assert!(outcome.stderr.contains("\nhint: "), "{outcome:?}");
            assert_eq!(sandbox.calls(), 0, "{outcome:?}");
        }
    }
}

#[test]
fn status_json_always_has_every_member() {
    let of_a_minimum = format!(r#"{{"IAMToken":"Bearer {}"}}"#, token("opaque"));
    let recorded_ones = situations("session-")
        .into_iter()
        .filter(|situation| right_token(situation).is_some())
        .map(|situation| String::from_utf8(recorded(&situation, "config.json")).unwrap());
    for content in recorded_ones.chain([of_a_minimum]) {
        let sandbox = Sandbox::with_session();
        sandbox.write(".bluemix/config.json", &content);
        let status = sandbox.run("status --format json").json();
        let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let mut names = members(&status);
        names.sort();
        assert_eq!(
            names,
            [
                "account",
                "endpoint",
                "expiration",
                "expires_at",
                "expires_in",
                "iam_endpoint",
                "iam_id",
                "issued_at",
                "kind",
                "logged_in_at",
                "profile",
                "region",
                "resource_group",
                "session_file",
                "user"
            ]
        );
        for entity in ["account", "resource_group", "profile"] {
            assert_eq!(members(&status[entity]), ["id", "name"]);
        }
        assert!(status["kind"].is_string() && status["session_file"].is_string(), "{status}");
        assert_eq!(sandbox.calls(), 0);
    }
}

#[test]
#[cfg_attr(windows, ignore = "needs a pseudo-terminal")]
fn bar_is_shown_on_a_terminal_only() {
    let sandbox = Sandbox::with_token(&jwt(-1860, 1740));
    let plain = sandbox.run("status");
    assert!(!plain.payload().contains("[#"), "{plain:?}");
    let mut command = sandbox.program(["status"]);
    let shown = shown_on_terminal(&mut command, Command::stdout);
    assert!(shown.contains("is valid for another") && shown.contains("[#########-----------]"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
    let json = shown_on_terminal(&mut sandbox.program(["status", "--format", "json"]), Command::stdout);
    assert!(serde_json::from_str::<Value>(&json).is_ok(), "{json}");
}

#[test]
fn control_characters_in_names_are_not_shown() {
    let hostile = r"a\u001b[31m\u0007\nUser            root\r\u009b\u0000\u007f";
    let raw = ["\u{1b}", "\u{7}", "\r", "\u{9b}", "\0", "\u{7f}", "\nUser            root"];
    let sandbox = Sandbox::with_session();
    let token = jwt_of(&format!(
        r#"{{"iam_id":"{hostile}","email":"{hostile}","account":{{"bss":"{hostile}","{hostile}":1}},"{hostile}":"{hostile}","exp":{}}}"#,
        now() + 3600
    ));
    sandbox.write(
        ".bluemix/config.json",
        format!(
            r#"{{"IAMToken":"Bearer {token}","Account":{{"GUID":"g","Name":"{hostile}"}},"Region":"{hostile}","LoginAt":"{hostile}","APIEndpoint":"{hostile}"}}"#
        ),
    );
    for line in ["status", "inspect"] {
        let outcome = sandbox.run(line);
        for part in raw {
            assert!(!outcome.payload().contains(part), "{line}: {outcome:?}");
        }
    }
    assert_eq!(sandbox.run("status").payload().lines().count(), 13);
    // JSON escapes them, so nothing is lost.
    let status = sandbox.run("status --format json");
    assert!(!status.payload().contains(['\u{1b}', '\n']), "{status:?}");
    assert!(status.json()["region"].as_str().unwrap().contains('\u{1b}'));
}
