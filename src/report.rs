//! How failures, warnings and explanations are written to the standard error.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use ibmcloud_token::directories::SessionName;
use ibmcloud_token::error::Error;
use ibmcloud_token::note::Note;
use ibmcloud_token::words;

/// What is said beside errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verbosity {
    /// Nothing.
    Quiet,
    /// Warnings, and at a terminal what is waited for.
    Normal,
    /// Every decision.
    Verbose,
}

/// How clap ends what it says about a mistake.
const CLAP_S_HINT: &str = "For more information, try '--help'.";

/// Writes one text to the standard error. Where that cannot be written to, there is nobody to tell.
pub(crate) fn say(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Reports an error: what happened, in the CLI's own words too, and what to do in the session that was chosen. Returns
/// the exit status.
pub(crate) fn error(error: &Error, session: Option<&SessionName>) -> ExitCode {
    let mut text = format!("error: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    // A path may hold anything.
    text = words::within_a_line(&text);
    text.push('\n');
    for line in error.cli_words() {
        let _ = writeln!(text, "  ibmcloud: {line}");
    }
    if let Some(hint) = error.hint() {
        let mut hint = words::within_a_line(hint);
        if let Some(name) = session {
            hint = hint.replace("`ibmcloud-token", &format!("`ibmcloud-token --session {name}"));
        }
        let _ = writeln!(text, "hint: {hint}");
    }
    say(&text);
    ExitCode::from(error.kind().exit_code())
}

/// Prints what clap has to say: help and version to the standard output, a mistake to the standard error, without
/// what could be a secret that was typed in the wrong place.
pub(crate) fn usage(usage: &clap::Error) -> ExitCode {
    let text = usage.to_string();
    if usage.use_stderr() {
        let problem = words::redact(text.trim_end().trim_end_matches(CLAP_S_HINT).trim_end());
        say(&format!("{problem}\nhint: see `ibmcloud-token --help`\n"));
        return ExitCode::from(2);
    }
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            say(&format!(
                "error: the standard output cannot be written to: {error}\nhint: is the disk full?\n"
            ));
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Writes a note, if it is to be said.
pub(crate) fn note(note: &Note, verbosity: Verbosity) {
    let who = match (note.is_warning(), verbosity) {
        (true, Verbosity::Normal | Verbosity::Verbose) => "warning",
        (false, Verbosity::Normal) if note.is_about_waiting() && io::stderr().is_terminal() => {
            "ibmcloud-token"
        }
        (false, Verbosity::Verbose) => "ibmcloud-token",
        _ => return,
    };
    say(&format!("{who}: {}\n", words::within_a_line(&note.to_string())));
}
