//! The temporary names under which a file is written before it replaces another one. They follow from the name of that
//! file, so its next writer finds, and removes, what a kill has left behind.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use super::hash_for_name;
use super::private_file::remove_if_left_over;

/// The number of temporary names that follow from the target, for as many writers at the same time.
pub(super) const NAMES: u64 = 8;

/// The temporary names for one target.
pub(super) struct TemporaryNames<'a> {
    /// The directory of the target.
    pub(super) directory: &'a Path,
    hash: u64,
}

impl<'a> TemporaryNames<'a> {
    /// Returns the names for a target, or an error if it is a directory.
    pub(super) fn of(target: &'a Path) -> io::Result<Self> {
        let directory = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let name = target.file_name().filter(|_| !target.is_dir()).ok_or(io::ErrorKind::IsADirectory)?;
        Ok(Self { directory, hash: hash_for_name(name.as_encoded_bytes()) })
    }

    /// Calls `create` with one name after the other until it succeeds, and returns its result and the name.
    pub(super) fn first_free<T>(&self, create: impl Fn(&Path) -> io::Result<T>) -> io::Result<(T, PathBuf)> {
        // The last name cannot be predicted, so nobody can take all of them.
        let random = RandomState::new().build_hasher().finish();
        for number in (0..NAMES).chain([random]) {
            let path = self.path(number);
            let mut result = create(&path);
            if is_taken(&result) && remove_if_left_over(&path) {
                result = create(&path);
            }
            if !is_taken(&result) {
                return result.map(|created| (created, path));
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Removes what a kill has left behind.
    pub(super) fn remove_left_over(&self) {
        for number in 0..NAMES {
            remove_if_left_over(&self.path(number));
        }
    }

    /// Returns a name by its number.
    pub(super) fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!(".ibmcloud-token-{:016x}-{number:x}", self.hash))
    }
}

fn is_taken<T>(result: &io::Result<T>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists)
}
