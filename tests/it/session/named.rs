//! Named sessions.

use std::fs;
use std::path::Path;

use crate::login::last_login;
use crate::sandbox::{Sandbox, bearer_in, mode};

#[test]
fn named_session_is_separate_from_the_default_one() {
    let sandbox = Sandbox::with_session().with("IBMCLOUD_API_KEY", "good-key");
    assert_eq!(sandbox.run("login").status, Some(0));
    sandbox.run("--session prod").fails_with(4);
    assert_eq!(sandbox.run("login --session prod -c other-account").status, Some(0));

    let prod = sandbox.named_home("prod").join(".bluemix/config.json");
    let (default, prod) = (bearer_in(&sandbox.session_file()), bearer_in(&prod));
    assert_ne!(default, prod);
    assert_eq!(sandbox.run("get").payload(), default);
    assert_eq!(sandbox.run("--session prod").payload(), prod);
    assert!(sandbox.run("status --session prod").stdout.contains("other-account"));
    assert!(!sandbox.run("status").stdout.contains("other-account"));

    let sandbox = sandbox.with("IBMCLOUD_TOKEN_SESSION", "prod");
    assert_eq!(sandbox.run("get").payload(), prod);
    sandbox.run("get --session test").fails_with(4);
}

#[test]
fn named_session_ignores_the_variables_of_the_cli() {
    let sandbox = Sandbox::with_session()
        .with("IBMCLOUD_API_KEY", "good-key")
        .with("IBMCLOUD_HOME", "/nowhere")
        .with("BLUEMIX_HOME", "/nowhere")
        .with("IBMCLOUD_CONFIG_HOME", "/nowhere");
    assert_eq!(sandbox.run("login --session prod").status, Some(0));
    let (_, environment) = last_login(&sandbox);
    let home = format!("IBMCLOUD_HOME={}", sandbox.named_home("prod").display());
    assert!(environment.contains(&home), "{environment:?}");
    assert!(!environment.iter().any(|variable| variable.contains("/nowhere")), "{environment:?}");
}

#[test]
fn default_session_keeps_the_variables_of_the_cli() {
    let sandbox = Sandbox::with_session().with("IBMCLOUD_API_KEY", "good-key");
    let config = sandbox.home().join("user-config").display().to_string();
    let sandbox = sandbox.with("IBMCLOUD_CONFIG_HOME", &*config);
    assert_eq!(sandbox.run("login").status, Some(0));
    assert!(last_login(&sandbox).1.contains(&format!("IBMCLOUD_CONFIG_HOME={config}")));
    assert_eq!(sandbox.run("get").payload(), bearer_in(&Path::new(&config).join("config.json")));
    assert!(!sandbox.named_home("").exists());
}

#[test]
#[cfg_attr(windows, ignore = "no modes of files")]
fn named_session_is_private_under_every_umask() {
    let sandbox = Sandbox::with_session().with("IBMCLOUD_API_KEY", "good-key");
    let outcome = sandbox.shell("sh", "umask 000; ibmcloud-token login --session prod");
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let home = sandbox.named_home("prod");
    let data = home.ancestors().nth(2).unwrap();
    for directory in [data, &data.join("sessions"), &data.join("locks"), &home, &home.join(".bluemix")] {
        assert_eq!(mode(directory), 0o700, "{}", directory.display());
    }
    for entry in fs::read_dir(data.join("locks")).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[test]
fn status_of_a_missing_session_creates_nothing() {
    let sandbox = Sandbox::new();
    sandbox.run("status --session none").fails_with(4);
    assert_eq!(fs::read_dir(sandbox.home()).unwrap().count(), 0);
}

#[test]
fn named_session_is_in_the_user_data_directory() {
    let sandbox = Sandbox::with_session().with("IBMCLOUD_API_KEY", "good-key");
    let data = sandbox.home().join("user-data");
    let sandbox = sandbox.with("XDG_DATA_HOME", data.to_str().unwrap());
    assert_eq!(sandbox.run("login --session prod").status, Some(0));
    assert!(data.join("ibmcloud-token/sessions/prod/.bluemix/config.json").exists());
    assert!(!sandbox.home().join(".local").exists());
}
