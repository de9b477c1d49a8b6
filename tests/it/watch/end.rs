//! Signals, and failures that outlast the token.

use rustix::process::Signal;

use super::{MARGIN, Watched, session_token};
use crate::sandbox::{Sandbox, eventually, timed};

#[test]
fn termination_and_interrupt_end_it_with_success() {
    let (sandbox, token) = Sandbox::logged_in();
    for signal in [Signal::TERM, Signal::INT] {
        let watched = Watched::ready(&sandbox, "");
        watched.signal(signal);
        let file = watched.file.clone();
        let outcome = watched.end();
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""), "{signal:?}: {outcome:?}");
        assert_eq!(super::whole_token(&file), token, "the file stays");
    }
    // Other signals are not the way to end it.
    let watched = Watched::ready(&sandbox, "");
    watched.signal(Signal::HUP);
    assert_eq!(watched.end().status, None);
}

#[test]
fn termination_while_the_cli_runs_ends_both() {
    let sandbox = Sandbox::with_token(&session_token(10)).with("STAND_IN_HANG", "1");
    let watched = Watched::ready(&sandbox, "--min-ttl 1s");
    eventually("the CLI runs", || sandbox.calls() == 1);
    watched.stop();
    #[cfg(target_os = "linux")]
    crate::sandbox::processes::nothing_is_left(&sandbox);
}

#[test]
fn failure_is_a_warning_until_the_token_has_expired() {
    for (setting, value, status, words) in [
        ("STAND_IN_REFRESH", "BXNIM0439E", 4, "not logged in"),
        ("STAND_IN_REPLAY", "oauth-tokens-io-timeout", 6, "the network"),
        ("STAND_IN_HANG", "1", 7, "did not answer within 1s"),
    ] {
        let sandbox = Sandbox::with_token(&session_token(11)).with(setting, value);
        let watched = Watched::ready(&sandbox, "--min-ttl 1s --timeout 1s");
        let before = watched.token();
        let file = watched.file.clone();
        let (outcome, took) = timed(|| watched.end());
        outcome.fails_with(status);
        assert!(took < MARGIN, "{took:?}");
        let warnings: Vec<&str> =
            outcome.stderr.lines().filter(|line| line.starts_with("warning: ")).collect();
        assert!(warnings.len() >= 2, "{value}: {outcome:?}");
        assert!(warnings.iter().all(|line| line.contains("; trying again in ")), "{outcome:?}");
        assert!(outcome.stderr.contains(words), "{value}: {outcome:?}");
        assert_eq!(super::whole_token(&file), before, "the file stays");
        assert!(!outcome.stderr.contains("eyJ"), "{outcome:?}");
    }
}

#[test]
fn login_is_for_the_start_only() {
    // Nobody is logged in, but the CLI can log in with a key.
    let sandbox =
        Sandbox::with_session().with("IBMCLOUD_API_KEY", "demo-key").with("STAND_IN_EXPIRES_IN", "11");
    let watched = Watched::ready(&sandbox, "--login --timeout 2s --min-ttl 1s");
    let logins = || sandbox.call_log().lines().filter(|call| call.contains(" login")).count();
    assert_eq!(logins(), 1);
    // The session ends.
    std::fs::remove_file(sandbox.session_file()).unwrap();
    watched.end().fails_with(4);
    assert_eq!(logins(), 1, "{}", sandbox.call_log());
}
