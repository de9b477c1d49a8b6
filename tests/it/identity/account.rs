//! `--expect-account`: the token of the wrong account is worse than none.

use super::{ACCOUNT, Iam, PROFILE_ACCOUNT, PROFILE_ID, sandbox};
use crate::sandbox::{START, Sandbox, cli_output, jwt, jwt_of, renewable};

#[test]
fn account_of_the_session_is_met_or_exit_8() {
    let (sandbox, token) = Sandbox::logged_in();
    assert_eq!(sandbox.run("--expect-account a1 -f token").payload(), token);
    for line in ["get --expect-account a2", "--min-ttl 1m --expect-account a2"] {
        let outcome = sandbox.run(line);
        let error = outcome.fails_with(8).error();
        assert!(error.ends_with("is for the account `a1`, but `a2` was requested"), "{error}");
        assert_eq!(outcome.hint(), "log in to that account: `ibmcloud-token login -c a2`");
    }
    sandbox.run(&format!("exec --expect-account a2 -- {START}")).fails_with(125);
    assert!(!sandbox.home().join("started").exists());
    // The CLI is not run, because it would renew the token for the same account.
    assert_eq!(sandbox.calls(), 0);
    let by_variable = sandbox.with("IBMCLOUD_TOKEN_EXPECT_ACCOUNT", "a2");
    by_variable.run("").fails_with(8);
    assert_eq!(by_variable.run("--expect-account a1 -f token").payload(), token);
}

#[test]
fn account_of_a_token_of_the_cli_is_checked() {
    let sandbox = Sandbox::with_token(&renewable(-3600, -5));
    let outcome = sandbox.run("--expect-account a1");
    assert!(outcome.fails_with(8).error().contains("printed is for the account `85da0"), "{outcome:?}");
    assert_eq!(sandbox.calls(), 1);
}

#[test]
fn account_of_parsed_output_is_checked() {
    let sandbox = Sandbox::new();
    let token = jwt(-10, 3600);
    let parse = |account: &str, token: &str| {
        sandbox.run_with_input(&format!("parse -f token --expect-account {account}"), &cli_output(token))
    };
    assert_eq!(parse("a1", &token).payload(), token);
    assert!(parse("A1", &token).fails_with(8).error().contains("the token on the standard input"));
    // The account of classic infrastructure is another number.
    let of_classic = jwt_of(r#"{"iam_id":"IBMid-1","account":{"ims":"a1"},"exp":9999999999}"#);
    parse("a1", &of_classic).fails_with(8);
}

#[test]
fn account_of_the_key_and_of_the_profile_is_checked() {
    let iam = Iam::start();
    let (sandbox, _) = sandbox(&iam);
    for (options, account, other) in [
        ("--apikey @key.json", ACCOUNT, PROFILE_ACCOUNT),
        (&format!("--apikey @key.json --assume {PROFILE_ID}"), PROFILE_ACCOUNT, ACCOUNT),
        (&format!("--profile {PROFILE_ID} --cr-token @compute-token"), PROFILE_ACCOUNT, ACCOUNT),
    ] {
        for command in ["get", "exchange"] {
            let line = format!("{command} {options} -f %{{account}} --expect-account");
            assert_eq!(sandbox.run(&format!("{line} {account}")).payload(), account);
            let outcome = sandbox.run(&format!("{line} {other}"));
            assert!(outcome.fails_with(8).error().contains("the token that IAM issued"), "{outcome:?}");
        }
    }
    // Nothing is written either.
    sandbox.run("--apikey @key.json --expect-account x -o file").fails_with(8);
    assert!(!sandbox.home().join("file").exists());
}

/// The token of the session is short-lived and of another account. Only the token of the profile comes out.
#[test]
fn requirements_are_about_the_token_of_the_profile_and_not_about_that_of_the_session() {
    // The CLI is asked if the session file's token lives for less than a minute. It prints the same one.
    for (remaining, calls) in [(300, 0), (45, 1)] {
        let iam = Iam::start();
        let session = jwt(-10, remaining);
        let (sandbox, _) = sandbox(&iam);
        sandbox.write_session(&session);
        let _iam = iam.accepting(&session);
        let assume = format!("--assume {PROFILE_ID} -f %{{iam_id}}");
        for requirement in ["--min-ttl 30m", &format!("--expect-account {PROFILE_ACCOUNT} --min-ttl 30m")] {
            let _ = std::fs::remove_file(sandbox.log().join("calls"));
            let outcome = sandbox.run(&format!("get {assume} {requirement}"));
            assert_eq!(outcome.payload(), "iam-Profile-assumed", "{requirement}");
            assert_eq!(sandbox.calls(), calls, "{requirement}");
        }
        let outcome = sandbox.run(&format!("get {assume} --expect-account {ACCOUNT}"));
        let error = outcome.fails_with(8).error();
        assert!(error.ends_with("is for the account `b2`, but `a1` was requested"), "{error}");
        // Without the profile, the requirements are about the token of the session.
        sandbox.run("get --min-ttl 30m").fails_with(8);
        assert_eq!(sandbox.run(&format!("get --expect-account {ACCOUNT} -f token")).payload(), session);
    }
}

#[test]
fn account_that_cannot_exist_is_a_usage_error() {
    for account in ["", "a b", "a/1", "$(id)"] {
        let sandbox = Sandbox::new();
        let mut command = sandbox.program(["--expect-account", account]);
        crate::sandbox::run_with_input(&mut command, b"").fails_with(2);
    }
}
