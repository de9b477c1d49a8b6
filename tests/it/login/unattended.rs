//! Logins without a terminal: the CLI's questions decide whether a login needs a person.

use super::{assert_logged_in, last_login};
use crate::sandbox::{Sandbox, bearer_in};

/// A sandbox in which a login ends with the question for a region.
fn asking_for_a_region() -> Sandbox {
    let sandbox = Sandbox::with_session().with("STAND_IN_REGIONS", "1");
    sandbox.write_private("key", "good-key");
    sandbox
}

#[test]
fn login_of_a_compute_resource_needs_no_terminal() {
    for arguments in ["--vpc-cri", "--vpc-cri --profile p", "--cr-token @token --profile p"] {
        let sandbox = Sandbox::with_session();
        assert_logged_in(&sandbox, &sandbox.run(&format!("login -- {arguments}")));
        assert_eq!(last_login(&sandbox).0.join(" "), format!("login {arguments}"));
    }
}

#[test]
fn region_list_is_skipped_after_every_kind_of_login() {
    // Without an answer, the CLI fails although the login has succeeded.
    let sandbox = asking_for_a_region();
    let outcome = sandbox.run_cli("login --apikey @key");
    assert_eq!(outcome.status, Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains("Could not read from input: EOF"), "{outcome:?}");
    bearer_in(&sandbox.session_file());

    for (line, input) in [
        ("login --apikey @key", ""),
        ("login --apikey -", "good-key\n"),
        ("login --passcode -", "pAsSc0dE\n"),
        ("login -- --vpc-cri", ""),
        ("login -- --cr-token @key", ""),
    ] {
        let sandbox = asking_for_a_region();
        let outcome = sandbox.run_with_input(line, input.as_bytes());
        assert_logged_in(&sandbox, &outcome);
        assert!(outcome.stderr.contains("Enter a number>\n"), "{line}: {outcome:?}");
    }
    let sandbox = asking_for_a_region().with("IBMCLOUD_API_KEY", "good-key");
    assert_logged_in(&sandbox, &sandbox.run("login"));
    let outcome = sandbox.run("login -r eu-de");
    assert!(!outcome.stderr.contains("Enter a number>"), "{outcome:?}");
}

#[test]
fn passcode_answers_no_other_question() {
    for (situation, question, hint) in [
        ("login-sso-invitation", "Do you accept the invitation? [y/N] >", "-- --accept"),
        ("login-sso-update", "Do you want to update? [y/N]>", "log in at a terminal"),
        ("login-sso-de", "Soll die URL im Standardbrowser geöffnet werden? [J/n] >", "log in at a terminal"),
        ("login-password", "Email>", "login --passcode - -- --sso-otp manual"),
        ("login-sso-otp-auto", "One-time code >", "login --passcode - -- --sso-otp manual"),
    ] {
        let sandbox = Sandbox::with_session().with("STAND_IN_LOGIN", situation);
        let outcome = sandbox.run_with_input("login --passcode -", b"pAsSc0dE\n");
        assert!(outcome.fails_with(4).error().contains(question), "{outcome:?}");
        assert!(outcome.hint().contains(hint), "{outcome:?}");
        // The CLI echoes whatever it is given.
        assert!(
            !outcome.stderr.contains("[REDACTED]") && !outcome.stderr.contains("pAsSc0dE"),
            "{outcome:?}"
        );
        assert!(outcome.stderr.contains("Could not read from input: EOF"), "{outcome:?}");
    }
}

#[test]
fn login_option_without_a_terminal_logs_in_as_the_login_command_does() {
    for line in ["--login", "get --login --format bearer"] {
        let sandbox = asking_for_a_region().with("IBMCLOUD_API_KEY", "good-key");
        let outcome = sandbox.run(line);
        assert_eq!(outcome.payload(), bearer_in(&sandbox.session_file()));
        assert!(outcome.stderr.contains("logged in as ada@example.org"), "{outcome:?}");
        assert_eq!(last_login(&sandbox).0, ["login"]);
    }
    let sandbox = asking_for_a_region().with("IBMCLOUD_API_KEY", "@key");
    assert_eq!(sandbox.run("--login").payload(), bearer_in(&sandbox.session_file()));
    // A logged-in user is not logged in again.
    let calls = sandbox.calls();
    sandbox.run("--login").payload();
    assert_eq!(sandbox.calls(), calls);
}

#[test]
fn rejected_key_without_a_terminal_is_a_failed_login() {
    let sandbox = Sandbox::with_session().with("IBMCLOUD_API_KEY", "wrong");
    let outcome = sandbox.run("--login");
    assert!(outcome.fails_with(4).stderr.contains("BXNIM0415E"), "{outcome:?}");
}

#[test]
fn failure_at_a_question_names_the_option_that_answers_it() {
    for (situation, line, input, hint) in [
        ("login-password", "login", "", "`--apikey @FILE`, `--apikey -` or IBMCLOUD_API_KEY"),
        ("login-sso", "login --sso", "", "login --passcode -"),
        ("login-sso-pickers", "login --passcode -", "pAsSc0dE", "`-c ACCOUNT_ID`"),
    ] {
        let sandbox = Sandbox::with_session().with("STAND_IN_LOGIN", situation);
        let outcome = sandbox.run_with_input(line, input.as_bytes());
        assert!(outcome.fails_with(4).hint().contains(hint), "{situation}: {outcome:?}");
    }
}
