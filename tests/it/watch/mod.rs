//! `watch`: a file that always holds a valid token.
//!
//! - `end`: signals, and failures that outlast the token
//! - `faults`: a directory that disappears, a full disk, a changed clock, SIGKILL at random moments
//! - `profiles`: the token of a trusted profile
//! - `renewals`: many renewals with lifetimes of seconds
//! - `rest`: CPU time and memory while nothing happens
//! - `session`: the CLI renews in the last seconds, and other programs renew earlier
//! - `usage`: what is refused

mod end;
mod faults;
#[cfg(feature = "net")]
mod profiles;
#[cfg(feature = "net")]
mod renewals;
mod rest;
mod session;
mod usage;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::sandbox::{Outcome, Sandbox, eventually, jwt_of, now};

/// A running `watch -f token -o directory/NAME`.
struct Watched {
    child: Child,
    file: PathBuf,
    /// The file that is its standard error.
    messages: PathBuf,
}

impl Watched {
    fn start(sandbox: &Sandbox, options: &str) -> Self {
        Self::start_of(sandbox, "token", options)
    }

    fn start_of(sandbox: &Sandbox, name: &str, options: &str) -> Self {
        let file = sandbox.home().join("directory").join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&file);
        let messages = sandbox.home().join(format!("messages-of-{name}"));
        let mut command = command(sandbox, name, options);
        command.stdout(Stdio::piped()).stderr(File::create(&messages).unwrap());
        Self { child: command.spawn().unwrap(), file, messages }
    }

    /// Starts, and waits until the file is there.
    fn ready(sandbox: &Sandbox, options: &str) -> Self {
        Self::ready_of(sandbox, "token", options)
    }

    fn ready_of(sandbox: &Sandbox, name: &str, options: &str) -> Self {
        let watched = Self::start_of(sandbox, name, options);
        eventually("the file is written", || watched.file.exists());
        watched
    }

    /// Waits until it has said something so many times.
    #[track_caller]
    fn says(&self, words: &str, times: usize) {
        let messages = || fs::read_to_string(&self.messages).unwrap();
        eventually(words, || messages().matches(words).count() == times);
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
        let outcome = Outcome::from(self.child.wait_with_output().unwrap());
        Outcome { stderr: fs::read_to_string(&self.messages).unwrap(), ..outcome }
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

fn command(sandbox: &Sandbox, name: &str, options: &str) -> Command {
    sandbox.program(format!("watch -f token -o directory/{name} {options}").split_whitespace())
}

/// Reads a file, which must hold one whole token and be private.
#[track_caller]
fn whole_token(file: &Path) -> String {
    let content = fs::read_to_string(file).unwrap();
    let token = content.strip_suffix('\n').unwrap_or_else(|| panic!("a part of a token: {content:?}"));
    assert!(token.starts_with("eyJ") && token.split('.').count() == 3, "{content:?}");
    token.to_owned()
}

/// The time that is left of a token, in seconds.
#[cfg(feature = "net")]
fn remaining(token: &str) -> i64 {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).unwrap();
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    claims["exp"].as_i64().unwrap() - now()
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
