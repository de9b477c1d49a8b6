//! A program in a pseudo-terminal of its own.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rustix::termios::{LocalModes, tcgetattr};

use crate::sandbox::{Outcome, Pty, Sandbox, bearer_in, eventually, has, soon};

/// The shells in which people type `token=$(…)`.
pub(crate) const SHELLS: [&str; 3] = ["sh", "bash", "zsh"];

pub(crate) const LOGIN: &str = "token=$(ibmcloud-token --login)";

pub(crate) const LOGIN_BY_PASSCODE: &str = "ibmcloud-token login --sso && token=$(ibmcloud-token)";

pub(crate) const ENTER: &str = "\n";

pub(crate) const CTRL_C: &str = "\x03";

pub(crate) const CTRL_D: &str = "\x04";

pub(crate) const CTRL_Z: &str = "\x1a";

/// A program in a pseudo-terminal.
pub(crate) struct Terminal {
    keyboard: File,
    screen: Arc<Mutex<String>>,
    seen: usize,
    reader: JoinHandle<()>,
    child: Child,
}

impl Terminal {
    /// Starts a program with all three streams on a new terminal, which is also its controlling terminal.
    pub(crate) fn start(sandbox: &Sandbox, program: &str, arguments: &[&str]) -> Self {
        let pty = Pty::open();
        let mut command = sandbox.command("setsid");
        let child = command
            .args(["--ctty", program])
            .args(arguments)
            .env("PATH", sandbox.path_with_program())
            .stdin(pty.stream())
            .stdout(pty.stream())
            .stderr(pty.stream())
            .spawn()
            .unwrap();
        // The command has the streams of the program open; until it is dropped, the screen never ends.
        drop(command);
        let keyboard = pty.controller;
        let screen = Arc::new(Mutex::new(String::new()));
        let (mut output, shown) = (keyboard.try_clone().unwrap(), Arc::clone(&screen));
        let reader = thread::spawn(move || {
            let mut bytes = Vec::new();
            let mut chunk = [0; 4096];
            // When the last stream of the program is closed, this ends with an error.
            while let Ok(length @ 1..) = output.read(&mut chunk) {
                bytes.extend_from_slice(&chunk[..length]);
                *shown.lock().unwrap() = String::from_utf8_lossy(&bytes).into_owned();
            }
        });
        Self { keyboard, screen, seen: 0, reader, child }
    }

    /// Runs a line of shell in a terminal, with the program under test as `ibmcloud-token`.
    pub(crate) fn shell(sandbox: &Sandbox, shell: &str, line: &str) -> Self {
        Self::start(sandbox, shell, &["-c", line])
    }

    pub(crate) fn screen(&self) -> String {
        self.screen.lock().unwrap().clone()
    }

    /// Waits until a text appears after the previous one. Fails at once if the program ends before.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        let appears = soon(|| {
            let is_complete = self.reader.is_finished();
            let appears = self.screen()[self.seen..].contains(text);
            assert!(appears || !is_complete, "{text:?} does not appear:\n{}", self.screen());
            appears
        });
        assert!(appears, "{text:?} does not appear:\n{}", self.screen());
        let screen = self.screen();
        self.seen += screen[self.seen..].find(text).unwrap() + text.len();
    }

    /// Waits for a prompt and for the echo to be off, and types a line.
    #[track_caller]
    pub(crate) fn answer_hidden(&mut self, prompt: &str, answer: &str) {
        self.wait_for(prompt);
        eventually("the echo is off", || !self.echoes());
        self.press(answer);
        self.press(ENTER);
    }

    /// Waits for a prompt and types a line.
    #[track_caller]
    pub(crate) fn answer(&mut self, prompt: &str, answer: &str) {
        self.wait_for(prompt);
        self.press(answer);
        self.press(ENTER);
    }

    pub(crate) fn echoes(&self) -> bool {
        tcgetattr(&self.keyboard).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the program and every other process on this terminal have ended. The screen is complete then.
    #[track_caller]
    pub(crate) fn end(&mut self) -> ExitStatus {
        assert!(soon(|| self.reader.is_finished()), "the program does not end:\n{}", self.screen());
        self.child.wait().unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Logs in from every shell, and checks that the shell's variable contains the token and nothing else, and that the token
/// does not appear on the screen. Returns the screens.
pub(crate) fn in_every_shell(
    sandbox: impl Fn() -> Sandbox,
    line: &str,
    talk: impl Fn(&mut Terminal),
) -> Vec<String> {
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
pub(crate) fn outcome_on_terminal(
    sandbox: &Sandbox,
    line: &str,
    talk: impl FnOnce(&mut Terminal),
) -> Outcome {
    let mut terminal = Terminal::shell(sandbox, "sh", &format!("exec ibmcloud-token {line} >stdout"));
    talk(&mut terminal);
    let status = terminal.end().code();
    let stdout = fs::read_to_string(sandbox.home().join("stdout")).unwrap();
    Outcome { status, stdout, stderr: terminal.screen().replace("\r\n", "\n") }
}
