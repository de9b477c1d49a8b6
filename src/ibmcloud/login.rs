//! `ibmcloud login`: with the person at the terminal, with an API key, or with a one-time passcode.
//!
//! No secret ever stands in the child's argv. A key goes by file name or by `IBMCLOUD_API_KEY`. The CLI takes a
//! passcode as an argument only (`-u passcode -p …`), or at its prompt; so its prompt is answered.
//!
//! What a run returns says only that it came to its end: the CLI exits with 0 on "Incorrect Usage", and can print `OK`
//! and fail after it. Whether somebody is logged in is known when a token can be had; the caller looks.

use std::ffi::OsStr;

use zeroize::Zeroizing;

use super::process::{self, Answer, Invocation, Output};
use super::{Ibmcloud, cannot_run, ensure_success};
use crate::deadline::Deadline;
use crate::error::{Error, Kind, Result};
use crate::token::ApiKey;
use crate::words;

/// The CLI's variables for an API key.
pub const API_KEY_VARIABLES: [&str; 2] = ["IBMCLOUD_API_KEY", "BLUEMIX_API_KEY"];

/// How many prompts after the passcode's are answered with Enter, which skips a choice that may be skipped. Others are
/// repeated for ever.
const MOST_SKIPS: usize = 3;

/// How somebody logs in.
pub enum Credentials {
    /// As the CLI asks for it: e-mail address and password, or the key in its environment.
    Plain,
    /// A one-time passcode from the browser (`--sso`), typed at the CLI's prompt.
    Sso,
    /// A one-time passcode that we have.
    Passcode(Zeroizing<String>),
    /// An API key in a file: the file's name, without `@`, and the key, to be recognised.
    ApiKeyFile(String, ApiKey),
    /// An API key that we have.
    ApiKey(ApiKey),
}

/// A login about to be done.
pub struct Login {
    /// How.
    pub credentials: Credentials,
    /// Further arguments of `ibmcloud login`, unchanged.
    pub arguments: Vec<String>,
}

impl Ibmcloud {
    /// Logs in with the person at the terminal. All that the CLI says goes to our stderr.
    pub fn login_at_terminal(&self, login: &Login) -> Result<()> {
        let invocation = self.login_invocation(login, Self::interactive);
        let status = process::interact(&invocation).map_err(|error| cannot_run(&invocation, error))?;
        if status.success() {
            return Ok(());
        }
        Err(Error::new(Kind::LoginNeeded, format!("the login failed: {invocation}: {status}"))
            .with_hint("see what the CLI says above"))
    }

    /// Logs in without a terminal, and returns what the CLI said, cleaned.
    pub fn login_unattended(&self, login: &Login, deadline: Deadline) -> Result<Vec<String>> {
        let invocation = self.login_invocation(login, Self::captured);
        // The key is in the environment, be it from there or from us.
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
        // Why a login fails stands on stdout: the BXNIM code and IAM's message.
        ensure_success(&invocation, &output, deadline, &known, || false)
            .map_err(|error| error.with_cli_words(talk(&output, &known, words::excerpt)))?;
        Ok(talk(&output, &known, words::clean))
    }

    fn interactive(&self, arguments: &[&str]) -> Invocation {
        let mut environment = self.environment.clone();
        environment.remove(&[super::REDIRECTS_THE_REFRESH_TOKEN]);
        // The CLI has a variable of its own for what everybody else calls NO_COLOR (https://no-color.org).
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
                // A key in the environment would take the place of the passcode.
                invocation.environment.remove(&API_KEY_VARIABLES);
            }
            Credentials::ApiKeyFile(file, _) => {
                invocation.arguments.extend(["--apikey".to_owned(), format!("@{file}")]);
            }
            Credentials::ApiKey(key) => invocation.environment.set(API_KEY_VARIABLES[0], key.expose()),
        }
        invocation.foreign_arguments.clone_from(&login.arguments);
        invocation
    }
}

/// Answers the prompts of `ibmcloud login --sso`: no browser, then the passcode, then Enter for what may be skipped.
///
/// A prompt is output that ends in `>` without a line end; the question about the browser has `[Y/n]` in it. Neither
/// is translated, and with `--sso-otp auto` that question is not asked (`ibm-cloud-cli-sdk`, `terminal/prompt.go`).
fn passcode_script(passcode: &str) -> impl FnMut(&[u8]) -> Answer {
    let mut passcode = Some(Zeroizing::new(passcode.to_owned()));
    let mut skips = 0;
    move |output| {
        let output = words::without_escapes(output);
        let last_line = output.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
        if !last_line.trim_ascii_end().ends_with(b">") {
            return Answer::Wait;
        }
        if last_line.windows(5).any(|part| part == b"[Y/n]") {
            return Answer::Line(Zeroizing::new("n".to_owned()));
        }
        if let Some(passcode) = passcode.take() {
            return Answer::Line(passcode);
        }
        skips += 1;
        if skips <= MOST_SKIPS { Answer::Line(Zeroizing::default()) } else { Answer::Close }
    }
}

/// Returns what the CLI said on both streams.
fn talk(output: &Output, known: &[&str], clean: impl Fn(&[u8], &[&str]) -> Vec<String>) -> Vec<String> {
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
                Answer::Wait => "(wait)".to_owned(),
                Answer::Line(line) => line.to_string(),
                Answer::Close => "(close)".to_owned(),
            })
            .collect()
    }

    #[test]
    fn the_passcode_is_given_at_its_prompt_and_once() {
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
