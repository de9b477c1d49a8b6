//! Directories for the user alone.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;

/// Creates a directory, and those above it, with mode 0700. Existing ones are not changed.
pub(crate) fn create(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// Returns an error if root would create a directory in another user's home (`sudo -E`): the user could not enter it.
pub(crate) fn ensure_not_in_another_home(directory: &Path) -> io::Result<()> {
    let us = rustix::process::geteuid();
    let above = directory.ancestors().skip(1).find_map(|above| above.metadata().ok());
    if us.is_root() && !directory.exists() && above.is_some_and(|above| above.uid() != us.as_raw()) {
        return Err(io::Error::other("root would create it in another user's home"));
    }
    Ok(())
}
