//! Finds the proxy for a request by the variables that curl and Go programs, including the CLI, use.

use std::ffi::OsStr;

use ureq::{Proxy, ProxyProtocol};

use super::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::system::environment::Environment;

/// The variables that name a proxy for HTTPS. The first that is set is used.
const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// The route to an endpoint.
pub(super) enum ProxyRoute {
    /// No variable names a proxy for it.
    Direct,
    /// `NO_PROXY` names the host.
    Exempt,
    /// The proxy that this variable names.
    Through(&'static str, Proxy),
}

/// Returns the proxy for an endpoint, if it has one.
pub(super) fn of(endpoint: &Endpoint, environment: &Environment) -> Result<Option<Proxy>> {
    Ok(match route(endpoint, environment)? {
        ProxyRoute::Through(_, proxy) => Some(proxy),
        ProxyRoute::Direct | ProxyRoute::Exempt => None,
    })
}

/// Returns the route to an endpoint: through `HTTPS_PROXY`, else `ALL_PROXY`, unless `NO_PROXY` names the host. Plain
/// HTTP stays on this machine and never uses a proxy.
///
/// An unusable proxy is an error, because without it the key would be sent by a route that the user did not choose.
pub(super) fn route(endpoint: &Endpoint, environment: &Environment) -> Result<ProxyRoute> {
    if !endpoint.is_https() {
        return Ok(ProxyRoute::Direct);
    }
    let exempt = environment.first(&["NO_PROXY", "no_proxy"]).map(OsStr::to_string_lossy);
    if exempt.is_some_and(|list| is_exempt(endpoint.host(), endpoint.port(), &list)) {
        return Ok(ProxyRoute::Exempt);
    }
    let Some((name, url)) = environment.first_named(&VARIABLES) else { return Ok(ProxyRoute::Direct) };
    // The URL is not shown, because it may hold a password.
    let unusable = |why: &str| {
        Error::new(ErrorKind::Network, format!("{name} {why}")).with_hint(
            "set HTTPS_PROXY to a URL such as http://proxy.example.org:3128, or name the host in NO_PROXY",
        )
    };
    let url = url.to_str().ok_or_else(|| unusable("is not UTF-8"))?;
    if url.split_once(':').is_some_and(|(scheme, _)| is_socks(scheme)) {
        return Err(unusable("names a SOCKS proxy, which is not supported"));
    }
    match Proxy::new(url) {
        // `ureq` is built without SOCKS and panics on such a proxy.
        Ok(proxy) if matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https) => {
            Ok(ProxyRoute::Through(name, proxy))
        }
        _ => Err(unusable("is not the URL of an HTTP proxy")),
    }
}

fn is_socks(scheme: &str) -> bool {
    ["socks", "socks4", "socks4a", "socks5", "socks5h"].iter().any(|socks| scheme.eq_ignore_ascii_case(socks))
}

/// Returns the name of a proxy for a message, without the password that its URL may hold.
pub(super) fn name(proxy: &Proxy) -> String {
    let scheme = if proxy.protocol() == ProxyProtocol::Https { "https" } else { "http" };
    format!("the proxy `{scheme}://{}:{}`", proxy.host(), proxy.port())
}

/// Returns the reason why a proxy did not connect, from the client's message (`… responded 403/403`).
pub(super) fn refusal(reason: &str) -> String {
    match reason.rsplit_once('/').filter(|(_, status)| status.parse::<u16>().is_ok()) {
        Some((_, status)) => format!("it answered with {status}"),
        None => "it did not answer".to_owned(),
    }
}

/// Returns whether a host is in a `NO_PROXY` list: by its name, by a domain, or by `*`. An entry with a port applies to
/// that port only.
fn is_exempt(host: &str, port: u16, list: &str) -> bool {
    list.split([',', ' '])
        .map(|entry| entry.trim().to_ascii_lowercase())
        .filter(|entry| !entry.is_empty())
        .any(|entry| {
            let (name, only_port) = match entry.rsplit_once(':') {
                // With more colons it is an IPv6 address, which has a port only after its bracket.
                Some((name, digits)) if !name.contains(':') || name.ends_with(']') => {
                    (name, digits.parse::<u16>().ok())
                }
                _ => (entry.as_str(), None),
            };
            let name = name.trim_matches(['[', ']']);
            let domain = name.trim_start_matches('*').trim_start_matches('.');
            let is_named = name == "*"
                || host == domain
                || host.strip_suffix(domain).is_some_and(|sub| !domain.is_empty() && sub.ends_with('.'));
            is_named && only_port.is_none_or(|only_port| only_port == port)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::testing::{CASE_OF_VARIABLES_MATTERS, not_unicode};

    fn proxy(url: &str, variables: &[(&str, &str)]) -> Option<String> {
        let proxy = of(&Endpoint::new(url).unwrap(), &variables.iter().copied().collect()).unwrap()?;
        Some(proxy.host().to_owned())
    }

    #[test]
    fn variables_rank_as_in_curl() {
        let both = [("HTTPS_PROXY", "http://a:1"), ("ALL_PROXY", "http://b:1")];
        assert_eq!(proxy("https://iam.x", &both).as_deref(), Some("a"));
        assert_eq!(proxy("https://iam.x", &both[1..]).as_deref(), Some("b"));
        assert_eq!(proxy("https://iam.x", &[("HTTP_PROXY", "http://c:1")]), None);
        assert_eq!(proxy("http://127.0.0.1", &both), None);
    }

    #[test]
    fn no_proxy_names_hosts_and_domains() {
        for list in ["iam.cloud.ibm.com", "ibm.com", ".ibm.com", "*.ibm.com", "x, CLOUD.ibm.com", "*"] {
            assert!(is_exempt("iam.cloud.ibm.com", 443, list), "{list}");
        }
        for list in ["", ",", "m.com", "cloud.ibm", "xiam.cloud.ibm.com", "."] {
            assert!(!is_exempt("iam.cloud.ibm.com", 443, list), "{list}");
        }
        for (list, is_about_it) in [
            ("x:443", true),
            ("x:80", false),
            ("*:443", true),
            ("x:", true),
            ("::1", false),
            ("[::1]:443", false),
        ] {
            assert_eq!(is_exempt("x", 443, list), is_about_it, "{list}");
        }
        assert!(is_exempt("::1", 443, "::1") && is_exempt("::1", 443, "[::1]:443"));
    }

    #[test]
    fn proxy_is_named_without_its_password() {
        let named = |url| name(&Proxy::new(url).unwrap());
        assert_eq!(named("http://user:hunter2@p.example.org"), "the proxy `http://p.example.org:80`");
        assert_eq!(named("https://p.example.org:3129"), "the proxy `https://p.example.org:3129`");
    }

    #[test]
    fn unsupported_proxy_is_an_error() {
        for (url, why) in [
            ("socks5://a:1", "SOCKS"),
            ("socks4a://a:1", "SOCKS"),
            ("SOCKS5H://u:hunter2@a:1", "SOCKS"),
            ("socks://a", "SOCKS"),
            ("ftp://a", "not the URL"),
            ("http://", "not the URL"),
        ] {
            for variable in VARIABLES {
                let environment = [(variable, url)].into_iter().collect();
                let error = of(&Endpoint::public(), &environment).unwrap_err().to_string();
                let named = if CASE_OF_VARIABLES_MATTERS { variable.into() } else { variable.to_uppercase() };
                assert!(error.starts_with(&named) && error.contains(why), "{error}");
                assert!(!error.contains("hunter2"), "{error}");
            }
        }
    }

    #[test]
    fn proxy_that_is_not_utf_8_is_an_error() {
        let mut environment = Environment::default();
        environment.set("https_proxy", not_unicode("http://", ":1"));
        let error = of(&Endpoint::public(), &environment).unwrap_err().to_string();
        let named = if CASE_OF_VARIABLES_MATTERS { "https_proxy" } else { VARIABLES[0] };
        assert_eq!(error, format!("{named} is not UTF-8"));
        // The names in the list that are UTF-8 still count.
        environment.set("NO_PROXY", not_unicode("", ",iam.cloud.ibm.com"));
        assert!(of(&Endpoint::public(), &environment).unwrap().is_none());
    }

    #[test]
    fn invalid_proxy_is_an_error_without_its_url() {
        let environment = [("HTTPS_PROXY", "http://user:hunter2@")].into_iter().collect();
        let error = of(&Endpoint::public(), &environment).unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}
