//! Waiting for whatever comes first, on one thread, and not past a deadline.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::deadline::Deadline;

/// Longer than this is not waited at a time: not every system can be told of more than 24 days.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Waits until one of these can be read, is at its end, or is broken, and returns which of them. None of them if the
/// deadline passes, a signal comes in between, or a day is over.
pub(crate) fn readable<const N: usize>(
    sources: [Option<BorrowedFd<'_>>; N],
    deadline: Deadline,
) -> io::Result<[bool; N]> {
    let mut polled: Vec<PollFd<'_>> =
        sources.iter().flatten().map(|source| PollFd::from_borrowed_fd(*source, PollFlags::IN)).collect();
    let wait = deadline.remaining().min(LONGEST_WAIT);
    match poll(&mut polled, Timespec::try_from(wait).ok().as_ref()) {
        Ok(_) => {}
        Err(Errno::INTR) => return Ok([false; N]),
        Err(error) => return Err(error.into()),
    }
    let mut events = polled.iter().map(PollFd::revents);
    Ok(sources.map(|source| source.is_some() && events.next().is_some_and(|event| !event.is_empty())))
}
