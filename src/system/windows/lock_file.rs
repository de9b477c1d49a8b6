//! Locks on files of ours (`LockFileEx`). The system releases a lock when its holder ends, even if it is killed.
//!
//! A lock keeps others from reading the file too, and a directory cannot be locked. So the record is in a file of its
//! own, and everybody who shares a session locks a file of ours in its directory. The CLI's own file is never locked,
//! because that would block the CLI's writes.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::private_directory::open_file;
use crate::system::lock;
use crate::time::Deadline;

/// The name of the file that stands for the directory in which it is.
const IN_DIRECTORY: &str = "ibmcloud-token.lock";

/// A file to be locked by one process at a time.
#[derive(Debug)]
pub(crate) struct LockFile {
    path: PathBuf,
    lock: File,
    record: Option<File>,
}

impl LockFile {
    /// Opens a file of ours and its record. They are created if they are missing.
    pub(crate) fn of_ours(path: &Path) -> io::Result<Self> {
        let record = Some(open_file(&path.with_extension("run"))?);
        Ok(Self { path: path.to_owned(), lock: open_file(path)?, record })
    }

    /// Returns whether [`Self::of_directory`] would create nothing.
    pub(crate) fn exists_in(directory: &Path) -> bool {
        directory.join(IN_DIRECTORY).exists()
    }

    /// Opens what everybody who shares a directory can lock: a file in it.
    pub(crate) fn of_directory(directory: &Path) -> io::Result<Self> {
        if !directory.metadata()?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let path = directory.join(IN_DIRECTORY);
        Ok(Self { lock: open_file(&path)?, path, record: None })
    }

    /// Returns whether only we can take the lock, because the file is in the user's profile.
    pub(crate) fn is_closed_to_others(&self) -> bool {
        let profile = std::env::home_dir().and_then(|profile| profile.canonicalize().ok());
        profile.is_some_and(|profile| self.path.canonicalize().is_ok_and(|path| path.starts_with(profile)))
    }

    /// Takes the lock, as [`lock::exclusive`] does. `before_waiting` sees the record.
    pub(crate) fn lock(self, deadline: Deadline, before_waiting: impl FnOnce(&mut File)) -> io::Result<Self> {
        lock::exclusive(self, |lock| &mut lock.lock, deadline, |lock| before_waiting(lock.record()))
    }

    /// Returns whether another process holds the lock.
    pub(crate) fn is_held(&self) -> io::Result<bool> {
        lock::is_held(&self.lock)
    }

    /// Returns the record. Only the holder of the lock may write it.
    pub(crate) fn record(&mut self) -> &mut File {
        self.record.as_mut().unwrap_or(&mut self.lock)
    }
}

/// Files of other programs are not locked here.
pub(crate) fn shared(_: File, _: Deadline) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::time::Duration;

    use super::*;

    #[test]
    fn record_can_be_read_while_another_process_holds_the_lock() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.lock");
        let soon = || Deadline::after(Duration::from_millis(20));
        let mut held = LockFile::of_ours(&path).unwrap().lock(soon(), |_| panic!("nobody holds it")).unwrap();
        held.record().write_all(b"record").unwrap();
        let mut seen = String::new();
        let waiting = LockFile::of_ours(&path).unwrap();
        let error = waiting.lock(soon(), |record| drop(record.read_to_string(&mut seen))).unwrap_err();
        assert_eq!((error.kind(), seen.as_str()), (io::ErrorKind::TimedOut, "record"));
        drop(held);
        LockFile::of_ours(&path).unwrap().lock(Deadline::never(), |_| ()).unwrap();
    }

    #[test]
    fn directory_has_one_lock_and_a_missing_one_has_none() {
        let directory = tempfile::tempdir().unwrap();
        let soon = || Deadline::after(Duration::from_millis(20));
        let held = LockFile::of_directory(directory.path()).unwrap().lock(soon(), |_| ()).unwrap();
        let error = LockFile::of_directory(directory.path()).unwrap().lock(soon(), |_| ()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(held);
        assert!(LockFile::of_directory(&directory.path().join("none")).is_err());
        assert!(!directory.path().join("none").exists());
    }
}
