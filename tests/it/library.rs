//! The library, used by the programs in `examples`.

use std::path::PathBuf;
use std::sync::LazyLock;

use crate::sandbox::{Outcome, Sandbox, build_example, jwt, run_with_input, session_with};

static SESSION_TOKEN: LazyLock<PathBuf> = LazyLock::new(|| build_example("session_token"));

#[cfg(feature = "net")]
static EXCHANGE_KEY: LazyLock<PathBuf> = LazyLock::new(|| build_example("exchange_key"));

/// Runs an example with the words of a line as its arguments.
fn run(sandbox: &Sandbox, example: &PathBuf, line: &str) -> Outcome {
    run_with_input(sandbox.command(example).args(line.split_whitespace()), b"")
}

#[test]
fn session_gives_its_token() {
    let (sandbox, _) = Sandbox::logged_in();
    let outcome = run(&sandbox, &SESSION_TOKEN, "");
    assert!(
        outcome.payload().starts_with("the token of ada@example.org (from session-file) expires at 20"),
        "{outcome:?}"
    );
    // The CLI is run if it has to be. It prints a token that lives for 20 s, and 30 s are requested.
    sandbox.write_session(&jwt(-3600, 20));
    let outcome = run(&sandbox, &SESSION_TOKEN, "");
    assert_eq!((outcome.status, sandbox.calls()), (Some(8), 1), "{outcome:?}");
    // The library prints and decides nothing for its user: the error has the kind and the hint.
    let outcome = run(&Sandbox::with_session(), &SESSION_TOKEN, "");
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(4), ""), "{outcome:?}");
    assert!(outcome.stderr.contains("ibmcloud-token login"), "{outcome:?}");
}

#[test]
fn named_session_and_account_are_respected() {
    let sandbox = Sandbox::with_session();
    let home = "named/ibmcloud-token/sessions/prod/.bluemix/config.json";
    sandbox.write_private(home, session_with(&jwt(-10, 3600)));
    let data = sandbox.home().join("named").display().to_string();
    let sandbox = sandbox.with("XDG_DATA_HOME", data);
    assert!(run(&sandbox, &SESSION_TOKEN, "prod").payload().contains("ada@example.org"));
    assert!(run(&sandbox, &SESSION_TOKEN, "prod a1").payload().contains("ada@example.org"));
    let outcome = run(&sandbox, &SESSION_TOKEN, "prod a2");
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(8), ""), "{outcome:?}");
    assert!(outcome.stderr.contains("`a2` was requested"), "{outcome:?}");
    assert_eq!(sandbox.calls(), 0);
    assert_eq!(run(&sandbox, &SESSION_TOKEN, "no/name").status, Some(1));
}

#[cfg(feature = "net")]
#[test]
fn key_is_exchanged_and_a_profile_assumed() {
    use crate::iam_service::{Service, answer};
    const KEY: &str = "0a-1b_2cTESTKEYx3d4e5f6g7h8i9jAkBlCmDnEoFpGq";
    let service = Service::plain_answering_with(|request| {
        let is_of_profile = request.body.contains("grant-type%3Aassume");
        assert_eq!(request.body.contains("profile_id=Profile-1"), is_of_profile, "{request:?}");
        assert_eq!(request.body.contains(KEY), !is_of_profile, "{request:?}");
        let account = if is_of_profile { "b2" } else { "a1" };
        let (from, until) = (crate::sandbox::now(), crate::sandbox::now() + 3600);
        let token = crate::sandbox::jwt_of(&format!(
            r#"{{"iam_id":"IBMid-1","account":{{"bss":"{account}"}},"iat":{from},"exp":{until}}}"#
        ));
        answer("200 OK", &[], format!(r#"{{"access_token":"{token}","expires_in":3600}}"#))
    });
    let sandbox = Sandbox::new();
    sandbox.write_private("key", format!("{KEY}\n"));
    let url = service.url();
    let outcome = run(&sandbox, &EXCHANGE_KEY, &format!("key {url}"));
    assert_eq!(outcome.payload(), "the token is for the account a1");
    let outcome = run(&sandbox, &EXCHANGE_KEY, &format!("key {url} Profile-1"));
    assert_eq!(outcome.payload(), "the token is for the account b2");
    assert_eq!(service.requests().len(), 3);
    let outcome = run(&sandbox, &EXCHANGE_KEY, &format!("key {url} name-without-account"));
    assert!(outcome.status == Some(1) && outcome.stdout.is_empty(), "{outcome:?}");
    assert!(!outcome.stderr.contains("TESTKEY"), "{outcome:?}");
}
