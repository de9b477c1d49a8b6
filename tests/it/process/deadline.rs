//! Slow, hung and killed CLIs, and the processes that they leave behind.

use std::fs;
use std::io::Read as _;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::{MARGIN, Waiting};
use crate::sandbox::processes::{nothing_is_left, recorded_by_stand_in};
use crate::sandbox::{Outcome, PROGRAM, Sandbox, can_trace, has, jwt, recorded, test_program, timed, token};

#[test]
fn cli_that_ignores_sigterm_is_killed_with_its_children() {
    let sandbox = Sandbox::logging()
        .with("STAND_IN_HANG", "1")
        .with("STAND_IN_IGNORE_TERM", "1")
        .with("STAND_IN_GRANDCHILD", "1");
    let (outcome, took) = timed(|| sandbox.run("--timeout 1s"));
    outcome.fails_with(7);
    assert!(outcome.error().contains("did not answer within 1s"), "{outcome:?}");
    assert!(Duration::from_secs(1) <= took && took < MARGIN, "{took:?}");
    assert_eq!(recorded_by_stand_in(&sandbox).len(), 2);
    nothing_is_left(&sandbox);
}

#[test]
fn child_that_keeps_the_pipe_open_does_not_delay_the_answer() {
    let sandbox = Sandbox::logging().with("STAND_IN_GRANDCHILD", "1");
    let (outcome, took) = timed(|| sandbox.run("get"));
    assert_eq!(outcome.payload(), format!("Bearer {}", token("passcode-mfa")));
    assert!(took < MARGIN, "{took:?}");
    assert_eq!(recorded_by_stand_in(&sandbox).len(), 2);
    nothing_is_left(&sandbox);
}

#[test]
fn child_that_keeps_writing_does_not_delay_the_answer() {
    let token = jwt(0, 3600);
    let sandbox =
        Sandbox::new().with("TOKEN", &token).with("IBMCLOUD_TOKEN_IBMCLOUD", test_program("leaves-a-talker"));
    let (outcome, took) = timed(|| sandbox.run("get"));
    assert_eq!(outcome.payload(), format!("Bearer {token}"));
    assert!(took < MARGIN, "{took:?}");
    nothing_is_left(&sandbox);
}

#[test]
fn child_outside_the_process_group_does_not_delay_the_answer() {
    let token = jwt(0, 3600);
    let sandbox = Sandbox::new()
        .with("TOKEN", &token)
        .with("LEAVES_GROUP", "1")
        .with("IBMCLOUD_TOKEN_IBMCLOUD", test_program("leaves-a-talker"));
    let (outcome, took) = timed(|| sandbox.run("get"));
    assert_eq!(outcome.payload(), format!("Bearer {token}"));
    assert!(took < MARGIN, "{took:?}");
    // The signal for the group does not reach it, but it ends at the next write to its closed pipe.
    nothing_is_left(&sandbox);
}

#[test]
fn open_pipe_does_not_delay_the_end_after_the_deadline() {
    let sandbox = Sandbox::new().with("IBMCLOUD_TOKEN_IBMCLOUD", test_program("leaves-the-group"));
    // If it waited for the pipe after the deadline, every run would take 800 ms. On a busy machine some runs may take
    // that long, but not all of them.
    let is_in_time = (0..20).any(|_| {
        let (outcome, took) = timed(|| sandbox.run("get --timeout 300ms"));
        let is_answered = outcome.stdout == format!("Bearer {}\n", token("passcode-mfa"));
        is_answered && took < Duration::from_millis(700)
    });
    assert!(is_in_time);
}

#[test]
fn slow_answer_counts_if_it_ends_before_the_deadline() {
    let sandbox = Sandbox::logging().with("STAND_IN_SLOW", "1");
    let (outcome, took) = timed(|| sandbox.run("--timeout 2s"));
    outcome.fails_with(7);
    assert!(took < MARGIN, "{took:?}");
    nothing_is_left(&sandbox);

    let sandbox = Sandbox::replaying("oauth-tokens-single-space").with("STAND_IN_SLOW", "0");
    let output = String::from_utf8(recorded("oauth-tokens-single-space", "stdout")).unwrap();
    let token = output.trim().rsplit(' ').next().unwrap();
    // Timeouts that the kernel or the clock cannot represent are valid too.
    for timeout in ["60s", "100d", "1000000y", "18446744073709551615"] {
        assert_eq!(sandbox.run(&format!("--timeout {timeout}")).payload(), format!("Bearer {token}"));
    }
}

#[test]
fn answer_counts_if_the_program_was_suspended_meanwhile() {
    let sandbox = Sandbox::logging().with("STAND_IN_BYTES", "30000").with("STAND_IN_DELAY", "1");
    let mut waiting = Waiting::start(&sandbox, &mut sandbox.program(["get", "--timeout", "2s"]));
    waiting.signal(Signal::STOP);
    thread::sleep(Duration::from_millis(3500));
    waiting.signal(Signal::CONT);
    let mut output = String::new();
    waiting.program.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    assert_eq!(output, format!("Bearer {}\n", token("passcode-mfa")));
    nothing_is_left(&sandbox);
}

#[test]
fn error_names_the_signal_that_killed_the_cli() {
    for (signal, name) in [("KILL", "SIGKILL"), ("SEGV", "SIGSEGV")] {
        let outcome = Sandbox::new().with("STAND_IN_SIGNAL", signal).run("get");
        outcome.fails_with(5);
        assert!(outcome.stderr.contains(name), "{outcome:?}");
    }
}

#[test]
fn token_from_a_killed_cli_is_rejected() {
    let sandbox = Sandbox::new()
        .with("TOKEN", jwt(0, 3600))
        .with("IBMCLOUD_TOKEN_IBMCLOUD", test_program("dies-within-the-token"));
    let outcome = sandbox.run("get");
    outcome.fails_with(5);
    assert!(outcome.stderr.contains("SIGKILL"), "{outcome:?}");
}

#[test]
fn exit_status_is_known_if_the_parent_ignores_sigchld() {
    if has("perl") {
        let sandbox = Sandbox::logging();
        let mut command = sandbox.command("perl");
        command.args(["-e", "$SIG{CHLD} = 'IGNORE'; exec @ARGV", PROGRAM, "get"]).stdin(Stdio::null());
        let outcome = Outcome::from(command.output().unwrap());
        assert_eq!(outcome.payload(), format!("Bearer {}", token("passcode-mfa")));
    }
}

#[test]
fn kernel_without_pidfd_is_supported() {
    if can_trace() {
        let sandbox = Sandbox::logging().with("STAND_IN_GRANDCHILD", "1");
        let mut command = sandbox.command("strace");
        command.args(["-f", "-o", "strace", "-e", "inject=pidfd_open:error=ENOSYS", PROGRAM, "get"]);
        let outcome = Outcome::from(command.stdin(Stdio::null()).output().unwrap());
        assert_eq!(outcome.payload(), format!("Bearer {}", token("passcode-mfa")));
        let calls = fs::read_to_string(sandbox.home().join("strace")).unwrap();
        assert!(
            calls.contains("pidfd_open(") && calls.contains("(INJECTED)"),
            "the program did not try pidfd_open"
        );
        nothing_is_left(&sandbox);
    }
}
