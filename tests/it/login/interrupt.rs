//! Ctrl-C, the end of the input, and no terminal at all.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;

use super::terminal::{CTRL_C, CTRL_D, LOGIN, SHELLS, Terminal, outcome_on_terminal};
use crate::sandbox::{PROGRAM, Sandbox, eventually, has};

#[test]
fn ctrl_c_at_the_password_prompt_ends_every_process() {
    if !has("setsid") {
        return;
    }
    let sandbox = Sandbox::with_session();
    let mut terminal = Terminal::start(&sandbox, PROGRAM, &["--login"]);
    terminal.answer("Email> ", "ada@example.org");
    terminal.wait_for("Password> ");
    eventually("the echo is off", || !terminal.echoes());
    terminal.press(CTRL_C);
    assert_eq!(terminal.end().signal(), Some(2), "{}", terminal.screen());
    assert!(!terminal.screen().contains("eyJ"));
    let calls = sandbox.call_log();
    for call in calls.lines() {
        let id = call.split(' ').next().unwrap();
        eventually(&format!("this process has ended: {call}"), || !runs(&sandbox, id));
    }
}

/// Whether a process runs. A zombie does not.
fn runs(sandbox: &Sandbox, id: &str) -> bool {
    let state = sandbox.command("ps").args(["-o", "stat=", "-p", id]).output().unwrap().stdout;
    !state.is_empty() && !state.starts_with(b"Z")
}

#[test]
fn ctrl_c_reaches_a_shell_that_waits_for_the_token() {
    if !has("setsid") {
        return;
    }
    for shell in SHELLS.into_iter().filter(|shell| has(shell)) {
        let sandbox = Sandbox::with_session();
        let mut terminal = Terminal::shell(&sandbox, shell, &format!("{LOGIN}; echo continued >result"));
        terminal.wait_for("Email> ");
        terminal.press(CTRL_C);
        terminal.end();
        assert!(!sandbox.home().join("result").exists(), "{shell} continued");
    }
}

#[test]
fn end_of_input_at_a_prompt_is_a_failed_login() {
    if !has("setsid") {
        return;
    }
    let sandbox = Sandbox::with_session();
    outcome_on_terminal(&sandbox, "login --sso", |terminal| {
        terminal.wait_for("browser? [Y/n] > ");
        terminal.press(CTRL_D);
    })
    .fails_with(4);
}

#[test]
fn question_without_a_terminal_ends_the_login_with_a_hint() {
    let sandbox = Sandbox::with_session();
    for (line, hint) in [
        ("--login", "log in with `--apikey @FILE`"),
        ("get --login", "log in with `--apikey @FILE`"),
        ("login", "log in with `--apikey @FILE`"),
        ("login --sso", "open the page that the CLI names"),
    ] {
        let outcome = sandbox.run(line);
        assert!(outcome.fails_with(4).hint().starts_with(hint), "{outcome:?}");
    }
    // Nor with only one of stdin and stderr on the terminal: the user must see the question and be able to answer it.
    if has("setsid") {
        for streams in ["2>stderr", "</dev/null"] {
            let line = format!("ibmcloud-token --login {streams} >stdout; echo \"$?\" >result");
            assert_eq!(Terminal::shell(&sandbox, "sh", &line).end().code(), Some(0));
            assert_eq!(fs::read_to_string(sandbox.home().join("result")).unwrap(), "4\n", "{streams}");
            assert_eq!(fs::read(sandbox.home().join("stdout")).unwrap(), b"", "{streams}");
        }
    }
}
