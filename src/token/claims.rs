//! The claims of a JWT: decoded, never verified. The service that gets the token verifies it; we only want to know
//! whose it is and how long it lives.
//!
//! Claims are read leniently: one of another type than expected counts as absent, of a key that stands twice the last
//! one counts (RFC 7519, section 4 allows that), and unknown ones are kept. What is not a JSON object, or nests deeper
//! than `serde_json` follows (128), has no claims at all.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::AccessToken;

/// The last second of the year 9999: what RFC 3339 can still write.
const LAST_SECOND: i64 = 253_402_300_799;

/// The decoded payload of a JWT (RFC 7519).
#[derive(Clone, Debug, PartialEq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// Returns the claims of a token, or nothing if it is not a JWT with a JSON object as payload.
    #[must_use]
    pub fn decode(token: &AccessToken) -> Option<Self> {
        let payload = token.expose().split('.').nth(1).filter(|_| token.is_jwt())?;
        let payload = Zeroizing::new(URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?);
        serde_json::from_slice(&payload).ok().map(Self)
    }

    /// Returns every claim as it stands in the token; numbers as exactly as a double or 64 bits hold them.
    #[must_use]
    pub fn all(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Returns the text of a claim: `iam_id`, `sub`, `email`, `name`, `realmid`, `sub_type`, `grant_type`, `scope`,
    /// `client_id`, `session_id`, `iss` in IAM's tokens.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// Returns the account's id: `account.bss`.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.account_member("bss")
    }

    /// Returns the classic infrastructure account's id: `account.ims`. Written as a number or as a text.
    #[must_use]
    pub fn ims_account(&self) -> Option<String> {
        let number = || self.0.get("account")?.get("ims")?.as_u64().map(|id| id.to_string());
        self.account_member("ims").map(str::to_owned).or_else(number)
    }

    fn account_member(&self, name: &str) -> Option<&str> {
        self.0.get("account")?.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// Returns the methods of authentication: `amr` (RFC 8176).
    #[must_use]
    pub fn authentication_methods(&self) -> Vec<&str> {
        self.0.get("amr").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Returns the name people know the token's owner by: the e-mail address, else the name, else the subject.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        ["email", "name", "sub", "iam_id"].into_iter().find_map(|name| self.text(name))
    }

    /// Returns when the token expires (`exp`), in seconds since 1970-01-01 UTC.
    ///
    /// A `NumericDate` is a JSON number and may have a fraction (RFC 7519, section 2), which is dropped. A text, or a
    /// number past the year 9999, is no date: the lifetime is unknown then.
    #[must_use]
    pub fn expiration(&self) -> Option<i64> {
        self.numeric_date("exp")
    }

    /// Returns when the token was issued (`iat`), in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn issued_at(&self) -> Option<i64> {
        self.numeric_date("iat")
    }

    /// Returns a claim that is a point in time, a `NumericDate`, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn numeric_date(&self, name: &str) -> Option<i64> {
        let value = self.0.get(name)?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float's cast saturates, and the bound refuses that"
        )]
        let seconds = value.as_i64().or_else(|| Some(value.as_f64()?.floor() as i64))?;
        (-LAST_SECOND..=LAST_SECOND).contains(&seconds).then_some(seconds)
    }

    /// Returns whether this is a token of Cloud Foundry's UAA and not of IAM, whatever stands beside it.
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

/// Returns `seconds` since 1970-01-01 UTC as RFC 3339, or nothing before 1970 and after 9999.
#[must_use]
pub fn rfc3339(seconds: i64) -> Option<String> {
    let since_epoch = Duration::from_secs(u64::try_from(seconds).ok().filter(|_| seconds <= LAST_SECOND)?);
    Some(humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + since_epoch).to_string())
}

/// Returns a point in time as seconds since 1970-01-01 UTC.
#[must_use]
pub fn epoch_seconds(time: SystemTime) -> i64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
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
    fn an_expiration_is_a_number_within_the_calendar() {
        assert_eq!(expiration("1516178203"), Some(1_516_178_203));
        assert_eq!(expiration("1516178203.9"), Some(1_516_178_203));
        assert_eq!(expiration("1.5e9"), Some(1_500_000_000));
        assert_eq!(expiration("-5"), Some(-5));
        for no_date in
            ["\"1516178203\"", "null", "true", "[1]", "9223372036854775808", "9223372036854775807", "1e300"]
        {
            assert_eq!(expiration(no_date), None, "{no_date}");
        }
    }

    #[test]
    fn the_last_of_two_equal_keys_counts() {
        assert_eq!(claims(r#"{"exp":1,"exp":2}"#).unwrap().expiration(), Some(2));
    }

    #[test]
    fn what_is_no_object_or_nests_too_deep_has_no_claims() {
        for payload in ["[]", "5", "{", "{\"a\":1} x"] {
            assert_eq!(claims(payload), None, "{payload}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
        assert_eq!(claims(&deep), None);
    }

    #[test]
    fn a_claim_of_another_type_counts_as_absent() {
        let claims =
            claims(r#"{"iam_id":5,"email":"","account":"x","amr":"pwd","sub":"s","ims":1}"#).unwrap();
        assert_eq!(claims.text("iam_id"), None);
        assert_eq!(claims.account(), None);
        assert_eq!(claims.authentication_methods(), Vec::<&str>::new());
        assert_eq!(claims.ims_account(), None);
        assert_eq!(claims.owner(), Some("s"));
    }

    #[test]
    fn the_accounts_and_methods_are_read() {
        let claims = claims(r#"{"account":{"bss":"b","ims":1234},"amr":["totp","pwd"]}"#).unwrap();
        assert_eq!((claims.account(), claims.ims_account().as_deref()), (Some("b"), Some("1234")));
        assert_eq!(claims.authentication_methods(), ["totp", "pwd"]);
    }

    #[test]
    fn uaa_is_told_from_iam_by_the_claims() {
        assert!(claims(r#"{"iss":"https://uaa.ng.bluemix.net/oauth/token"}"#).unwrap().is_uaa());
        assert!(claims(r#"{"zid":"uaa","user_id":"u"}"#).unwrap().is_uaa());
        assert!(
            !claims(r#"{"iam_id":"IBMid-1","iss":"https://iam.cloud.ibm.com/identity"}"#).unwrap().is_uaa()
        );
    }

    #[test]
    fn dates_are_written_as_rfc_3339() {
        assert_eq!(rfc3339(1_516_178_203).as_deref(), Some("2018-01-17T08:36:43Z"));
        assert_eq!(rfc3339(-1), None);
        assert_eq!(rfc3339(LAST_SECOND + 1), None);
    }
}
