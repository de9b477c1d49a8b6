//! No home directory: there is no session, and nothing may end up in the current directory.

use std::process::{Command, Stdio};

use crate::sandbox::{HOME, Outcome, PROGRAM, Sandbox, TRUE, cli_output, has, names, run_with_input, token};

/// The program without the variable of the home directory, in an empty directory.
fn without_home(sandbox: &Sandbox, line: &str) -> Command {
    let mut command = sandbox.command(PROGRAM);
    std::fs::create_dir_all(sandbox.home().join("empty")).unwrap();
    command.args(line.split_whitespace()).env_remove(HOME).current_dir(sandbox.home().join("empty"));
    command.stdin(Stdio::null());
    command
}

fn hint() -> String {
    format!("set {HOME} or IBMCLOUD_HOME")
}

#[test]
fn every_session_command_needs_a_login_without_a_home() {
    let sandbox = Sandbox::with_session();
    let key = sandbox.write_private("key", "synthetic-key");
    for line in [
        "",
        "get",
        "get --fresh",
        "get --login",
        "--session prod",
        "status",
        "status --format json",
        "status --all",
        "inspect",
        "watch -o file",
        "logout",
        "login",
        "login --sso",
        "login -- --vpc-cri",
        &format!("login --apikey @{}", key.display()),
    ] {
        let outcome = Outcome::from(without_home(&sandbox, line).output().unwrap());
        assert_eq!(outcome.fails_with(4).hint(), hint(), "{line}");
        assert!(names(&sandbox.home().join("empty")).is_empty(), "{line}");
    }
    // These have the status of a program that was not started.
    for line in [&format!("exec {TRUE}"), "curl https://iam.cloud.ibm.com"] {
        if line.starts_with("curl") && !has("curl") {
            continue;
        }
        let outcome = Outcome::from(without_home(&sandbox, line).output().unwrap());
        assert_eq!(outcome.fails_with(125).hint(), hint(), "{line}");
        assert!(names(&sandbox.home().join("empty")).is_empty(), "{line}");
    }
    assert_eq!(sandbox.calls(), 0);
}

#[test]
fn session_of_a_variable_is_used_without_a_home() {
    let sandbox = Sandbox::with_token(&token("passcode-mfa"));
    for variable in ["IBMCLOUD_HOME", "BLUEMIX_HOME"] {
        let outcome =
            without_home(&sandbox, "--format token").env(variable, sandbox.home()).output().unwrap();
        assert_eq!(Outcome::from(outcome).payload(), token("passcode-mfa"), "{variable}");
    }
}

#[test]
fn commands_without_a_session_work_without_a_home() {
    let sandbox = Sandbox::new();
    let token = token("passcode-mfa");
    let mut parse = without_home(&sandbox, "parse --format token");
    assert_eq!(run_with_input(&mut parse, &cli_output(&token)).payload(), token);
    assert_eq!(without_home(&sandbox, "--help").output().unwrap().status.code(), Some(0));
    #[cfg(feature = "net")]
    {
        let exchange = without_home(&sandbox, "exchange --endpoint http://127.0.0.1:1 --timeout 200ms")
            .env("IBMCLOUD_API_KEY", "synthetic-key")
            .output()
            .unwrap();
        let outcome = Outcome::from(exchange);
        assert!(outcome.fails_with(6).error().contains("127.0.0.1"), "{outcome:?}");
    }
}
