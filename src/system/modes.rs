//! The modes of the terminal, saved before a hidden prompt, ours or the CLI's, switches the echo off.
//!
//! They are restored at the end, even if a signal ends the program, because otherwise the person's shell would no longer
//! show what they type.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::terminal::Modes;

static KEPT: Mutex<Option<Modes>> = Mutex::new(None);

fn kept() -> MutexGuard<'static, Option<Modes>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

fn restore(kept: &mut Option<Modes>) {
    if let Some(modes) = kept.take() {
        modes.restore();
    }
}

/// Saves the modes of the terminal, and restores them when dropped.
pub(crate) struct KeepModes(());

impl KeepModes {
    /// Returns nothing if the standard input is not a terminal.
    pub(crate) fn of_stdin() -> Option<Self> {
        let mut kept = kept();
        *kept = Some(Modes::of_stdin()?);
        Some(Self(()))
    }

    /// Switches the echo off.
    #[expect(clippy::unused_self, reason = "only kept modes may be changed")]
    pub(crate) fn hide_typing(&self) -> io::Result<()> {
        // Without modes, a signal has taken them and is about to end the program.
        kept().as_ref().map_or(Ok(()), Modes::hide_typing)
    }
}

impl Drop for KeepModes {
    fn drop(&mut self) {
        restore(&mut kept());
    }
}

/// Restores the modes for a program that is about to end. After this call, nothing can change them.
pub(crate) fn restore_for_the_end() {
    let mut kept = kept();
    restore(&mut kept);
    std::mem::forget(kept);
}
