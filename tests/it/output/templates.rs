//! Templates: JSON is valid and shells read exactly the value, for any claims and literal text.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::formats::assignment;
use crate::sandbox::{Sandbox, cli_output, has, jwt, jwt_of, token};

/// Writes literal text for a template.
fn escaped(text: &str) -> String {
    text.replace('%', "%%").replace('\\', r"\\")
}

/// Runs a property a limited number of times, because each run starts processes.
fn check<S: Strategy>(cases: u32, strategy: S, property: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config).run(&strategy, property).unwrap();
}

#[test]
fn json_from_a_template_is_valid_whatever_the_claims_hold() {
    let sandbox = Sandbox::new();
    check(60, ("\\PC{0,12}|.{0,12}|[a-z0-9@._-]{0,12}", any::<bool>()), |(claim, is_account)| {
        let name = if is_account { "account" } else { "iam_id" };
        let value = serde_json::to_string(&claim).unwrap();
        let claims = if is_account {
            format!(r#"{{"iam_id":"IBMid-1","account":{{"bss":{value}}}}}"#)
        } else {
            format!(r#"{{"account":{{"bss":"a1"}},"iam_id":{value}}}"#)
        };
        let token = jwt_of(&claims);
        let line = format!(r#"parse -f {{"t":"%{{token}}","c":"%{{{name}}}"}}"#);
        let outcome = sandbox.run_with_input(&line, &cli_output(&token));
        if outcome.status == Some(8) {
            prop_assert_eq!(outcome.stdout, "");
        } else {
            let json = outcome.json();
            prop_assert_eq!((&json["t"], &json["c"]), (&token.into(), &claim.into()));
        }
        Ok(())
    });
}

#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn shells_read_exactly_the_value_of_a_template() {
    const VARIABLES: usize = 25;
    let token = jwt(-10, 3600);
    let input = cli_output(&token);
    let literals = || proptest::collection::vec("[ -~]{0,10}|\\PC{0,10}|['\"\\\\$`!%^]{0,6}", VARIABLES);
    for (shell, name) in [("sh", "sh"), ("bash", "sh"), ("zsh", "sh"), ("fish", "fish")] {
        if !has(shell) {
            continue;
        }
        check(8, literals(), |literals| {
            let sandbox = Sandbox::new();
            let mut program = sandbox.program(["parse", "-f", "env", "--shell", name, "-o", "assignments"]);
            let mut script = match shell {
                "fish" => "source assignments\n".to_owned(),
                _ => ". ./assignments\n".to_owned(),
            };
            let mut expected = String::new();
            for (number, literal) in literals.iter().enumerate() {
                program.arg("--env").arg(format!("V{number}={}%{{bearer}}{0}", escaped(literal)));
                let _ = writeln!(script, "printf '<%s>\\n' \"$V{number}\"");
                let _ = writeln!(expected, "<{literal}Bearer {token}{literal}>");
            }
            let outcome = crate::sandbox::run_with_input(&mut program, &input);
            prop_assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
            prop_assert_eq!(sandbox.shell(shell, &script).stdout, expected);
            Ok(())
        });
    }
}

#[test]
fn ibm_samples_get_the_variable_with_and_without_the_scheme() {
    let (sandbox, token) = Sandbox::logged_in();
    for (line, expected) in [
        ("-f env --env IAM_TOKEN=%{bearer}", assignment("IAM_TOKEN", &format!("Bearer {token}"))),
        ("-f env --env IAM_TOKEN", assignment("IAM_TOKEN", &token)),
        ("-f {\"Authorization\":\"%{bearer}\"}", format!("{{\"Authorization\":\"Bearer {token}\"}}")),
    ] {
        assert_eq!(sandbox.run(line).payload(), expected, "{line}");
    }
}

#[test]
fn invalid_template_is_found_before_any_work() {
    let sandbox = Sandbox::logging();
    for format in ["%{token", "%{tokens}", "%{token}%", "\\q%{token}", "%{token}\\"] {
        sandbox.run(&format!("get --fresh -f {format}")).fails_with(2);
        sandbox.run(&format!("get --fresh -f env --env A={format}")).fails_with(2);
    }
    sandbox.run(r"get --fresh -f env --env A=a\nb").fails_with(2);
    assert_eq!(sandbox.calls(), 0);
    assert!(
        sandbox
            .run_with_input(r"parse -f %{token}\n\t%%", &cli_output(&token("opaque")))
            .stdout
            .ends_with("\n\t%\n")
    );
}
