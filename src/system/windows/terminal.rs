//! The console on the standard input and its echo.
//!
//! A hidden prompt, ours or the CLI's, switches the echo off. The mode is saved first and restored at the end, even if
//! Ctrl-C ends the program, because otherwise the person's shell might no longer show what they type.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use winapi_util::HandleRef;
use winapi_util::console::{mode, set_mode};

/// Flags of a console's mode.
const PROCESSED_INPUT: u32 = 0x1;
const LINE_INPUT: u32 = 0x2;
const ECHO_INPUT: u32 = 0x4;

/// There are no background jobs on Windows.
#[cfg(feature = "program")]
pub(crate) fn is_in_background() -> bool {
    false
}

/// The mode that is to be restored.
static KEPT: Mutex<Option<u32>> = Mutex::new(None);

fn kept() -> MutexGuard<'static, Option<u32>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Saves the mode of the console, and restores it when dropped.
pub(crate) struct KeepModes(());

impl KeepModes {
    /// Returns nothing if the standard input is not a console.
    pub(crate) fn of_stdin() -> Option<Self> {
        let mut kept = kept();
        *kept = Some(mode(HandleRef::stdin()).ok()?);
        Some(Self(()))
    }

    /// Switches the echo off.
    #[cfg(feature = "program")]
    #[expect(clippy::unused_self, reason = "only a kept mode may be changed")]
    pub(crate) fn hide_typing(&self) -> io::Result<()> {
        let kept = kept();
        // An event has taken the mode and is about to end the program.
        let Some(mode) = *kept else { return Ok(()) };
        set_mode(HandleRef::stdin(), mode & !ECHO_INPUT | LINE_INPUT | PROCESSED_INPUT)
    }
}

fn restore(kept: &mut Option<u32>) {
    if let Some(mode) = kept.take() {
        let _ = set_mode(HandleRef::stdin(), mode);
    }
}

impl Drop for KeepModes {
    fn drop(&mut self) {
        restore(&mut kept());
    }
}

/// Restores the mode for a program that is about to end. After this call, nothing can change it.
#[cfg(feature = "program")]
pub(crate) fn restore_for_the_end() {
    let mut kept = kept();
    restore(&mut kept);
    std::mem::forget(kept);
}
