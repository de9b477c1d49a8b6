//! Standard streams that are closed, full, or never end.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use super::assert_failure;
use crate::iam_service::{Service, Step, answer};
use crate::sandbox::{Outcome, Sandbox, cli_output, is_built, jwt};
#[cfg(target_os = "linux")]
use crate::sandbox::{PROGRAM, can_trace, run_with_input};

#[test]
fn endless_input_ends_at_the_deadline() {
    for line in ["parse", "inspect -", "login --apikey -"] {
        let sandbox = Sandbox::new();
        let (reader, writer) = std::io::pipe().unwrap();
        let mut command = sandbox.program(line.split(' ').chain(["--timeout", "200ms"]));
        let outcome: Outcome = command.stdin(reader).output().unwrap().into();
        outcome.fails_with(7);
        drop(writer);
    }
}

/// As where `ulimit -u` allows no further thread. Root is above that limit, so the call itself fails here.
#[cfg(target_os = "linux")]
#[test]
fn missing_thread_for_the_input_is_an_error_and_not_a_panic() {
    if !can_trace() {
        return;
    }
    for line in ["parse", "inspect -", "login --apikey -", "login --passcode -"] {
        let sandbox = Sandbox::logging();
        let mut command = sandbox.command("strace");
        command.args(["-f", "-o", "/dev/null", "-e", "inject=clone,clone3:error=EAGAIN", PROGRAM]);
        let outcome = run_with_input(command.args(line.split(' ')), b"text\n");
        assert_failure(&outcome, 1);
        assert!(outcome.stderr.contains("Resource temporarily unavailable"), "{line}: {outcome:?}");
        assert!(!outcome.stderr.contains("panicked"), "{line}: {outcome:?}");
        assert_eq!(sandbox.calls(), 0, "{line}");
    }
}

#[test]
fn unwritable_stdout_is_an_error() {
    let sandbox = Sandbox::new().with("GITHUB_OUTPUT", "output");
    sandbox.write("output", "");
    for line in ["get", "get -f github", "get -f json"] {
        let outcome = sandbox.shell("sh", &format!("ibmcloud-token {line} 1</dev/null"));
        outcome.fails_with(1);
        assert_eq!(fs::read(sandbox.home().join("output")).unwrap(), b"", "{line}");
    }
}

#[test]
fn help_that_cannot_be_written_is_an_error() {
    for line in ["--version", "--help", "-h", "get --help", "man", "man get", "completions bash"] {
        let outcome = Sandbox::new().shell("sh", &format!("ibmcloud-token {line} >/dev/full"));
        assert_failure(&outcome, 1);
        assert!(outcome.error().starts_with("cannot write to the standard output"), "{line}: {outcome:?}");
    }
}

#[test]
fn closed_pipe_is_not_an_error_but_a_full_disk_is() {
    let (sandbox, _) = Sandbox::logged_in();
    let outcome =
        sandbox.shell("bash", "set -o pipefail; ibmcloud-token | true; ibmcloud-token --help | true");
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
    if Path::new("/dev/full").exists() {
        assert_failure(&sandbox.shell("sh", "ibmcloud-token >/dev/full"), 1);
    }
}

#[test]
fn pipe_closed_by_its_reader_is_not_an_error() {
    let (sandbox, _) = Sandbox::logged_in();
    for line in ["get", "get --fresh", "-f json", "-f env", "status", "inspect", "--help", "--version"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = sandbox.program(line.split(' ')).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()), "{line}");
    }
    let piped = sandbox.shell("sh", "{ ibmcloud-token; echo $? >&2; } | head -c 0");
    assert_eq!((piped.stdout.as_str(), piped.stderr.as_str()), ("", "0\n"));
}

#[track_caller]
fn closed_is_an_error(sandbox: &Sandbox, line: &str, redirections: &[&str]) {
    for closed in redirections {
        let outcome = sandbox
            .shell("sh", &format!("ibmcloud-token {line} {closed}; status=$?; cat file; exit $status"));
        assert_eq!(outcome.status, Some(1), "{line} {closed}: {outcome:?}");
    }
}

#[track_caller]
fn discarded_is_not(sandbox: &Sandbox, line: &str, redirections: &[&str]) {
    for discarded in redirections {
        let outcome = sandbox.shell("sh", &format!("ibmcloud-token {line} {discarded}"));
        assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{line} {discarded}");
    }
}

#[test]
fn closed_stdout_of_a_filter_a_workflow_or_an_exchange_is_an_error() {
    let (sandbox, token) = Sandbox::logged_in();
    sandbox.write("input", cli_output(&token));
    let output = sandbox.write("output", "");
    let sandbox = sandbox.with("GITHUB_OUTPUT", output.to_str().unwrap());
    let closed = [">&-", ">&- 2>file"];
    for line in ["-f github", "parse <input", "parse -f github <input"] {
        closed_is_an_error(&sandbox, line, &closed);
        assert_eq!(fs::read_to_string(&output).unwrap(), "", "{line}");
    }
    for line in ["-f github", "parse <input"] {
        discarded_is_not(&sandbox, line, &[">/dev/null"]);
    }
    if is_built(&"exchange") {
        let response = format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":3600}}"#);
        let service = Service::plain([(); 5].map(|()| Step::Answer(answer("200 OK", &[], response.clone()))));
        let sandbox = sandbox.with("IBMCLOUD_API_KEY", "synthetic-key");
        let line = format!("exchange --endpoint {}", service.url());
        closed_is_an_error(&sandbox, &line, &closed);
        closed_is_an_error(&sandbox, &format!("{line} --raw"), &closed);
        discarded_is_not(&sandbox, &line, &[">/dev/null"]);
    }
}

#[test]
fn closed_stdout_is_an_error_but_a_discarded_one_is_not() {
    let (sandbox, _) = Sandbox::logged_in();
    let lines = [
        "get",
        "get --fresh",
        "-f json",
        "-f env",
        "-o /dev/stdout",
        "status",
        "inspect",
        "--help",
        "--version",
    ];
    for line in lines {
        closed_is_an_error(&sandbox, line, &[">&-", "<&- >&-", ">&- 2>file"]);
        discarded_is_not(&sandbox, line, &[">/dev/null", "</dev/null >/dev/null", "<&- >/dev/null"]);
    }
    assert_failure(&sandbox.shell("sh", "ibmcloud-token >&-"), 1);
    // A daemon, or a program that starts ours with nothing but `/dev/null`, opens it for reading and writing.
    let outcome = sandbox.shell("sh", "ibmcloud-token <>/dev/null >&0 2>&0");
    assert_eq!(outcome.status, Some(0));
    // Nothing is printed, so a closed stdout does not matter.
    assert_eq!(sandbox.shell("sh", "ibmcloud-token -o file >&-").status, Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn full_disk_is_an_error() {
    let sandbox = Sandbox::new();
    sandbox.write_session(&jwt(0, 3600));
    for line in ["get", "get --fresh", "-f json", "status", "inspect"] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = sandbox.program(line.split(' ')).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let outcome = Outcome::from(output);
        assert!(outcome.fails_with(1).stderr.contains("No space left"), "{line}: {outcome:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn exit_status_does_not_depend_on_a_readable_stderr() {
    let sandbox = Sandbox::replaying("oauth-tokens-not-logged-in");
    for redirection in ["2>&-", ">&- 2>&-", "2>/dev/full", "2>&1 >/dev/null"] {
        let outcome = sandbox.shell("sh", &format!("ibmcloud-token -v {redirection}"));
        assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(4), ""), "{redirection}");
    }
}
