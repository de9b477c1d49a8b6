//! A captured run in a process group of its own.
//!
//! The run ends with TERM to the group and the child, then KILL. This also ends a grandchild that keeps the pipe open. Two
//! processes may survive, and we do not wait for them: a grandchild that has left the group, and a child that we may not
//! kill.
//!
//! Waiting is one `poll` on both pipes and on the exit, with the deadline. The exit is seen without reaping, so the ID
//! of the group cannot have been reused when the rest of the group is killed.

use std::io::{self, Read};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, ExitStatus, Stdio};
use std::time::Duration;

use zeroize::Zeroizing;

use super::{group, poll};
use crate::system::process::{CHUNK, End, Extent, GRACE, Invocation, Output, Script, captured_command};
use crate::system::transcript::Transcript;
use crate::time::Deadline;

/// Something that happened to a run.
enum Event {
    /// Output arrived, or the other end of a pipe was closed.
    Output,
    /// Stdout exceeded its limit.
    TooMuchOutput,
    /// The child has exited and has not been reaped.
    Exited,
    /// The deadline passed.
    TimedOut,
}

/// A captured run in progress. A pipe that has ended is `None`.
pub(in crate::system) struct Run {
    child: Child,
    running: group::Running,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    /// Readable when the child has exited.
    exit: Option<OwnedFd>,
    chunk: Zeroizing<Vec<u8>>,
    transcript: Transcript,
}

impl Run {
    pub(in crate::system) fn start(invocation: &Invocation, stdin: Stdio) -> io::Result<Self> {
        let mut command = captured_command(invocation, stdin);
        let (mut child, running) = group::spawn(&mut command, Extent::Group)?;
        let mut run = Self {
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
            child,
            running,
            exit: None,
            chunk: Zeroizing::new(vec![0; CHUNK]),
            transcript: Transcript::default(),
        };
        match running.exit() {
            Ok(exit) => run.exit = Some(exit),
            Err(error) => {
                running.signal(group::Signal::Kill);
                run.reap()?;
                return Err(error);
            }
        }
        Ok(run)
    }

    pub(in crate::system) fn finish(
        mut self,
        deadline: Deadline,
        script: Option<Script<'_>>,
    ) -> io::Result<Output> {
        let stopped = self.follow(deadline, script);
        if !matches!(stopped, Ok(None)) {
            self.stop();
        }
        let status = self.reap()?;
        self.drain();
        Ok(self.transcript.into_output(stopped?, status))
    }

    /// Follows the run to its end. Returns a reason if it must be stopped.
    fn follow(&mut self, deadline: Deadline, mut script: Option<Script<'_>>) -> io::Result<Option<End>> {
        let mut limit = deadline;
        while self.is_open() {
            match self.next_event(limit)? {
                Event::Output => {}
                // Once the child has exited, its pipes only need to drain, even if other processes still write to them.
                Event::Exited => limit = deadline.within(GRACE),
                Event::TooMuchOutput => return Ok(Some(End::TooMuchOutput)),
                Event::TimedOut => {
                    // If we were suspended (Ctrl-Z), the run may have finished in time even though we notice late.
                    let has_exited = self.exit.is_none() || self.ready_now()?[2];
                    return Ok((!has_exited).then_some(End::TimedOut));
                }
            }
            // A prompt is the end of what was written, not just of what was read so far.
            if let Some(script) = script.as_mut()
                && !self.ready_now()?[0]
            {
                self.transcript.reply(script, &mut self.stdin);
            }
        }
        Ok(None)
    }

    fn is_open(&self) -> bool {
        self.stdout.is_some() || self.stderr.is_some() || self.exit.is_some()
    }

    fn next_event(&mut self, limit: Deadline) -> io::Result<Event> {
        if limit.has_passed() {
            return Ok(Event::TimedOut);
        }
        let ready = self.ready(limit)?;
        Ok(self.take(ready))
    }

    /// Waits for stdout, stderr or the exit, and returns which of them are readable.
    fn ready(&self, limit: Deadline) -> io::Result<[bool; 3]> {
        poll::readable(self.sources(), limit)
    }

    fn ready_now(&self) -> io::Result<[bool; 3]> {
        poll::readable_now(self.sources())
    }

    fn sources(&self) -> [Option<BorrowedFd<'_>>; 3] {
        [
            self.stdout.as_ref().map(|pipe| pipe.as_fd()),
            self.stderr.as_ref().map(|pipe| pipe.as_fd()),
            self.exit.as_ref().map(|exit| exit.as_fd()),
        ]
    }

    /// Reads from what is ready.
    fn take(&mut self, [stdout, stderr, exit]: [bool; 3]) -> Event {
        if stderr {
            self.transcript.add_stderr(read(&mut self.stderr, &mut self.chunk));
        }
        if stdout && self.read_stdout() {
            return Event::TooMuchOutput;
        }
        if exit {
            self.exit = None;
            return Event::Exited;
        }
        Event::Output
    }

    /// Reads from stdout, and returns whether the limit is exceeded. Past the limit the pipe is closed, so the child
    /// cannot keep writing.
    fn read_stdout(&mut self) -> bool {
        let is_too_much = self.transcript.add_stdout(read(&mut self.stdout, &mut self.chunk));
        if is_too_much {
            self.stdout = None;
        }
        is_too_much
    }

    /// Ends the whole group: TERM, then KILL.
    fn stop(&mut self) {
        self.running.signal(group::Signal::Term);
        self.settle(GRACE);
        if self.exit.is_some() {
            self.running.signal(group::Signal::Kill);
        }
    }

    /// Kills the rest of the group once the child has exited, then takes the exit status. A child that cannot be killed,
    /// because it runs as another user (set-user-ID) or hangs in the kernel, is not waited for.
    fn reap(&mut self) -> io::Result<Option<ExitStatus>> {
        self.stdin = None;
        let has_exited = self.running.wait_for_exit_within(GRACE);
        self.exit = None;
        self.running.signal(group::Signal::Kill);
        if !has_exited {
            self.running.abandon();
            return Ok(None);
        }
        let Self { child, running, .. } = self;
        running.reap(|| child.wait()).map(Some)
    }

    /// Reads what is left in the pipes. Everything that the child wrote is there by now; other writers are not waited
    /// for.
    fn drain(&mut self) {
        let limit = Deadline::after(GRACE);
        while let Ok(ready) = self.ready_now()
            && ready.contains(&true)
            && !limit.has_passed()
        {
            self.take(ready);
        }
    }

    /// Waits until everything has ended, but no longer than `limit`.
    fn settle(&mut self, limit: Duration) {
        let limit = Deadline::after(limit);
        while self.is_open() && !matches!(self.next_event(limit), Ok(Event::TimedOut) | Err(_)) {}
    }
}

/// Reads once from a readable pipe. At its end, or after an error, the pipe is closed.
fn read<'a>(pipe: &mut Option<impl Read>, chunk: &'a mut [u8]) -> &'a [u8] {
    match pipe.as_mut().map_or(Ok(0), |pipe| pipe.read(chunk)) {
        Ok(length) if length > 0 => &chunk[..length],
        Err(error) if error.kind() == io::ErrorKind::Interrupted => &[],
        _ => {
            *pipe = None;
            &[]
        }
    }
}
