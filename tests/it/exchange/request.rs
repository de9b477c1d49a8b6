//! The request: its content, its target, and the key in it.

use super::{Client, KEY, success, token};
use crate::iam_service::{Service, Step, answer};
use crate::sandbox::{Sandbox, set_mode};

/// The command line for a service without TLS, which needs nothing but the key.
fn line(service: &Service, options: &str) -> String {
    format!("exchange --format token --endpoint {} {options}", service.url())
}

fn sent_key(service: &Service) -> String {
    service.requests().last().unwrap().form().remove(0).1
}

#[test]
fn request_is_the_documented_one() {
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
fn key_is_read_from_a_file_stdin_or_a_variable() {
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
        // What other programs write around a key is not sent.
        (None, "--apikey @~/bare", ""),
        (None, "--apikey @bom", ""),
        (None, "--apikey -", &format!("\u{feff}'{KEY}'\n")),
        (Some(("IBMCLOUD_API_KEY", &format!("{KEY}\r\n"))), "", ""),
        (Some(("IBMCLOUD_API_KEY", &format!("\"{KEY}\""))), "", ""),
        (Some(("IC_API_KEY", &format!("'{KEY}'"))), "", ""),
        (Some(("IBMCLOUD_API_KEY", "@~/bom")), "", ""),
    ] {
        let service = Service::plain([Step::Answer(success(&token))]);
        let mut sandbox = Sandbox::new();
        sandbox.write("bare", format!("{KEY}\r\n"));
        sandbox.write("json", &json);
        sandbox.write("bom", format!("\u{feff}\"{KEY}\"\r\n"));
        if let Some((name, value)) = variable {
            sandbox = sandbox.with(name, value);
        }
        let outcome = sandbox.run_with_input(&line(&service, option), input.as_bytes());
        assert_eq!(outcome.payload(), token, "{variable:?} {option}");
        assert_eq!(sent_key(&service), KEY, "{variable:?} {option}");
    }
}

#[test]
fn variable_of_the_cli_precedes_that_of_terraform() {
    let service = Service::plain([Step::Answer(success(&token()))]);
    let sandbox = Sandbox::new().with("IBMCLOUD_API_KEY", KEY).with("IC_API_KEY", "another");
    sandbox.run(&line(&service, "")).payload();
    assert_eq!(sent_key(&service), KEY);
}

#[test]
fn key_with_special_characters_arrives_unchanged() {
    let key = r"+&=%20/?#;:@!$'()*,[]~^`|\<>.-_x";
    let service = Service::plain([Step::Answer(success(&token()))]);
    Sandbox::new().with("IBMCLOUD_API_KEY", key).run(&line(&service, "")).payload();
    assert_eq!(sent_key(&service), key);
    assert_eq!(service.requests()[0].form().len(), 2);
}

#[test]
fn key_as_an_argument_is_refused_and_not_repeated() {
    let service = Service::plain([]);
    let outcome = Sandbox::new().run(&line(&service, &format!("--apikey {KEY}")));
    assert!(outcome.fails_with(2).error().contains("an API key cannot be an argument"), "{outcome:?}");
    assert!(outcome.hint().contains("--apikey @FILE") && outcome.hint().contains("replace the key"));
    assert!(!outcome.stderr.contains(KEY));
    assert_eq!(service.connections(), 0);
}

#[test]
fn missing_key_has_a_hint() {
    let service = Service::plain([]);
    for option in ["", "--apikey @", "--apikey @absent"] {
        let outcome = Sandbox::new().run(&line(&service, option));
        outcome.fails_with(if option.ends_with("absent") { 1 } else { 2 });
        assert!(!outcome.hint().is_empty());
    }
    assert_eq!(service.connections(), 0);
}

#[test]
fn invalid_key_is_refused_before_anything_is_sent() {
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
        "\"half-quoted",
        "{\"name\":\"no key\"}",
        "{\"apikey\":\"two words\"}",
        "{\"apikey\":\"two\\nlines\"}",
        "{\"apikey\":5}",
    ] {
        let sandbox = Sandbox::new();
        sandbox.write("key", content);
        for option in ["--apikey @key", "--apikey -"] {
            let outcome = sandbox.run_with_input(&line(&service, option), content.as_bytes());
            assert!(
                outcome.fails_with(2).error().contains("does not hold an API key"),
                "{content:?} {outcome:?}"
            );
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
fn oversized_key_is_refused() {
    let service = Service::plain([]);
    let oversized = "x".repeat(2_000_000);
    let sandbox = Sandbox::new();
    sandbox.write("key", &oversized);
    for option in ["--apikey @key", "--apikey -"] {
        let outcome = sandbox.run_with_input(&line(&service, option), oversized.as_bytes());
        assert!(
            outcome.fails_with(2).error().ends_with("does not hold an API key: it is larger than 64 KiB")
        );
    }
    assert_eq!(service.connections(), 0);
}

#[test]
#[cfg_attr(windows, ignore = "no modes of files")]
fn key_file_readable_by_others_causes_a_warning() {
    for (mode, option, warns) in
        [(0o600, "", false), (0o640, "", true), (0o604, "", true), (0o604, "-q", false)]
    {
        let service = Service::answering(success(&token()));
        let client = Client::of(&service);
        set_mode(client.sandbox.home().join("key"), mode);
        let outcome = client.run_bare(option);
        outcome.payload();
        assert_eq!(
            outcome.stderr.starts_with("warning: other users can read"),
            warns,
            "{mode:o} {outcome:?}"
        );
        assert_eq!(outcome.stderr.contains("`chmod 600 key`"), warns);
        assert!(warns || outcome.stderr.is_empty(), "{outcome:?}");
    }
}

#[test]
fn endpoint_may_have_a_path() {
    let token = token();
    for (path, asked) in [
        ("", "/identity/token"),
        ("/", "/identity/token"),
        ("/identity", "/identity/token"),
        ("/identity/", "/identity/token"),
        ("/identity/token", "/identity/token"),
        ("/identity/token/", "/identity/token"),
        ("/s/3f2a", "/s/3f2a/identity/token"),
    ] {
        let service = Service::answering(success(&token));
        let client = Client::at(format!("{}{path}", service.url()));
        assert_eq!(client.run("--format token").payload(), token, "{path}");
        assert_eq!(service.requests()[0].line, format!("POST {asked} HTTP/1.1"), "{path}");
    }
}

#[test]
fn endpoint_option_overrides_the_variable() {
    let (asked, not_asked) = (Service::new([Step::Answer(success(&token()))]), Service::plain([]));
    let client = Client::of(&asked);
    client.with("IBMCLOUD_IAM_API_ENDPOINT", not_asked.url()).run("").payload();
    assert_eq!(not_asked.connections(), 0);

    let service = Service::plain([Step::Answer(success(&token()))]);
    let sandbox = Sandbox::new().with("IBMCLOUD_IAM_API_ENDPOINT", service.url());
    sandbox.with("IBMCLOUD_API_KEY", KEY).run("exchange").payload();
}

/// No test may reach IBM Cloud. A proxy sees where the program would connect.
#[test]
fn default_endpoint_is_the_public_or_private_one_of_ibm_cloud() {
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
fn invalid_endpoint_is_refused() {
    let sandbox = Sandbox::new().with("IBMCLOUD_API_KEY", KEY);
    for url in ["ftp://localhost", "https://user:hunter2@localhost", "https://localhost?x", "https://"] {
        let outcome = sandbox.run(&format!("exchange --endpoint {url}"));
        assert!(outcome.fails_with(2).error().starts_with("invalid endpoint"), "{outcome:?}");
        assert!(!outcome.stderr.contains("hunter2"));
    }
    sandbox.run("exchange --private --endpoint https://localhost").fails_with(2);
}
