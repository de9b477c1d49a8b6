//! `login`: run `ibmcloud login`, and check that there is a token afterwards.

use std::io::{self, IsTerminal as _};

use crate::error::{Error, ErrorKind, Hint, Result};
use crate::ibmcloud::{self, API_KEY_VARIABLES, AttendedFailure, Credentials};
use crate::program::arguments::Login;
use crate::program::context::Context;
use crate::program::input;
use crate::program::report;
use crate::sanitize;
use crate::session::{Request, Session};
use crate::system::terminal;
use crate::task::Task;
use crate::time::Deadline;
use crate::token::{Claims, DEFAULT_LIFETIME};

pub(in crate::program) fn run(arguments: &Login, context: &Context) -> Result<()> {
    let login = ibmcloud::LoginRequest {
        credentials: credentials(arguments, context)?,
        arguments: options(arguments, context)?,
    };
    let session = context.session_with_home()?;
    // A passcode has used up the standard input, so nothing else can be prompted for.
    if is_at_terminal() && !matches!(login.credentials, Credentials::Passcode(_)) {
        at_terminal(session, login, Wanted::Login, context)
    } else {
        unattended(session, &login, Wanted::Login, context)
    }
}

/// Logs in as `login` does, if the session still holds no good token. The deadline is restarted after a person, who may
/// take their time.
pub(in crate::program) fn for_a_token(session: &Session, context: &Context) -> Result<()> {
    let login = ibmcloud::LoginRequest {
        credentials: credentials_in_environment(None, context)?,
        arguments: Vec::new(),
    };
    if is_at_terminal() {
        at_terminal(session, login, Wanted::Token, context)?;
        context.restart_deadline();
        Ok(())
    } else {
        unattended(session, &login, Wanted::Token, context)
    }
}

/// Returns whether a person can be prompted. The standard output is not checked, because it is usually captured.
fn is_at_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn credentials(arguments: &Login, context: &Context) -> Result<Credentials> {
    let settings = context.settings().credentials(arguments)?;
    if let Some(value) = &settings.passcode {
        return Ok(Credentials::Passcode(input::passcode(context, value)?));
    }
    if settings.sso {
        return Ok(Credentials::Sso);
    }
    credentials_in_environment(settings.apikey.as_deref(), context)
}

/// Returns the key in the argument or in a variable of the CLI. Without a key, the CLI itself decides.
fn credentials_in_environment(argument: Option<&str>, context: &Context) -> Result<Credentials> {
    let key = input::api_key(context, argument, &API_KEY_VARIABLES)?;
    Ok(key.map_or(Credentials::Plain, Credentials::ApiKey))
}

/// Returns the arguments of `ibmcloud login` for our options.
fn options(login: &Login, context: &Context) -> Result<Vec<String>> {
    let mut options = Vec::new();
    for (flag, value) in [
        ("-a", &login.api_endpoint),
        ("-r", &login.region),
        ("-c", &login.account),
        ("-g", &login.resource_group),
    ] {
        options.extend(value.iter().flat_map(|value| [flag.to_owned(), value.clone()]));
    }
    let (no_region, no_account) = context.settings().no_target(login)?;
    for (flag, given) in [("--no-region", no_region), ("--no-account", no_account)] {
        options.extend(given.then(|| flag.to_owned()));
    }
    options.extend(login.arguments.iter().cloned());
    Ok(options)
}

/// The purpose of a login.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// A login, even if somebody is logged in.
    Login,
    /// A token, so log in only if there is none.
    Token,
}

impl Wanted {
    fn is_login_needed(self, session: &Session, task: &Task<'_>) -> bool {
        self == Self::Login || !session.holds_good_token(task)
    }
}

/// Logs in interactively at the terminal. If a plain login fails, offers to continue with a one-time passcode, as the
/// documentation tells people with a federated ID to do.
fn at_terminal(
    session: &Session,
    login: ibmcloud::LoginRequest,
    wanted: Wanted,
    context: &Context,
) -> Result<()> {
    let is_plain = matches!(login.credentials, Credentials::Plain);
    match attended(session, &login, wanted, context) {
        Err(AttendedFailure { error, is_declined: false })
            if is_plain && error.kind() == ErrorKind::LoginNeeded && !terminal::is_in_background() =>
        {
            report::say(&format!(
                "{error}\nA federated ID needs a one-time passcode. Continue with `ibmcloud login --sso`? [Y/n] "
            ));
            if !is_yes()? {
                let hint = Hint::from("a federated ID needs a one-time passcode: ").command("login --sso");
                return Err(error.with_hint(hint));
            }
            let login = ibmcloud::LoginRequest { credentials: Credentials::Sso, ..login };
            attended(session, &login, wanted, context).map_err(|failure| failure.error)
        }
        result => result.map_err(|failure| failure.error),
    }
}

/// Logs in once. The deadline applies to the wait for the lock, but not to the person.
fn attended(
    session: &Session,
    login: &ibmcloud::LoginRequest,
    wanted: Wanted,
    context: &Context,
) -> Result<(), AttendedFailure> {
    let task = context.task();
    let task = task.with_deadline(task.deadline.restarted());
    ensure_in_foreground()?;
    let mut is_declined = false;
    session
        .log_in(
            &task,
            || wanted.is_login_needed(session, &task),
            |ibmcloud| {
                // Waiting for the lock may have taken a while.
                ensure_in_foreground()?;
                ibmcloud.login_at_terminal(login).map_err(|failure| {
                    is_declined = failure.is_declined;
                    failure.error
                })
            },
        )
        // If the login was moved to the background, that is why it failed.
        .map_err(|error| AttendedFailure {
            error: ensure_in_foreground().err().unwrap_or(error),
            is_declined,
        })?;
    Ok(ensure_logged_in(session, login, task.deadline.restarted(), context)?)
}

/// A background job that reads from the terminal is stopped, and would keep the session's lock until it is continued.
fn ensure_in_foreground() -> Result<()> {
    if !terminal::is_in_background() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::LoginNeeded, "a background job cannot log in at the terminal")
        .with_hint("log in in the foreground, or without the terminal: add `</dev/null`"))
}

/// Logs in without a terminal. This works unless the CLI asks a question that cannot be answered in advance.
fn unattended(
    session: &Session,
    login: &ibmcloud::LoginRequest,
    wanted: Wanted,
    context: &Context,
) -> Result<()> {
    let task = context.task();
    session.log_in(
        &task,
        || wanted.is_login_needed(session, &task),
        |ibmcloud| {
            // The lines are printed before the session is checked, because the error refers to them as "above".
            ibmcloud.login_unattended(login, task.deadline)?.iter().for_each(|line| context.say(line));
            Ok(())
        },
    )?;
    ensure_logged_in(session, login, task.deadline, context)
}

/// Returns an error unless there is a token after the login.
fn ensure_logged_in(
    session: &Session,
    login: &ibmcloud::LoginRequest,
    deadline: Deadline,
    context: &Context,
) -> Result<()> {
    let task = context.task().with_deadline(deadline);
    let token = session
        .token(&Request::new(), &task)
        .map_err(|error| if error.kind() == ErrorKind::LoginNeeded { no_session(login) } else { error })?;
    let who = sanitize::line(token.claims().and_then(Claims::owner).unwrap_or("an unknown user"));
    let freshness = token.freshness(task.now(), DEFAULT_LIFETIME);
    context.say(&format!("logged in as {who}; the token {freshness}"));
    Ok(())
}

fn no_session(login: &ibmcloud::LoginRequest) -> Error {
    let error = Error::new(
        ErrorKind::LoginNeeded,
        "`ibmcloud login` ended without an error, but nobody is logged in",
    );
    error.with_hint(match login.credentials {
        Credentials::Plain => {
            Hint::from("read what the CLI says above; a federated ID needs ").command("login --sso")
        }
        _ => Hint::from("read what the CLI says above"),
    })
}

/// Reads the answer to a question whose default is yes. The end of the input means no.
fn is_yes() -> Result<bool> {
    let mut answer = String::new();
    let length = io::stdin().read_line(&mut answer).map_err(|error| {
        Error::new(ErrorKind::Internal, "cannot read the answer")
            .with_hint(Hint::from("choose in advance: ").command("login --sso"))
            .with_source(error)
    })?;
    if length == 0 {
        // The cursor is still on the line of the question.
        report::say("\n");
    }
    Ok(length > 0 && matches!(answer.trim().to_lowercase().as_str(), "" | "y" | "yes"))
}
