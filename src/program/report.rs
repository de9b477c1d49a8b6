//! Writes errors, warnings and explanations to the standard error.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use super::settings::Verbosity;
use crate::error::{Error, Hint, PROGRAM, Result};
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
            self::error(&error, session);
            ExitCode::from(error.exit_code())
        }
    }
}

/// Writes an error to the standard error.
pub(super) fn error(error: &Error, session: Option<&SessionName>) {
    say(&text(error, session));
}

/// Returns the message, the CLI's own messages, and the hint for the chosen session.
fn text(error: &Error, session: Option<&SessionName>) -> String {
    // A path in the message may hold any character.
    let mut text = sanitize::line(&format!("error: {}", message(error)));
    text.push('\n');
    for line in error.ibmcloud_messages() {
        let _ = writeln!(text, "  ibmcloud: {line}");
    }
    if let Some(hint) = hint(error, session) {
        let _ = writeln!(text, "hint: {}", sanitize::line(&hint));
    }
    text
}

/// Returns the same on one line, for a protocol that has room for no more.
pub(super) fn line(error: &Error, session: Option<&SessionName>) -> String {
    let mut line = message(error);
    if !error.ibmcloud_messages().is_empty() {
        let _ = write!(line, " (ibmcloud: {})", error.ibmcloud_messages().join(" / "));
    }
    if let Some(hint) = hint(error, session) {
        let _ = write!(line, "; {hint}");
    }
    sanitize::line(&line)
}

/// Returns what happened, with its causes.
pub(super) fn message(error: &Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(message, ": {cause}");
        source = cause.source();
    }
    message
}

/// Returns what to do in the session that was chosen.
pub(super) fn hint(error: &Error, session: Option<&SessionName>) -> Option<String> {
    Some(shown(error.hint_parts()?, session))
}

/// Returns the text of a hint, for the session that was chosen.
pub(super) fn shown(hint: &Hint, session: Option<&SessionName>) -> String {
    match session {
        Some(name) => hint.shown(&format!("{PROGRAM} --session {name}")),
        None => hint.shown(PROGRAM),
    }
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
