//! A CLI that cannot be started, and the reported cause.

use crate::sandbox::{Outcome, PROGRAM, Sandbox, can_trace};

/// Runs the program while the kernel answers system calls as in a sandbox.
fn with_injected(arguments: &[&str]) -> Outcome {
    let sandbox = Sandbox::logging();
    let mut command = sandbox.command("strace");
    command.args(["-f", "-o", "/dev/null"]).args(arguments).arg(PROGRAM).stdin(std::process::Stdio::null());
    let outcome = command.output().unwrap().into();
    assert_eq!(sandbox.calls(), 0);
    outcome
}

#[test]
fn refused_system_call_is_not_blamed_on_the_cli() {
    if !can_trace() {
        return;
    }
    for (error, hint) in
        [("EPERM", "sandbox"), ("ENOSYS", "sandbox"), ("EAGAIN", "ulimit"), ("ENOMEM", "ulimit")]
    {
        let outcome = with_injected(&["-e", &format!("inject=clone3,clone,vfork,fork:error={error}")]);
        assert!(outcome.fails_with(1).error().starts_with("cannot start `"), "{outcome:?}");
        assert!(outcome.hint().contains(hint) && !outcome.stderr.contains("reinstall"), "{outcome:?}");
    }
}

#[test]
fn missing_null_device_is_not_blamed_on_the_cli() {
    if !can_trace() {
        return;
    }
    for error in ["ENOENT", "EACCES", "ENXIO"] {
        let outcome = with_injected(&["-P", "/dev/null", "-e", &format!("inject=open,openat:error={error}")]);
        assert!(outcome.fails_with(1).error().contains("without `/dev/null`"), "{outcome:?}");
        assert!(outcome.hint().contains("mknod") && !outcome.stderr.contains("reinstall"), "{outcome:?}");
    }
}

#[test]
fn program_that_cannot_be_run_has_a_reinstall_hint() {
    let sandbox = Sandbox::new();
    let script = sandbox.write("script", "#!/no/such/interpreter\n");
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let outcome = sandbox.run(&format!("--ibmcloud {}", script.display()));
    assert!(outcome.fails_with(3).hint().contains("reinstall"), "{outcome:?}");
}
