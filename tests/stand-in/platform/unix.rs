//! Unix: signals, file modes and the terminal.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;

use crate::environment::{misused, path, variable};
use crate::{Exit, Step};

/// The home directory.
pub(crate) fn home() -> Option<PathBuf> {
    path("HOME")
}

/// Creates a directory and its parents for this user alone.
pub(crate) fn create_private_directory(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// The tests find a process of Unix by its ID.
#[expect(clippy::unnecessary_wraps, reason = "the same function as on Windows")]
pub(crate) fn show_life(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Opens a file to write it. A new one is for this user alone.
pub(crate) fn private() -> OpenOptions {
    let mut options = File::options();
    options.write(true).mode(0o600);
    options
}

pub(crate) fn unbuffered_stdin() -> File {
    io::stdin().as_fd().try_clone_to_owned().map_or_else(|error| panic!("stdin: {error}"), File::from)
}

/// Ignores SIGTERM, and so do the children. Only a shell can do that without unsafe code: it replaces this program, and
/// this program replaces the shell.
pub(crate) fn ignore_term(arguments: &[OsString]) -> Step {
    const DONE: &str = "already";
    if variable("STAND_IN_IGNORE_TERM").as_deref() == Some(DONE) {
        return Ok(());
    }
    let called = std::env::args_os().next().unwrap_or_default();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", r#"trap "" TERM; exec "$0" "$@""#]).arg(called).args(arguments);
    Err(misused(&format!("/bin/sh: {}", shell.env("STAND_IN_IGNORE_TERM", DONE).exec())))
}

/// Dies from a signal, which a shell can send by name. The shell has the process ID of this program.
pub(crate) fn die(signal: &str) -> Exit {
    let error = Command::new("/bin/sh").args(["-c", &format!("kill -s {signal} $$; sleep 60")]).exec();
    misused(&format!("/bin/sh: {error}"))
}

/// Leaves a child behind that keeps stdout open. As a background job of a shell, it ignores SIGINT and SIGQUIT.
pub(crate) fn grandchild() -> io::Result<u32> {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", r#"trap "" INT QUIT; exec sleep 60"#]).stdin(Stdio::null());
    Ok(shell.spawn()?.id())
}

/// Reads from a terminal that does not show what is typed. Ctrl-C turns the echo on again and ends the program.
pub(crate) fn without_echo<T>(read: impl FnOnce() -> T) -> T {
    let set_echo = |on: bool| {
        let Ok(mut settings) = tcgetattr(io::stdin()) else { return };
        settings.local_modes.set(LocalModes::ECHO, on);
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &settings);
    };
    let mut signals = Signals::new([SIGINT]).unwrap_or_else(|error| panic!("SIGINT: {error}"));
    let handle = signals.handle();
    let thread = thread::spawn(move || {
        if signals.forever().next().is_some() {
            set_echo(true);
            std::process::exit(130);
        }
    });
    set_echo(false);
    let answer = read();
    set_echo(true);
    handle.close();
    let _ = thread.join();
    answer
}
