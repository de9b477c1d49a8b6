//! What unit tests need of the platform.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::time::Duration;

pub(crate) use std::os::unix::fs::symlink;

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
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
        .unwrap();
    true
}

/// Returns a text that is not Unicode.
pub(crate) fn not_unicode(before: &str, after: &str) -> OsString {
    OsString::from_vec([before.as_bytes(), b"\xff", after.as_bytes()].concat())
}

/// Returns the CPU time of this thread, which does not depend on the load of the machine.
pub(crate) fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}
