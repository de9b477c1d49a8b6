//! The deadline, clock and notes of a piece of work.

use std::time::{Duration, SystemTime};

use crate::note::{Note, Notes};
use crate::time::{Clock, Deadline};

/// The deadline of a piece of work, the clock by which tokens are judged, and the receiver of notes.
#[derive(Clone, Copy)]
pub(crate) struct Task<'a> {
    pub(crate) deadline: Deadline,
    pub(crate) clock: Clock,
    pub(crate) notes: Notes<'a>,
    /// Called before a child is started, so that the program can watch for signals.
    pub(crate) before_child: fn(),
}

impl Task<'static> {
    /// Returns the task of a library call: the system clock, and no notes.
    pub(crate) fn of_library(timeout: Duration) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a library user does not bring a clock")]
        let clock = SystemTime::now;
        Self { deadline: Deadline::after(timeout), clock, notes: &|_| (), before_child: || () }
    }
}

impl Task<'_> {
    /// Returns the current time.
    pub(crate) fn now(&self) -> SystemTime {
        (self.clock)()
    }

    /// Passes on a note.
    pub(crate) fn note(&self, note: Note) {
        (self.notes)(note);
    }

    /// Returns a copy with another deadline.
    pub(crate) fn with_deadline(self, deadline: Deadline) -> Self {
        Self { deadline, ..self }
    }
}
