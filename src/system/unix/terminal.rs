//! The terminal on the standard input: its modes, and whether this process is one of its background jobs.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

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

/// The modes of the terminal on the standard input.
pub(in crate::system) struct Modes {
    terminal: OwnedFd,
    modes: Termios,
}

impl Modes {
    /// Returns nothing if the standard input is not a terminal.
    pub(in crate::system) fn of_stdin() -> Option<Self> {
        let terminal = io::stdin().as_fd().try_clone_to_owned().ok()?;
        let modes = tcgetattr(&terminal).ok()?;
        Some(Self { terminal, modes })
    }

    /// Switches the echo off, and drops what was typed before. Ctrl-Z does not stop the program meanwhile, because after
    /// it some shells would show the rest of a secret, and others would not show anything.
    pub(in crate::system) fn hide_typing(&self) -> io::Result<()> {
        let mut hidden = self.modes.clone();
        hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        hidden.local_modes.insert(LocalModes::ICANON | LocalModes::ISIG);
        hidden.special_codes[SpecialCodeIndex::VSUSP] = DISABLED;
        Ok(tcsetattr(&self.terminal, OptionalActions::Flush, &hidden)?)
    }

    pub(in crate::system) fn restore(self) {
        // The change would stop a background job. Its shell has restored the modes when it was stopped.
        if !is_background_job_of(&self.terminal) {
            let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.modes);
        }
    }
}
