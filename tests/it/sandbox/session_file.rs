//! Session files, as the tests write and read them.

use std::fs;
use std::path::Path;

use super::{recorded, token};

/// The recorded session of a user, with another token in it.
pub(crate) fn session_with(other: &str) -> String {
    let recorded = String::from_utf8(recorded("session-user", "config.json")).unwrap();
    let session = recorded.replace(&token("passcode-mfa"), other);
    assert!(session.contains(other), "the recorded session contains that token");
    session
}

/// The token in a session file.
pub(crate) fn token_in(session_file: &Path) -> String {
    let session: serde_json::Value =
        serde_json::from_slice(&fs::read(session_file).expect("there is a session file")).unwrap();
    session["IAMToken"].as_str().unwrap().trim_start_matches("Bearer ").to_owned()
}

/// The bearer value in a session file.
#[track_caller]
pub(crate) fn bearer_in(session_file: &Path) -> String {
    let bearer = format!("Bearer {}", token_in(session_file));
    assert!(bearer.starts_with("Bearer eyJ"), "{bearer}");
    assert!(fs::read_to_string(session_file).unwrap().contains(&format!("\"{bearer}\"")), "{bearer}");
    bearer
}
