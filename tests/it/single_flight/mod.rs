//! Many processes at once: one run of the CLI serves them all.
//!
//! - `failure`: the shared run fails, hangs or is killed
//! - `lock`: which processes share a lock, and what happens without one
//! - `neighbors`: foreign CLIs renew and rewrite the session at the same moment
//! - `others`: links, folders and locks of other users
//! - `success`: one run answers every waiter
//! - `writers`: other programs write the session file meanwhile
//!
//! The stand-in truncates the session file before it writes it, and treats a torn file as a logout, as the CLI's SDK
//! does (ibm-cloud-cli-sdk#239). A wrong answer here is therefore a wrong answer for users who run many CLIs at once.

mod failure;
mod lock;
mod neighbors;
// Not on Windows: it needs links, modes and owners of files.
#[cfg(unix)]
mod others;
mod success;
mod writers;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;

use serde_json::Value;

use crate::sandbox::{Outcome, Sandbox, eventually, jwt, make_private, token_in};

/// How many seconds a run of the CLI takes in which many others must start to wait. Wine starts programs slowly.
const LONG_RUN: &str = if cfg!(windows) { "8" } else { "1" };

/// A sandbox whose session has expired and can be renewed.
fn expired_session() -> Sandbox {
    let sandbox = Sandbox::with_token(&jwt(-3600, -5));
    // As the CLI creates it. Others cannot open it, so its lock counts.
    let directory = sandbox.session_file().parent().unwrap().to_owned();
    make_private(&directory);
    sandbox
}

/// The token of a session, which must be whole and logged in.
#[track_caller]
fn token_of_whole_session(path: &Path) -> String {
    let session: Value = serde_json::from_slice(&fs::read(path).unwrap()).expect("the session file is whole");
    assert!(session["IAMRefreshToken"].as_str().unwrap().contains("REFRESH-TOKEN-MARKER"), "{session}");
    token_in(path)
}

/// One of many runs. Its output goes to files, because a thousand runs would need too many pipes.
struct Run {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Run {
    fn start(sandbox: &Sandbox, name: &str, line: &str) -> Self {
        Self::start_with(sandbox, name, line, &[])
    }

    fn start_with(sandbox: &Sandbox, name: &str, line: &str, variables: &[(&str, &str)]) -> Self {
        let path = |stream| sandbox.home().join(format!("{name}.{stream}"));
        let (stdout, stderr) = (path("stdout"), path("stderr"));
        let child = sandbox
            .program(line.split_whitespace())
            .envs(variables.iter().copied())
            .stdout(File::create(&stdout).unwrap())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        Self { child, stdout, stderr }
    }

    /// Its output on stderr so far.
    fn stderr(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap()
    }

    /// Whether it waits for the lock. Only a run with `-v` says so.
    fn waits(&self) -> bool {
        self.stderr().contains("another run of the CLI is in progress")
    }

    fn end(mut self) -> Outcome {
        let status = self.child.wait().unwrap().code();
        Outcome { status, stdout: fs::read_to_string(&self.stdout).unwrap(), stderr: self.stderr() }
    }
}

/// Starts many runs as fast as possible, and returns their outcomes.
fn crowd(sandbox: &Sandbox, size: usize, line: &str) -> Vec<Outcome> {
    const THREADS: usize = 8;
    thread::scope(|scope| {
        let starters: Vec<_> = (0..THREADS)
            .map(|starter| {
                scope.spawn(move || {
                    let runs: Vec<Run> = (starter..size)
                        .step_by(THREADS)
                        .map(|number| Run::start(sandbox, &number.to_string(), line))
                        .collect();
                    runs.into_iter().map(Run::end).collect::<Vec<_>>()
                })
            })
            .collect();
        starters.into_iter().flat_map(|starter| starter.join().unwrap()).collect()
    })
}

/// Starts a run that holds the lock and runs the CLI, and then runs that wait for it.
fn holder_and_waiters(sandbox: &Sandbox, waiters: usize, line: &str) -> (Run, Vec<Run>) {
    let before = sandbox.calls();
    let holder = Run::start(sandbox, "holder", line);
    eventually("the CLI is run", || sandbox.calls() == before + 1);
    let waiters: Vec<Run> =
        (0..waiters).map(|number| Run::start(sandbox, &number.to_string(), &format!("-v {line}"))).collect();
    eventually("the others wait", || waiters.iter().all(Run::waits));
    (holder, waiters)
}
