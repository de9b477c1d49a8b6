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

#![expect(clippy::doc_markdown, reason = "the doc comments are help texts, which are plain text")]
#![cfg_attr(feature = "net", expect(rustdoc::bare_urls, reason = "the help of `exchange` names URLs"))]

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind as ClapErrorKind};
use clap::{ArgMatches, Args, FromArgMatches as _};

use super::curl_guard::Host;
use super::help::{ABOUT, CONFIGURE, CURL, DETAILS, EXEC, LONG_ABOUT, NOTES};
use super::recipes::Recipe;
use super::settings::{duration, positive_duration};
use crate::error::{Error, ErrorKind, Hint, Result};
use crate::format::{Format, NAMED, Shell, Variable};
use crate::sanitize;
use crate::session::SessionName;

/// The exit status if a program was not started, as for `env` and `nohup` (POSIX).
const NOT_STARTED: u8 = 125;

/// The name of the program.
pub(crate) const PROGRAM: &str = "ibmcloud-token";

/// The command line as it was typed.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) common: Common,
    pub(crate) command: Command,
}

/// A command with its own options.
#[derive(Debug)]
pub(crate) enum Command {
    Get(Get),
    Exec(Exec),
    Curl(Curl),
    Login(Login),
    Logout,
    Parse(Parse),
    #[cfg(feature = "net")]
    Exchange(Exchange),
    Status(Status),
    Inspect(Inspect),
    Configure(Configure),
}

impl Command {
    /// Returns the exit status for our own failures, if it must differ from those of the program that is run.
    pub(super) fn failure_exit_code(&self) -> Option<u8> {
        matches!(self, Self::Exec(_) | Self::Curl(_)).then_some(NOT_STARTED)
    }
}

/// The outcome of reading a command line.
#[derive(Debug)]
pub(crate) enum Reading {
    /// Run a command.
    Run(Box<Arguments>),
    /// Print this text: help or version.
    Print(String),
}

/// A command's name, help and definition.
struct Definition {
    name: &'static str,
    about: &'static str,
    long_about: &'static str,
    augment: fn(clap::Command) -> clap::Command,
    read: fn(&ArgMatches) -> Result<Arguments, clap::Error>,
}

impl Definition {
    /// Returns whether the command becomes another program, so that our failures must not look like its own.
    fn becomes_a_program(&self) -> bool {
        matches!(self.name, "exec" | "curl")
    }
}

/// The commands, in the order of the help. The first is the default.
static COMMANDS: &[Definition] = &[
    Definition {
        name: "get",
        about: "Print the token of the current session (the default command)",
        long_about: "Print the token of the current session.\n\nThe token is read from the CLI's session file if it lives long enough. Otherwise `ibmcloud iam oauth-tokens` is run.",
        augment: |command| with_session(Get::augment_args(command)),
        read: |matches| read_session(matches, Command::Get(Get::from_arg_matches(matches)?)),
    },
    Definition {
        name: "exec",
        about: "Run a program with a token in its environment",
        long_about: EXEC,
        augment: |command| {
            with_session(Exec::augment_args(command))
                .override_usage("ibmcloud-token exec [OPTIONS] [--] PROGRAM [ARGUMENT]...")
        },
        read: |matches| read_session(matches, Command::Exec(Exec::from_arg_matches(matches)?)),
    },
    Definition {
        name: "curl",
        about: "Run curl with the token, for IBM Cloud's hosts only",
        long_about: CURL,
        augment: |command| {
            with_session(Curl::augment_args(command))
                .override_usage("ibmcloud-token curl [OPTIONS] [--] ARGUMENT...")
        },
        read: |matches| read_session(matches, Command::Curl(Curl::from_arg_matches(matches)?)),
    },
    Definition {
        name: "login",
        about: "Log in with the CLI: password, --sso, --passcode or API key",
        long_about: "Log in with the CLI: with a password, a one-time passcode or an API key.\n\nThis runs `ibmcloud login`. The CLI's output goes to the standard error. The login succeeds only if there is a new token afterwards.",
        augment: |command| with_session(Login::augment_args(command)),
        read: |matches| read_session(matches, Command::Login(Login::from_arg_matches(matches)?)),
    },
    Definition {
        name: "logout",
        about: "Log out with the CLI; a named session is removed",
        long_about: "Log out with the CLI.\n\nThe directory of a named session (--session) is removed.",
        augment: with_session,
        read: |matches| read_session(matches, Command::Logout),
    },
    #[cfg(feature = "net")]
    Definition {
        name: "exchange",
        about: "Exchange an API key for a token over HTTPS, without the CLI",
        long_about: "Exchange an API key for a token over HTTPS, without the CLI.",
        augment: |command| without_session(Exchange::augment_args(command)),
        read: |matches| read_plain(matches, Command::Exchange(Exchange::from_arg_matches(matches)?)),
    },
    Definition {
        name: "parse",
        about: "Read `oauth-tokens` output on stdin and print its token",
        long_about: "Read the output of `ibmcloud iam oauth-tokens` on the standard input and print its token.\n\nA token in quotation marks, IAM's token.json and every format of this program are understood too. Two different tokens are an error.",
        augment: |command| without_session(Parse::augment_args(command)),
        read: |matches| read_plain(matches, Command::Parse(Parse::from_arg_matches(matches)?)),
    },
    Definition {
        name: "status",
        about: "Show who is logged in, where and for how long (no network)",
        long_about: "Show who is logged in, where and for how long. This uses neither the network nor the CLI.",
        augment: |command| with_session(Status::augment_args(command)),
        read: |matches| read_session(matches, Command::Status(Status::from_arg_matches(matches)?)),
    },
    Definition {
        name: "inspect",
        about: "Show the claims of a token, decoded but not verified",
        long_about: "Show the claims of a token, decoded but not verified.\n\nWithout an argument, this shows the token that `get` would print.",
        augment: |command| with_session(Inspect::augment_args(command)),
        read: |matches| read_session(matches, Command::Inspect(Inspect::from_arg_matches(matches)?)),
    },
    Definition {
        name: "configure",
        about: "Let docker, podman, skopeo and helm get their icr.io tokens from us",
        long_about: CONFIGURE,
        augment: |command| MessageOptions::augment_args(Configure::augment_args(command)),
        read: |matches| {
            let configure = Configure::from_arg_matches(matches)?;
            let session = SessionOptions { session: configure.session.clone(), ibmcloud: None };
            let messages = MessageOptions::from_arg_matches(matches)?;
            let common = Common { messages, session, time: TimeOptions::default() };
            Ok(Arguments { common, command: Command::Configure(configure) })
        },
    },
];

// ---- groups of options ---------------------------------------------------------------------------------------------

/// The options that may come before or after the command's name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Common {
    pub(crate) messages: MessageOptions,
    pub(crate) session: SessionOptions,
    pub(crate) time: TimeOptions,
}

#[derive(Args, Clone, Debug, Default, PartialEq)]
#[group(skip)]
#[command(next_help_heading = "Common options")]
pub(crate) struct MessageOptions {
    /// Print nothing but errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Explain every decision
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

#[derive(Args, Clone, Debug, Default, PartialEq)]
#[group(skip)]
#[command(next_help_heading = "Common options")]
pub(crate) struct SessionOptions {
    /// Use the session of this name instead of your own
    #[arg(long, value_name = "NAME")]
    pub(crate) session: Option<SessionName>,
    /// Run this CLI: a path, or a name such as `bx`
    ///
    /// It must use the session that this program reads. A wrapper that chooses another session, for example with
    /// IBMCLOUD_HOME, is not run at all while the token in the usual session file is good. Set IBMCLOUD_HOME for this
    /// program too, or use `--session`.
    #[arg(long, value_name = "PATH")]
    pub(crate) ibmcloud: Option<OsString>,
}

#[derive(Args, Clone, Debug, Default, PartialEq)]
#[group(skip)]
#[command(next_help_heading = "Common options")]
pub(crate) struct TimeOptions {
    /// Give up after this time [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub(crate) timeout: Option<Duration>,
}

#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
pub(crate) struct TokenOptions {
    /// Require this remaining lifetime: 90s, 5m, 1h
    ///
    /// By default, a token in the session file must live for at least another minute, but any unexpired token that the
    /// CLI prints is accepted.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) min_ttl: Option<Duration>,
}

#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
pub(crate) struct SourceOptions {
    /// Always run the CLI to get the token
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Log in first if needed
    ///
    /// Without a terminal, this works only if the CLI can log in without prompts, for example with IBMCLOUD_API_KEY.
    #[arg(long)]
    pub(crate) login: bool,
}

#[cfg(feature = "net")]
#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
pub(crate) struct IamOptions {
    /// IAM's URL [default: https://iam.cloud.ibm.com]
    ///
    /// Without it, the variable IBMCLOUD_IAM_API_ENDPOINT is used.
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Use IAM's private endpoint
    #[arg(long, conflicts_with = "endpoint")]
    pub(crate) private: bool,
    /// Also trust the CA certificates in this PEM file
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
pub(crate) struct OutputOptions {
    /// A format or a template [default: bearer]
    #[arg(short, long, value_name = "FORMAT", long_help = format_help())]
    pub(crate) format: Option<Format>,
    /// Write to this file (0600); `-` is stdout
    ///
    /// A regular file is replaced atomically and has mode 0600 from the first byte. A pipe, a device or `/dev/fd/N` is
    /// written through.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Set this variable, with -f env, dotenv or github
    ///
    /// NAME=TEMPLATE sets it to a template with the placeholders of `--format`; NAME alone means NAME=%{token}. The option
    /// can be repeated. [default: IAM_TOKEN]
    #[arg(long, value_name = "NAME")]
    pub(crate) env: Vec<Variable>,
    /// Shell for -f env: sh, fish, powershell or cmd
    #[arg(long, value_parser = shell)]
    pub(crate) shell: Option<Shell>,
}

#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
pub(crate) struct JsonOptions {
    /// `json`: one JSON object instead of text
    #[arg(short, long, value_name = "json", value_parser = json)]
    pub(crate) format: Option<()>,
}

// ---- commands ------------------------------------------------------------------------------------------------------

#[derive(Args, Debug, Default)]
#[group(skip)]
pub(crate) struct Get {
    #[command(flatten)]
    pub(crate) output: OutputOptions,
    #[command(flatten)]
    pub(crate) token: TokenOptions,
    #[command(flatten)]
    pub(crate) source: SourceOptions,
}

#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct Exec {
    /// Set this variable [default: IAM_TOKEN]
    ///
    /// NAME means NAME=%{token}. The template may use %{bearer} and the other placeholders of `get --format`. The option
    /// can be repeated.
    #[arg(long, value_name = "NAME[=TEMPLATE]")]
    pub(crate) env: Vec<Variable>,
    /// Set the variables of a tool; see --list-recipes
    ///
    /// The recipes are terraform, sdk:SERVICE (such as sdk:secrets-manager) and watsonx.
    ///
    /// Other credentials of the same service are removed from the environment. The option can be repeated.
    #[arg(long = "for", value_name = "RECIPE")]
    pub(crate) recipes: Vec<Recipe>,
    /// Print what each recipe sets and removes
    #[arg(long)]
    pub(crate) list_recipes: bool,
    #[command(flatten)]
    pub(crate) token: TokenOptions,
    #[command(flatten)]
    pub(crate) source: SourceOptions,
    /// The program and its arguments
    #[arg(value_name = "PROGRAM", trailing_var_arg = true, required_unless_present = "list_recipes")]
    pub(crate) program: Vec<OsString>,
}

#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct Curl {
    /// Also send the token to this host
    ///
    /// NAME is one exact host name and matches any port. Plain http is accepted only for localhost, 127.0.0.1 and ::1.
    /// The option can be repeated.
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Vec<Host>,
    #[command(flatten)]
    pub(crate) token: TokenOptions,
    #[command(flatten)]
    pub(crate) source: SourceOptions,
    /// The arguments of curl
    #[arg(value_name = "ARGUMENT", trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    pub(crate) arguments: Vec<OsString>,
}

#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct Login {
    /// Use a one-time passcode from the browser
    #[arg(long, group = "credentials")]
    pub(crate) sso: bool,
    /// Use the API key in a file, or `-` for stdin
    ///
    /// The file holds the key, or the JSON that the console and `ibmcloud iam api-key-create --file` write. At a
    /// terminal, `-` prompts for the key and does not show it. The variable IBMCLOUD_API_KEY may hold the key, or
    /// @FILE, instead.
    #[arg(long, value_name = "@FILE|-", group = "credentials")]
    pub(crate) apikey: Option<String>,
    /// Use a one-time passcode from stdin
    ///
    /// At a terminal, this prompts for the passcode and does not show it. The passcode answers only the CLI's prompt
    /// for it.
    #[arg(long, value_name = "-", group = "credentials")]
    pub(crate) passcode: Option<String>,
    /// API endpoint
    #[arg(short = 'a', value_name = "API_ENDPOINT")]
    pub(crate) api_endpoint: Option<String>,
    /// Region to target
    #[arg(short = 'r', value_name = "REGION", conflicts_with = "no_region")]
    pub(crate) region: Option<String>,
    /// Target no region
    #[arg(long)]
    pub(crate) no_region: bool,
    /// Account to target
    #[arg(short = 'c', value_name = "ACCOUNT_ID", conflicts_with = "no_account")]
    pub(crate) account: Option<String>,
    /// Target no account
    #[arg(long)]
    pub(crate) no_account: bool,
    /// Resource group to target
    #[arg(short = 'g', value_name = "RESOURCE_GROUP")]
    pub(crate) resource_group: Option<String>,
    /// Further arguments, passed to `ibmcloud login` unchanged
    #[arg(last = true, value_name = "ARGUMENT")]
    pub(crate) arguments: Vec<String>,
}

#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct Parse {
    #[command(flatten)]
    pub(crate) output: OutputOptions,
    #[command(flatten)]
    pub(crate) token: TokenOptions,
}

#[cfg(feature = "net")]
#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct Exchange {
    /// The API key: `@FILE`, or `-` for stdin
    ///
    /// The file holds the key, or the JSON that the console and `ibmcloud iam api-key-create --file` write. At a
    /// terminal, `-` prompts for the key and does not show it. The variable IBMCLOUD_API_KEY or IC_API_KEY may hold
    /// the key, or @FILE, instead.
    #[arg(long, value_name = "@FILE|-")]
    pub(crate) apikey: Option<String>,
    #[command(flatten)]
    pub(crate) iam: IamOptions,
    /// Print IAM's response; it may hold a refresh token
    #[arg(long, conflicts_with_all = ["format", "env", "shell"])]
    pub(crate) raw: bool,
    #[command(flatten)]
    pub(crate) output: OutputOptions,
    #[command(flatten)]
    pub(crate) token: TokenOptions,
}

#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct Status {
    /// Show your own session and every named one
    #[arg(long, conflicts_with = "session")]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) json: JsonOptions,
}

#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct Inspect {
    /// Read a token, or `oauth-tokens` output, from stdin
    #[arg(value_name = "-")]
    pub(crate) input: Option<String>,
    #[command(flatten)]
    pub(crate) json: JsonOptions,
}

#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct Configure {
    /// The program to configure; others read its file too
    #[arg(value_name = "docker", value_parser = ["docker"], hide_possible_values = true)]
    pub(crate) program: String,
    /// Change this file, such as podman's auth.json
    #[arg(long, value_name = "PATH")]
    pub(crate) file: Option<PathBuf>,
    /// Print what would be changed, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Remove our helper, and no other
    ///
    /// With --session, only the helper of that session is removed.
    #[arg(long)]
    pub(crate) remove: bool,
    /// Use the helper of the session with this name
    ///
    /// The helper is `docker-credential-ibmcloud-NAME`, a link to `docker-credential-ibmcloud`.
    #[arg(long, value_name = "NAME")]
    pub(crate) session: Option<SessionName>,
}

// ---- reading -------------------------------------------------------------------------------------------------------

/// Reads a command line. The first argument is the name of the program.
pub(crate) fn read(arguments: impl Iterator<Item = OsString>) -> Result<Reading> {
    let mut arguments: Vec<OsString> = arguments.skip(1).collect();
    let name_at = leading_options(&arguments);
    let Some(first) = arguments.get(name_at) else {
        if arguments.is_empty() {
            let command = Command::Get(Get::default());
            return Ok(Reading::Run(Box::new(Arguments { common: Common::default(), command })));
        }
        return read_command(&COMMANDS[0], arguments);
    };
    match first.to_str() {
        Some("-h") => Ok(Reading::Print(program().render_help().to_string())),
        Some("--help") => Ok(Reading::Print(program().render_long_help().to_string())),
        Some("-V" | "--version") => Ok(Reading::Print(
            concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"), "\n").to_owned(),
        )),
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
        at += match argument {
            "--quiet" | "--verbose" => 1,
            "--session" | "--ibmcloud" | "--timeout" => 2,
            _ if ["--session=", "--ibmcloud=", "--timeout="]
                .iter()
                .any(|start| argument.starts_with(start)) =>
            {
                1
            }
            _ if argument.len() > 1
                && argument.strip_prefix('-').is_some_and(|rest| rest.chars().all(|c| "qv".contains(c))) =>
            {
                1
            }
            _ => return at,
        };
    }
    at.min(arguments.len())
}

fn read_command(definition: &Definition, arguments: Vec<OsString>) -> Result<Reading> {
    let name = OsString::from(PROGRAM);
    let matches = command(definition).try_get_matches_from(std::iter::once(name).chain(arguments));
    match matches.and_then(|matches| (definition.read)(&matches)) {
        Ok(arguments) => Ok(Reading::Run(Box::new(arguments))),
        Err(error) if !error.use_stderr() => Ok(Reading::Print(error.to_string())),
        Err(error) if definition.becomes_a_program() => {
            Err(usage_error(&error, definition).or_exit_code(NOT_STARTED))
        }
        Err(error) => Err(usage_error(&error, definition)),
    }
}

/// Returns the complete definition of a command.
fn command(definition: &Definition) -> clap::Command {
    let command = clap::Command::new(definition.name)
        .bin_name(format!("{PROGRAM} {}", definition.name))
        .about(definition.about)
        .long_about(definition.long_about)
        .max_term_width(100);
    (definition.augment)(command)
}

/// Returns the definition of the program as its help shows it.
fn program() -> clap::Command {
    let commands =
        COMMANDS.iter().map(|definition| clap::Command::new(definition.name).about(definition.about));
    with_session(clap::Command::new(PROGRAM))
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

fn with_session(command: clap::Command) -> clap::Command {
    without_session(SessionOptions::augment_args(command))
}

fn without_session(command: clap::Command) -> clap::Command {
    MessageOptions::augment_args(TimeOptions::augment_args(command))
}

fn read_session(matches: &ArgMatches, command: Command) -> Result<Arguments, clap::Error> {
    let arguments = read_plain(matches, command)?;
    let session = SessionOptions::from_arg_matches(matches)?;
    Ok(Arguments { common: Common { session, ..arguments.common }, ..arguments })
}

fn read_plain(matches: &ArgMatches, command: Command) -> Result<Arguments, clap::Error> {
    let common = Common {
        messages: MessageOptions::from_arg_matches(matches)?,
        session: SessionOptions::default(),
        time: TimeOptions::from_arg_matches(matches)?,
    };
    Ok(Arguments { common, command })
}

// ---- usage errors --------------------------------------------------------------------------------------------------

/// Explains what clap rejected, on one line and without anything that could be a secret typed in the wrong place.
fn usage_error(error: &clap::Error, definition: &Definition) -> Error {
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

fn unknown_command(name: &OsStr) -> Error {
    let name = sanitize::redact(&name.to_string_lossy());
    let commands: Vec<String> = COMMANDS.iter().map(|definition| format!("`{}`", definition.name)).collect();
    Error::new(ErrorKind::Usage, format!("unknown command `{name}`"))
        .with_hint(format!("the commands are {}", commands.join(", ")))
}

fn format_help() -> String {
    let mut help = "The format: one of these names, or a template.\n\n".to_owned();
    for named in &NAMED {
        let _ = writeln!(help, "  {:<8}{}", named.name, named.about);
    }
    help + "\nA template has placeholders in the style of curl's -w: %{token}, %{bearer}, %{expires_at} (RFC 3339), \
            %{expiration} (epoch seconds), %{expires_in} (seconds), %{account} and %{iam_id}. %% is a percent sign, \
            and \\n, \\t and \\\\ are escapes. [default: bearer]"
}

pub(super) fn shell(name: &str) -> Result<Shell, String> {
    Shell::ALL
        .into_iter()
        .find_map(|(known, shell)| (known == name).then_some(shell))
        .ok_or_else(|| format!("not one of {}", Shell::ALL.map(|(name, _)| format!("`{name}`")).join(", ")))
}

fn json(name: &str) -> Result<(), String> {
    if name == "json" { Ok(()) } else { Err("only `json` is supported here".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(session.session.unwrap().to_string(), "prod", "{line}");
            assert_eq!(time.timeout, Some(Duration::from_secs(5)), "{line}");
        }
        // A value may look like a command.
        assert!(matches!(parsed("ibmcloud-token --session get login").unwrap().command, Command::Login(_)));
    }

    #[test]
    fn option_in_the_wrong_place_names_the_commands_that_accept_it() {
        for (line, commands) in [
            ("ibmcloud-token status --fresh", "it is an option of `get`, `exec`, `curl`"),
            (
                "ibmcloud-token --fresh status",
                "put the options of a command after its name: `ibmcloud-token status …`",
            ),
            ("ibmcloud-token get --sso", "it is an option of `login`"),
            (
                "ibmcloud-token --session a parse",
                "it is an option of `get`, `exec`, `curl`, `login`, `logout`, `status`, `inspect`, `configure`",
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
