//! Lets the program end cleanly by an event of its console: Ctrl-C, Ctrl-Break, a closed window. Its children end first,
//! the console's echo is restored, and a file that is being replaced is finished or removed.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::group;
use crate::system::hold::{self, Hold};
use crate::system::modes;

/// The exit status of a program that Ctrl-C has ended (`STATUS_CONTROL_C_EXIT`), as a shell expects it.
const ENDED_BY_CTRL_C: u32 = 0xC000_013A;

/// Whether events are left to the program that runs in our place.
static IS_LEFT_TO_CHILD: AtomicBool = AtomicBool::new(false);

static WATCHED: OnceLock<bool> = OnceLock::new();

/// Holds back the end by an event. If events cannot be watched, they end the program at once.
pub(crate) fn hold() -> Hold {
    watch();
    Hold::new()
}

/// Makes events end the program with exit status 0.
pub(crate) fn end_well() {
    hold::set_ends_well();
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
    modes::restore_for_the_end();
    let _held = hold::wait_for_holders();
    std::process::exit(if hold::ends_well() { 0 } else { ENDED_BY_CTRL_C.cast_signed() });
}
