//! Windows, where there are no signals and no file modes.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt as _;
use std::os::windows::io::AsHandle as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use winapi_util::{HandleRef, console};

use crate::behavior::GRANDCHILD;
use crate::environment::{misused, path, variable};
use crate::{Exit, Step};

/// The home directory, as the SDK finds it (`config_helpers/helpers.go`).
pub(crate) fn home() -> Option<PathBuf> {
    let drive = variable("HOMEDRIVE").unwrap_or_default();
    let folder = variable("HOMEPATH").unwrap_or_default();
    let home = drive + &folder;
    if home.is_empty() { path("USERPROFILE") } else { Some(home.into()) }
}

pub(crate) fn create_private_directory(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

pub(crate) fn private() -> OpenOptions {
    let mut options = File::options();
    options.write(true);
    options
}

/// Keeps a file of the log open that nobody else can open. It shows whether this process is alive.
pub(crate) fn show_life(log: &Path) -> io::Result<()> {
    static FILE: OnceLock<File> = OnceLock::new();
    let path = log.join(format!("alive.{}", std::process::id()));
    let file = File::options().write(true).create(true).truncate(true).share_mode(0).open(path)?;
    FILE.get_or_init(|| file);
    Ok(())
}

pub(crate) fn unbuffered_stdin() -> File {
    io::stdin().as_handle().try_clone_to_owned().map_or_else(|error| panic!("stdin: {error}"), File::from)
}

/// There is no SIGTERM to ignore: a program ends when it is terminated.
#[expect(clippy::unnecessary_wraps, reason = "the same function as on Unix")]
pub(crate) fn ignore_term(_: &[OsString]) -> Step {
    Ok(())
}

pub(crate) fn die(signal: &str) -> Exit {
    misused(&format!("there are no signals on Windows: {signal}"))
}

/// Leaves a child behind that keeps stdout open.
pub(crate) fn grandchild() -> io::Result<u32> {
    let mut program = Command::new(std::env::current_exe()?);
    Ok(program.arg(GRANDCHILD).stdin(Stdio::null()).spawn()?.id())
}

/// Runs something while the console does not show what is typed. Ctrl-C ends the process with the echo off, which the
/// program under test must notice.
pub(crate) fn without_echo<T>(read: impl FnOnce() -> T) -> T {
    const ECHO_INPUT: u32 = 0x4;
    let before = console::mode(HandleRef::stdin());
    if let Ok(before) = before {
        let _ = console::set_mode(HandleRef::stdin(), before & !ECHO_INPUT);
    }
    let result = read();
    if let Ok(before) = before {
        let _ = console::set_mode(HandleRef::stdin(), before);
    }
    result
}
