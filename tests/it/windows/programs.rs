//! `exec`, `curl` and the formats.

use std::fs;
use std::process::Stdio;

use super::tool;
use crate::sandbox::{
    Outcome, SYSTEM_PATH, Sandbox, jwt, names, run_with_input, search_path, spawn, stand_in,
};

#[test]
fn exec_passes_the_token_and_the_exit_status_on() {
    let (sandbox, token) = Sandbox::logged_in();
    let outcome = sandbox.run("exec cmd /d /c echo %IAM_TOKEN%");
    assert_eq!(outcome.stdout.trim_end(), token, "{outcome:?}");
    for status in [0, 1, 7, 125, 255, 3000] {
        assert_eq!(sandbox.run(&format!("exec cmd /d /c exit {status}")).status, Some(status));
    }
    sandbox.run("exec no-such-program").fails_with(127);
}

#[test]
fn exec_leaves_the_streams_to_the_program() {
    let (sandbox, _) = Sandbox::logged_in();
    // It asks whether to update, and shows what it reads.
    let sandbox = sandbox.with("STAND_IN_UPDATE", "1");
    let outcome = sandbox.run_with_input("exec ibmcloud nothing", b"answer\r\nno\r\n");
    assert!(outcome.stdout.ends_with("[y/N]> answer\n"), "{outcome:?}");
    assert_eq!((outcome.status, outcome.stderr.lines().count()), (Some(1), 3), "{outcome:?}");
}

#[test]
fn exec_ends_its_program_if_it_is_killed() {
    let (sandbox, _) = Sandbox::logged_in();
    let sandbox = sandbox.with("STAND_IN_HANG", "1");
    let program = stand_in().to_str().unwrap();
    let mut child = spawn(sandbox.program(["exec", program, "hello"]).stdin(Stdio::null()));
    crate::sandbox::eventually("the program runs", || super::alive(&sandbox) == 1);
    child.kill().unwrap();
    child.wait().unwrap();
    crate::sandbox::eventually("the program is gone", || super::alive(&sandbox) == 0);
}

#[test]
fn exec_takes_programs_from_path_and_never_from_the_current_directory() {
    let (sandbox, _) = Sandbox::logged_in();
    let copy = sandbox.write("tool.exe", "");
    fs::copy(stand_in(), copy).unwrap();
    sandbox.run("exec tool --version").fails_with(127);
    let outcome = sandbox.run(r"exec .\tool --version");
    assert!(outcome.payload().contains("ibmcloud 2."), "{outcome:?}");
}

/// The standard library refuses what `cmd.exe` cannot pass on unchanged, or quotes it.
#[test]
fn hostile_argument_of_exec_starts_nothing_in_a_batch_file() {
    let (sandbox, _) = Sandbox::logged_in();
    sandbox.write("tool.cmd", "@echo off\r\necho %*\r\n");
    for hostile in ["\"&echo x>pwned", "a&echo x>pwned", "%COMSPEC%&echo x>pwned", "a\"\r\necho x>pwned"] {
        let outcome: Outcome = sandbox.program(["exec", r".\tool.cmd", hostile]).output().unwrap().into();
        assert!(!sandbox.home().join("pwned").exists(), "{hostile:?}: {outcome:?}");
    }
}

#[test]
fn curl_gets_the_header_in_no_argument_and_in_no_file() {
    let token = jwt(-10, 3600);
    let sandbox = Sandbox::with_token(&token);
    let curl = sandbox.write("bin/curl.exe", "");
    fs::copy(stand_in(), &curl).unwrap();
    let sandbox = sandbox.with("PATH", search_path(&[curl.parent().unwrap()], SYSTEM_PATH));
    sandbox.run("curl -s https://iam.cloud.ibm.com/v1");
    let calls = sandbox.call_log();
    assert_eq!(calls.lines().count(), 1, "{calls}");
    assert!(calls.contains("https://iam.cloud.ibm.com/v1") && !calls.contains("eyJ"), "{calls}");
    let [(_, environment)] = &sandbox.recorded_calls()[..] else { panic!("one call") };
    assert!(environment.contains(&format!("Authorization: Bearer {token}")), "{environment}");
    for file in crate::sandbox::files_below(sandbox.home()) {
        let is_ours = file == sandbox.session_file() || file.starts_with(sandbox.log());
        let content = fs::read(&file).unwrap_or_default();
        assert!(is_ours || !String::from_utf8_lossy(&content).contains(&token), "{}", file.display());
    }
}

#[test]
fn variables_are_for_powershell_by_default() {
    let (sandbox, token) = Sandbox::logged_in();
    assert_eq!(sandbox.run("-f env").payload(), format!("$env:IAM_TOKEN = '{token}'"));
    assert_eq!(sandbox.run("-f env --shell cmd").payload(), format!("set \"IAM_TOKEN={token}\""));
    assert_eq!(sandbox.run("-f env --shell sh").payload(), format!("export IAM_TOKEN='{token}'"));
}

#[test]
fn cmd_runs_the_assignment() {
    let (sandbox, token) = Sandbox::logged_in();
    let assignment = sandbox.run("-f env --shell cmd").payload().to_owned();
    sandbox.write("use.cmd", format!("@echo off\r\n{assignment}\r\necho %IAM_TOKEN%\r\n"));
    let outcome: Outcome = sandbox.command("cmd").args(["/d", "/c", "use.cmd"]).output().unwrap().into();
    assert_eq!(outcome.stdout.trim_end(), token, "{outcome:?}");
}

#[test]
fn carriage_returns_in_input_are_ignored() {
    let (sandbox, token) = Sandbox::logged_in();
    let input = format!("IAM token:  Bearer {token}\r\n");
    assert_eq!(sandbox.run_with_input("parse -f token", input.as_bytes()).stdout, format!("{token}\n"));
    sandbox.write("key", "good-key\r\n");
    let outcome = sandbox.run("login --apikey @key");
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert!(names(sandbox.home()).contains(&".bluemix".to_owned()));
}

#[test]
fn doctor_does_not_say_that_files_are_protected() {
    let (sandbox, _) = Sandbox::logged_in();
    let outcome = sandbox.run("doctor");
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    let is_said = |start: &str| lines.iter().any(|line| line.starts_with(start));
    assert!(is_said("skipped path ") && is_said("ok      session-file "), "{outcome:?}");
    assert!(!outcome.stdout.contains("no other user") && !outcome.stdout.contains("yours"), "{outcome:?}");
}

#[test]
fn missing_standard_handle_is_an_error_only_if_it_is_needed() {
    let Some(starter) = tool("closed-handles.exe") else { return };
    let (sandbox, token) = Sandbox::logged_in();
    let run = |handles: &str, line: &str| -> Outcome {
        let mut command = sandbox.command(&starter);
        command.arg(handles).arg(crate::sandbox::PROGRAM).args(line.split(' '));
        run_with_input(&mut command, token.as_bytes())
    };
    for handles in ["0", "2", "02"] {
        assert_eq!(run(handles, "-f token").payload(), token, "without {handles}");
    }
    assert!(run("1", "-f token").fails_with(1).error().contains("cannot write to the standard output"));
    assert_eq!(run("12", "-f token").status, Some(1));
    assert_eq!(run("012", "-f token").status, Some(1));
    // These need no standard output.
    for handles in ["1", "012"] {
        assert_eq!(run(handles, "-f token -o ./file").status, Some(0), "without {handles}");
        assert_eq!(fs::read_to_string(sandbox.home().join("file")).unwrap(), format!("{token}\n"));
        fs::remove_file(sandbox.home().join("file")).unwrap();
    }
    // Failures keep their exit codes.
    assert_eq!(run("2", "-f token --session none").status, Some(4));
    assert_eq!(run("", "parse -f token").payload(), token);
    let outcome = run("0", "parse -f token");
    assert!(outcome.status != Some(0) && outcome.stdout.is_empty(), "{outcome:?}");
}
