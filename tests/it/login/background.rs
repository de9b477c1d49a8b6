//! Background jobs: reading from the terminal would stop them, and a stopped login would keep the session's lock.

use std::fs;

use super::terminal::{CTRL_Z, Terminal};
use crate::sandbox::{Sandbox, has, is_built};

/// Runs lines in a shell with job control, and returns what they write to the file `result`.
fn result_of(sandbox: &Sandbox, lines: &str, talk: impl FnOnce(&mut Terminal)) -> String {
    let mut terminal = Terminal::shell(sandbox, "bash", &format!("set -m; {lines}"));
    talk(&mut terminal);
    terminal.end();
    fs::read_to_string(sandbox.home().join("result"))
        .unwrap_or_else(|error| panic!("{error}: {}", terminal.screen()))
}

#[test]
fn background_job_never_starts_a_login() {
    if !has("setsid") || !has("bash") {
        return;
    }
    for line in ["login", "login --sso", "--login"] {
        let sandbox = Sandbox::with_session();
        let lines = format!("ibmcloud-token {line} 2>&1 >stdout & wait $!; echo $? >result");
        assert_eq!(result_of(&sandbox, &lines, |_| {}), "4\n", "{line}");
        let calls = sandbox.call_log();
        assert!(calls.lines().all(|call| call.ends_with(" iam oauth-tokens")), "{calls}");
    }
    for line in ["login --apikey -", "login --passcode -", "exchange --apikey -"].into_iter().filter(is_built)
    {
        let sandbox = Sandbox::with_session();
        let lines = format!("ibmcloud-token {line} & wait $!; echo $? >result");
        assert_eq!(result_of(&sandbox, &lines, |_| {}), "1\n", "{line}");
        assert_eq!(sandbox.calls(), 0);
    }
    // Without the terminal, the same job logs in.
    let sandbox = Sandbox::with_session().with("IBMCLOUD_API_KEY", "good-key");
    let lines = "ibmcloud-token login </dev/null & wait $!; echo $? >result";
    assert_eq!(result_of(&sandbox, lines, |_| {}), "0\n");
}

#[test]
fn login_that_is_moved_to_the_background_releases_the_lock() {
    if !has("setsid") || !has("bash") {
        return;
    }
    for prompt in ["Email> ", "Password> "] {
        let sandbox = Sandbox::with_session();
        let lines = "ibmcloud-token login; bg; wait %1; echo $? >result; \
            IBMCLOUD_API_KEY=good-key ibmcloud-token --timeout 20s login </dev/null; echo $? >>result";
        let result = result_of(&sandbox, lines, |terminal| {
            if prompt == "Password> " {
                terminal.answer("Email> ", "ada@example.org");
            }
            terminal.wait_for(prompt);
            terminal.press(CTRL_Z);
        });
        assert_eq!(result, "4\n0\n", "{prompt}");
    }
}
