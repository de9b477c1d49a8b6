//! Exchanges an API key for an access token at the IAM service over HTTPS, without the CLI.
//!
//! This takes one request, `POST {endpoint}/identity/token`, as the documentation's cURL command and IBM's SDKs send
//! it. Transient failures are retried with pauses until the deadline; a rejection by IAM is final. The client is
//! `ureq`. This module decides when to send, what counts as a response, and which parts of it may be shown. The key
//! and the token are never shown.

mod client;
mod endpoint;
mod proxy;
mod response;
mod retry;
mod trust;

use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, SystemTime};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ureq::http::StatusCode;
use ureq::{Proxy, ProxyProtocol};

use client::{Client, RequestFailure, Response};
pub use endpoint::Endpoint;
pub(crate) use response::Exchanged;
use retry::{Backoff, Retry};

use crate::error::{Error, ErrorKind, Result};
use crate::note::Note;
use crate::secret::SecretBuffer;
use crate::system::blocking;
use crate::system::environment::Environment;
use crate::task::Task;
use crate::time::Deadline;
use crate::token::{ApiKey, IssuedToken};

/// The grant type for an API key (`ibm-cloud-sdk-core`, IAM Identity API).
const GRANT: &str = "urn:ibm:params:oauth:grant-type:apikey";

/// The characters that are encoded in a form (`application/x-www-form-urlencoded`).
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// The hint for a response that is probably not IAM's.
const NOT_IAM: &str = "check that `--endpoint` is IAM's address, and that no proxy answers in its place";

/// An upper bound for the rounding of the client's timeouts.
const CLOCK_GRAIN: Duration = Duration::from_millis(10);

/// An exchange of an API key for a token over HTTPS.
pub struct Exchange<'a> {
    key: &'a ApiKey,
    endpoint: Endpoint,
    ca_file: Option<PathBuf>,
    environment: Environment,
}

impl<'a> Exchange<'a> {
    /// Prepares to exchange `key` at `endpoint`. The variables of this process say which proxy to use.
    #[must_use]
    pub fn new(key: &'a ApiKey, endpoint: Endpoint) -> Self {
        Self::in_environment(key, endpoint, Environment::of_process())
    }

    /// Trusts the certificate authorities in a file in PEM form, besides the platform's.
    #[must_use]
    pub fn with_ca_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(file.into());
        self
    }

    /// Returns a token, within `timeout`.
    ///
    /// # Errors
    ///
    /// The kind of the error says whether the key was rejected, or what failed on the way to IAM.
    pub fn access_token(&self, timeout: Duration) -> Result<IssuedToken> {
        Ok(self.run(&Task::of_library(timeout))?.token)
    }

    pub(crate) fn in_environment(key: &'a ApiKey, endpoint: Endpoint, environment: Environment) -> Self {
        Self { key, endpoint, ca_file: None, environment }
    }

    /// Exchanges the key.
    pub(crate) fn run(&self, task: &Task<'_>) -> Result<Exchanged> {
        let client = Client::new(
            proxy::of(&self.endpoint, &self.environment)?,
            trust::config(self.ca_file.as_deref(), &self.environment, task.deadline)?,
        );
        let body = self.body();
        let mut backoff = Backoff::default();
        task.note(Note::RequestingIam(self.endpoint.to_string()));
        loop {
            match self.attempt(&client, &body, task) {
                Ok(exchanged) => return Ok(exchanged),
                Err((error, Retry::Never)) => return Err(error),
                Err((error, Retry::After(least))) => match backoff.pause(least, task.deadline.remaining()) {
                    Some(pause) => {
                        task.note(Note::Retrying { reason: error.to_string(), pause });
                        thread::sleep(pause);
                    }
                    None => return Err(error),
                },
            }
        }
    }

    /// Returns the form (`application/x-www-form-urlencoded`).
    fn body(&self) -> SecretBuffer {
        let mut body = SecretBuffer::default();
        for (name, value) in [("grant_type", GRANT), ("apikey", self.key.expose())] {
            body.push_str(if body.is_empty() { "" } else { "&" });
            body.push_str(name);
            body.push_str("=");
            for part in utf8_percent_encode(value, FORM) {
                body.push_str(part);
            }
        }
        body
    }

    fn attempt(
        &self,
        client: &Client,
        body: &SecretBuffer,
        task: &Task<'_>,
    ) -> Result<Exchanged, (Error, Retry)> {
        let requested_at = task.now();
        let response = client
            .post(self.endpoint.token_url(), body.clone(), task.deadline)
            .map_err(|failure| self.failure(failure, client.proxy(), task.deadline))?;
        self.read(response, requested_at)
    }

    fn read(&self, response: Response, requested_at: SystemTime) -> Result<Exchanged, (Error, Retry)> {
        let Response { status, headers, content } = response;
        let Some(content) = content else {
            return Err((self.unexpected("answered with more than 1 MiB"), Retry::Never));
        };
        match status {
            StatusCode::OK => {
                Exchanged::read(content, requested_at).map_err(|why| (self.unexpected(why), Retry::Never))
            }
            _ if status.is_redirection() => Err((
                self.unexpected(&format!("answered with a redirect ({status}), which is not followed")),
                Retry::Never,
            )),
            _ => {
                let error = response::rejection(&self.endpoint, status, &headers, &content, self.key);
                Err((error, retry::of_status(status, &headers, requested_at)))
            }
        }
    }

    /// Returns the error for a response that is not IAM's. The response is not quoted, because it may be anything.
    fn unexpected(&self, what: &str) -> Error {
        Error::new(ErrorKind::Network, format!("{} {what}", self.endpoint)).with_hint(NOT_IAM)
    }

    /// Explains a failed connection in terms that the user can act on.
    fn failure(&self, failure: RequestFailure, proxy: Option<&Proxy>, deadline: Deadline) -> (Error, Retry) {
        const CHECK: &str = "check the network, and HTTPS_PROXY if there is a proxy";
        const CHECK_SCHEME: &str =
            "check HTTPS_PROXY; most proxies need an `http://` URL, even for an https endpoint";
        let endpoint = self.endpoint.to_string();
        // With a proxy, the client resolves the proxy's name and connects to the proxy.
        let (peer, through) = match proxy.map(proxy::name) {
            Some(name) => (name.clone(), format!(" through {name}")),
            None => (endpoint.clone(), String::new()),
        };
        let network = |what: String, hint: &str| Error::new(ErrorKind::Network, what).with_hint(hint);
        let timed_out = || (deadline.error(&format!("{endpoint} did not answer{through}")), Retry::Never);
        let transient = Retry::After(None);
        let (error, is_about_proxy) = match failure {
            RequestFailure::TimedOut => return timed_out(),
            RequestFailure::NoThread(error) => return (blocking::no_thread(error), Retry::Never),
            RequestFailure::Proxy(error) => (error, true),
            RequestFailure::Request(error) => (error, false),
        };
        let check = match proxy.map(Proxy::protocol) {
            Some(ProxyProtocol::Https) if is_about_proxy => CHECK_SCHEME,
            _ => CHECK,
        };
        if let Some(error) = trust::tls_error(&error) {
            let peer = if is_about_proxy {
                trust::Peer { name: &peer, setting: "HTTPS_PROXY", no_tls_hint: Some(CHECK_SCHEME) }
            } else {
                trust::Peer { name: &endpoint, setting: "`--endpoint`", no_tls_hint: None }
            };
            return (trust::failure(peer, error), Retry::Never);
        }
        match error {
            ureq::Error::Timeout(ureq::Timeout::Connect) if deadline.remaining() > CLOCK_GRAIN => {
                (network(format!("cannot connect to {endpoint}{through}"), check), transient)
            }
            ureq::Error::Timeout(_) => timed_out(),
            ureq::Error::ConnectProxyFailed(reason) => (
                network(
                    format!("{peer} did not connect to {endpoint}: {}", proxy::refusal(&reason)),
                    "check HTTPS_PROXY and the credentials in it, or name the host in NO_PROXY",
                ),
                Retry::Never,
            ),
            ureq::Error::Io(error) if is_lookup(&error) => {
                let is_transient = error.to_string().contains("Temporary failure");
                let what = format!("cannot resolve the name of {peer}");
                let hint = "check the network and its DNS, `--endpoint`, and HTTPS_PROXY if there is a proxy";
                (network(what, hint), if is_transient { transient } else { Retry::Never })
            }
            ureq::Error::Io(error) if proxy.is_some() && is_unreachable(&error) => {
                (network(format!("cannot connect to {peer}"), CHECK).with_source(error), transient)
            }
            ureq::Error::Io(error) if is_about_proxy => {
                (network(format!("the connection to {peer} failed"), check).with_source(error), transient)
            }
            ureq::Error::Io(error) => (
                network(format!("the connection to {endpoint}{through} failed"), CHECK).with_source(error),
                transient,
            ),
            ureq::Error::ConnectionFailed => {
                (network(format!("the connection to {endpoint}{through} failed"), check), transient)
            }
            error => (self.unexpected("did not answer in HTTP").with_source(error), Retry::Never),
        }
    }
}

/// Returns whether a name could not be resolved. Only the text of the I/O error says so (`std::net::ToSocketAddrs`).
fn is_lookup(error: &io::Error) -> bool {
    error.to_string().starts_with("failed to lookup address information")
}

/// Returns whether the host refused the connection or cannot be reached. Only connecting fails like this.
fn is_unreachable(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::AddrNotAvailable
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_values_are_encoded() {
        let encoded = utf8_percent_encode("urn:ibm a+b&c=d/%é~_-.*9", FORM).to_string();
        assert_eq!(encoded, "urn%3Aibm%20a%2Bb%26c%3Dd%2F%25%C3%A9%7E_-.*9");
    }
}
