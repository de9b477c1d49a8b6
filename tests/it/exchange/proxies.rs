//! Requests to IAM through a forward proxy: tinyproxy on loopback.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::Duration;

use super::{Client, success, token};
use crate::iam_service::{Service, Step, answer};
use crate::sandbox::{Sandbox, has};

/// A running tinyproxy.
pub(super) struct Proxy {
    sandbox: Sandbox,
    process: Child,
    port: u16,
}

impl Proxy {
    /// A proxy that may connect to one port only. It retries, because another process may take its port first.
    pub(super) fn connecting_to(port: u16, settings: &str) -> Self {
        for _ in 0..5 {
            if let Some(proxy) = Self::start(port, settings) {
                return proxy;
            }
        }
        panic!("tinyproxy does not start");
    }

    fn start(connect_port: u16, settings: &str) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let sandbox = Sandbox::new();
        let configuration = sandbox.write(
            "tinyproxy.conf",
            format!(
                "Port {port}\nListen 127.0.0.1\nAllow 127.0.0.1\nConnectPort {connect_port}\nTimeout 60\n\
                 MaxClients 20\nLogLevel Connect\nLogFile \"{}\"\n{settings}\n",
                sandbox.home().join("log").display()
            ),
        );
        let mut command = sandbox.command("tinyproxy");
        command.arg("-d").arg("-c").arg(configuration);
        let process =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut proxy = Self { sandbox, process, port };
        for _ in 0..500 {
            if proxy.process.try_wait().unwrap().is_some() {
                return None;
            }
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(proxy);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The hosts and ports that it was asked to connect to.
    fn connects(&self) -> Vec<String> {
        let log = fs::read_to_string(self.sandbox.home().join("log")).unwrap();
        let target = |line: &str| Some(line.split_once("): CONNECT ")?.1.split(' ').next()?.to_owned());
        log.lines().filter_map(target).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[test]
fn request_goes_through_the_proxy() {
    if !has("tinyproxy") {
        return;
    }
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let token = token();
        let service = Service::answering(success(&token));
        let proxy = Proxy::connecting_to(service.port(), "");
        let client = Client::of(&service).with(variable, proxy.url());
        assert_eq!(client.run("--format token").payload(), token, "{variable}");
        assert_eq!(proxy.connects(), [format!("localhost:{}", service.port())], "{variable}");
    }
}

#[test]
fn host_in_no_proxy_is_reached_directly() {
    if !has("tinyproxy") {
        return;
    }
    for (variable, list) in [
        ("NO_PROXY", "example.org, localhost"),
        ("no_proxy", "LOCALHOST"),
        ("NO_PROXY", "*"),
        ("NO_PROXY", "localhost:PORT"),
    ] {
        let service = Service::answering(success(&token()));
        let proxy = Proxy::connecting_to(service.port(), "");
        let list = list.replace("PORT", &service.port().to_string());
        Client::of(&service).with("HTTPS_PROXY", proxy.url()).with(variable, &list).run("").payload();
        assert!(proxy.connects().is_empty(), "{list}");
    }
    let service = Service::answering(success(&token()));
    let proxy = Proxy::connecting_to(service.port(), "");
    let client = Client::of(&service).with("HTTPS_PROXY", proxy.url());
    client.with("NO_PROXY", "host,calhost,localhost:1").run("").payload();
    assert_eq!(proxy.connects().len(), 1);
}

#[test]
fn refusal_by_the_proxy_is_reported_as_such() {
    if !has("tinyproxy") {
        return;
    }
    let service = Service::new([]);
    let proxy = Proxy::connecting_to(1, "");
    let outcome = Client::of(&service).with("HTTPS_PROXY", proxy.url()).run("");
    assert_eq!(
        outcome.fails_with(6).error(),
        format!("the proxy `{}` did not connect to `https://localhost`: it answered with 403", proxy.url())
    );
    assert!(outcome.hint().contains("NO_PROXY"), "{outcome:?}");
    assert_eq!(service.connections(), 0);
}

#[test]
fn proxy_that_cannot_reach_the_service_is_reported_as_such() {
    if !has("tinyproxy") {
        return;
    }
    // The proxy resolves the name.
    let proxy = Proxy::connecting_to(443, "");
    let outcome = Client::at("https://iam.invalid").with("HTTPS_PROXY", proxy.url()).run("--timeout 20s");
    let message =
        format!("the proxy `{}` did not connect to `https://iam.invalid`: it answered with 5", proxy.url());
    assert!(outcome.fails_with(6).error().starts_with(&message), "{outcome:?}");
    assert_eq!(proxy.connects(), ["iam.invalid:443"]);
}

#[test]
fn proxy_that_is_down_or_unknown_is_reported_as_such() {
    let service = Service::new([]);
    // Nothing listens on port 1.
    for (url, message) in [
        (
            "http://user:hunter2@127.0.0.1:1",
            "cannot connect to the proxy `http://127.0.0.1:1`: Connection refused",
        ),
        (
            "http://user:hunter2@proxy.invalid:3128",
            "cannot resolve the name of the proxy `http://proxy.invalid:3128`",
        ),
    ] {
        let outcome = Client::of(&service).with("HTTPS_PROXY", url).run("--timeout 2s");
        assert!(outcome.fails_with(6).error().starts_with(message), "{outcome:?}");
        assert!(outcome.hint().contains("HTTPS_PROXY"), "{outcome:?}");
        assert!(!outcome.stderr.contains("hunter2"), "{outcome:?}");
    }
    assert_eq!(service.connections(), 0);
}

#[test]
fn silent_proxy_is_waited_for_until_the_deadline() {
    let service = Service::new([]);
    let proxy = Service::plain([Step::ThenSilence(Vec::new())]);
    let outcome = Client::of(&service).with("HTTPS_PROXY", proxy.url()).run("--timeout 1s");
    let message = format!("`https://localhost` did not answer through the proxy `{}` within 1s", proxy.url());
    assert_eq!(outcome.fails_with(7).error(), message);
}

#[test]
fn proxy_credentials_are_sent_to_the_proxy_only() {
    if !has("tinyproxy") {
        return;
    }
    let token = token();
    let service = Service::answering(success(&token));
    let proxy = Proxy::connecting_to(service.port(), "BasicAuth user hunter2");
    let with = |credentials: &str| {
        let url = proxy.url().replace("//", &format!("//{credentials}@"));
        Client::of(&service).with("HTTPS_PROXY", url).run("--format token")
    };
    let outcome = with("user:wrong9");
    assert!(outcome.fails_with(6).error().contains("did not connect to"), "{outcome:?}");
    assert!(outcome.hint().contains("credentials"), "{outcome:?}");
    assert!(!outcome.stderr.contains("wrong9") && !outcome.stderr.contains("user:"), "{outcome:?}");
    assert_eq!(with("user:hunter2").payload(), token);
    assert!(service.requests()[0].header("Proxy-Authorization").is_empty());
}

#[test]
fn key_is_not_sent_directly_if_the_proxy_is_unusable() {
    let service = Service::new([]);
    for (url, why) in [
        ("socks5://127.0.0.1:1080", "ALL_PROXY names a SOCKS proxy, which is not supported"),
        ("socks4a://127.0.0.1:1080", "ALL_PROXY names a SOCKS proxy, which is not supported"),
        ("ftp://127.0.0.1:1", "ALL_PROXY is not the URL of an HTTP proxy"),
        ("http://", "ALL_PROXY is not the URL of an HTTP proxy"),
    ] {
        let outcome = Client::of(&service).with("ALL_PROXY", url).run("--timeout 1s");
        assert_eq!(outcome.fails_with(6).error(), why, "{url}");
        assert!(outcome.hint().contains("HTTPS_PROXY"), "{outcome:?}");
    }
    assert_eq!(service.connections(), 0);
}

#[test]
fn plain_http_to_loopback_bypasses_the_proxy() {
    let proxy = Service::plain([]);
    let service = Service::plain([Step::Answer(success(&token()))]);
    let client = Client::of(&service).with("HTTPS_PROXY", proxy.url()).with("HTTP_PROXY", proxy.url());
    client.with("ALL_PROXY", proxy.url()).run("").payload();
    assert_eq!(proxy.connections(), 0);
}

#[test]
fn proxy_for_plain_http_is_ignored() {
    let proxy = Service::plain([]);
    let service = Service::answering(success(&token()));
    Client::of(&service).with("HTTP_PROXY", proxy.url()).with("http_proxy", proxy.url()).run("").payload();
    assert_eq!(proxy.connections(), 0);
}

#[test]
fn response_of_the_proxy_is_not_shown() {
    let service = Service::new([]);
    let refusal = answer("403 Forbidden", &["Proxy-Agent: MARKER"], "<html>MARKER</html>");
    let proxy = Service::plain([Step::Answer(refusal)]);
    let outcome = Client::of(&service).with("HTTPS_PROXY", proxy.url()).run("");
    outcome.fails_with(6);
    assert!(!outcome.stderr.contains("MARKER"), "{outcome:?}");
}
