//! Neither the key, nor the compute resource's token, nor the token that was exchanged appears in an argument, in the
//! environment of a child, on stderr, or in a file that the user did not name.
// Not on Windows: it reads /proc.
#![cfg(target_os = "linux")]

use std::fs;

use super::{COMPUTE_TOKEN, Iam, KEY, PROFILE_ID, sandbox};
use crate::sandbox::processes::ArgumentWatch;
use crate::sandbox::{PROGRAM, Sandbox, files_below, renewable};

/// The part of a token that differs from one token to another.
fn marker(token: &str) -> &str {
    let payload = token.split('.').nth(1).unwrap();
    &payload[payload.len() - 40..]
}

#[test]
fn only_the_token_that_comes_out_is_seen_and_only_by_the_program() {
    for (options, is_of_session) in [
        ("--apikey @key.json --assume", false),
        ("--profile PROFILE --cr-token @compute-token --assume", false),
        ("--assume", true),
    ] {
        let iam = Iam::start();
        let (sandbox, session) = sandbox(&iam);
        let iam = iam.accepting(&session);
        let watch = ArgumentWatch::start(sandbox.home());
        let line = format!(
            "exec -v {} {PROFILE_ID} -- sh -c sleep$IFS.3;env",
            options.replace("PROFILE", PROFILE_ID)
        );
        let outcome = sandbox.run(&line);
        let seen = watch.end();
        let accepted = iam.accepted.lock().unwrap().clone();
        let (assumed, exchanged) = (&accepted[accepted.len() - 1], &accepted[accepted.len() - 2]);
        assert_eq!(exchanged == &session, is_of_session);
        assert!(outcome.payload().contains(&format!("IAM_TOKEN={assumed}")), "{outcome:?}");
        assert!(seen.iter().any(|arguments| arguments.contains("IFS")), "the program was not seen: {seen:?}");

        let secrets = ["TESTKEY", marker(COMPUTE_TOKEN), marker(exchanged), marker(&session)];
        for secret in secrets {
            assert!(!outcome.stdout.contains(secret), "{line}: {secret} is in the environment");
        }
        for secret in secrets.into_iter().chain([marker(assumed)]) {
            assert!(!outcome.stderr.contains(secret), "{line}: {outcome:?}");
            assert!(!seen.iter().any(|arguments| arguments.contains(secret)), "{line}: {seen:?}");
            for file in files_below(sandbox.home()) {
                let name = file.file_name().unwrap().to_str().unwrap();
                let is_own = ["key.json", "compute-token"].contains(&name) || file == sandbox.session_file();
                let content = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
                assert!(is_own || !content.contains(secret), "{line}: {secret} is in {name}");
            }
        }
    }
}

#[test]
fn rejection_that_repeats_the_secret_does_not_show_it() {
    for (options, secret) in [
        ("--apikey @key.json", KEY),
        ("--profile PROFILE --cr-token @compute-token", COMPUTE_TOKEN),
        ("--assume PROFILE", ""),
    ] {
        let (sandbox, session) = Sandbox::logged_in();
        let secret = if secret.is_empty() { session.clone() } else { secret.to_owned() };
        let body = format!(r#"{{"errorCode":"BXNIM0407E","errorMessage":"the value {secret} is invalid"}}"#);
        let service = crate::iam_service::Service::plain([crate::iam_service::Step::Answer(
            crate::iam_service::answer("400 Bad Request", &[], body),
        )]);
        sandbox.write_private("key.json", KEY);
        sandbox.write("compute-token", COMPUTE_TOKEN);
        let sandbox = sandbox.with("IBMCLOUD_IAM_API_ENDPOINT", service.url());
        let outcome = sandbox.run(&format!("get -v {}", options.replace("PROFILE", PROFILE_ID)));
        outcome.fails_with(4);
        assert!(outcome.stderr.contains("[REDACTED]"), "{outcome:?}");
        assert!(!outcome.stderr.contains(&secret[10..]), "{outcome:?}");
    }
}

#[test]
fn the_cli_sees_neither_the_key_nor_the_token_of_the_profile() {
    let iam = Iam::start();
    let (sandbox, _) = sandbox(&iam);
    sandbox.write_session(&renewable(-3600, -5));
    let watch = ArgumentWatch::start(sandbox.home());
    let outcome = sandbox.run(&format!("-v --assume {PROFILE_ID}"));
    let seen = watch.end();
    assert_eq!(sandbox.calls(), 1, "{outcome:?}");
    assert!(seen.iter().any(|arguments| arguments.contains(PROGRAM)));
    let environment = sandbox.call_log();
    assert!(!environment.contains("TESTKEY") && !environment.contains("eyJ"), "{environment}");
}
