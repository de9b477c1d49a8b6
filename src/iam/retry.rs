//! Decides which failures are transient, and how long to wait before a retry. Pauses grow and are randomized, so that
//! clients that failed at the same time do not retry at the same time.

use std::time::{Duration, SystemTime};

use ureq::http::{HeaderMap, StatusCode, header};

/// The maximum number of attempts for one request.
const MAX_ATTEMPTS: u32 = 6;

/// The upper bound of the first pause. It doubles for each further pause.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The minimum time for an attempt after a pause. A shorter attempt would time out and hide the original failure.
const MIN_ATTEMPT: Duration = Duration::from_millis(250);

/// Whether to send a failed request again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retry {
    /// The response would be the same.
    Never,
    /// The failure is transient. The service may have asked for a minimum pause.
    After(Option<Duration>),
}

/// Returns whether to retry after a response with this status.
pub(super) fn of_status(status: StatusCode, headers: &HeaderMap, now: SystemTime) -> Retry {
    match status.as_u16() {
        429 | 500 | 502 | 503 | 504 => Retry::After(retry_after(headers, now)),
        _ => Retry::Never,
    }
}

/// Reads `Retry-After` (RFC 9110, section 10.2.3): seconds or a date.
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
    /// Returns the pause before the next attempt, or nothing if the request should not be retried.
    pub(super) fn pause(&mut self, retry_after: Option<Duration>, remaining: Duration) -> Option<Duration> {
        self.attempts += 1;
        if self.attempts >= MAX_ATTEMPTS {
            return None;
        }
        let longest = FIRST_PAUSE * 2_u32.pow(self.attempts - 1);
        let pause = longest.mul_f64(0.5 + fastrand::f64() / 2.0);
        // The requested pause is extended at random, because the server requests the same pause of all clients.
        let pause = retry_after.map_or(pause, |retry_after| retry_after.saturating_add(pause / 4));
        (pause.saturating_add(MIN_ATTEMPT) < remaining).then_some(pause)
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
        match of_status(StatusCode::TOO_MANY_REQUESTS, &headers, now) {
            Retry::After(least) => least,
            Retry::Never => panic!("429 is transient"),
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
    fn rejection_is_final() {
        for status in [400, 401, 403, 404, 409, 422, 501] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(of_status(status, &HeaderMap::new(), SystemTime::UNIX_EPOCH), Retry::Never);
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
    fn endless_pause_is_not_waited_for() {
        let mut backoff = Backoff::default();
        for _ in 1..MAX_ATTEMPTS {
            assert_eq!(backoff.pause(Some(Duration::from_secs(u64::MAX)), HOUR), None);
        }
    }

    #[test]
    fn pause_beyond_the_deadline_is_not_waited_for() {
        assert_eq!(Backoff::default().pause(Some(HOUR), HOUR), None);
        assert_eq!(Backoff::default().pause(None, MIN_ATTEMPT), None);
        assert!(
            Backoff::default().pause(Some(Duration::from_secs(5)), HOUR).unwrap() >= Duration::from_secs(5)
        );
    }
}
