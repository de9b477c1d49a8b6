//! Logins: interactive on a terminal, and unattended as in a script.
//!
//! - `api_key`: a key from a file, stdin or a variable
//! - `arguments`: what reaches the CLI
//! - `background`: background jobs
//! - `deadline`: a pipe that nobody writes to
//! - `hidden`: hidden prompts, and the echo after them
//! - `interrupt`: Ctrl-C and the end of the input
//! - `keys`: how keys are cleaned, and what is not a key
//! - `passcode`: a one-time passcode from stdin
//! - `prompts`: prompts on a terminal
//! - `recorded`: every recorded login
//! - `terminal`: a program in a pseudo-terminal
//! - `unattended`: the CLI's questions without a terminal
//!
//! Some bugs appear only on a terminal: prompts that do not appear because stdout is captured, a password that is
//! echoed, a Ctrl-C that does not reach every process.

mod api_key;
mod arguments;
// Not on Windows: it needs a pseudo-terminal and its background jobs.
#[cfg(unix)]
mod background;
mod deadline;
// Not on Windows: it needs a pseudo-terminal.
#[cfg(unix)]
mod hidden;
// Not on Windows: it needs a pseudo-terminal.
#[cfg(unix)]
mod interrupt;
mod keys;
mod passcode;
// Not on Windows: it needs a pseudo-terminal.
#[cfg(unix)]
mod prompts;
mod recorded;
// Not on Windows: it needs a pseudo-terminal.
#[cfg(unix)]
pub(crate) mod terminal;
mod unattended;

use std::fs;

use crate::sandbox::{Outcome, Sandbox, bearer_in};

/// The arguments and the environment of the last login, as the stand-in recorded them.
pub(crate) fn last_login(sandbox: &Sandbox) -> (Vec<String>, Vec<String>) {
    let calls = sandbox.call_log();
    let login = calls.lines().rfind(|call| call.contains(" login")).expect("there was a login");
    let id = login.split(' ').next().unwrap();
    let lines = |what| {
        let text = fs::read_to_string(sandbox.log().join(format!("{what}.{id}"))).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    (lines("argv"), lines("environment"))
}

/// Checks a login: nothing on stdout, a message with the user, and a session with a token.
#[track_caller]
fn assert_logged_in(sandbox: &Sandbox, outcome: &Outcome) {
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""), "{outcome:?}");
    assert!(
        outcome.stderr.contains("logged in as ada@example.org; the token is valid for another"),
        "{outcome:?}"
    );
    assert_eq!(sandbox.run("get").payload(), bearer_in(&sandbox.session_file()));
}
