//! Gets access tokens from the IAM service over HTTPS, without the CLI.
//!
//! An API key or the token of a compute resource is exchanged for an access token, and an access token for that of a
//! trusted profile. Each takes one request, `POST {endpoint}/identity/token`, as the documentation's cURL command and
//! IBM's SDKs send it. Transient failures are retried with pauses until the deadline; a rejection by IAM is final. The
//! client is `ureq`. This module decides when to send, what counts as a response, and which parts of it may be shown.
//! Keys and tokens are never shown.

mod client;
mod connection;
mod endpoint;
mod grant;
mod profile;
mod proxy;
mod response;
mod retry;
mod service;
mod trust;

use std::path::{Path, PathBuf};
use std::time::Duration;

use client::Client;
pub(crate) use connection::Connection;
pub use endpoint::Endpoint;
pub(crate) use grant::Grant;
pub use profile::TrustedProfile;
pub(crate) use response::Exchanged;
#[cfg(fuzzing)]
pub(crate) use response::rejection;
use service::Service;

use crate::error::Result;
use crate::system::environment::Environment;
use crate::task::Task;
use crate::time::Deadline;
use crate::token::{ApiKey, IssuedToken};

/// The hint for a response that is probably not IAM's.
const NOT_IAM: &str = "check that `--endpoint` is IAM's address, and that no proxy answers in its place";

/// An upper bound for the rounding of the client's timeouts.
const CLOCK_GRAIN: Duration = Duration::from_millis(10);

/// An exchange over HTTPS for an access token, of an API key and then, if wanted, of its token for that of a trusted
/// profile.
pub struct Exchange<'a> {
    grant: Grant<'a>,
    assume: Option<TrustedProfile>,
    endpoint: Endpoint,
    ca_file: Option<PathBuf>,
    environment: Environment,
}

impl<'a> Exchange<'a> {
    /// Prepares to exchange `key` at `endpoint`. The variables of this process say which proxy to use.
    #[must_use]
    pub fn new(key: &'a ApiKey, endpoint: Endpoint) -> Self {
        Self::of(Grant::ApiKey(key), endpoint, Environment::of_process())
    }

    /// Trusts the certificate authorities in a file in PEM form, besides the platform's.
    #[must_use]
    pub fn with_ca_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(file.into());
        self
    }

    /// Exchanges the token again, for that of a trusted profile (`grant_type` `urn:ibm:params:oauth:grant-type:assume`).
    ///
    /// # Errors
    ///
    /// Returns an error of the kind [`ErrorKind::Usage`](crate::ErrorKind::Usage) if the profile is given by its name
    /// without its account.
    pub fn assuming(mut self, profile: TrustedProfile) -> Result<Self> {
        profile.ensure_unique()?;
        self.assume = Some(profile);
        Ok(self)
    }

    /// Returns a token, within `timeout`.
    ///
    /// # Errors
    ///
    /// The kind of the error says whether the key was rejected, or what failed on the way to IAM.
    pub fn access_token(&self, timeout: Duration) -> Result<IssuedToken> {
        Ok(self.run(&Task::of_library(timeout))?.token)
    }

    pub(crate) fn of(grant: Grant<'a>, endpoint: Endpoint, environment: Environment) -> Self {
        Self { grant, assume: None, endpoint, ca_file: None, environment }
    }

    /// Sends the requests.
    pub(crate) fn run(&self, task: &Task<'_>) -> Result<Exchanged> {
        let client = client(&self.endpoint, self.ca_file.as_deref(), &self.environment, task.deadline)?;
        let service = Service::new(&self.endpoint, client);
        let exchanged = service.exchange(&self.grant, task)?;
        match &self.assume {
            Some(profile) => service.exchange(&Grant::Assume(exchanged.token.token(), profile), task),
            None => Ok(exchanged),
        }
    }
}

fn client(
    endpoint: &Endpoint,
    ca_file: Option<&Path>,
    environment: &Environment,
    deadline: Deadline,
) -> Result<Client> {
    let proxy = proxy::of(endpoint, environment)?;
    Ok(Client::new(proxy, trust::config(ca_file, environment, deadline)?))
}
