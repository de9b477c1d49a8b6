//! The parts of unit tests that differ between platforms.

#[cfg(feature = "net")]
use std::ffi::OsString;
use std::fs::{self, File, Permissions};
#[cfg(feature = "net")]
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

/// A directory that is absolute on this platform.
pub(crate) const ROOT: &str = "/";

/// Whether the names of variables differ if only their case does.
pub(crate) const CASE_OF_VARIABLES_MATTERS: bool = true;

/// Whether the CLI locks its session file.
pub(crate) const CLI_LOCKS_ITS_FILE: bool = true;

/// A device that can be opened like a file.
pub(crate) const DEVICE: Option<&str> = Some("/dev/null");

/// Creates a symbolic link to a directory, if the platform lets us. Returns whether it does.
pub(crate) fn symlink(target: &Path, link: &Path) -> bool {
    std::os::unix::fs::symlink(target, link).unwrap();
    true
}

/// Opens a file and lets nobody else open it, if the platform can.
pub(crate) fn keep_to_ourselves(_: &Path) -> Option<File> {
    None
}

/// Creates a directory that other users can open.
pub(crate) fn exposed_directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    set_mode(directory.path(), 0o755);
    directory
}

/// Gives a file to another user. Only root can.
pub(crate) fn give_away(path: &Path) {
    chown(path, Some(12345), None).unwrap();
}

/// Sets the permissions of a file.
pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Creates a pipe with a name in the file system, if the platform has them. Returns whether it has.
pub(crate) fn make_pipe(path: &Path) -> bool {
    nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    true
}

/// Returns a text that is not Unicode.
#[cfg(feature = "net")]
pub(crate) fn not_unicode(before: &str, after: &str) -> OsString {
    OsString::from_vec([before.as_bytes(), b"\xff", after.as_bytes()].concat())
}

/// Returns the CPU time of this thread, which does not depend on the load of the machine, if it can be measured.
#[expect(clippy::unnecessary_wraps, reason = "the same function as on Windows")]
pub(crate) fn thread_time() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Some(Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap()))
}
