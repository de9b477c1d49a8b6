//! Waiting for several descriptors at once, on one thread and until a deadline.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::time::Deadline;

/// The longest wait in one call. Some systems accept at most 24 days.
const MAX_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Waits until at least one source is readable, at its end or broken, and returns which of them are. Returns none of them
/// if the deadline passes, a signal arrives, or a day has passed.
pub(super) fn readable<const N: usize>(
    sources: [Option<BorrowedFd<'_>>; N],
    deadline: Deadline,
) -> io::Result<[bool; N]> {
    poll_for(sources, PollFlags::IN, deadline.remaining().min(MAX_WAIT))
}

/// Returns which sources are readable, at their end or broken at this moment.
pub(super) fn readable_now<const N: usize>(sources: [Option<BorrowedFd<'_>>; N]) -> io::Result<[bool; N]> {
    poll_for(sources, PollFlags::IN, Duration::ZERO)
}

/// Waits until a descriptor is writable or broken. Returns `false` if the deadline passes, a signal arrives, or a day has
/// passed.
#[cfg(feature = "program")]
pub(super) fn writable(descriptor: BorrowedFd<'_>, deadline: Deadline) -> io::Result<bool> {
    let [is_ready] = poll_for([Some(descriptor)], PollFlags::OUT, deadline.remaining().min(MAX_WAIT))?;
    Ok(is_ready)
}

fn poll_for<const N: usize>(
    descriptors: [Option<BorrowedFd<'_>>; N],
    event: PollFlags,
    wait: Duration,
) -> io::Result<[bool; N]> {
    let mut polled: Vec<PollFd<'_>> =
        descriptors.iter().flatten().map(|descriptor| PollFd::from_borrowed_fd(*descriptor, event)).collect();
    match poll(&mut polled, Timespec::try_from(wait).ok().as_ref()) {
        Ok(_) => {}
        Err(Errno::INTR) => return Ok([false; N]),
        Err(error) => return Err(error.into()),
    }
    let mut events = polled.iter().map(PollFd::revents);
    Ok(descriptors
        .map(|descriptor| descriptor.is_some() && events.next().is_some_and(|event| !event.is_empty())))
}
