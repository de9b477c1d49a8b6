//! No core dump is written while a secret is held.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use crate::sandbox::{PROGRAM, Sandbox, can_trace, eventually, is_available, is_built, spawn};

const KEY: &str = "0a-1b_2cTESTKEYx3d4e5f6g7h8i9jAkBlCmDnEoFpGq";

#[test]
fn crash_leaves_no_core_dump_with_a_key() {
    let sandbox = Sandbox::logging().with("STAND_IN_HANG", "1").with("IBMCLOUD_API_KEY", KEY);
    let ended_by = |line: &str| {
        let mut shell = sandbox.command("sh");
        shell.args(["-c", &format!("ulimit -c unlimited; {line}")]).stdin(Stdio::null());
        shell
    };
    let control = ended_by("kill -s ABRT $$").status().unwrap();
    if !is_available(control.core_dumped(), "the kernel writes no core dumps here") {
        return;
    }
    let child = spawn(&mut ended_by(&format!("exec '{PROGRAM}' --timeout 60s")));
    eventually("the CLI is started", || sandbox.calls() == 1);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::ABORT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.signal().is_some() && !output.status.core_dumped(), "{output:?}");
}

/// The limit on core files would be inherited by a program that `exec` runs; the flag of the process ends with it.
#[test]
fn process_is_not_dumpable_before_it_touches_a_secret() {
    if !can_trace() {
        return;
    }
    // Nobody is logged in, and the file holds no key.
    for (line, status) in [("status", 4), ("login --apikey @key", 2), ("exchange --apikey @key", 2)] {
        if !is_built(&line) {
            continue;
        }
        let sandbox = Sandbox::new();
        sandbox.write_private("key", "two words");
        let log = sandbox.home().join("strace");
        let mut command = sandbox.command("strace");
        command
            .args(["-f", "-o"])
            .arg(&log)
            .args(["-e", "trace=prctl,setrlimit,prlimit64,?open,openat,read,socket,clone3,clone"]);
        let output = command.arg(PROGRAM).args(line.split(' ')).stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        let log = std::fs::read_to_string(log).unwrap();
        let forbidden = log.find("prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE) = 0").expect(&log);
        let session_file = sandbox.session_file();
        let secret = if line == "status" { session_file.to_str().unwrap() } else { "\"key\"" };
        let opened = log.find(secret).expect(&log);
        assert!(forbidden < opened, "{line}: {log}");
        assert!(!log.contains("RLIMIT_CORE"), "{line}: {log}");
    }
}
