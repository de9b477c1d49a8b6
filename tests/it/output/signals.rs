//! Signals while a file is being written: nothing is left behind but, after a signal that cannot be handled, one file
//! that the next run removes.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use rustix::process::{Pid, kill_process};

use super::assert_failure;
use crate::sandbox::{Outcome, PROGRAM, Sandbox, can_trace, eventually, has, mode, names, spawn};

/// The numbers of the signals that end a program by default and may be caught, on Linux. 34 is the first real-time
/// signal with one C library and is reserved by the other.
const FATAL: [std::ops::RangeInclusive<i32>; 9] =
    [1..=3, 5..=6, 10..=10, 12..=12, 14..=16, 24..=24, 26..=27, 29..=31, 35..=64];

/// The system calls that give the file its temporary name and its final one.
const NAMING: [&str; 2] = ["linkat", "/^rename"];

fn fatal_signals() -> impl Iterator<Item = i32> {
    FATAL.into_iter().flatten()
}

/// A sandbox with a good token, and an empty directory in its home for the file.
fn sandbox() -> (Sandbox, String) {
    let (sandbox, token) = Sandbox::logged_in();
    fs::create_dir(sandbox.home().join("directory")).unwrap();
    (sandbox, format!("Bearer {token}\n"))
}

fn files(sandbox: &Sandbox) -> Vec<String> {
    names(&sandbox.home().join("directory"))
}

/// The program under strace, which changes some of its system calls.
fn traced(sandbox: &Sandbox, injections: &[String]) -> Command {
    let mut command = sandbox.command("strace");
    command.args(["-f", "-o", "/dev/null"]);
    for injection in injections {
        command.args(["-e", injection]);
    }
    command.args([PROGRAM, "-o", "directory/token"]).stdin(Stdio::null());
    command
}

#[cfg(target_os = "linux")]
#[test]
fn signal_at_a_random_moment_leaves_no_temporary_file_behind() {
    let (sandbox, content) = sandbox();
    let signals: Vec<i32> = fatal_signals().collect();
    // How long a run takes depends on the machine, and the signals are spread over that time.
    let start = Instant::now();
    (0..5).for_each(|_| assert_eq!(sandbox.run("-o directory/token").status, Some(0)));
    let usual = start.elapsed() / 5;
    let mut interrupted = 0;
    for number in 0..300_usize {
        let mut child = sandbox
            .program(["-o", "directory/token"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(usual * u32::try_from(number * 7919 % 1000).unwrap() / 900);
        let signal = rustix::process::Signal::from_named_raw(signals[number % signals.len()]);
        if let Some(signal) = signal {
            kill_process(Pid::from_child(&child), signal).unwrap();
        }
        interrupted += usize::from(child.wait().unwrap().signal().is_some());
        assert_eq!(files(&sandbox), ["token"], "{signal:?}");
        assert_eq!(fs::read_to_string(sandbox.home().join("directory/token")).unwrap(), content);
    }
    assert!(interrupted > 20, "{interrupted}");
}

#[cfg(target_os = "linux")]
#[test]
fn signal_at_the_critical_moment_leaves_no_temporary_file_behind() {
    if !can_trace() {
        return;
    }
    let (sandbox, content) = sandbox();
    let mut interrupted = 0;
    for signal in fatal_signals() {
        for call in NAMING {
            let injection = format!("inject={call}:signal={signal}");
            let status = traced(&sandbox, &[injection]).status().unwrap();
            assert!(
                status.success() || status.signal() == Some(signal) || status.code() == Some(128 + signal),
                "{signal}: {status}"
            );
            interrupted += usize::from(status.signal().is_some());
            assert_eq!(files(&sandbox), ["token"], "{signal} at {call}");
            assert_eq!(fs::read_to_string(sandbox.home().join("directory/token")).unwrap(), content);
        }
    }
    assert!(interrupted > 0, "no signal was injected");
}

#[cfg(target_os = "linux")]
#[test]
fn signal_leaves_nothing_behind_on_a_file_system_without_unnamed_files() {
    if !can_trace() {
        return;
    }
    let (sandbox, content) = sandbox();
    let unsupported = "inject=linkat:error=EOPNOTSUPP".to_owned();
    for call in ["fchmod", "fsync", "write:when=1", "/^rename"] {
        for signal in [1, 2, 3, 10, 14, 15] {
            let (call, when) = call.split_once(':').unwrap_or((call, "when=1+"));
            let injections = [unsupported.clone(), format!("inject={call}:signal={signal}:{when}")];
            traced(&sandbox, &injections).stderr(Stdio::null()).status().unwrap();
            let mut left = files(&sandbox);
            left.retain(|name| name != "token");
            assert_eq!(left, [""; 0], "{signal} at {call}");
        }
    }
    assert!(traced(&sandbox, &[unsupported]).status().unwrap().success());
    assert_eq!(fs::read_to_string(sandbox.home().join("directory/token")).unwrap(), content);
    assert_eq!(files(&sandbox), ["token"]);
}

#[cfg(target_os = "linux")]
#[test]
fn file_that_a_signal_left_behind_is_removed_by_the_next_run_for_the_same_target() {
    if !can_trace() {
        return;
    }
    // Rust's runtime catches SIGSEGV and SIGBUS once, to report a stack overflow. The second one ends the program.
    let signals = [
        ("KILL", "/^rename"),
        ("ILL", "/^rename"),
        ("FPE", "/^rename"),
        ("SEGV", "fsync,/^rename"),
        ("BUS", "fsync,/^rename"),
    ];
    let settings = [None, Some("inject=linkat:error=EOPNOTSUPP".to_owned())];
    for (setting, (signal, calls)) in
        settings.iter().flat_map(|setting| signals.map(|signal| (setting, signal)))
    {
        let (sandbox, content) = sandbox();
        let mut killed: Vec<_> = setting.iter().cloned().collect();
        killed.push(format!("inject={calls}:signal={signal}"));
        for _ in 0..3 {
            let status = traced(&sandbox, &killed).status().unwrap();
            assert!(!status.success(), "{signal}");
            // One file, however often it happens, and no other user can read it.
            let [left] = files(&sandbox).try_into().unwrap();
            assert_eq!(mode(&sandbox.home().join("directory").join::<String>(left)), 0o600);
        }
        assert_eq!(sandbox.run("-o directory/other").status, Some(0));
        assert_eq!(files(&sandbox).len(), 2, "{signal}");
        assert_eq!(sandbox.run("-o directory/token").status, Some(0));
        assert_eq!(files(&sandbox), ["other", "token"]);
        assert_eq!(fs::read_to_string(sandbox.home().join("directory/token")).unwrap(), content);
    }
}

#[test]
fn concurrent_writers_of_one_target_all_succeed() {
    let (sandbox, content) = sandbox();
    let writers: Vec<_> = (0..40).map(|_| spawn(&mut sandbox.program(["-o", "directory/token"]))).collect();
    for writer in writers {
        let outcome = Outcome::from(writer.wait_with_output().unwrap());
        assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
    }
    assert_eq!(fs::read_to_string(sandbox.home().join("directory/token")).unwrap(), content);
    assert_eq!(files(&sandbox), ["token"]);
}

#[test]
fn size_limit_is_an_error_and_leaves_nothing_behind() {
    if !has("bash") {
        return;
    }
    let (sandbox, _) = sandbox();
    let outcome = sandbox.shell("bash", "ulimit -f 0; ibmcloud-token -o directory/token");
    assert_failure(&outcome, 1);
    assert!(outcome.stderr.contains("File too large"), "{outcome:?}");
    eventually("nothing is left", || files(&sandbox).is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn file_is_written_without_a_thread_for_signals() {
    if !can_trace() {
        return;
    }
    let (sandbox, content) = sandbox();
    let outcome = traced(&sandbox, &["inject=clone,clone3:error=EAGAIN".to_owned()]).output().unwrap();
    assert_eq!((outcome.status.code(), outcome.stderr), (Some(0), Vec::new()));
    assert_eq!(fs::read_to_string(sandbox.home().join("directory/token")).unwrap(), content);
    assert_eq!(files(&sandbox), ["token"]);
}

#[test]
fn ignored_signal_does_not_stop_a_write() {
    let (sandbox, content) = sandbox();
    for signal in ["HUP", "INT", "TERM"] {
        let outcome = sandbox.shell(
            "sh",
            &format!("trap '' {signal}; ibmcloud-token -o directory/token & kill -{signal} $!; wait $!"),
        );
        assert_eq!(outcome.status, Some(0), "{signal}: {outcome:?}");
        assert_eq!(fs::read_to_string(sandbox.home().join("directory/token")).unwrap(), content);
        fs::remove_file(sandbox.home().join("directory/token")).unwrap();
    }
}
