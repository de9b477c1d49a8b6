//! Where the session is.

use std::fs;

use serde_json::Value;

use crate::sandbox::{
    Sandbox, jwt, recorded, right_token, session_with, situations, token, trace_of_writing,
};

#[test]
fn valid_token_in_the_session_file_answers_without_the_cli() {
    let token = jwt(-60, 3540);
    let sandbox = Sandbox::with_token(&token);
    let before = trace_of_writing(&sandbox.session_file());
    assert_eq!(sandbox.run("").payload(), format!("Bearer {token}"));
    assert_eq!(sandbox.run("get --format token").payload(), token);
    assert_eq!(sandbox.run("get --format json").json()["origin"], "session-file");
    assert_eq!((sandbox.calls(), trace_of_writing(&sandbox.session_file())), (0, before));

    let without_cli = Sandbox::with_token(&token).with("PATH", "/nowhere");
    assert_eq!(without_cli.run("").payload(), format!("Bearer {token}"));
    let without_path = Sandbox::with_token(&token).with("PATH", "");
    assert_eq!(without_path.run("").payload(), format!("Bearer {token}"));
}

#[test]
fn session_is_found_where_the_cli_finds_it() {
    /// Variables, directories in the home, and the directory that is used.
    type Case = (&'static [(&'static str, &'static str)], &'static [&'static str], &'static str);
    let cases: [Case; 12] = [
        (&[], &[".bluemix"], ".bluemix"),
        (&[], &[".ibmcloud"], ".ibmcloud"),
        (&[], &[".bluemix", ".ibmcloud"], ".ibmcloud"),
        (&[("IBMCLOUD_HOME", "{home}/a")], &["a/.bluemix", ".bluemix"], "a/.bluemix"),
        (&[("IBMCLOUD_HOME", "{home}/a")], &["a/.bluemix", "a/.ibmcloud"], "a/.ibmcloud"),
        (&[("BLUEMIX_HOME", "{home}/b")], &["b/.bluemix", ".ibmcloud"], "b/.bluemix"),
        (
            &[("IBMCLOUD_HOME", "{home}/a"), ("BLUEMIX_HOME", "{home}/b")],
            &["a/.bluemix", "b/.ibmcloud"],
            "a/.bluemix",
        ),
        (&[("IBMCLOUD_HOME", ""), ("BLUEMIX_HOME", "{home}/b")], &["b/.bluemix", ".ibmcloud"], "b/.bluemix"),
        (&[("IBMCLOUD_CONFIG_HOME", "{home}/c")], &["c", ".ibmcloud"], "c"),
        (
            &[("IBMCLOUD_HOME", "{home}/a"), ("IBMCLOUD_CONFIG_HOME", "{home}/c")],
            &["c", "a/.ibmcloud", "c/.ibmcloud"],
            "c",
        ),
        (&[("IBMCLOUD_CONFIG_HOME", "")], &[".bluemix"], ".bluemix"),
        (&[("IBMCLOUD_HOME", "a")], &["a/.bluemix", ".bluemix"], "a/.bluemix"),
    ];
    for (variables, directories, used) in cases {
        let mut sandbox = Sandbox::with_session();
        let home = sandbox.home().to_str().unwrap().to_owned();
        for (name, value) in variables {
            sandbox = sandbox.with(name, value.replace("{home}", &home));
        }
        for directory in directories {
            let token = token(if *directory == used { "passcode-mfa" } else { "other-user" });
            sandbox.write(&format!("{directory}/config.json"), session_with(&token));
        }
        let expected = token("passcode-mfa");
        assert_eq!(sandbox.run("--format token").payload(), expected, "{variables:?} {directories:?}");
        assert_eq!(sandbox.calls(), 0, "{variables:?} {directories:?}");
        let cli = sandbox.run_cli("iam oauth-tokens");
        assert_eq!(cli.payload(), format!("IAM token:  Bearer {expected}"), "{variables:?} {directories:?}");
    }
}

#[test]
fn empty_new_directory_hides_the_old_one_as_in_the_cli() {
    let sandbox = Sandbox::with_token(&token("passcode-mfa"));
    fs::create_dir(sandbox.home().join(".ibmcloud")).unwrap();
    sandbox.run("").fails_with(4);
    assert_eq!(sandbox.calls(), 1);
}

#[test]
fn every_recorded_session_answers_as_recorded() {
    for situation in situations("session-") {
        let sandbox = Sandbox::with_session();
        let file = sandbox.write(".bluemix/config.json", recorded(&situation, "config.json"));
        let before = trace_of_writing(&file);
        let outcome = sandbox.run("--format token --timeout 5s");
        if let Some(token) = right_token(&situation) {
            assert_eq!(outcome.payload(), token, "{situation}");
        } else {
            outcome.fails_with(4);
        }
        // In a whole file without a token, the CLI reports that nobody is logged in. It is not started on a bad file.
        let is_whole = serde_json::from_slice::<Value>(&fs::read(&file).unwrap()).is_ok();
        let calls = usize::from(is_whole && right_token(&situation).is_none());
        assert_eq!((sandbox.calls(), trace_of_writing(&file)), (calls, before), "{situation}");
        assert!(!outcome.stderr.contains("REFRESH-TOKEN-MARKER"), "{situation}");
    }
}

#[test]
fn hints_name_the_chosen_session() {
    let sandbox = Sandbox::with_session();
    let login = "log in with `ibmcloud-token --session prod login` (for a federated ID: `ibmcloud-token --session prod login --sso`)";
    for line in ["", "status", "--fresh"] {
        let outcome = sandbox.run(&format!("--session prod {line}"));
        assert!(outcome.fails_with(4).stderr.ends_with(&format!("hint: {login}\n")), "{outcome:?}");
    }
    assert!(!sandbox.run("").stderr.contains("--session"));
    let sandbox = sandbox.with("IBMCLOUD_TOKEN_SESSION", "prod");
    assert!(sandbox.run("status").stderr.contains(login));
}
