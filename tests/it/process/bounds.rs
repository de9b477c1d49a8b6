//! Nothing is waited for beyond the deadline: a CLI that cannot be ended, and files that block when they are opened.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use super::{MARGIN, Waiting};
use crate::sandbox::processes::{nothing_is_left, recorded_by_stand_in, status_field};
use crate::sandbox::{
    Outcome, PROGRAM, Sandbox, can_trace, can_unshare, eventually, has, make_pipe, test_program, timed, token,
};

#[test]
fn cli_that_leaves_its_process_group_is_killed() {
    if !has("perl") {
        return;
    }
    let sandbox = Sandbox::new().with("IBMCLOUD_TOKEN_IBMCLOUD", test_program("leaves-its-group"));
    let pid_file = sandbox.home().join("pid");
    let sandbox = sandbox.with("PID_FILE", pid_file.to_str().unwrap());
    for line in ["get --timeout 1s", "login --timeout 1s"] {
        let (outcome, took) = timed(|| sandbox.run(line));
        outcome.fails_with(7);
        assert!(took < MARGIN, "{line}: {took:?}");
        assert!(fs::read_to_string(&pid_file).is_ok_and(|id| !id.is_empty()), "{line}: it did not start");
        nothing_is_left(&sandbox);
        fs::remove_file(&pid_file).unwrap();
    }

    // A signal that ends the program ends it too.
    let mut program = crate::sandbox::spawn(&mut sandbox.program(["get"]));
    eventually("the CLI runs", || fs::read_to_string(&pid_file).is_ok_and(|id| !id.is_empty()));
    kill_process(Pid::from_child(&program), Signal::TERM).unwrap();
    assert_eq!(program.wait().unwrap().signal(), Some(Signal::TERM.as_raw()));
    nothing_is_left(&sandbox);
}

/// A set-user-ID program cannot be signalled. strace has the kernel say so.
#[test]
fn cli_that_may_not_be_killed_is_not_waited_for() {
    if !can_trace() {
        return;
    }
    for variable in ["STAND_IN_HANG", "STAND_IN_ENDLESS"] {
        let sandbox = Sandbox::logging().with(variable, "1");
        let mut command = sandbox.command("strace");
        command.args(["-o", "/dev/null", "-e", "inject=kill:error=EPERM", PROGRAM, "--timeout", "1s"]);
        let (output, took) = timed(|| command.stdin(Stdio::null()).output().unwrap());
        let outcome = Outcome::from(output);
        let is_expected = matches!(outcome.status, Some(5 | 7)) && outcome.stdout.is_empty();
        assert!(is_expected && took < MARGIN, "{took:?} {outcome:?}");
        for id in recorded_by_stand_in(&sandbox) {
            let _ = kill_process(Pid::from_raw(i32::try_from(id).unwrap()).unwrap(), Signal::KILL);
        }
        nothing_is_left(&sandbox);
    }
}

#[test]
fn other_fatal_signals_end_the_cli_too() {
    for signal in [Signal::USR1, Signal::USR2, Signal::ALARM, Signal::XCPU, Signal::ABORT] {
        let sandbox = Sandbox::logging().with("STAND_IN_HANG", "1").with("STAND_IN_GRANDCHILD", "1");
        let mut command = sandbox.program(["get"]);
        command.env("STAND_IN_GRANDCHILD", "1");
        let mut waiting = Waiting::start(&sandbox, &mut command);
        waiting.signal(signal);
        assert_eq!(waiting.program.wait().unwrap().signal(), Some(signal.as_raw()));
        nothing_is_left(&sandbox);
    }
}

#[test]
fn process_1_of_a_container_exits_with_the_status_of_the_signal() {
    const NEW_NAMESPACE: [&str; 4] = ["--user", "--map-root-user", "--pid", "--fork"];
    if !can_unshare(&NEW_NAMESPACE) {
        return;
    }
    for (line, is_cli_run) in [("get", true), ("parse", false)] {
        for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
            let sandbox = Sandbox::logging().with("STAND_IN_HANG", "1");
            let mut command = sandbox.command("unshare");
            command.args(NEW_NAMESPACE).args([PROGRAM, line]).stdin(Stdio::piped());
            let mut unshare = crate::sandbox::spawn(&mut command);
            // While it is open, `parse` waits for input.
            let _stdin = unshare.stdin.take();
            let children = format!("/proc/{0}/task/{0}/children", unshare.id());
            let program = || fs::read_to_string(&children).unwrap_or_default().trim().parse::<u32>().ok();
            let catches = || {
                program().is_some_and(|id| {
                    status_field(id, "SigCgt").is_some() && super::contains(id, "SigCgt", signal)
                })
            };
            eventually("the program is ready", || catches() && (!is_cli_run || sandbox.calls() == 1));
            let id = program().unwrap().cast_signed();
            kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
            let status = unshare.wait().unwrap();
            assert_eq!(status.code(), Some(128 + signal.as_raw()), "{line} {signal:?}: {status}");
        }
    }
}

/// A pipe that nobody writes to blocks a plain `open`.
#[test]
fn pipe_in_place_of_a_file_or_directory_does_not_block() {
    let expected = format!("Bearer {}", token("passcode-mfa"));
    let replaced = [".bluemix", ".bluemix/config.json", ".local/share/ibmcloud-token/locks", ".local"];
    for path in replaced {
        let sandbox = Sandbox::logging();
        let path = sandbox.home().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        make_pipe(&path);
        let (outcome, took) = timed(|| sandbox.run("get --timeout 5s"));
        assert_eq!(outcome.payload(), expected, "{}", path.display());
        assert!(took < MARGIN, "{}: {took:?}", path.display());
    }

    // The lock file itself, whose name is known once it exists.
    let sandbox = Sandbox::logging();
    assert_eq!(sandbox.run("get").payload(), expected);
    let locks = sandbox.home().join(".local/share/ibmcloud-token/locks");
    let lock = fs::read_dir(&locks).unwrap().next().unwrap().unwrap().path();
    fs::remove_file(&lock).unwrap();
    make_pipe(&lock);
    let (outcome, took) = timed(|| sandbox.run("-v get --timeout 5s"));
    assert_eq!(outcome.payload(), expected);
    assert!(took < MARGIN && outcome.stderr.contains("continuing without a lock"), "{took:?} {outcome:?}");

    let sandbox = Sandbox::logging();
    let homes = sandbox.home().join(".local/share/ibmcloud-token/sessions");
    fs::create_dir_all(&homes).unwrap();
    fs::set_permissions(&homes, fs::Permissions::from_mode(0o700)).unwrap();
    make_pipe(&homes.join("prod"));
    sandbox.run("--session prod get --timeout 5s").fails_with(1);
}
