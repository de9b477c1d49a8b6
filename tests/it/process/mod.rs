//! How the program runs the CLI.
//!
//! - `bounds`: what cannot be ended or blocks is not waited for
//! - `deadline`: slow, hung and killed CLIs, and the processes that they leave behind
//! - `input`: the arguments, environment, descriptors and standard input of the CLI
//! - `limits`: floods of output, and too few file descriptors
//! - `locate`: finding the CLI
//! - `signals`: the signals that the program gets, and how the CLI ends with it
//! - `start`: a CLI that cannot be started
//!
//! The tests look processes up in /proc, so they need Linux.
// Not on Windows: `windows` has the same cases for jobs.
#![cfg(target_os = "linux")]

mod bounds;
mod deadline;
mod input;
mod limits;
mod locate;
mod signals;
mod start;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::sandbox::processes::{recorded_by_stand_in, status_field};
use crate::sandbox::{Sandbox, eventually, spawn};

/// Added to a deadline: much more than a busy machine needs, much less than a bug would cost.
const MARGIN: Duration = Duration::from_secs(8);

/// The open files in the `fd` directory of a process, by descriptor.
fn open_files(directory: &Path) -> BTreeMap<String, PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    entries
        .filter_map(|entry| Some((entry.file_name().into_string().ok()?, fs::read_link(entry.path()).ok()?)))
        .collect()
}

/// Whether a signal set (`SigIgn`, `SigBlk`) of a process contains a signal.
fn contains(id: u32, set: &str, signal: Signal) -> bool {
    let set = status_field(id, set).unwrap();
    let bit = signal.as_raw() - 1;
    u64::from_str_radix(&set, 16).unwrap() >> bit & 1 == 1
}

/// The program while it waits for a CLI that does not answer.
struct Waiting {
    program: Child,
    cli: u32,
}

impl Waiting {
    fn start(sandbox: &Sandbox, command: &mut Command) -> Self {
        let program = spawn(command);
        let expected = if command.get_envs().any(|(name, _)| name == "STAND_IN_GRANDCHILD") { 2 } else { 1 };
        eventually("the CLI runs", || recorded_by_stand_in(sandbox).len() == expected);
        Self { program, cli: recorded_by_stand_in(sandbox)[0] }
    }

    /// A file of the CLI in /proc.
    fn cli_file(&self, file: &str) -> PathBuf {
        format!("/proc/{}/{file}", self.cli).into()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.program), signal).unwrap();
    }
}

impl Drop for Waiting {
    /// Ends the program, which ends the CLI.
    fn drop(&mut self) {
        if matches!(self.program.try_wait(), Ok(None)) {
            self.signal(Signal::TERM);
        }
        let _ = self.program.wait();
    }
}
