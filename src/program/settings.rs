//! The settings of a run: an option, else the variable `IBMCLOUD_TOKEN_…`, else the default.
//!
//! This does not need clap, so that a program without a command line can use it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

#[cfg(feature = "net")]
use super::arguments::IamOptions;
use super::arguments::{
    Common, Configure, Doctor, Exec, JsonOptions, Login, OutputOptions, SessionOptions, TimeOptions,
    TokenOptions,
};
use super::curl_guard::Host;
use super::recipes::Recipe;
use super::values::{account_id, duration, ensure_not_a_format, is_on, parse, positive_duration};
use crate::error::{Error, ErrorKind, Result};
use crate::format::{Format, Shell, Variable};
#[cfg(feature = "net")]
use crate::iam::Endpoint;
use crate::session::SessionName;
use crate::system::environment::Environment;
use crate::system::platform;
use crate::token::Requirements;

/// The variable for the address of IAM that the Terraform provider and others use.
#[cfg(feature = "net")]
const ENDPOINT_VARIABLE: &str = "IBMCLOUD_IAM_API_ENDPOINT";

/// The default of `--timeout`.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// The options that have no variable, because they are for one run only. Each other option with a long name has one.
pub(super) const WITHOUT_VARIABLE: [&str; 5] = ["help", "list-recipes", "login", "output", "version"];

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

/// Where the IAM service is.
#[cfg(feature = "net")]
#[derive(Clone, Debug)]
pub(crate) struct IamSettings {
    /// The address, or nothing for that of the session or the public one.
    pub(crate) endpoint: Option<Endpoint>,
    /// A file with certificate authorities that are trusted besides the platform's.
    pub(crate) ca_file: Option<PathBuf>,
}

#[cfg(feature = "net")]
impl IamSettings {
    /// Returns the configured endpoint, or else that of the session, or the public one.
    pub(crate) fn endpoint_or(&self, of_session: Option<String>) -> Result<Endpoint> {
        match (&self.endpoint, of_session) {
            (Some(endpoint), _) => Ok(endpoint.clone()),
            (None, Some(url)) => Endpoint::new(&url),
            (None, None) => Ok(Endpoint::public()),
        }
    }
}

/// The credentials for a login, at most one of them.
pub(crate) struct CredentialSettings {
    /// Whether a person gets a one-time passcode from the browser.
    pub(crate) sso: bool,
    /// `@FILE`, or `-` for the standard input.
    pub(crate) apikey: Option<String>,
    /// `-`: the standard input.
    pub(crate) passcode: Option<String>,
}

/// The settings of `configure`.
#[derive(Clone, Debug)]
pub(crate) struct ConfigureSettings {
    /// The session whose helper is used, or nothing for the user's own.
    pub(crate) session: Option<SessionName>,
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
        let verbosity = self.verbosity(typed.messages.quiet, typed.messages.verbose)?;
        let (session, ibmcloud) = match typed.session.clone() {
            Some(SessionOptions { session, ibmcloud }) => {
                (self.session(session)?, ibmcloud.or_else(|| self.variable("IBMCLOUD").map(OsStr::to_owned)))
            }
            None => (None, None),
        };
        let timeout = |time: &TimeOptions| self.value(time.timeout, "TIMEOUT", positive_duration);
        let timeout = typed.time.as_ref().map(timeout).transpose()?.flatten();
        Ok(CommonSettings { verbosity, session, ibmcloud, timeout: timeout.unwrap_or(DEFAULT_TIMEOUT) })
    }

    fn session(self, typed: Option<SessionName>) -> Result<Option<SessionName>> {
        self.value(typed, "SESSION", parse)
    }

    /// Returns the requirements on a token.
    pub(crate) fn requirements(self, typed: &TokenOptions) -> Result<Requirements> {
        Ok(Requirements {
            min_ttl: self.value(typed.min_ttl, "MIN_TTL", duration)?,
            account: self.expected_account(typed.expect_account.clone())?,
        })
    }

    /// Returns the ID of the account that a token must be for.
    pub(crate) fn expected_account(self, typed: Option<String>) -> Result<Option<String>> {
        self.value(typed, "EXPECT_ACCOUNT", account_id)
    }

    /// Returns whether the CLI must be run.
    pub(crate) fn fresh(self, typed: bool) -> Result<bool> {
        self.switch(typed, "FRESH")
    }

    /// Returns where and in which format a token is written.
    pub(crate) fn output(self, typed: &OutputOptions) -> Result<OutputSettings> {
        let format = self.value(typed.format.clone(), "FORMAT", parse)?.unwrap_or_default();
        let shell = self.value(typed.shell, "SHELL", super::arguments::shell)?;
        // `$SHELL` is not consulted, because it is the login shell and not the one that evaluates the text.
        let shell = shell.unwrap_or(platform::SHELL);
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

    /// Returns where the IAM service is.
    #[cfg(feature = "net")]
    pub(crate) fn iam(self, typed: &IamOptions) -> Result<IamSettings> {
        let address = if typed.private { None } else { self.text(typed.endpoint.as_ref(), "ENDPOINT")? };
        let is_private = address.is_none() && self.switch(typed.private, "PRIVATE")?;
        let of_others = || Some(self.environment.get(ENDPOINT_VARIABLE)?.to_string_lossy().into_owned());
        let endpoint = if is_private {
            Some(Endpoint::private())
        } else {
            address.or_else(of_others).map(|url| Endpoint::new(&url)).transpose()?
        };
        let ca_file = self.path(typed.ca_file.as_ref(), "CA_FILE");
        Ok(IamSettings { endpoint, ca_file })
    }

    /// Returns the file with an API key, as `--apikey` takes it, that the variable names.
    pub(crate) fn api_key_file(self) -> Result<Option<String>> {
        self.value(None, "APIKEY", |text| match text.strip_prefix('@') {
            Some(_) => Ok(text.to_owned()),
            None => {
                Err("it must be `@FILE`, because a variable of this program never holds a key".to_owned())
            }
        })
    }

    /// Returns whether IAM's response is printed unchanged.
    #[cfg(feature = "net")]
    pub(crate) fn raw(self, typed: bool) -> Result<bool> {
        self.switch(typed, "RAW")
    }

    /// Returns the value of a text option, such as the name of a trusted profile.
    pub(crate) fn text(self, typed: Option<&String>, variable: &str) -> Result<Option<String>> {
        self.value(typed.cloned(), variable, |text| Ok(text.to_owned()))
    }

    /// Returns the value of an option that names a file.
    fn path(self, typed: Option<&PathBuf>, variable: &str) -> Option<PathBuf> {
        typed.cloned().or_else(|| self.variable(variable).map(PathBuf::from))
    }

    /// Returns whether JSON is wanted instead of text. The other values of the variable are formats of tokens.
    pub(crate) fn json(self, typed: &JsonOptions) -> bool {
        typed.format.is_some() || self.variable("FORMAT").is_some_and(|format| format == "json")
    }

    /// Returns whether IAM is asked whether it can be reached.
    #[cfg(feature = "net")]
    pub(crate) fn online(self, typed: &Doctor) -> Result<bool> {
        self.switch(typed.online, "ONLINE")
    }

    /// Returns the file that gets the record for a bug report.
    pub(crate) fn report(self, typed: &Doctor) -> Option<PathBuf> {
        self.path(typed.report.as_ref(), "REPORT")
    }

    /// Returns whether every session is shown.
    pub(crate) fn all(self, typed: bool) -> Result<bool> {
        self.switch(typed, "ALL")
    }

    /// Returns the credentials for a login.
    pub(crate) fn credentials(self, typed: &Login) -> Result<CredentialSettings> {
        if typed.sso || typed.apikey.is_some() || typed.passcode.is_some() {
            return Ok(CredentialSettings {
                sso: typed.sso,
                apikey: typed.apikey.clone(),
                passcode: typed.passcode.clone(),
            });
        }
        let settings = CredentialSettings {
            sso: self.switch(false, "SSO")?,
            apikey: self.api_key_file()?,
            passcode: self.text(None, "PASSCODE")?,
        };
        let given = [settings.sso, settings.apikey.is_some(), settings.passcode.is_some()];
        if given.into_iter().filter(|is_given| *is_given).count() > 1 {
            let problem = "only one of `IBMCLOUD_TOKEN_SSO`, `IBMCLOUD_TOKEN_APIKEY` and `IBMCLOUD_TOKEN_PASSCODE` can be used";
            return Err(Error::new(ErrorKind::Usage, problem).with_hint("unset the others"));
        }
        Ok(settings)
    }

    /// Returns whether a login targets no region, and whether it targets no account.
    pub(crate) fn no_target(self, typed: &Login) -> Result<(bool, bool)> {
        let no_region = typed.region.is_none() && self.switch(typed.no_region, "NO_REGION")?;
        let no_account = typed.account.is_none() && self.switch(typed.no_account, "NO_ACCOUNT")?;
        Ok((no_region, no_account))
    }

    /// Returns the settings of `configure`.
    pub(crate) fn configure(self, typed: &Configure) -> Result<ConfigureSettings> {
        Ok(ConfigureSettings {
            session: self.session(typed.session.clone())?,
            file: self.path(typed.file.as_ref(), "FILE"),
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
