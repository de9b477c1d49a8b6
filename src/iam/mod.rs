//! The IAM service over HTTPS: an API key in, an access token out, without the CLI.
//!
//! One request, `POST {endpoint}/identity/token`, as the documentation's cURL command and IBM's SDKs send it. Failures
//! that pass are tried again, with pauses, inside one deadline; a verdict of IAM is final. The client is `ureq`; what
//! is ours is when to send, what counts as an answer, and what may be shown of one: never the key, never a token.
//!
//! The request's text is wiped after use. The copies in the buffers of the TLS library are out of our reach.

mod endpoint;
mod proxy;
mod response;
mod retry;
mod trust;

use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, SystemTime};

use ureq::Proxy;
use ureq::http::{HeaderMap, StatusCode};
use zeroize::Zeroizing;

pub use endpoint::Endpoint;
pub use response::Exchanged;
use retry::{Backoff, Verdict};

use crate::deadline::Deadline;
use crate::environment::Environment;
use crate::error::{Error, Kind, Result};
use crate::note::{Note, Notes};
use crate::secret_bytes::{USUAL_SIZE, read_capped};
use crate::token::ApiKey;

/// The grant of the request: an API key (`ibm-cloud-sdk-core`, IAM identity API).
const GRANT: &str = "urn:ibm:params:oauth:grant-type:apikey";

/// What IAM says is a few KiB.
const BODY_CAP: usize = 1024 * 1024;

/// How long connecting may take before it counts as failed, and is tried again.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a request may take if nothing limits it. The clock cannot count to any number.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 3600);

/// What the client's timeouts are rounded down to, generously.
const CLOCK_GRAIN: Duration = Duration::from_millis(10);

/// An API key about to be exchanged for a token.
pub struct Exchange<'a> {
    /// The key.
    pub key: &'a ApiKey,
    /// Where IAM is.
    pub endpoint: &'a Endpoint,
    /// A CA to trust beside the platform's: a file in PEM form.
    pub ca_file: Option<PathBuf>,
    /// The environment: it says which proxy to use.
    pub environment: &'a Environment,
    /// When the answer is owed.
    pub deadline: Deadline,
    /// Takes what is worth saying.
    pub notes: Notes<'a>,
}

impl Exchange<'_> {
    /// Exchanges the key.
    pub fn run(&self) -> Result<Exchanged> {
        let agent = self.agent()?;
        let body = self.body();
        let mut backoff = Backoff::default();
        (self.notes)(Note::AskingIam(self.endpoint.to_string()));
        loop {
            match self.attempt(&agent, &body) {
                Ok(exchanged) => return Ok(exchanged),
                Err((error, Verdict::Final)) => return Err(error),
                Err((error, Verdict::Passing { retry_after })) => {
                    match backoff.pause(retry_after, self.deadline.remaining()) {
                        Some(pause) => {
                            (self.notes)(Note::Retrying { reason: error.to_string(), pause });
                            thread::sleep(pause);
                        }
                        None => return Err(error),
                    }
                }
            }
        }
    }

    fn agent(&self) -> Result<ureq::Agent> {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // A redirect would carry the key to wherever it says.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(proxy::of(self.endpoint, self.environment)?)
            .tls_config(trust::config(self.ca_file.as_deref())?)
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(config.into())
    }

    /// Returns the form, in one piece: a string that grows would leave copies of the key behind.
    fn body(&self) -> Zeroizing<String> {
        let key = self.key.expose();
        let mut body = Zeroizing::new(String::with_capacity(GRANT.len() * 3 + key.len() * 3 + 32));
        body.push_str("grant_type=");
        push_encoded(&mut body, GRANT);
        body.push_str("&apikey=");
        push_encoded(&mut body, key);
        body
    }

    fn attempt(&self, agent: &ureq::Agent, body: &str) -> Result<Exchanged, (Error, Verdict)> {
        let asked_at = SystemTime::now();
        let remaining = self.deadline.remaining().min(LONGEST_TIMEOUT);
        let proxy = agent.config().proxy();
        let mut response = agent
            .post(self.endpoint.token_url())
            .config()
            .timeout_global(Some(remaining))
            .timeout_connect(Some(CONNECT_TIMEOUT.min(remaining)))
            .build()
            .header("Accept", "application/json")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .send(body.as_bytes())
            .map_err(|error| self.failure(error, proxy))?;
        let content = read_capped(response.body_mut().as_reader(), USUAL_SIZE, BODY_CAP)
            .map_err(|error| self.failure(error.into(), proxy))?;
        self.judge(response.status(), response.headers(), content, asked_at)
    }

    fn judge(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        content: Option<Zeroizing<Vec<u8>>>,
        asked_at: SystemTime,
    ) -> Result<Exchanged, (Error, Verdict)> {
        let Some(content) = content else {
            return Err((self.strange("answered with more than 1 MiB"), Verdict::Final));
        };
        match status {
            StatusCode::OK => {
                Exchanged::read(content, asked_at).map_err(|why| (self.strange(why), Verdict::Final))
            }
            _ if status.is_redirection() => Err((
                self.strange(&format!("answered with a redirect ({status}), which is not followed")),
                Verdict::Final,
            )),
            _ => {
                let error = response::rejection(self.endpoint, status, headers, &content, self.key);
                Err((error, retry::verdict(status, headers, SystemTime::now())))
            }
        }
    }

    /// Returns the error for an answer that is not IAM's. Nothing of it is shown: it may be anything.
    fn strange(&self, what: &str) -> Error {
        Error::new(Kind::Network, format!("{} {what}", self.endpoint))
            .with_hint("is that IAM's address, and is there a proxy in between that answers by itself?")
    }

    /// Returns what a failure of the connection means, in words that a person can act on.
    fn failure(&self, error: ureq::Error, proxy: Option<&Proxy>) -> (Error, Verdict) {
        const CHECK: &str = "check the network, and HTTPS_PROXY if there is a proxy";
        let endpoint = self.endpoint;
        // Where there is a proxy, it is the one whose name is resolved and who is connected to.
        let (peer, through) = match proxy.map(proxy::name) {
            Some(name) => (name.clone(), format!(" through {name}")),
            None => (endpoint.to_string(), String::new()),
        };
        let network = |what: String, hint: &str| Error::new(Kind::Network, what).with_hint(hint);
        let passing = Verdict::Passing { retry_after: None };
        match error {
            ureq::Error::Timeout(ureq::Timeout::Connect) if self.deadline.remaining() > CLOCK_GRAIN => {
                (network(format!("{endpoint} could not be connected to{through}"), CHECK), passing)
            }
            ureq::Error::Timeout(_) => {
                (self.deadline.error(&format!("{endpoint} gave no answer{through}")), Verdict::Final)
            }
            ureq::Error::ConnectProxyFailed(reason) => (
                network(
                    format!("{peer} did not connect to {endpoint}: {}", proxy::refusal(&reason)),
                    "check HTTPS_PROXY and the credentials in it, or name the host in NO_PROXY",
                ),
                Verdict::Final,
            ),
            ureq::Error::Io(error) if is_tls(&error) => (trust::failure(endpoint, &error), Verdict::Final),
            ureq::Error::Io(error) if is_lookup(&error) => {
                let is_passing = error.to_string().contains("Temporary failure");
                let what = format!("the name of {peer} could not be resolved");
                let hint = "check the network and its DNS, `--endpoint`, and HTTPS_PROXY if there is a proxy";
                (network(what, hint), if is_passing { passing } else { Verdict::Final })
            }
            ureq::Error::Io(error) if proxy.is_some() && is_unreachable(&error) => {
                (network(format!("{peer} could not be connected to"), CHECK).with_source(error), passing)
            }
            ureq::Error::Io(error) => (
                network(format!("the connection to {endpoint}{through} failed"), CHECK).with_source(error),
                passing,
            ),
            ureq::Error::ConnectionFailed => {
                (network(format!("the connection to {endpoint}{through} failed"), CHECK), passing)
            }
            ureq::Error::Rustls(_) | ureq::Error::Tls(_) | ureq::Error::Pem(_) => {
                (trust::failure(endpoint, &error), Verdict::Final)
            }
            error => (self.strange("did not answer as a web server does").with_source(error), Verdict::Final),
        }
    }
}

/// A name that does not resolve comes as an I/O error that only its text tells (`std::net::ToSocketAddrs`).
fn is_lookup(error: &io::Error) -> bool {
    error.to_string().starts_with("failed to lookup address information")
}

/// Nobody is there, or there is no way: what connecting alone can come to.
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

/// A fault that the TLS library found comes as an I/O error with that kind.
fn is_tls(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidData
}

/// Appends a value of a form (`application/x-www-form-urlencoded`).
fn push_encoded(form: &mut String, value: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"*-._".contains(&byte) {
            form.push(char::from(byte));
        } else {
            form.extend([
                '%',
                char::from(HEX[usize::from(byte >> 4)]),
                char::from(HEX[usize::from(byte & 15)]),
            ]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_value_is_encoded() {
        let mut form = String::new();
        push_encoded(&mut form, "urn:ibm a+b&c=d/%é~_-.*9");
        assert_eq!(form, "urn%3Aibm%20a%2Bb%26c%3Dd%2F%25%C3%A9%7E_-.*9");
    }
}
