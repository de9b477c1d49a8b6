//! Calls that block, with a deadline: opening a pipe that nobody writes to, reading a terminal, waiting for a lock.

use std::io;
use std::sync::mpsc::channel;
use std::thread;

use super::platform;
use crate::error::{Error, ErrorKind};
use crate::time::Deadline;

/// Runs `call` on a thread of its own and waits for it until the deadline.
///
/// If no thread can be started, the result is an error of the kind `WouldBlock` (see [`no_thread`]). If the deadline
/// passes first, it is one of the kind `TimedOut`. The thread then keeps waiting until its call returns or the program
/// ends, and what it returns is dropped.
pub(crate) fn within<T: Send + 'static>(
    deadline: Deadline,
    call: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (sender, result) = channel();
    thread::Builder::new().spawn(move || drop(sender.send(call()))).map_err(not_started)?;
    result.recv_timeout(deadline.remaining()).unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Returns the reason why a thread could not be started, with a kind that callers can recognize. The system has several
/// (`EAGAIN`, `ENOMEM`).
fn not_started(error: io::Error) -> io::Error {
    io::Error::new(io::ErrorKind::WouldBlock, error)
}

/// Returns the error for a thread that could not be started.
pub(crate) fn no_thread(error: io::Error) -> Error {
    Error::new(ErrorKind::Internal, "cannot start a thread")
        .with_hint(platform::TOO_MANY_THREADS)
        .with_source(error)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn result_of_the_call_is_returned() {
        assert_eq!(within(Deadline::never(), || Ok(5)).unwrap(), 5);
        let error = within(Deadline::never(), || Err::<(), _>(io::ErrorKind::NotFound.into())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn thread_that_cannot_be_started_is_recognized_whatever_the_reason() {
        // `EAGAIN` and `ENOMEM` on Linux.
        for code in [11, 12] {
            let reason = io::Error::from_raw_os_error(code).to_string();
            let error = not_started(io::Error::from_raw_os_error(code));
            assert_eq!((error.kind(), error.to_string()), (io::ErrorKind::WouldBlock, reason));
        }
    }

    #[test]
    fn call_that_does_not_return_times_out() {
        let (_open, wait) = channel::<()>();
        let error = within(Deadline::after(Duration::from_millis(20)), move || Ok(wait.recv())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
