//! curl's own configuration, a redirect and a proxy cannot reveal the token.

use super::{authorizations, logged_in, run, server};
use crate::iam_service::{Authority, Service, Step, answer};
use crate::sandbox::Outcome;

#[test]
fn curlrc_is_not_read() {
    let Some((sandbox, token)) = logged_in() else { return };
    let (service, other) = (server(1), server(2));
    let config = format!(
        "url = \"{}\"\ninsecure\nverbose\nlocation-trusted\nheader = \"X-From-Curlrc: yes\"\nproxy = \"{}\"\n",
        other.url(),
        other.url()
    );
    for file in [".curlrc", ".config/curlrc"] {
        sandbox.write(file, &config);
    }
    let outcome = run(&sandbox, &service, "curl --host localhost -sS URL");
    assert_eq!((outcome.payload(), outcome.stderr.as_str()), ("answer", ""));
    assert_eq!(authorizations(&service), [[format!("Bearer {token}")]]);
    assert_eq!(service.requests()[0].header("X-From-Curlrc"), Vec::<&str>::new());
    assert_eq!(other.connections(), 0);
    // Without the guard, curl reads it, and sends a request for its URL too.
    let direct: Outcome = sandbox.command("curl").arg("-sS").arg(other.url()).output().unwrap().into();
    assert_eq!((direct.status, other.requests().len()), (Some(0), 2), "{direct:?}");
}

#[test]
fn curlrc_cannot_disable_the_certificate_check() {
    let Some((sandbox, _)) = logged_in() else { return };
    sandbox.write(".curlrc", "insecure\n");
    let service = Service::untrusted(Authority::new().certify(&["localhost"], 2020, 2090));
    let outcome = run(&sandbox, &service, "curl --host localhost -sS --cacert ca.pem URL");
    assert_eq!((outcome.status, service.requests().len()), (Some(60), 0), "{outcome:?}");
}

#[test]
fn redirect_to_another_host_carries_no_header() {
    let Some((sandbox, token)) = logged_in() else { return };
    let other = Service::answering(answer("200 OK", &[], "other\n"));
    // `127.0.0.1` is another host than `localhost`, and the port differs too.
    let location = format!("Location: https://127.0.0.1:{}/", other.port());
    let service = Service::answering(answer("302 Found", &[&location], ""));
    let outcome = run(&sandbox, &service, "curl --host localhost -sSL --cacert ca.pem URL");
    assert_eq!(outcome.payload(), "other");
    assert_eq!(authorizations(&service), [[format!("Bearer {token}")]]);
    assert_eq!(authorizations(&other), [Vec::<String>::new()]);
}

#[test]
fn redirect_on_the_same_host_keeps_the_header() {
    let Some((sandbox, token)) = logged_in() else { return };
    let script = [answer("302 Found", &["Location: /other"], ""), answer("200 OK", &[], "other\n")];
    let service = Service::new(script.map(Step::Answer));
    let outcome = run(&sandbox, &service, "curl --host localhost -sSL --cacert ca.pem URL");
    assert_eq!(outcome.payload(), "other");
    assert_eq!(authorizations(&service), vec![[format!("Bearer {token}")]; 2]);
}

#[test]
fn redirect_to_plain_http_is_not_followed() {
    let Some((sandbox, _)) = logged_in() else { return };
    let other = server(0);
    let location = format!("Location: {}", other.url());
    let service = Service::answering(answer("302 Found", &[&location], ""));
    let outcome = run(&sandbox, &service, "curl --host localhost -sSL --cacert ca.pem URL");
    assert_eq!(outcome.status, Some(1), "{outcome:?}");
    assert_eq!(other.connections(), 0);
}

#[test]
fn proxy_never_sees_the_token() {
    let Some((sandbox, _)) = logged_in() else { return };
    // A plain request to this machine goes past the proxies of the environment.
    let (service, proxy) = (server(1), server(0));
    let mut sandbox = sandbox;
    for name in ["http_proxy", "https_proxy", "all_proxy", "ALL_PROXY", "HTTPS_PROXY"] {
        sandbox = sandbox.with(name, proxy.url());
    }
    sandbox = sandbox.with("no_proxy", "nothing.example").with("NO_PROXY", "nothing.example");
    assert_eq!(run(&sandbox, &service, "curl --host localhost -sS URL").payload(), "answer");
    assert_eq!(proxy.connections(), 0);
    // A request by TLS goes through them, but the header stays inside.
    let proxy = Service::plain([Step::Answer(answer("502 Bad Gateway", &[], ""))]);
    let sandbox = sandbox.with("https_proxy", proxy.url());
    let outcome = sandbox.run("curl -sS https://iam.cloud.ibm.com/v1");
    assert_ne!(outcome.status, Some(0), "{outcome:?}");
    assert_eq!(proxy.requests()[0].line, "CONNECT iam.cloud.ibm.com:443 HTTP/1.1");
    assert_eq!(authorizations(&proxy), [Vec::<String>::new()]);
}

#[test]
fn refusal_says_why_and_what_to_do() {
    let Some((sandbox, _)) = logged_in() else { return };
    for (arguments, error, hint) in [
        (
            "https://evil.example/x?secret",
            "`evil.example` is not a host of IBM Cloud",
            "if it may receive the token, add `--host evil.example` before the arguments of curl",
        ),
        (
            "http://localhost:1",
            "`localhost` is not a host of IBM Cloud",
            "if it may receive the token, add `--host localhost` before the arguments of curl",
        ),
        ("iam.cloud.ibm.com", "a URL has no scheme", "write it with `https://`"),
        (
            "https://icr.io/[1-3]",
            "a URL has `{`, `}`, `[` or `]`, from which curl makes several URLs",
            "write `-g` before it, so that curl takes it literally",
        ),
    ] {
        let outcome = sandbox.run(&format!("curl {arguments}"));
        assert_eq!((outcome.fails_with(125).error(), outcome.hint()), (error, hint), "{arguments}");
    }
    let outcome = sandbox.run("curl -sk https://icr.io");
    assert_eq!(
        outcome.fails_with(125).error(),
        "`-k` is refused because it sends the token to a server whose identity is not checked"
    );
}

#[test]
fn hosts_can_be_named_by_the_variable() {
    let Some((sandbox, token)) = logged_in() else { return };
    let service = server(1);
    let sandbox = sandbox.with("IBMCLOUD_TOKEN_HOST", "localhost");
    assert_eq!(run(&sandbox, &service, "curl -sS URL").payload(), "answer");
    assert_eq!(authorizations(&service), [[format!("Bearer {token}")]]);
    // An option overrides its variable.
    run(&sandbox, &service, "curl --host other.example -sS URL").fails_with(125);
    sandbox.with("IBMCLOUD_TOKEN_HOST", "*").run("curl https://icr.io").fails_with(125);
}
