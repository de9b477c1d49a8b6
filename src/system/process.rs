//! The only place where a process is spawned.
//!
//! Every run states its program by absolute path, its arguments as a list, its environment and all three streams. A
//! captured run has no input (or scripted answers), its output is read concurrently and capped, it has a process group
//! of its own, and a deadline: TERM to the group and the child, then KILL. Nothing of it is left behind, including a
//! grandchild that keeps the pipe open. There are two exceptions, and neither is waited for: a grandchild that leaves the
//! group, and a child that may not be killed.
//!
//! Waiting is one `poll` on both pipes and on the exit, with the deadline. The exit is seen without reaping, so the ID
//! of the group cannot have been reused when the rest of the group is killed.

use std::fmt;
use std::io::{self, Read, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use zeroize::Zeroizing;

use super::environment::Environment;
use super::{group, poll};
use crate::secret::SecretBuffer;
use crate::time::Deadline;

/// The most that is read from stdout before the run is stopped. A real answer is under 10 KiB.
pub(crate) const MAX_STDOUT: usize = 1024 * 1024;

/// The most that is kept of stderr. The rest is read and dropped.
pub(crate) const MAX_STDERR: usize = 64 * 1024;

/// The most that is read at once: enough for an answer. All of it is wiped in the end.
const CHUNK: usize = 4 * 1024;

/// The time between TERM and KILL, and for a pipe to drain after the child has exited, because others may keep it open.
pub(super) const GRACE: Duration = Duration::from_millis(500);

/// A program to run.
pub(crate) struct Invocation {
    /// The program's absolute path.
    pub program: PathBuf,
    /// The arguments. They are never secret.
    pub arguments: Vec<String>,
    /// Further arguments from the user. They are not shown, because they may hold anything.
    pub user_arguments: Vec<String>,
    /// The complete environment of the child.
    pub environment: Environment,
}

/// Writes the command as it would be typed, in backticks.
impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.program.file_stem().unwrap_or(self.program.as_os_str());
        write!(f, "`{}", name.display())?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {argument}"))?;
        f.write_str(if self.user_arguments.is_empty() { "`" } else { " …`" })
    }
}

/// How a captured run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It exited by itself.
    Exited(ExitStatus),
    /// We stopped it because the deadline had passed.
    TimedOut,
    /// We stopped it because stdout exceeded [`MAX_STDOUT`].
    TooMuchOutput,
}

/// The output of a captured run. It may hold a token.
pub(crate) struct Output {
    /// How the run ended.
    pub end: End,
    /// At most [`MAX_STDOUT`] bytes.
    pub stdout: SecretBuffer,
    /// At most [`MAX_STDERR`] bytes.
    pub stderr: SecretBuffer,
}

/// The reply to the output since the last reply.
pub(crate) enum Reply {
    /// None yet, because the output does not end in a prompt.
    Wait,
    /// A line.
    Line(Zeroizing<String>),
    /// The end of the input: stdin is closed.
    Close,
}

/// Decides how to reply to the output since the last reply.
pub(crate) type Script<'a> = &'a mut dyn FnMut(&[u8]) -> Reply;

/// Runs a program without input and returns what it wrote.
pub(crate) fn capture(invocation: &Invocation, deadline: Deadline) -> io::Result<Output> {
    Run::start(invocation, Stdio::null())?.finish(deadline, None)
}

/// Runs a program whose prompts are answered by a script, and returns what it wrote.
pub(crate) fn converse(
    invocation: &Invocation,
    deadline: Deadline,
    script: Script<'_>,
) -> io::Result<Output> {
    Run::start(invocation, Stdio::piped())?.finish(deadline, Some(script))
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that spawns processes")]
pub(super) fn command(invocation: &Invocation) -> Command {
    let mut command = Command::new(&invocation.program);
    command.args(&invocation.arguments).args(&invocation.user_arguments);
    command.env_clear().envs(invocation.environment.iter());
    command
}

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
struct Run {
    child: Child,
    running: group::Running,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    /// Readable when the child has exited.
    exit: Option<OwnedFd>,
    chunk: Zeroizing<Vec<u8>>,
    stdout_text: SecretBuffer,
    stderr_text: SecretBuffer,
    stderr_is_cut: bool,
}

impl Run {
    fn start(invocation: &Invocation, stdin: Stdio) -> io::Result<Self> {
        let mut command = command(invocation);
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (mut child, running) = group::spawn(&mut command, group::Extent::Group)?;
        let mut run = Self {
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
            child,
            running,
            exit: None,
            chunk: Zeroizing::new(vec![0; CHUNK]),
            stdout_text: SecretBuffer::default(),
            stderr_text: SecretBuffer::default(),
            stderr_is_cut: false,
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

    fn finish(mut self, deadline: Deadline, script: Option<Script<'_>>) -> io::Result<Output> {
        let stopped = self.follow(deadline, script);
        if !matches!(stopped, Ok(None)) {
            self.stop();
        }
        let status = self.reap()?;
        self.drain();
        let end = match (stopped?, status) {
            (Some(end), _) => end,
            (None, Some(status)) => End::Exited(status),
            (None, None) => End::TimedOut,
        };
        Ok(Output { end, stdout: self.stdout_text, stderr: self.stderr_text })
    }

    /// Follows the run to its end. Returns a reason if it must be stopped.
    fn follow(&mut self, deadline: Deadline, mut script: Option<Script<'_>>) -> io::Result<Option<End>> {
        let mut limit = deadline;
        let mut answered = 0;
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
                self.reply(script, &mut answered);
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
            self.read_stderr();
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
        let chunk = read(&mut self.stdout, &mut self.chunk);
        let room = MAX_STDOUT - self.stdout_text.len();
        let is_too_much = chunk.len() > room;
        self.stdout_text.push(&chunk[..chunk.len().min(room)]);
        if is_too_much {
            self.stdout = None;
        }
        is_too_much
    }

    fn read_stderr(&mut self) {
        let chunk = read(&mut self.stderr, &mut self.chunk);
        if self.stderr_is_cut {
            return;
        }
        let room = MAX_STDERR - self.stderr_text.len();
        self.stderr_text.push(&chunk[..chunk.len().min(room)]);
        self.stderr_is_cut = chunk.len() > room;
        if self.stderr_is_cut {
            // A part of a secret would not be recognized and redacted, so a line is kept whole or not at all.
            let whole = self.stderr_text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
            self.stderr_text.truncate(whole);
        }
    }

    /// Replies to the output since the last reply.
    fn reply(&mut self, script: &mut Script<'_>, answered: &mut usize) {
        let Some(stdin) = self.stdin.as_mut() else { return };
        let pending = self.stdout_text.get(*answered..).unwrap_or_default();
        match script(pending) {
            Reply::Wait => return,
            // A child that has stopped reading says why in its output.
            Reply::Line(line) => drop(writeln!(stdin, "{}", line.as_str())),
            Reply::Close => self.stdin = None,
        }
        *answered = self.stdout_text.len();
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
