//! The console on the standard input and its modes.

use std::io;

use winapi_util::HandleRef;
use winapi_util::console::{mode, set_mode};

/// Flags of a console's mode.
const PROCESSED_INPUT: u32 = 0x1;
const LINE_INPUT: u32 = 0x2;
const ECHO_INPUT: u32 = 0x4;

/// There are no background jobs on Windows.
pub(crate) fn is_in_background() -> bool {
    false
}

/// The mode of the console on the standard input.
pub(in crate::system) struct Modes(u32);

impl Modes {
    /// Returns nothing if the standard input is not a console.
    pub(in crate::system) fn of_stdin() -> Option<Self> {
        mode(HandleRef::stdin()).ok().map(Self)
    }

    /// Switches the echo off.
    pub(in crate::system) fn hide_typing(&self) -> io::Result<()> {
        set_mode(HandleRef::stdin(), self.0 & !ECHO_INPUT | LINE_INPUT | PROCESSED_INPUT)
    }

    pub(in crate::system) fn restore(self) {
        let _ = set_mode(HandleRef::stdin(), self.0);
    }
}
