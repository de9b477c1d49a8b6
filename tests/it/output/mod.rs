//! The contract of the command line: exit codes, streams, formats, files, options and their variables.
//!
//! - `exit_codes`: every exit code and every kind of failure
//! - `files`: `-o FILE`
//! - `formats`: `-f FORMAT`
//! - `github`: `-f github`
//! - `github_files`: the files of the runner
//! - `options`: where options may be, and the variables that do the same
//! - `templates`: templates with random text, in real shells
//! - `pipes`: `-o` to a pipe, a device or an open file
//! - `signals`: signals while a file is written
//! - `streams`: closed pipes, full disks and other broken streams
//! - `untrusted`: external text that a terminal would interpret

mod exit_codes;
mod files;
pub(crate) mod formats;
mod github;
mod github_files;
mod options;
// Not on Windows: it needs named pipes and devices in the file system.
#[cfg(unix)]
mod pipes;
// Not on Windows: it needs signals.
#[cfg(unix)]
mod signals;
// Not on Windows: it needs a POSIX shell, descriptors and signals.
#[cfg(unix)]
mod streams;
mod templates;
mod untrusted;

use crate::sandbox::Outcome;

/// Checks a failure: this exit status, nothing on stdout, one error, one hint.
#[track_caller]
fn assert_failure(outcome: &Outcome, status: i32) {
    outcome.fails_with(status);
    let count = |start| outcome.stderr.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!((count("error: "), count("hint: ")), (1, 1), "{outcome:?}");
    assert!(outcome.stderr.ends_with('\n'), "{outcome:?}");
}
