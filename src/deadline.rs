//! The one moment by which a command has to be done, shared by everything it does.

use std::time::{Duration, Instant};

use crate::error::{Error, Kind};

/// A moment by which an answer is owed.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    timeout: Duration,
    at: Option<Instant>,
}

impl Deadline {
    /// Returns the deadline that lies `timeout` ahead. One too far ahead to be counted never comes.
    #[must_use]
    pub fn after(timeout: Duration) -> Self {
        Self { timeout, at: Instant::now().checked_add(timeout) }
    }

    /// Returns the deadline that never comes: for work that waits on a person.
    #[must_use]
    pub fn never() -> Self {
        Self { timeout: Duration::MAX, at: None }
    }

    /// Returns how much time is left, zero when it has passed.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.at.map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()))
    }

    /// Returns whether the moment has passed.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.remaining().is_zero()
    }

    /// Returns this deadline, or the one `at_most` ahead if that is sooner.
    #[must_use]
    pub fn within(&self, at_most: Duration) -> Self {
        if self.remaining() < at_most { *self } else { Self::after(at_most) }
    }

    /// Returns the error for work that was not done in time; `what` is a sentence without its end.
    #[must_use]
    pub fn error(&self, what: &str) -> Error {
        let timeout = humantime::format_duration(self.timeout);
        Error::new(Kind::TimedOut, format!("{what} within {timeout}"))
            .with_hint("wait longer with `--timeout`, for example `--timeout 2m`")
    }
}
