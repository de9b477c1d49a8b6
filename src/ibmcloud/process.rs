//! The only place where a process is spawned.
//!
//! Every run states its program by absolute path, its arguments as a list, its environment and all three streams.
//! A captured run has no input (or scripted answers), its output is read side by side and capped, it is its own
//! process group, and it has a deadline: TERM to the group, then KILL. Nothing of it is left behind, a grandchild
//! that keeps the pipe open included. Only a grandchild that leaves the group *and* keeps the pipe is out of reach:
//! it is not waited for.
//!
//! How waiting works: `poll` on both pipes and on the exit, with the deadline. The exit is seen without reaping, so
//! the group's id cannot have been given to anybody else when the rest of the group is killed.

use std::fmt;
use std::io::{self, Read, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use zeroize::Zeroizing;

use super::group;
use crate::deadline::Deadline;
use crate::environment::Environment;
use crate::poll;
use crate::secret_bytes::append;

/// How much of stdout is read before the run is stopped. A real answer is under 10 KiB.
pub const STDOUT_CAP: usize = 1024 * 1024;

/// How much of stderr is kept; the rest is read and dropped.
pub const STDERR_CAP: usize = 64 * 1024;

/// How much is read at once: room for an answer. All of it is wiped in the end.
const CHUNK: usize = 4 * 1024;

/// How long a group has between TERM and KILL, and a pipe to run dry once its owner has exited.
const GRACE: Duration = Duration::from_millis(500);

/// A program about to be run.
pub struct Invocation {
    /// The program's absolute path.
    pub program: PathBuf,
    /// The arguments. None of them is ever a secret.
    pub arguments: Vec<String>,
    /// Further arguments, from the user. They are not shown: nobody knows what is among them.
    pub foreign_arguments: Vec<String>,
    /// All of the child's environment.
    pub environment: Environment,
}

/// Shows the command as it would be typed, in backticks.
impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.program.file_stem().unwrap_or(self.program.as_os_str());
        write!(f, "`{}", name.display())?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {argument}"))?;
        f.write_str(if self.foreign_arguments.is_empty() { "`" } else { " …`" })
    }
}

/// How a captured run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself.
    Exited(ExitStatus),
    /// We stopped it: the deadline had passed.
    TimedOut,
    /// We stopped it: stdout went past [`STDOUT_CAP`].
    TooMuchOutput,
}

/// What a captured run left. Its stdout may hold a token.
pub struct Output {
    /// How it ended.
    pub end: End,
    /// At most [`STDOUT_CAP`] bytes.
    pub stdout: Zeroizing<Vec<u8>>,
    /// At most [`STDERR_CAP`] bytes.
    pub stderr: Zeroizing<Vec<u8>>,
}

/// What a scripted conversation answers to the text since its last answer.
pub enum Answer {
    /// Nothing yet: the text does not end in a prompt.
    Wait,
    /// This line.
    Line(Zeroizing<String>),
    /// Nothing any more: stdin is closed.
    Close,
}

/// Decides what to answer to the output that came since the last answer.
pub type Script<'a> = &'a mut dyn FnMut(&[u8]) -> Answer;

/// Runs a program without input and returns what it wrote.
pub fn capture(invocation: &Invocation, deadline: Deadline) -> io::Result<Output> {
    Run::start(invocation, Stdio::null())?.finish(deadline, None)
}

/// Runs a program whose prompts a script answers, and returns what it wrote.
pub fn converse(invocation: &Invocation, deadline: Deadline, script: Script<'_>) -> io::Result<Output> {
    Run::start(invocation, Stdio::piped())?.finish(deadline, Some(script))
}

/// Runs a program that talks with the person at the terminal: the input is theirs, all output goes to our stderr.
pub fn interact(invocation: &Invocation) -> io::Result<ExitStatus> {
    let mut command = command(invocation);
    command.stdin(Stdio::inherit()).stdout(io::stderr()).stderr(Stdio::inherit());
    let (mut child, running) = group::spawn(&mut command, group::Extent::Process)?;
    running.wait_for_exit();
    running.reap(|| child.wait())
}

#[expect(clippy::disallowed_methods, reason = "the one place")]
fn command(invocation: &Invocation) -> Command {
    let mut command = Command::new(&invocation.program);
    command.args(&invocation.arguments).args(&invocation.foreign_arguments);
    command.env_clear().envs(invocation.environment.iter());
    command
}

/// What happened to a run.
enum Event {
    /// Something was written, or a pipe's other end was closed.
    Output,
    /// Stdout went past the cap.
    TooMuchOutput,
    /// The child has exited and waits to be reaped.
    Exited,
    /// Nothing, and the time is over.
    TimeIsOver,
}

/// A captured run under way. What has come to its end is not there any more.
struct Run {
    child: Child,
    running: group::Running,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    /// Readable when the child has exited.
    exit: Option<OwnedFd>,
    chunk: Zeroizing<Vec<u8>>,
    output: Zeroizing<Vec<u8>>,
    complaints: Zeroizing<Vec<u8>>,
    complaints_are_cut: bool,
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
            output: Zeroizing::default(),
            complaints: Zeroizing::default(),
            complaints_are_cut: false,
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
        let end = stopped?.unwrap_or(End::Exited(status));
        Ok(Output { end, stdout: self.output, stderr: self.complaints })
    }

    /// Follows the run to its end, or until it has to be stopped: for this reason.
    fn follow(&mut self, deadline: Deadline, mut script: Option<Script<'_>>) -> io::Result<Option<End>> {
        let mut limit = deadline;
        let mut answered = 0;
        while self.is_open() {
            match self.next_event(limit)? {
                Event::Output => {}
                // Once the child itself is gone, its pipes have only to run dry, whoever else writes to them.
                Event::Exited => limit = deadline.within(GRACE),
                Event::TooMuchOutput => return Ok(Some(End::TooMuchOutput)),
                Event::TimeIsOver => {
                    // Who was stopped meanwhile (Ctrl-Z) comes late to a run that has ended in time.
                    let has_exited = self.exit.is_none() || self.ready(Deadline::after(Duration::ZERO))?[2];
                    return Ok((!has_exited).then_some(End::TimedOut));
                }
            }
            // A prompt is the end of what was written, not of what was read.
            if let Some(script) = script.as_mut()
                && !self.ready(Deadline::after(Duration::ZERO))?[0]
            {
                self.answer(script, &mut answered);
            }
        }
        Ok(None)
    }

    fn is_open(&self) -> bool {
        self.stdout.is_some() || self.stderr.is_some() || self.exit.is_some()
    }

    fn next_event(&mut self, limit: Deadline) -> io::Result<Event> {
        if limit.has_passed() {
            return Ok(Event::TimeIsOver);
        }
        let ready = self.ready(limit)?;
        Ok(self.take(ready))
    }

    /// Returns whether stdout, stderr and the exit can be read, when one of them can or the limit has passed.
    fn ready(&self, limit: Deadline) -> io::Result<[bool; 3]> {
        let sources = [
            self.stdout.as_ref().map(|pipe| pipe.as_fd()),
            self.stderr.as_ref().map(|pipe| pipe.as_fd()),
            self.exit.as_ref().map(|exit| exit.as_fd()),
        ];
        poll::readable(sources, limit)
    }

    /// Reads what is ready.
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

    /// Reads what there is on stdout, and returns whether it is too much. Past the cap reading stops, so the child
    /// cannot go on writing.
    fn read_stdout(&mut self) -> bool {
        let chunk = read(&mut self.stdout, &mut self.chunk);
        let room = STDOUT_CAP - self.output.len();
        let is_too_much = chunk.len() > room;
        append(&mut self.output, &chunk[..chunk.len().min(room)]);
        if is_too_much {
            self.stdout = None;
        }
        is_too_much
    }

    fn read_stderr(&mut self) {
        let chunk = read(&mut self.stderr, &mut self.chunk);
        if self.complaints_are_cut {
            return;
        }
        let room = STDERR_CAP - self.complaints.len();
        append(&mut self.complaints, &chunk[..chunk.len().min(room)]);
        self.complaints_are_cut = chunk.len() > room;
        if self.complaints_are_cut {
            // The part of a secret is not recognised as one: a line is kept whole or not at all.
            let whole = self.complaints.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
            self.complaints.truncate(whole);
        }
    }

    /// Answers what the output since the last answer asks for.
    fn answer(&mut self, script: &mut Script<'_>, answered: &mut usize) {
        let Some(stdin) = self.stdin.as_mut() else { return };
        let pending = self.output.get(*answered..).unwrap_or_default();
        match script(pending) {
            Answer::Wait => return,
            // A child that does not read any more says why on its own output.
            Answer::Line(line) => drop(writeln!(stdin, "{}", line.as_str())),
            Answer::Close => self.stdin = None,
        }
        *answered = self.output.len();
    }

    /// Ends the whole group, gently and then not.
    fn stop(&mut self) {
        self.running.signal(group::Signal::Term);
        self.settle(GRACE);
        if self.exit.is_some() {
            self.running.signal(group::Signal::Kill);
        }
    }

    /// Waits for the child's exit, kills what is left of the group, then takes the exit status.
    fn reap(&mut self) -> io::Result<ExitStatus> {
        self.stdin = None;
        self.running.wait_for_exit();
        self.exit = None;
        self.running.signal(group::Signal::Kill);
        let Self { child, running, .. } = self;
        running.reap(|| child.wait())
    }

    /// Reads what is in the pipes. All that the run has written is there by now, and who still writes is not waited for.
    fn drain(&mut self) {
        let limit = Deadline::after(GRACE);
        while let Ok(ready) = self.ready(Deadline::after(Duration::ZERO))
            && ready.contains(&true)
            && !limit.has_passed()
        {
            self.take(ready);
        }
    }

    /// Waits until everything has ended, but not for longer than `at_most`.
    fn settle(&mut self, at_most: Duration) {
        let limit = Deadline::after(at_most);
        while self.is_open() && !matches!(self.next_event(limit), Ok(Event::TimeIsOver) | Err(_)) {}
    }
}

/// Reads once from a pipe that has something; at its end, or where it cannot be read, the pipe is closed.
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
