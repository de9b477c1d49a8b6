//! The properties of files that are known without reading their access control lists, and opening a file that may belong
//! to anybody.
//!
//! A file is protected by the access control list of its directory, from which it inherits. The lists are not read.
//! Other users cannot open files in the user's profile by default. If the user chooses another directory, its list
//! applies.

use std::fs::{File, Metadata};
use std::io;
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::Path;

/// Opens a directory too (`FILE_FLAG_BACKUP_SEMANTICS`).
const BACKUP_SEMANTICS: u32 = 0x0200_0000;

/// Another program has opened the file and shares it with nobody, or has locked it (`ERROR_SHARING_VIOLATION`,
/// `ERROR_LOCK_VIOLATION`).
const HELD: [i32; 2] = [32, 33];

/// Whether the functions below read who may use a file.
#[cfg(feature = "program")]
pub(crate) const READS_PERMISSIONS: bool = false;

/// Returns whether a file belongs to the user of this process, which is not checked here.
pub(crate) fn is_of_user(_: &Metadata) -> bool {
    true
}

/// Returns whether the user is root.
pub(crate) fn is_root() -> bool {
    false
}

/// Returns whether other users can use a file, which is not checked here.
pub(crate) fn is_exposed(_: &Metadata) -> bool {
    false
}

/// Returns whether another user can write a file, which is not checked here.
#[cfg(feature = "program")]
pub(crate) fn is_writable_by_others(_: &Metadata) -> bool {
    false
}

/// Files have no mode here, only the read-only attribute.
#[cfg(feature = "program")]
pub(crate) fn shown_mode(metadata: &Metadata) -> String {
    if metadata.permissions().readonly() { "read-only" } else { "writable" }.to_owned()
}

/// The new file has the permissions of its directory.
#[cfg(feature = "program")]
#[expect(clippy::unnecessary_wraps, reason = "the same function as on Unix")]
pub(crate) fn restore(_: &Path, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Opens a file to append to it.
#[cfg(feature = "program")]
pub(crate) fn open_to_append(path: &Path) -> io::Result<File> {
    File::options().read(true).append(true).open(path)
}

/// Shortens a file that was opened to append to it. That takes another handle, because one that appends may do nothing
/// else.
#[cfg(feature = "program")]
pub(crate) fn shorten(_: &File, path: &Path, length: u64) -> io::Result<()> {
    File::options().write(true).open(path)?.set_len(length)
}

/// Returns whether another program keeps a file from being opened or read at this moment.
pub(crate) fn is_held(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|code| HELD.contains(&code))
}

/// Opens a file or a directory.
pub(crate) fn open_without_waiting(path: &Path) -> io::Result<File> {
    File::options().read(true).custom_flags(BACKUP_SEMANTICS).open(path)
}
