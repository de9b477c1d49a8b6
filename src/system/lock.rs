//! Takes a lock, with a deadline. The kernel releases it when its holder ends, however that happens.

use std::fs::{File, TryLockError};
use std::io;

use super::blocking;
use crate::time::Deadline;

/// Takes an exclusive lock on the file that `file` finds in `locked`, and waits for it until the deadline.
/// `before_waiting` is called if another process holds the lock.
///
/// An error of the kind `TimedOut` says that the deadline passed. If the lock is granted later, it is released at once.
pub(super) fn exclusive<T: Send + 'static>(
    mut locked: T,
    file: fn(&mut T) -> &mut File,
    deadline: Deadline,
    before_waiting: impl FnOnce(&mut T),
) -> io::Result<T> {
    match file(&mut locked).try_lock() {
        Ok(()) => Ok(locked),
        Err(TryLockError::WouldBlock) => {
            before_waiting(&mut locked);
            blocking::within(deadline, move || file(&mut locked).lock().map(|()| locked))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Returns whether another process holds an exclusive lock. It takes a shared lock and releases it at once.
pub(super) fn is_held(file: &File) -> io::Result<bool> {
    match file.try_lock_shared() {
        Ok(()) => file.unlock().map(|()| false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
