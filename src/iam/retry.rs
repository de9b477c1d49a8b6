//! Which failures pass, and how long to wait for that: with pauses that grow and vary, so that many clients that were
//! turned away together do not come back together.

use std::time::{Duration, SystemTime};

use ureq::http::{HeaderMap, StatusCode, header};

/// How often a request is sent at most.
const MOST_ATTEMPTS: u32 = 6;

/// The first pause, at most; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// What has to be left for an attempt after a pause. A shorter one would end at the deadline, and hide what went wrong.
const SHORTEST_ATTEMPT: Duration = Duration::from_millis(250);

/// Whether it makes sense to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No: the answer would be the same.
    Final,
    /// Yes, and not before `retry_after`, if the service said so.
    Passing { retry_after: Option<Duration> },
}

/// Returns whether an answer with this status passes.
pub(super) fn verdict(status: StatusCode, headers: &HeaderMap, now: SystemTime) -> Verdict {
    match status.as_u16() {
        429 | 500 | 502 | 503 | 504 => Verdict::Passing { retry_after: retry_after(headers, now) },
        _ => Verdict::Final,
    }
}

/// Reads `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    Some(httpdate::parse_http_date(value).ok()?.duration_since(now).unwrap_or_default())
}

/// The pauses between the attempts of one request.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// Returns how long to wait before the next attempt; nothing if there should be none.
    pub(super) fn pause(&mut self, retry_after: Option<Duration>, remaining: Duration) -> Option<Duration> {
        self.attempts += 1;
        if self.attempts >= MOST_ATTEMPTS {
            return None;
        }
        let longest = FIRST_PAUSE * 2_u32.pow(self.attempts - 1);
        let pause = longest.mul_f64(0.5 + fastrand::f64() / 2.0);
        // What the service asks for is kept, and stretched: everybody was told the same.
        let pause = retry_after.map_or(pause, |retry_after| retry_after.saturating_add(pause / 4));
        (pause.saturating_add(SHORTEST_ATTEMPT) < remaining).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn after(value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, value.parse().unwrap());
        let now = httpdate::parse_http_date("Mon, 23 Nov 2026 10:00:00 GMT").unwrap();
        match verdict(StatusCode::TOO_MANY_REQUESTS, &headers, now) {
            Verdict::Passing { retry_after } => retry_after,
            Verdict::Final => panic!("429 passes"),
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(after("7"), Some(Duration::from_secs(7)));
        assert_eq!(after("Mon, 23 Nov 2026 10:00:09 GMT"), Some(Duration::from_secs(9)));
        assert_eq!(after("Mon, 23 Nov 2026 09:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(after("soon"), None);
        assert_eq!(after("-1"), None);
    }

    #[test]
    fn a_verdict_of_the_service_is_final() {
        for status in [400, 401, 403, 404, 409, 422, 501] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(verdict(status, &HeaderMap::new(), SystemTime::UNIX_EPOCH), Verdict::Final);
        }
    }

    #[test]
    fn pauses_grow_and_vary_and_end() {
        let pauses = || {
            let mut backoff = Backoff::default();
            std::iter::from_fn(|| backoff.pause(None, HOUR)).collect::<Vec<_>>()
        };
        let first = pauses();
        assert_eq!(first.len(), 5);
        for (index, pause) in (0..).zip(&first) {
            let longest = FIRST_PAUSE * 2_u32.pow(index);
            assert!((longest / 2..=longest).contains(pause), "{pause:?}");
        }
        assert_ne!(first, pauses());
    }

    #[test]
    fn an_endless_pause_does_not_fit_either() {
        let mut backoff = Backoff::default();
        for _ in 1..MOST_ATTEMPTS {
            assert_eq!(backoff.pause(Some(Duration::from_secs(u64::MAX)), HOUR), None);
        }
    }

    #[test]
    fn what_does_not_fit_into_the_time_is_not_waited_for() {
        assert_eq!(Backoff::default().pause(Some(HOUR), HOUR), None);
        assert_eq!(Backoff::default().pause(None, SHORTEST_ATTEMPT), None);
        assert!(
            Backoff::default().pause(Some(Duration::from_secs(5)), HOUR).unwrap() >= Duration::from_secs(5)
        );
    }
}
