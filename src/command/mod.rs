//! The commands, one file each, and what they share: the session they work on, and how the payload leaves.

#[cfg(feature = "net")]
mod exchange;
mod get;
mod inspect;
mod login;
mod output;
mod parse;
mod secret_input;
mod status;

use std::time::SystemTime;

use ibmcloud_token::deadline::Deadline;
use ibmcloud_token::directories;
use ibmcloud_token::environment::Environment;
use ibmcloud_token::error::{Error, Kind, Result};
use ibmcloud_token::ibmcloud::CONFIG_VARIABLES;
use ibmcloud_token::note::Note;
use ibmcloud_token::source::{Request, Session};

use crate::cli::{Cli, Command, FormatName, Options};
use crate::report::{self, Verbosity};
use crate::signals;

/// Runs the command that was typed.
pub(crate) fn run(cli: Cli, format_was_typed: bool, environment: Environment) -> Result<()> {
    let context = Context::new(cli.options, format_was_typed, environment)?;
    match cli.command {
        None => get::run(&context, &cli.get),
        Some(Command::Get(mut options)) => {
            options.login |= cli.get.login;
            get::run(&context, &options)
        }
        Some(Command::Login(options)) => login::run(&context, &options),
        Some(Command::Parse) => parse::run(&context),
        #[cfg(feature = "net")]
        Some(Command::Exchange(options)) => exchange::run(&context, &options),
        Some(Command::Status) => status::run(&context),
        Some(Command::Inspect(options)) => inspect::run(&context, &options),
    }
}

/// What every command gets: the options, and the environment of the session that was chosen.
pub(crate) struct Context {
    options: Options,
    format_was_typed: bool,
    environment: Environment,
    deadline: Deadline,
}

impl Context {
    fn new(options: Options, format_was_typed: bool, mut environment: Environment) -> Result<Self> {
        if let Some(name) = &options.session {
            let data_directory = directories::data_directory(&environment).ok_or_else(|| {
                Error::new(Kind::Usage, "there is no place for a named session: neither HOME nor XDG_DATA_HOME is an absolute path")
                    .with_hint("set HOME")
            })?;
            environment.remove(&CONFIG_VARIABLES);
            environment.set(CONFIG_VARIABLES[0], name.home(&data_directory));
        }
        let deadline = Deadline::after(options.timeout);
        Ok(Self { options, format_was_typed, environment, deadline })
    }

    fn verbosity(&self) -> Verbosity {
        match &self.options {
            Options { quiet: true, .. } => Verbosity::Quiet,
            Options { verbose: true, .. } => Verbosity::Verbose,
            _ => Verbosity::Normal,
        }
    }

    /// Says something to the person, unless they want quiet.
    fn say(&self, text: &str) {
        if self.verbosity() != Verbosity::Quiet {
            report::say(&format!("{text}\n"));
        }
    }

    fn note(&self, note: &Note) {
        report::note(note, self.verbosity());
    }

    /// Hands the session to `work`, with a deadline.
    fn with_session<T>(&self, deadline: Deadline, work: impl FnOnce(&Session<'_>) -> Result<T>) -> Result<T> {
        work(&Session {
            environment: &self.environment,
            program: self.options.ibmcloud.as_deref(),
            now: SystemTime::now,
            deadline,
            notes: &|note| self.note(&note),
            before_cli: signals::watch,
        })
    }

    /// Creates the home of a named session, for the user alone; the CLI puts its files there.
    fn ensure_session_home(&self) -> Result<()> {
        let Some(home) =
            self.options.session.as_ref().and_then(|_| self.environment.absolute_path(CONFIG_VARIABLES[0]))
        else {
            return Ok(());
        };
        directories::create_private(home).map_err(|error| {
            Error::new(Kind::Internal, format!("`{}` cannot be created", home.display()))
                .with_hint("set XDG_DATA_HOME to a directory that you may write to")
                .with_source(error)
        })
    }

    fn request(&self) -> Request {
        Request { min_ttl: self.options.min_ttl, fresh: self.options.fresh }
    }

    /// Returns whether a command that shows something, and not a token, is to show it as JSON.
    fn wants_json(&self, command: &str) -> Result<bool> {
        match self.options.format {
            FormatName::Json => Ok(self.format_was_typed),
            _ if self.format_was_typed => {
                Err(Error::new(Kind::Usage, format!("`{command}` prints plain text, or `--format json`"))
                    .with_hint(format!("leave `--format` out: `ibmcloud-token {command}`")))
            }
            _ => Ok(false),
        }
    }
}
