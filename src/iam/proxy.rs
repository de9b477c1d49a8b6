//! Finds the proxy for a request by the variables that curl and Go programs, including the CLI, use.

use ureq::{Proxy, ProxyProtocol};

use super::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::system::environment::Environment;

/// Returns the proxy for an endpoint: `HTTPS_PROXY`, else `ALL_PROXY`, unless `NO_PROXY` names the host. Plain HTTP
/// stays on this machine and never uses a proxy.
pub(super) fn of(endpoint: &Endpoint, environment: &Environment) -> Result<Option<Proxy>> {
    if !endpoint.is_https() {
        return Ok(None);
    }
    let text = |names: &[&str]| environment.first(names).and_then(|value| value.to_str());
    let is_direct = |list| is_exempt(endpoint.host(), endpoint.port(), list);
    if text(&["NO_PROXY", "no_proxy"]).is_some_and(is_direct) {
        return Ok(None);
    }
    let Some(url) = text(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]) else { return Ok(None) };
    // `ureq` is built without SOCKS and panics on such a proxy.
    let is_usable = |proxy: &Proxy| matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https);
    // The URL is not shown, because it may hold a password.
    Proxy::new(url).ok().filter(is_usable).map(Some).ok_or_else(|| {
        Error::new(ErrorKind::Network, "HTTPS_PROXY (or ALL_PROXY) is not the URL of a supported proxy")
            .with_hint("set it to a URL such as http://proxy.example.org:3128, or unset it")
    })
}

/// Returns the name of a proxy for a message, without the password that its URL may hold.
pub(super) fn name(proxy: &Proxy) -> String {
    let scheme = if proxy.protocol() == ProxyProtocol::Https { "https" } else { "http" };
    format!("the proxy `{scheme}://{}:{}`", proxy.host(), proxy.port())
}

/// Returns what a proxy did instead of connecting, from the client's message (`… responded 403/403`).
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
        for url in ["socks5://a:1", "socks4a://a:1", "ftp://a"] {
            let environment = [("ALL_PROXY", url)].into_iter().collect();
            assert!(of(&Endpoint::public(), &environment).is_err(), "{url}");
        }
    }

    #[test]
    fn invalid_proxy_is_an_error_without_its_url() {
        let environment = [("HTTPS_PROXY", "http://user:hunter2@")].into_iter().collect();
        let error = of(&Endpoint::public(), &environment).unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}
