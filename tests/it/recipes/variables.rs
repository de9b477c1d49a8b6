//! Variables for programs, for IBM's SDKs and for pasted samples.

use super::{command, page, recipe, run_by_shell, section, with};
use crate::sandbox::{Outcome, Sandbox};

/// Runs a recipe with `env` as the program, and returns the lines that it prints.
fn environment(heading: &str, sandbox: &Sandbox) -> Vec<String> {
    let line = with(&recipe(heading)[0], "my-program", "env");
    run_by_shell(sandbox, &line).payload().lines().map(str::to_owned).collect()
}

#[test]
fn any_program_finds_the_token() {
    let (sandbox, token) = Sandbox::logged_in();
    assert!(environment("Any program", &sandbox).contains(&format!("IAM_TOKEN={token}")));
}

#[test]
fn sdks_find_the_variables_of_the_page_and_no_other_credentials() {
    let (sandbox, token) = Sandbox::logged_in();
    let sandbox = sandbox.with("RESOURCE_CONTROLLER_APIKEY", "key");
    let lines = environment("IBM's SDKs", &sandbox);
    let set: Vec<_> = lines.iter().filter(|line| line.starts_with("RESOURCE_CONTROLLER_")).collect();
    let (kind, bearer) = ("RESOURCE_CONTROLLER_AUTH_TYPE", "RESOURCE_CONTROLLER_BEARER_TOKEN");
    assert_eq!(set.len(), 2, "{set:?}");
    assert!(lines.contains(&format!("{kind}=bearerToken")) && lines.contains(&format!("{bearer}={token}")));
    assert!(page().contains(&format!("| `{kind}` | `bearerToken` |\n| `{bearer}` | the bare token |\n")));
}

/// The text between the first backquotes.
fn code(cell: &str) -> &str {
    cell.split('`').nth(1).unwrap_or_else(|| panic!("no code in {cell:?}"))
}

#[test]
fn samples_of_every_service_send_the_bearer_value_once() {
    let section = section("With or without `Bearer`");
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| [")).collect();
    assert!(rows.len() >= 7, "{rows:#?}");
    let (sandbox, token) = Sandbox::logged_in();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let [service, sent, options] = cells[..] else { panic!("{row}") };
        assert!(service.contains("](https://cloud.ibm.com/docs/"), "no source: {row}");
        if code(sent).starts_with("Authorization:") {
            let line = format!(
                "env=$(ibmcloud-token -f env {}) && eval \"$env\" && printf '%s\\n' \"{}\"",
                code(options),
                code(sent)
            );
            let outcome = run_by_shell(&sandbox, &line);
            let value = outcome.payload().strip_prefix("Authorization:").unwrap().trim_start();
            assert_eq!(value, format!("Bearer {token}"), "{row}");
        } else {
            let outcome = run_by_shell(&sandbox, &format!("ibmcloud-token {}", code(options)));
            assert_eq!((code(sent), outcome.payload()), ("iambearer", token.as_str()), "{row}");
        }
    }
}

#[test]
fn samples_find_the_bearer_value() {
    let (sandbox, token) = Sandbox::logged_in();
    let line = &recipe("With or without `Bearer`")[0];
    let mut shell = command(&sandbox, "sh");
    let outcome: Outcome =
        shell.args(["-c", &format!("{line}\nprintenv IAM_TOKEN")]).output().unwrap().into();
    assert_eq!(outcome.payload(), format!("Bearer {token}"));
}
