//! A captured run in a job.
//!
//! The job holds the child and everything that it starts, and the system kills all of it when the job is closed, which
//! happens even if we are killed. Windows cannot ask a console program to end without ending its neighbors, so a run that
//! must stop is killed.
//!
//! There is no `poll` for pipes, so each pipe has a thread that reads it. While a pipe is open, the child is asked now
//! and then whether it has exited. Usually the pipes end first, because nobody else has them.

use std::io::{self, Read};
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use super::group;
use crate::system::process::{End, GRACE, Invocation, Output, Script, command};
use crate::system::transcript::Transcript;
use crate::time::Deadline;

/// The most that is read at once: enough for an answer. All of it is wiped in the end.
const CHUNK: usize = 4 * 1024;

/// How many chunks are kept before the threads that read must wait.
const MAX_CHUNKS: usize = 4;

/// The longest pause between two questions whether the child has exited.
const MAX_PAUSE: Duration = Duration::from_millis(10);

/// The time without output after which the output so far is taken for a prompt. A pipe cannot be asked whether more
/// has been written to it.
const QUIET: Duration = Duration::from_millis(20);

/// Something that a thread has read. A pipe that has ended sends nothing more.
enum Chunk {
    Stdout(Zeroizing<Vec<u8>>),
    Stderr(Zeroizing<Vec<u8>>),
}

/// A captured run in progress.
pub(in crate::system) struct Run {
    child: Child,
    running: group::Running,
    stdin: Option<ChildStdin>,
    /// Disconnected when both pipes have ended.
    chunks: Receiver<Chunk>,
    pipes_are_open: bool,
    status: Option<ExitStatus>,
    transcript: Transcript,
}

impl Run {
    pub(in crate::system) fn start(invocation: &Invocation, stdin: Stdio) -> io::Result<Self> {
        let mut command = command(invocation);
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (mut child, running) = group::spawn(&mut command, group::Extent::Group)?;
        let (sender, chunks) = sync_channel(MAX_CHUNKS);
        let reading = [
            pass_on(child.stdout.take(), sender.clone(), Chunk::Stdout),
            pass_on(child.stderr.take(), sender, Chunk::Stderr),
        ];
        let mut run = Self {
            stdin: child.stdin.take(),
            child,
            running,
            chunks,
            pipes_are_open: true,
            status: None,
            transcript: Transcript::default(),
        };
        if let Some(error) = reading.into_iter().find_map(Result::err) {
            run.end();
            return Err(error);
        }
        Ok(run)
    }

    pub(in crate::system) fn finish(
        mut self,
        deadline: Deadline,
        script: Option<Script<'_>>,
    ) -> io::Result<Output> {
        let stopped = self.follow(deadline, script);
        self.end();
        self.drain();
        let end = match (stopped?, self.status) {
            (Some(end), _) => end,
            (None, Some(status)) => End::Exited(status),
            (None, None) => End::TimedOut,
        };
        Ok(self.transcript.into_output(end))
    }

    /// Follows the run to its end. Returns a reason if it must be stopped.
    fn follow(&mut self, deadline: Deadline, mut script: Option<Script<'_>>) -> io::Result<Option<End>> {
        let mut limit = deadline;
        let mut pause = Duration::from_millis(1);
        let mut is_answered = true;
        loop {
            if self.status.is_none() {
                self.status = self.child.try_wait()?;
                if self.status.is_some() {
                    // Its pipes only need to drain, even if other processes still write to them.
                    limit = deadline.within(GRACE);
                }
            }
            if self.status.is_some() && !self.pipes_are_open {
                return Ok(None);
            }
            if limit.has_passed() {
                return Ok(self.status.is_none().then_some(End::TimedOut));
            }
            let wait = if is_answered { pause } else { QUIET };
            match self.next_chunk(wait.min(limit.remaining())) {
                Some(chunk) => {
                    if self.take(chunk) {
                        return Ok(Some(End::TooMuchOutput));
                    }
                    is_answered = script.is_none();
                    pause = Duration::from_millis(1);
                }
                None if is_answered => pause = (pause * 2).min(MAX_PAUSE),
                None => {
                    if let Some(script) = script.as_mut() {
                        self.transcript.reply(script, &mut self.stdin);
                    }
                    is_answered = true;
                }
            }
        }
    }

    /// Waits for output.
    fn next_chunk(&mut self, wait: Duration) -> Option<Chunk> {
        if self.pipes_are_open {
            match self.chunks.recv_timeout(wait) {
                Ok(chunk) => return Some(chunk),
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => self.pipes_are_open = false,
            }
        } else {
            thread::sleep(wait);
        }
        None
    }

    /// Adds output, and returns whether there is too much of it.
    fn take(&mut self, chunk: Chunk) -> bool {
        match chunk {
            Chunk::Stdout(chunk) => self.transcript.add_stdout(&chunk),
            Chunk::Stderr(chunk) => {
                self.transcript.add_stderr(&chunk);
                false
            }
        }
    }

    /// Kills what is left of the run, and takes the exit status. A child that cannot be killed is not waited for.
    fn end(&mut self) {
        self.stdin = None;
        self.running.kill();
        let limit = Deadline::after(GRACE);
        while self.status.is_none() && !limit.has_passed() {
            self.status = self.child.try_wait().ok().flatten();
            if self.status.is_none() {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// Takes what is left in the pipes.
    fn drain(&mut self) {
        let limit = Deadline::after(GRACE);
        while self.pipes_are_open && !limit.has_passed() {
            if let Some(chunk) = self.next_chunk(limit.remaining())
                && self.take(chunk)
            {
                return;
            }
        }
    }
}

/// Starts a thread that reads a pipe to its end.
fn pass_on(
    pipe: Option<impl Read + Send + 'static>,
    sender: SyncSender<Chunk>,
    kind: fn(Zeroizing<Vec<u8>>) -> Chunk,
) -> io::Result<()> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    thread::Builder::new().spawn(move || {
        loop {
            let mut chunk = Zeroizing::new(vec![0; CHUNK]);
            match pipe.read(&mut chunk) {
                Ok(length) if length > 0 => chunk.truncate(length),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                _ => return,
            }
            if sender.send(kind(chunk)).is_err() {
                return;
            }
        }
    })?;
    Ok(())
}
