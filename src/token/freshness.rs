//! The remaining lifetime of a token, compared with a wanted minimum.

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::time::{brief, epoch_seconds};

/// How far in the future `iat` may lie before the local clock counts as slow. Synchronized clocks differ by less.
pub(crate) const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

/// The remaining lifetime of a token, by its own times and the local clock. Durations are whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// It lives at least as long as wanted.
    Fresh {
        /// The time that is left.
        remaining: Duration,
    },
    /// It is valid, but not for as long as wanted.
    Expiring {
        /// The time that is left.
        remaining: Duration,
    },
    /// It has expired.
    Expired {
        /// The time since it expired.
        ago: Duration,
    },
    /// Its lifetime is unknown: it is not a JWT, or has no readable `exp`.
    UnknownLifetime,
    /// It was issued in the future according to the local clock, so that clock is slow. The lifetime counts from
    /// `iat`, because the true time cannot be earlier.
    ClockOff {
        /// How far the clock is behind, at least.
        behind: Duration,
        /// The time that is left, at most.
        remaining: Duration,
    },
}

impl Freshness {
    /// Compares the lifetime of a token with these times, in seconds since 1970-01-01 UTC, with a wanted lifetime.
    pub(super) fn of(
        expiration: Option<i64>,
        issued_at: Option<i64>,
        now: SystemTime,
        wanted: Duration,
    ) -> Self {
        let Some(expiration) = expiration else { return Self::UnknownLifetime };
        let behind = issued_at
            .map_or(Duration::ZERO, |issued_at| seconds(issued_at.saturating_sub(epoch_seconds(now))));
        let now = present(issued_at, now);
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

    /// Returns the time that is left, or nothing if it is unknown.
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

/// Returns the present in seconds since 1970-01-01 UTC, but never a time before the token was issued, because a slow
/// clock must not lengthen the life of a token.
pub(super) fn present(issued_at: Option<i64>, now: SystemTime) -> i64 {
    epoch_seconds(now).max(issued_at.unwrap_or(i64::MIN))
}

/// Returns a difference in seconds as a duration, zero if it is negative.
fn seconds(difference: i64) -> Duration {
    Duration::from_secs(u64::try_from(difference).unwrap_or(0))
}

/// Completes a sentence about a token, such as "the token is valid for another 5m".
impl fmt::Display for Freshness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Fresh { remaining } => write!(f, "is valid for another {}", brief(remaining)),
            Self::Expiring { remaining } => write!(f, "is valid for only another {}", brief(remaining)),
            Self::Expired { ago } => write!(f, "expired {} ago", brief(ago)),
            Self::UnknownLifetime => f.write_str("has an unknown lifetime"),
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn freshness(expiration: Option<i64>, issued_at: Option<i64>, wanted: u64) -> Freshness {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
        Freshness::of(expiration, issued_at, now, Duration::from_secs(wanted))
    }

    fn at(iat: i64, exp: i64, wanted: u64) -> Freshness {
        let now = i64::try_from(NOW).unwrap();
        freshness(Some(now + exp), Some(now + iat), wanted)
    }

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn freshness_has_its_reason() {
        assert_eq!(at(-10, 890, 60), Freshness::Fresh { remaining: s(890) });
        assert_eq!(at(-850, 60, 60), Freshness::Fresh { remaining: s(60) });
        assert_eq!(at(-850, 59, 60), Freshness::Expiring { remaining: s(59) });
        assert_eq!(at(-900, 0, 0), Freshness::Expired { ago: s(0) });
        assert_eq!(at(-900, -5, 0), Freshness::Expired { ago: s(5) });
        assert_eq!(freshness(None, None, 0), Freshness::UnknownLifetime);
        assert_eq!(freshness(Some(-7), None, 0), Freshness::Expired { ago: s(NOW + 7) });
    }

    #[test]
    fn slow_clock_is_noticed_and_does_not_lengthen_a_life() {
        assert_eq!(at(3600, 7200, 60), Freshness::ClockOff { behind: s(3600), remaining: s(3600) });
        assert!(!at(3600, 7200, 0).lasts(s(3601)));
        assert_eq!(at(60, 960, 60), Freshness::Fresh { remaining: s(900) });
    }

    #[test]
    fn only_a_known_and_unexpired_lifetime_lasts() {
        assert!(at(0, 900, 0).lasts(s(900)));
        assert!(!at(0, 900, 0).lasts(s(901)));
        assert!(!at(-900, 0, 0).lasts(s(0)));
        assert!(!freshness(None, None, 0).lasts(s(0)));
    }
}
