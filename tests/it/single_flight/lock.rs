//! Which processes share a lock, and what happens without one.

use super::{Run, expired_session, token_of_whole_session};
use crate::sandbox::{Outcome, Sandbox, chown, eventually, is_root, session_with, token};

#[test]
#[cfg_attr(windows, ignore = "needs a device of Unix")]
fn program_continues_without_a_lock_and_says_so() {
    for place in ["/dev/null", "/proc/none"] {
        // Nobody has logged in yet, so the directory of the session does not exist either.
        let sandbox = Sandbox::new().with("XDG_DATA_HOME", place);
        let outcome = sandbox.run("-v --format token");
        assert_eq!(outcome.payload(), token("passcode-mfa"));
        assert!(outcome.stderr.contains(&format!("continuing without a lock: `{place}/")), "{outcome:?}");
        assert_eq!(sandbox.run("").stderr, "");
    }
}

#[test]
fn processes_share_the_lock_of_a_session_with_different_data_directories() {
    let sandbox = expired_session().with("STAND_IN_DELAY", "1").with("STAND_IN_WRITE_GAP", "0.05");
    let runs: Vec<Run> = ["/dev/null", "relative", "elsewhere"]
        .into_iter()
        .cycle()
        .take(30)
        .enumerate()
        .map(|(number, place)| {
            let place = sandbox.home().join(place).join(number.to_string());
            Run::start_with(&sandbox, &number.to_string(), "", &[("XDG_DATA_HOME", place.to_str().unwrap())])
        })
        .collect();
    let outcomes: Vec<Outcome> = runs.into_iter().map(Run::end).collect();
    let token = token_of_whole_session(&sandbox.session_file());
    for outcome in outcomes {
        assert_eq!(outcome.payload(), format!("Bearer {token}"));
    }
    assert_eq!(sandbox.calls(), 1);
}

#[test]
#[cfg_attr(windows, ignore = "no owners of files")]
fn root_creates_no_directories_in_the_home_of_another_user() {
    if !is_root() {
        return;
    }
    let sandbox = expired_session().with("STAND_IN_DELAY", "0.5");
    chown(sandbox.home(), 12345);
    let (first, second) = (Run::start(&sandbox, "first", "-v"), Run::start(&sandbox, "second", "-v"));
    assert_eq!(first.end().payload(), second.end().payload());
    assert_eq!(sandbox.calls(), 1);
    assert!(!sandbox.home().join(".local").exists());
}

#[test]
fn different_sessions_do_not_wait_for_each_other() {
    let sandbox = expired_session();
    let named = sandbox.named_home("other").join(".bluemix/config.json");
    sandbox.write(named.to_str().unwrap(), session_with(&token("expired")));
    let holder = Run::start_with(&sandbox, "holder", "--timeout 4s", &[("STAND_IN_HANG", "1")]);
    eventually("the CLI is run", || sandbox.calls() == 1);
    let outcome = sandbox.run("-v --session other");
    assert!(outcome.payload().starts_with("Bearer eyJ"), "{outcome:?}");
    assert!(!outcome.stderr.contains("another run of the CLI is in progress"), "{outcome:?}");
    holder.end().fails_with(7);
}
