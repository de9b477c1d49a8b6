//! An API key from a file, stdin or a variable.

use super::{assert_logged_in, last_login};
use crate::sandbox::{Sandbox, has, set_mode};

#[test]
fn api_key_is_read_from_a_file_stdin_or_a_variable() {
    let sandbox = Sandbox::with_session();
    let file = sandbox.write_private("key", "good-key\n").display().to_string();
    let mut command = sandbox.program(["login", "--apikey", &format!("@{file}")]);
    assert_logged_in(&sandbox, &command.output().unwrap().into());
    let (arguments, environment) = last_login(&sandbox);
    assert_eq!(arguments, ["login"]);
    assert!(environment.contains(&"IBMCLOUD_API_KEY=good-key".to_owned()), "{environment:?}");
    assert_logged_in(&sandbox, &sandbox.run("login --apikey @key"));

    for input in ["good-key", "good-key\n", "good-key\r\n", r#"{"name":"k","apikey":"good-key"}"#] {
        let sandbox = Sandbox::with_session();
        assert_logged_in(&sandbox, &sandbox.run_with_input("login --apikey -", input.as_bytes()));
        let (arguments, environment) = last_login(&sandbox);
        assert_eq!(arguments, ["login"]);
        assert!(environment.contains(&"IBMCLOUD_API_KEY=good-key".to_owned()), "{environment:?}");
    }

    for variable in ["IBMCLOUD_API_KEY", "BLUEMIX_API_KEY"] {
        let sandbox = Sandbox::with_session().with(variable, "good-key");
        assert_logged_in(&sandbox, &sandbox.run("login"));
        assert_eq!(last_login(&sandbox).0, ["login"]);
    }
}

#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn api_key_is_read_from_a_process_substitution() {
    if !has("bash") {
        return;
    }
    let sandbox = Sandbox::with_session();
    let outcome = sandbox.shell("bash", "ibmcloud-token login --apikey @<(printf good-key)");
    assert_logged_in(&sandbox, &outcome);
}

#[test]
#[cfg_attr(windows, ignore = "no modes of files")]
fn key_file_readable_by_others_causes_a_warning() {
    let sandbox = Sandbox::with_session();
    set_mode(sandbox.write_private("key", "good-key"), 0o644);
    let outcome = sandbox.run("login --apikey @key");
    assert!(outcome.stderr.contains("warning: other users can read the API key in `key`"), "{outcome:?}");
    assert_eq!(sandbox.run("login -q --apikey @key").stderr, "");
}

#[test]
fn wrong_key_is_a_failed_login_with_the_reason() {
    let sandbox = Sandbox::with_session();
    sandbox.write_private("key", "wrong");
    for outcome in [
        sandbox.run("login --apikey @key"),
        sandbox.run_with_input("login --apikey -", b"wrong"),
        Sandbox::with_session().with("IBMCLOUD_API_KEY", "wrong").run("login"),
    ] {
        outcome.fails_with(4);
        assert!(outcome.stderr.contains("BXNIM0415E"), "{outcome:?}");
        assert!(outcome.stderr.contains("\nhint: check the API key"), "{outcome:?}");
    }
}
