//! Finds a program that can be run, with the rules of the platform.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::system::environment::Environment;

/// Returns an absolute path if an executable file is there.
pub(crate) fn at(path: &Path, _: &Environment) -> Option<PathBuf> {
    which::which_in(path, None::<&OsStr>, "/").ok()
}

/// Returns the first executable file with this name in these directories, of which relative ones start at `from`.
pub(crate) fn in_directories(
    name: &OsStr,
    directories: &[PathBuf],
    from: &Path,
    _: &Environment,
) -> Option<PathBuf> {
    let directories: OsString = std::env::join_paths(directories).ok()?;
    which::which_in(name, Some(directories), from).ok()
}
