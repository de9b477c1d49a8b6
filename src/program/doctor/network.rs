//! The checks of the way to IAM: the proxy, the certificates, and IAM itself.

use std::time::SystemTime;

use super::{Check, Facts, Verdict};
use crate::error::Result;
use crate::iam::{Connection, Endpoint};
use crate::program::arguments::IamOptions;
use crate::program::context::Context;
use crate::time::Deadline;

/// The way to IAM, as far as it was checked.
pub(super) struct Network {
    /// The endpoint and its route, or why there is none.
    route: Result<(Endpoint, Result<String>)>,
    /// The numbers of trusted certificates: of the platform, and of the CA file.
    trusted: Option<Result<(usize, usize)>>,
    /// IAM's own time if it was asked for and answered.
    pub(super) iam: Option<Result<Option<SystemTime>>>,
}

impl Network {
    /// Looks at the settings. `of_session` is the endpoint in the session file. IAM is asked only with a deadline.
    pub(super) fn of(context: &Context, of_session: Option<String>, online: Option<Deadline>) -> Self {
        let settings = context
            .settings()
            .iam(&IamOptions::default())
            .and_then(|iam| Ok((iam.endpoint_or(of_session)?, iam.ca_file)));
        let (endpoint, ca_file) = match settings {
            Ok(settings) => settings,
            Err(error) => return Self { route: Err(error), trusted: None, iam: None },
        };
        let environment = context.environment();
        let connection = Connection { endpoint: &endpoint, ca_file: ca_file.as_deref(), environment };
        let trusted = Some(connection.trusted(context.deadline()));
        let iam = online.map(|deadline| connection.greet(deadline));
        let route = connection.route();
        Self { route: Ok((endpoint, route)), trusted, iam }
    }
}

impl Facts<'_> {
    pub(super) fn network_checks(&self) -> Vec<Check> {
        let Network { route, trusted, .. } = &self.network;
        match route {
            Ok((endpoint, route)) => {
                let trusted = trusted.iter().map(|trusted| self.certificates(trusted));
                [self.proxy(route)].into_iter().chain(trusted).chain([self.iam(endpoint)]).collect()
            }
            Err(error) => vec![self.failed("iam", error)],
        }
    }

    /// The proxy as it was understood. The CLI has rules of its own for an unusual one.
    fn proxy(&self, route: &Result<String>) -> Check {
        const ID: &str = "proxy";
        let environment = self.context.environment();
        let is_http_only = environment.first(&["HTTP_PROXY", "http_proxy"]).is_some()
            && environment.first(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]).is_none();
        match route {
            Err(error) => self.failed(ID, error),
            Ok(route) if is_http_only => {
                Check::new(ID, Verdict::Advice, format!("{route}; HTTP_PROXY does not apply to https"))
                    .with_remedy("if there is a proxy for https, name it in HTTPS_PROXY")
            }
            Ok(route) => Check::ok(ID, route),
        }
    }

    fn certificates(&self, trusted: &Result<(usize, usize)>) -> Check {
        const ID: &str = "certificates";
        match trusted {
            Err(error) => self.failed(ID, error),
            Ok((0, 0)) => Check::new(ID, Verdict::Warning, "no certificate authority is trusted")
                .with_remedy("install them (`ca-certificates`), and check SSL_CERT_FILE and SSL_CERT_DIR"),
            Ok((of_platform, 0)) => {
                Check::ok(ID, format!("{of_platform} certificate authorities of the platform are trusted"))
            }
            Ok((of_platform, of_file)) => Check::ok(
                ID,
                format!(
                    "{of_platform} certificate authorities of the platform and {of_file} of IBMCLOUD_TOKEN_CA_FILE are trusted"
                ),
            ),
        }
    }

    fn iam(&self, endpoint: &Endpoint) -> Check {
        const ID: &str = "iam";
        match &self.network.iam {
            None => Check::skipped(ID, "`--online` checks whether IAM can be reached"),
            Some(Ok(_)) => Check::ok(ID, format!("{endpoint} answers")),
            Some(Err(error)) => self.failed(ID, error),
        }
    }
}
