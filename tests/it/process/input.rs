//! The input of the CLI: arguments, environment, descriptors and standard input.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::Signal;

use super::{Waiting, contains, open_files};
use crate::sandbox::processes::stat_fields;
use crate::sandbox::{Outcome, Sandbox, eventually, jwt, spawn, stand_in_script, token};

#[test]
fn cli_gets_the_user_environment_with_few_changes() {
    let quiet = ["COLOR", "VERSION_CHECK", "ANALYTICS", "TRACE"];
    let sandbox = Sandbox::logging().with("STAND_IN_DELAY", "60");
    let mut command = sandbox.program(["get"]);
    for name in quiet {
        command.env(format!("IBMCLOUD_{name}"), "true").env(format!("BLUEMIX_{name}"), "/tmp/trace");
    }
    command
        .env("IAM_ENDPOINT", "https://evil.example.org")
        .env("IBMCLOUD_IAM_API_ENDPOINT", "https://kept.example.org")
        .env("HTTPS_PROXY", "http://proxy.example.org:8080")
        .env("EMPTY", "")
        .env("LINES", "two\nlines")
        .env("not a name", "x")
        .env("BYTES", OsStr::from_bytes(b"\xff=\xfe"));
    let mut expected: BTreeMap<Vec<u8>, Vec<u8>> = command
        .get_envs()
        .map(|(name, value)| (name.as_bytes().to_owned(), value.unwrap().as_bytes().to_owned()))
        .filter(|(name, _)| name != b"IAM_ENDPOINT")
        .collect();
    for (prefix, name) in quiet.iter().flat_map(|name| [("IBMCLOUD_", name), ("BLUEMIX_", name)]) {
        expected.insert(format!("{prefix}{name}").into_bytes(), b"false".to_vec());
    }

    let waiting = Waiting::start(&sandbox, &mut command);
    let environment = fs::read(waiting.cli_file("environ")).unwrap();
    let environment: BTreeMap<Vec<u8>, Vec<u8>> = environment
        .split(|&byte| byte == 0)
        .filter(|entry| !entry.is_empty())
        .map(|entry| {
            let end = entry.iter().position(|&byte| byte == b'=').unwrap();
            (entry[..end].to_owned(), entry[end + 1..].to_owned())
        })
        .collect();
    assert_eq!(environment, expected);
}

#[test]
fn cli_inherits_no_descriptor_and_no_signal_setting() {
    // The script, because a program in Rust changes its signal settings when it starts.
    let script = stand_in_script();
    let sandbox = Sandbox::logging().with("STAND_IN_HANG", "1");
    let sandbox = sandbox.with("IBMCLOUD_TOKEN_IBMCLOUD", script.to_str().unwrap());
    let mut waiting = Waiting::start(&sandbox, sandbox.program(["-v", "get"]).stdin(Stdio::piped()));
    let arguments = fs::read_to_string(sandbox.log().join(format!("argv.{}", waiting.cli))).unwrap();
    assert_eq!(arguments, "iam\noauth-tokens\n");

    // Until it becomes `sleep`, the shell has its script open.
    eventually("the CLI hangs", || fs::read(waiting.cli_file("cmdline")).unwrap().starts_with(b"sleep"));
    let descriptors = open_files(&waiting.cli_file("fd"));
    assert_eq!(descriptors["0"], Path::new("/dev/null"));
    assert_ne!(descriptors["1"], descriptors["2"], "two pipes");
    // The tests may have been started with further open descriptors.
    let inherited = open_files(Path::new("/proc/self/fd"));
    let leaks = |(number, file): &(&String, &PathBuf)| {
        !["0", "1", "2"].contains(&number.as_str()) && inherited.get(*number) != Some(*file)
    };
    let leaked: Vec<_> = descriptors.iter().filter(leaks).collect();
    assert!(leaked.is_empty(), "{leaked:?}");
    let own = open_files(Path::new(&format!("/proc/{}/fd", waiting.program.id())));
    assert!(
        own.values().any(|path| path.extension().is_some_and(|e| e == "lock")),
        "no lock is open: {own:?}"
    );

    assert!(contains(waiting.program.id(), "SigIgn", Signal::PIPE));
    assert!(!contains(waiting.cli, "SigIgn", Signal::PIPE));
    assert!(!contains(waiting.cli, "SigBlk", Signal::PIPE));

    // The state, the parent, and the process group.
    assert_eq!(stat_fields(waiting.cli)[2], waiting.cli.to_string());
    // The program has not closed its own stdin.
    waiting.program.stdin.take().unwrap().write_all(b"x").unwrap();
}

#[test]
fn question_from_the_cli_gets_end_of_input() {
    let sandbox = Sandbox::replaying("login-sso");
    sandbox.write_session(&jwt(-7200, -3600));
    let mut child = spawn(sandbox.program(["--timeout", "20s"]).stdin(Stdio::piped()));
    let stdin = child.stdin.take();
    let outcome = Outcome::from(child.wait_with_output().unwrap());
    drop(stdin);
    assert!(outcome.fails_with(5).stderr.contains("Could not read from input: EOF"), "{outcome:?}");
}

#[test]
fn update_question_is_suppressed() {
    let sandbox = Sandbox::new().with("STAND_IN_UPDATE", "1");
    let asked = sandbox.run_cli("iam oauth-tokens");
    assert!(asked.payload().contains("Do you want to update?"));
    assert_eq!(sandbox.run("get").payload(), format!("Bearer {}", token("passcode-mfa")));
}
