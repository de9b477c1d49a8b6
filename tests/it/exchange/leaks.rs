//! Where the key and the token must not turn up: in an argument, in what is said, in a file that nobody named.
//! [`super::Client::run`] looks for them after every other test of this folder, too.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use super::server::{Service, Step, head};
use super::{Client, KEY, assert_no_secret_below, assert_no_secret_in, success, token};
use crate::sandbox::{PROGRAM, Sandbox, eventually, spawn};

/// The command lines of all processes.
fn command_lines() -> Vec<(PathBuf, String)> {
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| {
            let path = entry.ok()?.path().join("cmdline");
            let line = fs::read(&path).ok()?;
            Some((path, String::from_utf8_lossy(&line).replace('\0', " ")))
        })
        .collect()
}

#[test]
fn the_key_is_in_no_command_line_while_it_runs() {
    // A key of this test's own: the tests beside this one pass theirs to other programs.
    let key = KEY.replace("TESTKEY", "LEAKKEY");
    for from_variable in [false, true] {
        let service = Service::plain([Step::ThenSilence(head("200 OK", &["Content-Length: 2000"]))]);
        let sandbox = Sandbox::new();
        sandbox.write("key", &key);
        let line = format!("exchange -v --timeout 60s --endpoint {} --apikey @key", service.url());
        let mut program =
            sandbox.program(line.split(' ').filter(|word| !from_variable || !word.ends_with("key")));
        if from_variable {
            program.env("IBMCLOUD_API_KEY", &key);
        }
        let mut child = program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        eventually("the request arrives", || !service.requests().is_empty());
        let lines = command_lines();
        assert!(lines.iter().any(|(_, line)| line.starts_with(PROGRAM) && line.contains(&service.url())));
        for (path, line) in lines {
            assert!(!line.contains(&key), "the key is in {}: {line}", path.display());
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn a_run_that_is_killed_leaves_nothing_behind() {
    let body = success(&token());
    let service = Service::new([Step::ThenSilence(body[..body.len() - 5].to_vec())]);
    let client = Client::of(&service);
    let mut child = spawn(&mut client.program("-v --timeout 60s -o token.json"));
    eventually("the request arrives", || !service.requests().is_empty());
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_no_secret_in("the standard error", &String::from_utf8(output.stderr).unwrap());
    assert!(output.stdout.is_empty());
    assert_no_secret_below(client.sandbox.home(), &["key"]);
}

#[test]
fn the_token_is_on_the_standard_output_or_in_the_named_file_alone() {
    let token = token();
    let service = Service::new(vec![Step::Answer(success(&token)); 2]);
    let client = Client::of(&service);
    assert_eq!(client.run("--format token").payload(), token);
    assert_no_secret_below(client.sandbox.home(), &["key"]);
    let outcome = client.run("--format token -o token.json");
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""));
    assert_eq!(fs::read_to_string(client.sandbox.home().join("token.json")).unwrap(), format!("{token}\n"));
}
