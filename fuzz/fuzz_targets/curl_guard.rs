//! curl's guard: what could undo it is refused in any context, and a second parser sees the same host.
//!
//! Each line of an input is an argument.
#![no_main]

use std::net::IpAddr;

use ibmcloud_token::ErrorKind;
use ibmcloud_token::program::fuzzing::curl_guard;
use libfuzzer_sys::fuzz_target;
use url::Url;

const HOSTS: [&str; 4] = ["api.example.org", "localhost", "127.0.0.1", "::1"];
const DOMAINS: [&str; 4] =
    ["cloud.ibm.com", "icr.io", "cloud-object-storage.appdomain.cloud", "secrets-manager.appdomain.cloud"];

/// Arguments that are refused, whatever else there is.
const REFUSED: [&[&str]; 24] = [
    &["-k"],
    &["-sk"],
    &["--insecure"],
    &["--no-insecure"],
    &["-K", "file"],
    &["-sKfile"],
    &["--config", "file"],
    &["--next"],
    &["-:"],
    &["-u", "a:b"],
    &["--user=a:b"],
    &["--location-trusted"],
    &["--proto-redir", "=all"],
    &["--oauth2-bearer", "x"],
    &["-H", "Authorization: x"],
    &["-Hauthorization:x"],
    &["-H", "Host: x"],
    &["-H", "@file"],
    &["--libcurl", "file"],
    &["--variable", "x"],
    &["https://evil.example/"],
    &["--url", "https://icr.io.evil.example"],
    &["http://api.example.org/"],
    &["https://user@icr.io/"],
];

const HARMLESS: [&[&str]; 5] =
    [&["-s"], &["--max-time", "5"], &["-HAccept: */*"], &["-d", "-k"], &["https://icr.io/"]];

fuzz_target!(|text: &str| {
    let arguments: Vec<&str> = text.split('\n').collect();
    let with = |before: &[&str], after: &[&str]| curl_guard(&[before, &arguments, after].concat(), &HOSTS);
    let answer = with(&[], &[]);
    if let Err(error) = &answer {
        assert_eq!(error.kind(), ErrorKind::Usage);
    }
    for refused in REFUSED {
        assert!(with(refused, &[]).is_err(), "after {refused:?}: {arguments:?}");
        if answer.is_ok() {
            assert!(with(&[], refused).is_err(), "before {refused:?}: {arguments:?}");
        }
    }
    for harmless in HARMLESS {
        // A URL may be what the arguments lack.
        if answer.is_ok() || !harmless[0].starts_with("https") {
            assert_eq!(
                with(harmless, &[]).ok(),
                answer.as_ref().ok().copied(),
                "after {harmless:?}: {arguments:?}"
            );
        }
    }
    for secret in ["--user=a:MARKER", "-ua:MARKER", "-HAuthorization: MARKER", "https://a:MARKER@icr.io/"] {
        let error = with(&[secret], &[]).expect_err(secret);
        assert!(text.contains("MARKER") || !format!("{error:?}").contains("MARKER"), "{error:?}");
    }
    for argument in arguments {
        for arguments in [&[argument][..], &["-g", argument], &["--url", argument], &["--", argument]] {
            if let Ok(is_loopback) = curl_guard(arguments, &HOSTS) {
                assert_may_get_the_token(argument, is_loopback);
            }
        }
    }
});

fn assert_may_get_the_token(argument: &str, is_loopback: bool) {
    let url = match Url::parse(argument) {
        Ok(url) => url,
        // The second parser also checks that the encoding of an internationalized name is right.
        Err(_) if argument.to_ascii_lowercase().contains("xn--") => return,
        Err(why) => panic!("{argument} is not a URL: {why}"),
    };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_under = |domain: &&str| host == *domain || host.ends_with(&format!(".{domain}"));
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => assert!(HOSTS.contains(&host) || DOMAINS.iter().any(is_under), "{argument}"),
        "http" => assert!(HOSTS.contains(&host) && is_here, "{argument}"),
        scheme => panic!("{argument}: {scheme}"),
    }
    assert_eq!(is_loopback, is_here, "{argument}");
    assert!(url.username().is_empty() && url.password().is_none() && url.port() != Some(0), "{argument}");
}
