//! The integration tests: they run the program against the stand-in CLI.
//!
//! - `completions`: what the completion scripts offer, in real shells
//! - `curl`: curl with the token, and the guard in front of it
//! - `docker`: the credential helper, and its configuration
//! - `doctor`: broken set-ups, and what it says of them
//! - `exchange`: API keys and the IAM service
//! - `exec`: a program with a token in its environment
//! - `goldens`: every recorded situation, with stdout, stderr and exit code together
//! - `help`: what the help lists
//! - `identity`: an API key, a compute resource and a trusted profile as the source of the token
//! - `iam_service`: a stand-in for the IAM service on loopback
//! - `layout`: the order of imports, the overview in `lib.rs`, lengths of files, and names
//! - `library`: the library, used by the programs in `examples`
//! - `login`: logins on a terminal and unattended
//! - `manual`: the manual pages, and their examples
//! - `one_liners`: the documented pipelines beside the program, in every situation
//! - `output`: formats, files, exit codes, the command line
//! - `pipeline`: the documented pipeline in Rust, for the fuzz target of that name
//! - `platforms`: which tests run on Windows
//! - `powershell`: what we print for PowerShell is valid there
//! - `process`: how the program runs the CLI
//! - `readme`: the README's examples
//! - `recipes`: the recipes of `docs/recipes.md`, with the tools that they are for
//! - `sandbox`: a home directory per test, a cleared environment, and other helpers
//! - `sdks`: clients from PyPI and npm, if they are installed
//! - `secrets`: marker secrets, and the places where they must not appear
//! - `session`: the session file, lifetimes, `status` and `inspect`
//! - `shells`: what real shells and curl read back from the formats
//! - `single_flight`: many processes at once
//! - `stand_in`: the stand-in CLI as a program and as a script
//! - `watch`: a file that always holds a valid token
//! - `windows`: jobs, batch files, and files that others keep open

#![expect(clippy::disallowed_methods, reason = "the tests run programs and read their environment")]
#![expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

mod completions;
mod curl;
mod docker;
// Not on Windows: its set-ups need modes of files, locks on directories and shell scripts.
#[cfg(unix)]
mod doctor;
#[cfg(feature = "net")]
mod exchange;
mod exec;
mod goldens;
mod help;
#[cfg_attr(
    any(not(feature = "net"), windows),
    expect(dead_code, reason = "only the tests of `exchange` use all of it")
)]
mod iam_service;
#[cfg(feature = "net")]
mod identity;
mod layout;
// Not on Windows: it runs Cargo, which is a program of Linux there.
#[cfg(unix)]
mod library;
mod login;
// Not on Windows: the pages are for `man`, and their examples for a POSIX shell.
#[cfg(unix)]
mod manual;
// Not on Windows: the documented pipelines need a POSIX shell and its tools.
#[cfg(unix)]
mod one_liners;
mod output;
// Not on Windows: it compares with the pipeline, which needs a POSIX shell and its tools.
#[cfg(unix)]
mod pipeline;
mod platforms;
// Not on Windows: the grammar is one of the clients of `sdks`.
#[cfg(unix)]
mod powershell;
mod process;
mod readme;
// Not on Windows: the recipes are for POSIX shells and for tools of Unix.
#[cfg(unix)]
mod recipes;
mod sandbox;
// Not on Windows: it finds the clients where Unix installs them.
#[cfg(unix)]
mod sdks;
mod secrets;
mod session;
mod shells;
mod single_flight;
// Not on Windows: the script needs a POSIX shell.
#[cfg(unix)]
mod stand_in;
// Not on Windows: signals stop it; `windows` has its main cases.
#[cfg(unix)]
mod watch;
#[cfg(windows)]
mod windows;
