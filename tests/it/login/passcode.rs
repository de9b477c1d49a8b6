//! A one-time passcode from stdin.

use std::fs;

use super::{assert_logged_in, last_login};
use crate::sandbox::{Sandbox, test_program};

#[test]
fn passcode_from_stdin_works_with_every_wording() {
    for situation in ["login-sso", "login-sso-old", "login-sso-es"] {
        let sandbox = Sandbox::with_session().with("STAND_IN_LOGIN", situation);
        assert_logged_in(&sandbox, &sandbox.run_with_input("login --passcode -", b"pAsSc0dE\n"));
        let (arguments, environment) = last_login(&sandbox);
        assert_eq!(arguments[..2], ["login", "--sso"]);
        assert!(!format!("{arguments:?}{environment:?}").contains("pAsSc0dE"));
    }
}

#[test]
fn rejected_passcode_from_stdin_is_a_failed_login() {
    let sandbox = Sandbox::with_session().with("STAND_IN_LOGIN", "login-wrong-passcode");
    let outcome = sandbox.run_with_input("login --passcode -", b"pAsSc0dE\n");
    outcome.fails_with(4);
    assert!(outcome.stderr.contains("BXNIM0602E"), "{outcome:?}");
    assert!(!outcome.stderr.contains("pAsSc0dE"), "{outcome:?}");
}

#[test]
fn key_in_the_environment_does_not_replace_the_passcode() {
    let sandbox = Sandbox::with_session().with("IBMCLOUD_API_KEY", "wrong").with("BLUEMIX_API_KEY", "wrong");
    assert_logged_in(&sandbox, &sandbox.run_with_input("login --passcode -", b"pAsSc0dE"));
    let (_, environment) = last_login(&sandbox);
    assert!(!environment.iter().any(|variable| variable.contains("_API_KEY=")), "{environment:?}");
}

#[test]
fn mandatory_choice_ends_the_login() {
    let sandbox = Sandbox::with_session().with("STAND_IN_LOGIN", "login-sso-pickers");
    let outcome = sandbox.run_with_input("login --passcode -", b"pAsSc0dE\n");
    outcome.fails_with(4);
    assert!(outcome.hint().contains("-c ACCOUNT_ID"), "{outcome:?}");
}

#[test]
#[cfg_attr(windows, ignore = "its CLI is a shell script")]
fn end_of_a_read_is_not_mistaken_for_a_prompt() {
    let sandbox = Sandbox::new();
    let answers = sandbox.home().join("answers");
    let program = test_program("asks-at-length");
    let sandbox = sandbox.with("IBMCLOUD_TOKEN_IBMCLOUD", program).with("ANSWERS", answers.to_str().unwrap());
    sandbox.run_with_input("login --passcode -", b"0123456789\n").fails_with(5);
    assert_eq!(fs::read_to_string(answers).unwrap(), "0123456789||0");
}
