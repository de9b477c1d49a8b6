//! A program in a pseudo-terminal of its own.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rustix::termios::{LocalModes, tcgetattr};

use crate::sandbox::{Pty, Sandbox, eventually, soon};

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
