//! Files and directories.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The names in a directory, sorted.
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Every file below a directory. A symbolic link to a directory is followed.
pub(crate) fn files_below(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// Lets only the owner read a file or a directory. On Windows, the protection of the profile does that.
pub(crate) fn make_private(path: &Path) {
    #[cfg(unix)]
    super::set_mode(path, if path.is_dir() { 0o700 } else { 0o600 });
    #[cfg(not(unix))]
    assert!(path.exists());
}

/// Changes whenever a file is written: its inode where there is one, its modification time and its content.
pub(crate) fn trace_of_writing(path: &Path) -> (u64, SystemTime, Vec<u8>) {
    let metadata = path.symlink_metadata().unwrap();
    let content = if metadata.is_file() { fs::read(path).unwrap_or_default() } else { Vec::new() };
    #[cfg(unix)]
    let inode = metadata.ino();
    #[cfg(not(unix))]
    let inode = 0;
    (inode, metadata.modified().unwrap(), content)
}
