//! Tokens: the synthetic ones in `fixtures`, and fresh ones.

use std::fs;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::root;

/// One of the synthetic tokens.
pub(crate) fn token(name: &str) -> String {
    fs::read_to_string(root().join("fixtures/tokens").join(name)).unwrap()
}

/// The time in seconds since 1970.
pub(crate) fn now() -> i64 {
    i64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap()
}

/// A JWT of realistic length. The times are in seconds from now.
pub(crate) fn jwt(issued_in: i64, expires_in: i64) -> String {
    jwt_of(&format!(
        r#"{{"iam_id":"IBMid-1","id":"IBMid-1","sub":"ada@example.org","account":{{"bss":"a1"}},"iat":{},"exp":{},"pad":"{}"}}"#,
        now() + issued_in,
        now() + expires_in,
        "x".repeat(500)
    ))
}

/// A JWT whose `exp` the stand-in can read, as the CLI's SDK does: a token without an `id` counts as expired there.
pub(crate) fn renewable(issued_in: i64, expires_in: i64) -> String {
    jwt_of(&format!(
        r#"{{"id":"IBMid-1","iam_id":"IBMid-1","iat":{},"exp":{}}}"#,
        now() + issued_in,
        now() + expires_in
    ))
}

/// A JWT with this payload.
pub(crate) fn jwt_of(payload: &str) -> String {
    format!(
        "{}.{}.{}",
        URL_SAFE_NO_PAD.encode(r#"{"kid":"202110180819","alg":"RS256"}"#),
        URL_SAFE_NO_PAD.encode(payload),
        "c2lnbmF0dXJl".repeat(28)
    )
}

/// The line that `ibmcloud iam oauth-tokens` prints for a token.
pub(crate) fn cli_output(token: &str) -> Vec<u8> {
    format!("IAM token:  Bearer {token}\n").into_bytes()
}
