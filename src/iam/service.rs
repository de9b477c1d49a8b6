//! One request to IAM for a token: sent, retried after transient failures until the deadline, and its response read.

use std::ops::RangeInclusive;
use std::time::SystemTime;
use std::{io, thread};

use serde_json::Value;
use ureq::http::StatusCode;
use ureq::{Proxy, ProxyProtocol};

use super::client::{Client, RequestFailure, Response};
use super::grant::Grant;
use super::retry::{Backoff, Retry};
use super::{CLOCK_GRAIN, Endpoint, Exchanged, NOT_IAM, proxy, response, retry, trust};
use crate::error::{Error, ErrorKind, Result};
use crate::note::Note;
use crate::secret::SecretBuffer;
use crate::system::blocking;
use crate::task::Task;
use crate::time::Deadline;

/// The IAM service, and the client that connects to it.
pub(super) struct Service<'a> {
    endpoint: &'a Endpoint,
    client: Client,
}

impl<'a> Service<'a> {
    pub(super) fn new(endpoint: &'a Endpoint, client: Client) -> Self {
        Self { endpoint, client }
    }

    /// Exchanges a grant for a token.
    pub(super) fn exchange(&self, grant: &Grant<'_>, task: &Task<'_>) -> Result<Exchanged> {
        let form = grant.form();
        let mut backoff = Backoff::default();
        task.note(Note::RequestingIam(self.endpoint.to_string()));
        loop {
            match self.attempt(grant, &form, task) {
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

    /// Asks IAM who it is, without credentials, and returns the response's own time.
    pub(super) fn greet(&self, deadline: Deadline) -> Result<Option<SystemTime>> {
        let response = self
            .client
            .get(self.endpoint.configuration_url(), deadline)
            .map_err(|failure| self.failure(failure, deadline).0)?;
        if response.status != StatusCode::OK {
            return Err(self.unexpected(&format!("answered with {}", response.status)));
        }
        let description: Value =
            serde_json::from_slice(response.content.as_deref().unwrap_or_default()).unwrap_or_default();
        if description["token_endpoint"].is_null() {
            return Err(self.unexpected("answered with something that is not IAM's description of itself"));
        }
        let date = response.headers.get("Date").and_then(|date| date.to_str().ok());
        Ok(date.and_then(|date| httpdate::parse_http_date(date).ok()))
    }

    fn attempt(
        &self,
        grant: &Grant<'_>,
        form: &SecretBuffer,
        task: &Task<'_>,
    ) -> Result<Exchanged, (Error, Retry)> {
        let requested_at = task.now();
        let response = self
            .client
            .post(self.endpoint.token_url(), form.clone(), task.deadline)
            .map_err(|failure| self.failure(failure, task.deadline))?;
        self.read(response, grant, requested_at)
    }

    fn read(
        &self,
        response: Response,
        grant: &Grant<'_>,
        requested_at: SystemTime,
    ) -> Result<Exchanged, (Error, Retry)> {
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
                let error = response::rejection(self.endpoint, status, &headers, &content, grant);
                Err((error, retry::of_status(status, &headers, requested_at)))
            }
        }
    }

    /// Returns the error for a response that is not IAM's. The response is not quoted, because it may be anything.
    fn unexpected(&self, what: &str) -> Error {
        Error::new(ErrorKind::Network, format!("{} {what}", self.endpoint)).with_hint(NOT_IAM)
    }

    /// Explains a failed connection in terms that the user can act on.
    fn failure(&self, failure: RequestFailure, deadline: Deadline) -> (Error, Retry) {
        const CHECK: &str = "check the network, and HTTPS_PROXY if there is a proxy";
        const CHECK_SCHEME: &str =
            "check HTTPS_PROXY; most proxies need an `http://` URL, even for an https endpoint";
        let endpoint = self.endpoint.to_string();
        let proxy = self.client.proxy();
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
                let is_transient = error.to_string().contains("Temporary failure")
                    || error.raw_os_error() == Some(WINDOWS_TRY_AGAIN);
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

/// The errors of Windows for a name that could not be resolved (`WSAHOST_NOT_FOUND` to `WSANO_DATA`).
const WINDOWS_LOOKUP: RangeInclusive<i32> = 11_001..=11_004;

/// The one of them that may pass.
const WINDOWS_TRY_AGAIN: i32 = 11_002;

/// Returns whether a name could not be resolved. On Unix, only the text of the I/O error says so
/// (`std::net::ToSocketAddrs`).
fn is_lookup(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|code| WINDOWS_LOOKUP.contains(&code))
        || error.to_string().starts_with("failed to lookup address information")
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
