//! The command line: the clap types, and parsing.
//!
//! This module only records what was typed. [`super::settings`] adds variables and defaults.
//!
//! A command accepts only the options that it uses. Options come in groups, and a command flattens the groups it needs.
//! The first line of an option's doc comment is its short help. A secret is never an argument, so `--apikey` and
//! `--passcode` name a place to read it from.
//!
//! Only the definition of the named command is built, because building all of them takes longer than reading the
//! session file. The command's name is found first, which is possible because only the common options may come before
//! it.

mod commands;
mod documentation;
mod groups;
mod options;
mod usage;

use std::ffi::OsString;

use commands::with_session;
pub(super) use commands::{COMMANDS, Definition};
pub(crate) use documentation::{Completions, Man};
pub(crate) use groups::{Common, JsonOptions, OutputOptions, SourceOptions, TokenOptions};
#[cfg(feature = "net")]
pub(crate) use groups::{IamOptions, IdentityOptions};
pub(super) use groups::{SessionOptions, TimeOptions, shell};
#[cfg(feature = "net")]
pub(crate) use options::ExchangeOptions;
pub(crate) use options::{Configure, Curl, Doctor, Exec, Get, Inspect, Login, Parse, Status};
use usage::{unknown_command, usage_error};

use super::help::{ABOUT, DETAILS, LONG_ABOUT, NOTES};
use crate::error::{PROGRAM, PROGRAM_AND_VERSION, Result};

/// The command line as it was typed.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) common: Common,
    pub(crate) command: Command,
    /// The exit status for our own failures, if it must differ from those of the program that is run.
    pub(crate) failure_exit_code: Option<u8>,
}

/// A command with its own options.
#[derive(Debug)]
pub(crate) enum Command {
    Get(Get),
    Exec(Exec),
    Curl(Curl),
    Watch(Get),
    Login(Login),
    Logout,
    Parse(Parse),
    #[cfg(feature = "net")]
    Exchange(ExchangeOptions),
    Status(Status),
    Inspect(Inspect),
    Doctor(Doctor),
    Configure(Configure),
    Completions(Completions),
    Man(Man),
}

/// The outcome of reading a command line.
#[derive(Debug)]
pub(crate) enum Reading {
    /// Run a command.
    Run(Box<Arguments>),
    /// Print this text: help or version.
    Print(String),
}

/// Reads a command line. The first argument is the name of the program.
pub(crate) fn read(arguments: impl Iterator<Item = OsString>) -> Result<Reading> {
    let mut arguments: Vec<OsString> = arguments.skip(1).collect();
    let name_at = leading_options(&arguments);
    let Some(first) = arguments.get(name_at) else {
        if arguments.is_empty() {
            let command = Command::Get(Get::default());
            let common = Common::of_session(SessionOptions::default());
            return Ok(Reading::Run(Box::new(Arguments { common, command, failure_exit_code: None })));
        }
        return read_command(&COMMANDS[0], arguments);
    };
    match first.to_str() {
        Some("-h") => Ok(Reading::Print(program().render_help().to_string())),
        Some("--help") => Ok(Reading::Print(program().render_long_help().to_string())),
        Some("-V" | "--version") => Ok(Reading::Print(format!("{PROGRAM_AND_VERSION}\n"))),
        Some(option) if option.starts_with('-') => read_command(&COMMANDS[0], arguments),
        name => match COMMANDS.iter().find(|definition| Some(definition.name) == name) {
            Some(definition) => {
                arguments.remove(name_at);
                read_command(definition, arguments)
            }
            None => Err(unknown_command(first)),
        },
    }
}

/// Returns the number of arguments before the command's name: the common options and their values.
fn leading_options(arguments: &[OsString]) -> usize {
    let mut at = 0;
    while let Some(argument) = arguments.get(at).and_then(|argument| argument.to_str()) {
        let (option, has_value) =
            argument.split_once('=').map_or((argument, false), |(option, _)| (option, true));
        at += match (option, has_value) {
            // The value follows the option if it is not attached.
            ("--session" | "--ibmcloud" | "--timeout", has_value) => 1 + usize::from(!has_value),
            ("--quiet" | "--verbose", false) => 1,
            _ if is_group_of_switches(argument) => 1,
            _ => return at,
        };
    }
    at.min(arguments.len())
}

/// Returns whether an argument consists of the letters of common options, such as `-qv`.
fn is_group_of_switches(argument: &str) -> bool {
    argument.len() > 1
        && argument.strip_prefix('-').is_some_and(|letters| letters.chars().all(|c| "qv".contains(c)))
}

fn read_command(definition: &Definition, arguments: Vec<OsString>) -> Result<Reading> {
    let name = OsString::from(PROGRAM);
    let matches = command(definition).try_get_matches_from(std::iter::once(name).chain(arguments));
    match matches.and_then(|matches| (definition.read)(&matches)) {
        Ok(arguments) => {
            let failure_exit_code = definition.failure_exit_code();
            Ok(Reading::Run(Box::new(Arguments { failure_exit_code, ..arguments })))
        }
        Err(error) if !error.use_stderr() => Ok(Reading::Print(error.to_string())),
        Err(error) => Err(usage_error(&error, definition).or_exit_code(definition.failure_exit_code())),
    }
}

/// Returns the complete definition of a command.
pub(super) fn command(definition: &Definition) -> clap::Command {
    let command = clap::Command::new(definition.name)
        .bin_name(format!("{PROGRAM} {}", definition.name))
        .about(definition.about)
        .long_about(definition.long_about)
        .max_term_width(100);
    (definition.augment)(command)
}

/// Returns the definition of the program as its help shows it.
pub(super) fn program() -> clap::Command {
    let commands =
        COMMANDS.iter().map(|definition| clap::Command::new(definition.name).about(definition.about));
    with_session::<()>(clap::Command::new(PROGRAM))
        .version(env!("CARGO_PKG_VERSION"))
        .about(ABOUT)
        .long_about(LONG_ABOUT)
        .after_help(NOTES)
        .after_long_help(DETAILS)
        .subcommands(commands)
        .disable_help_subcommand(true)
        .override_usage(format!("{PROGRAM} [COMMAND] [OPTIONS]"))
        .max_term_width(100)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::ErrorKind;
    use crate::sanitize;

    fn parsed(line: &str) -> Result<Arguments> {
        match read(line.split_whitespace().map(OsString::from))? {
            Reading::Run(arguments) => Ok(*arguments),
            Reading::Print(text) => panic!("{text}"),
        }
    }

    #[test]
    fn definitions_are_sound() {
        program().debug_assert();
        for definition in COMMANDS {
            command(definition).debug_assert();
        }
    }

    #[test]
    fn empty_command_line_is_read_as_clap_reads_it() {
        let Reading::Run(by_clap) = read_command(&COMMANDS[0], Vec::new()).unwrap() else {
            panic!("no help")
        };
        assert_eq!(format!("{:?}", parsed("ibmcloud-token").unwrap()), format!("{by_clap:?}"));
    }

    #[test]
    fn common_options_come_before_or_after_the_name() {
        for line in [
            "ibmcloud-token --timeout 5 --session=prod -v status",
            "ibmcloud-token status -v --timeout=5s --session prod",
            "ibmcloud-token -v --session prod status --timeout 5s",
        ] {
            let Common { messages, session, time } = parsed(line).unwrap().common;
            assert!(messages.verbose && !messages.quiet, "{line}");
            assert_eq!(session.unwrap().session.unwrap().to_string(), "prod", "{line}");
            assert_eq!(time.unwrap().timeout, Some(Duration::from_secs(5)), "{line}");
        }
        // A value may look like a command.
        assert!(matches!(parsed("ibmcloud-token --session get login").unwrap().command, Command::Login(_)));
    }

    #[test]
    fn option_in_the_wrong_place_names_the_commands_that_accept_it() {
        for (line, commands) in [
            ("ibmcloud-token status --fresh", "it is an option of `get`, `exec`, `curl`, `watch`"),
            (
                "ibmcloud-token --fresh status",
                "put the options of a command after its name: `ibmcloud-token status …`",
            ),
            ("ibmcloud-token get --sso", "it is an option of `login`"),
            (
                "ibmcloud-token --session a parse",
                "it is an option of `get`, `exec`, `curl`, `watch`, `login`, `logout`, `status`, `inspect`, `doctor`, \
                 `configure`",
            ),
            ("ibmcloud-token get --host x", "it is an option of `curl`"),
        ] {
            let error = parsed(line).unwrap_err();
            assert_eq!((error.kind(), error.hint().as_deref()), (ErrorKind::Usage, Some(commands)), "{line}");
        }
    }

    #[test]
    fn options_of_a_program_are_its_own() {
        for (line, expected) in [
            ("ibmcloud-token exec printenv", "printenv"),
            (
                "ibmcloud-token exec -v --env A printenv -v --env B -- -x --help",
                "printenv -v --env B -- -x --help",
            ),
            ("ibmcloud-token exec -- printenv -v", "printenv -v"),
            ("ibmcloud-token exec -- -x", "-x"),
            ("ibmcloud-token --session a exec printenv --session b", "printenv --session b"),
        ] {
            let Command::Exec(exec) = parsed(line).unwrap().command else { panic!("{line}") };
            assert_eq!(exec.program, words(expected), "{line}");
        }
        for line in ["ibmcloud-token exec", "ibmcloud-token exec --", "ibmcloud-token exec --nope printenv"] {
            assert_eq!(parsed(line).unwrap_err().exit_code(), 125, "{line}");
        }
    }

    #[test]
    fn options_of_curl_start_at_the_first_argument_that_is_not_ours() {
        for (line, is_verbose, expected) in [
            ("ibmcloud-token curl URL", false, "URL"),
            ("ibmcloud-token curl -v URL", true, "URL"),
            ("ibmcloud-token curl -s -v -q URL", false, "-s -v -q URL"),
            ("ibmcloud-token curl -sv URL", false, "-sv URL"),
            ("ibmcloud-token curl -vs URL", false, "-vs URL"),
            ("ibmcloud-token curl -X POST --timeout 5", false, "-X POST --timeout 5"),
            ("ibmcloud-token curl -XPOST -h", false, "-XPOST -h"),
            (
                "ibmcloud-token curl --fresh --host a --host=b --compressed --host c",
                false,
                "--compressed --host c",
            ),
            ("ibmcloud-token curl -v -- -v -- URL", true, "-v -- URL"),
            ("ibmcloud-token -v curl --json {} URL", true, "--json {} URL"),
        ] {
            let arguments = parsed(line).unwrap();
            assert_eq!(arguments.common.messages.verbose, is_verbose, "{line}");
            let Command::Curl(curl) = arguments.command else { panic!("{line}") };
            assert_eq!(curl.arguments, words(expected), "{line}");
        }
        for line in
            ["ibmcloud-token curl", "ibmcloud-token curl --host", "ibmcloud-token curl --min-ttl x URL"]
        {
            assert_eq!(parsed(line).unwrap_err().exit_code(), 125, "{line}");
        }
    }

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn usage_error_is_one_line_without_control_characters() {
        for line in
            ["ibmcloud-token get --format \u{1b}[31myaml", "ibmcloud-token \u{1b}[31mx", "ibmcloud-token -f"]
        {
            let error = parsed(line).unwrap_err();
            assert!(
                !sanitize::line(&error.to_string()).contains('\u{1b}') && !error.to_string().contains('\n')
            );
            assert!(error.hint().is_some());
        }
    }
}
