//! Directories for the user alone, and files of ours in them. They are in the user's profile, which protects them.
//!
//! Nothing in them is trusted because of its name: a link is not followed.

use std::fs::{self, File};
use std::io;
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::Path;

/// Opens a link itself and not its target (`FILE_FLAG_OPEN_REPARSE_POINT`).
const OPEN_REPARSE_POINT: u32 = 0x0020_0000;

/// Creates a directory, and those above it.
pub(crate) fn create(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

/// Returns an error unless the path is a directory. The inherited access control list decides who may write to it.
pub(crate) fn ensure_private(directory: &Path) -> io::Result<()> {
    if directory.metadata()?.is_dir() { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) }
}

/// Opens a file of ours for reading and writing, and creates it and its directory.
///
/// It must be a regular file with one name. Otherwise another user could have us write to any file, by a link at a name
/// that can be predicted.
pub(super) fn open_file(path: &Path) -> io::Result<File> {
    let directory = path.parent().ok_or(io::ErrorKind::InvalidFilename)?;
    create(directory)?;
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false).custom_flags(OPEN_REPARSE_POINT);
    let file = options.open(path)?;
    let found = file.metadata()?;
    let links = winapi_util::file::information(&file)?.number_of_links();
    if !found.is_file() || found.is_symlink() || links != 1 {
        return Err(io::Error::other("it is not a regular file with one name"));
    }
    Ok(file)
}

/// On Unix, this keeps root from creating a directory in another user's home.
#[expect(clippy::unnecessary_wraps, reason = "the same function as on Unix")]
pub(crate) fn ensure_not_in_another_home(_: &Path) -> io::Result<()> {
    Ok(())
}
