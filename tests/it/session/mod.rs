//! The session file, and the commands that show it.
//!
//! - `account`: another account
//! - `clock`: a wrong clock
//! - `cost`: the system calls of an answer
//! - `failures`: failures of the CLI that are about the session
//! - `forms`: the forms in which `parse` and `inspect -` read a token
//! - `inspect`: the claims of a token
//! - `lifetimes`: whether a token lives long enough
//! - `location`: where the session is
//! - `locked`: a file whose writer holds its lock
//! - `logout`: logging out, and all sessions at once
//! - `named`: named sessions
//! - `no_home`: no home directory
//! - `status`: what is known about the session
//! - `torn`: a file that is being written
//! - `unusable`: a file that cannot be used
//!
//! The stand-in finds, reads, renews and tears its session file as the CLI's SDK does, and counts its runs. The program
//! never writes that file.

mod account;
mod clock;
// Not on Windows: it needs strace.
#[cfg(unix)]
mod cost;
mod failures;
mod forms;
mod inspect;
mod lifetimes;
mod location;
// Not on Windows: there is no `flock`, and the CLI takes no lock.
#[cfg(unix)]
mod locked;
mod logout;
mod named;
mod no_home;
mod status;
mod torn;
// Not on Windows: it needs links, modes and owners of files.
#[cfg(unix)]
mod unusable;

use crate::sandbox::{Sandbox, right_token};

/// A sandbox whose CLI ignores the session and prints a recorded token, and that token.
fn logging_with_answer() -> (Sandbox, String) {
    let token = right_token("oauth-tokens-one-line").expect("the situation has a token");
    (Sandbox::logging(), token)
}
