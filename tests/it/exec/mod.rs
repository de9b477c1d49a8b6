//! `exec`: a program that replaces ours, with a token in its environment.
//!
//! - `environment`: the variables, the recipes and the session
//! - `failures`: why a program is not started, and the exit status
//! - `place`: the signals, terminal, descriptors and arguments of the program
//! - `sdks`: IBM's SDKs, constructed from the environment of a recipe

mod environment;
mod failures;
// Not on Windows: there the program runs in a job instead of replacing ours.
#[cfg(target_os = "linux")]
mod place;
// Not on Windows: it needs the clients of `sdks`.
#[cfg(unix)]
mod sdks;

use std::process::Command;

use crate::sandbox::{Outcome, Sandbox};

/// The program with these arguments, which may hold spaces.
fn exec(sandbox: &Sandbox, arguments: &[&str]) -> Command {
    sandbox.program(std::iter::once("exec").chain(arguments.iter().copied()))
}

/// Runs it without input.
fn run(sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    exec(sandbox, arguments).output().unwrap().into()
}
