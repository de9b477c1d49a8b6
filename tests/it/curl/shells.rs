//! `curl` from real shells, and after a login with the stand-in CLI.

use super::{authorizations, logged_in, server};
use crate::sandbox::{Outcome, Sandbox, has};

#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn every_shell_runs_curl() {
    let Some((sandbox, token)) = logged_in() else { return };
    for shell in ["sh", "bash", "dash", "zsh", "fish"] {
        if !has(shell) {
            continue;
        }
        let service = server(1);
        let line = format!(
            "printf '%s' '{{\"a b\": [1]}}' | ibmcloud-token curl --host localhost -sS -X PUT -H 'X-A: it is' --data-binary @- '{}/a?b=c&d'",
            service.url()
        );
        let outcome = sandbox.shell(shell, &line);
        assert_eq!(outcome.payload(), "answer", "{shell}");
        let request = &service.requests()[0];
        assert_eq!(
            (request.line.as_str(), request.body.as_str()),
            ("PUT /a?b=c&d HTTP/1.1", "{\"a b\": [1]}"),
            "{shell}"
        );
        assert_eq!(authorizations(&service), [[format!("Bearer {token}")]], "{shell}");
    }
}

#[test]
#[cfg_attr(windows, ignore = "needs the program printenv")]
fn login_status_exec_and_curl_work_in_turn() {
    if !has("curl") {
        return;
    }
    let sandbox = Sandbox::with_session();
    let service = server(1);
    let before: Outcome = sandbox.run(&format!("curl --host localhost -sS {}", service.url()));
    assert!(before.fails_with(125).hint().contains("`ibmcloud-token login`"), "{before:?}");
    let login = sandbox
        .command(crate::sandbox::PROGRAM)
        .arg("login")
        .env("IBMCLOUD_API_KEY", "key")
        .output()
        .unwrap();
    assert!(login.status.success());
    let token = sandbox.run("-f token").payload().to_owned();
    assert!(sandbox.run("status").payload().contains("ada@example.org"));
    assert_eq!(sandbox.run("exec printenv IAM_TOKEN").payload(), token);
    let outcome = sandbox.run(&format!("curl --host localhost -sS {}", service.url()));
    assert_eq!(outcome.payload(), "answer");
    assert_eq!(authorizations(&service), [[format!("Bearer {token}")]]);
}
