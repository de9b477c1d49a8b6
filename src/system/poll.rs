//! Waiting for several descriptors at once, on one thread and until a deadline.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::time::Deadline;

/// The longest wait in one call. Some systems accept at most 24 days.
const MAX_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Waits until at least one source is readable, at its end or broken, and returns which of them are. None are if the
/// deadline passes, a signal arrives, or a day has passed.
pub(super) fn readable<const N: usize>(
    sources: [Option<BorrowedFd<'_>>; N],
    deadline: Deadline,
) -> io::Result<[bool; N]> {
    poll_for(sources, deadline.remaining().min(MAX_WAIT))
}

/// Returns which sources are readable, at their end or broken at this moment.
pub(super) fn readable_now<const N: usize>(sources: [Option<BorrowedFd<'_>>; N]) -> io::Result<[bool; N]> {
    poll_for(sources, Duration::ZERO)
}

fn poll_for<const N: usize>(sources: [Option<BorrowedFd<'_>>; N], wait: Duration) -> io::Result<[bool; N]> {
    let mut polled: Vec<PollFd<'_>> =
        sources.iter().flatten().map(|source| PollFd::from_borrowed_fd(*source, PollFlags::IN)).collect();
    match poll(&mut polled, Timespec::try_from(wait).ok().as_ref()) {
        Ok(_) => {}
        Err(Errno::INTR) => return Ok([false; N]),
        Err(error) => return Err(error.into()),
    }
    let mut events = polled.iter().map(PollFd::revents);
    Ok(sources.map(|source| source.is_some() && events.next().is_some_and(|event| !event.is_empty())))
}
