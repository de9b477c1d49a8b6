//! The HTTP client, and the thread that it runs on.
//!
//! `ureq` limits the time of each read, so a proxy that sends its response to `CONNECT` byte by byte could keep a
//! request alive forever. It also starts a thread to resolve a name, and panics if no thread can be started. Therefore
//! a request runs on one thread of ours, which resolves names itself, and the caller waits for that thread until the
//! deadline. Then the connections are shut down, which ends the thread unless it is resolving a name.

use std::time::Duration;
use std::{fmt, io};

use ureq::http::{HeaderMap, StatusCode, Uri};
use ureq::tls::TlsConfig;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport, time,
};
use ureq::{Agent, Body, Proxy};

use crate::secret::{SecretBuffer, USUAL_SIZE, read_limited};
use crate::system::blocking;
use crate::time::Deadline;

/// The size limit of a response. IAM's responses are a few KiB.
const MAX_BODY: usize = 1024 * 1024;

/// The time after which connecting counts as failed and is retried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client that connects directly or through a proxy.
pub(super) struct Client {
    agent: Agent,
}

/// The response of a server.
pub(super) struct Response {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// Nothing if there is more than 1 MiB.
    pub(super) content: Option<SecretBuffer>,
}

/// The reason why there is no response.
#[derive(Debug)]
pub(super) enum RequestFailure {
    /// The deadline passed.
    TimedOut,
    /// No thread could be started.
    NoThread(io::Error),
    /// The proxy cannot be connected to, or does not speak TLS as its URL says.
    Proxy(ureq::Error),
    /// Everything else.
    Request(ureq::Error),
}

impl Client {
    pub(super) fn new(proxy: Option<Proxy>, tls: TlsConfig) -> Self {
        let connector = Hops { connector: DefaultConnector::default(), has_proxy: proxy.is_some() };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect could send the key anywhere.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(proxy)
            .tls_config(tls)
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: Agent::with_parts(config, connector, OnThisThread(DefaultResolver::default())) }
    }

    /// Returns the proxy that the client connects through.
    pub(super) fn proxy(&self) -> Option<&Proxy> {
        self.agent.config().proxy()
    }

    /// Sends a form and reads the response.
    pub(super) fn post(
        &self,
        url: &str,
        form: SecretBuffer,
        deadline: Deadline,
    ) -> Result<Response, RequestFailure> {
        let url = url.to_owned();
        self.request(deadline, move |agent, connect_timeout| post(agent, &url, &form, connect_timeout))
    }

    /// Reads what is at a URL.
    pub(super) fn get(&self, url: String, deadline: Deadline) -> Result<Response, RequestFailure> {
        self.request(deadline, move |agent, connect_timeout| get(agent, &url, connect_timeout))
    }

    fn request(
        &self,
        deadline: Deadline,
        call: impl FnOnce(&Agent, Duration) -> Result<Response, ureq::Error> + Send + 'static,
    ) -> Result<Response, RequestFailure> {
        let agent = self.agent.clone();
        let connect_timeout = CONNECT_TIMEOUT.min(deadline.remaining());
        match blocking::within(deadline, move || Ok(call(&agent, connect_timeout))) {
            Ok(result) => result.map_err(RequestFailure::of),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                self.agent.clone().shutdown();
                Err(RequestFailure::TimedOut)
            }
            Err(error) => Err(RequestFailure::NoThread(error)),
        }
    }
}

fn post(agent: &Agent, url: &str, form: &[u8], connect_timeout: Duration) -> Result<Response, ureq::Error> {
    let response = agent
        .post(url)
        .config()
        .timeout_connect(Some(connect_timeout))
        .build()
        .header("Accept", "application/json")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .send(form)?;
    read(response)
}

fn get(agent: &Agent, url: &str, connect_timeout: Duration) -> Result<Response, ureq::Error> {
    let request = agent.get(url).config().timeout_connect(Some(connect_timeout)).build();
    read(request.header("Accept", "application/json").call()?)
}

fn read(mut response: ureq::http::Response<Body>) -> Result<Response, ureq::Error> {
    let content = read_limited(response.body_mut().as_reader(), USUAL_SIZE, MAX_BODY)?;
    Ok(Response { status: response.status(), headers: std::mem::take(response.headers_mut()), content })
}

impl RequestFailure {
    fn of(error: ureq::Error) -> Self {
        match error {
            ureq::Error::Other(other) => match other.downcast::<ProxyFailure>() {
                Ok(failure) => Self::Proxy(failure.0),
                Err(other) => Self::Request(ureq::Error::Other(other)),
            },
            error => Self::Request(error),
        }
    }
}

/// Marks the failures of the connection to the proxy, which would otherwise look like those of the connection through it.
#[derive(Debug)]
struct Hops {
    connector: DefaultConnector,
    has_proxy: bool,
}

impl Connector for Hops {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let connected = self.connector.connect(details, chained);
        // `ureq` connects to the proxy with a configuration that has no proxy.
        if self.has_proxy && details.config.proxy().is_none() {
            return connected.map_err(|error| ureq::Error::Other(Box::new(ProxyFailure(error))));
        }
        connected
    }
}

/// A failure of the connection to the proxy.
#[derive(Debug)]
struct ProxyFailure(ureq::Error);

impl fmt::Display for ProxyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ProxyFailure {}

/// Resolves names without a thread.
#[derive(Debug)]
struct OnThisThread(DefaultResolver);

impl Resolver for OnThisThread {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        self.0.resolve(uri, config, NextTimeout { after: time::Duration::NotHappening, ..timeout })
    }
}
