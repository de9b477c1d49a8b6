//! `-f github`: the mask in the log, then the token in the files of the GitHub Actions runner.

use std::fs;
use std::process::Stdio;

use super::assert_failure;
use crate::sandbox::{Sandbox, cli_output};

#[test]
fn github_format_masks_the_token_and_appends_to_the_files() {
    let (sandbox, token) = Sandbox::logged_in();
    let output = sandbox.write("output", "a=b\n");
    let env = sandbox.write("env", "");
    let one = sandbox.with("GITHUB_OUTPUT", output.to_str().unwrap());
    assert_eq!(one.run("get -f github").payload(), format!("::add-mask::{token}"));
    assert_eq!(fs::read_to_string(&output).unwrap(), format!("a=b\nIAM_TOKEN={token}\n"));
    assert_eq!(fs::read_to_string(&env).unwrap(), "");

    let both = one.with("GITHUB_ENV", env.to_str().unwrap());
    let outcome = both.run_with_input("parse -f github --env T", &cli_output(&token));
    assert_eq!(outcome.payload(), format!("::add-mask::{token}"));
    assert_eq!(fs::read_to_string(&output).unwrap(), format!("a=b\nIAM_TOKEN={token}\nT={token}\n"));
    assert_eq!(fs::read_to_string(&env).unwrap(), format!("T={token}\n"));
}

#[test]
fn every_variable_with_its_template_is_in_both_files() {
    let (sandbox, token) = Sandbox::logged_in();
    let files = ["output", "env"].map(|name| sandbox.write(name, ""));
    let sandbox = sandbox
        .with("GITHUB_OUTPUT", files[0].to_str().unwrap())
        .with("GITHUB_ENV", files[1].to_str().unwrap());
    let line = "get -f github --env A=%{bearer} --env B --env ACCOUNT=%{account}";
    assert_eq!(sandbox.run(line).payload(), format!("::add-mask::{token}"));
    for file in files {
        let expected = format!("A=Bearer {token}\nB={token}\nACCOUNT=a1\n");
        assert_eq!(fs::read_to_string(file).unwrap(), expected);
    }
}

#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn mask_is_printed_before_the_token_is_written() {
    // The runner reads the log while the program runs, so the mask must come before the token is in the file.
    let (sandbox, token) = Sandbox::logged_in();
    let log = sandbox.write("everything", "");
    let sandbox = sandbox.with("GITHUB_OUTPUT", log.to_str().unwrap());
    let outcome = sandbox.shell("sh", "ibmcloud-token -f github >>everything");
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let log = fs::read_to_string(log).unwrap();
    assert_eq!(log, format!("::add-mask::{token}\nIAM_TOKEN={token}\n"));
}

#[test]
fn token_is_not_written_if_the_mask_cannot_be_printed() {
    let sandbox = Sandbox::replaying("oauth-tokens-one-line");
    let file = sandbox.write("env", "KEPT=1\n");
    let sandbox = sandbox.with("GITHUB_ENV", file.to_str().unwrap());
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status =
        sandbox.program(["-q", "-f", "github"]).stdout(writer).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(1));
    assert_eq!(fs::read_to_string(file).unwrap(), "KEPT=1\n");
}

#[test]
fn missing_github_file_is_an_error_before_anything_is_printed() {
    let (sandbox, _) = Sandbox::logged_in();
    let env = sandbox.write("env", "");
    let sandbox = sandbox.with("GITHUB_ENV", env.to_str().unwrap()).with("GITHUB_OUTPUT", "/nowhere/output");
    assert_failure(&sandbox.run("get -f github"), 1);
    assert_failure(&sandbox.run("parse -f github"), 5);
    assert_eq!(fs::read_to_string(env).unwrap(), "");
}

#[test]
fn github_format_takes_no_file() {
    let (sandbox, token) = Sandbox::logged_in();
    let sandbox = sandbox.with("GITHUB_OUTPUT", "output");
    for line in ["get -f github -o file", "parse -f github -o file"] {
        let outcome = sandbox.run_with_input(line, &cli_output(&token));
        assert_failure(&outcome, 2);
        assert_eq!(outcome.hint(), "omit `--output`", "{line}");
    }
    assert!(!sandbox.home().join("file").exists() && !sandbox.home().join("output").exists());
}
