//! Locks on open files and directories (`flock`). The kernel releases a lock when its holder ends, even by SIGKILL.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use rustix::fs::OFlags;

use super::ownership::open_with;
use super::private_directory;
use crate::system::{blocking, lock};
use crate::time::Deadline;

/// A file of ours or a directory, to be locked by one process at a time.
#[derive(Debug)]
pub(crate) struct LockFile(File);

impl LockFile {
    /// Opens a file of ours, which also holds a record. It is created if it is missing.
    pub(crate) fn of_ours(path: &Path) -> io::Result<Self> {
        private_directory::open_file(path).map(Self)
    }

    /// Returns whether [`Self::of_directory`] would create nothing.
    pub(crate) fn exists_in(directory: &Path) -> bool {
        directory.exists()
    }

    /// Opens what everybody who shares a directory can lock: the directory itself.
    pub(crate) fn of_directory(directory: &Path) -> io::Result<Self> {
        // Without waiting, in case it is a pipe.
        open_with(directory, OFlags::DIRECTORY).map(Self)
    }

    /// Returns whether only we can take the lock. Anybody who can open a file can lock it. Root always can.
    pub(crate) fn is_closed_to_others(&self) -> bool {
        self.0.metadata().is_ok_and(|found| private_directory::is_closed_to_others(&found))
    }

    /// Takes the lock, as [`lock::exclusive`] does. `before_waiting` sees the record.
    pub(crate) fn lock(self, deadline: Deadline, before_waiting: impl FnOnce(&mut File)) -> io::Result<Self> {
        lock::exclusive(self, |lock| &mut lock.0, deadline, |lock| before_waiting(&mut lock.0))
    }

    /// Returns whether another process holds the lock.
    pub(crate) fn is_held(&self) -> io::Result<bool> {
        lock::is_held(&self.0)
    }

    /// Returns the record. Only the holder of the lock may write it.
    pub(crate) fn record(&mut self) -> &mut File {
        &mut self.0
    }
}

/// Takes a shared lock on a file of another program, and waits for it until the deadline.
///
/// An error of the kind `TimedOut` says that the deadline passed. If the lock is granted later, it is released at once.
pub(crate) fn shared(file: File, deadline: Deadline) -> io::Result<File> {
    match file.try_lock_shared() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            blocking::within(deadline, move || file.lock_shared().map(|()| file))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn shared_lock_waits_for_the_writer_until_the_deadline() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let writer = File::create(&path).unwrap();
        let open = || File::open(&path).unwrap();
        let shared_within =
            |milliseconds| shared(open(), Deadline::after(Duration::from_millis(milliseconds)));
        let reader = shared_within(0).unwrap();
        let another = shared_within(0).unwrap();
        drop((reader, another));
        writer.lock().unwrap();
        assert_eq!(shared_within(20).unwrap_err().kind(), io::ErrorKind::TimedOut);
        let waiting = std::thread::spawn({
            let file = open();
            move || shared(file, Deadline::never())
        });
        writer.unlock().unwrap();
        waiting.join().unwrap().unwrap();
        // Neither the reader that gave up nor the one that has finished still holds it.
        writer.lock().unwrap();
    }
}
