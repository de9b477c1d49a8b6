//! The signals that the program gets.

use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::time::Instant;

use rustix::process::Signal;

use super::{MARGIN, Waiting};
use crate::sandbox::processes::nothing_is_left;
use crate::sandbox::{PROGRAM, Sandbox, token};

#[test]
fn fatal_signal_ends_the_cli_too() {
    for (signal, ignores_term) in [
        (Signal::INT, false),
        (Signal::INT, true),
        (Signal::TERM, true),
        (Signal::HUP, true),
        (Signal::QUIT, true),
    ] {
        let mut sandbox = Sandbox::logging().with("STAND_IN_HANG", "1").with("STAND_IN_GRANDCHILD", "1");
        if ignores_term {
            sandbox = sandbox.with("STAND_IN_IGNORE_TERM", "1");
        }
        let mut waiting = Waiting::start(&sandbox, &mut sandbox.program(["get"]));
        waiting.signal(signal);
        let start = Instant::now();
        let status = waiting.program.wait().unwrap();
        assert_eq!(status.signal(), Some(signal.as_raw()), "{status}");
        assert!(start.elapsed() < MARGIN, "{:?}", start.elapsed());
        let mut output = String::new();
        waiting.program.stdout.take().unwrap().read_to_string(&mut output).unwrap();
        waiting.program.stderr.take().unwrap().read_to_string(&mut output).unwrap();
        assert_eq!(output, "");
        nothing_is_left(&sandbox);
    }
}

#[test]
fn ignored_signal_stays_ignored() {
    let sandbox = Sandbox::logging().with("STAND_IN_DELAY", "2");
    let mut command = sandbox.command("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" get", PROGRAM]).stdin(Stdio::null());
    let mut waiting = Waiting::start(&sandbox, &mut command);
    waiting.signal(Signal::HUP);
    let mut output = String::new();
    waiting.program.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    assert_eq!(output, format!("Bearer {}\n", token("passcode-mfa")));
    assert!(waiting.program.wait().unwrap().success());
}
