//! Deadlines, the clock, and formatting of times. A command shares one deadline with everything it does.

use std::time::{Duration, Instant, SystemTime};

use crate::error::{Error, ErrorKind};

/// The last second of the year 9999, which is the last that RFC 3339 can represent.
pub(crate) const MAX_EPOCH_SECONDS: i64 = 253_402_300_799;

/// Returns the current time. The layers below `program` take it as an argument, so that tests can set it.
pub(crate) type Clock = fn() -> SystemTime;

/// The time by which a command must finish.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    timeout: Duration,
    at: Option<Instant>,
}

impl Deadline {
    /// Returns the deadline `timeout` from now. A deadline too far ahead to be represented never passes.
    pub(crate) fn after(timeout: Duration) -> Self {
        Self { timeout, at: Instant::now().checked_add(timeout) }
    }

    /// Returns the deadline that never passes, for work that waits for a person.
    pub(crate) fn never() -> Self {
        Self { timeout: Duration::MAX, at: None }
    }

    /// Returns a deadline with the same timeout, counted from now. It is for use after waiting for a person.
    pub(crate) fn restarted(&self) -> Self {
        Self::after(self.timeout)
    }

    /// Returns the remaining time, or zero if the deadline has passed.
    pub(crate) fn remaining(&self) -> Duration {
        self.at.map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()))
    }

    /// Returns whether the deadline has passed.
    pub(crate) fn has_passed(&self) -> bool {
        self.remaining().is_zero()
    }

    /// Returns the earlier of this deadline and the one `limit` from now.
    pub(crate) fn within(&self, limit: Duration) -> Self {
        if self.remaining() < limit { *self } else { Self::after(limit) }
    }

    /// Returns the error for work that did not finish in time. `what` is the start of the message, such as "`ibmcloud`
    /// did not answer".
    pub(crate) fn error(&self, what: &str) -> Error {
        let timeout = humantime::format_duration(self.timeout);
        Error::new(ErrorKind::TimedOut, format!("{what} within {timeout}"))
            .with_hint("allow more time with `--timeout`, for example `--timeout 2m`")
    }
}

/// Returns `seconds` since 1970-01-01 UTC as RFC 3339, or nothing before 1970 and after 9999.
pub(crate) fn rfc3339(seconds: i64) -> Option<String> {
    let seconds = u64::try_from(seconds).ok().filter(|_| seconds <= MAX_EPOCH_SECONDS)?;
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    Some(humantime::format_rfc3339_seconds(time).to_string())
}

/// Returns a point in time as seconds since 1970-01-01 UTC.
pub(crate) fn epoch_seconds(time: SystemTime) -> i64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
    }
}

/// Returns a duration with its two largest units, such as `5m 12s`.
pub(crate) fn brief(duration: Duration) -> String {
    let whole_milliseconds = Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
    let exact = humantime::format_duration(whole_milliseconds).to_string();
    exact.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_rfc_3339() {
        assert_eq!(rfc3339(1_516_178_203).as_deref(), Some("2018-01-17T08:36:43Z"));
        assert_eq!(rfc3339(-1), None);
        assert_eq!(rfc3339(MAX_EPOCH_SECONDS + 1), None);
    }

    #[test]
    fn durations_are_shortened_to_two_units() {
        assert_eq!(brief(Duration::from_secs(3600 + 120 + 3)), "1h 2m");
        assert_eq!(brief(Duration::from_micros(1_500_001)), "1s 500ms");
    }

    #[test]
    fn sooner_deadline_wins() {
        let deadline = Deadline::after(Duration::from_secs(1000));
        assert!(deadline.within(Duration::ZERO).has_passed());
        assert!(deadline.within(Duration::MAX).remaining() <= Duration::from_secs(1000));
        assert!(!Deadline::never().has_passed());
    }
}
