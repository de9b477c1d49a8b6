//! `login`: run `ibmcloud login`, and make sure that there is a token afterwards.

use std::io::{self, IsTerminal as _};

use crate::error::{Error, ErrorKind, Hint, Result};
use crate::ibmcloud::{self, API_KEY_VARIABLES, Credentials};
use crate::program::arguments::Login;
use crate::program::context::Context;
use crate::program::input::{self, Place};
use crate::program::report;
use crate::sanitize;
use crate::session::{Request, Session};
use crate::time::Deadline;
use crate::token::{Claims, DEFAULT_LIFETIME};

pub(in crate::program) fn run(arguments: &Login, context: &Context) -> Result<()> {
    let login =
        ibmcloud::Login { credentials: credentials(arguments, context)?, arguments: options(arguments) };
    let session = context.session()?;
    session.create_home()?;
    // A passcode has used up the standard input, so nothing else can be asked there.
    if is_at_terminal() && !matches!(login.credentials, Credentials::Passcode(_)) {
        at_terminal(&session, login, Wanted::Login, context)
    } else {
        unattended(&session, &login, context)
    }
}

/// Logs in at the terminal if the session still holds no good token.
pub(super) fn for_a_token(session: &Session, context: &Context) -> Result<()> {
    let login = ibmcloud::Login { credentials: Credentials::Plain, arguments: Vec::new() };
    at_terminal(session, login, Wanted::Token, context)
}

/// Returns whether there is a person to talk to. The standard output does not count, because it is usually captured.
pub(super) fn is_at_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn credentials(arguments: &Login, context: &Context) -> Result<Credentials> {
    if let Some(value) = &arguments.apikey {
        let place = input::api_key_place(value)?;
        let key = input::api_key(context, &place)?;
        return Ok(match place {
            Place::File(path) if path.is_file() => Credentials::ApiKeyFile(path.display().to_string(), key),
            // A pipe such as `@<(…)` has been read to its end, so nothing is left in it for the CLI.
            Place::File(_) | Place::Stdin => Credentials::ApiKey(key),
        });
    }
    if let Some(value) = &arguments.passcode {
        return Ok(Credentials::Passcode(input::passcode(value)?));
    }
    Ok(if arguments.sso { Credentials::Sso } else { Credentials::Plain })
}

/// Returns the arguments of `ibmcloud login` for our options.
fn options(login: &Login) -> Vec<String> {
    let mut options = Vec::new();
    for (flag, value) in [
        ("-a", &login.api_endpoint),
        ("-r", &login.region),
        ("-c", &login.account),
        ("-g", &login.resource_group),
    ] {
        options.extend(value.iter().flat_map(|value| [flag.to_owned(), value.clone()]));
    }
    for (flag, given) in [("--no-region", login.no_region), ("--no-account", login.no_account)] {
        options.extend(given.then(|| flag.to_owned()));
    }
    options.extend(login.arguments.iter().cloned());
    options
}

/// The purpose of a login.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// A login, even if somebody is logged in.
    Login,
    /// A token, so a login only if there is none.
    Token,
}

/// Logs in with the person at the terminal. If a plain login fails, offers to continue with a one-time passcode, as the
/// documentation tells people with a federated ID to do.
fn at_terminal(session: &Session, login: ibmcloud::Login, wanted: Wanted, context: &Context) -> Result<()> {
    let is_plain = matches!(login.credentials, Credentials::Plain);
    match attended(session, &login, wanted, context) {
        Err(error) if is_plain && error.kind() == ErrorKind::LoginNeeded => {
            report::say(&format!(
                "{error}\nA federated ID needs a one-time passcode. Continue with `ibmcloud login --sso`? [Y/n] "
            ));
            if !is_yes()? {
                let hint = Hint::from("a federated ID needs a one-time passcode: ").command("login --sso");
                return Err(error.with_hint(hint));
            }
            let login = ibmcloud::Login { credentials: Credentials::Sso, ..login };
            attended(session, &login, wanted, context)
        }
        result => result,
    }
}

/// Logs in once. The deadline applies to the wait for the lock and not to the person.
fn attended(session: &Session, login: &ibmcloud::Login, wanted: Wanted, context: &Context) -> Result<()> {
    let task = context.task();
    let task = task.with_deadline(task.deadline.restarted());
    session.log_in(
        &task,
        || wanted == Wanted::Login || !session.holds_good_token(&task),
        |ibmcloud| ibmcloud.login_at_terminal(login),
    )?;
    ensure_logged_in(session, task.deadline.restarted(), context)
}

fn unattended(session: &Session, login: &ibmcloud::Login, context: &Context) -> Result<()> {
    let has_key = context.environment().first(&API_KEY_VARIABLES).is_some();
    let needs_a_person = match login.credentials {
        Credentials::Sso => true,
        Credentials::Plain => !has_key,
        _ => false,
    };
    if needs_a_person {
        return Err(Error::new(ErrorKind::LoginNeeded, "there is no terminal to log in at").with_hint(
            "log in with `--apikey @FILE`, `--apikey -` or IBMCLOUD_API_KEY, or with `--passcode -`",
        ));
    }
    let task = context.task();
    session.log_in(
        &task,
        || true,
        |ibmcloud| {
            for line in ibmcloud.login_unattended(login, task.deadline)? {
                context.say(&line);
            }
            Ok(())
        },
    )?;
    ensure_logged_in(session, task.deadline, context)
}

/// Returns an error unless there is a token after the login.
fn ensure_logged_in(session: &Session, deadline: Deadline, context: &Context) -> Result<()> {
    let task = context.task().with_deadline(deadline);
    let token = session
        .token(&Request::new(), &task)
        .map_err(|error| if error.kind() == ErrorKind::LoginNeeded { no_session() } else { error })?;
    let who = sanitize::line(token.claims().and_then(Claims::owner).unwrap_or("an unknown user"));
    let freshness = token.freshness(task.now(), DEFAULT_LIFETIME);
    context.say(&format!("logged in as {who}; the token {freshness}"));
    Ok(())
}

fn no_session() -> Error {
    Error::new(ErrorKind::LoginNeeded, "`ibmcloud login` ended without an error, but nobody is logged in")
        .with_hint(Hint::from("read what it says above; a federated ID needs ").command("login --sso"))
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
        // The cursor is still behind the question.
        report::say("\n");
    }
    Ok(length > 0 && matches!(answer.trim().to_lowercase().as_str(), "" | "y" | "yes"))
}
