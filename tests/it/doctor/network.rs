//! The way to IAM: the proxy, the certificates, and with `--online` IAM itself.

use std::fs;
use std::time::{Duration, SystemTime};

use super::{check, examine, findings};
use crate::iam_service::{Service, Step, answer};
use crate::sandbox::{Sandbox, renewable};

const DESCRIPTION: &str = r#"{"issuer":"https://iam.cloud.ibm.com/identity","token_endpoint":"x"}"#;

fn online(sandbox: &Sandbox) -> serde_json::Value {
    findings(sandbox, "--online --timeout 2s")
}

#[test]
fn proxy_is_shown_as_it_was_understood() {
    let (sandbox, _) = Sandbox::logged_in();
    let route = |sandbox: &Sandbox| check(&findings(sandbox, ""), "proxy");
    let sandbox = sandbox.with("HTTP_PROXY", "http://p.example.org:1");
    let (verdict, evidence, _) = route(&sandbox);
    assert_eq!(verdict, "advice");
    assert!(evidence.contains("directly; HTTP_PROXY does not apply"), "{evidence}");
    let sandbox = sandbox.with("HTTPS_PROXY", "http://user:hunter2@p.example.org:3128");
    let expected = "is reached through the proxy `http://p.example.org:3128` (HTTPS_PROXY)";
    let (verdict, evidence, _) = route(&sandbox);
    assert!(verdict == "ok" && evidence.ends_with(expected), "{evidence}");
    let (verdict, evidence, _) = route(&sandbox.with("NO_PROXY", ".cloud.ibm.com"));
    assert!(verdict == "ok" && evidence.starts_with("NO_PROXY names the host"), "{evidence}");
    let (sandbox, _) = Sandbox::logged_in();
    let (verdict, evidence, remedy) = route(&sandbox.with("ALL_PROXY", "socks5://u:hunter2@p:1"));
    assert!(verdict == "failure" && evidence.starts_with("ALL_PROXY names a SOCKS proxy"), "{evidence}");
    assert!(remedy.starts_with("set HTTPS_PROXY"), "{remedy}");
}

#[test]
fn certificates_are_counted() {
    let (sandbox, _) = Sandbox::logged_in();
    let shown = |sandbox: &Sandbox| check(&findings(sandbox, ""), "certificates");
    let empty = sandbox.write("empty", "").display().to_string();
    let directory = sandbox.home().join("none");
    fs::create_dir(&directory).unwrap();
    let sandbox = sandbox.with("SSL_CERT_FILE", empty).with("SSL_CERT_DIR", directory.to_str().unwrap());
    let (verdict, evidence, remedy) = shown(&sandbox);
    assert_eq!((verdict.as_str(), evidence.as_str()), ("warning", "no certificate authority is trusted"));
    assert!(remedy.contains("SSL_CERT_FILE"), "{remedy}");
    let sandbox = sandbox.with("IBMCLOUD_TOKEN_CA_FILE", "no-such-file");
    let (verdict, evidence, _) = shown(&sandbox);
    assert!(verdict == "failure" && evidence.contains("no-such-file"), "{evidence}");
}

#[test]
fn iam_is_asked_only_when_that_is_wanted() {
    let (sandbox, _) = Sandbox::logged_in();
    let now = httpdate(SystemTime::now());
    let service = Service::plain([
        Step::Answer(answer("200 OK", &[&format!("Date: {now}")], DESCRIPTION)),
        Step::Answer(answer("200 OK", &[], DESCRIPTION)),
    ]);
    let sandbox = sandbox.with("IBMCLOUD_IAM_API_ENDPOINT", service.url());
    assert_eq!(check(&findings(&sandbox, ""), "iam").0, "skipped");
    assert!(service.requests().is_empty());
    let found = online(&sandbox);
    assert_eq!(check(&found, "iam").0, "ok");
    assert_eq!(check(&found, "clock").1, "it agrees with IAM's");
    // The variable does the same.
    let outcome = sandbox.program(["doctor"]).env("IBMCLOUD_TOKEN_ONLINE", "1").output().unwrap();
    assert!(String::from_utf8(outcome.stdout).unwrap().contains("ok      iam "));
    let requests = service.requests();
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert_eq!(request.line, "GET /identity/.well-known/openid-configuration HTTP/1.1");
        assert!(request.body.is_empty() && request.header("Authorization").is_empty());
    }
}

#[test]
fn clock_is_compared_with_that_of_iam() {
    for (offset, is_ahead) in [(600, true), (600, false)] {
        let there = Duration::from_secs(offset);
        let there = if is_ahead { SystemTime::now() + there } else { SystemTime::now() - there };
        let date = format!("Date: {}", httpdate(there));
        let service = Service::plain([Step::Answer(answer("200 OK", &[&date], DESCRIPTION))]);
        let (sandbox, _) = Sandbox::logged_in();
        let found = online(&sandbox.with("IBMCLOUD_IAM_API_ENDPOINT", service.url()));
        let (verdict, evidence, remedy) = check(&found, "clock");
        assert_eq!(verdict, "failure");
        assert!(evidence.ends_with(if is_ahead { "slow" } else { "fast" }), "{evidence}");
        assert!(remedy.contains("clock"), "{remedy}");
    }
}

#[test]
fn something_else_in_place_of_iam_is_a_fault() {
    for (step, expected) in [
        (answer("200 OK", &[], "<html>Log in to the network</html>"), "not IAM's description"),
        (answer("302 Found", &["Location: http://portal"], ""), "answered with 302"),
    ] {
        let service = Service::plain([Step::Answer(step.clone()), Step::Answer(step)]);
        let (sandbox, _) = Sandbox::logged_in();
        let sandbox = sandbox.with("IBMCLOUD_IAM_API_ENDPOINT", service.url());
        let found = online(&sandbox);
        let (verdict, evidence, remedy) = check(&found, "iam");
        assert!(verdict == "failure" && evidence.contains(expected) && !remedy.is_empty(), "{evidence}");
        // The session file has a good token, so there is no need for IAM.
        assert_eq!(found["exit_code"], 0);
        sandbox.write_session(&renewable(-3600, -5));
        assert_eq!(online(&sandbox)["exit_code"], 6);
    }
}

#[test]
fn unreachable_iam_matters_if_the_token_must_be_renewed() {
    let sandbox = Sandbox::with_token(&renewable(-3600, -5)).with("STAND_IN_REFRESH", "network");
    let sandbox = sandbox.with("IBMCLOUD_IAM_API_ENDPOINT", "http://127.0.0.1:1");
    let (doctor, get) = (examine(&sandbox, "--online"), sandbox.run("get"));
    assert_eq!((doctor.status, get.status.is_some()), (Some(6), true), "{doctor:?}");
}

/// The date of a response (RFC 9110).
fn httpdate(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let date = std::process::Command::new("date")
        .args(["-u", "-d", &format!("@{seconds}"), "+%a, %d %b %Y %H:%M:%S GMT"])
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    String::from_utf8(date.stdout).unwrap().trim().to_owned()
}
