//! The output of a captured run, up to the limits, and the replies to it.

use std::io::Write as _;
use std::process::{ChildStdin, ExitStatus};

use super::platform::LINE_END;
use super::process::{End, MAX_STDERR, MAX_STDOUT, Output, Reply, Script};
use crate::secret::SecretBuffer;

/// The output of a captured run so far.
#[derive(Default)]
pub(super) struct Transcript {
    stdout: SecretBuffer,
    stderr: SecretBuffer,
    stderr_is_cut: bool,
    /// The length of the part of `stdout` that was replied to.
    answered: usize,
}

impl Transcript {
    /// Adds output, and returns whether the limit is exceeded.
    pub(super) fn add_stdout(&mut self, chunk: &[u8]) -> bool {
        let room = MAX_STDOUT - self.stdout.len();
        self.stdout.push(&chunk[..chunk.len().min(room)]);
        chunk.len() > room
    }

    /// Adds output up to the limit. The rest is dropped.
    pub(super) fn add_stderr(&mut self, chunk: &[u8]) {
        if self.stderr_is_cut {
            return;
        }
        let room = MAX_STDERR - self.stderr.len();
        self.stderr.push(&chunk[..chunk.len().min(room)]);
        self.stderr_is_cut = chunk.len() > room;
        if self.stderr_is_cut {
            // A part of a secret would not be recognized and redacted, so a line is kept whole or not at all.
            let whole = self.stderr.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
            self.stderr.truncate(whole);
        }
    }

    /// Replies to the output since the last reply.
    pub(super) fn reply(&mut self, script: &mut Script<'_>, stdin: &mut Option<ChildStdin>) {
        let Some(input) = stdin.as_mut() else { return };
        let pending = self.stdout.get(self.answered..).unwrap_or_default();
        match script(pending) {
            Reply::Wait => return,
            // A child that has stopped reading says why in its output.
            Reply::Line(line) => drop(write!(input, "{}{LINE_END}", line.as_str())),
            Reply::Close => *stdin = None,
        }
        self.answered = self.stdout.len();
    }

    /// Returns the output of a run. It was `stopped` for a reason, or it exited with this status. A run that could not be
    /// ended counts as timed out.
    pub(super) fn into_output(self, stopped: Option<End>, status: Option<ExitStatus>) -> Output {
        let end = stopped.or(status.map(End::Exited)).unwrap_or(End::TimedOut);
        Output { end, stdout: self.stdout, stderr: self.stderr }
    }
}
