//! Shared by the fuzz targets: input that contains tokens and secrets, and independent checks of the results.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ibmcloud_token::AccessToken;

/// A token of IAM.
pub static IAM: LazyLock<String> = LazyLock::new(|| jwt(r#"{"iam_id":"IBMid-1","exp":4102444800}"#));

/// Another token of IAM.
pub static OTHER_IAM: LazyLock<String> = LazyLock::new(|| jwt(r#"{"iam_id":"IBMid-2","exp":4102444800}"#));

/// A token of UAA.
pub static UAA: LazyLock<String> = LazyLock::new(|| jwt(r#"{"zid":"uaa","user_id":"u"}"#));

/// A key of the usual length (44 characters), without a part that ordinary text has.
pub const KEY: &str = "qJ7_zXw9-KvR3bN8mTgL5sHd2fYcP6aWuE4oViQx1ZtG";

/// The longest part of [`KEY`] that may be shown: a quarter of it, less one character.
pub const KEY_PART: usize = KEY.len() / 4 - 1;

/// Returns a JWT with this payload.
pub fn jwt(payload: impl AsRef<[u8]>) -> String {
    format!("eyJhbGciOiJSUzI1NiJ9.{}.c2lnbmF0dXJl", URL_SAFE_NO_PAD.encode(payload))
}

/// Replaces the bytes 1 to 5 by tokens and by the key, and the byte 6 with the two after it by a part of the key. The
/// fuzzer could not find these texts on its own.
pub fn expanded(data: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut rest = data.iter();
    while let Some(&byte) = rest.next() {
        match byte {
            1 => text.extend_from_slice(IAM.as_bytes()),
            2 => text.extend_from_slice(OTHER_IAM.as_bytes()),
            3 => text.extend_from_slice(UAA.as_bytes()),
            4 => text.extend_from_slice(b"djn.._l_HWtlNTbxslBXs0qjBI9G=="),
            5 => text.extend_from_slice(KEY.as_bytes()),
            6 => {
                let mut number = || usize::from(rest.next().copied().unwrap_or_default()) % KEY.len();
                let (start, length) = (number(), number());
                text.extend_from_slice(&KEY.as_bytes()[start..(start + length).min(KEY.len())]);
            }
            _ => text.push(byte),
        }
    }
    text
}

/// Asserts that a text is a token (RFC 6750, section 2.1) and, if it looks like a JWT, a whole one.
pub fn assert_is_token(token: &AccessToken) {
    let text = token.expose();
    let body = text.trim_end_matches('=');
    assert!(!body.is_empty());
    assert!(body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte)), "{text:?}");
    if text.starts_with("eyJ") {
        assert_eq!(body.split('.').filter(|segment| !segment.is_empty()).count(), 3, "{text:?}");
        assert_eq!(body.split('.').count(), 3, "{text:?}");
    }
}

/// Returns whether a text shows a part of a secret that is longer than `allowed`.
pub fn shows(text: &str, secret: &str, allowed: usize) -> bool {
    secret
        .as_bytes()
        .windows(allowed + 1)
        .any(|part| text.as_bytes().windows(part.len()).any(|shown| shown == part))
}

/// Asserts that a terminal shows a text as it is: no control characters, no changes of direction.
pub fn assert_is_plain(text: &str) {
    let bad = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    assert!(!text.contains(bad), "{text:?}");
}
