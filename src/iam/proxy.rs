//! Which proxy the request goes through, by the variables that curl and Go's programs (the CLI among them) know.

use ureq::Proxy;

use super::Endpoint;
use crate::environment::Environment;
use crate::error::{Error, Kind, Result};

/// Returns the proxy for an endpoint: `HTTPS_PROXY`, else `ALL_PROXY`, unless `NO_PROXY` names the host. Plain HTTP
/// stays on this machine and never goes through one.
pub(super) fn of(endpoint: &Endpoint, environment: &Environment) -> Result<Option<Proxy>> {
    if !endpoint.is_https() {
        return Ok(None);
    }
    let text = |names: &[&str]| environment.first(names).and_then(|value| value.to_str());
    if text(&["NO_PROXY", "no_proxy"]).is_some_and(|list| is_exempt(endpoint.host(), list)) {
        return Ok(None);
    }
    let Some(url) = text(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]) else { return Ok(None) };
    // The URL is not shown: it may hold a password.
    Proxy::new(url).map(Some).map_err(|_| {
        Error::new(Kind::Network, "HTTPS_PROXY (or ALL_PROXY) is not the URL of a proxy that can be used")
            .with_hint("set it to a URL such as http://proxy.example.org:3128, or unset it")
    })
}

/// Returns whether a host is in a `NO_PROXY` list: by its name, by a domain it lies in, or because all are.
fn is_exempt(host: &str, list: &str) -> bool {
    list.split([',', ' '])
        .map(|entry| entry.trim().to_ascii_lowercase())
        .filter(|entry| !entry.is_empty())
        .any(|entry| {
            let domain = entry.trim_start_matches('*').trim_start_matches('.');
            entry == "*"
                || host == domain
                || host.strip_suffix(domain).is_some_and(|sub| !domain.is_empty() && sub.ends_with('.'))
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
    fn the_variables_rank_as_they_do_for_curl() {
        let both = [("HTTPS_PROXY", "http://a:1"), ("ALL_PROXY", "http://b:1")];
        assert_eq!(proxy("https://iam.x", &both).as_deref(), Some("a"));
        assert_eq!(proxy("https://iam.x", &both[1..]).as_deref(), Some("b"));
        assert_eq!(proxy("https://iam.x", &[("HTTP_PROXY", "http://c:1")]), None);
        assert_eq!(proxy("http://127.0.0.1", &both), None);
    }

    #[test]
    fn no_proxy_names_hosts_and_domains() {
        for list in ["iam.cloud.ibm.com", "ibm.com", ".ibm.com", "*.ibm.com", "x, CLOUD.ibm.com", "*"] {
            assert!(is_exempt("iam.cloud.ibm.com", list), "{list}");
        }
        for list in ["", ",", "m.com", "cloud.ibm", "xiam.cloud.ibm.com", "."] {
            assert!(!is_exempt("iam.cloud.ibm.com", list), "{list}");
        }
    }

    #[test]
    fn a_proxy_that_makes_no_sense_is_an_error_without_its_url() {
        let environment = [("HTTPS_PROXY", "http://user:hunter2@")].into_iter().collect();
        let error = of(&Endpoint::public().unwrap(), &environment).unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}
