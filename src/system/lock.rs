//! A lock on an open file or directory (`flock`), which ends with its holder however that dies.

use std::fs::{File, TryLockError};
use std::io;

use super::blocking;
use crate::time::Deadline;

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
