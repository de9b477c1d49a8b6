//! Logins: interactive on a terminal, and unattended as in a script.
//!
//! - `api_key`: a key from a file, stdin or a variable
//! - `arguments`: what reaches the CLI
//! - `background`: background jobs
//! - `deadline`: a pipe that nobody writes to
//! - `hidden`: hidden prompts, and the echo after them
//! - `interrupt`: Ctrl-C and the end of the input
//! - `keys`: how keys are cleaned, and what is not a key
//! - `passcode`: a one-time passcode from stdin
//! - `prompts`: prompts on a terminal
//! - `recorded`: every recorded login
//! - `terminal`: a program in a pseudo-terminal
//! - `unattended`: the CLI's questions without a terminal
//!
//! Some bugs appear only on a terminal: prompts that do not appear because stdout is captured, a password that is
//! echoed, a Ctrl-C that does not reach every process.

mod api_key;
mod arguments;
mod background;
mod deadline;
mod hidden;
mod interrupt;
mod keys;
mod passcode;
mod prompts;
mod recorded;
pub(crate) mod terminal;
mod unattended;

use std::fs;

use self::terminal::Terminal;
use crate::sandbox::{Outcome, Sandbox, bearer_in, has};

/// The shells in which people type `token=$(…)`.
const SHELLS: [&str; 3] = ["sh", "bash", "zsh"];

const LOGIN: &str = "token=$(ibmcloud-token --login)";

const LOGIN_BY_PASSCODE: &str = "ibmcloud-token login --sso && token=$(ibmcloud-token)";

/// Logs in from every shell, and checks that the shell's variable contains the token and nothing else, and that the token
/// does not appear on the screen. Returns the screens.
fn in_every_shell(sandbox: impl Fn() -> Sandbox, line: &str, talk: impl Fn(&mut Terminal)) -> Vec<String> {
    let mut screens = Vec::new();
    for shell in SHELLS.into_iter().filter(|shell| has(shell) && has("setsid")) {
        let sandbox = sandbox();
        let mut terminal =
            Terminal::shell(&sandbox, shell, &format!("{line}; printf '%s|%s|' \"$?\" \"$token\" >result"));
        talk(&mut terminal);
        assert_eq!(terminal.end().code(), Some(0), "{}", terminal.screen());
        let result = fs::read_to_string(sandbox.home().join("result")).unwrap();
        let bearer = bearer_in(&sandbox.session_file());
        assert_eq!(result, format!("0|{bearer}|"), "{shell}:\n{}", terminal.screen());
        assert!(!terminal.screen().contains("eyJ"), "{shell}:\n{}", terminal.screen());
        screens.push(terminal.screen());
    }
    screens
}

/// Runs the program on a terminal with its stdout captured. The screen is the stderr of the outcome.
fn outcome_on_terminal(sandbox: &Sandbox, line: &str, talk: impl FnOnce(&mut Terminal)) -> Outcome {
    let mut terminal = Terminal::shell(sandbox, "sh", &format!("exec ibmcloud-token {line} >stdout"));
    talk(&mut terminal);
    let status = terminal.end().code();
    let stdout = fs::read_to_string(sandbox.home().join("stdout")).unwrap();
    Outcome { status, stdout, stderr: terminal.screen().replace("\r\n", "\n") }
}

/// The arguments and the environment of the last login, as the stand-in recorded them.
pub(crate) fn last_login(sandbox: &Sandbox) -> (Vec<String>, Vec<String>) {
    let calls = sandbox.call_log();
    let login = calls.lines().rfind(|call| call.contains(" login")).expect("there was a login");
    let id = login.split(' ').next().unwrap();
    let lines = |what| {
        let text = fs::read_to_string(sandbox.log().join(format!("{what}.{id}"))).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    (lines("argv"), lines("environment"))
}

/// Checks a login: nothing on stdout, a message with the user, and a session with a token.
#[track_caller]
fn assert_logged_in(sandbox: &Sandbox, outcome: &Outcome) {
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""), "{outcome:?}");
    assert!(
        outcome.stderr.contains("logged in as ada@example.org; the token is valid for another"),
        "{outcome:?}"
    );
    assert_eq!(sandbox.run("get").payload(), bearer_in(&sandbox.session_file()));
}
