//! The terminal on the standard input: its echo, and whether this process is one of its background jobs.
//!
//! A hidden prompt, ours or the CLI's, switches the echo off. The modes are saved first and restored at the end, even
//! if a signal ends the program, because otherwise the person's shell would no longer show what they type.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::getpgrp;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr,
};

/// The character that no key sends (`_POSIX_VDISABLE`).
const DISABLED: u8 = if cfg!(target_os = "linux") { 0 } else { 0xff };

/// Returns whether this process is a background job of the terminal on the standard input. Such a process is stopped as
/// soon as it reads from the terminal or changes its modes.
///
/// A terminal that is not the controlling terminal never stops a process.
pub(crate) fn is_in_background() -> bool {
    is_background_job_of(io::stdin())
}

fn is_background_job_of(terminal: impl AsFd) -> bool {
    tcgetpgrp(terminal).is_ok_and(|foreground| foreground != getpgrp())
}

/// The modes of a terminal that are to be restored.
struct Kept {
    terminal: OwnedFd,
    modes: Termios,
}

impl Kept {
    fn restore(self) {
        // The change would stop a background job. Its shell has restored the modes when it was stopped.
        if !is_background_job_of(&self.terminal) {
            let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.modes);
        }
    }
}

static KEPT: Mutex<Option<Kept>> = Mutex::new(None);

fn kept() -> MutexGuard<'static, Option<Kept>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Saves the modes of the terminal, and restores them when dropped.
pub(crate) struct KeepModes(());

impl KeepModes {
    /// Returns nothing if the standard input is not a terminal.
    pub(crate) fn of_stdin() -> Option<Self> {
        let mut kept = kept();
        let terminal = io::stdin().as_fd().try_clone_to_owned().ok()?;
        let modes = tcgetattr(&terminal).ok()?;
        *kept = Some(Kept { terminal, modes });
        Some(Self(()))
    }

    /// Switches the echo off, and drops what was typed before. Ctrl-Z does not stop the program meanwhile, because after
    /// it some shells would show the rest of a secret, and others would not show anything.
    #[expect(clippy::unused_self, reason = "only kept modes may be changed")]
    pub(crate) fn hide_typing(&self) -> io::Result<()> {
        let kept = kept();
        // A signal has taken the modes and is about to end the program.
        let Some(Kept { terminal, modes }) = kept.as_ref() else { return Ok(()) };
        let mut hidden = modes.clone();
        hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        hidden.local_modes.insert(LocalModes::ICANON | LocalModes::ISIG);
        hidden.special_codes[SpecialCodeIndex::VSUSP] = DISABLED;
        Ok(tcsetattr(terminal, OptionalActions::Flush, &hidden)?)
    }
}

impl Drop for KeepModes {
    fn drop(&mut self) {
        if let Some(kept) = kept().take() {
            kept.restore();
        }
    }
}

/// Restores the modes for a program that is about to die by a signal. After this call, nothing can change them.
pub(crate) fn restore_for_the_end() {
    let mut kept = kept();
    if let Some(kept) = kept.take() {
        kept.restore();
    }
    std::mem::forget(kept);
}
