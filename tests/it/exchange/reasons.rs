//! The cause that is reported for a failed connection.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::{Client, success, token};
use crate::iam_service::{AUTHORITY, Service, Step, Tls, answer};

/// A server that answers any request with this, and closes the connection.
fn answering_anything(bytes: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            // Closing a connection with unread bytes resets it, and the answer would be lost.
            drop(stream.read(&mut [0; 4096]));
            drop(stream.write_all(bytes));
            drop(stream.shutdown(std::net::Shutdown::Write));
            drop(std::io::copy(&mut stream, &mut std::io::sink()));
        }
    });
    port
}

#[test]
fn https_url_of_a_plain_proxy_is_blamed_on_the_proxy() {
    let service = Service::new([]);
    let port = answering_anything(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let outcome =
        Client::of(&service).with("HTTPS_PROXY", format!("https://localhost:{port}")).run("--timeout 5s");
    assert_eq!(
        outcome.fails_with(6).error(),
        format!("the TLS handshake with the proxy `https://localhost:{port}` failed: it does not speak TLS")
    );
    assert!(outcome.hint().contains("`http://`"), "{outcome:?}");
    // A proxy that closes the connection without a response.
    let port = answering_anything(b"");
    let outcome =
        Client::of(&service).with("HTTPS_PROXY", format!("https://localhost:{port}")).run("--timeout 2s");
    let message = format!("the connection to the proxy `https://localhost:{port}` failed");
    assert!(outcome.fails_with(6).error().starts_with(&message), "{outcome:?}");
    assert!(outcome.hint().contains("`http://`"), "{outcome:?}");
    assert_eq!(service.connections(), 0);
}

#[test]
fn bad_certificate_of_the_proxy_is_not_reported_for_the_endpoint() {
    let service = Service::new([]);
    let proxy = Service::untrusted(AUTHORITY.certify(&["localhost"], 2020, 2021));
    let outcome = Client::of(&service).with("HTTPS_PROXY", proxy.url()).run("");
    let message = format!("the certificate of the proxy `{}` has expired", proxy.url());
    assert_eq!(outcome.fails_with(6).error(), message);
    let proxy = Service::untrusted(AUTHORITY.certify(&["proxy.invalid"], 2020, 2090));
    let outcome = Client::of(&service).with("HTTPS_PROXY", proxy.url()).run("");
    assert!(outcome.fails_with(6).hint().contains("HTTPS_PROXY"), "{outcome:?}");
    assert_eq!(service.connections(), 0);
}

#[test]
fn bad_certificate_behind_a_proxy_is_reported_for_the_endpoint() {
    if !crate::sandbox::has("tinyproxy") {
        return;
    }
    let service = Service::untrusted(AUTHORITY.certify(&["localhost"], 2020, 2021));
    let proxy = super::proxies::Proxy::connecting_to(service.port(), "");
    let outcome = Client::of(&service).with("HTTPS_PROXY", proxy.url()).run("");
    assert_eq!(outcome.fails_with(6).error(), "the certificate of `https://localhost` has expired");
}

#[test]
fn self_signed_certificate_is_named() {
    for (is_ca, reason) in [
        (false, "is self-signed, or signed by an authority that this machine does not trust"),
        (true, "is a self-signed CA certificate, which a server cannot use"),
    ] {
        let (tls, _) = Tls::self_signed(is_ca);
        let service = Service::untrusted(tls);
        let outcome = Client::of(&service).run("");
        assert_eq!(outcome.fails_with(6).error(), format!("the certificate of `https://localhost` {reason}"));
        assert!(outcome.hint().contains("--ca-file"), "{outcome:?}");
    }
    // A server's own certificate may be trusted as its authority.
    let (tls, pem) = Tls::self_signed(false);
    let token = token();
    let service = Service::with_tls(tls, [Step::Answer(success(&token))]);
    let client = Client::of(&service);
    client.sandbox.write("ca.pem", pem);
    assert_eq!(client.run("--format token").payload(), token);
}

#[test]
fn certificate_without_a_host_name_is_named() {
    let service = Service::untrusted(AUTHORITY.certify(&[], 2020, 2090));
    let outcome = Client::of(&service).run("");
    let message = "the certificate of `https://localhost` has no subject alternative name, and its common name is not used";
    assert_eq!(outcome.fails_with(6).error(), message);
}

#[test]
fn endpoint_without_tls_is_named() {
    let port = answering_anything(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let outcome = Client::at(format!("https://localhost:{port}")).run("--timeout 5s");
    let message = "the TLS handshake with `https://localhost` failed: it does not speak TLS";
    assert_eq!(outcome.fails_with(6).error(), message);
    assert!(outcome.hint().contains("--endpoint"), "{outcome:?}");
}

#[test]
fn address_of_an_unknown_path_is_shown_without_secret_parts() {
    for (path, shown) in [("", ""), ("/v1/Secret", "/…")] {
        let service = Service::answering(answer("404 Not Found", &[], "<html>"));
        let outcome = Client::at(format!("{}{path}", service.url())).run("");
        let message = format!(
            "`https://localhost:{}{shown}/identity/token` answered with 404 Not Found",
            service.port()
        );
        assert!(outcome.fails_with(6).error().starts_with(&message), "{outcome:?}");
        assert!(outcome.hint().contains("without `/identity/token`"), "{outcome:?}");
        assert!(!outcome.stderr.contains("Secret"), "{outcome:?}");
    }
}

// Not on Windows: variables are not bytes.
#[cfg(unix)]
#[test]
fn proxy_that_is_not_utf_8_is_refused() {
    use std::os::unix::ffi::OsStrExt as _;

    use crate::sandbox::Outcome;

    let service = Service::new([]);
    let client = Client::of(&service);
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let mut command = client.program("");
        command.env(name, std::ffi::OsStr::from_bytes(b"http://127.0.0.1:1/\xff"));
        let outcome = Outcome::from(command.output().unwrap());
        assert_eq!(outcome.fails_with(6).error(), format!("{name} is not UTF-8"));
    }
    assert_eq!(service.connections(), 0);
}
