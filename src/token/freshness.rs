//! How long a token still lives, against a wanted minimum: a value with its reason, never a bare bool.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::{AccessToken, Claims, claims};

/// How far `iat` may lie ahead before the local clock is called off: what clocks that are kept right drift at most.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

/// What a token's claims say about its lifetime, by the local clock. Durations are whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// It lives at least as long as wanted.
    Fresh {
        /// What is left.
        remaining: Duration,
    },
    /// It is valid, but ends before the wanted lifetime is over.
    Expiring {
        /// What is left.
        remaining: Duration,
    },
    /// It is over.
    Expired {
        /// Since when.
        ago: Duration,
    },
    /// It does not say: not a JWT, or one without a readable `exp`.
    UnknownLifetime,
    /// It was issued in the local clock's future, so that clock is slow. What is left is counted from `iat` then:
    /// the true time cannot lie before it.
    ClockOff {
        /// How far the clock is behind, at least.
        behind: Duration,
        /// What is left, at most.
        remaining: Duration,
    },
}

impl Freshness {
    /// Returns how a token stands at `now` against a wanted lifetime.
    #[must_use]
    pub fn of(token: &AccessToken, now: SystemTime, wanted: Duration) -> Self {
        Self::of_claims(token.claims().as_ref(), now, wanted)
    }

    /// Returns how a token with these claims stands at `now` against a wanted lifetime.
    #[must_use]
    pub fn of_claims(claims: Option<&Claims>, now: SystemTime, wanted: Duration) -> Self {
        let (expiration, issued_at) =
            claims.map_or((None, None), |claims| (claims.expiration(), claims.issued_at()));
        Self::of_times(expiration, issued_at, now, wanted)
    }

    /// Returns how a token that was issued and expires then (in seconds since 1970-01-01 UTC) stands at `now`.
    #[must_use]
    pub fn of_times(
        expiration: Option<i64>,
        issued_at: Option<i64>,
        now: SystemTime,
        wanted: Duration,
    ) -> Self {
        let Some(expiration) = expiration else { return Self::UnknownLifetime };
        let now = claims::epoch_seconds(now);
        let behind = issued_at.map_or(Duration::ZERO, |issued_at| seconds(issued_at.saturating_sub(now)));
        let now = issued_at.map_or(now, |issued_at| issued_at.max(now));
        let remaining = seconds(expiration.saturating_sub(now));
        if remaining.is_zero() {
            Self::Expired { ago: seconds(now.saturating_sub(expiration)) }
        } else if behind > CLOCK_TOLERANCE {
            Self::ClockOff { behind, remaining }
        } else if remaining < wanted {
            Self::Expiring { remaining }
        } else {
            Self::Fresh { remaining }
        }
    }

    /// Returns what is left, nothing where that is unknown.
    #[must_use]
    pub fn remaining(self) -> Option<Duration> {
        match self {
            Self::Fresh { remaining } | Self::Expiring { remaining } | Self::ClockOff { remaining, .. } => {
                Some(remaining)
            }
            Self::Expired { .. } => Some(Duration::ZERO),
            Self::UnknownLifetime => None,
        }
    }

    /// Returns whether the token is known to live for at least `wanted`.
    #[must_use]
    pub fn lasts(self, wanted: Duration) -> bool {
        self.remaining().is_some_and(|remaining| !remaining.is_zero() && remaining >= wanted)
    }
}

/// Returns a difference in seconds as a duration, a negative one as zero.
fn seconds(difference: i64) -> Duration {
    Duration::from_secs(u64::try_from(difference).unwrap_or(0))
}

/// What a sentence says of a token: it `is valid for another 5m`.
impl fmt::Display for Freshness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Fresh { remaining } => write!(f, "is valid for another {}", brief(remaining)),
            Self::Expiring { remaining } => write!(f, "is valid for only another {}", brief(remaining)),
            Self::Expired { ago } => write!(f, "expired {} ago", brief(ago)),
            Self::UnknownLifetime => f.write_str("does not say how long it lives"),
            Self::ClockOff { behind, remaining } => {
                write!(
                    f,
                    "is valid for another {}, by a clock that is {} slow",
                    brief(remaining),
                    brief(behind)
                )
            }
        }
    }
}

/// Returns a duration as people say it: its two largest units.
#[must_use]
pub fn brief(duration: Duration) -> String {
    let whole_milliseconds = Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
    let exact = humantime::format_duration(whole_milliseconds).to_string();
    exact.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn freshness(payload: &str, wanted: u64) -> Freshness {
        let token = format!("eyJhbGciOiJub25lIn0.{}.c2ln", URL_SAFE_NO_PAD.encode(payload));
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
        Freshness::of(&AccessToken::new(&token).unwrap(), now, Duration::from_secs(wanted))
    }

    fn at(iat: i64, exp: i64, wanted: u64) -> Freshness {
        let now = i64::try_from(NOW).unwrap();
        freshness(&format!(r#"{{"iat":{},"exp":{}}}"#, now + iat, now + exp), wanted)
    }

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_reason_is_told() {
        assert_eq!(at(-10, 890, 60), Freshness::Fresh { remaining: s(890) });
        assert_eq!(at(-850, 60, 60), Freshness::Fresh { remaining: s(60) });
        assert_eq!(at(-850, 59, 60), Freshness::Expiring { remaining: s(59) });
        assert_eq!(at(-900, 0, 0), Freshness::Expired { ago: s(0) });
        assert_eq!(at(-900, -5, 0), Freshness::Expired { ago: s(5) });
        assert_eq!(freshness("{}", 0), Freshness::UnknownLifetime);
        assert_eq!(freshness(r#"{"exp":-7}"#, 0), Freshness::Expired { ago: s(NOW + 7) });
    }

    #[test]
    fn a_slow_clock_is_told_and_does_not_lengthen_a_life() {
        assert_eq!(at(3600, 7200, 60), Freshness::ClockOff { behind: s(3600), remaining: s(3600) });
        assert!(!at(3600, 7200, 0).lasts(s(3601)));
        assert_eq!(at(60, 960, 60), Freshness::Fresh { remaining: s(900) });
    }

    #[test]
    fn only_a_known_and_unexpired_life_lasts() {
        assert!(at(0, 900, 0).lasts(s(900)));
        assert!(!at(0, 900, 0).lasts(s(901)));
        assert!(!at(-900, 0, 0).lasts(s(0)));
        assert!(!freshness("{}", 0).lasts(s(0)));
    }
}
