//! `watch`: a file that always holds a valid token.
//!
//! - `end`: signals, and failures that outlast the token
//! - `faults`: a directory that disappears, a full disk, SIGKILL at random moments
//! - `rest`: CPU time and memory while nothing happens
//! - `session`: the CLI renews in the last seconds, and other programs renew earlier
//! - `usage`: what is refused

mod end;
mod faults;
#[cfg(feature = "net")]
mod renewals;
mod rest;
mod session;
mod usage;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::sandbox::{Outcome, Sandbox, eventually, jwt_of, now, spawn};

/// A running `watch -f token -o directory/token`.
struct Watched {
    child: Child,
    file: PathBuf,
}

impl Watched {
    fn start(sandbox: &Sandbox, options: &str) -> Self {
        let file = sandbox.home().join("directory/token");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&file);
        Self { child: spawn(&mut command(sandbox, options)), file }
    }

    /// Starts, and waits until the file is there.
    fn ready(sandbox: &Sandbox, options: &str) -> Self {
        let watched = Self::start(sandbox, options);
        eventually("the file is written", || watched.file.exists());
        watched
    }

    /// The token in the file.
    fn token(&self) -> String {
        whole_token(&self.file)
    }

    /// Waits until the file holds another token, and returns it.
    #[track_caller]
    fn next(&self, before: &str) -> String {
        eventually("another token is written", || self.file.exists() && self.token() != before);
        self.token()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end.
    fn end(self) -> Outcome {
        self.child.wait_with_output().unwrap().into()
    }

    /// Ends it as a user does.
    #[track_caller]
    fn stop(self) -> Outcome {
        self.signal(Signal::TERM);
        let outcome = self.end();
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""), "{outcome:?}");
        outcome
    }
}

fn command(sandbox: &Sandbox, options: &str) -> Command {
    sandbox.program(format!("watch -f token -o directory/token {options}").split_whitespace())
}

/// Reads a file, which must hold one whole token and be private.
#[track_caller]
fn whole_token(file: &Path) -> String {
    let content = fs::read_to_string(file).unwrap();
    let token = content.strip_suffix('\n').unwrap_or_else(|| panic!("a part of a token: {content:?}"));
    assert!(token.starts_with("eyJ") && token.split('.').count() == 3, "{content:?}");
    token.to_owned()
}

/// A token of a session with so many seconds left. The stand-in renews it as the CLI does.
fn session_token(remaining: i64) -> String {
    let (from, until) = (now() - 100, now() + remaining);
    jwt_of(&format!(
        r#"{{"id":"IBMid-1","iam_id":"IBMid-1","account":{{"bss":"a1"}},"iat":{from},"exp":{until}}}"#
    ))
}

/// Much more than a busy machine needs.
const MARGIN: Duration = Duration::from_secs(20);
