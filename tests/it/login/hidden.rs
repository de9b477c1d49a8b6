//! Hidden prompts: the echo is off at the prompt, and on again afterwards.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use super::last_login;
use super::terminal::{CTRL_C, CTRL_D, CTRL_Z, ENTER, Terminal, outcome_on_terminal};
use crate::sandbox::{Outcome, Sandbox, bearer_in, eventually, has, is_built};

/// Types something at a hidden prompt of the program.
fn typed(line: &str, prompt: &str, text: &str) -> (Sandbox, Outcome) {
    let sandbox = Sandbox::with_session();
    let outcome = outcome_on_terminal(&sandbox, line, |terminal| terminal.answer_hidden(prompt, text));
    (sandbox, outcome)
}

#[test]
fn key_typed_at_a_terminal_is_not_shown() {
    if !has("setsid") {
        return;
    }
    let json = "{\n\"name\": \"k\",\n\"apikey\": \"typed-key-1\"\n}";
    for text in ["typed-key-1", " typed-key-1 ", "\"typed-key-1\"", json] {
        let (sandbox, outcome) = typed("login --apikey -", "API key: ", text);
        assert_eq!(outcome.status, Some(0), "{outcome:?}");
        assert!(!outcome.stderr.contains("typed-key"), "{outcome:?}");
        assert!(last_login(&sandbox).1.contains(&"IBMCLOUD_API_KEY=typed-key-1".to_owned()));
        bearer_in(&sandbox.session_file());
    }
    if !is_built(&"exchange") {
        return;
    }
    // `exchange` prompts in the same way. The text is refused before anything is sent.
    let (_, outcome) = typed("exchange --apikey -", "API key: ", "ApiKey-12345678");
    assert!(outcome.fails_with(2).stderr.contains("it is an ID"), "{outcome:?}");
    assert!(!outcome.stderr.contains("12345678"), "{outcome:?}");
}

#[test]
fn passcode_typed_at_a_terminal_is_not_shown() {
    if !has("setsid") {
        return;
    }
    let (sandbox, outcome) = typed("login --passcode -", "One-time passcode: ", "pAsSc0dE");
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert!(!outcome.stderr.contains("pAsSc0dE"), "{outcome:?}");
    bearer_in(&sandbox.session_file());
}

#[test]
fn ctrl_z_at_a_hidden_prompt_does_not_show_the_rest() {
    if !has("setsid") || !has("bash") {
        return;
    }
    let sandbox = Sandbox::with_session();
    let line = "set -m; ibmcloud-token login --apikey -; echo $? >status";
    let mut terminal = Terminal::shell(&sandbox, "bash", line);
    terminal.wait_for("API key: ");
    eventually("the echo is off", || !terminal.echoes());
    terminal.press(CTRL_Z);
    terminal.press("typed-key-1\n");
    terminal.end();
    assert_eq!(fs::read_to_string(sandbox.home().join("status")).unwrap(), "2\n", "{}", terminal.screen());
    assert!(!terminal.screen().contains("typed"), "{}", terminal.screen());
}

#[test]
fn end_of_input_at_a_hidden_prompt_is_a_usage_error() {
    if !has("setsid") {
        return;
    }
    for (line, prompt) in [
        ("login --apikey -", "API key: "),
        ("login --passcode -", "passcode: "),
        ("exchange --apikey -", "API key: "),
    ] {
        if !is_built(&line) {
            continue;
        }
        let sandbox = Sandbox::with_session();
        let outcome = outcome_on_terminal(&sandbox, line, |terminal| {
            terminal.wait_for(prompt);
            terminal.press(CTRL_D);
        });
        outcome.fails_with(2);
        assert_eq!(sandbox.calls(), 0);
    }
}

/// Whether the terminal shows what is typed after a program that ended at a hidden prompt by a signal. `end` gets the
/// terminal and the process ID of the program.
fn echoes_after(line: &str, talk: impl Fn(&mut Terminal), end: impl Fn(&mut Terminal, Pid)) -> bool {
    let sandbox = Sandbox::with_session();
    // The outer shell ignores what Ctrl-C sends, and checks the terminal as the user's own shell would find it.
    let program = format!("sh -c 'trap - INT QUIT; echo $$ >pid; exec ibmcloud-token {line}'");
    let line = format!("trap : INT QUIT; {program}; echo $? >status; stty -a >modes");
    let mut terminal = Terminal::shell(&sandbox, "sh", &line);
    talk(&mut terminal);
    eventually("the echo is off", || !terminal.echoes());
    let id = fs::read_to_string(sandbox.home().join("pid")).unwrap();
    end(&mut terminal, Pid::from_raw(id.trim().parse().unwrap()).unwrap());
    terminal.end();
    let status = fs::read_to_string(sandbox.home().join("status")).unwrap();
    assert!(status.trim().parse::<i32>().unwrap() > 128, "it did not die by the signal: {status}");
    let modes = fs::read_to_string(sandbox.home().join("modes")).unwrap();
    modes.split([' ', ';', '\n']).any(|mode| mode == "echo")
}

#[test]
fn signal_at_a_hidden_prompt_restores_the_echo() {
    if !has("setsid") || !has("stty") {
        return;
    }
    let signals = [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT];
    for (line, prompt) in [("login --apikey -", "API key: "), ("login --passcode -", "One-time passcode: ")] {
        let talk = |terminal: &mut Terminal| terminal.wait_for(prompt);
        for signal in signals {
            assert!(echoes_after(line, talk, |_, id| kill_process(id, signal).unwrap()), "{line} {signal:?}");
        }
        assert!(echoes_after(line, talk, |terminal, _| terminal.press(CTRL_C)), "{line}: Ctrl-C");
    }
    // The prompt of the CLI, which dies without restoring the terminal.
    let talk = |terminal: &mut Terminal| {
        terminal.answer("Email> ", "ada@example.org");
        terminal.wait_for("Password> ");
    };
    for signal in signals {
        assert!(echoes_after("login", talk, |_, id| kill_process(id, signal).unwrap()), "{signal:?}");
    }
}

#[test]
fn end_of_input_at_the_email_prompt_ends_the_login() {
    if !has("setsid") {
        return;
    }
    for line in ["login", "--login"] {
        let sandbox = Sandbox::with_session();
        let outcome = outcome_on_terminal(&sandbox, line, |terminal| {
            terminal.wait_for("Email> ");
            terminal.press(CTRL_D);
        });
        assert!(!outcome.fails_with(4).stderr.contains("Continue with"), "{outcome:?}");
        // The CLI's stderr is shown.
        assert!(outcome.stderr.contains("Could not read from input: EOF"), "{outcome:?}");
    }
    // A login that fails for another reason still leads to the question.
    let sandbox = Sandbox::with_session().with("STAND_IN_FEDERATED", "1");
    outcome_on_terminal(&sandbox, "login", |terminal| {
        terminal.answer("Email> ", "ada@example.org");
        terminal.answer_hidden("Password> ", "x");
        terminal.wait_for("Continue with");
        terminal.press("n");
        terminal.press(ENTER);
    })
    .fails_with(4);
}
