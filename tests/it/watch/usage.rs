//! Command lines and set-ups that are refused at the start.

use std::fs;

use super::session_token;
use crate::sandbox::{Sandbox, make_pipe};

#[test]
fn a_file_is_needed() {
    let (sandbox, _) = Sandbox::logged_in();
    make_pipe(&sandbox.home().join("pipe"));
    fs::create_dir(sandbox.home().join("directory")).unwrap();
    for line in ["watch", "watch -o -", "watch -o pipe", "watch -o /dev/null", "watch -o directory"] {
        let outcome = sandbox.run(line);
        outcome.fails_with(2);
        assert_eq!(outcome.hint(), "name a file with `-o FILE`", "{line}");
    }
}

#[test]
fn format_github_is_refused() {
    let (sandbox, _) = Sandbox::logged_in();
    let sandbox = sandbox.with("GITHUB_OUTPUT", "output");
    sandbox.run("watch -o file -f github").fails_with(2);
    sandbox.with("IBMCLOUD_TOKEN_FORMAT", "github").run("watch -o file").fails_with(2);
}

#[test]
fn failure_at_the_start_is_that_of_get() {
    for (sandbox, status) in [
        (Sandbox::with_session(), 4),
        (Sandbox::with_token(&session_token(-60)).with("STAND_IN_REFRESH", "network"), 6),
        (Sandbox::new().with("STAND_IN_HANG", "1").with("IBMCLOUD_TOKEN_TIMEOUT", "500ms"), 7),
        (Sandbox::new().with("IBMCLOUD_TOKEN_IBMCLOUD", "no-such-program"), 3),
        (Sandbox::logged_in().0.with("IBMCLOUD_TOKEN_EXPECT_ACCOUNT", "a2"), 8),
        (Sandbox::logged_in().0.with("IBMCLOUD_TOKEN_MIN_TTL", "2h"), 8),
    ] {
        sandbox.run("watch -o file").fails_with(status);
        assert!(!sandbox.home().join("file").exists());
    }
    let (sandbox, _) = Sandbox::logged_in();
    sandbox.run("watch -o no-such-directory/file").fails_with(1);
}

#[test]
fn token_of_unknown_lifetime_cannot_be_watched() {
    let sandbox = Sandbox::replaying("oauth-tokens-opaque-and-uaa");
    let outcome = sandbox.run("watch -o file");
    assert!(outcome.fails_with(8).error().contains("the lifetime of the token is unknown"), "{outcome:?}");
}
