//! The claims and what is made of them: the lifetime never counts from before the token was issued, a token that does not
//! meet the requirements is refused, and the table of claims is plain text.
//!
//! The first line of an input has the time of the clock, the wanted lifetime and the account; the payload follows.
#![no_main]

use std::time::{Duration, SystemTime};

use ibmcloud_token::program::fuzzing::{check_requirements, inspect, issued};
use ibmcloud_token::{AccessToken, Freshness};
use ibmcloud_token_fuzz::{assert_is_plain, jwt};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const MAX: i64 = 253_402_300_799;

fuzz_target!(|data: &[u8]| {
    let (line, payload) = match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (&b""[..], data),
    };
    let line = String::from_utf8_lossy(line);
    let mut words = line.split(' ');
    let mut number = || words.next().and_then(|word| word.parse::<u32>().ok()).unwrap_or_default();
    let (now, wanted) = (number(), number());
    let account = words.next().unwrap_or_default();
    let clock = SystemTime::UNIX_EPOCH + Duration::from_secs(now.into());
    let wanted_lifetime = Duration::from_secs(wanted.into());

    let Ok(token) = AccessToken::new(&jwt(payload)) else { return };
    let object = serde_json::from_slice::<Value>(payload).ok().filter(Value::is_object);
    assert_eq!(token.claims().map(|claims| Value::Object(claims.all().clone())), object);
    let token = issued(token);
    let (expiration, issued_at) = (token.expiration(), token.issued_at());
    for time in [expiration, issued_at].into_iter().flatten() {
        assert!((-MAX..=MAX).contains(&time));
    }
    assert_eq!(token.expires_at().is_some(), expiration.is_some_and(|time| time >= 0));

    let freshness = token.freshness(clock, wanted_lifetime);
    let present = i64::from(now).max(issued_at.unwrap_or(i64::MIN));
    let left = expiration.map(|expiration| u64::try_from(expiration - present).unwrap_or(0));
    assert_eq!(freshness.remaining().map(|remaining| remaining.as_secs()), left);
    assert_eq!(matches!(freshness, Freshness::Expired { .. }), left == Some(0));
    assert_eq!(freshness.lasts(wanted_lifetime), left.is_some_and(|left| left > 0 && left >= wanted.into()));
    assert_is_plain(&freshness.to_string());

    let is_met = check_requirements(&token, Some(wanted_lifetime), None, clock).is_ok();
    assert_eq!(is_met, freshness.lasts(wanted_lifetime));
    assert_eq!(check_requirements(&token, None, None, clock).is_ok(), left != Some(0));
    let is_of_account = token.claims().and_then(|claims| claims.account()) == Some(account);
    let is_met = check_requirements(&token, None, Some(account.to_owned()), clock).is_ok();
    assert_eq!(is_met, left != Some(0) && is_of_account && !account.is_empty());

    if let Some(claims) = token.claims() {
        assert!(!(claims.is_uaa() && claims.text("iam_id").is_some()));
        let table = inspect(claims, &token, clock);
        for line in table.lines() {
            assert_is_plain(line);
        }
        assert!(table.ends_with('\n'));
    }
});
