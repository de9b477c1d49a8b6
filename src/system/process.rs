//! The only place where a process is spawned.
//!
//! Every run states its program by absolute path, its arguments as a list, its environment and all three streams. A
//! captured run has no input (or scripted answers), its output is read concurrently and capped, everything that it
//! starts ends with it, and it has a deadline. The module `run` of each platform says how.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use zeroize::Zeroizing;

use super::environment::Environment;
use super::run::Run;
use crate::secret::SecretBuffer;
use crate::time::Deadline;

/// The most that is read from stdout before the run is stopped. A real answer is under 10 KiB.
pub(crate) const MAX_STDOUT: usize = 1024 * 1024;

/// The most that is kept of stderr. The rest is read and dropped.
pub(crate) const MAX_STDERR: usize = 64 * 1024;

/// The most that is read at once: enough for an answer. All of it is wiped in the end.
pub(super) const CHUNK: usize = 4 * 1024;

/// The time between a request to end and a kill, and for a pipe to drain after the child has exited, because others may
/// keep it open.
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

/// The processes that end with a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// The child and everything that it starts.
    Group,
    /// The child alone, which shares our terminal.
    Process,
}

/// The reason why a program could not be started.
#[derive(Debug)]
#[cfg_attr(
    windows,
    expect(dead_code, reason = "the null device is always there, and no error means a sandbox")
)]
pub(crate) enum Obstacle {
    /// The program itself: it is missing, not executable, or needs an interpreter that is missing.
    Program,
    /// Its arguments: they cannot be passed to it unchanged, such as a quotation mark to a batch file.
    Arguments,
    /// There is no usable `/dev/null` for its input.
    NullDevice(io::Error),
    /// The system call was refused.
    Sandbox,
    /// Memory, processes, descriptors, and everything else.
    Machine,
}

/// How a secret is handed to a program that replaces us.
#[cfg(feature = "program")]
#[expect(dead_code, reason = "each platform has one of these ways")]
pub(crate) enum Handed {
    /// In a file that can be read once, and is open until this is dropped.
    File { path: PathBuf, _open: std::fs::File },
    /// In this variable of its environment.
    Variable(&'static str),
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

/// Returns the command of a run whose output is captured.
pub(super) fn captured_command(invocation: &Invocation, stdin: Stdio) -> Command {
    let mut command = command(invocation);
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}
