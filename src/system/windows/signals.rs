//! Lets the program end cleanly by an event of its console: Ctrl-C, Ctrl-Break, a closed window. Its children end first,
//! the console's echo is restored, and a file that is being replaced is finished or removed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::{group, terminal};

/// The exit status of a program that Ctrl-C has ended (`STATUS_CONTROL_C_EXIT`), as a shell expects it.
const ENDED_BY_CTRL_C: u32 = 0xC000_013A;

/// The longest time that the end is held back, in case a file system does not answer.
const MAX_HOLD: Duration = Duration::from_secs(5);

/// How many threads hold the end back.
static HOLDERS: Mutex<usize> = Mutex::new(0);

/// Notified when a holder lets go.
static LET_GO: Condvar = Condvar::new();

/// Whether events are the matter of the program that runs in our place.
static IS_LEFT_TO_CHILD: AtomicBool = AtomicBool::new(false);

static WATCHED: OnceLock<bool> = OnceLock::new();

fn holders() -> MutexGuard<'static, usize> {
    HOLDERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Holds back the end by an event until it is dropped.
pub(crate) struct Hold(());

/// Holds back the end by an event. If events cannot be watched, they end the program at once.
pub(crate) fn hold() -> Hold {
    watch();
    *holders() += 1;
    Hold(())
}

impl Drop for Hold {
    fn drop(&mut self) {
        *holders() -= 1;
        LET_GO.notify_all();
    }
}

/// Whether an event is the way to end the program, so that it exits with 0.
static ENDS_WELL: AtomicBool = AtomicBool::new(false);

/// Makes events the way to end the program.
pub(crate) fn end_well() {
    ENDS_WELL.store(true, Ordering::Relaxed);
    watch();
}

/// Starts to watch for events. This is called before a child is started or a file is replaced, so that an answer from the
/// session file does not pay for it.
pub(crate) fn watch() {
    WATCHED.get_or_init(|| ctrlc::set_handler(obey).is_ok());
}

/// On Unix, this is for process 1 of a container.
pub(crate) fn watch_as_init() {}

/// Leaves events to a child that shares our console and receives them too. We end when it does.
pub(super) fn leave_to_child() {
    IS_LEFT_TO_CHILD.store(true, Ordering::Release);
    watch();
}

#[expect(clippy::exit, clippy::disallowed_methods, reason = "the event ends the program")]
fn obey() {
    if IS_LEFT_TO_CHILD.load(Ordering::Acquire) {
        return;
    }
    group::end_all();
    terminal::restore_for_the_end();
    let _held = LET_GO.wait_timeout_while(holders(), MAX_HOLD, |holders| *holders > 0);
    let ends_well = ENDS_WELL.load(Ordering::Relaxed);
    std::process::exit(if ends_well { 0 } else { ENDED_BY_CTRL_C.cast_signed() });
}
