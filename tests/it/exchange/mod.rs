//! `exchange`: an API key in, a token out, against a stand-in for the IAM service on loopback.
//!
//! - `answers`: what is made of what IAM says
//! - `clients`: the same request as the documented cURL command and IBM's SDKs send
//! - `leaks`: where the key and the token must not turn up
//! - `proxies`: a real forward proxy
//! - `request`: what is sent, where to, and with which key
//! - `retries`: failures that pass, and the deadline
//! - `server`: the stand-in
//! - `trust`: certificates, redirects, unencrypted connections

mod answers;
mod clients;
mod leaks;
mod proxies;
mod request;
mod retries;
mod server;
mod trust;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use server::{AUTHORITY, Service, answer};

use crate::sandbox::{Outcome, Sandbox, jwt};

/// A key as IAM makes them: 44 characters of base64url.
const KEY: &str = "0a-1b_2cTESTKEYx3d4e5f6g7h8i9jAkBlCmDnEoFpGq";

/// The error for a key that is not known, as recorded in 2025.
const UNKNOWN_KEY: &str = r#"{"errorCode":"BXNIM0415E","errorMessage":"Provided API key could not be found.","context":{"requestId":"bTlidjk-91c2c5d491364775817d4e78ad5d8d00","requestType":"incoming.Identity_Token","userAgent":"x","url":"https://iam.cloud.ibm.com","instanceId":"iamid-10-5-4792-d160320-6b494b795d-m9bv9","threadId":"bf061","host":"iamid-10-5-4792-d160320-6b494b795d-m9bv9","startTime":"30.05.2025 15:46:38:151 UTC","endTime":"30.05.2025 15:46:38:236 UTC","elapsedTime":"85","locale":"en_US","clusterName":"iam-id-prod-eu-de-fra05"}}"#;

/// IAM's answer to a good key.
fn token_response(token: &str) -> String {
    format!(
        r#"{{"access_token":"{token}","refresh_token":"not_supported","ims_user_id":13176852,"token_type":"Bearer","expires_in":3600,"scope":"ibm openid"}}"#
    )
}

/// The same as HTTP.
fn success(token: &str) -> Vec<u8> {
    answer("200 OK", &[], token_response(token))
}

/// A token of now.
fn token() -> String {
    jwt(0, 3600)
}

/// A home with the key in a file, and the authority that the stand-in is certified by.
struct Client {
    sandbox: Sandbox,
    url: String,
}

impl Client {
    fn of(service: &Service) -> Self {
        Self::at(service.url())
    }

    fn at(url: impl Into<String>) -> Self {
        let sandbox = Sandbox::new();
        let key = sandbox.write("key", format!("{KEY}\n"));
        fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
        sandbox.write("ca.pem", AUTHORITY.pem());
        Self { sandbox, url: url.into() }
    }

    /// Sets a variable.
    fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.sandbox = self.sandbox.with(name, value);
        self
    }

    /// The command line, with further options.
    fn line(&self, options: &str) -> String {
        format!("exchange --endpoint {} --ca-file ca.pem --apikey @key {options}", self.url)
    }

    /// The program, about to be run with further options.
    fn program(&self, options: &str) -> Command {
        let line = self.line(options);
        self.sandbox.program(line.split_whitespace())
    }

    /// Runs it as it comes.
    fn run_bare(&self, options: &str) -> Outcome {
        self.sandbox.run(&self.line(options))
    }

    /// Runs it with every decision explained, and checks that the key got nowhere, and a token only to where it was
    /// meant to go.
    #[track_caller]
    fn run(&self, options: &str) -> Outcome {
        let outcome = self.run_bare(&format!("-v {options}"));
        assert_no_secret_in("the standard error", &outcome.stderr);
        assert!(!outcome.stdout.contains(KEY), "the key is on the standard output");
        assert_no_secret_below(self.sandbox.home(), &["key", "token.json"]);
        outcome
    }
}

#[track_caller]
fn assert_no_secret_in(place: &str, text: &str) {
    assert!(!text.contains(KEY) && !text.contains("TESTKEY"), "the key is in {place}: {text}");
    assert!(!text.contains("eyJ") && !text.contains("not_supported"), "a token is in {place}: {text}");
}

#[track_caller]
fn assert_no_secret_below(folder: &Path, but_in: &[&str]) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            assert_no_secret_below(&entry.path(), but_in);
        } else if !but_in.contains(&name.as_str()) {
            assert_no_secret_in(&name, &String::from_utf8_lossy(&fs::read(entry.path()).unwrap()));
        }
    }
}

/// The line with what happened.
fn error(outcome: &Outcome) -> &str {
    let line = outcome.stderr.lines().find_map(|line| line.strip_prefix("error: "));
    line.unwrap_or_else(|| panic!("there is no error: {outcome:?}"))
}

/// The line with what to do.
fn hint(outcome: &Outcome) -> &str {
    let line = outcome.stderr.lines().find_map(|line| line.strip_prefix("hint: "));
    line.unwrap_or_else(|| panic!("there is no hint: {outcome:?}"))
}
