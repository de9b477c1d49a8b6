//! The ownership of files, and opening a file that may belong to anybody.

#[cfg(feature = "program")]
use std::fs::{self, Permissions};
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
#[cfg(feature = "program")]
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;

use rustix::fs::OFlags;

/// Returns whether a file belongs to the effective user of this process.
pub(crate) fn is_of_user(metadata: &Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw()
}

/// Returns whether the effective user is root.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether the functions below read who may use a file.
#[cfg(feature = "program")]
pub(crate) const READS_PERMISSIONS: bool = true;

/// Returns whether other users can use a file.
pub(crate) fn is_exposed(metadata: &Metadata) -> bool {
    metadata.mode() & 0o077 != 0
}

/// The groups below this one belong to the system, such as `staff` and `admin`. They may write where root lets them.
#[cfg(feature = "program")]
const FIRST_GROUP_OF_USERS: u32 = 100;

/// Returns whether another user than root can write a file, or create files in a directory.
#[cfg(feature = "program")]
pub(crate) fn is_writable_by_others(metadata: &Metadata) -> bool {
    let is_of_others = metadata.uid() != 0 && !is_of_user(metadata);
    let group = metadata.gid();
    let is_own_group = group == rustix::process::getegid().as_raw();
    let is_of_system = metadata.uid() == 0 && group < FIRST_GROUP_OF_USERS;
    let is_of_group = metadata.mode() & 0o020 != 0 && group != 0 && !is_own_group && !is_of_system;
    is_of_others || is_of_group || metadata.mode() & 0o002 != 0
}

/// Returns the permissions of a file as `chmod` takes them.
#[cfg(feature = "program")]
pub(crate) fn shown_mode(metadata: &Metadata) -> String {
    format!("mode {:04o}", metadata.mode() & 0o7777)
}

/// Gives a file the owner and the mode of the one that it has replaced.
#[cfg(feature = "program")]
pub(crate) fn restore(path: &Path, before: &Metadata) -> io::Result<()> {
    let now = path.metadata()?;
    let is_same = (before.uid(), before.gid()) == (now.uid(), now.gid());
    let is_owned = is_same || chown(path, Some(before.uid()), Some(before.gid())).is_ok();
    // Permissions of a group must not go to another group.
    let mode = if is_owned { before.mode() & 0o7777 } else { before.mode() & 0o700 };
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Opens a file to append to it, without waiting.
#[cfg(feature = "program")]
pub(crate) fn open_to_append(path: &Path) -> io::Result<File> {
    let not_waiting = OFlags::NONBLOCK.bits().cast_signed();
    File::options().read(true).append(true).custom_flags(not_waiting).open(path)
}

/// Shortens a file that was opened to append to it.
#[cfg(feature = "program")]
pub(crate) fn shorten(file: &File, _: &Path, length: u64) -> io::Result<()> {
    file.set_len(length)
}

/// Returns whether another program keeps a file from being opened or read. Locks do not do that here.
pub(crate) fn is_held(_: &io::Error) -> bool {
    false
}

/// Opens a file without waiting, in case it is a pipe that nobody writes to.
pub(crate) fn open_without_waiting(path: &Path) -> io::Result<File> {
    open_with(path, OFlags::empty())
}

/// [`open_without_waiting`] with further flags.
pub(super) fn open_with(path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = (flags | OFlags::NONBLOCK).bits().cast_signed();
    File::options().read(true).custom_flags(flags).open(path)
}
