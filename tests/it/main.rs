//! The integration tests: the real program against the stand-in CLI.
//!
//! - `sandbox`: a home of its own, a cleared environment, the program and the stand-in
//! - `exchange`: API keys and the IAM service, against servers on loopback
//! - `goldens`: every recorded situation, with stdout, stderr and exit code together
//! - `one_liners`: what the documented pipelines make of every situation, beside ours
//! - `output`: formats, files, exit codes, the command line
//! - `process`: deadlines, floods, signals, nothing left behind
//! - `readme`: the README's examples
//! - `secrets`: a marker token through every failure, and where it must not turn up
//! - `session`: the session file, lifetimes, `status` and `inspect`
//! - `shells`: what real shells take back from `--format env`
//! - `single_flight`: many processes at once, and what happens when one of them dies
//! - `terminal`: logins in a real pseudo-terminal

#![expect(clippy::disallowed_methods, reason = "the tests run programs and read their environment")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[cfg(feature = "net")]
mod exchange;
mod goldens;
mod one_liners;
mod output;
mod process;
mod readme;
mod sandbox;
mod secrets;
mod session;
mod shells;
mod single_flight;
mod terminal;
