//! Broken set-ups. In each, the fault and its remedy are named.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};

use super::exit_code::without_refresh_token;
use super::{check, findings, program};
use crate::sandbox::{Sandbox, jwt, jwt_of, now, recorded, renewable, session_with, token};

/// Checks one finding: its verdict, and a part of its evidence and of its remedy.
#[track_caller]
fn assert_found(sandbox: &Sandbox, id: &str, verdict: &str, evidence: &str, remedy: &str) {
    let findings = findings(sandbox, "");
    let found = check(&findings, id);
    let is_found = found.0 == verdict && found.1.contains(evidence) && found.2.contains(remedy);
    assert!(is_found && !found.2.is_empty(), "{id}: {found:#?}");
}

#[test]
fn missing_cli() {
    let sandbox = Sandbox::with_session().with("PATH", "/usr/bin:/bin");
    assert_found(&sandbox, "ibmcloud", "failure", "`ibmcloud` is not in PATH", "install the IBM Cloud CLI");
    let sandbox = Sandbox::with_session().with("PATH", ":/usr/bin");
    program(&sandbox, "ibmcloud", "exit 0");
    assert_found(&sandbox, "ibmcloud", "failure", "only in an empty or relative entry", "install");
    assert_found(&sandbox, "path", "advice", "1 empty or relative", "remove these entries");
}

#[test]
fn cli_that_cannot_be_run_hangs_or_is_another_program() {
    let with = |script: Option<&str>| {
        let sandbox = Sandbox::with_session();
        let path = program(&sandbox, "bin/ibmcloud", script.unwrap_or_default());
        if script.is_none() {
            fs::write(path, "#!/no/such/interpreter\n").unwrap();
        }
        let path = format!("{}:/usr/bin:/bin", sandbox.home().join("bin").display());
        sandbox.with("PATH", path)
    };
    assert_found(&with(None), "version", "failure", "cannot run", "reinstall the IBM Cloud CLI");
    let sandbox = with(Some("trap '' TERM; sleep 60 & wait; sleep 60"));
    assert_found(&sandbox, "version", "failure", "did not answer within 1s", "to see why it hangs");
    let sandbox = with(Some("echo GNU ibmcloud; exit 0"));
    assert_found(&sandbox, "version", "warning", "did not print the version", "`ibmcloud --version`");
    let sandbox = with(Some("yes 'a line'"));
    assert_found(&sandbox, "version", "failure", "more than 1 MiB", "run it yourself");
    let sandbox = with(Some("echo 'panic: detect: not detected' >&2; exit 2"));
    assert_found(&sandbox, "version", "failure", "crashed", "LANG");
}

#[test]
fn second_cli_in_path() {
    let (sandbox, _) = Sandbox::logged_in();
    program(&sandbox, "bin/ibmcloud", "exit 0");
    let path = format!("{}:{}", sandbox.path_with_program(), sandbox.home().join("bin").display());
    let other = sandbox.home().join("bin/ibmcloud").display().to_string();
    let sandbox = sandbox.with("PATH", path);
    assert_found(
        &sandbox,
        "ibmcloud",
        "advice",
        &format!("PATH has others too: `{other}`"),
        "--ibmcloud PATH",
    );
}

#[test]
fn entry_of_path_that_others_can_write() {
    let (sandbox, _) = Sandbox::logged_in();
    let open = sandbox.home().join("open");
    fs::create_dir(&open).unwrap();
    let path = format!("{}:{}", open.display(), sandbox.path_with_program());
    let sandbox = sandbox.with("PATH", path);
    let set_mode = |mode| fs::set_permissions(&open, fs::Permissions::from_mode(mode)).unwrap();
    let remedy = format!("`chmod go-w {}`", open.display());
    for mode in [0o777, 0o757, 0o1777] {
        set_mode(mode);
        assert_found(&sandbox, "path", "warning", &open.display().to_string(), &remedy);
    }
    set_mode(0o755);
    assert_eq!(check(&findings(&sandbox, ""), "path").0, "ok");
    if rustix::process::geteuid().is_root() {
        chown(&open, Some(12345), None).unwrap();
        assert_found(&sandbox, "path", "warning", &open.display().to_string(), &remedy);
    }
}

#[test]
fn variables_that_lead_elsewhere() {
    let (sandbox, _) = Sandbox::logged_in();
    let sandbox = sandbox.with("IBMCLOUD_HOME", "/no/such/home");
    assert_found(
        &sandbox,
        "variables",
        "warning",
        "IBMCLOUD_HOME leads to `/no/such/home/.bluemix`",
        "unset",
    );
    let sandbox = sandbox.with("IBMCLOUD_CONFIG_HOME", "relative");
    assert_found(
        &sandbox,
        "variables",
        "warning",
        "IBMCLOUD_CONFIG_HOME leads to `relative`",
        "absolute path",
    );
    let (sandbox, _) = Sandbox::logged_in();
    let home = sandbox.home().to_str().unwrap().to_owned();
    let sandbox = sandbox.with("IBMCLOUD_HOME", home).with("BLUEMIX_HOME", "/x");
    assert_found(&sandbox, "variables", "advice", "BLUEMIX_HOME has no effect", "`unset BLUEMIX_HOME`");
    let sandbox = sandbox.with("IAM_ENDPOINT", "https://example.org");
    assert_found(&sandbox, "variables", "warning", "refresh token", "`unset IAM_ENDPOINT`");
    let sandbox = Sandbox::with_session().with("HOME", "");
    assert_found(&sandbox, "variables", "failure", "without a home directory", "set HOME or IBMCLOUD_HOME");
}

#[test]
fn session_file_that_is_missing_torn_or_not_usable() {
    let file = |content: &str| {
        let sandbox = Sandbox::with_session();
        sandbox.write_private(".bluemix/config.json", content);
        sandbox
    };
    let login = "`ibmcloud-token login`";
    assert_found(&Sandbox::with_session(), "session-file", "failure", "does not exist", login);
    assert_found(&file(""), "session-file", "failure", "is empty, cut off or not JSON", login);
    assert_found(&file("{\"IAMToken\":5}"), "session-file", "failure", "not what the CLI writes", "target");
    let sandbox = file(&(session_with(&jwt(-60, 3540)) + &" ".repeat(1 << 20)));
    assert_found(&sandbox, "session-file", "failure", "larger than 1 MiB", "target");
    let sandbox = Sandbox::with_session();
    fs::create_dir_all(sandbox.session_file()).unwrap();
    assert_found(&sandbox, "session-file", "failure", "it is not a regular file", "remove");
    // The commands name the chosen session.
    let named = findings(&Sandbox::with_session(), "--session prod");
    assert!(check(&named, "session-file").2.contains("ibmcloud-token --session prod login"), "{named}");
}

#[test]
fn session_file_that_others_can_read_or_own() {
    let (sandbox, _) = Sandbox::logged_in();
    fs::set_permissions(sandbox.session_file(), fs::Permissions::from_mode(0o644)).unwrap();
    let remedy = format!("`chmod 600 {}`", sandbox.session_file().display());
    assert_found(&sandbox, "session-file", "warning", "mode 0644", &remedy);
    if rustix::process::geteuid().is_root() {
        let home = sandbox.home().to_str().unwrap().to_owned();
        let sandbox = sandbox.with("IBMCLOUD_HOME", home);
        chown(sandbox.session_file(), Some(12345), None).unwrap();
        assert_found(&sandbox, "session-file", "failure", "belongs to another user", "`chown`");
    } else {
        fs::set_permissions(sandbox.session_file(), fs::Permissions::from_mode(0o000)).unwrap();
        assert_found(&sandbox, "session-file", "failure", "cannot be read", "`chmod 600 ");
    }
}

#[test]
fn login_that_has_ended() {
    let sandbox = Sandbox::with_session();
    sandbox.write_private(".bluemix/config.json", recorded("session-logged-out", "config.json"));
    assert_found(&sandbox, "login", "failure", "nobody is logged in", "`ibmcloud-token login`");
    let mut session: serde_json::Value = serde_json::from_str(&session_with(&renewable(-3600, -90))).unwrap();
    session["IAMRefreshToken"] = "".into();
    sandbox.write_private(".bluemix/config.json", session.to_string());
    assert_found(&sandbox, "login", "failure", "expired 1m 30s ago, and there is no refresh token", "login");
}

#[test]
fn clock_that_is_slow() {
    // Seconds may pass before the program looks.
    let sandbox = Sandbox::with_token(&jwt(640, 4240));
    assert_found(&sandbox, "clock", "failure", "it is at least 10m ", "set this machine's clock");
}

#[test]
fn lock_that_somebody_holds() {
    let (sandbox, _) = Sandbox::logged_in();
    let directory = sandbox.home().join(".bluemix");
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
    let held = fs::File::open(&directory).unwrap();
    held.lock().unwrap();
    assert_found(&sandbox, "lock", "warning", "which other users can lock too", "`chmod 700 ");
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
    assert_found(&sandbox, "lock", "warning", "another run for this session holds", "wait until");
    drop(held);
    assert_eq!(check(&findings(&sandbox, ""), "lock").0, "ok");
}

#[test]
fn lock_that_nobody_can_take() {
    // The CLI has no directory yet, and something else is in the place of the lock file.
    let sandbox = Sandbox::with_session();
    sandbox.run("get --timeout 20s").fails_with(4);
    let locks = sandbox.home().join(".local/share/ibmcloud-token/locks");
    let [lock] = &crate::sandbox::names(&locks)[..] else { panic!("one lock file") };
    fs::remove_file(locks.join(lock)).unwrap();
    fs::create_dir(locks.join(lock)).unwrap();
    fs::remove_dir_all(sandbox.home().join(".bluemix")).unwrap();
    assert_found(&sandbox, "lock", "warning", "runs of `ibmcloud` are not kept apart", "set XDG_DATA_HOME");
}

#[test]
fn session_without_a_refresh_token() {
    let (sandbox, token) = Sandbox::logged_in();
    sandbox.write_private(".bluemix/config.json", without_refresh_token(&token));
    let (verdict, evidence, _) = check(&findings(&sandbox, ""), "login");
    assert_eq!(verdict, "ok");
    assert!(evidence.ends_with(", and cannot be renewed"), "{evidence}");
}

#[test]
fn settings_and_locale_that_change_the_output() {
    let (sandbox, _) = Sandbox::logged_in();
    let sandbox = sandbox.with("IBMCLOUD_TRACE", "true").with("BLUEMIX_COLOR", "true");
    assert_found(&sandbox, "settings", "advice", "BLUEMIX_COLOR is `true`", "`unset BLUEMIX_COLOR`");
    assert_found(&sandbox, "settings", "advice", "IBMCLOUD_TRACE is set", "`unset IBMCLOUD_TRACE`");
    let (sandbox, token) = Sandbox::logged_in();
    let mut session: serde_json::Value = serde_json::from_str(&session_with(&token)).unwrap();
    session["Trace"] = "true".into();
    session["ColorEnabled"] = "true".into();
    session["Locale"] = "de_DE".into();
    sandbox.write_private(".bluemix/config.json", session.to_string());
    assert_found(
        &sandbox,
        "settings",
        "advice",
        "its setting `trace` is on",
        "`ibmcloud config --trace false`",
    );
    assert_found(
        &sandbox,
        "settings",
        "advice",
        "its setting `color` is on",
        "`ibmcloud config --color false`",
    );
    assert_found(&sandbox, "locale", "advice", "`de_DE`", "--locale en_US");
    let (sandbox, _) = Sandbox::logged_in();
    let sandbox = sandbox.with("LC_ALL", "").with("LANG", "fr_FR.UTF-8");
    assert_found(&sandbox, "locale", "advice", "LANG is `fr_FR.UTF-8`", "--locale en_US");
    assert_found(&sandbox.with("LANG", ""), "locale", "advice", "none of LC_ALL", "export LANG=");
}

#[test]
fn passcode_that_could_be_skipped() {
    let sandbox = Sandbox::with_token(&token("passcode-mfa"));
    assert_found(&sandbox, "sso", "advice", "one-time passcode", "`ibmcloud config --sso-otp auto`");
    let session =
        session_with(&token("passcode-mfa")).replace("\"TypeOfSSO\": \"\"", "\"TypeOfSSO\": \"auto\"");
    sandbox.write_private(".bluemix/config.json", session);
    assert_eq!(check(&findings(&sandbox, ""), "sso").0, "ok");
    let of_key = jwt_of(&format!(
        r#"{{"iam_id":"IBMid-1","grant_type":"urn:ibm:params:oauth:grant-type:apikey","exp":{}}}"#,
        now() + 900
    ));
    assert_eq!(check(&findings(&Sandbox::with_token(&of_key), ""), "sso").0, "ok");
}

#[test]
fn credential_helper_that_is_not_in_path() {
    let (sandbox, _) = Sandbox::logged_in();
    assert_eq!(check(&findings(&sandbox, ""), "docker").0, "ok");
    sandbox.run("configure docker");
    let sandbox = sandbox.with("DOCKER_CONFIG", "");
    assert_found(
        &sandbox,
        "docker",
        "warning",
        "`docker-credential-ibmcloud` is configured, but",
        "--remove",
    );
    let path = sandbox.path_with_program();
    let sandbox = sandbox.with("PATH", path);
    assert_eq!(check(&findings(&sandbox, ""), "docker").0, "ok");
    let config = sandbox.home().join(".docker/config.json");
    let text = fs::read_to_string(&config).unwrap().replacen("\"us.icr.io\": \"ibmcloud\",", "", 1);
    fs::write(&config, text).unwrap();
    assert_found(&sandbox, "docker", "advice", "serves 25 of 26 hosts", "configure docker");
    fs::write(&config, "{").unwrap();
    assert_found(&sandbox, "docker", "warning", "it is not JSON", "correct the file");
}
