//! A response of IAM: a token, or a rejection with a code.

use std::fmt::Write as _;
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::Value;
use ureq::http::{HeaderMap, StatusCode};
use zeroize::Zeroizing;

use super::grant::Grant;
use super::{Endpoint, NOT_IAM};
use crate::error::{Error, ErrorKind};
use crate::sanitize;
use crate::secret::SecretBuffer;
use crate::token::{AccessToken, IssuedToken, Origin};

/// A token that IAM issued.
pub(crate) struct Exchanged {
    /// The token. It expires at the earliest time that the response and its own claims name.
    pub(crate) token: IssuedToken,
    /// IAM's response, unchanged. It may hold a refresh token.
    pub(crate) response: SecretBuffer,
}

/// The members of IAM's response that are used. The refresh token is not among them.
#[derive(Deserialize)]
struct TokenResponse {
    access_token: String,
    /// Seconds from the request (RFC 6749, section 5.1).
    #[serde(default)]
    expires_in: Value,
    /// Seconds since 1970-01-01 UTC, an addition of IAM.
    #[serde(default)]
    expiration: Value,
}

/// The members of an error response that are used (`ibm-cloud-cli-sdk`, `authentication/iam/iam.go`). A member of an
/// unexpected type counts as absent.
#[derive(Default)]
struct Rejection {
    error_code: String,
    error_message: String,
    error_details: String,
    request_id: String,
}

impl Rejection {
    fn read(content: &[u8]) -> Self {
        let object: Value = serde_json::from_slice(content).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self {
            error_code: text(&object["errorCode"]),
            error_message: text(&object["errorMessage"]),
            error_details: text(&object["errorDetails"]),
            request_id: text(&object["context"]["requestId"]),
        }
    }
}

impl Exchanged {
    /// Parses a response. The error never quotes the body.
    pub(crate) fn read(response: SecretBuffer, requested_at: SystemTime) -> Result<Self, &'static str> {
        // Serde would also read an array.
        if response.trim_ascii_start().starts_with(b"[") {
            return Err("answered with something that is not a token response");
        }
        let parsed: TokenResponse = match serde_json::from_slice(&response) {
            Ok(parsed) => parsed,
            Err(_) if response.trim_ascii().is_empty() => return Err("answered with an empty body"),
            Err(_) => return Err("answered with something that is not a token response"),
        };
        let TokenResponse { access_token, expires_in, expiration } = parsed;
        let access_token = Zeroizing::new(access_token);
        let token = AccessToken::new(&access_token)
            .map_err(|_| "answered with something that is not an access token")?;
        let token = IssuedToken::new(token, Origin::Iam).expiring(
            expiration.as_i64(),
            expires_in.as_i64(),
            requested_at,
        );
        Ok(Self { token, response })
    }
}

/// Returns the error for a response other than 200: IAM's code, its details or else its message, and the ID that IBM's
/// support asks for.
pub(crate) fn rejection(
    endpoint: &Endpoint,
    status: StatusCode,
    headers: &HeaderMap,
    content: &[u8],
    grant: &Grant<'_>,
) -> Error {
    let rejection = Rejection::read(content);
    let clean = |text: &str| sanitize::excerpt(text.as_bytes(), &[grant.secret()]).join(" ");
    let said =
        if rejection.error_details.is_empty() { &rejection.error_message } else { &rejection.error_details };
    let transaction =
        headers.get("Transaction-Id").and_then(|id| id.to_str().ok()).unwrap_or(&rejection.request_id);
    // The whole address is shown, because any part of it may be wrong.
    let place = if status == StatusCode::NOT_FOUND { endpoint.location() } else { endpoint.to_string() };
    let mut message = format!("{place} answered with {status}");
    for text in [&rejection.error_code, said] {
        let text = clean(text);
        if !text.is_empty() {
            message.push_str(": ");
            message.push_str(text.trim_end_matches('.'));
        }
    }
    let transaction = clean(transaction);
    if !transaction.is_empty() {
        let _ = write!(message, " (transaction {transaction})");
    }
    let is_from_iam = rejection.error_code.starts_with("BXNIM") || rejection.error_code.starts_with("BX0");
    // An unknown profile may be 404 too. The answer for an unknown path has no code.
    let is_about_the_grant =
        matches!(status.as_u16(), 400 | 401 | 403) || (status.as_u16() == 404 && grant.names_a_profile());
    if is_from_iam && is_about_the_grant {
        let (kind, hint) = grant.rejected(status, &rejection.error_code);
        return Error::new(kind, message).with_hint(hint);
    }
    match status.as_u16() {
        404 => Error::new(ErrorKind::Network, message)
            .with_hint("check that `--endpoint` is IAM's address without `/identity/token`, such as https://iam.cloud.ibm.com"),
        429 => Error::new(ErrorKind::Network, message).with_hint(
            "wait, because IAM limits the rate of requests, and share one token instead of requesting many",
        ),
        500.. => Error::new(ErrorKind::Network, message)
            .with_hint("try again later; https://cloud.ibm.com/status lists disruptions"),
        _ => Error::new(ErrorKind::Network, message).with_hint(NOT_IAM),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Exchanged, &'static str> {
        let mut response = SecretBuffer::default();
        response.push_str(body);
        Exchanged::read(response, SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn lifetime_in_the_response_counts() {
        let read = |members: &str| {
            read(&format!(r#"{{"access_token":"opaque","refresh_token":"not_supported"{members}}}"#))
                .unwrap()
                .token
                .expiration()
        };
        assert_eq!(read(""), None);
        assert_eq!(read(r#","expires_in":3600"#), Some(3600));
        assert_eq!(read(r#","expires_in":3600,"expiration":2000"#), Some(2000));
        assert_eq!(read(r#","expires_in":3600,"expiration":"soon""#), Some(3600));
    }

    #[test]
    fn invalid_response_is_not_quoted() {
        for body in [
            "",
            " \n",
            "<html>secret</html>",
            "{\"access_token\":\"eyJ",
            "[]",
            r#"["secret"]"#,
            "{}",
            r#"{"access_token":5}"#,
            r#"{"access_token":"a\nb"}"#,
        ] {
            let why = read(body).err().expect("there is no token in it");
            assert!(why.starts_with("answered with") && !why.contains("secret"));
        }
    }

    #[test]
    fn rejection_has_code_details_and_transaction() {
        let endpoint = Endpoint::public();
        let key = crate::token::ApiKey::new("hunter2key").unwrap();
        let key = Grant::ApiKey(&key);
        let body = r#"{"errorCode":"BXNIM0415E","errorMessage":"m","errorDetails":"Key hunter2key\u0007 not found.","context":{"requestId":"r-1"}}"#;
        let error = rejection(&endpoint, StatusCode::BAD_REQUEST, &HeaderMap::new(), body.as_bytes(), &key);
        assert_eq!(error.kind(), ErrorKind::LoginNeeded);
        assert_eq!(
            error.to_string(),
            "`https://iam.cloud.ibm.com` answered with 400 Bad Request: BXNIM0415E: Key [REDACTED] not found (transaction r-1)"
        );
        let nulls =
            br#"{"errorCode":"BXNIM0415E","errorMessage":"m","errorDetails":null,"context":{"requestId":5}}"#;
        let error = rejection(&endpoint, StatusCode::BAD_REQUEST, &HeaderMap::new(), nulls, &key);
        assert_eq!(error.kind(), ErrorKind::LoginNeeded);
        assert!(error.to_string().ends_with("BXNIM0415E: m"), "{error}");
        let html =
            rejection(&endpoint, StatusCode::FORBIDDEN, &HeaderMap::new(), b"<html>hunter2key</html>", &key);
        assert_eq!(
            (html.kind(), html.to_string().as_str()),
            (ErrorKind::Network, "`https://iam.cloud.ibm.com` answered with 403 Forbidden")
        );
    }
}
