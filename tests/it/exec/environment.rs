//! The environment of the program.

use std::cell::RefCell;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use super::run;
use crate::sandbox::{ENV, Outcome, Sandbox, TRUE, eventually, jwt, make_pipe, spawn};

#[test]
#[cfg_attr(windows, ignore = "needs the program printenv")]
fn token_is_in_iam_token_by_default() {
    let (sandbox, token) = Sandbox::logged_in();
    assert_eq!(sandbox.run("exec printenv IAM_TOKEN").payload(), token);
    assert_eq!(sandbox.run("exec --env A printenv A").payload(), token);
    assert_eq!(sandbox.run("exec --env A printenv IAM_TOKEN").status, Some(1));
    assert_eq!(sandbox.calls(), 0);
}

#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn variables_have_templates() {
    let (sandbox, token) = Sandbox::logged_in();
    let line = "exec --env A=%{bearer} --env B=x:%{account} --env C= sh -c";
    let arguments: Vec<&str> = line.split(' ').skip(1).chain(["echo \"$A $B ${C-unset}\""]).collect();
    assert_eq!(run(&sandbox, &arguments).payload(), format!("Bearer {token} x:a1 "));
}

#[test]
fn everything_else_in_the_environment_stays() {
    let (sandbox, token) = Sandbox::logged_in();
    let sandbox = sandbox.with("EMPTY", "").with("A", "old").with("IBMCLOUD_API_KEY", "key");
    let mut env = ENV.split(' ');
    let direct: Outcome = sandbox.command(env.next().unwrap()).args(env).output().unwrap().into();
    let mut expected: Vec<String> = direct.stdout.lines().map(str::to_owned).collect();
    expected.retain(|line| line != "A=old");
    expected.push(format!("A={token}"));
    expected.sort();
    let outcome = sandbox.run(&format!("exec --env A {ENV}"));
    let mut lines: Vec<&str> = outcome.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, expected);
}

#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn variables_of_the_options_are_used() {
    let (sandbox, token) = Sandbox::logged_in();
    let sandbox = sandbox.with("IBMCLOUD_TOKEN_ENV", "A=%{bearer}").with("IBMCLOUD_TOKEN_FOR", "sdk:x");
    let outcome = run(&sandbox, &["sh", "-c", "echo \"$A $X_BEARER_TOKEN ${IAM_TOKEN-unset}\""]);
    assert_eq!(outcome.payload(), format!("Bearer {token} {token} unset"));
    // An option overrides its variable.
    let outcome =
        run(&sandbox, &["--for", "watsonx", "sh", "-c", "echo \"$WATSONX_TOKEN ${X_BEARER_TOKEN-unset}\""]);
    assert_eq!(outcome.payload(), format!("{token} unset"));
}

#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn recipe_replaces_the_default_and_removes_other_credentials() {
    let (sandbox, token) = Sandbox::logged_in();
    let sandbox = sandbox
        .with("IC_API_KEY", "key")
        .with("IBMCLOUD_API_KEY", "key")
        .with("IC_IAM_REFRESH_TOKEN", "refresh")
        .with("IBM_CREDENTIALS_FILE", "/credentials")
        .with("IC_REGION", "us-south");
    let script = "env | grep -E '^(IC|IBM|IAM|IBMCLOUD)_' | sort";
    let outcome = run(&sandbox, &["--for", "terraform", "sh", "-c", script]);
    assert_eq!(outcome.payload(), format!("IC_IAM_TOKEN=Bearer {token}\nIC_REGION=us-south"));
    // Without a recipe nothing is removed, and a named variable is set in addition to a recipe.
    assert_eq!(sandbox.run("exec printenv IBM_CREDENTIALS_FILE IC_API_KEY").payload(), "/credentials\nkey");
    let both = run(
        &sandbox,
        &[
            "--for",
            "terraform",
            "--for",
            "sdk:x",
            "--env",
            "IC_IAM_TOKEN=%{token}",
            "printenv",
            "IC_IAM_TOKEN",
            "X_BEARER_TOKEN",
        ],
    );
    assert_eq!(both.payload(), format!("{token}\n{token}"));
}

#[test]
fn credentials_file_that_wins_is_a_warning() {
    let (sandbox, _) = Sandbox::logged_in();
    sandbox.write("ibm-credentials.env", "MY_SERVICE_APIKEY=TOP-SECRET\n");
    let outcome = sandbox.run(&format!("exec --for sdk:my-service {TRUE}"));
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let file = Path::new(".").join("ibm-credentials.env");
    let warning = format!("warning: `{}` has credentials", file.display());
    assert!(outcome.stderr.starts_with(&warning), "{outcome:?}");
    assert!(!outcome.stderr.contains("TOP-SECRET"));
    for line in [
        "exec --for sdk:other true",
        "exec --for terraform true",
        "exec true",
        "exec -q --for sdk:my-service true",
    ] {
        assert_eq!(sandbox.run(&line.replace("true", TRUE)).stderr, "", "{line}");
    }
}

#[test]
#[cfg_attr(windows, ignore = "no named pipes in the file system")]
fn pipe_in_place_of_a_credentials_file_is_not_waited_for() {
    let (sandbox, _) = Sandbox::logged_in();
    let pipe = sandbox.home().join("ibm-credentials.env");
    make_pipe(&pipe);
    // While it is open here, a program that reads it does not see its end.
    let mut writer = File::options().read(true).write(true).open(&pipe).unwrap();
    writer.write_all(b"MY_SERVICE_APIKEY=TOP-SECRET\n").unwrap();
    let program = spawn(&mut sandbox.program(["exec", "--for", "sdk:my-service", TRUE]));
    let program = RefCell::new(program);
    eventually("the program ends", || program.borrow_mut().try_wait().unwrap().is_some());
    let outcome = Outcome::from(program.into_inner().wait_with_output().unwrap());
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
}

#[test]
fn recipes_are_listed_without_a_session() {
    let outcome = Sandbox::new().run("exec --list-recipes");
    for expected in [
        "terraform:",
        "sdk:SERVICE:",
        "watsonx:",
        "  set     IC_IAM_TOKEN",
        "  remove  SERVICE_APIKEY",
        "  source  github.com/",
    ] {
        assert!(outcome.payload().contains(expected), "{expected}: {outcome:?}");
    }
}

#[test]
#[cfg_attr(windows, ignore = "needs the program printenv")]
fn program_is_in_the_same_session() {
    let sandbox =
        Sandbox::with_session().with("IBMCLOUD_CONFIG_HOME", "/elsewhere").with("IBMCLOUD_API_KEY", "key");
    assert_eq!(sandbox.run("--session prod login").status, Some(0));
    let sandbox = sandbox.with("IBMCLOUD_API_KEY", "");
    let home = sandbox.named_home("prod");
    let home = home.to_str().unwrap();
    for line in ["--session prod exec", "exec --session prod"] {
        let outcome = sandbox.run(&format!("{line} printenv IBMCLOUD_HOME"));
        assert_eq!(outcome.payload(), home, "{line}");
        assert_eq!(sandbox.run(&format!("{line} printenv IBMCLOUD_CONFIG_HOME")).status, Some(1), "{line}");
        // The CLI, as a program, finds the session.
        let outcome = sandbox.run(&format!("{line} ibmcloud iam oauth-tokens"));
        assert!(outcome.payload().starts_with("IAM token:  Bearer eyJ"), "{line}: {outcome:?}");
    }
    // Without the option, the user's environment applies.
    let (sandbox, _) = Sandbox::logged_in();
    assert_eq!(sandbox.run("exec printenv IBMCLOUD_HOME").status, Some(1));
}

#[test]
#[cfg_attr(windows, ignore = "needs the program printenv")]
fn token_lives_as_long_as_requested() {
    let sandbox = Sandbox::with_token(&jwt(-10, 300));
    assert_eq!(sandbox.run("exec --min-ttl 200s printenv IAM_TOKEN").status, Some(0));
    sandbox.run(&format!("exec --min-ttl 20m {TRUE}")).fails_with(125);
}
