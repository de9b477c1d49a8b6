//! `login`: run `ibmcloud login`, and see that a token can be had afterwards.

use std::io::{self, IsTerminal as _};
use std::time::SystemTime;

use ibmcloud_token::deadline::Deadline;
use ibmcloud_token::error::{Error, Kind, Result};
use ibmcloud_token::ibmcloud::session_file::SessionFile;
use ibmcloud_token::ibmcloud::{API_KEY_VARIABLES, Credentials, Login};
use ibmcloud_token::source::{DEFAULT_LIFETIME, Request, Session};
use ibmcloud_token::token::{AccessToken, Freshness};
use ibmcloud_token::words;

use super::Context;
use super::secret_input::{self, Place};
use crate::cli::LoginOptions;
use crate::report;

pub(super) fn run(context: &Context, options: &LoginOptions) -> Result<()> {
    let login = Login { credentials: credentials(context, options)?, arguments: arguments(options) };
    context.ensure_session_home()?;
    // A secret from the standard input is used up by then: nothing else can be asked there.
    if is_at_terminal() && !matches!(login.credentials, Credentials::Passcode(_)) {
        at_terminal(context, login, Wanted::Login)
    } else {
        unattended(context, &login)
    }
}

/// Returns whether there is a person to talk with. The standard output does not count: it is captured.
pub(super) fn is_at_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn credentials(context: &Context, options: &LoginOptions) -> Result<Credentials> {
    if let Some(value) = &options.apikey {
        let place = secret_input::api_key_place(value)?;
        let key = secret_input::api_key(context, &place)?;
        return Ok(match place {
            Place::File(path) if path.is_file() => Credentials::ApiKeyFile(path.display().to_string(), key),
            // A pipe, as `@<(…)` is one, has been read to its end: there is nothing left in it for the CLI.
            Place::File(_) | Place::Stdin => Credentials::ApiKey(key),
        });
    }
    if let Some(value) = &options.passcode {
        return Ok(Credentials::Passcode(secret_input::passcode(value)?));
    }
    Ok(if options.sso { Credentials::Sso } else { Credentials::Plain })
}

/// Returns the arguments of `ibmcloud login` that stand for our options.
fn arguments(options: &LoginOptions) -> Vec<String> {
    let mut arguments = Vec::new();
    for (flag, value) in [
        ("-a", &options.api_endpoint),
        ("-r", &options.region),
        ("-c", &options.account),
        ("-g", &options.resource_group),
    ] {
        arguments.extend(value.iter().flat_map(|value| [flag.to_owned(), value.clone()]));
    }
    for (flag, given) in [("--no-region", options.no_region), ("--no-account", options.no_account)] {
        arguments.extend(given.then(|| flag.to_owned()));
    }
    arguments.extend(options.arguments.iter().cloned());
    arguments
}

/// What a login is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A login, whoever is logged in.
    Login,
    /// A token: a login only if there is none.
    Token,
}

/// Logs in with the person at the terminal. When a plain login fails, offers to go on with a one-time passcode, as the
/// documentation tells people with a federated ID to do.
pub(super) fn at_terminal(context: &Context, login: Login, wanted: Wanted) -> Result<()> {
    let plain = matches!(login.credentials, Credentials::Plain);
    match attended(context, &login, wanted) {
        Err(error) if plain && error.kind() == Kind::LoginNeeded => {
            report::say(&format!(
                "{error}\nA federated ID needs a one-time passcode. Go on with `ibmcloud login --sso`? [Y/n] "
            ));
            if !is_yes()? {
                return Err(
                    error.with_hint("a federated ID needs a one-time passcode: `ibmcloud-token login --sso`")
                );
            }
            attended(context, &Login { credentials: Credentials::Sso, ..login }, wanted)
        }
        result => result,
    }
}

/// A person takes the time they take: only the wait for the lock has a deadline.
fn attended(context: &Context, login: &Login, wanted: Wanted) -> Result<()> {
    context.with_session(context.deadline, |session| {
        let cli = session.cli()?;
        let _lock = Session { deadline: Deadline::after(context.options.timeout), ..*session }.lock()?;
        // While this one waited for the lock, another may have logged in.
        let is_fresh = |token: &AccessToken| {
            Freshness::of(token, SystemTime::now(), DEFAULT_LIFETIME).lasts(DEFAULT_LIFETIME)
        };
        if wanted == Wanted::Token && present_token(session).is_some_and(|token| is_fresh(&token)) {
            return Ok(());
        }
        ensure_change(session, || cli.login_at_terminal(login))
    })?;
    ensure_logged_in(context, Deadline::after(context.options.timeout))
}

fn unattended(context: &Context, login: &Login) -> Result<()> {
    let has_key = context.environment.first(&API_KEY_VARIABLES).is_some();
    let needs_a_person = match login.credentials {
        Credentials::Sso => true,
        Credentials::Plain => !has_key,
        _ => false,
    };
    if needs_a_person {
        return Err(Error::new(Kind::LoginNeeded, "there is no terminal to log in at").with_hint(
            "log in with `--apikey @FILE`, `--apikey -` or IBMCLOUD_API_KEY, or with `--passcode -`",
        ));
    }
    context.with_session(context.deadline, |session| {
        let cli = session.cli()?;
        let _lock = session.lock()?;
        ensure_change(session, || {
            for line in cli.login_unattended(login, session.deadline)? {
                context.say(&line);
            }
            Ok(())
        })
    })?;
    ensure_logged_in(context, context.deadline)
}

/// Logs in, and sees that the session is another one: the CLI exits with 0 on "Incorrect Usage", and can print `OK` and
/// fail after it, while an older session goes on. That is looked for before anybody has the CLI renew the old token.
fn ensure_change(session: &Session<'_>, log_in: impl FnOnce() -> Result<()>) -> Result<()> {
    let before = present_token(session);
    log_in()?;
    if before.is_some() && before == present_token(session) {
        return Err(Error::new(
            Kind::LoginNeeded,
            "the login changed nothing: the session is the one from before",
        )
        .with_hint("see what `ibmcloud login` says above"));
    }
    Ok(())
}

/// Returns the token that the session file holds now. One who logs in may find the file torn: that is no error here.
fn present_token(session: &Session<'_>) -> Option<AccessToken> {
    SessionFile::read(&session.session_file()?, session.deadline).ok()?.token
}

/// A login has worked if there is a token afterwards.
fn ensure_logged_in(context: &Context, deadline: Deadline) -> Result<()> {
    let answer = context.with_session(deadline, |session| session.access_token(Request::default())).map_err(
        |error| {
            if error.kind() == Kind::LoginNeeded { no_session() } else { error }
        },
    )?;
    let claims = answer.token.claims();
    let who = words::within_a_line(claims.as_ref().and_then(|claims| claims.owner()).unwrap_or("somebody"));
    let freshness = answer.freshness(SystemTime::now(), DEFAULT_LIFETIME);
    context.say(&format!("logged in as {who}; the token {freshness}"));
    Ok(())
}

fn no_session() -> Error {
    Error::new(Kind::LoginNeeded, "`ibmcloud login` ended without an error, but nobody is logged in")
        .with_hint("see what it says above; a federated ID needs `ibmcloud-token login --sso`")
}

/// Reads the answer to a question whose default is yes. The end of the input is a no.
fn is_yes() -> Result<bool> {
    let mut answer = String::new();
    let length = io::stdin().read_line(&mut answer).map_err(|error| {
        Error::new(Kind::Internal, "the answer cannot be read")
            .with_hint("choose beforehand: `ibmcloud-token login --sso`")
            .with_source(error)
    })?;
    if length == 0 {
        // The cursor still stands behind the question.
        report::say("\n");
    }
    Ok(length > 0 && matches!(answer.trim().to_lowercase().as_str(), "" | "y" | "yes"))
}
