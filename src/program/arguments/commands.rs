//! The commands: their names, their help, and the options that each accepts.

use clap::{ArgMatches, Args, FromArgMatches};

use super::documentation::{Completions, Man};
use super::groups::{Common, MessageOptions, SessionOptions, TimeOptions};
#[cfg(feature = "net")]
use super::options::ExchangeOptions;
use super::options::{Configure, Curl, Doctor, Exec, Get, Inspect, Login, Parse, Status};
use super::{Arguments, Command};
use crate::program::help::{COMPLETIONS, CONFIGURE, CURL, DOCTOR, EXEC, MAN, WATCH};

/// The exit status if a program was not started, as for `env` and `nohup` (POSIX).
const NOT_STARTED: u8 = 125;

/// A command's name, help and definition.
pub(in crate::program) struct Definition {
    pub(in crate::program) name: &'static str,
    pub(in crate::program) about: &'static str,
    pub(super) long_about: &'static str,
    pub(super) augment: fn(clap::Command) -> clap::Command,
    pub(super) read: fn(&ArgMatches) -> Result<Arguments, clap::Error>,
}

impl Definition {
    /// Returns whether the command becomes another program, so that our failures must not look like its own.
    pub(in crate::program) fn becomes_a_program(&self) -> bool {
        matches!(self.name, "exec" | "curl")
    }

    /// Returns the exit status for our own failures, if it must differ from those of the program that is run.
    pub(super) fn failure_exit_code(&self) -> Option<u8> {
        self.becomes_a_program().then_some(NOT_STARTED)
    }
}

/// The commands, in the order of the help. The first is the default.
pub(in crate::program) static COMMANDS: &[Definition] = &[
    Definition {
        name: "get",
        about: "Print the token of the current session (the default command)",
        long_about: "Print the token of the current session.\n\nThe token is read from the CLI's session file if it lives long enough. Otherwise `ibmcloud iam oauth-tokens` is run.",
        augment: with_source::<Get>,
        read: |matches| read_session(matches, Command::Get),
    },
    Definition {
        name: "exec",
        about: "Run a program with a token in its environment",
        long_about: EXEC,
        augment: |command| {
            with_source::<Exec>(command)
                .override_usage("ibmcloud-token exec [OPTIONS] [--] PROGRAM [ARGUMENT]...")
        },
        read: |matches| read_session(matches, Command::Exec),
    },
    Definition {
        name: "curl",
        about: "Run curl with the token, for IBM Cloud's hosts only",
        long_about: CURL,
        augment: |command| {
            with_source::<Curl>(command).override_usage("ibmcloud-token curl [OPTIONS] [--] ARGUMENT...")
        },
        read: |matches| read_session(matches, Command::Curl),
    },
    Definition {
        name: "watch",
        about: "Keep a file with a valid token in it",
        long_about: WATCH,
        augment: |command| {
            with_source::<Get>(command).override_usage("ibmcloud-token watch [OPTIONS] -o <FILE>")
        },
        read: |matches| read_session(matches, Command::Watch),
    },
    Definition {
        name: "login",
        about: "Log in with the CLI: password, --sso, --passcode or API key",
        long_about: "Log in with the CLI: with a password, a one-time passcode or an API key.\n\nThis runs `ibmcloud login`. The CLI's output goes to the standard error. The login succeeds only if there is a new token afterwards.",
        augment: with_session::<Login>,
        read: |matches| read_session(matches, Command::Login),
    },
    Definition {
        name: "logout",
        about: "Log out with the CLI; a named session is removed",
        long_about: "Log out with the CLI.\n\nThe directory of a named session (--session) is removed.",
        augment: with_session::<()>,
        read: |matches| read_session(matches, |()| Command::Logout),
    },
    #[cfg(feature = "net")]
    Definition {
        name: "exchange",
        about: "Exchange an API key for a token over HTTPS, without the CLI",
        long_about: "Exchange an API key for a token over HTTPS, without the CLI.",
        augment: without_session::<ExchangeOptions>,
        read: |matches| read_plain(matches, Command::Exchange),
    },
    Definition {
        name: "parse",
        about: "Read `oauth-tokens` output on stdin and print its token",
        long_about: "Read the output of `ibmcloud iam oauth-tokens` on the standard input and print its token.\n\nA token in quotation marks, IAM's token.json and every format of this program are understood too. Two different tokens are an error.",
        augment: without_session::<Parse>,
        read: |matches| read_plain(matches, Command::Parse),
    },
    Definition {
        name: "status",
        about: "Show who is logged in, where and for how long (no network)",
        long_about: "Show who is logged in, where and for how long. This uses neither the network nor the CLI.",
        augment: with_session::<Status>,
        read: |matches| read_session(matches, Command::Status),
    },
    Definition {
        name: "inspect",
        about: "Show the claims of a token, decoded but not verified",
        long_about: "Show the claims of a token, decoded but not verified.\n\nWithout an argument, this shows the token that `get` would print.",
        augment: with_session::<Inspect>,
        read: |matches| read_session(matches, Command::Inspect),
    },
    Definition {
        name: "doctor",
        about: "Check this machine's set-up, and say how to fix what is wrong",
        long_about: DOCTOR,
        augment: with_session::<Doctor>,
        read: |matches| read_session(matches, Command::Doctor),
    },
    Definition {
        name: "configure",
        about: "Let docker, podman, skopeo and helm get icr.io tokens from us",
        long_about: CONFIGURE,
        augment: with_messages::<Configure>,
        read: |matches| read_messages(matches, Command::Configure),
    },
    Definition {
        name: "completions",
        about: "Print a script that lets your shell complete our command lines",
        long_about: COMPLETIONS,
        augment: |command| {
            with_messages::<Completions>(command)
                .override_usage("ibmcloud-token completions [OPTIONS] <SHELL>")
        },
        read: |matches| read_messages(matches, Command::Completions),
    },
    Definition {
        name: "man",
        about: "Print a manual page, to read with `man -l -`",
        long_about: MAN,
        augment: with_messages::<Man>,
        read: |matches| read_messages(matches, Command::Man),
    },
];

/// Adds a command's own options, and the common ones of a command that uses a session.
pub(super) fn with_session<A: Args>(command: clap::Command) -> clap::Command {
    without_session::<SessionOptions>(A::augment_args(command))
}

/// Adds the options of a command that gets a token. An API key or a compute resource replaces the session.
fn with_source<A: Args>(command: clap::Command) -> clap::Command {
    const OF_SESSIONS: [&str; 4] = ["fresh", "login", "session", "ibmcloud"];
    let command = with_session::<A>(command);
    if cfg!(feature = "net") {
        return command
            .mut_arg("apikey", |option| option.conflicts_with_all(OF_SESSIONS).conflicts_with("profile"))
            .mut_arg("profile", |option| option.conflicts_with_all(OF_SESSIONS));
    }
    command
}

/// Adds these options, and the common ones of a command that uses no session.
fn without_session<A: Args>(command: clap::Command) -> clap::Command {
    with_messages::<TimeOptions>(A::augment_args(command))
}

/// Adds these options, and the common ones of a command that uses neither a session nor a deadline.
fn with_messages<A: Args>(command: clap::Command) -> clap::Command {
    MessageOptions::augment_args(A::augment_args(command))
}

fn read_session<A: FromArgMatches>(
    matches: &ArgMatches,
    command: fn(A) -> Command,
) -> Result<Arguments, clap::Error> {
    let arguments = read_plain(matches, command)?;
    let session = Some(SessionOptions::from_arg_matches(matches)?);
    Ok(Arguments { common: Common { session, ..arguments.common }, ..arguments })
}

fn read_plain<A: FromArgMatches>(
    matches: &ArgMatches,
    command: fn(A) -> Command,
) -> Result<Arguments, clap::Error> {
    let arguments = read_messages(matches, command)?;
    let time = Some(TimeOptions::from_arg_matches(matches)?);
    Ok(Arguments { common: Common { time, ..arguments.common }, ..arguments })
}

fn read_messages<A: FromArgMatches>(
    matches: &ArgMatches,
    command: fn(A) -> Command,
) -> Result<Arguments, clap::Error> {
    let command = command(A::from_arg_matches(matches)?);
    let messages = MessageOptions::from_arg_matches(matches)?;
    let common = Common { messages, ..Common::default() };
    Ok(Arguments { common, command, failure_exit_code: None })
}
