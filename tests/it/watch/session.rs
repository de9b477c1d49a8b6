//! The token of a session: the CLI renews it in its last seconds, and other programs may renew it earlier.

use std::thread;
use std::time::Duration;

use super::{Watched, session_token};
use crate::sandbox::{Sandbox, eventually, jwt, mode, names};

#[test]
fn file_holds_the_token_of_the_session_and_says_so() {
    let (sandbox, token) = Sandbox::logged_in();
    let watched = Watched::ready(&sandbox, "");
    assert_eq!(watched.token(), token);
    assert_eq!(mode(&watched.file), 0o600);
    let directory = watched.file.parent().unwrap().to_owned();
    watched.says("holds a valid token", 1);
    let outcome = watched.stop();
    assert!(
        outcome.stderr.starts_with("`directory/token` holds a valid token; the token is valid for"),
        "{outcome:?}"
    );
    assert_eq!(names(&directory), ["token"], "the file stays");
    assert_eq!(sandbox.calls(), 0);
    let quiet = Watched::ready(&sandbox, "-q").stop();
    assert_eq!(quiet.stderr, "");
}

#[test]
fn cli_renews_in_the_last_seconds() {
    // The half of its lifetime ends before the CLI can renew it.
    let before = session_token(24);
    let sandbox = Sandbox::with_token(&before);
    let watched = Watched::ready(&sandbox, "-v --min-ttl 1s");
    assert_eq!(watched.token(), before);
    let after = watched.next(&before);
    watched.says("wrote `directory/token`", 2);
    let outcome = watched.stop();
    assert_eq!(sandbox.run("-f token").payload(), after, "the session holds the same token");
    // The CLI is not run before it can renew the token.
    assert_eq!(sandbox.calls(), 1, "{outcome:?}");
}

#[test]
fn expired_session_that_can_be_renewed_is_renewed_at_the_start() {
    let before = session_token(-60);
    let sandbox = Sandbox::with_token(&before);
    let watched = Watched::ready(&sandbox, "");
    assert_ne!(watched.token(), before);
    watched.stop();
    assert_eq!(sandbox.calls(), 1);
}

#[test]
fn newer_token_in_the_session_file_is_taken() {
    let (sandbox, before) = Sandbox::logged_in();
    let watched = Watched::ready(&sandbox, "");
    let renewed = jwt(0, 3600);
    sandbox.write_session(&renewed);
    assert_eq!(watched.next(&before), renewed);
    // An older token, or a logout, changes nothing.
    for content in [jwt(-500, 3000), String::new()] {
        sandbox.write_session(&content);
        thread::sleep(Duration::from_secs(6));
        assert_eq!(watched.token(), renewed);
    }
    watched.stop();
    assert_eq!(sandbox.calls(), 0);
}

#[test]
fn newer_token_of_another_account_is_not_taken() {
    const REFUSAL: &str = "is for the account `a2`, but `a1` was requested";
    let (sandbox, before) = Sandbox::logged_in();
    let watched = Watched::ready(&sandbox, "--expect-account a1");
    let other = crate::sandbox::jwt_of(&format!(
        r#"{{"id":"IBMid-2","iam_id":"IBMid-2","account":{{"bss":"a2"}},"iat":{0},"exp":{1}}}"#,
        crate::sandbox::now(),
        crate::sandbox::now() + 7200
    ));
    sandbox.write_session(&other);
    watched.says(REFUSAL, 1);
    // It is said once, however often the session file is read.
    thread::sleep(Duration::from_secs(6));
    assert_eq!(watched.token(), before);
    let outcome = watched.stop();
    assert_eq!(outcome.stderr.matches(REFUSAL).count(), 1, "{outcome:?}");
}

#[test]
fn many_programs_that_watch_one_session_run_the_cli_once() {
    let sandbox = Sandbox::with_token(&session_token(11));
    let watched: Vec<Watched> =
        (0..8).map(|number| Watched::ready_of(&sandbox, &number.to_string(), "--min-ttl 1s")).collect();
    let before = watched[0].token();
    let after = watched[0].next(&before);
    for watched in watched {
        eventually("each has the same token", || watched.token() == after);
        watched.stop();
    }
    assert_eq!(sandbox.calls(), 1);
}
