//! The claims of a JWT: decoded, never verified. The service that receives the token verifies it; this program only
//! needs to know its owner and its lifetime.
//!
//! Claims are read leniently: a claim of an unexpected type counts as absent, the last of two equal names counts (RFC
//! 7519, section 4 allows that), and unknown claims are kept. A payload that is not a JSON object, or that nests deeper
//! than `serde_json` follows (128), has no claims at all.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::AccessToken;
use crate::time::MAX_EPOCH_SECONDS;

/// The decoded payload of a JWT (RFC 7519).
#[derive(Clone, Debug, PartialEq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// Decodes the claims of a token. Returns nothing if it is not a JWT whose payload is a JSON object.
    #[must_use]
    pub(crate) fn decode(token: &AccessToken) -> Option<Self> {
        let payload = token.expose().split('.').nth(1).filter(|_| token.is_jwt())?;
        let payload = Zeroizing::new(URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?);
        serde_json::from_slice(&payload).ok().map(Self)
    }

    /// Returns all claims as JSON; numbers are as exact as a double or 64 bits allow.
    #[must_use]
    pub fn all(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Returns a claim that is a non-empty string. IAM's tokens have `iam_id`, `sub`, `email`, `name`, `realmid`,
    /// `sub_type`, `grant_type`, `scope`, `client_id`, `session_id` and `iss`.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// Returns the account ID, `account.bss`.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.0.get("account")?.get("bss")?.as_str().filter(|text| !text.is_empty())
    }

    /// Returns the name by which people know the owner: the e-mail address, else the name, else the subject.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        ["email", "name", "sub", "iam_id"].into_iter().find_map(|name| self.text(name))
    }

    /// Returns when the token expires (`exp`), in seconds since 1970-01-01 UTC.
    ///
    /// A `NumericDate` is a JSON number and may have a fraction (RFC 7519, section 2), which is dropped. With a string, or
    /// a number past the year 9999, the lifetime is unknown.
    #[must_use]
    pub fn expiration(&self) -> Option<i64> {
        self.numeric_date("exp")
    }

    /// Returns when the token was issued (`iat`), in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn issued_at(&self) -> Option<i64> {
        self.numeric_date("iat")
    }

    /// Returns a claim that is a `NumericDate`, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn numeric_date(&self, name: &str) -> Option<i64> {
        let value = self.0.get(name)?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the cast saturates, and the range check rejects the result"
        )]
        let seconds = value.as_i64().or_else(|| Some(value.as_f64()?.floor() as i64))?;
        (-MAX_EPOCH_SECONDS..=MAX_EPOCH_SECONDS).contains(&seconds).then_some(seconds)
    }

    /// Returns whether this is a token of Cloud Foundry's UAA and not of IAM.
    ///
    /// UAA's issuer ends in `/oauth/token` and its tokens carry the zone id `zid`; IAM's have an `iam_id`
    /// (`ibm-cloud-cli-sdk`, `core_config/iam_token_test.go` and `uaa_token_test.go`).
    #[must_use]
    pub fn is_uaa(&self) -> bool {
        self.text("iam_id").is_none()
            && (self.text("zid").is_some()
                || self.text("iss").is_some_and(|issuer| issuer.ends_with("/oauth/token")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(payload: &str) -> Option<Claims> {
        AccessToken::new(&format!("eyJhbGciOiJub25lIn0.{}.c2ln", URL_SAFE_NO_PAD.encode(payload)))
            .unwrap()
            .claims()
    }

    fn expiration(exp: &str) -> Option<i64> {
        claims(&format!(r#"{{"exp":{exp}}}"#)).expect("the payload is an object").expiration()
    }

    #[test]
    fn expiration_is_a_number_before_the_year_10000() {
        assert_eq!(expiration("1516178203"), Some(1_516_178_203));
        assert_eq!(expiration("1516178203.9"), Some(1_516_178_203));
        assert_eq!(expiration("1.5e9"), Some(1_500_000_000));
        assert_eq!(expiration("-5"), Some(-5));
        for invalid in
            ["\"1516178203\"", "null", "true", "[1]", "9223372036854775808", "9223372036854775807", "1e300"]
        {
            assert_eq!(expiration(invalid), None, "{invalid}");
        }
    }

    #[test]
    fn unknown_claims_are_kept() {
        assert_eq!(claims(r#"{"x":[1]}"#).unwrap().all()["x"], serde_json::json!([1]));
    }

    #[test]
    fn last_of_two_equal_names_counts() {
        assert_eq!(claims(r#"{"exp":1,"exp":2}"#).unwrap().expiration(), Some(2));
    }

    #[test]
    fn payload_without_an_object_or_nested_too_deep_has_no_claims() {
        for payload in ["[]", "5", "{", "{\"a\":1} x"] {
            assert_eq!(claims(payload), None, "{payload}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
        assert_eq!(claims(&deep), None);
    }

    #[test]
    fn claim_of_an_unexpected_type_counts_as_absent() {
        let claims = claims(r#"{"iam_id":5,"email":"","account":"x","sub":"s"}"#).unwrap();
        assert_eq!(claims.text("iam_id"), None);
        assert_eq!(claims.account(), None);
        assert_eq!(claims.owner(), Some("s"));
    }

    #[test]
    fn account_is_read_from_its_object() {
        assert_eq!(claims(r#"{"account":{"bss":"b","ims":1234}}"#).unwrap().account(), Some("b"));
    }

    #[test]
    fn uaa_token_is_recognized_by_its_claims() {
        assert!(claims(r#"{"iss":"https://uaa.ng.bluemix.net/oauth/token"}"#).unwrap().is_uaa());
        assert!(claims(r#"{"zid":"uaa","user_id":"u"}"#).unwrap().is_uaa());
        assert!(!claims(r#"{"zid":"uaa","iam_id":"IBMid-1"}"#).unwrap().is_uaa());
        assert!(!claims(r#"{"sub":"s"}"#).unwrap().is_uaa());
        assert!(
            !claims(r#"{"iam_id":"IBMid-1","iss":"https://iam.cloud.ibm.com/identity"}"#).unwrap().is_uaa()
        );
    }
}
