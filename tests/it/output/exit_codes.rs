//! Every exit code, every kind of failure, and the help and the README that list them.

use super::assert_failure;
use crate::readme;
use crate::sandbox::{Sandbox, token};

#[test]
fn every_exit_code_is_reached() {
    let (sandbox, _) = Sandbox::logged_in();
    assert_eq!(sandbox.run("get").status, Some(0));
    for (status, sandbox, line) in [
        (1, sandbox, "get -o no/such/folder/token"),
        (2, Sandbox::new(), "get --no-such-option"),
        (3, Sandbox::new(), "get --ibmcloud no-such-program"),
        (4, Sandbox::replaying("oauth-tokens-not-logged-in"), "get"),
        (5, Sandbox::replaying("oauth-tokens-empty"), "get"),
        (6, Sandbox::replaying("oauth-tokens-no-such-host"), "get"),
        (7, Sandbox::new().with("STAND_IN_HANG", "1"), "get --timeout 200ms"),
        (8, Sandbox::replaying("oauth-tokens-expired"), "get"),
    ] {
        assert_failure(&sandbox.run(line), status);
    }
}

#[test]
#[cfg_attr(windows, ignore = "no signals")]
fn every_kind_of_failure_prints_an_error_and_a_hint_and_no_payload() {
    let (plain, logged_out) = (Sandbox::new, || Sandbox::new().with("STAND_IN_SESSION", "1"));
    let session = || Sandbox::logged_in().0;
    for (status, sandbox, line) in [
        (1, session(), "get -o /"),
        (1, session(), "get -o ."),
        (1, session(), "get -o /dev/null/token"),
        (2, session(), "status -o status"),
        (2, session(), "inspect --min-ttl 5m"),
        (2, plain(), "parse --session a"),
        (2, plain(), "-f json get"),
        (2, plain(), "get -o json"),
        (2, plain(), "get -o Bearer"),
        (2, plain(), "get -f %{token"),
        (2, plain(), "get -f %{nobody}"),
        (2, plain(), "get -f dotenv --env A=%{bearer}"),
        (1, plain(), "login --apikey @no-such-file"),
        (1, plain(), "login --apikey @/"),
        (1, plain().with("XDG_DATA_HOME", "/dev/null"), "get --session a"),
        (2, plain(), "no-such-command"),
        (2, plain(), "get too many words"),
        (2, plain(), "--login status"),
        (2, plain(), "status --login"),
        (2, plain(), "get -q -v"),
        (2, plain(), "get --format"),
        (2, plain(), "get --format yaml"),
        (2, plain(), "get --shell csh"),
        // Nushell has no `eval`.
        (2, plain(), "get -f env --shell nu"),
        (2, plain(), "get -f env --name T"),
        (2, plain(), "parse -f dotenv --name T"),
        (2, plain(), "get --env 1x"),
        (2, plain(), "get --env a-b"),
        (2, plain(), "get --env="),
        (2, plain(), "get --session ../a"),
        (2, plain(), "get --min-ttl soon"),
        (2, plain(), "get --timeout 0"),
        (2, plain(), "get --timeout -5s"),
        (2, plain(), "get --format github"),
        (2, plain().with("GITHUB_ENV", "env"), "get --format github -o token"),
        (2, plain(), "parse --format github"),
        (2, plain(), "status --format env"),
        (2, plain(), "inspect --format token"),
        (2, plain(), "inspect eyJhbGciOiJub25lIn0.e30.c2ln"),
        (2, plain(), "login --apikey secret"),
        (2, plain(), "login --apikey @"),
        (2, plain(), "login --apikey -"),
        (2, plain(), "login --passcode secret"),
        (2, plain(), "login --passcode -"),
        (2, plain(), "login --sso --passcode -"),
        (2, plain(), "login --sso --apikey -"),
        (2, plain(), "login -r us-south --no-region"),
        (2, plain(), "login -c a --no-account"),
        (2, plain(), "login --skip-ssl-validation"),
        (3, plain().with("PATH", "/nowhere"), "get"),
        (3, plain(), "get --ibmcloud /etc/passwd"),
        (3, plain(), "get --ibmcloud /"),
        (4, plain(), "status"),
        (4, plain(), "login"),
        (4, plain(), "login --sso"),
        (4, logged_out(), "get"),
        (4, logged_out(), "get --login"),
        (4, logged_out(), "inspect"),
        (5, plain(), "parse"),
        (5, plain(), "inspect -"),
        (5, Sandbox::replaying("oauth-tokens-panic-config"), "get"),
        (5, Sandbox::replaying("oauth-tokens-incorrect-usage"), "get"),
        (5, plain().with("STAND_IN_SIGNAL", "KILL"), "get"),
        (8, session(), "get --min-ttl 2h"),
    ] {
        let outcome = sandbox.run(line);
        assert_eq!(outcome.status, Some(status), "{line}: {outcome:?}");
        assert_failure(&outcome, status);
    }
}

#[test]
fn help_lists_every_exit_code() {
    let help = Sandbox::new().run("--help").payload().to_owned();
    let (_, codes) = help.split_once("Exit codes:\n").unwrap();
    let listed: Vec<&str> = codes.lines().map(|line| line.trim_start().split_once("  ").unwrap().0).collect();
    assert_eq!(listed, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "125", "126", "127"]);
}

#[test]
fn readme_lists_the_same_exit_codes() {
    let readme = readme::page("README.md");
    let help = Sandbox::new().run("--help").payload().to_owned();
    let (_, codes) = help.split_once("Exit codes:\n").unwrap();
    let rows = codes.lines().map_while(|line| line.strip_prefix("  ")?.split_once("  "));
    let rows: Vec<_> = rows.map(|(code, meaning)| format!("{code} {meaning}")).collect();
    let (_, section) = readme.split_once("## Exit codes\n\n").unwrap();
    let listed = section.split("\n`exec`").next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(listed, format!("{}.", rows.join(" · ")));
}

#[test]
fn help_and_version_are_payload() {
    let sandbox = Sandbox::new();
    for line in [
        "--help",
        "-h",
        "get --help",
        "login -h",
        "parse --help",
        "status --help",
        "inspect --help",
        "configure --help",
        "--version",
        "-V",
    ] {
        let outcome = sandbox.run(line);
        assert!(!outcome.payload().is_empty(), "{line}");
        assert_eq!(outcome.stderr, "", "{line}");
    }
    assert_eq!(sandbox.run("--version").payload(), concat!("ibmcloud-token ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn usage_error_does_not_repeat_a_secret() {
    let sandbox = Sandbox::new();
    let token = token("user-apikey");
    for line in [format!("get {token}"), format!("get --format {token}"), token.clone()] {
        let outcome = sandbox.run(&line);
        assert_failure(&outcome, 2);
        assert!(!outcome.stderr.contains("eyJ"), "{outcome:?}");
    }
}
