//! The files of the GitHub Actions runner: both get the token, or neither does.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use super::assert_failure;
use crate::sandbox::{Sandbox, eventually, is_root, make_pipe, set_mode};

/// A sandbox with these contents in the two files.
fn sandbox(output: &str, env: &str) -> (Sandbox, String) {
    let (sandbox, token) = Sandbox::logged_in();
    let [output, env] =
        [("output", output), ("env", env)].map(|(name, content)| sandbox.write(name, content));
    let sandbox = sandbox.with("GITHUB_OUTPUT", output.to_str().unwrap());
    (sandbox.with("GITHUB_ENV", env.to_str().unwrap()), token)
}

fn content(sandbox: &Sandbox) -> [String; 2] {
    ["output", "env"].map(|name| fs::read_to_string(sandbox.home().join(name)).unwrap())
}

#[test]
fn missing_line_end_is_added_first() {
    for (before, start) in [("", ""), ("a=b", "a=b\n"), ("a=b\n", "a=b\n"), ("a<<E\n1\nE", "a<<E\n1\nE\n")] {
        let (sandbox, token) = sandbox(before, before);
        assert_eq!(sandbox.run("-f github").payload(), format!("::add-mask::{token}"));
        let expected = format!("{start}IAM_TOKEN={token}\n");
        assert_eq!(content(&sandbox), [expected.clone(), expected]);
    }
}

#[test]
#[cfg_attr(windows, ignore = "no owners of files")]
fn unwritable_file_is_found_before_the_other_is_written() {
    for name in ["GITHUB_OUTPUT", "GITHUB_ENV"] {
        for path in ["none/file", "directory", "/proc/version/x", "/dev/fd/987"] {
            let (sandbox, _) = sandbox("a=b", "a=b");
            fs::create_dir(sandbox.home().join("directory")).unwrap();
            let sandbox = sandbox.with(name, path);
            assert_failure(&sandbox.run("-f github"), 1);
            assert_eq!(content(&sandbox), ["a=b", "a=b"], "{name}={path}");
        }
        if !is_root() {
            let (sandbox, _) = sandbox("a=b", "a=b");
            let file = sandbox.write("read-only", "");
            set_mode(&file, 0o400);
            let sandbox = sandbox.with(name, file.to_str().unwrap());
            assert_failure(&sandbox.run("-f github"), 1);
            assert_eq!(content(&sandbox), ["a=b", "a=b"]);
        }
    }
}

#[test]
#[cfg_attr(windows, ignore = "needs a device of Unix")]
fn first_file_is_restored_if_the_second_cannot_take_the_token() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    for name in ["GITHUB_OUTPUT", "GITHUB_ENV"] {
        let (sandbox, token) = sandbox("a=b", "a=b");
        let sandbox = sandbox.with(name, "/dev/full");
        let outcome = sandbox.run("-f github");
        assert_eq!((outcome.status, outcome.stdout), (Some(1), format!("::add-mask::{token}\n")));
        assert!(outcome.stderr.contains("No space left"), "{}", outcome.stderr);
        assert_eq!(content(&sandbox), ["a=b", "a=b"], "{name}");
    }
}

#[test]
#[cfg_attr(windows, ignore = "no named pipes in the file system")]
fn pipe_is_written_through_until_the_deadline() {
    for name in ["GITHUB_OUTPUT", "GITHUB_ENV"] {
        let (sandbox, token) = sandbox("a=b", "a=b");
        let pipe = sandbox.home().join("pipe");
        make_pipe(&pipe);
        let sandbox = sandbox.with(name, pipe.to_str().unwrap());
        assert_failure(&sandbox.run("-f github --timeout 300ms"), 7);
        assert_eq!(content(&sandbox), ["a=b", "a=b"]);

        let program = sandbox.program(["-f", "github"]).stdout(Stdio::null()).spawn();
        assert_eq!(fs::read_to_string(&pipe).unwrap(), format!("IAM_TOKEN={token}\n"));
        assert!(program.unwrap().wait().unwrap().success());
        eventually("the other file is written", || content(&sandbox).concat().contains(&token));
    }
}

#[test]
#[cfg_attr(windows, ignore = "needs a device of Unix")]
fn stdout_can_stand_for_the_file() {
    // People try a workflow on their own machine like this.
    let (sandbox, token) = sandbox("", "");
    let outcome = sandbox.with("GITHUB_OUTPUT", "/dev/stdout").run("-f github");
    assert_eq!(outcome.payload(), format!("::add-mask::{token}\nIAM_TOKEN={token}"));
}
