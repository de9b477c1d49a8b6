//! The conditions under which a piece of work is done.

use std::time::SystemTime;

use crate::note::{Note, Notes};
use crate::time::{Clock, Deadline};

/// When the answer is due, by which clock tokens are judged, and where notes go.
#[derive(Clone, Copy)]
pub(crate) struct Task<'a> {
    pub(crate) deadline: Deadline,
    pub(crate) clock: Clock,
    pub(crate) notes: Notes<'a>,
    /// Called before a child is started: the moment to prepare for signals.
    pub(crate) before_child: fn(),
}

impl Task<'_> {
    /// Returns the present time.
    pub(crate) fn now(&self) -> SystemTime {
        (self.clock)()
    }

    /// Passes on a note.
    pub(crate) fn note(&self, note: Note) {
        (self.notes)(note);
    }

    /// Returns the same conditions with another deadline.
    pub(crate) fn with_deadline(self, deadline: Deadline) -> Self {
        Self { deadline, ..self }
    }
}
