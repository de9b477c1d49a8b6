//! The deadline applies to every source of a secret.

use std::process::Stdio;

use crate::sandbox::{Outcome, Sandbox, is_built, make_pipe, spawn};

#[test]
#[cfg_attr(windows, ignore = "no named pipes in the file system")]
fn key_file_that_nobody_writes_to_times_out() {
    for (line, variable) in [
        ("login --apikey @pipe", None),
        ("exchange --apikey @pipe", None),
        ("login", Some("@pipe")),
        ("--login", Some("@pipe")),
        ("exchange", Some("@~/pipe")),
    ] {
        if !is_built(&line) {
            continue;
        }
        let mut sandbox = Sandbox::with_session();
        if let Some(value) = variable {
            sandbox = sandbox.with("IBMCLOUD_API_KEY", value);
        }
        make_pipe(&sandbox.home().join("pipe"));
        // `--login` first asks the CLI for a token, which may take a while on a busy machine.
        let timeout = if line == "--login" { "2s" } else { "300ms" };
        let outcome = sandbox.run(&format!("{line} --timeout {timeout}"));
        outcome.fails_with(7);
        assert!(
            line == "--login" || outcome.error().contains("pipe` could not be read within"),
            "{outcome:?}"
        );
        assert!(!sandbox.call_log().contains("login"), "{line}");
    }
}

#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn endless_key_file_is_read_up_to_a_limit() {
    for (line, value) in [
        ("login --apikey @/dev/zero", ""),
        ("login", "@/dev/zero"),
        ("exchange --apikey @/dev/zero", ""),
        ("exchange", "@/dev/zero"),
    ] {
        if !is_built(&line) {
            continue;
        }
        let sandbox = Sandbox::with_session().with("IBMCLOUD_API_KEY", value);
        // The limit of the memory ends a program that would read it all.
        let command = format!("ulimit -v 1048576; exec ibmcloud-token {line} --timeout 20s");
        let outcome = sandbox.shell("sh", &command);
        let expected = "`/dev/zero` does not hold an API key: it is larger than 64 KiB";
        assert_eq!(outcome.fails_with(2).error(), expected, "{line}");
        assert_eq!(sandbox.calls(), 0, "{line}");
    }
}

#[test]
fn silent_stdin_times_out() {
    for line in ["login --passcode -", "login --apikey -", "exchange --apikey -"].into_iter().filter(is_built)
    {
        let sandbox = Sandbox::with_session();
        let words = format!("{line} --timeout 300ms");
        let mut child = spawn(sandbox.program(words.split(' ')).stdin(Stdio::piped()));
        let open = child.stdin.take();
        let outcome = Outcome::from(child.wait_with_output().unwrap());
        drop(open);
        outcome.fails_with(7);
        assert_eq!(sandbox.calls(), 0, "{line}");
    }
}

#[test]
fn passcode_needs_no_end_of_input() {
    use std::io::Write as _;
    let sandbox = Sandbox::with_session();
    let mut child = spawn(sandbox.program(["login", "--passcode", "-"]).stdin(Stdio::piped()));
    let mut open = child.stdin.take().unwrap();
    open.write_all(b"pAsSc0dE\n").unwrap();
    let outcome = Outcome::from(child.wait_with_output().unwrap());
    drop(open);
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
}
