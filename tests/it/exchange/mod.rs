//! `exchange`: an API key is exchanged for a token, against the stand-in for the IAM service.
//!
//! - `responses`: how responses of IAM are handled
//! - `clients`: the same request as the documented cURL command and IBM's SDKs
//! - `deadline`: the time and the size of everything that is waited for and read
//! - `leaks`: where the key and the token must not appear
//! - `proxies`: a forward proxy
//! - `reasons`: the cause that is reported for a failed connection
//! - `request`: what is sent, where, and with which key
//! - `retries`: temporary failures, and the deadline
//! - `trust`: certificates, redirects, unencrypted connections

// Not on Windows: it needs a POSIX shell and the clients of `sdks`.
#[cfg(unix)]
mod clients;
mod deadline;
mod leaks;
mod proxies;
mod reasons;
mod request;
mod responses;
mod retries;
mod trust;

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::iam_service::{AUTHORITY, Service, answer};
use crate::sandbox::{Outcome, Sandbox, files_below, jwt};

/// A key in the form of IAM: 44 characters of base64url.
const KEY: &str = "0a-1b_2cTESTKEYx3d4e5f6g7h8i9jAkBlCmDnEoFpGq";

/// The response to an unknown key, as recorded in 2025.
const UNKNOWN_KEY: &str = r#"{"errorCode":"BXNIM0415E","errorMessage":"Provided API key could not be found.","context":{"requestId":"bTlidjk-91c2c5d491364775817d4e78ad5d8d00","requestType":"incoming.Identity_Token","userAgent":"x","url":"https://iam.cloud.ibm.com","instanceId":"iamid-10-5-4792-d160320-6b494b795d-m9bv9","threadId":"bf061","host":"iamid-10-5-4792-d160320-6b494b795d-m9bv9","startTime":"30.05.2025 15:46:38:151 UTC","endTime":"30.05.2025 15:46:38:236 UTC","elapsedTime":"85","locale":"en_US","clusterName":"iam-id-prod-eu-de-fra05"}}"#;

/// The body of IAM's response to a valid key.
fn token_response(token: &str) -> String {
    format!(
        r#"{{"access_token":"{token}","refresh_token":"not_supported","ims_user_id":13176852,"token_type":"Bearer","expires_in":3600,"scope":"ibm openid"}}"#
    )
}

/// IAM's response to a valid key.
pub(crate) fn success(token: &str) -> Vec<u8> {
    answer("200 OK", &[], token_response(token))
}

/// A token that was issued now.
fn token() -> String {
    jwt(0, 3600)
}

/// A home with the key in a file, and the certificate authority of the stand-in in another.
struct Client {
    sandbox: Sandbox,
    url: String,
    ca_file: String,
}

impl Client {
    fn of(service: &Service) -> Self {
        Self::at(service.url())
    }

    fn at(url: impl Into<String>) -> Self {
        let sandbox = Sandbox::new();
        sandbox.write_private("key", format!("{KEY}\n"));
        sandbox.write("ca.pem", AUTHORITY.pem());
        Self { sandbox, url: url.into(), ca_file: "ca.pem".to_owned() }
    }

    /// Sets a variable.
    fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.sandbox = self.sandbox.with(name, value);
        self
    }

    /// The command line, with additional options.
    fn line(&self, options: &str) -> String {
        let Self { url, ca_file, .. } = self;
        format!("exchange --endpoint {url} --ca-file {ca_file} --apikey @key {options}")
    }

    fn program(&self, options: &str) -> Command {
        let line = self.line(options);
        self.sandbox.program(line.split_whitespace())
    }

    fn run_bare(&self, options: &str) -> Outcome {
        self.sandbox.run(&self.line(options))
    }

    /// Runs it with `-v`, and checks that the key appears nowhere, and a token only where it should.
    #[track_caller]
    fn run(&self, options: &str) -> Outcome {
        let outcome = self.run_bare(&format!("-v {options}"));
        assert_no_secret_in("stderr", &outcome.stderr);
        assert!(!outcome.stdout.contains(KEY), "the key is on stdout");
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
fn assert_no_secret_below(directory: &Path, except_in: &[&str]) {
    for file in files_below(directory) {
        let name = file.file_name().unwrap().to_str().unwrap();
        if !except_in.contains(&name) {
            assert_no_secret_in(name, &String::from_utf8_lossy(&fs::read(&file).unwrap()));
        }
    }
}
