//! Terraform's `external` data source, by the rules of terraform-provider-external (`data_source.go`): an argument list
//! without a shell, `{}` on stdin, and an object of strings on stdout.

use super::{assert_asks_for_a_login, command, flat_map, logged_out, recipe};
use crate::readme;
use crate::sandbox::{Outcome, Sandbox, run_with_input};

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
    run_with_input(command(sandbox, &arguments[0]).args(&arguments[1..]), b"{}")
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
    assert_eq!(program_line(&readme::page("README.md")), program_line(&recipe("Terraform: `external`")[0]));
}
