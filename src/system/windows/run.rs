//! A captured run in a job.
//!
//! The job holds the child and everything that it starts, and the system kills all of it when the job is closed, which
//! happens even if we are killed. Windows has no way to ask one console program to exit without signaling others on its
//! console, so a run that must stop is killed.
//!
//! There is no `poll` for pipes, so each pipe has a thread that reads it. While a pipe is open, we check
//! now and then whether the child has exited. Usually the pipes end first, because nobody else has them.

use std::io::{self, Read};
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use super::group;
use crate::system::process::{CHUNK, End, Extent, GRACE, Invocation, Output, Script, captured_command};
use crate::system::transcript::Transcript;
use crate::time::Deadline;

/// How many chunks are kept before the threads that read must wait.
const MAX_CHUNKS: usize = 4;

/// The longest pause between two checks whether the child has exited.
const MAX_PAUSE: Duration = Duration::from_millis(10);

/// The time without output after which the output so far is taken for a prompt. std cannot tell whether a
/// pipe holds more output.
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
        let mut command = captured_command(invocation, stdin);
        let (mut child, running) = group::spawn(&mut command, Extent::Group)?;
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
        Ok(self.transcript.into_output(stopped?, self.status))
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::system::environment::Environment;
    use crate::system::process::{MAX_STDOUT, Reply};

    /// A command line that never ends.
    const ENDLESS: &str = "for /L %i in (1,0,2) do @rem";

    fn cmd(line: &str) -> Invocation {
        let environment = Environment::of_process();
        let root = environment.get("SystemRoot").expect("Windows sets it");
        Invocation {
            program: Path::new(root).join(r"System32\cmd.exe"),
            arguments: ["/d", "/v:on", "/c", line].map(str::to_owned).into(),
            user_arguments: Vec::new(),
            environment,
        }
    }

    fn run(invocation: &Invocation, milliseconds: u64) -> Output {
        let deadline = Deadline::after(Duration::from_millis(milliseconds));
        Run::start(invocation, Stdio::null()).unwrap().finish(deadline, None).unwrap()
    }

    #[test]
    fn output_and_exit_status_are_captured() {
        let output = run(&cmd("echo out& echo err>&2& exit 259"), 60_000);
        assert_eq!((&*output.stdout, &*output.stderr), (&b"out\r\n"[..], &b"err\r\n"[..]));
        // 259 is also what the system says of a process that is still running.
        assert!(matches!(output.end, End::Exited(status) if status.code() == Some(259)), "{:?}", output.end);
    }

    #[test]
    fn run_ends_at_the_deadline_and_keeps_its_output() {
        let started = std::time::Instant::now();
        let output = run(&cmd(&format!("echo out& {ENDLESS}")), 3000);
        assert_eq!((output.end, &*output.stdout), (End::TimedOut, &b"out\r\n"[..]));
        assert!(started.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn too_much_output_ends_the_run() {
        let line = "x".repeat(4000);
        let output = run(&cmd(&format!("for /L %i in (1,0,2) do @echo {line}")), 120_000);
        assert_eq!((output.end, output.stdout.len()), (End::TooMuchOutput, MAX_STDOUT));
    }

    #[test]
    fn grandchild_that_keeps_the_pipe_open_ends_with_the_run() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("alive");
        let line =
            format!("start /b cmd /d /c \"for /L %i in (1,0,2) do @echo x>>{}\" & exit 3", file.display());
        let output = run(&cmd(&line), 60_000);
        assert!(matches!(output.end, End::Exited(status) if status.code() == Some(3)), "{:?}", output.end);
        let size = || file.metadata().map_or(0, |found| found.len());
        let before = size();
        thread::sleep(Duration::from_millis(300));
        assert_eq!(size(), before, "the grandchild still runs");
    }

    /// Runs a program that prompts once, and returns its output.
    fn answered(reply: fn() -> Reply) -> String {
        let mut prompts = 0;
        let mut script = |output: &[u8]| {
            if !output.trim_ascii_end().ends_with(b">") {
                return Reply::Wait;
            }
            prompts += 1;
            reply()
        };
        let line = "set X=none& set /p X=name^> & echo [!X!]";
        let run = Run::start(&cmd(line), Stdio::piped()).unwrap();
        let output = run.finish(Deadline::after(Duration::from_secs(60)), Some(&mut script)).unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(matches!(output.end, End::Exited(_)) && prompts == 1, "{prompts} {text}");
        text
    }

    #[test]
    fn prompt_is_answered_and_the_end_of_the_input_is_seen() {
        // `set /p` of Wine drops the last character.
        let text = answered(|| Reply::Line("value".to_owned().into()));
        assert!(text.contains("[valu"), "{text}");
        let text = answered(|| Reply::Close);
        assert!(!text.contains("valu") && text.contains('['), "{text}");
    }

    /// Runs a batch file that prints its first argument.
    fn batch(directory: &Path, argument: &str) -> io::Result<String> {
        let file: PathBuf = directory.join("tool.cmd");
        fs::write(&file, "@echo off\r\n(echo %1)\r\n").unwrap();
        let invocation = Invocation {
            program: file,
            arguments: Vec::new(),
            user_arguments: vec![argument.to_owned()],
            environment: Environment::of_process(),
        };
        let output =
            Run::start(&invocation, Stdio::null())?.finish(Deadline::after(Duration::from_secs(60)), None)?;
        assert!(matches!(output.end, End::Exited(status) if status.success()), "{argument:?}");
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    /// Without the quotation that std adds, each of these would run `echo pwned`, `calc` and the like.
    #[test]
    fn argument_of_a_batch_file_is_never_a_command() {
        let directory = tempfile::tempdir().unwrap();
        for hostile in
            ["& echo pwned", "| more", "\"& echo pwned", "a\" & echo pwned & \"", "^& echo pwned", "> file"]
        {
            let shown = batch(directory.path(), hostile).unwrap();
            assert_eq!(shown.lines().count(), 1, "{hostile:?}: {shown:?}");
            assert!(shown.starts_with('"') && shown.ends_with('"'), "{hostile:?}: {shown:?}");
        }
        assert_eq!(batch(directory.path(), "us-south").unwrap(), "us-south");
        for refused in ["a\nb", "a\rb"] {
            assert_eq!(batch(directory.path(), refused).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn program_with_any_name_runs() {
        let directory = tempfile::tempdir().unwrap();
        let deep = directory.path().join("\u{e4} \u{65e5}").join("& x");
        fs::create_dir_all(&deep).unwrap();
        let mut invocation = cmd("exit 4");
        let copy = deep.join("\u{9375}.exe");
        fs::copy(&invocation.program, &copy).unwrap();
        invocation.program = copy;
        let end = run(&invocation, 60_000).end;
        assert!(matches!(end, End::Exited(status) if status.code() == Some(4)), "{end:?}");
    }
}
