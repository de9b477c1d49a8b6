//! The only place where a process is spawned.
//!
//! Every run states its program by absolute path, its arguments as a list, its environment and all three streams.
//! A captured run has no input (or scripted answers), its output is read side by side and capped, it is its own
//! process group, and it has a deadline: TERM to the group, then KILL. Nothing of it is left behind, a grandchild
//! that keeps the pipe open included. Only a grandchild that leaves the group *and* keeps the pipe is out of reach:
//! it is not waited for, and the thread that reads its pipe ends with it or with us.
//!
//! How waiting works: one thread per pipe and one for the exit report to a channel, and the caller waits on that
//! with the deadline. Nothing polls. The exit is seen without reaping (`WNOWAIT`), so the group's id cannot have
//! been given to anybody else when the rest of the group is killed.

use std::fmt;
use std::io::{self, Read, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use super::group;
use crate::deadline::Deadline;
use crate::environment::Environment;
use crate::secret_bytes::{append, for_each_chunk};

/// How much of stdout is read before the run is stopped. A real answer is under 10 KiB.
pub const STDOUT_CAP: usize = 1024 * 1024;

/// How much of stderr is kept; the rest is read and dropped.
pub const STDERR_CAP: usize = 64 * 1024;

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

/// What the threads of a run report.
enum Event {
    /// Output arrived, or the pipe's other end was closed.
    Stdout { closed: bool },
    /// The pipe's other end was closed.
    StderrClosed,
    /// Stdout went past the cap.
    TooMuchOutput,
    /// The child has exited and waits to be reaped.
    Exited,
}

type Buffer = Arc<Mutex<Zeroizing<Vec<u8>>>>;

/// A captured run under way.
struct Run {
    child: Child,
    running: group::Running,
    stdin: Option<ChildStdin>,
    stdout: Buffer,
    stderr: Buffer,
    events: Receiver<Event>,
    open: Open,
}

/// What has not ended yet.
#[derive(Clone, Copy)]
struct Open {
    stdout: bool,
    stderr: bool,
    child: bool,
}

impl Open {
    fn any(self) -> bool {
        self.stdout || self.stderr || self.child
    }
}

impl Run {
    fn start(invocation: &Invocation, stdin: Stdio) -> io::Result<Self> {
        let mut command = command(invocation);
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (mut child, running) = group::spawn(&mut command, group::Extent::Group)?;
        let (sender, events) = channel();
        let pipes = (child.stdout.take(), child.stderr.take());
        let mut run = Self {
            stdin: child.stdin.take(),
            child,
            running,
            stdout: Buffer::default(),
            stderr: Buffer::default(),
            events,
            open: Open { stdout: true, stderr: true, child: true },
        };
        if let Err(error) = run.watch(pipes, sender) {
            run.running.signal(group::Signal::Kill);
            run.reap()?;
            return Err(error);
        }
        Ok(run)
    }

    /// Starts the threads that report what the run does. There may be no room for another thread.
    fn watch(
        &self,
        (stdout, stderr): (Option<ChildStdout>, Option<ChildStderr>),
        sender: Sender<Event>,
    ) -> io::Result<()> {
        let start = |work: Box<dyn FnOnce() + Send>| thread::Builder::new().spawn(work).map(drop);
        if let Some(pipe) = stdout {
            let (buffer, sender) = (Arc::clone(&self.stdout), sender.clone());
            start(Box::new(move || read_stdout(pipe, &buffer, &sender)))?;
        }
        if let Some(pipe) = stderr {
            let (buffer, sender) = (Arc::clone(&self.stderr), sender.clone());
            start(Box::new(move || read_stderr(pipe, &buffer, &sender)))?;
        }
        let running = self.running;
        start(Box::new(move || {
            running.wait_for_exit();
            let _ = sender.send(Event::Exited);
        }))
    }

    fn finish(mut self, deadline: Deadline, mut script: Option<Script<'_>>) -> io::Result<Output> {
        let mut answered = 0;
        let mut stopped = None;
        let mut limit = deadline;
        while self.open.any() {
            match self.events.recv_timeout(limit.remaining()) {
                Ok(Event::TooMuchOutput) => stopped = Some(End::TooMuchOutput),
                Ok(event) => {
                    self.note(&event);
                    // Once the child itself is gone, its pipes have only to run dry, whoever else writes to them.
                    if matches!(event, Event::Exited) {
                        limit = deadline.within(GRACE);
                    }
                }
                Err(_) if self.open.child => stopped = Some(End::TimedOut),
                Err(_) => break,
            }
            if stopped.is_some() {
                break;
            }
            if let Some(script) = script.as_mut() {
                self.answer(script, &mut answered);
            }
        }
        if stopped.is_some() {
            self.stop();
        }
        let status = self.reap()?;
        self.settle(GRACE);
        Ok(Output {
            end: stopped.unwrap_or(End::Exited(status)),
            stdout: take(&self.stdout),
            stderr: take(&self.stderr),
        })
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::Stdout { closed } => self.open.stdout = !closed,
            Event::StderrClosed => self.open.stderr = false,
            Event::Exited => self.open.child = false,
            Event::TooMuchOutput => {}
        }
    }

    /// Answers as often as the output since the last answer asks for.
    fn answer(&mut self, script: &mut Script<'_>, answered: &mut usize) {
        let Some(stdin) = self.stdin.as_mut() else { return };
        let stdout = lock(&self.stdout);
        let pending = stdout.get(*answered..).unwrap_or_default();
        match script(pending) {
            Answer::Wait => return,
            // A child that does not read any more says why on its own output.
            Answer::Line(line) => drop(writeln!(stdin, "{}", line.as_str())),
            Answer::Close => self.stdin = None,
        }
        *answered = stdout.len();
    }

    /// Ends the whole group, gently and then not.
    fn stop(&mut self) {
        self.running.signal(group::Signal::Term);
        self.settle(GRACE);
        if self.open.child {
            self.running.signal(group::Signal::Kill);
        }
    }

    /// Kills what is left of the group, then takes the child's exit status.
    fn reap(&mut self) -> io::Result<ExitStatus> {
        self.stdin = None;
        let Self { child, running, open, .. } = self;
        if open.child {
            running.wait_for_exit();
        }
        running.signal(group::Signal::Kill);
        running.reap(|| child.wait())
    }

    /// Waits until everything has ended, but not for longer than `at_most`.
    fn settle(&mut self, at_most: Duration) {
        let limit = Deadline::after(at_most);
        while self.open.any() {
            match self.events.recv_timeout(limit.remaining()) {
                Ok(event) => self.note(&event),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}

fn read_stdout(pipe: impl Read, buffer: &Buffer, events: &Sender<Event>) {
    // A pipe that cannot be read has come to its end.
    let _ = for_each_chunk(pipe, |chunk| {
        let mut buffer = lock(buffer);
        let room = STDOUT_CAP - buffer.len();
        append(&mut buffer, &chunk[..chunk.len().min(room)]);
        let event = if chunk.len() > room { Event::TooMuchOutput } else { Event::Stdout { closed: false } };
        // Past the cap reading stops, so the child cannot go on writing.
        events.send(event).is_ok() && chunk.len() <= room
    });
    let _ = events.send(Event::Stdout { closed: true });
}

fn read_stderr(pipe: impl Read, buffer: &Buffer, events: &Sender<Event>) {
    let mut is_cut = false;
    let _ = for_each_chunk(pipe, |chunk| {
        if !is_cut {
            let mut buffer = lock(buffer);
            let room = STDERR_CAP - buffer.len();
            append(&mut buffer, &chunk[..chunk.len().min(room)]);
            is_cut = chunk.len() > room;
            if is_cut {
                // The part of a secret is not recognised as one: a line is kept whole or not at all.
                let whole = buffer.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
                buffer.truncate(whole);
            }
        }
        true
    });
    let _ = events.send(Event::StderrClosed);
}

fn take(buffer: &Buffer) -> Zeroizing<Vec<u8>> {
    std::mem::take(&mut *lock(buffer))
}

fn lock(buffer: &Buffer) -> MutexGuard<'_, Zeroizing<Vec<u8>>> {
    buffer.lock().unwrap_or_else(PoisonError::into_inner)
}
