//! Pseudo-terminals.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// A pseudo-terminal: the side of the keyboard and the screen, and the path of the other side.
pub(crate) struct Pty {
    pub(crate) controller: File,
    path: PathBuf,
}

impl Pty {
    pub(crate) fn open() -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let path = ptsname(&controller, Vec::new()).unwrap().into_string().unwrap().into();
        Self { controller: controller.into(), path }
    }

    /// A stream for a program. It does not make this the controlling terminal of the tests.
    pub(crate) fn stream(&self) -> File {
        let flags = OFlags::NOCTTY.bits().cast_signed();
        File::options().read(true).write(true).custom_flags(flags).open(&self.path).unwrap()
    }
}

/// Runs a command with one stream on a terminal, as in `shown_on_terminal(command, Command::stdout)`, and returns what
/// appears there. The command must succeed.
#[track_caller]
pub(crate) fn shown_on_terminal(
    command: &mut Command,
    attach: fn(&mut Command, Stdio) -> &mut Command,
) -> String {
    let mut pty = Pty::open();
    // The stream stays open until everything is read, because a terminal that nobody has open loses its content.
    let mut stream = pty.stream();
    let status = attach(command, stream.try_clone().unwrap().into()).status().unwrap();
    assert!(status.success(), "{status}");
    stream.write_all(b"\0").unwrap();
    let mut shown = Vec::new();
    while shown.last() != Some(&0) {
        let mut chunk = [0; 4096];
        let length = pty.controller.read(&mut chunk).unwrap();
        shown.extend_from_slice(&chunk[..length]);
    }
    shown.pop();
    String::from_utf8(shown).unwrap()
}
