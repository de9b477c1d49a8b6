//! The settings of a run: an option, else the variable `IBMCLOUD_TOKEN_…`, else the default.
//!
//! This does not need clap, so that a program without a command line can use it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::arguments::{Common, Configure, Exec, OutputOptions, TokenOptions};
use super::curl_guard::Host;
use super::recipes::Recipe;
use crate::error::{Error, ErrorKind, Result};
use crate::format::{Format, NAMED, Shell, Variable};
use crate::session::SessionName;
use crate::system::environment::Environment;
use crate::token::Requirements;

/// The default of `--timeout`.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// How much is printed besides errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verbosity {
    /// Nothing.
    Quiet,
    /// Warnings, and at a terminal the reason for waiting.
    Normal,
    /// Every decision.
    Verbose,
}

/// Settings that all commands share.
#[derive(Clone, Debug)]
pub(crate) struct CommonSettings {
    pub(crate) verbosity: Verbosity,
    pub(crate) session: Option<SessionName>,
    pub(crate) ibmcloud: Option<OsString>,
    pub(crate) timeout: Duration,
}

/// Where and in which format a token is written.
#[derive(Clone, Debug)]
pub(crate) struct OutputSettings {
    pub(crate) format: Format,
    /// The file, or nothing for the standard output.
    pub(crate) file: Option<PathBuf>,
    pub(crate) variables: Vec<Variable>,
    pub(crate) shell: Shell,
}

/// The settings of `configure`.
#[derive(Clone, Debug)]
pub(crate) struct ConfigureSettings {
    /// The file, or nothing for the default.
    pub(crate) file: Option<PathBuf>,
    pub(crate) dry_run: bool,
    pub(crate) remove: bool,
}

/// Adds variables and defaults to what was typed.
#[derive(Clone, Copy)]
pub(crate) struct Settings<'a> {
    environment: &'a Environment,
}

impl<'a> Settings<'a> {
    pub(crate) fn new(environment: &'a Environment) -> Self {
        Self { environment }
    }

    /// Returns the settings that all commands share.
    pub(crate) fn common(self, typed: &Common) -> Result<CommonSettings> {
        let session = typed.session.session.clone();
        Ok(CommonSettings {
            verbosity: self.verbosity(typed.messages.quiet, typed.messages.verbose)?,
            session: self.value(session, "SESSION", parse::<SessionName>)?,
            ibmcloud: typed
                .session
                .ibmcloud
                .clone()
                .or_else(|| self.variable("IBMCLOUD").map(OsStr::to_owned)),
            timeout: self.value(typed.time.timeout, "TIMEOUT", positive_duration)?.unwrap_or(DEFAULT_TIMEOUT),
        })
    }

    /// Returns the requirements on a token.
    pub(crate) fn requirements(self, typed: &TokenOptions) -> Result<Requirements> {
        Ok(Requirements { min_ttl: self.value(typed.min_ttl, "MIN_TTL", duration)? })
    }

    /// Returns whether the CLI must be run.
    pub(crate) fn fresh(self, typed: bool) -> Result<bool> {
        self.switch(typed, "FRESH")
    }

    /// Returns where and in which format a token is written.
    pub(crate) fn output(self, typed: &OutputOptions) -> Result<OutputSettings> {
        let format = self.value(typed.format.clone(), "FORMAT", parse)?.unwrap_or_default();
        let shell = self.value(typed.shell, "SHELL", super::arguments::shell)?;
        let shell = shell.unwrap_or(Shell::DEFAULT);
        let variables = self.variables(&typed.env)?.unwrap_or_else(default_variables);
        for variable in &variables {
            if let Some(why) = variable.refusal(&format, shell) {
                return Err(Error::new(
                    ErrorKind::Usage,
                    format!("invalid value of `--env {}`: {why}", variable.name),
                )
                .with_hint("use `%{token}` instead of `%{bearer}`, or another `--format`"));
            }
        }
        let file = typed.output.as_deref().map(ensure_not_a_format).transpose()?;
        let file = file.filter(|path| *path != Path::new("-")).map(Path::to_owned);
        Ok(OutputSettings { format, file, variables, shell })
    }

    /// Returns the settings of `configure`.
    pub(crate) fn configure(self, typed: &Configure) -> Result<ConfigureSettings> {
        Ok(ConfigureSettings {
            file: typed.file.clone().or_else(|| self.variable("FILE").map(PathBuf::from)),
            dry_run: self.switch(typed.dry_run, "DRY_RUN")?,
            remove: self.switch(typed.remove, "REMOVE")?,
        })
    }

    /// Returns the variables and recipes for a program's environment. The default variable is set only if neither a
    /// variable nor a recipe was given.
    pub(crate) fn program_environment(self, typed: &Exec) -> Result<(Vec<Variable>, Vec<Recipe>)> {
        let mut recipes = typed.recipes.clone();
        if recipes.is_empty() {
            recipes.extend(self.value(None, "FOR", parse)?);
        }
        let default = || if recipes.is_empty() { default_variables() } else { Vec::new() };
        Ok((self.variables(&typed.env)?.unwrap_or_else(default), recipes))
    }

    /// Returns the hosts that may get the token besides those of IBM Cloud.
    pub(crate) fn hosts(self, typed: &[Host]) -> Result<Vec<Host>> {
        if !typed.is_empty() {
            return Ok(typed.to_vec());
        }
        Ok(self.value(None, "HOST", parse)?.into_iter().collect())
    }

    fn variables(self, typed: &[Variable]) -> Result<Option<Vec<Variable>>> {
        if !typed.is_empty() {
            return Ok(Some(typed.to_vec()));
        }
        Ok(self.value(None, "ENV", parse)?.map(|variable| vec![variable]))
    }

    /// Returns the value that was typed, or else the one in its variable.
    fn value<T>(
        self,
        typed: Option<T>,
        variable: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>> {
        let Some(value) = self.variable(variable).filter(|_| typed.is_none()) else { return Ok(typed) };
        let text = value.to_str().ok_or("it is not UTF-8".to_owned());
        text.and_then(parse).map(Some).map_err(|why| {
            Error::new(ErrorKind::Usage, format!("invalid value of `IBMCLOUD_TOKEN_{variable}`: {why}"))
                .with_hint(format!("correct it, or remove it with `unset IBMCLOUD_TOKEN_{variable}`"))
        })
    }

    /// Returns whether a switch was typed, or else whether its variable is on.
    fn switch(self, typed: bool, variable: &str) -> Result<bool> {
        Ok(self.value(typed.then_some(true), variable, |text| Ok(is_on(text)))?.unwrap_or(false))
    }

    /// An option wins over a variable.
    fn verbosity(self, quiet: bool, verbose: bool) -> Result<Verbosity> {
        match (quiet, verbose) {
            (true, _) => return Ok(Verbosity::Quiet),
            (_, true) => return Ok(Verbosity::Verbose),
            _ => {}
        }
        match (self.switch(false, "QUIET")?, self.switch(false, "VERBOSE")?) {
            (true, true) => {
                let problem = "`IBMCLOUD_TOKEN_QUIET` and `IBMCLOUD_TOKEN_VERBOSE` cannot be used together";
                Err(Error::new(ErrorKind::Usage, problem).with_hint("unset one of them"))
            }
            (true, _) => Ok(Verbosity::Quiet),
            (_, true) => Ok(Verbosity::Verbose),
            _ => Ok(Verbosity::Normal),
        }
    }

    fn variable(self, name: &str) -> Option<&'a OsStr> {
        self.environment.get(&format!("IBMCLOUD_TOKEN_{name}"))
    }
}

fn default_variables() -> Vec<Variable> {
    vec![Variable::DEFAULT.parse().expect("it is a valid name")]
}

/// Returns an error for the name of a format. `-o json` asks the CLI for JSON, but here it would write the token to a
/// file named `json`.
fn ensure_not_a_format(path: &Path) -> Result<&Path> {
    let name = path.to_str().unwrap_or_default();
    let Some(named) = NAMED.iter().find(|named| named.name.eq_ignore_ascii_case(name)) else {
        return Ok(path);
    };
    Err(Error::new(ErrorKind::Usage, format!("`-o` takes a file, and `{name}` is the name of a format"))
        .with_hint(format!("write `-f {}` for the format, or `-o ./{name}` for the file", named.name)))
}

/// Returns whether the value of a variable means on. The words for off are those of clap.
fn is_on(text: &str) -> bool {
    !["n", "no", "f", "false", "off", "0"].contains(&text.to_ascii_lowercase().as_str())
}

fn parse<T: std::str::FromStr<Err: ToString>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

/// Parses a duration: seconds, or units such as `90s`, `5m` and `1h 30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse() {
        return Ok(Duration::from_secs(seconds));
    }
    humantime::parse_duration(text).map_err(|error| format!("{error}; write it like `90s`, `5m` or `1h`"))
}

/// Parses a duration that is not zero.
pub(crate) fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it must be more than zero".to_owned()),
        duration => Ok(duration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_or_are_seconds() {
        for (text, seconds) in
            [("90s", 90), ("5m", 300), ("1h", 3600), ("1h 30m", 5400), ("45", 45), ("0", 0)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "-5", "5 parsecs", "soon"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(positive_duration("0s").is_err());
    }

    #[test]
    fn name_of_a_format_is_not_a_file() {
        for name in ["json", "JSON", "bearer", "env"] {
            assert!(ensure_not_a_format(Path::new(name)).is_err(), "{name}");
        }
        for name in ["./json", "json.txt", "a/json", "-"] {
            assert!(ensure_not_a_format(Path::new(name)).is_ok(), "{name}");
        }
    }
}
