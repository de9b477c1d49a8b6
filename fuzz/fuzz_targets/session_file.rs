//! The session file: the token is the one in `IAMToken`, a file that is cut off is never read, and the refresh token stays
//! inside.
#![no_main]

use ibmcloud_token::program::fuzzing::session_file;
use ibmcloud_token_fuzz::{IAM, assert_is_token, expanded};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fuzz_target!(|data: &[u8]| {
    let content = expanded(data);
    if let Ok(text) = std::str::from_utf8(&content) {
        assert_written_session_is_read(text);
    }
    let Ok(session) = session_file(&content) else { return };
    let whole = content.trim_ascii_end();
    for cut in [0, 1, whole.len() / 2, whole.len() - 1] {
        assert_eq!(session_file(&whole[..cut]).err(), Some(true), "cut off at {cut}");
    }
    if let Some(token) = &session.token {
        assert_is_token(token);
    }
    // The second parser does not read a string that is not UTF-8, which the first one skips.
    let Ok(value) = serde_json::from_slice::<Value>(&content) else { return };
    let text = |name: &str| value[name].as_str().unwrap_or_default();
    assert_eq!(session.holds_refresh_token, !text("IAMRefreshToken").is_empty());
    match &session.token {
        Some(token) => assert!(text("IAMToken").trim().ends_with(token.expose())),
        None => assert!(!text("IAMToken").starts_with("Bearer eyJhbGciOiJSUzI1NiJ9.")),
    }
});

/// Asserts that a session with this text in every other place is read, and that none of the details is the refresh token.
fn assert_written_session_is_read(text: &str) {
    let refresh_token = "REFRESH-TOKEN-MARKER";
    let content = json!({
        "APIEndpoint": text, "Region": text, "Account": {"GUID": text, "Name": text}, "LoginAt": text, text: [text],
        "IAMToken": format!("Bearer {}", *IAM), "IAMRefreshToken": refresh_token, "Profile": text,
    });
    if content.as_object().is_none_or(|members| members.len() != 8) || text == "ResourceGroup" {
        return; // the text is the name of another member
    }
    let Ok(session) = session_file(content.to_string().as_bytes()) else { panic!("{content}") };
    assert_eq!(session.token.map(|token| token.expose().to_owned()), Some(IAM.clone()));
    assert!(session.holds_refresh_token);
    if !text.contains(refresh_token) {
        assert!(!session.details.contains(refresh_token), "{}", session.details);
    }
}
