//! Holding back the end of the program while a file is being replaced, and whether that end is a success.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The longest time that the end is held back, in case a file system does not answer.
const MAX_HOLD: Duration = Duration::from_secs(5);

/// How many threads hold the end back.
static HOLDERS: Mutex<usize> = Mutex::new(0);

/// Notified when a holder lets go.
static LET_GO: Condvar = Condvar::new();

/// Whether the program exits with status 0 when it is asked to end.
static ENDS_WELL: AtomicBool = AtomicBool::new(false);

fn holders() -> MutexGuard<'static, usize> {
    HOLDERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Holds back the end of the program until it is dropped.
pub(crate) struct Hold(());

impl Hold {
    pub(super) fn new() -> Self {
        *holders() += 1;
        Self(())
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        *holders() -= 1;
        LET_GO.notify_all();
    }
}

/// Waits until nobody holds the end back. While the result is kept, nobody can start to.
pub(super) fn wait_for_holders() -> impl Sized {
    LET_GO.wait_timeout_while(holders(), MAX_HOLD, |holders| *holders > 0)
}

/// Makes a request to end a success.
pub(super) fn set_ends_well() {
    ENDS_WELL.store(true, Ordering::Relaxed);
}

/// Returns whether a request to end is a success.
pub(super) fn ends_well() -> bool {
    ENDS_WELL.load(Ordering::Relaxed)
}
