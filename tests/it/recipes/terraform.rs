//! Terraform's `external` data source, by the rules of terraform-provider-external (`data_source.go`): an argument list
//! without a shell, `{}` on stdin, and an object of strings on stdout.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use super::{assert_asks_for_a_login, command, flat_map, logged_out, recipe};
use crate::sandbox::{Outcome, Sandbox, root, spawn};

/// The line of a recipe that names the program.
fn program_line(text: &str) -> &str {
    text.lines().find(|line| line.trim_start().starts_with("program = ")).expect("it names a program").trim()
}

/// Runs the program as the provider does.
fn read(sandbox: &Sandbox) -> Outcome {
    let recipe = recipe("Terraform: `external`");
    let list = program_line(&recipe[0]).strip_prefix("program = ").unwrap();
    // A list of quoted strings is JSON, except that `%%{` and `$${` stand for `%{` and `${`.
    let arguments: Vec<String> = serde_json::from_str(list).unwrap();
    let arguments: Vec<_> = arguments.iter().map(|argument| argument.replace("%%{", "%{")).collect();
    let mut program = command(sandbox, &arguments[0]);
    let mut child = spawn(program.args(&arguments[1..]).stdin(Stdio::piped()));
    drop(child.stdin.take().unwrap().write_all(b"{}"));
    child.wait_with_output().unwrap().into()
}

#[test]
fn terraform_gets_a_flat_map_of_strings() {
    let (sandbox, token) = Sandbox::logged_in();
    assert_eq!(flat_map(&read(&sandbox).json()), [("token", token.as_str())]);
}

#[test]
fn terraform_shows_the_reason_if_a_login_is_needed() {
    assert_asks_for_a_login(&read(&logged_out()));
}

#[test]
fn readme_has_the_same_program() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert_eq!(program_line(&readme), program_line(&recipe("Terraform: `external`")[0]));
}
