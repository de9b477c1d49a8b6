//! The address of the IAM service. An API key is sent there, so it must be HTTPS or this machine.

use std::fmt;
use std::net::IpAddr;

use ureq::http::Uri;

use crate::error::{Error, ErrorKind, Result};

/// The host of IAM's public endpoint.
const PUBLIC_HOST: &str = "iam.cloud.ibm.com";

/// The host of IAM's endpoint inside IBM Cloud's private network (bluemix-go, `endpoints.go`).
const PRIVATE_HOST: &str = "private.iam.cloud.ibm.com";

/// The path of the token service. An endpoint may be given with it, with its first part, or without.
const TOKEN_PATH: &str = "/identity/token";

/// The path of IAM's description of itself, which the CLI reads at a login with `--sso`.
const CONFIGURATION_PATH: &str = "/identity/.well-known/openid-configuration";

/// The first part of the path. IBM's SDKs and Terraform give the endpoint with it (`…/identity`).
const IDENTITY_PATH: &str = "/identity";

/// The address of an IAM service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    token_url: String,
    host: String,
    port: u16,
    is_https: bool,
    has_path: bool,
}

impl Endpoint {
    /// Returns IAM's public endpoint.
    #[must_use]
    pub fn public() -> Self {
        Self::at(PUBLIC_HOST)
    }

    /// Returns IAM's endpoint inside IBM Cloud's private network.
    #[must_use]
    pub fn private() -> Self {
        Self::at(PRIVATE_HOST)
    }

    fn at(host: &str) -> Self {
        Self {
            token_url: format!("https://{host}{TOKEN_PATH}"),
            host: host.to_owned(),
            port: 443,
            is_https: true,
            has_path: false,
        }
    }

    /// Returns the endpoint with this URL: HTTPS, or HTTP to this machine. Without a scheme, HTTPS is used.
    ///
    /// # Errors
    ///
    /// Returns an error of the kind [`ErrorKind::Usage`] if the URL is not one of these.
    pub fn new(url: &str) -> Result<Self> {
        let invalid = |why: &str| {
            Error::new(ErrorKind::Usage, format!("invalid endpoint: {why}"))
                .with_hint(format!("use a URL such as https://{PUBLIC_HOST}"))
        };
        let with_scheme = if url.contains("://") { url.to_owned() } else { format!("https://{url}") };
        let uri: Uri = with_scheme.parse().map_err(|_| invalid("it is not a URL"))?;
        let authority = uri.authority().ok_or_else(|| invalid("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(invalid("it has a user name or a password"));
        }
        if uri.query().is_some() || url.contains('#') {
            return Err(invalid("it has a query or a fragment"));
        }
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if is_loopback(authority.host()) => false,
            Some("http") => {
                return Err(invalid("it must be https, so that nobody can read the API key on its way"));
            }
            _ => return Err(invalid("it must be https")),
        };
        let base = uri.path().trim_end_matches('/');
        let base =
            [TOKEN_PATH, IDENTITY_PATH].iter().find_map(|path| base.strip_suffix(path)).unwrap_or(base);
        let base = base.trim_end_matches('/');
        let (scheme, usual_port) = scheme(is_https);
        Ok(Self {
            // Host names are case-insensitive, but musl's resolver does not find `LOCALHOST` in `/etc/hosts`.
            token_url: format!("{scheme}://{}{base}{TOKEN_PATH}", authority.as_str().to_ascii_lowercase()),
            port: authority.port_u16().unwrap_or(usual_port),
            host: authority.host().trim_matches(['[', ']']).to_ascii_lowercase(),
            is_https,
            has_path: !base.is_empty(),
        })
    }

    /// Returns the URL of the token service.
    pub(crate) fn token_url(&self) -> &str {
        &self.token_url
    }

    /// Returns the URL of IAM's description of itself (`OpenID` Connect Discovery), which needs no credentials.
    pub(super) fn configuration_url(&self) -> String {
        let base = self.token_url.strip_suffix(TOKEN_PATH).unwrap_or(&self.token_url);
        format!("{base}{CONFIGURATION_PATH}")
    }

    /// Returns the URL of the token service for a message, with the port and the part of the path that is always the same.
    /// The part before it may hold a secret.
    pub(crate) fn location(&self) -> String {
        let (_, usual_port) = scheme(self.is_https);
        let port = if self.port == usual_port { String::new() } else { format!(":{}", self.port) };
        let hidden = if self.has_path { "/…" } else { "" };
        format!("`{}{port}{hidden}{TOKEN_PATH}`", self.origin())
    }

    /// Returns the scheme and the host. An IPv6 address needs brackets in a URL.
    fn origin(&self) -> String {
        let (scheme, _) = scheme(self.is_https);
        let host = &self.host;
        if host.contains(':') { format!("{scheme}://[{host}]") } else { format!("{scheme}://{host}") }
    }

    /// Returns the host, a name or an address, in lower case.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Returns whether the connection is encrypted. If not, it stays on this machine.
    pub(crate) fn is_https(&self) -> bool {
        self.is_https
    }
}

/// Writes the scheme and the host. A path may hold a secret.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.origin())
    }
}

/// Returns the scheme and the port that it implies.
fn scheme(is_https: bool) -> (&'static str, u16) {
    if is_https { ("https", 443) } else { ("http", 80) }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_of_the_token_service_is_optional() {
        for url in [
            "https://iam.x",
            "https://iam.x/",
            "https://iam.x/identity/token",
            "https://iam.x/identity/token/",
            "https://iam.x/identity",
            "https://iam.x/identity/",
            "iam.x",
            "https://IAM.X",
        ] {
            assert_eq!(Endpoint::new(url).unwrap().token_url(), "https://iam.x/identity/token", "{url}");
        }
        let with_path = Endpoint::new("http://127.0.0.1:8080/s/Secret/").unwrap();
        assert_eq!(with_path.token_url(), "http://127.0.0.1:8080/s/Secret/identity/token");
        assert_eq!(with_path.to_string(), "`http://127.0.0.1`");
        assert_eq!(Endpoint::new("http://[::1]:8080").unwrap().to_string(), "`http://[::1]`");
        let with_identity = Endpoint::new("https://gateway.x/iam/identity").unwrap();
        assert_eq!(with_identity.token_url(), "https://gateway.x/iam/identity/token");
    }

    #[test]
    fn location_shows_the_port_but_not_the_given_path() {
        for (url, expected) in [
            ("https://iam.x", "`https://iam.x/identity/token`"),
            ("https://iam.x:443/", "`https://iam.x/identity/token`"),
            ("https://iam.x:8443/identity", "`https://iam.x:8443/identity/token`"),
            ("http://[::1]:80/s/Secret", "`http://[::1]/…/identity/token`"),
        ] {
            assert_eq!(Endpoint::new(url).unwrap().location(), expected);
        }
        assert_eq!(Endpoint::public().location(), "`https://iam.cloud.ibm.com/identity/token`");
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for url in ["http://localhost", "http://LOCALHOST:1", "http://127.9.9.9", "http://[::1]:80"] {
            assert!(Endpoint::new(url).is_ok(), "{url}");
        }
        for url in [
            "http://iam.cloud.ibm.com",
            "http://127.0.0.1.example.org",
            "http://localhost.example.org",
            "http://0.0.0.0",
            "http://10.0.0.1",
        ] {
            assert!(Endpoint::new(url).is_err(), "{url}");
        }
    }

    #[test]
    fn invalid_address_is_refused() {
        for url in [
            "",
            "https://",
            "ftp://x",
            "https://u:p@x",
            "https://x?y",
            "https://x#y",
            "https://a b",
            "file:///etc",
        ] {
            assert_eq!(Endpoint::new(url).unwrap_err().kind(), ErrorKind::Usage, "{url}");
        }
    }
}
