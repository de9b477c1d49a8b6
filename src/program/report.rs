//! Writes errors, warnings and explanations to the standard error.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use super::arguments::PROGRAM;
use super::settings::Verbosity;
use crate::error::{Error, Result};
use crate::note::Note;
use crate::sanitize;
use crate::session::SessionName;

/// Writes text to the standard error. A failure is ignored, because it could not be reported.
pub(super) fn say(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Reports the result of a command, and returns the exit status.
pub(super) fn result(result: Result<()>, session: Option<&SessionName>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&text(&error, session));
            ExitCode::from(error.exit_code())
        }
    }
}

/// Returns the message, the CLI's own messages, and the hint for the chosen session.
fn text(error: &Error, session: Option<&SessionName>) -> String {
    let mut text = format!("error: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    // A path in the message may hold any character.
    text = sanitize::line(&text);
    text.push('\n');
    for line in error.ibmcloud_messages() {
        let _ = writeln!(text, "  ibmcloud: {line}");
    }
    if let Some(hint) = error.hint_parts() {
        let program = match session {
            Some(name) => format!("{PROGRAM} --session {name}"),
            None => PROGRAM.to_owned(),
        };
        let _ = writeln!(text, "hint: {}", sanitize::line(&hint.shown(&program)));
    }
    text
}

/// Writes a note if the verbosity asks for it.
pub(super) fn note(note: &Note, verbosity: Verbosity) {
    let prefix = match (note.is_warning(), verbosity) {
        (true, Verbosity::Normal | Verbosity::Verbose) => "warning",
        (false, Verbosity::Normal) if note.is_about_waiting() && io::stderr().is_terminal() => PROGRAM,
        (false, Verbosity::Verbose) => PROGRAM,
        _ => return,
    };
    say(&format!("{prefix}: {}\n", sanitize::line(&note.to_string())));
}
