//! Which servers get the token.

use super::{NOT_FOUND, answers, ask, refuses};
use crate::readme;
use crate::sandbox::Sandbox;

/// The hosts of the registry, as IBM documents them.
const PUBLIC: [&str; 13] = [
    "icr.io",
    "us.icr.io",
    "uk.icr.io",
    "de.icr.io",
    "au.icr.io",
    "jp.icr.io",
    "jp2.icr.io",
    "ca.icr.io",
    "ca2.icr.io",
    "br.icr.io",
    "es.icr.io",
    "in.icr.io",
    "in2.icr.io",
];

/// Addresses that must not get the token, although each resembles one that does.
const HOSTILE: [&[u8]; 48] = [
    b"cp.icr.io",
    b"https://cp.icr.io",
    b"private.cp.icr.io",
    b"cp.stg.icr.io",
    b"xx.icr.io",
    b"us.icr.io.evil.example",
    b"us.icr.io-evil.example",
    b"evil-icr.io",
    b"evilicr.io",
    b"evil.us.icr.io",
    b"us.icr.i",
    b"us.icr.io0",
    b"us_icr.io",
    b"us.icr.io..",
    b".us.icr.io",
    b"us..icr.io",
    b"*.icr.io",
    b"us.icr.io:80",
    b"us.icr.io:4430",
    b"us.icr.io:0443",
    b"us.icr.io:+443",
    b"us.icr.io:",
    b"us.icr.io:443:443",
    b"us.icr.io:443.",
    b"http://us.icr.io",
    b"ftp://us.icr.io",
    b"https:us.icr.io",
    b"https:/us.icr.io",
    b"https:///us.icr.io",
    b"//us.icr.io",
    b"https://https://us.icr.io",
    b"https://evil.example/us.icr.io",
    b"https://evil.example#us.icr.io",
    b"https://evil.example?us.icr.io",
    b"https://evil.example\\us.icr.io",
    b"https://us.icr.io@evil.example",
    b"https://us.icr.io:443@evil.example",
    b"https://user@us.icr.io",
    b"https://us.icr.io\\@evil.example",
    b"https://us.icr.io#@evil.example",
    b"https://us.icr.io?host=evil.example",
    b"https://us.icr.io/ evil.example",
    b" us.icr.io",
    b"us.icr.io ",
    b"\xef\xbb\xbfus.icr.io",
    "us\u{3002}icr.io".as_bytes(),
    "u\u{17f}.icr.io".as_bytes(),
    "\u{443}s.icr.io".as_bytes(),
];

/// Addresses with CR, LF, NUL or another control character in them.
const BROKEN: [&[u8]; 14] = [
    b"us.icr.io\nevil.example",
    b"evil.example\nus.icr.io",
    b"\nus.icr.io",
    b"us.icr.io\n\n",
    b"us.icr.io\r",
    b"us.icr.io\n\r",
    b"us.icr.io\r\r\n",
    b"us.icr.io\r\n\r\n",
    b"us.icr.io\revil.example\n",
    b"us.icr.io/\r\nHost: evil.example",
    b"us.icr.io\0",
    b"us.icr.io\0.evil.example",
    b"us.icr.io/a\x1b[31m",
    b"us.icr.io\t",
];

#[test]
fn hostile_spellings_get_no_token() {
    let (sandbox, _) = Sandbox::logged_in();
    for address in HOSTILE.into_iter().chain(BROKEN) {
        refuses(&ask(&sandbox, "get", address), NOT_FOUND);
        let with_line_end = [address, b"\n"].concat();
        // Only the one line end that belongs to no address may be accepted, and none of these is good without it.
        if address != b"us.icr.io\r" {
            refuses(&ask(&sandbox, "get", with_line_end), NOT_FOUND);
        }
    }
    assert_eq!(sandbox.calls(), 0);
}

#[test]
fn every_host_gets_the_token() {
    let (sandbox, token) = Sandbox::logged_in();
    for host in PUBLIC {
        answers(&ask(&sandbox, "get", host), host, &token);
        let private = format!("private.{host}");
        answers(&ask(&sandbox, "get", &private), &private, &token);
    }
    assert_eq!(sandbox.calls(), 0);
}

#[test]
fn accepted_spellings_get_the_token_and_are_repeated() {
    let (sandbox, token) = Sandbox::logged_in();
    for address in [
        "https://us.icr.io",
        "https://us.icr.io/",
        "https://us.icr.io/v2/",
        "https://us.icr.io:443/v1/name_space",
        "us.icr.io/namespace/image",
        "us.icr.io:443",
        "us.icr.io.",
        "us.icr.io.:443",
        "US.icr.IO",
        "HTTPS://Private.US.icr.io.:443/x",
    ] {
        for line_end in ["", "\n", "\r\n"] {
            answers(&ask(&sandbox, "get", format!("{address}{line_end}")), address, &token);
        }
    }
}

#[test]
fn list_names_exactly_these_hosts() {
    let outcome = ask(&Sandbox::new(), "list", "");
    let mut listed: Vec<(String, String)> = outcome
        .json()
        .as_object()
        .unwrap()
        .iter()
        .map(|(host, user)| (host.clone(), user.as_str().unwrap().to_owned()))
        .collect();
    let mut expected: Vec<(String, String)> = PUBLIC
        .into_iter()
        .flat_map(|host| [host.to_owned(), format!("private.{host}")])
        .map(|host| (host, "iambearer".to_owned()))
        .collect();
    listed.sort();
    expected.sort();
    assert_eq!(listed, expected);
}

#[test]
fn documentation_names_every_region() {
    let page = readme::page("docs/registry.md");
    for host in PUBLIC {
        assert!(page.contains(&format!("`{host}`")), "docs/registry.md does not name `{host}`");
    }
    assert!(page.contains("`cp.icr.io`"));
}
