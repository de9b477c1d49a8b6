//! The key goes only to a server with a valid certificate, without redirects, or a plain HTTP server on loopback.

use std::net::TcpListener;

use super::{Client, KEY, success, token};
use crate::iam_service::{AUTHORITY, Authority, Service, Step, Tls, answer};
use crate::sandbox::Sandbox;

/// Checks that the certificate of a service is refused for this reason. The key is not sent, and nothing is retried.
#[track_caller]
fn assert_refused(tls: Tls, reason: &str, hint: &str) {
    let service = Service::untrusted(tls);
    let outcome = Client::of(&service).run("");
    assert_eq!(outcome.fails_with(6).error(), format!("the certificate of `https://localhost` {reason}"));
    assert!(outcome.hint().contains(hint), "{outcome:?}");
    assert_eq!(service.connections(), 1);
}

#[test]
fn invalid_certificate_is_refused_with_the_reason() {
    assert_refused(
        Authority::new().certify(&["localhost"], 2020, 2090),
        "is self-signed, or signed by an authority that this machine does not trust",
        "--ca-file",
    );
    assert_refused(AUTHORITY.certify(&["localhost"], 2020, 2021), "has expired", "clock");
    assert_refused(AUTHORITY.certify(&["localhost"], 2089, 2090), "is not valid yet", "clock");
    assert_refused(AUTHORITY.certify(&["iam.invalid"], 2020, 2090), "is for another host name", "--endpoint");
    // A word in the host name is not mistaken for a reason.
    assert_refused(
        AUTHORITY.certify(&["expired.invalid"], 2020, 2090),
        "is for another host name",
        "--endpoint",
    );
}

#[test]
#[cfg_attr(windows, ignore = "the authorities are those of the system, which no variable names")]
fn platform_authorities_are_checked_in_the_same_way() {
    let platform = |service: &Service| {
        let sandbox = Sandbox::new().with("IBMCLOUD_API_KEY", KEY).with("SSL_CERT_FILE", "platform.pem");
        sandbox.write("platform.pem", AUTHORITY.pem());
        sandbox.run(&format!("exchange --endpoint {} --format token", service.url()))
    };
    let token = token();
    assert_eq!(platform(&Service::answering(success(&token))).payload(), token);
    for (tls, reason) in [
        (Authority::new().certify(&["localhost"], 2020, 2090), "this machine does not trust"),
        (AUTHORITY.certify(&["localhost"], 2020, 2021), "has expired"),
        (AUTHORITY.certify(&["localhost"], 2089, 2090), "is not valid yet"),
        (AUTHORITY.certify(&["iam.invalid"], 2020, 2090), "is for another host name"),
    ] {
        let outcome = platform(&Service::untrusted(tls));
        assert!(outcome.fails_with(6).error().ends_with(reason), "{outcome:?}");
    }
}

#[test]
fn ca_file_adds_to_the_platform_authorities() {
    let (platform, added) = (Authority::new(), Authority::new());
    for tls in [&platform, &added].map(|authority| authority.certify(&["localhost"], 2020, 2090)) {
        let service = Service::with_tls(tls, [Step::Answer(success(&token()))]);
        let client = Client::of(&service).with("SSL_CERT_FILE", "platform.pem");
        client.sandbox.write("platform.pem", platform.pem());
        // Such files often contain comments.
        client.sandbox.write("ca.pem", format!("# our proxy\n{}\n", added.pem()));
        client.run("").payload();
    }
}

#[test]
#[cfg_attr(windows, ignore = "the authorities are those of the system, which no variable names")]
fn missing_platform_authorities_are_reported() {
    let service = Service::new([]);
    let sandbox = Sandbox::new().with("IBMCLOUD_API_KEY", KEY).with("SSL_CERT_FILE", "empty.pem");
    sandbox.write("empty.pem", "");
    let outcome = sandbox.run(&format!("exchange --endpoint {}", service.url()));
    assert!(
        outcome.fails_with(6).error().ends_with("this machine has no certificate authorities"),
        "{outcome:?}"
    );
    assert!(outcome.hint().contains("ca-certificates"), "{outcome:?}");
}

#[test]
fn ca_file_without_a_certificate_is_refused_before_anything_is_sent() {
    let service = Service::new([]);
    for content in [
        "",
        "no certificate",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMIIB",
    ] {
        let client = Client::of(&service);
        client.sandbox.write("ca.pem", content);
        let outcome = client.run("");
        assert!(outcome.fails_with(2).error().starts_with("cannot use the CA file `ca.pem`"), "{outcome:?}");
    }
    let outcome = Sandbox::new()
        .with("IBMCLOUD_API_KEY", KEY)
        .run(&format!("exchange --endpoint {} --ca-file absent.pem", service.url()));
    outcome.fails_with(2);
    assert_eq!(service.connections(), 0);
}

#[test]
fn certificate_check_cannot_be_disabled() {
    let service = Service::untrusted(Authority::new().certify(&["localhost"], 2020, 2090));
    for option in ["--insecure", "-k", "--skip-ssl-validation", "--no-verify", "--no-check-certificate"] {
        let outcome = Client::of(&service).run(option);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""), "{outcome:?}");
    }
    assert_eq!(service.connections(), 0);
    let mut client = Client::of(&service);
    for (name, value) in [
        ("IBMCLOUD_TOKEN_INSECURE", "1"),
        ("IBMCLOUD_SKIP_SSL_VALIDATION", "true"),
        ("NODE_TLS_REJECT_UNAUTHORIZED", "0"),
        ("PYTHONHTTPSVERIFY", "0"),
        ("GIT_SSL_NO_VERIFY", "1"),
    ] {
        client = client.with(name, value);
    }
    client.run("").fails_with(6);
}

#[test]
fn redirect_is_not_followed() {
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let elsewhere = Service::new([]);
        let location = format!("Location: {}/identity/token", elsewhere.url());
        let service = Service::answering(answer(status, &[&location], ""));
        let outcome = Client::of(&service).run("");
        assert_eq!(
            outcome.fails_with(6).error(),
            format!("`https://localhost` answered with a redirect ({status}), which is not followed")
        );
        assert_eq!(elsewhere.connections(), 0);
    }
}

#[test]
fn plain_http_is_allowed_for_loopback() {
    let token = token();
    let service = Service::plain(vec![Step::Answer(success(&token)); 3]);
    let port = service.port();
    for host in ["localhost", "127.0.0.1", "LOCALHOST"] {
        let client = Client::at(format!("http://{host}:{port}"));
        assert_eq!(client.run("--format token").payload(), token);
    }
}

/// On Linux the address 0.0.0.0 reaches this machine although it is not a loopback address, so a request would succeed.
#[test]
fn plain_http_is_refused_for_other_hosts() {
    let service = Service::plain([]);
    let port = service.port();
    for host in ["0.0.0.0", "iam.invalid", "localhost.invalid", "127.0.0.1.invalid", "[::]"] {
        let outcome = Client::at(format!("http://{host}:{port}")).run("");
        assert!(outcome.fails_with(2).error().contains("it must be https"), "{outcome:?}");
    }
    assert_eq!(service.connections(), 0);
}

#[test]
fn server_without_tls_is_not_reported_as_a_bad_certificate() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            drop(std::io::Write::write_all(&mut stream.unwrap(), b"HTTP/1.1 400 Bad Request\r\n\r\n"));
        }
    });
    let outcome = Client::at(format!("https://localhost:{port}")).run("--timeout 1s");
    let message = outcome.fails_with(6).error();
    assert!(
        message.starts_with("the TLS handshake with `https://localhost` failed")
            || message.starts_with("the connection to `https://localhost` failed"),
        "{message}"
    );
    assert!(!message.contains("certificate"));
}
