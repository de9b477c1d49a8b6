//! What IAM answers: a token, or a verdict with a code.

use std::fmt::Write as _;
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::Value;
use ureq::http::{HeaderMap, StatusCode};
use zeroize::Zeroizing;

use super::Endpoint;
use crate::error::{Error, Kind};
use crate::source::{Answer, Source};
use crate::token::{AccessToken, ApiKey, claims};
use crate::words;

/// A token that IAM issued.
pub struct Exchanged {
    /// The token, and when it expires: the earliest of what the answer and the token's own claims say.
    pub answer: Answer,
    /// IAM's answer as it came. It may hold a refresh token.
    pub response: Zeroizing<Vec<u8>>,
}

/// The members of IAM's answer that are used. The refresh token is not among them.
#[derive(Deserialize)]
struct TokenResponse {
    access_token: String,
    /// Seconds from the request on (RFC 6749, section 5.1).
    #[serde(default)]
    expires_in: Value,
    /// Seconds since 1970-01-01 UTC: IAM's own.
    #[serde(default)]
    expiration: Value,
}

/// The members of IAM's verdict that are used (`ibm-cloud-cli-sdk`, `authentication/iam/iam.go`).
/// A member of another type than expected counts as absent.
#[derive(Default)]
struct Verdict {
    error_code: String,
    error_message: String,
    error_details: String,
    request_id: String,
}

impl Verdict {
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
    /// Reads an answer. Why it is none is told without a word of it.
    pub(super) fn read(response: Zeroizing<Vec<u8>>, asked_at: SystemTime) -> Result<Self, &'static str> {
        // Serde would take the members of an array for those of an object.
        if response.trim_ascii_start().starts_with(b"[") {
            return Err("answered with something that is not a token response");
        }
        let parsed: TokenResponse = match serde_json::from_slice(&response) {
            Ok(parsed) => parsed,
            Err(_) if response.trim_ascii().is_empty() => return Err("answered with nothing"),
            Err(_) => return Err("answered with something that is not a token response"),
        };
        let TokenResponse { access_token, expires_in, expiration } = parsed;
        let access_token = Zeroizing::new(access_token);
        let token = AccessToken::new(&access_token)
            .map_err(|_| "answered with something that is not an access token")?;
        let mut answer = Answer::new(token, Source::Iam);
        // By a slow clock, the request was sent before the token's time began.
        let asked_at = claims::epoch_seconds(asked_at).max(answer.issued_at.unwrap_or(i64::MIN));
        let by_lifetime = expires_in.as_i64().and_then(|seconds| asked_at.checked_add(seconds));
        answer.expiration = [answer.expiration, expiration.as_i64(), by_lifetime].into_iter().flatten().min();
        Ok(Self { answer, response })
    }
}

/// Returns the error for an answer that is not 200: IAM's code, its words (details before message), and the id that
/// IBM's support asks for.
pub(super) fn rejection(
    endpoint: &Endpoint,
    status: StatusCode,
    headers: &HeaderMap,
    content: &[u8],
    key: &ApiKey,
) -> Error {
    let verdict = Verdict::read(content);
    let clean = |text: &str| words::excerpt(text.as_bytes(), &[key.expose()]).join(" ");
    let said = if verdict.error_details.is_empty() { &verdict.error_message } else { &verdict.error_details };
    let transaction =
        headers.get("Transaction-Id").and_then(|id| id.to_str().ok()).unwrap_or(&verdict.request_id);
    let mut message = format!("{endpoint} answered with {status}");
    for (before, text) in [(": ", &verdict.error_code), (": ", said)] {
        let text = clean(text);
        if !text.is_empty() {
            message.push_str(before);
            message.push_str(text.trim_end_matches('.'));
        }
    }
    let transaction = clean(transaction);
    if !transaction.is_empty() {
        let _ = write!(message, " (transaction {transaction})");
    }
    let is_about_the_key = verdict.error_code.starts_with("BXNIM") || verdict.error_code.starts_with("BX0");
    match status.as_u16() {
        400 | 401 | 403 if is_about_the_key => Error::new(Kind::LoginNeeded, message).with_hint(
            "check the API key: was it deleted or locked, or is it one of another account or endpoint?",
        ),
        429 => Error::new(Kind::Network, message).with_hint(
            "IAM limits how often it is asked: wait, and share one token instead of asking for many",
        ),
        500.. => Error::new(Kind::Network, message)
            .with_hint("try again later; https://cloud.ibm.com/status tells of disruptions"),
        _ => Error::new(Kind::Network, message)
            .with_hint("is that IAM's address, and is there a proxy in between that answers by itself?"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn read(body: &str) -> Result<Exchanged, &'static str> {
        let asked_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        Exchanged::read(Zeroizing::new(body.as_bytes().to_vec()), asked_at)
    }

    #[test]
    fn the_earliest_expiration_counts() {
        // The claims of this token: {"exp":5000}
        let jwt = "eyJhbGciOiJub25lIn0.eyJleHAiOjUwMDB9.c2ln";
        for (members, expiration) in [
            ("", Some(5000)),
            (r#","expires_in":3600"#, Some(4600)),
            (r#","expires_in":3600,"expiration":4000"#, Some(4000)),
            (r#","expires_in":9000,"expiration":"soon""#, Some(5000)),
        ] {
            let exchanged =
                read(&format!(r#"{{"access_token":"{jwt}","refresh_token":"not_supported"{members}}}"#))
                    .unwrap();
            assert_eq!(exchanged.answer.expiration, expiration, "{members}");
        }
        assert_eq!(
            read(r#"{"access_token":"opaque","expires_in":10}"#).unwrap().answer.expiration,
            Some(1010)
        );
    }

    #[test]
    fn a_slow_clock_does_not_shorten_a_life() {
        // By the token, it was issued at 3000 (its claims: {"iat":3000,"exp":6600}): this machine's 1000 is slow.
        let later = "eyJhbGciOiJub25lIn0.eyJpYXQiOjMwMDAsImV4cCI6NjYwMH0.c2ln";
        let exchanged = read(&format!(r#"{{"access_token":"{later}","expires_in":3600}}"#)).unwrap();
        assert_eq!(exchanged.answer.expiration, Some(6600));
    }

    #[test]
    fn what_is_no_token_response_is_told_without_its_words() {
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
    fn a_verdict_is_told_with_code_details_and_transaction() {
        let endpoint = Endpoint::public().unwrap();
        let key = ApiKey::new("hunter2key").unwrap();
        let body = r#"{"errorCode":"BXNIM0415E","errorMessage":"m","errorDetails":"Key hunter2key\u0007 not found.","context":{"requestId":"r-1"}}"#;
        let error = rejection(&endpoint, StatusCode::BAD_REQUEST, &HeaderMap::new(), body.as_bytes(), &key);
        assert_eq!(error.kind(), Kind::LoginNeeded);
        assert_eq!(
            error.to_string(),
            "`https://iam.cloud.ibm.com` answered with 400 Bad Request: BXNIM0415E: Key [REDACTED] not found (transaction r-1)"
        );
        let nulls =
            br#"{"errorCode":"BXNIM0415E","errorMessage":"m","errorDetails":null,"context":{"requestId":5}}"#;
        let error = rejection(&endpoint, StatusCode::BAD_REQUEST, &HeaderMap::new(), nulls, &key);
        assert_eq!(error.kind(), Kind::LoginNeeded);
        assert!(error.to_string().ends_with("BXNIM0415E: m"), "{error}");
        let html =
            rejection(&endpoint, StatusCode::FORBIDDEN, &HeaderMap::new(), b"<html>hunter2key</html>", &key);
        assert_eq!(
            (html.kind(), html.to_string().as_str()),
            (Kind::Network, "`https://iam.cloud.ibm.com` answered with 403 Forbidden")
        );
    }
}
