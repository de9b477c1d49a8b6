//! Runs `ibmcloud login`: interactively at the terminal, with an API key, or with a one-time passcode.
//!
//! No secret is ever in the argv of the child. A key is passed in `IBMCLOUD_API_KEY`, after it has been read and
//! cleaned. The CLI takes a passcode only as an argument (`-u passcode -p …`) or at its prompt, so the prompt is
//! answered.
//!
//! Exit status 0 does not mean that the login succeeded, because the CLI exits with 0 on "Incorrect Usage", and can
//! print `OK` and then fail. The caller checks whether there is a token.

use zeroize::Zeroizing;

use super::login_script::{LoginScript, Question};
use super::{Ibmcloud, cannot_run, failure, failure_of};
use crate::error::{Error, ErrorKind, Result};
use crate::sanitize;
use crate::system::interaction::interact;
use crate::system::process::{self, Invocation, Output};
use crate::time::Deadline;
use crate::token::ApiKey;

/// The CLI's variables for an API key.
pub(crate) const API_KEY_VARIABLES: [&str; 2] = ["IBMCLOUD_API_KEY", "BLUEMIX_API_KEY"];

/// The way to log in.
pub(crate) enum Credentials {
    /// Chosen by the CLI's own prompts, arguments and variables.
    Plain,
    /// A one-time passcode from the browser (`--sso`), typed at the CLI's prompt.
    Sso,
    /// A one-time passcode that the user passed to us.
    Passcode(Zeroizing<String>),
    /// An API key.
    ApiKey(ApiKey),
}

/// A login to run.
pub(crate) struct LoginRequest {
    pub(crate) credentials: Credentials,
    /// Further arguments of `ibmcloud login`, unchanged.
    pub(crate) arguments: Vec<String>,
}

/// A failed login at the terminal.
pub(crate) struct AttendedFailure {
    pub(crate) error: Error,
    /// The person ended the input, so no other login is offered.
    pub(crate) is_declined: bool,
}

impl From<Error> for AttendedFailure {
    fn from(error: Error) -> Self {
        Self { error, is_declined: false }
    }
}

impl Ibmcloud {
    /// Logs in interactively at the terminal. The CLI's output goes to our stderr.
    pub(crate) fn login_at_terminal(&self, login: &LoginRequest) -> Result<(), AttendedFailure> {
        let invocation = self.login_invocation(login, Self::interactive);
        let (status, stderr) = interact(&invocation).map_err(|error| cannot_run(&invocation, error))?;
        if status.success() {
            return Ok(());
        }
        let error = Error::new(ErrorKind::LoginNeeded, format!("the login failed: {invocation}: {status}"))
            .with_hint("read what the CLI says above");
        // The person has ended the input (Ctrl-D).
        let is_declined = failure::reason([&*stderr]) == Some(failure::Reason::Asked);
        Err(AttendedFailure { error, is_declined })
    }

    /// Logs in without a terminal, and returns the CLI's messages, sanitized.
    pub(crate) fn login_unattended(&self, login: &LoginRequest, deadline: Deadline) -> Result<Vec<String>> {
        let invocation = self.login_invocation(login, Self::captured);
        let (passcode, known) = match &login.credentials {
            Credentials::Plain | Credentials::Sso => (None, ""),
            Credentials::Passcode(passcode) => (Some(passcode.as_str()), passcode.as_str()),
            Credentials::ApiKey(key) => (None, key.expose()),
        };
        let known = [known];
        let mut script = LoginScript::new(passcode);
        let output = process::converse(&invocation, deadline, &mut |output| script.reply(output))
            .map_err(|error| cannot_run(&invocation, error))?;
        let Some((reason, error)) = failure_of(&invocation, &output, deadline) else {
            return Ok(messages(&output, &known, sanitize::lines));
        };
        let question = script.unanswered(reason == Some(failure::Reason::Asked));
        let error = match question.filter(|_| reason.is_none_or(is_about_the_question)) {
            Some(question) => unanswered(&invocation, &question, login, &known),
            None => error,
        };
        // The reason of a failed login is on stdout: the BXNIM code and IAM's message.
        Err(error.with_ibmcloud_messages(messages(&output, &known, sanitize::excerpt)))
    }

    fn interactive(&self, arguments: &[&str]) -> Invocation {
        let mut environment = self.environment.clone();
        // The CLI does not know NO_COLOR (https://no-color.org) and has a variable of its own.
        if environment.get("NO_COLOR").is_some() {
            environment.set("IBMCLOUD_COLOR", "false");
        }
        self.invocation(arguments, environment)
    }

    fn login_invocation(
        &self,
        login: &LoginRequest,
        run: impl Fn(&Self, &[&str]) -> Invocation,
    ) -> Invocation {
        let mut invocation = run(self, &["login"]);
        match &login.credentials {
            Credentials::Plain => {}
            Credentials::Sso | Credentials::Passcode(_) => {
                invocation.arguments.push("--sso".to_owned());
                // A key in the environment would be used instead of the passcode.
                invocation.environment.remove(&API_KEY_VARIABLES);
            }
            Credentials::ApiKey(key) => {
                invocation.environment.remove(&API_KEY_VARIABLES);
                invocation.environment.set(API_KEY_VARIABLES[0], key.expose());
            }
        }
        invocation.user_arguments.clone_from(&login.arguments);
        invocation
    }
}

/// Returns whether a failure can result from an unanswered question.
fn is_about_the_question(reason: failure::Reason) -> bool {
    matches!(reason, failure::Reason::Asked | failure::Reason::Refused | failure::Reason::NotLoggedIn)
}

fn unanswered(invocation: &Invocation, question: &Question, login: &LoginRequest, known: &[&str]) -> Error {
    let prompt = question.shown(known);
    Error::new(
        ErrorKind::LoginNeeded,
        format!("{invocation} asked a question that was not answered: `{prompt}`"),
    )
    .with_hint(question.hint(!matches!(login.credentials, Credentials::Plain)))
}

/// Returns the CLI's messages on both streams.
fn messages(output: &Output, known: &[&str], clean: impl Fn(&[u8], &[&str]) -> Vec<String>) -> Vec<String> {
    [&output.stdout, &output.stderr].into_iter().flat_map(|text| clean(text, known)).collect()
}
