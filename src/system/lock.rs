//! A lock on an open file or directory (`flock`). The kernel releases it when its holder ends, even by SIGKILL.

use std::fs::{File, TryLockError};
use std::io;

use super::blocking;
use crate::time::Deadline;

/// Takes a shared lock, and waits for it until the deadline.
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

/// Takes an exclusive lock, and waits for it until the deadline. `before_waiting` sees the file while another process
/// holds the lock.
///
/// An error of the kind `TimedOut` says that the deadline passed. If the lock is granted later, it is released at once.
pub(crate) fn exclusive(
    mut file: File,
    deadline: Deadline,
    before_waiting: impl FnOnce(&mut File),
) -> io::Result<File> {
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            before_waiting(&mut file);
            blocking::within(deadline, move || file.lock().map(|()| file))
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
