//! Usage errors: what clap rejected, on one line, with a hint.

use std::ffi::OsStr;

use clap::error::{ContextKind, ContextValue, ErrorKind as ClapErrorKind};

use super::command;
use super::commands::{COMMANDS, Definition};
use crate::error::{Error, ErrorKind, Hint};
use crate::sanitize;

/// Explains what clap rejected, on one line and without anything that could be a secret typed in the wrong place.
pub(super) fn usage_error(error: &clap::Error, definition: &Definition) -> Error {
    let text = error.to_string();
    let mut lines = text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let message: Vec<&str> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    let message = message.join(" ");
    let message = sanitize::redact(message.trim_start_matches("error: "));
    let hint = match wrong_place(error) {
        Some(commands) => Hint::from(format!("it is an option of {commands}")),
        None => match (late_command(error), lines.find_map(|line| line.strip_prefix("tip: "))) {
            (Some(name), _) => {
                Hint::from("put the options of a command after its name: ").command(format!("{name} …"))
            }
            (None, Some(tip)) => Hint::from(sanitize::redact(tip)),
            (None, None) => Hint::from("see ").command(format!("{} --help", definition.name)),
        },
    };
    Error::new(ErrorKind::Usage, message).with_hint(hint)
}

/// Returns the commands that accept an option which this one does not.
fn wrong_place(error: &clap::Error) -> Option<String> {
    if error.kind() != ClapErrorKind::UnknownArgument {
        return None;
    }
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else { return None };
    let option = option.split('=').next().unwrap_or_default();
    let accepts = |definition: &&Definition| {
        command(definition).get_arguments().any(|argument| {
            argument.get_long().is_some_and(|long| option.strip_prefix("--") == Some(long))
                || argument.get_short().is_some_and(|short| option == format!("-{short}"))
        })
    };
    let commands: Vec<String> =
        COMMANDS.iter().filter(accepts).map(|definition| format!("`{}`", definition.name)).collect();
    (!commands.is_empty()).then(|| commands.join(", "))
}

/// Returns the name of a command that was typed after its own options.
fn late_command(error: &clap::Error) -> Option<&'static str> {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else { return None };
    COMMANDS.iter().find_map(|definition| (definition.name == argument).then_some(definition.name))
}

pub(super) fn unknown_command(name: &OsStr) -> Error {
    let name = sanitize::redact(&name.to_string_lossy());
    let commands: Vec<String> = COMMANDS.iter().map(|definition| format!("`{}`", definition.name)).collect();
    Error::new(ErrorKind::Usage, format!("unknown command `{name}`"))
        .with_hint(format!("the commands are {}", commands.join(", ")))
}
