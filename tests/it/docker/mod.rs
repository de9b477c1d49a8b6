//! The credential helper for IBM Cloud Container Registry, and `configure docker`.
//!
//! - `beside_debian`: the same inputs to a credential helper of Debian, and the answers side by side
//! - `configure`: what `configure docker` changes in a configuration, and what it leaves as it is
//! - `hosts`: which servers get the token, in hostile spellings and in the accepted ones
//! - `protocol`: every action, with and without a session, with odd input and with a CLI that hangs
//! - `registry`: skopeo, buildah, podman and docker use a registry through the helper

// Not on Windows: it needs Debian's own credential helper.
#[cfg(unix)]
mod beside_debian;
mod configure;
mod hosts;
mod protocol;
// Not on Windows: it needs a registry and clients that are programs of Linux.
#[cfg(unix)]
mod registry;

use std::path::Path;
use std::process::Command;

use crate::sandbox::{Outcome, Sandbox, built_path, run_with_input, symlink};

/// The credential helper under test.
const HELPER: &str = built_path!("CARGO_BIN_EXE_docker-credential-ibmcloud");

/// The answer of the protocol for a server without credentials.
const NOT_FOUND: &str = "credentials not found in native keychain\n";

/// The answer of the protocol if no server is named.
const NO_ADDRESS: &str = "no credentials server URL\n";

/// The helper in this environment, run by its absolute path.
fn helper(sandbox: &Sandbox, action: &str) -> Command {
    let mut command = sandbox.command(HELPER);
    command.arg(action);
    command
}

/// Runs the helper with this on its standard input.
fn ask(sandbox: &Sandbox, action: &str, input: impl AsRef<[u8]>) -> Outcome {
    run_with_input(&mut helper(sandbox, action), input.as_ref())
}

/// Makes a link to the helper, as a user does for a named session.
fn link(sandbox: &Sandbox, name: &str) -> String {
    let link = sandbox.home().join(name);
    symlink(HELPER, &link);
    link.to_str().unwrap().to_owned()
}

/// The directory of the helper.
fn helper_directory() -> &'static Path {
    Path::new(HELPER).parent().unwrap()
}

/// Checks an answer to `get`.
#[track_caller]
fn answers(outcome: &Outcome, server: &str, token: &str) {
    let expected =
        format!("{{\"ServerURL\":\"{server}\",\"Username\":\"iambearer\",\"Secret\":\"{token}\"}}\n");
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), expected.as_str()), "{outcome:?}");
    assert_eq!(outcome.stderr, "", "{outcome:?}");
}

/// Checks an answer without a token: this line, and nothing else.
#[track_caller]
fn refuses(outcome: &Outcome, line: &str) {
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(1), line), "{outcome:?}");
    assert_eq!(outcome.stderr, "", "{outcome:?}");
}

/// Checks that the helper printed an error instead of a token, and returns the error.
#[track_caller]
fn fails(outcome: &Outcome) -> &str {
    assert_eq!(outcome.status, Some(1), "{outcome:?}");
    let line = outcome.stdout.strip_suffix('\n').expect("the answer ends in a newline");
    assert!(
        line.starts_with("docker-credential-ibmcloud: ") && !line.contains(char::is_control),
        "{outcome:?}"
    );
    assert!(!line.contains("eyJ") && !outcome.stderr.contains("eyJ"), "{outcome:?}");
    // Docker shows only this.
    assert!(line.contains(outcome.error()), "{outcome:?}");
    line
}
