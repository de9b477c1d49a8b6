//! IAM as the source of a token, in exchange for an API key, the token of a compute resource, or the session's token.

use std::cell::OnceCell;

use super::arguments::{ExchangeOptions, IdentityOptions, SourceOptions};
use super::context::Context;
use super::input;
use super::settings::IamSettings;
use super::source::{Route, SessionSource};
use crate::error::{Error, ErrorKind, Result};
use crate::iam::{Connection, Exchange, Exchanged, Grant, TrustedProfile};
use crate::task::Task;
use crate::token::{ApiKey, Requirements};

/// The variables that hold an API key or `@FILE`: those of the CLI and of the Terraform provider. Of the
/// commands that ask IAM, only `exchange` reads them.
const KEY_VARIABLES: [&str; 2] = ["IBMCLOUD_API_KEY", "IC_API_KEY"];

/// A token that IAM issues.
pub(super) struct IamSource<'c> {
    base: Base<'c>,
    /// The profile whose token is wanted, unless the base is a session, which holds its own.
    assume: Option<TrustedProfile>,
    iam: IamSettings,
}

/// The secret that the first request exchanges.
enum Base<'c> {
    /// The token of a session, for that of a trusted profile.
    Session(SessionSource<'c>, TrustedProfile),
    ApiKey(Key),
    /// The token of a compute resource: the value of `--cr-token`, or nothing for the usual files.
    ComputeResource(Option<String>, TrustedProfile),
}

impl<'c> IamSource<'c> {
    /// Returns the source that the options name, or nothing if they name the session.
    pub(super) fn of(source: &SourceOptions, context: &'c Context) -> Result<Option<Self>> {
        let identity = Identity::read(&source.identity, source.apikey.as_ref(), context)?;
        let base = match (identity.apikey, identity.resource) {
            (Some(argument), _) => Some(Base::ApiKey(Key::new(Some(argument), &[]))),
            (None, Some(profile)) => Some(Base::ComputeResource(identity.cr_token, profile)),
            (None, None) => None,
        };
        if let Some(base) = base {
            // Clap has refused the options that were typed with a typed key.
            let of_session = [("--fresh", source.fresh), ("--login", source.login)];
            if let Some((option, _)) = of_session.into_iter().find(|(_, is_typed)| *is_typed) {
                return Err(Error::new(
                    ErrorKind::Usage,
                    format!(
                        "`{option}` is about a session, but a variable selects another source of the token"
                    ),
                )
                .with_hint("unset IBMCLOUD_TOKEN_APIKEY and IBMCLOUD_TOKEN_PROFILE"));
            }
            return Ok(Some(Self { base, assume: identity.assume, iam: identity.iam }));
        }
        let Some(profile) = identity.assume else {
            ensure_unused(&source.identity)?;
            return Ok(None);
        };
        let session = SessionSource::new(source, context)?;
        Ok(Some(Self { base: Base::Session(session, profile), assume: None, iam: identity.iam }))
    }

    /// Returns the source that `exchange` uses.
    pub(super) fn of_exchange(options: &ExchangeOptions, context: &Context) -> Result<Self> {
        let identity = Identity::read(&options.identity, options.apikey.as_ref(), context)?;
        let base = match identity.resource {
            Some(profile) => Base::ComputeResource(identity.cr_token, profile),
            None => Base::ApiKey(Key::new(identity.apikey, &KEY_VARIABLES)),
        };
        Ok(Self { base, assume: identity.assume, iam: identity.iam })
    }

    /// Sends the requests. A file with a key or a token is read each time.
    pub(super) fn exchanged(&self, context: &Context) -> Result<Exchanged> {
        match &self.base {
            Base::Session(session, profile) => {
                let token = session.token(&Requirements::default(), context)?;
                let endpoint = session.iam_endpoint(context.deadline());
                self.exchange(Grant::Assume(token.token(), profile), endpoint, context)
            }
            Base::ApiKey(key) => self.exchange(Grant::ApiKey(&key.read(context)?), None, context),
            Base::ComputeResource(argument, profile) => {
                let token = input::compute_token(context, argument.as_deref())?;
                self.exchange(Grant::ComputeToken(&token, profile), None, context)
            }
        }
    }

    /// Makes every further token a renewal, for which nobody logs in.
    pub(super) fn renew(&mut self) {
        if let Base::Session(session, _) = &mut self.base {
            session.renew();
        }
    }

    /// Returns whether the session's token is exchanged.
    pub(super) fn uses_session(&self) -> bool {
        matches!(self.base, Base::Session(..))
    }

    /// Returns how a token would be obtained, or why there would be none. A key or a token in a file is read.
    pub(super) fn route(&self, context: &Context, task: &Task<'_>) -> Result<Route> {
        let (of_session, endpoint) = match &self.base {
            Base::Session(session, _) => {
                let outlook = session.outlook(&Requirements::default(), task)?;
                (Some(outlook), session.iam_endpoint(task.deadline))
            }
            Base::ApiKey(key) => (None, key.read(context).map(|_| None)?),
            Base::ComputeResource(argument, _) => {
                (None, input::compute_token(context, argument.as_deref()).map(|_| None)?)
            }
        };
        let endpoint = &self.iam.endpoint_or(endpoint)?;
        let ca_file = self.iam.ca_file.as_deref();
        let connection = Connection { endpoint, ca_file, environment: context.environment() };
        connection.ensure_usable(task.deadline)?;
        Ok(Route { of_session, needs_iam: true })
    }

    /// Returns the error that a run of the CLI would lead to, if the session's token is exchanged.
    pub(super) fn ensure_ibmcloud_can_answer(&self, task: &Task<'_>) -> Result<()> {
        match &self.base {
            Base::Session(session, _) => session.ensure_ibmcloud_can_answer(&Requirements::default(), task),
            Base::ApiKey(_) | Base::ComputeResource(..) => Ok(()),
        }
    }

    /// Sends the requests to the configured endpoint, or else to that of the session, or to the public one.
    fn exchange(&self, grant: Grant<'_>, of_session: Option<String>, context: &Context) -> Result<Exchanged> {
        let endpoint = self.iam.endpoint_or(of_session)?;
        let mut exchange = Exchange::of(grant, endpoint, context.environment().clone());
        if let Some(file) = &self.iam.ca_file {
            exchange = exchange.with_ca_file(file);
        }
        if let Some(profile) = &self.assume {
            exchange = exchange.assuming(profile.clone())?;
        }
        exchange.run(&context.task())
    }
}

/// The identity that the options and variables select.
struct Identity {
    /// `@FILE`, or `-` for the standard input.
    apikey: Option<String>,
    /// The trusted profile that a compute resource uses.
    resource: Option<TrustedProfile>,
    /// `@FILE`
    cr_token: Option<String>,
    /// The trusted profile to assume.
    assume: Option<TrustedProfile>,
    iam: IamSettings,
}

impl Identity {
    fn read(options: &IdentityOptions, apikey: Option<&String>, context: &Context) -> Result<Self> {
        let settings = context.settings();
        let usage = |what: &str, hint: &str| Error::new(ErrorKind::Usage, what).with_hint(hint);
        let (apikey, resource) = match (apikey, &options.profile) {
            (Some(typed), _) => (Some(typed.clone()), None),
            (None, Some(typed)) => (None, Some(typed.clone())),
            (None, None) => (settings.api_key_file()?, settings.text(None, "PROFILE")?),
        };
        if apikey.is_some() && resource.is_some() {
            return Err(usage(
                "IBMCLOUD_TOKEN_APIKEY and IBMCLOUD_TOKEN_PROFILE cannot be used together",
                "unset one of them",
            ));
        }
        if options.cr_token.is_some() && resource.is_none() {
            return Err(usage("`--cr-token` needs the trusted profile to use", "add `--profile PROFILE`"));
        }
        let cr_token = settings.text(options.cr_token.as_ref(), "CR_TOKEN")?.filter(|_| resource.is_some());
        let assume = settings.text(options.assume.as_ref(), "ASSUME")?;
        let assume = assume.map(|text| TrustedProfile::new(&text)).transpose()?;
        if options.account.is_some() && assume.is_none() {
            return Err(usage("`--account` says where a profile to assume is", "add `--assume NAME`"));
        }
        let account = settings.text(options.account.as_ref(), "ACCOUNT")?;
        // The variable is for names only. A typed account is an error for an ID or a CRN.
        let is_used = options.account.is_some() || assume.as_ref().is_some_and(TrustedProfile::is_name);
        let account = account.filter(|_| is_used);
        let assume = match (assume, account) {
            (Some(profile), Some(account)) => Some(profile.in_account(&account)?),
            (assume, _) => assume,
        };
        assume.as_ref().map_or(Ok(()), TrustedProfile::ensure_unique)?;
        let resource = resource.map(|text| TrustedProfile::new(&text)).transpose()?;
        Ok(Self { apikey, resource, cr_token, assume, iam: settings.iam(&options.iam)? })
    }
}

/// Returns an error for an option about IAM that would have no effect.
fn ensure_unused(options: &IdentityOptions) -> Result<()> {
    let iam = &options.iam;
    let typed = [
        ("--endpoint", iam.endpoint.is_some()),
        ("--private", iam.private),
        ("--ca-file", iam.ca_file.is_some()),
    ];
    match typed.into_iter().find(|(_, is_typed)| *is_typed) {
        None => Ok(()),
        Some((option, _)) => Err(Error::new(
            ErrorKind::Usage,
            format!("`{option}` has no effect, because the token of the session is not requested from IAM"),
        )
        .with_hint("add `--apikey`, `--assume` or `--profile`, or omit it")),
    }
}

/// An API key, which is read when it is needed.
struct Key {
    /// `@FILE`, `-` for the standard input, or nothing for the variables.
    argument: Option<String>,
    variables: &'static [&'static str],
    /// The key from the standard input, which can be read only once.
    held: OnceCell<ApiKey>,
}

impl Key {
    fn new(argument: Option<String>, variables: &'static [&'static str]) -> Self {
        Self { argument, variables, held: OnceCell::new() }
    }

    /// Reads the key. A file is read each time, because the key in it may have been replaced.
    fn read(&self, context: &Context) -> Result<ApiKey> {
        if let Some(held) = self.held.get() {
            return Ok(held.clone());
        }
        let argument = self.argument.as_deref();
        let key = input::api_key(context, argument, self.variables)?.ok_or_else(|| {
            Error::new(ErrorKind::Usage, "there is no API key to exchange").with_hint(
                "give one with `--apikey @FILE`, `--apikey -` (standard input) or IBMCLOUD_API_KEY",
            )
        })?;
        if argument == Some("-") {
            return Ok(self.held.get_or_init(|| key).clone());
        }
        Ok(key)
    }
}
