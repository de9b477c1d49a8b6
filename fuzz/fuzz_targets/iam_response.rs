//! IAM's response: a token is valid and expires at the earliest time that is named, and a rejection shows neither the key
//! nor control characters.
//!
//! An input has the status and the `Transaction-Id` header on its first two lines, and then the body.
#![no_main]

use std::time::{Duration, SystemTime};

use ibmcloud_token::ApiKey;
use ibmcloud_token::program::fuzzing::{iam_rejection, iam_response};
use ibmcloud_token_fuzz::{KEY, KEY_PART, assert_is_plain, assert_is_token, expanded, shows};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let mut lines = data.splitn(3, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let status = std::str::from_utf8(line()).ok().and_then(|text| text.parse().ok()).unwrap_or(400);
    let (transaction, body) = (expanded(line()), expanded(line()));
    let requested_at = 1_800_000_000;
    match iam_response(&body, SystemTime::UNIX_EPOCH + Duration::from_secs(requested_at)) {
        Ok((token, response)) => {
            assert_is_token(token.token());
            assert_eq!(response, body);
            let claimed = token.claims().and_then(|claims| claims.expiration());
            assert!(claimed.is_none_or(|claimed| token.expiration().is_some_and(|time| time <= claimed)));
            if let Ok(value) = serde_json::from_slice::<Value>(&body) {
                assert_eq!(value["access_token"], token.token().expose());
                if let Some(expiration) = value["expiration"].as_i64() {
                    assert!(token.expiration().is_some_and(|time| time <= expiration));
                }
            }
        }
        Err(why) => assert_is_plain(why),
    }
    let key = ApiKey::new(KEY).expect("it is a key");
    if let Some(error) = iam_rejection(status, &transaction, &body, &key) {
        let shown = format!("{error}\n{}", error.hint().unwrap_or_default());
        for line in shown.lines() {
            assert_is_plain(line);
        }
        assert!(!shows(&shown, KEY, KEY_PART), "{shown}");
        assert!(!shows(&format!("{error:?}"), KEY, KEY_PART), "{error:?}");
    }
});
