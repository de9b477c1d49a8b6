//! `parse` and `inspect -` read a token in all the forms in which users store it and pass it on.

use crate::sandbox::{Sandbox, cli_output, jwt, token};

/// Every format of ours that is text for another program.
const FORMATS: [&str; 11] = [
    "-f bearer",
    "-f token",
    "-f header",
    "-f curl",
    "-f json",
    "-f env --shell sh",
    "-f env --shell fish",
    "-f env --shell powershell",
    "-f env --shell cmd",
    "-f env --shell sh --env AUTHORIZATION=%{bearer} --env TF_VAR_iam_token",
    "-f dotenv",
];

#[test]
fn every_format_can_be_read_back() {
    let (sandbox, session) = Sandbox::logged_in();
    for format in FORMATS {
        let shown = sandbox.run(format);
        for lines in
            [shown.stdout.clone(), shown.stdout.replace('\n', "\r\n"), format!("\n{}\n", shown.stdout)]
        {
            let read = sandbox.run_with_input("parse -f token", lines.as_bytes());
            assert_eq!(read.payload(), session, "{format}: {lines:?}");
            let claims = sandbox.run_with_input("inspect - -f json", lines.as_bytes()).json();
            assert_eq!(claims["iam_id"], "IBMid-1", "{format}: {lines:?}");
        }
    }
    assert_eq!(sandbox.calls(), 0);
}

#[test]
fn opaque_token_is_read_back_from_json() {
    let opaque = token("opaque");
    let sandbox = Sandbox::new();
    let json = sandbox.run_with_input("parse -f json", &cli_output(&opaque));
    assert_eq!(sandbox.run_with_input("parse -f token", json.stdout.as_bytes()).payload(), opaque);
}

#[test]
fn token_in_quotation_marks_is_read() {
    let token = token("passcode-mfa");
    let sandbox = Sandbox::new();
    for input in [
        format!("\"{token}\"\n"),
        format!("\"Bearer {token}\"\n"),
        format!("'{token}'"),
        format!("  \"access_token\": \"{token}\",\n"),
        format!("curl -H \"Authorization: Bearer {token}\" https://iam.cloud.ibm.com/v1/apikeys\n"),
    ] {
        assert_eq!(sandbox.run_with_input("parse -f token", input.as_bytes()).payload(), token, "{input}");
        let claims = sandbox.run_with_input("inspect - -f json", input.as_bytes()).json();
        assert_eq!(claims["sub"], "ada@example.org", "{input}");
    }
}

#[test]
fn refresh_token_of_iam_is_neither_read_nor_shown() {
    let (access, other) = (jwt(-10, 3600), jwt(-20, 3600));
    let sandbox = Sandbox::new();
    for refresh in [token("opaque"), other.clone(), "not_supported".to_owned()] {
        let token_json = serde_json::json!({
            "access_token": access, "refresh_token": refresh, "ims_user_id": 1, "token_type": "Bearer",
            "expires_in": 3600, "expiration": 4_102_444_800_u64, "scope": "ibm openid",
        });
        for input in [token_json.to_string(), serde_json::to_string_pretty(&token_json).unwrap()] {
            let json = sandbox.run_with_input("-v parse -f json", input.as_bytes());
            assert_eq!(json.json()["access_token"], access, "{json:?}");
            for outcome in [json, sandbox.run_with_input("-v inspect -", input.as_bytes())] {
                assert_eq!(outcome.status, Some(0), "{outcome:?}");
                assert!(
                    !outcome.stdout.contains(&refresh) && !outcome.stderr.contains(&refresh),
                    "{outcome:?}"
                );
            }
        }
        for input in [
            serde_json::json!({"refresh_token": refresh}).to_string(),
            serde_json::to_string_pretty(
                &serde_json::json!({"refresh_token": refresh, "access_token": null}),
            )
            .unwrap(),
            format!("IAM_REFRESH_TOKEN={refresh}\n"),
        ] {
            for line in ["-v parse", "-v inspect -"] {
                let outcome = sandbox.run_with_input(line, input.as_bytes());
                outcome.fails_with(5);
                assert!(!outcome.stderr.contains(&refresh), "{outcome:?}");
            }
        }
    }
}

#[test]
fn two_different_tokens_are_an_error_in_every_form() {
    let (one, other) = (token("passcode-mfa"), token("other-user"));
    let sandbox = Sandbox::new();
    for format in FORMATS {
        let [first, second] = [&one, &other]
            .map(|token| sandbox.run_with_input(&format!("parse {format}"), &cli_output(token)).stdout);
        for line in ["parse", "inspect -"] {
            let outcome = sandbox.run_with_input(line, format!("{first}{second}").as_bytes());
            assert!(
                outcome.fails_with(5).error().contains("two different IAM tokens"),
                "{format}: {outcome:?}"
            );
        }
    }
}

#[test]
fn damaged_token_is_refused_in_every_form() {
    let whole = token("passcode-mfa");
    let sandbox = Sandbox::new();
    for format in FORMATS {
        let shown =
            sandbox.run_with_input(&format!("parse {format}"), &cli_output(&whole)).stdout.into_bytes();
        let end =
            shown.windows(whole.len()).rposition(|part| part == whole.as_bytes()).unwrap() + whole.len();
        for damage in [&b"\xc2"[..], b"\xe3\x80", b"\x85", b"\xc2\x85", b"\xff", b"\x00", b"\xe2\x80\xa6"] {
            for at in [end, end - 5] {
                // The last of several lines alone, so that no other line has the whole token.
                let start = shown[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |feed| feed + 1);
                let input = [&shown[start..at], damage, &shown[at..]].concat();
                sandbox.run_with_input("parse", &input).fails_with(5);
            }
        }
    }
}
