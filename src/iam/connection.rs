//! The connection to IAM as the settings describe it, for a person who wants to know. Nothing secret is sent.

use std::path::Path;
use std::time::SystemTime;

use super::proxy::{self, ProxyRoute};
use super::service::Service;
use super::{Endpoint, client, trust};
use crate::error::Result;
use crate::system::environment::Environment;
use crate::time::Deadline;

/// The settings of a connection.
pub(crate) struct Connection<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) ca_file: Option<&'a Path>,
    pub(crate) environment: &'a Environment,
}

impl Connection<'_> {
    /// Returns an error if no request could be sent with these settings.
    pub(crate) fn ensure_usable(&self, deadline: Deadline) -> Result<()> {
        client(self.endpoint, self.ca_file, self.environment, deadline).map(drop)
    }

    /// Describes the route, without the password of a proxy.
    pub(crate) fn route(&self) -> Result<String> {
        let endpoint = self.endpoint;
        Ok(match proxy::route(endpoint, self.environment)? {
            ProxyRoute::Direct => format!("{endpoint} is reached directly"),
            ProxyRoute::Exempt => format!("NO_PROXY names the host of {endpoint}"),
            ProxyRoute::Through(variable, proxy) => {
                format!("{endpoint} is reached through {} ({variable})", proxy::name(&proxy))
            }
        })
    }

    /// Returns how many certificates of the platform and of the file are trusted.
    pub(crate) fn trusted(&self, deadline: Deadline) -> Result<(usize, usize)> {
        trust::count(self.ca_file, self.environment, deadline)
    }

    /// Connects to IAM, and returns its own time if it says it.
    pub(crate) fn greet(&self, deadline: Deadline) -> Result<Option<SystemTime>> {
        let client = client(self.endpoint, self.ca_file, self.environment, deadline)?;
        Service::new(self.endpoint, client).greet(deadline)
    }
}
