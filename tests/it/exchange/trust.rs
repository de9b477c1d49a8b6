//! Whom the key is given to: a certificate that holds, no second address, and unencrypted to this machine alone.

use std::net::TcpListener;

use super::server::{AUTHORITY, Authority, Service, Step, Tls, answer};
use super::{Client, KEY, error, hint, success, token};
use crate::sandbox::Sandbox;

/// Checks that the certificate of a service is refused, and why; the key is not sent and nothing is tried again.
#[track_caller]
fn is_refused(tls: Tls, why: &str, what_to_do: &str) {
    let service = Service::untrusted(tls);
    let outcome = Client::of(&service).run("");
    assert_eq!(error(outcome.fails_with(6)), format!("the certificate of `https://localhost` {why}"));
    assert!(hint(&outcome).contains(what_to_do), "{outcome:?}");
    assert_eq!(service.connections(), 1);
}

#[test]
fn a_certificate_that_does_not_hold_is_refused_in_words() {
    is_refused(
        Authority::new().certify(&["localhost"], 2020, 2090),
        "is signed by an authority that this machine does not trust",
        "--ca-file",
    );
    is_refused(AUTHORITY.certify(&["localhost"], 2020, 2021), "has expired", "clock");
    is_refused(AUTHORITY.certify(&["localhost"], 2089, 2090), "is not valid yet", "clock");
    is_refused(AUTHORITY.certify(&["iam.invalid"], 2020, 2090), "is for another host name", "--endpoint");
    // Names do not mislead.
    is_refused(AUTHORITY.certify(&["expired.invalid"], 2020, 2090), "is for another host name", "--endpoint");
}

#[test]
fn the_same_holds_for_the_platform_s_own_authorities() {
    let platform = |service: &Service| {
        let sandbox = Sandbox::new().with("IBMCLOUD_API_KEY", KEY).with("SSL_CERT_FILE", "platform.pem");
        sandbox.write("platform.pem", AUTHORITY.pem());
        sandbox.run(&format!("exchange --endpoint {} --format token", service.url()))
    };
    let token = token();
    assert_eq!(platform(&Service::answering(success(&token))).payload(), token);
    for (tls, why) in [
        (Authority::new().certify(&["localhost"], 2020, 2090), "this machine does not trust"),
        (AUTHORITY.certify(&["localhost"], 2020, 2021), "has expired"),
        (AUTHORITY.certify(&["localhost"], 2089, 2090), "is not valid yet"),
        (AUTHORITY.certify(&["iam.invalid"], 2020, 2090), "is for another host name"),
    ] {
        let outcome = platform(&Service::untrusted(tls));
        assert!(error(outcome.fails_with(6)).ends_with(why), "{outcome:?}");
    }
}

#[test]
fn a_ca_file_adds_to_the_platform_s_authorities() {
    let (platform, added) = (Authority::new(), Authority::new());
    for tls in [&platform, &added].map(|authority| authority.certify(&["localhost"], 2020, 2090)) {
        let service = Service::with_tls(tls, [Step::Answer(success(&token()))]);
        let client = Client::of(&service).with("SSL_CERT_FILE", "platform.pem");
        client.sandbox.write("platform.pem", platform.pem());
        // Beside the certificate stands what people have in such files.
        client.sandbox.write("ca.pem", format!("# our proxy\n{}\n", added.pem()));
        client.run("").payload();
    }
}

#[test]
fn a_machine_without_authorities_is_told_what_it_lacks() {
    let service = Service::new([]);
    let sandbox = Sandbox::new().with("IBMCLOUD_API_KEY", KEY).with("SSL_CERT_FILE", "empty.pem");
    sandbox.write("empty.pem", "");
    let outcome = sandbox.run(&format!("exchange --endpoint {}", service.url()));
    assert!(
        error(outcome.fails_with(6)).ends_with("this machine has no certificate authorities"),
        "{outcome:?}"
    );
    assert!(hint(&outcome).contains("ca-certificates"), "{outcome:?}");
}

#[test]
fn a_ca_file_without_a_certificate_is_refused_before_anything_is_sent() {
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
        assert!(error(outcome.fails_with(2)).starts_with("the CA file `ca.pem` is of no use"), "{outcome:?}");
    }
    let outcome = Sandbox::new()
        .with("IBMCLOUD_API_KEY", KEY)
        .run(&format!("exchange --endpoint {} --ca-file absent.pem", service.url()));
    outcome.fails_with(2);
    assert_eq!(service.connections(), 0);
}

#[test]
fn nothing_switches_the_check_off() {
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
fn a_redirect_is_not_followed() {
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
            error(outcome.fails_with(6)),
            format!("`https://localhost` answered with a redirect ({status}), which is not followed")
        );
        assert_eq!(elsewhere.connections(), 0);
    }
}

#[test]
fn this_machine_is_asked_without_encryption_if_told_to() {
    let token = token();
    let service = Service::plain(vec![Step::Answer(success(&token)); 3]);
    let port = service.port();
    for host in ["localhost", "127.0.0.1", "LOCALHOST"] {
        let client = Client::at(format!("http://{host}:{port}"));
        assert_eq!(client.run("--format token").payload(), token);
    }
}

/// On Linux the address 0.0.0.0 leads to this machine, and is none of its loopback addresses: whoever tried it would
/// get through.
#[test]
fn nobody_else_is() {
    let service = Service::plain([]);
    let port = service.port();
    for host in ["0.0.0.0", "iam.invalid", "localhost.invalid", "127.0.0.1.invalid", "[::]"] {
        let outcome = Client::at(format!("http://{host}:{port}")).run("");
        assert!(error(outcome.fails_with(2)).contains("it has to be https"), "{outcome:?}");
    }
    assert_eq!(service.connections(), 0);
}

#[test]
fn a_server_without_tls_is_told_from_one_with_a_bad_certificate() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            drop(std::io::Write::write_all(&mut stream.unwrap(), b"HTTP/1.1 400 Bad Request\r\n\r\n"));
        }
    });
    let outcome = Client::at(format!("https://localhost:{port}")).run("--timeout 1s");
    let message = error(outcome.fails_with(6));
    assert!(
        message.starts_with("no encrypted connection to `https://localhost` came about")
            || message.starts_with("the connection to `https://localhost` failed"),
        "{message}"
    );
    assert!(!message.contains("certificate"));
}
