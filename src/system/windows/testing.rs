//! The parts of unit tests that differ between platforms.

#[cfg(feature = "net")]
use std::ffi::OsString;
use std::fs::File;
#[cfg(feature = "net")]
use std::os::windows::ffi::OsStringExt as _;
use std::os::windows::fs::{OpenOptionsExt as _, symlink_dir};
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

/// A directory that is absolute on this platform.
pub(crate) const ROOT: &str = r"C:\";

/// Whether the names of variables differ if only their case does.
pub(crate) const CASE_OF_VARIABLES_MATTERS: bool = false;

/// Whether the CLI locks its session file.
pub(crate) const CLI_LOCKS_ITS_FILE: bool = false;

/// A device that can be opened like a file.
pub(crate) const DEVICE: Option<&str> = None;

/// Creates a symbolic link to a directory, if the platform lets us. Returns whether it does. Windows lets only some users,
/// and Wine 8 reports success and does nothing.
pub(crate) fn symlink(target: &Path, link: &Path) -> bool {
    symlink_dir(target, link).is_ok() && link.exists()
}

/// Opens a file and lets nobody else open it, if the platform can.
pub(crate) fn keep_to_ourselves(path: &Path) -> Option<File> {
    File::options().read(true).share_mode(0).open(path).ok()
}

/// Creates a directory that other users can open.
pub(crate) fn exposed_directory() -> TempDir {
    tempfile::tempdir_in(ROOT).unwrap()
}

/// Returns whether this is Wine, which cannot rename a file over one that is open.
pub(super) fn is_wine() -> bool {
    Path::new(r"C:\windows\system32\winecfg.exe").exists()
}

/// Gives a file to another user. Only root can, and nobody is root here.
pub(crate) fn give_away(_: &Path) {}

/// Sets the permissions of a file, which here depend on the directory.
pub(crate) fn set_mode(_: &Path, _: u32) {}

/// Creates a pipe with a name in the file system, if the platform has them. Returns whether it has.
pub(crate) fn make_pipe(_: &Path) -> bool {
    false
}

/// Returns a text that is not Unicode.
#[cfg(feature = "net")]
pub(crate) fn not_unicode(before: &str, after: &str) -> OsString {
    let units: Vec<u16> = before.encode_utf16().chain([0xd800]).chain(after.encode_utf16()).collect();
    OsString::from_wide(&units)
}

/// Returns the CPU time of this thread, if it can be measured. Here it cannot, and other times depend on the load.
pub(crate) fn thread_time() -> Option<Duration> {
    None
}
