//! The key and the token must not appear in an argument, in a message, or in a file that the user did not name.
//! [`super::Client::run`] checks this in the other tests too.

use std::fs;

use super::{Client, assert_no_secret_below, assert_no_secret_in, success, token};
use crate::iam_service::{Service, Step};
use crate::sandbox::{eventually, spawn};

// Not on Windows: it reads /proc.
#[cfg(target_os = "linux")]
#[test]
fn key_is_in_no_command_line() {
    use std::process::Stdio;

    use super::KEY;
    use crate::iam_service::head;
    use crate::sandbox::processes::every_process;
    use crate::sandbox::{PROGRAM, Sandbox};

    // The key of the other tests is in the arguments of other programs that run at the same time.
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
        let lines: Vec<String> = every_process("cmdline")
            .into_iter()
            .map(|(_, line)| String::from_utf8_lossy(&line).replace('\0', " "))
            .collect();
        assert!(lines.iter().any(|line| line.starts_with(PROGRAM) && line.contains(&service.url())));
        for line in lines {
            assert!(!line.contains(&key), "the key is in a command line: {line}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn killed_run_leaves_nothing_behind() {
    let body = success(&token());
    let service = Service::new([Step::ThenSilence(body[..body.len() - 5].to_vec())]);
    let client = Client::of(&service);
    let mut child = spawn(&mut client.program("-v --timeout 60s -o token.json"));
    eventually("the request arrives", || !service.requests().is_empty());
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_no_secret_in("stderr", &String::from_utf8(output.stderr).unwrap());
    assert!(output.stdout.is_empty());
    assert_no_secret_below(client.sandbox.home(), &["key"]);
}

#[test]
fn token_is_on_stdout_or_in_the_named_file_only() {
    let token = token();
    let service = Service::new(vec![Step::Answer(success(&token)); 2]);
    let client = Client::of(&service);
    assert_eq!(client.run("--format token").payload(), token);
    assert_no_secret_below(client.sandbox.home(), &["key"]);
    let outcome = client.run("--format token -o token.json");
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""));
    assert_eq!(fs::read_to_string(client.sandbox.home().join("token.json")).unwrap(), format!("{token}\n"));
}
