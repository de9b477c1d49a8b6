//! The hosts that may receive the token, and strict parsing of URLs.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::refusal;
use crate::error::Error;

/// Domains of IBM Cloud's own services, with a source. Domains under which customers run programs must never be
/// listed, such as `codeengine.`, `containers.` and `lb.appdomain.cloud`.
const DOMAINS: [&str; 4] = [
    // The APIs of the platform and of most services (cloud.ibm.com/apidocs).
    "cloud.ibm.com",
    // Container Registry (cloud.ibm.com/docs/Registry?topic=Registry-registry_overview).
    "icr.io",
    // Object Storage (cloud.ibm.com/docs/cloud-object-storage?topic=cloud-object-storage-endpoints).
    "cloud-object-storage.appdomain.cloud",
    // Secrets Manager (cloud.ibm.com/apidocs/secrets-manager).
    "secrets-manager.appdomain.cloud",
];

/// A host that may get the token besides those of IBM Cloud: one exact name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host(String);

impl FromStr for Host {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let is_address = address.unwrap_or(text).parse::<Ipv6Addr>().is_ok();
        let name = text.to_ascii_lowercase();
        if is_address || is_host_name(&name) {
            Ok(Self(name.trim_matches(['[', ']']).to_owned()))
        } else {
            Err("it must be one exact name without scheme, port or path, such as `api.example.org`"
                .to_owned())
        }
    }
}

/// A URL, as far as the guard needs it.
pub(super) struct Url {
    pub(super) is_https: bool,
    /// The host in lower case, without brackets.
    host: String,
}

impl Url {
    /// Parses a URL more strictly than curl does, so that curl cannot understand it in another way.
    pub(super) fn parse(url: &str, glob_off: bool) -> Result<Self, Error> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(refusal("a URL has no scheme").with_hint("write it with `https://`"));
        };
        let is_https = scheme.eq_ignore_ascii_case("https");
        if !is_https && !scheme.eq_ignore_ascii_case("http") {
            return Err(refusal("only `https` URLs get the token"));
        }
        if url.contains(|c: char| c.is_control() || c == ' ') {
            return Err(refusal("a URL has a space or a control character")
                .with_hint("encode it, such as `%20` for a space"));
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(refusal("user info in a URL is refused because it is a second way to authenticate"));
        }
        let (host, port) = match authority.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            Some((host, port)) => (host, port),
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        let is_ipv6 = authority.len() > host.len() + port.len();
        // curl leaves an IPv6 address in brackets alone (`peek_ipv6` in `src/tool_urlglob.c`).
        let globbed = if is_ipv6 { rest.replacen(['[', ']'], "", 2) } else { rest.to_owned() };
        if !glob_off && globbed.contains(['{', '}', '[', ']']) {
            return Err(refusal("a URL has `{`, `}`, `[` or `]`, from which curl makes several URLs")
                .with_hint("write `-g` before it, so that curl takes it literally"));
        }
        let is_port =
            |port: &str| port.parse::<u16>().is_ok_and(|number| number > 0 && !port.starts_with('+'));
        let host = host.to_ascii_lowercase();
        let is_host = if is_ipv6 { host.parse::<Ipv6Addr>().is_ok() } else { is_host_name(&host) };
        if !is_host || !(port.is_empty() || port.strip_prefix(':').is_some_and(is_port)) {
            return Err(refusal("a URL has an invalid host or port"));
        }
        Ok(Self { is_https, host })
    }

    /// Returns whether the host is this machine. Other forms of the same addresses, such as `127.1`, are not recognized.
    pub(super) fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host == "::1"
            || self.host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
    }

    /// Returns an error unless the host may get the token.
    pub(super) fn check(&self, hosts: &[Host]) -> Result<(), Error> {
        let host = &self.host;
        if !self.is_https && !self.is_loopback() {
            return Err(refusal("plain `http` is refused because anybody on the way could read the token"));
        }
        let is_given = hosts.iter().any(|given| given.0 == *host);
        let is_ibm = self.is_https && DOMAINS.iter().any(|domain| is_under(host, domain));
        if is_given || is_ibm {
            return Ok(());
        }
        let hint = format!("if it may receive the token, add `--host {host}` before the arguments of curl");
        Err(refusal(format!("`{host}` is not a host of IBM Cloud")).with_hint(hint))
    }
}

/// Returns whether a host is a domain or a name under it, by whole labels.
fn is_under(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Returns whether a name in lower case consists of labels of letters, digits, `-` and `_`.
fn is_host_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    name.split('.').all(|label| !label.is_empty() && label.bytes().all(is_letter))
}
