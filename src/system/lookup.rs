//! Which entries of PATH are searched for a program, and why a program cannot be run.

use std::io;
use std::path::PathBuf;

/// The entries of PATH to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entries {
    /// All of them, for a name that the user typed, so that it means the same as without `ibmcloud-token`.
    All,
    /// The absolute ones, for a name that we chose, because a file of the current directory must not be run unless the
    /// user named it.
    Absolute,
}

/// The reason why a program cannot be run.
#[derive(Debug)]
pub(crate) enum LookupError {
    /// There is no such file.
    Missing,
    /// There is one, but it cannot be executed.
    NotExecutable(PathBuf, io::Error),
}
