//! The system calls of an answer from the session file.

use std::fs;

use crate::sandbox::{Outcome, Sandbox, can_trace, jwt};

/// All system calls, with those of the loader, the C library and the Rust runtime. Measured: 74 (debug build, glibc 2.36,
/// x86-64).
const MAX_SYSTEM_CALLS: usize = 90;

/// The system calls from the first access to the home until the end, without those that manage memory. Measured: 11 with
/// glibc and 12 with musl; 2 of them belong to the Rust runtime.
const MAX_OWN_SYSTEM_CALLS: usize = 13;

#[test]
fn answer_from_the_session_file_takes_few_system_calls() {
    if !can_trace() {
        return;
    }
    let token = jwt(-60, 3540);
    let sandbox = Sandbox::with_token(&token);
    let log = sandbox.home().join("strace");
    let mut command = sandbox.command("strace");
    command.arg("-f").arg("-o").arg(&log).arg(crate::sandbox::PROGRAM).stdin(std::process::Stdio::null());
    let outcome = Outcome::from(command.output().unwrap());
    assert_eq!(outcome.payload(), format!("Bearer {token}"));
    let log = fs::read_to_string(log).unwrap();
    // `PID name(arguments…) = result`
    let calls: Vec<(&str, &str)> = log
        .lines()
        .filter_map(|line| line.split_once(char::is_whitespace)?.1.trim_start().split_once('('))
        .collect();
    let of = |names: &[&str]| -> Vec<_> { calls.iter().filter(|(name, _)| names.contains(name)).collect() };
    assert_eq!(of(&["execve", "execveat"]).len(), 1, "{log}");
    for names in [
        &["fork", "vfork", "clone", "clone3"][..],
        &["flock"],
        &["socket", "connect", "socketpair"],
        &["nanosleep", "clock_nanosleep"],
        &[
            "rename",
            "renameat",
            "renameat2",
            "unlink",
            "unlinkat",
            "mkdir",
            "mkdirat",
            "truncate",
            "ftruncate",
        ],
    ] {
        assert!(of(names).is_empty(), "{names:?}: {log}");
    }
    let writes = of(&["write", "writev", "pwrite64", "pwritev", "pwritev2", "sendto", "sendmsg"]);
    assert!(matches!(writes[..], [("write", arguments)] if arguments.starts_with("1, ")), "{writes:?}");
    for (_, arguments) in of(&["open", "openat", "openat2", "creat"]) {
        assert!(
            !["O_WRONLY", "O_RDWR", "O_CREAT"].iter().any(|flag| arguments.contains(flag)),
            "{arguments}"
        );
    }
    let home = sandbox.home().to_str().unwrap();
    let before = calls.iter().skip(1).position(|(_, arguments)| arguments.contains(home)).unwrap() + 1;
    let manages_memory = |name: &str| ["brk", "mmap", "mremap", "munmap"].contains(&name);
    let own = calls[before..].iter().filter(|(name, _)| !manages_memory(name)).count();
    assert!(own <= MAX_OWN_SYSTEM_CALLS, "{own} own system calls: {log}");
    assert!(calls.len() <= MAX_SYSTEM_CALLS, "{} system calls: {log}", calls.len());
}
