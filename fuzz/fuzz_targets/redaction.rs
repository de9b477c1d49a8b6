//! Redaction: no text that is shown has a known secret, a part of one, a token, or a control character.
#![no_main]

use ibmcloud_token::program::fuzzing::{redact, sanitized_json, sanitized_line, sanitized_lines};
use ibmcloud_token_fuzz::{KEY, KEY_PART, assert_is_plain, expanded, shows};
use libfuzzer_sys::fuzz_target;

/// Longer parts of an unknown secret are not shown.
const UNKNOWN_PART: usize = 42;

fuzz_target!(|data: &[u8]| {
    let text = expanded(data);
    let shown = sanitized_lines(&text, &[KEY]);
    for line in &shown {
        assert_is_plain(line);
        assert!(!line.is_empty() && line.chars().count() <= 500, "{line:?}");
        assert!(!shows(line, KEY, KEY_PART), "{line:?}");
        assert_hides_unknown_secrets(line);
    }
    for line in sanitized_lines(&text, &[]) {
        assert_hides_unknown_secrets(&line);
    }
    let text = String::from_utf8_lossy(&text);
    let message = redact(&text);
    for line in message.lines() {
        assert_is_plain(line);
        assert_hides_unknown_secrets(line);
    }
    assert_is_plain(&sanitized_line(&text));
    let json = serde_json::to_string(&text).expect("a string can always be written as JSON");
    let escaped = sanitized_json(&json);
    assert_is_plain(&escaped);
    assert_eq!(serde_json::from_str::<String>(&escaped).expect("it is JSON"), text);
});

/// Asserts that a line has no run of characters as long as a key, no JWT, and nothing after `Bearer`.
fn assert_hides_unknown_secrets(line: &str) {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_=-".contains(c);
    assert!(line.split(|c| !is_part(c)).all(|word| word.len() <= UNKNOWN_PART), "{line:?}");
    assert!(!line.contains("eyJ"), "{line:?}");
    for (at, word) in line.to_ascii_lowercase().match_indices("bearer ") {
        let next = line[at + word.len()..].trim_start_matches(' ');
        let is_end =
            next.is_empty() || next.starts_with(['\'', '"']) || next.starts_with(char::is_whitespace);
        assert!(is_end, "{line:?}");
    }
}
