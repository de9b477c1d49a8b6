//! One run of the CLI answers every waiter.

use std::fs;

use super::{LONG_RUN, Run, crowd, expired_session, holder_and_waiters, token_of_whole_session};
use crate::sandbox::{Sandbox, eventually, renewable, test_program};

fn one_run_answers(size: usize, delay: &str) {
    let sandbox = expired_session().with("STAND_IN_DELAY", delay).with("STAND_IN_WRITE_GAP", "0.05");
    let outcomes = crowd(&sandbox, size, "-v --timeout 60s");
    let token = token_of_whole_session(&sandbox.session_file());
    for outcome in &outcomes {
        assert_eq!(outcome.payload(), format!("Bearer {token}"));
    }
    let waited = outcomes
        .iter()
        .filter(|outcome| outcome.stderr.contains("another run of the CLI is in progress"))
        .count();
    assert_eq!((outcomes.len(), sandbox.calls()), (size, 1));
    assert!(waited > 1, "{waited} of {size} waited for the one run");
}

#[test]
fn hundred_processes_on_an_expired_session_run_the_cli_once() {
    one_run_answers(100, "0.5");
}

#[test]
#[cfg_attr(windows, ignore = "Wine needs minutes for a thousand programs")]
fn thousand_processes_on_an_expired_session_run_the_cli_once() {
    one_run_answers(1000, "1.5");
}

#[test]
fn waiter_accepts_a_short_token_that_the_cli_has_just_printed() {
    let token = renewable(-60, 45);
    let sandbox = Sandbox::with_session().with("STAND_IN_DELAY", LONG_RUN);
    sandbox.write_session(&token);
    let (holder, waiters) = holder_and_waiters(&sandbox, 10, "--format token");
    assert_eq!(holder.end().payload(), token);
    for run in waiters {
        assert_eq!(run.end().payload(), token);
    }
    assert_eq!(sandbox.calls(), 1);
    // A later run does not know that the CLI has just printed it, and asks again.
    assert_eq!(sandbox.run("--format token").payload(), token);
    assert_eq!(sandbox.calls(), 2);
}

#[test]
fn waiters_still_enforce_min_ttl_and_fresh() {
    let sandbox = Sandbox::with_session().with("STAND_IN_DELAY", LONG_RUN);
    sandbox.write_session(&renewable(-60, 45));
    let (holder, waiters) = holder_and_waiters(&sandbox, 2, "--min-ttl 50s");
    for run in waiters.into_iter().chain([holder]) {
        run.end().fails_with(8);
    }
    // The waiters do not ask for a lifetime that the CLI has just failed to provide.
    let before = sandbox.calls();
    assert_eq!(before, 1);
    let (holder, waiters) = holder_and_waiters(&sandbox, 2, "--fresh");
    for run in waiters.into_iter().chain([holder]) {
        run.end().payload();
    }
    assert_eq!(sandbox.calls(), before + 3);
}

#[test]
#[cfg_attr(windows, ignore = "its CLI is a shell script")]
fn cli_that_saves_nothing_runs_once_per_process_in_turn() {
    const SIZE: usize = 12;
    let sandbox = expired_session();
    let log = sandbox.home().join("runs");
    let program = test_program("notes-its-runs");
    let before = fs::read(sandbox.session_file()).unwrap();
    let sandbox = sandbox
        .with("STAND_IN_NO_SAVE", "1")
        .with("STAND_IN_DELAY", "0.05")
        .with("RUNS", log.to_str().unwrap())
        .with("IBMCLOUD_TOKEN_IBMCLOUD", program);
    for outcome in crowd(&sandbox, SIZE, "--timeout 60s --min-ttl 50m --format json") {
        let answer = outcome.json();
        assert_eq!((&answer["origin"], &answer["iam_id"]), (&"cli".into(), &"IBMid-6660015AAA".into()));
    }
    assert_eq!(fs::read_to_string(log).unwrap(), "start\nend\n".repeat(SIZE));
    assert_eq!(fs::read(sandbox.session_file()).unwrap(), before);
}

#[test]
fn waiters_use_the_token_of_a_login() {
    let sandbox = expired_session()
        .with("STAND_IN_DELAY", if cfg!(windows) { LONG_RUN } else { "1.5" })
        .with("STAND_IN_WRITE_GAP", "0.05");
    sandbox.write_private("key", "k-1");
    let login = Run::start(&sandbox, "login", "login --apikey @key -c other");
    eventually("the CLI is run", || sandbox.calls() == 1);
    let gets: Vec<Run> =
        (0..5).map(|number| Run::start(&sandbox, &number.to_string(), "-v --format json")).collect();
    eventually("the others wait", || gets.iter().all(Run::waits));
    assert_eq!(login.end().status, Some(0));
    let token = token_of_whole_session(&sandbox.session_file());
    for get in gets {
        let answer = get.end().json();
        assert_eq!((&answer["access_token"], &answer["account"]), (&token.as_str().into(), &"other".into()));
    }
    assert_eq!(sandbox.calls(), 1);
}
