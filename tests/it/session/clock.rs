//! A clock that is slow or fast.

use crate::sandbox::{Sandbox, cli_output, jwt, renewable};

#[test]
fn slow_clock_is_reported_and_adds_no_lifetime() {
    let slow = || {
        let sandbox = Sandbox::with_session().with("STAND_IN_IAT_OFFSET", "3600");
        sandbox.write_session(&renewable(-3600, -5));
        sandbox
    };
    let outcome = slow().run("--format json");
    assert!(outcome.stderr.starts_with("warning: the token was issued "), "{outcome:?}");
    assert!(outcome.stderr.contains("clock is slow"), "{outcome:?}");
    let json = outcome.json();
    // By this clock two hours are left, but the token was issued for one.
    assert!(json["expires_in"].as_i64().unwrap() <= 3600, "{json}");
    assert_eq!(slow().run("-q").stderr, "");
    assert_eq!(slow().run("--min-ttl 59m").status, Some(0));
    slow().run("--min-ttl 61m").fails_with(8);
    // The warning also appears if the session file answers,
    let sandbox = slow();
    sandbox.run_cli("iam oauth-tokens").payload();
    let before = sandbox.calls();
    assert!(sandbox.run("").stderr.contains("clock is slow"));
    assert_eq!(sandbox.calls(), before);
    // and in the filter.
    let outcome = sandbox.run_with_input("parse", &cli_output(&jwt(3600, 7200)));
    assert!(outcome.stderr.contains("clock is slow"), "{outcome:?}");
}

#[test]
fn fast_clock_shortens_the_lifetime_until_no_token_is_valid() {
    let fast_by = |seconds: &str| {
        let sandbox = Sandbox::with_session().with("STAND_IN_IAT_OFFSET", format!("-{seconds}"));
        sandbox.write_session(&renewable(-7200, -3600));
        sandbox
    };
    let json = fast_by("1800").run("--format json").json();
    assert!((1700..=1800).contains(&json["expires_in"].as_i64().unwrap()), "{json}");
    let outcome = fast_by("3600").run("");
    outcome.fails_with(8);
    assert!(outcome.stderr.contains("hint: check this machine's clock (it says "), "{outcome:?}");
}

#[test]
fn clock_warning_is_printed_once() {
    let sandbox = Sandbox::with_token(&renewable(3600, 3630));
    let outcome = sandbox.run("");
    assert_eq!(outcome.stderr.matches("warning: ").count(), 1, "{outcome:?}");
}
