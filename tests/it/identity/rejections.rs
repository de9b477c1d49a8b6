//! IAM's refusals: whether each is about the key, the session or the profile, and its exit status.

use super::{Iam, PROFILE_ID, PROFILE_NAME, sandbox};
use crate::iam_service::{Service, TRANSACTION, answer};
use crate::sandbox::run_with_input;

#[test]
fn rejected_key_session_or_compute_token_is_exit_4() {
    let iam = Iam::start();
    let (sandbox, _) = sandbox(&iam);
    sandbox.write_private("other-key", "0000000000000000000000000000000000000000TEST");
    sandbox.write("other-token", "eyJhbGciOiJSUzI1NiJ9.e30.b3RoZXI");
    for (line, code, hint) in [
        ("get --apikey @other-key", "BXNIM0415E", "check the API key"),
        (&format!("get --apikey @other-key --assume {PROFILE_ID}"), "BXNIM0415E", "check the API key"),
        // IAM does not know the token of this session.
        (&format!("get --assume {PROFILE_ID}"), "BXNIM0407E", "log in again: `ibmcloud-token login`"),
        (
            &format!("get --profile {PROFILE_ID} --cr-token @other-token"),
            "BXNIM0407E",
            "check the file with the compute resource token",
        ),
    ] {
        let outcome = sandbox.run(line);
        assert!(outcome.fails_with(4).error().contains(code), "{outcome:?}");
        assert!(outcome.error().contains(&format!("(transaction {TRANSACTION})")), "{outcome:?}");
        assert!(outcome.hint().starts_with(hint), "{outcome:?}");
    }
}

#[test]
fn profile_that_does_not_exist_or_may_not_be_assumed_is_exit_8() {
    let iam = Iam::start();
    let (sandbox, session) = sandbox(&iam);
    let _iam = iam.accepting(&session);
    for arguments in [
        vec!["get", "--assume", "Profile-0"],
        vec!["get", "--assume", "crn:v1:bluemix:public:iam-identity::a/b2::profile:Profile-0"],
        vec!["get", "--assume", PROFILE_NAME, "--account", "c3"],
        vec!["get", "--apikey", "@key.json", "--assume", "Profile-0"],
        vec!["exchange", "--apikey", "@key.json", "--assume", "Profile-0"],
        vec!["get", "--profile", "Profile-0", "--cr-token", "@compute-token"],
    ] {
        let outcome = run_with_input(&mut sandbox.program(arguments.clone()), b"");
        assert!(outcome.fails_with(8).error().contains("BXNIM9901E: The profile could not be found"));
        assert!(outcome.error().contains(&format!("(transaction {TRANSACTION})")), "{outcome:?}");
        assert!(outcome.hint().starts_with("check that the trusted profile `"), "{outcome:?}");
        let named = arguments.iter().any(|argument| outcome.hint().contains(&format!("`{argument}`")));
        assert!(named, "the hint names the profile: {outcome:?}");
    }
}

#[test]
fn status_and_code_decide_what_a_rejection_is_about() {
    for (status, body, exit_status) in [
        ("401 Unauthorized", r#"{"errorCode":"BXNIM9999E","errorMessage":"x"}"#, 4),
        ("400 Bad Request", r#"{"errorCode":"BXNIM0439E","errorMessage":"Session is inactive"}"#, 4),
        ("403 Forbidden", r#"{"errorCode":"BXNIM9999E","errorMessage":"x"}"#, 8),
        ("404 Not Found", r#"{"errorCode":"BXNIM9999E","errorMessage":"x"}"#, 8),
        // Not an answer of IAM.
        ("404 Not Found", "<html>", 6),
        ("403 Forbidden", "<html>", 6),
        ("500 Internal Server Error", r#"{"errorCode":"BXNIM9999E"}"#, 6),
    ] {
        let service = Service::plain_answering_with(move |_| answer(status, &[], body));
        let (sandbox, _) = crate::sandbox::Sandbox::logged_in();
        let line = format!("--timeout 2s --endpoint {} --assume {PROFILE_ID}", service.url());
        sandbox.run(&line).fails_with(exit_status);
    }
}

#[test]
fn service_that_cannot_be_reached_is_exit_6() {
    let (sandbox, _) = crate::sandbox::Sandbox::logged_in();
    let line = format!("--timeout 2s --endpoint http://127.0.0.1:1 --assume {PROFILE_ID}");
    sandbox.run(&line).fails_with(6);
}
