//! `ibmcloud login`: with the person at the terminal, with an API key, or with a one-time passcode.
//!
//! No secret is ever in the argv of the child. A key goes by file name or by `IBMCLOUD_API_KEY`. The CLI takes a passcode
//! only as an argument (`-u passcode -p …`) or at its prompt, so its prompt is answered.
//!
//! A run that succeeds has only ended: the CLI exits with 0 on "Incorrect Usage", and can print `OK` and then fail. The
//! caller checks whether there is a token.

use std::ffi::OsStr;

use zeroize::Zeroizing;

use super::{Ibmcloud, cannot_run, ensure_success};
use crate::error::{Error, ErrorKind, Result};
use crate::sanitize;
use crate::system::process::{self, Invocation, Output, Reply};
use crate::time::Deadline;
use crate::token::ApiKey;

/// The CLI's variables for an API key.
pub(crate) const API_KEY_VARIABLES: [&str; 2] = ["IBMCLOUD_API_KEY", "BLUEMIX_API_KEY"];

/// The most prompts after the passcode prompt that are answered with Enter, which skips a choice that may be skipped. The
/// CLI repeats other prompts forever.
const MAX_SKIPS: usize = 3;

/// The way to log in.
pub(crate) enum Credentials {
    /// As the CLI asks: with e-mail address and password, or with the key in its environment.
    Plain,
    /// A one-time passcode from the browser (`--sso`), typed at the CLI's prompt.
    Sso,
    /// A one-time passcode that we were given.
    Passcode(Zeroizing<String>),
    /// An API key in a file: the name of the file, without `@`, and the key, which is redacted in messages.
    ApiKeyFile(String, ApiKey),
    /// An API key that we were given.
    ApiKey(ApiKey),
}

/// A login to run.
pub(crate) struct Login {
    pub(crate) credentials: Credentials,
    /// Further arguments of `ibmcloud login`, unchanged.
    pub(crate) arguments: Vec<String>,
}

impl Ibmcloud {
    /// Logs in with the person at the terminal. Everything that the CLI says goes to our stderr.
    pub(crate) fn login_at_terminal(&self, login: &Login) -> Result<()> {
        let invocation = self.login_invocation(login, Self::interactive);
        let status = process::interact(&invocation).map_err(|error| cannot_run(&invocation, error))?;
        if status.success() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::LoginNeeded, format!("the login failed: {invocation}: {status}"))
            .with_hint("read what the CLI says above"))
    }

    /// Logs in without a terminal, and returns what the CLI said, sanitized.
    pub(crate) fn login_unattended(&self, login: &Login, deadline: Deadline) -> Result<Vec<String>> {
        let invocation = self.login_invocation(login, Self::captured);
        // The key is in the environment, either the user's or ours.
        let key = invocation.environment.first(&API_KEY_VARIABLES).and_then(OsStr::to_str);
        let mut known: Vec<&str> = key.into_iter().collect();
        let output = match &login.credentials {
            Credentials::Passcode(passcode) => {
                known.push(passcode);
                process::converse(&invocation, deadline, &mut passcode_script(passcode))
            }
            Credentials::ApiKeyFile(_, key) => {
                known.push(key.expose());
                process::capture(&invocation, deadline)
            }
            _ => process::capture(&invocation, deadline),
        };
        let output = output.map_err(|error| cannot_run(&invocation, error))?;
        // The reason of a failed login is on stdout: the BXNIM code and IAM's message.
        ensure_success(&invocation, &output, deadline, &known)
            .map_err(|error| error.with_ibmcloud_messages(messages(&output, &known, sanitize::excerpt)))?;
        Ok(messages(&output, &known, sanitize::lines))
    }

    fn interactive(&self, arguments: &[&str]) -> Invocation {
        let mut environment = self.environment.clone();
        environment.remove(&[super::REDIRECTS_THE_REFRESH_TOKEN]);
        // The CLI does not know NO_COLOR (https://no-color.org) and has a variable of its own.
        if environment.get("NO_COLOR").is_some() {
            environment.set("IBMCLOUD_COLOR", "false");
        }
        self.invocation(arguments, environment)
    }

    fn login_invocation(&self, login: &Login, run: impl Fn(&Self, &[&str]) -> Invocation) -> Invocation {
        let mut invocation = run(self, &["login"]);
        match &login.credentials {
            Credentials::Plain => {}
            Credentials::Sso | Credentials::Passcode(_) => {
                invocation.arguments.push("--sso".to_owned());
                // A key in the environment would be used instead of the passcode.
                invocation.environment.remove(&API_KEY_VARIABLES);
            }
            Credentials::ApiKeyFile(file, _) => {
                invocation.arguments.extend(["--apikey".to_owned(), format!("@{file}")]);
            }
            Credentials::ApiKey(key) => invocation.environment.set(API_KEY_VARIABLES[0], key.expose()),
        }
        invocation.user_arguments.clone_from(&login.arguments);
        invocation
    }
}

/// Replys the prompts of `ibmcloud login --sso`: no browser, then the passcode, then Enter for what may be skipped.
///
/// A prompt is output that ends in `>` without a line feed, and the question about the browser contains `[Y/n]`. Neither
/// is translated. With `--sso-otp auto` that question is not asked (`ibm-cloud-cli-sdk`, `terminal/prompt.go`).
fn passcode_script(passcode: &str) -> impl FnMut(&[u8]) -> Reply {
    let mut passcode = Some(Zeroizing::new(passcode.to_owned()));
    let mut skips = 0;
    move |output| {
        let output = sanitize::without_escapes(output);
        let last_line = output.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
        if !last_line.trim_ascii_end().ends_with(b">") {
            return Reply::Wait;
        }
        if last_line.windows(5).any(|part| part == b"[Y/n]") {
            return Reply::Line(Zeroizing::new("n".to_owned()));
        }
        if let Some(passcode) = passcode.take() {
            return Reply::Line(passcode);
        }
        skips += 1;
        if skips <= MAX_SKIPS { Reply::Line(Zeroizing::default()) } else { Reply::Close }
    }
}

/// Returns what the CLI said on both streams.
fn messages(output: &Output, known: &[&str], clean: impl Fn(&[u8], &[&str]) -> Vec<String>) -> Vec<String> {
    [&output.stdout, &output.stderr].into_iter().flat_map(|text| clean(text, known)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(outputs: &[&str]) -> Vec<String> {
        let mut script = passcode_script("code");
        outputs
            .iter()
            .map(|output| match script(output.as_bytes()) {
                Reply::Wait => "(wait)".to_owned(),
                Reply::Line(line) => line.to_string(),
                Reply::Close => "(close)".to_owned(),
            })
            .collect()
    }

    #[test]
    fn passcode_is_given_once_at_its_prompt() {
        let outputs = [
            "API endpoint: https://cloud.ibm.com\n",
            "Get a one-time code from https://x/passcode to proceed.\nOpen the URL in the default browser? [Y/n] > ",
            "One-time code > ",
            "Authenticating...\nOK\n",
            "Select a region (or press enter to skip):\n1. au-syd\nEnter a number> ",
            "Enter a number> ",
            "Enter a number> ",
            "Enter a number> ",
        ];
        assert_eq!(answers(&outputs), ["(wait)", "n", "code", "(wait)", "", "", "", "(close)"]);
        assert_eq!(answers(&["\x1b[36;1mOne Time Code\x1b[0m \x1b[36;1m>\x1b[0m "]), ["code"]);
    }
}
