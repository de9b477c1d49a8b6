//! Combinations of options and variables. Each error is found before any request.

use super::{COMPUTE_TOKEN, Iam, KEY, PROFILE_ACCOUNT, PROFILE_ID, sandbox};
use crate::iam_service::Service;
use crate::sandbox::{START, Sandbox};

#[test]
fn options_that_do_not_belong_together_are_usage_errors() {
    let service = Service::plain([]);
    let (sandbox, _) = Sandbox::logged_in();
    sandbox.write_private("key", KEY);
    sandbox.write("token", COMPUTE_TOKEN);
    let sandbox = sandbox.with("IBMCLOUD_IAM_API_ENDPOINT", service.url());
    for options in [
        "--apikey @key --fresh",
        "--apikey @key --login",
        "--apikey @key --session prod",
        "--apikey @key --ibmcloud ibmcloud",
        "--apikey @key --profile Profile-1",
        "--apikey @",
        "--apikey @key --account a1",
        "--profile Profile-1 --fresh",
        "--profile Profile-1 --login",
        "--profile Profile-1 --session prod",
        "--profile Profile-1 --cr-token token",
        "--profile Profile-1 --cr-token @",
        "--profile=",
        "--cr-token @token",
        "--assume=",
        "--assume name",
        "--assume Profile-1 --account a1",
        "--assume crn:v1:x --account a1",
        "--assume Profile-1 --cr-token @token",
        "--assume Profile-1 --endpoint ftp://x",
        "--assume Profile-1 --endpoint https://x --private",
        "--account a1",
        "--endpoint https://iam.cloud.ibm.com",
        "--private",
        "--ca-file ca.pem",
    ] {
        let outcome = sandbox.run(&format!("get {options}"));
        outcome.fails_with(2);
        assert!(!outcome.hint().is_empty(), "{options}: {outcome:?}");
        sandbox.run(&format!("exec {options} -- {START}")).fails_with(125);
        assert!(!sandbox.home().join("started").exists(), "{options}");
    }
    assert_eq!((service.connections(), sandbox.calls()), (0, 0));
}

#[test]
fn variables_select_the_identity_and_options_override_them() {
    let iam = Iam::start();
    let (sandbox, session) = sandbox(&iam);
    let iam = iam.accepting(&session);
    let identity = |variables: &[(&str, &str)], line: &str| {
        let mut command = sandbox.program(line.split_whitespace());
        command.envs(variables.iter().map(|(name, value)| (format!("IBMCLOUD_TOKEN_{name}"), *value)));
        crate::sandbox::run_with_input(&mut command, b"")
    };
    let key = ("APIKEY", "@key.json");
    let resource = [("PROFILE", PROFILE_ID), ("CR_TOKEN", "@compute-token")];
    let line = "-f %{iam_id}";
    for (variables, options, expected) in [
        (vec![key], "", "IBMid-key"),
        (
            vec![key],
            "--profile Profile-94497d0d-2ac3-41bf-a993-a49d1b14627c --cr-token @compute-token",
            "iam-Profile-of-resource",
        ),
        (resource.to_vec(), "", "iam-Profile-of-resource"),
        (resource.to_vec(), "--apikey @key.json", "IBMid-key"),
        (vec![("ASSUME", PROFILE_ID)], "", "iam-Profile-assumed"),
        (vec![("ASSUME", PROFILE_ID), key], "", "iam-Profile-assumed"),
        (vec![("ASSUME", "My Profile & Co"), ("ACCOUNT", PROFILE_ACCOUNT)], "", "iam-Profile-assumed"),
        // Variables that the command does not use are ignored.
        (vec![("ASSUME", PROFILE_ID), ("ACCOUNT", "x"), ("CR_TOKEN", "@none")], "", "iam-Profile-assumed"),
        (vec![("FRESH", "1"), ("SESSION", "prod")], "--apikey @key.json", "IBMid-key"),
        (vec![("ENDPOINT", "https://127.0.0.1:1"), ("PRIVATE", "1"), ("CA_FILE", "none")], "", "IBMid-1"),
        (vec![("APIKEY", ""), ("PROFILE", ""), ("ASSUME", "")], "", "IBMid-1"),
    ] {
        let outcome = identity(&variables, &format!("{line} {options}"));
        assert_eq!(outcome.payload(), expected, "{variables:?} {options}");
    }
    for (variables, options) in [
        (vec![key, resource[0]], ""),
        (vec![key], "--fresh"),
        (vec![key], "--login"),
        (resource.to_vec(), "--login"),
        (vec![("APIKEY", "-")], ""),
        (vec![("APIKEY", "key.json")], ""),
        (vec![("ASSUME", "My Profile")], ""),
        (vec![("ENDPOINT", "nope://x"), key], ""),
    ] {
        identity(&variables, &format!("{line} {options}")).fails_with(2);
    }
    let asked = iam.forms().len();
    let elsewhere = identity(&[key, ("ENDPOINT", "http://127.0.0.1:1"), ("TIMEOUT", "2s")], line);
    elsewhere.fails_with(6);
    assert_eq!(iam.forms().len(), asked, "the variable overrides that of other programs");
}

#[test]
fn secret_in_place_of_a_file_is_refused_and_not_shown() {
    let sandbox = Sandbox::new();
    for line in [format!("--apikey {KEY}"), format!("--profile P --cr-token {COMPUTE_TOKEN}")] {
        let outcome = sandbox.run(&line);
        assert!(
            outcome.fails_with(2).error().contains("cannot be an argument")
                || outcome.hint().contains("cannot be an argument")
        );
        assert!(!outcome.stderr.contains("TESTKEY") && !outcome.stderr.contains("eyJ"), "{outcome:?}");
    }
    let outcome = sandbox.with("IBMCLOUD_TOKEN_APIKEY", KEY).run("");
    assert!(outcome.fails_with(2).error().contains("IBMCLOUD_TOKEN_APIKEY"), "{outcome:?}");
    assert!(!outcome.stderr.contains("TESTKEY"), "{outcome:?}");
}

#[test]
#[cfg_attr(windows, ignore = "needs a device of Unix")]
fn file_of_a_compute_resource_must_hold_one_token() {
    let iam = Service::plain([]);
    let sandbox = Sandbox::new().with("IBMCLOUD_IAM_API_ENDPOINT", iam.url());
    sandbox.write("empty", "\n");
    sandbox.write("two", "secret words");
    sandbox.write("large", "x".repeat(70_000));
    for (file, status) in [("empty", 2), ("two", 2), ("large", 2), ("missing", 1), ("/dev/zero", 2)] {
        let outcome = sandbox.run(&format!("--profile P --cr-token @{file}"));
        assert!(outcome.fails_with(status).error().contains(file), "{outcome:?}");
        assert!(!outcome.stderr.contains("secret words"), "{outcome:?}");
    }
}
