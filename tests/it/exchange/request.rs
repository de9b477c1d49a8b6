//! What is sent, where to, and with which key.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::server::{Service, Step, answer};
use super::{Client, KEY, error, hint, success, token};
use crate::sandbox::Sandbox;

/// The whole command line for a service without encryption, so that there is nothing but the key to choose.
fn line(service: &Service, options: &str) -> String {
    format!("exchange --format token --endpoint {} {options}", service.url())
}

fn sent_key(service: &Service) -> String {
    service.requests().last().unwrap().form().remove(0).1
}

#[test]
fn the_request_is_the_documented_one() {
    let token = token();
    let service = Service::answering(success(&token));
    assert_eq!(Client::of(&service).run("").payload(), format!("Bearer {token}"));
    let request = service.requests().remove(0);
    assert_eq!(request.line, "POST /identity/token HTTP/1.1");
    assert_eq!(
        request.form(),
        [("apikey", KEY), ("grant_type", "urn:ibm:params:oauth:grant-type:apikey")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    let user_agent = format!("ibmcloud-token/{}", env!("CARGO_PKG_VERSION"));
    let host = format!("localhost:{}", service.port());
    for (name, value) in [
        ("Accept", "application/json"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("User-Agent", user_agent.as_str()),
        ("Host", host.as_str()),
    ] {
        assert_eq!(request.header(name), [value], "{name}");
    }
    assert_eq!(request.header("Authorization"), [""; 0]);
}

#[test]
fn a_key_comes_from_a_file_from_stdin_or_from_a_variable() {
    let json = format!(r#"{{"name":"ci","description":"","createdAt":"2025-05-30","apikey":"{KEY}"}}"#);
    let token = token();
    for (variable, option, input) in [
        (None, "--apikey @bare", ""),
        (None, "--apikey @json", ""),
        (None, "--apikey -", KEY),
        (None, "--apikey -", &json),
        (Some(("IBMCLOUD_API_KEY", KEY)), "", ""),
        (Some(("IBMCLOUD_API_KEY", "@bare")), "", ""),
        (Some(("IC_API_KEY", KEY)), "", ""),
        (Some(("IC_API_KEY", "@json")), "", ""),
        (Some(("IBMCLOUD_API_KEY", "another")), "--apikey @bare", ""),
    ] {
        let service = Service::plain([Step::Answer(success(&token))]);
        let mut sandbox = Sandbox::new();
        sandbox.write("bare", format!("{KEY}\r\n"));
        sandbox.write("json", &json);
        if let Some((name, value)) = variable {
            sandbox = sandbox.with(name, value);
        }
        let outcome = sandbox.run_with_input(&line(&service, option), input.as_bytes());
        assert_eq!(outcome.payload(), token, "{variable:?} {option}");
        assert_eq!(sent_key(&service), KEY, "{variable:?} {option}");
    }
}

#[test]
fn the_cli_s_own_variable_comes_before_terraform_s() {
    let service = Service::plain([Step::Answer(success(&token()))]);
    let sandbox = Sandbox::new().with("IBMCLOUD_API_KEY", KEY).with("IC_API_KEY", "another");
    sandbox.run(&line(&service, "")).payload();
    assert_eq!(sent_key(&service), KEY);
}

#[test]
fn a_key_arrives_as_it_is_whatever_stands_in_it() {
    let key = r"+&=%20/?#;:@!$'()*,[]~^`|\<>.-_x";
    let service = Service::plain([Step::Answer(success(&token()))]);
    Sandbox::new().with("IBMCLOUD_API_KEY", key).run(&line(&service, "")).payload();
    assert_eq!(sent_key(&service), key);
    assert_eq!(service.requests()[0].form().len(), 2);
}

#[test]
fn a_bare_argument_is_refused_and_not_repeated() {
    let service = Service::plain([]);
    let outcome = Sandbox::new().run(&line(&service, &format!("--apikey {KEY}")));
    assert!(error(outcome.fails_with(2)).contains("an API key is not taken as an argument"), "{outcome:?}");
    assert!(hint(&outcome).contains("--apikey @FILE") && hint(&outcome).contains("replace the key"));
    assert!(!outcome.stderr.contains(KEY));
    assert_eq!(service.connections(), 0);
}

#[test]
fn without_a_key_it_says_where_to_put_one() {
    let service = Service::plain([]);
    for option in ["", "--apikey @", "--apikey @absent"] {
        let outcome = Sandbox::new().run(&line(&service, option));
        outcome.fails_with(if option.ends_with("absent") { 1 } else { 2 });
        assert!(!hint(&outcome).is_empty());
    }
    assert_eq!(service.connections(), 0);
}

#[test]
fn what_cannot_be_a_key_is_refused_before_anything_is_sent() {
    let service = Service::plain([]);
    for content in [
        "",
        " \n",
        "two words",
        "two\nlines",
        "line\r\nX-Header: 1",
        "schl\u{fc}ssel",
        "\u{7f}delete",
        "\u{1b}[31mred",
        "{apikey}",
        "\"quoted\"",
        "{\"name\":\"no key\"}",
        "{\"apikey\":\"two words\"}",
        "{\"apikey\":\"two\\nlines\"}",
        "{\"apikey\":5}",
    ] {
        let sandbox = Sandbox::new();
        sandbox.write("key", content);
        for option in ["--apikey @key", "--apikey -"] {
            let outcome = sandbox.run_with_input(&line(&service, option), content.as_bytes());
            assert!(error(outcome.fails_with(2)).contains("holds no API key"), "{content:?} {outcome:?}");
        }
        if !content.is_empty() && !content.starts_with("{\"") {
            sandbox.with("IBMCLOUD_API_KEY", content).run(&line(&service, "")).fails_with(2);
        }
    }
    let sandbox = Sandbox::new();
    sandbox.write("key", [b"\xff\xfe".as_slice(), KEY.as_bytes()].concat());
    sandbox.run(&line(&service, "--apikey @key")).fails_with(2);
    assert_eq!(service.connections(), 0);
}

#[test]
fn a_flood_instead_of_a_key_is_refused() {
    let service = Service::plain([]);
    let flood = "x".repeat(2_000_000);
    let sandbox = Sandbox::new();
    sandbox.write("key", &flood);
    for option in ["--apikey @key", "--apikey -"] {
        let outcome = sandbox.run_with_input(&line(&service, option), flood.as_bytes());
        assert!(error(outcome.fails_with(2)).ends_with("holds no API key: it is larger than 64 KiB"));
    }
    assert_eq!(service.connections(), 0);
}

#[test]
fn a_key_file_that_others_can_read_is_warned_about() {
    for (mode, option, is_warned) in
        [(0o600, "", false), (0o640, "", true), (0o604, "", true), (0o604, "-q", false)]
    {
        let service = Service::answering(success(&token()));
        let client = Client::of(&service);
        fs::set_permissions(client.sandbox.home().join("key"), fs::Permissions::from_mode(mode)).unwrap();
        let outcome = client.run_bare(option);
        outcome.payload();
        assert_eq!(outcome.stderr.starts_with("warning: others can read"), is_warned, "{mode:o} {outcome:?}");
        assert_eq!(outcome.stderr.contains("`chmod 600 key`"), is_warned);
        assert!(is_warned || outcome.stderr.is_empty(), "{outcome:?}");
    }
}

#[test]
fn the_endpoint_is_given_with_or_without_the_path() {
    let token = token();
    for (path, asked) in [
        ("", "/identity/token"),
        ("/", "/identity/token"),
        ("/identity/token", "/identity/token"),
        ("/identity/token/", "/identity/token"),
        ("/s/3f2a", "/s/3f2a/identity/token"),
    ] {
        let service = Service::answering(success(&token));
        Client::at(format!("{}{path}", service.url())).run("").payload();
        assert_eq!(service.requests()[0].line, format!("POST {asked} HTTP/1.1"));
    }
}

#[test]
fn the_endpoint_of_the_variable_is_asked_unless_one_is_given() {
    let (asked, not_asked) = (Service::new([Step::Answer(success(&token()))]), Service::plain([]));
    let client = Client::of(&asked);
    client.with("IBMCLOUD_IAM_API_ENDPOINT", not_asked.url()).run("").payload();
    assert_eq!(not_asked.connections(), 0);

    let service = Service::plain([Step::Answer(success(&token()))]);
    let sandbox = Sandbox::new().with("IBMCLOUD_IAM_API_ENDPOINT", service.url());
    sandbox.with("IBMCLOUD_API_KEY", KEY).run("exchange").payload();
}

/// No test may reach IBM Cloud. What would be asked there is seen by a proxy, which is asked to connect.
#[test]
fn without_an_endpoint_it_is_ibm_cloud_s_public_or_private_one() {
    for (option, variable, host) in [
        ("", "", "iam.cloud.ibm.com:443"),
        ("--private", "", "private.iam.cloud.ibm.com:443"),
        ("--private", "https://iam.invalid", "private.iam.cloud.ibm.com:443"),
        ("", "https://iam.invalid", "iam.invalid:443"),
        ("--endpoint iam.invalid:8443", "", "iam.invalid:8443"),
    ] {
        let proxy = Service::plain([Step::Answer(answer("403 Forbidden", &[], ""))]);
        let sandbox = Sandbox::new()
            .with("HTTPS_PROXY", proxy.url())
            .with("IBMCLOUD_API_KEY", KEY)
            .with("IBMCLOUD_IAM_API_ENDPOINT", variable);
        sandbox.run(&format!("exchange {option}")).fails_with(6);
        assert_eq!(proxy.requests()[0].line, format!("CONNECT {host} HTTP/1.1"));
    }
}

#[test]
fn an_endpoint_that_is_none_is_refused() {
    let sandbox = Sandbox::new().with("IBMCLOUD_API_KEY", KEY);
    for url in ["ftp://localhost", "https://user:hunter2@localhost", "https://localhost?x", "https://"] {
        let outcome = sandbox.run(&format!("exchange --endpoint {url}"));
        assert!(error(outcome.fails_with(2)).starts_with("the endpoint is no address"), "{outcome:?}");
        assert!(!outcome.stderr.contains("hunter2"));
    }
    sandbox.run("exchange --private --endpoint https://localhost").fails_with(2);
}
