//! Every action of the protocol.

use std::process::Stdio;
use std::time::Duration;

use super::{HELPER, NO_ADDRESS, NOT_FOUND, answers, ask, fails, helper, link, refuses};
use crate::sandbox::{Outcome, Sandbox, can_trace, files_below, jwt, run_with_input, spawn, timed};

/// Added to a deadline: much more than a busy machine needs, much less than the default deadline.
const MARGIN: Duration = Duration::from_secs(15);

/// The JSON that clients send to be stored.
const CREDENTIALS: &str =
    r#"{"ServerURL":"us.icr.io","Username":"iambearer","Secret":"M4rker-of-a-stored-secret"}"#;

/// The states of a session in which there is no token, with a word of the reason.
fn without_a_token() -> [(Sandbox, &'static str); 5] {
    let expired = || Sandbox::with_token(&jwt(-7200, -3600));
    [
        (Sandbox::with_session(), "ibmcloud-token login"),
        (expired().with("STAND_IN_REFRESH", "BXNIM0439E"), "ibmcloud-token login"),
        (expired().with("STAND_IN_HANG", "1").with("IBMCLOUD_TOKEN_TIMEOUT", "1s"), "within 1s"),
        (expired().with("IBMCLOUD_TOKEN_IBMCLOUD", "no-such-program"), "`no-such-program` is not in PATH"),
        (expired().with("IBMCLOUD_TOKEN_TIMEOUT", "soon"), "IBMCLOUD_TOKEN_TIMEOUT"),
    ]
}

#[test]
fn get_without_a_token_fails_in_one_line_and_in_time() {
    for (sandbox, reason) in without_a_token() {
        let (outcome, took) = timed(|| ask(&sandbox, "get", "us.icr.io\n"));
        assert!(fails(&outcome).contains(reason), "{outcome:?}");
        assert!(took < MARGIN, "{took:?}");
    }
}

#[test]
fn words_of_the_cli_are_part_of_the_line() {
    let outcome = ask(&Sandbox::replaying("oauth-tokens-refresh-token-expired"), "get", "us.icr.io");
    assert!(
        fails(&outcome).contains("(ibmcloud: FAILED / Provided refresh token is expired)"),
        "{outcome:?}"
    );
}

#[test]
fn token_in_the_words_of_the_cli_is_redacted() {
    let echoed = jwt(0, 3600);
    let sandbox = Sandbox::new();
    sandbox.write("replay/stderr", format!("FAILED\nThe token {echoed} of this session is refused.\n"));
    sandbox.write("replay/status", "1\n");
    let folder = sandbox.home().join("replay").to_str().unwrap().to_owned();
    let sandbox = sandbox.with("STAND_IN_FOLDER", folder);
    let outcome = ask(&sandbox, "get", "us.icr.io");
    let words = "The token [REDACTED] of this session is refused.";
    assert!(fails(&outcome).contains(words) && outcome.stderr.contains(words), "{outcome:?}");
    for part in echoed.split('.') {
        assert!(!outcome.stdout.contains(part) && !outcome.stderr.contains(part), "{outcome:?}");
    }
}

/// Nobody is logged in, but a login with the key in the environment would succeed.
fn with_a_login_within_reach() -> Sandbox {
    Sandbox::with_session().with("IBMCLOUD_API_KEY", "demo-key")
}

/// Checks that the CLI was never asked to log in, although it would have succeeded.
#[track_caller]
fn nobody_has_logged_in(sandbox: &Sandbox) {
    let calls = sandbox.call_log();
    assert!(calls.lines().all(|call| call.ends_with(" iam oauth-tokens")), "{calls}");
    sandbox.run("get").fails_with(4);
    assert_eq!(sandbox.run("login").status, Some(0));
}

#[test]
fn helper_does_not_log_in() {
    let sandbox = with_a_login_within_reach();
    assert!(fails(&ask(&sandbox, "get", "us.icr.io\n")).contains("ibmcloud-token login"));
    assert_eq!(sandbox.calls(), 1);
    nobody_has_logged_in(&sandbox);
}

#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn helper_without_an_input_does_not_log_in() {
    let sandbox = with_a_login_within_reach();
    let outcome = sandbox.shell("sh", &format!("'{HELPER}' get <&-"));
    refuses(&outcome, NO_ADDRESS);
    nobody_has_logged_in(&sandbox);
}

// Not on Windows: it needs a pseudo-terminal.
#[cfg(unix)]
#[test]
fn helper_on_a_terminal_does_not_prompt() {
    use crate::login::terminal::{CTRL_D, Terminal};

    if !crate::sandbox::has("setsid") {
        return;
    }
    // Without a key, the CLI would prompt for a password.
    for sandbox in [with_a_login_within_reach(), Sandbox::with_session()] {
        let mut terminal = Terminal::start(&sandbox, HELPER, &["get"]);
        terminal.press("us.icr.io\n");
        terminal.wait_for("us.icr.io");
        terminal.press(CTRL_D);
        assert_eq!(terminal.end().code(), Some(1), "{}", terminal.screen());
        let screen = terminal.screen();
        assert!(screen.contains("\nhint: log in with `ibmcloud-token login`"), "{screen}");
        let calls = sandbox.call_log();
        assert!(calls.lines().all(|call| call.ends_with(" iam oauth-tokens")), "{calls}");
    }
}

#[test]
fn other_actions_need_no_session_and_no_cli() {
    for (sandbox, reason) in without_a_token() {
        if reason == "IBMCLOUD_TOKEN_TIMEOUT" {
            continue;
        }
        let done = |action, input| {
            let outcome = ask(&sandbox, action, input);
            assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{action}: {outcome:?}");
            outcome.stdout
        };
        assert_eq!(done("store", CREDENTIALS), "");
        assert_eq!(done("erase", "us.icr.io"), "");
        assert!(done("list", "").starts_with("{\"icr.io\":\"iambearer\","));
        let version =
            concat!("docker-credential-ibmcloud (ibmcloud-token) ", env!("CARGO_PKG_VERSION"), "\n");
        assert_eq!(done("version", ""), version);
        refuses(&ask(&sandbox, "get", "registry.example"), NOT_FOUND);
        assert_eq!(sandbox.calls(), 0);
    }
}

#[test]
fn store_keeps_nothing() {
    let (sandbox, token) = Sandbox::logged_in();
    let before = every_file(&sandbox);
    assert_eq!(ask(&sandbox, "store", CREDENTIALS).status, Some(0));
    assert_eq!(every_file(&sandbox), before);
    answers(&ask(&sandbox, "get", "us.icr.io"), "us.icr.io", &token);
    assert_eq!(ask(&sandbox, "erase", "us.icr.io").status, Some(0));
    answers(&ask(&sandbox, "get", "us.icr.io"), "us.icr.io", &token);
    assert_eq!(every_file(&sandbox), before);
}

/// Every file in the home with its content.
fn every_file(sandbox: &Sandbox) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = files_below(sandbox.home())
        .into_iter()
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn odd_input_is_answered_by_the_protocol() {
    let (sandbox, _) = Sandbox::logged_in();
    for input in ["", "\n", "\r\n"] {
        refuses(&ask(&sandbox, "get", input), NO_ADDRESS);
        refuses(&ask(&sandbox, "erase", input), NO_ADDRESS);
    }
    let large = [b"us.icr.io/".to_vec(), vec![b'a'; 1024 * 1024]].concat();
    let lines = b"us.icr.io\n".repeat(100_000);
    for input in [&large[..], &lines, b"\xff\xfe", &[0; 100]] {
        refuses(&ask(&sandbox, "get", input), NOT_FOUND);
        assert_eq!(ask(&sandbox, "erase", input).status, Some(0));
    }
    for input in [&b""[..], b"not JSON", b"\xff\xfe", &large, &large.repeat(3)] {
        let outcome = ask(&sandbox, "store", input);
        assert_eq!((outcome.status, outcome.stdout.as_str(), outcome.stderr.as_str()), (Some(0), "", ""));
    }
}

#[test]
fn input_that_does_not_end_is_waited_for_until_the_deadline() {
    let sandbox = Sandbox::logged_in().0.with("IBMCLOUD_TOKEN_TIMEOUT", "300ms");
    for action in ["get", "store", "erase"] {
        let (outcome, took) = timed(|| {
            let mut child = spawn(helper(&sandbox, action).stdin(Stdio::piped()));
            let _open = child.stdin.take();
            Outcome::from(child.wait_with_output().unwrap())
        });
        assert!(fails(&outcome).contains("the standard input did not end within 300ms"), "{outcome:?}");
        assert!(took < MARGIN, "{action}: {took:?}");
    }
}

#[test]
fn wrong_use_is_explained_in_one_line() {
    let sandbox = Sandbox::new();
    let usage = "usage: docker-credential-ibmcloud <store|get|erase|list|version>\n";
    for arguments in [&[][..], &["get", "us.icr.io"], &["list", "list"]] {
        let output = sandbox.command(HELPER).args(arguments).stdin(Stdio::null()).output();
        refuses(&output.unwrap().into(), usage);
    }
    assert_eq!(ask(&sandbox, "--help", "").payload(), usage.trim_end());
    refuses(&ask(&sandbox, "frob\x1b[31m\n", ""), "unknown credential action `frob[31m `\n");
    let token = jwt(0, 3600);
    refuses(&ask(&sandbox, &token, ""), "unknown credential action `[REDACTED]`\n");
}

#[test]
fn expired_token_is_renewed_by_the_cli() {
    let expired = jwt(-7200, -3600);
    let sandbox = Sandbox::with_token(&expired);
    let outcome = ask(&sandbox, "get", "us.icr.io");
    let token = crate::sandbox::token_in(&sandbox.session_file());
    assert_ne!(token, expired);
    answers(&outcome, "us.icr.io", &token);
    assert_eq!(sandbox.calls(), 1);
}

#[test]
fn token_of_another_account_is_not_handed_out() {
    let (sandbox, token) = Sandbox::logged_in();
    let sandbox = sandbox.with("IBMCLOUD_TOKEN_EXPECT_ACCOUNT", "a1");
    answers(&ask(&sandbox, "get", "us.icr.io"), "us.icr.io", &token);
    let sandbox = sandbox.with("IBMCLOUD_TOKEN_EXPECT_ACCOUNT", "a2");
    let outcome = ask(&sandbox, "get", "us.icr.io");
    assert!(fails(&outcome).contains("is for the account `a1`, but `a2` was requested"), "{outcome:?}");
    assert!(!outcome.stdout.contains("eyJ"));
    let sandbox = sandbox.with("IBMCLOUD_TOKEN_EXPECT_ACCOUNT", "a 2");
    assert!(fails(&ask(&sandbox, "get", "us.icr.io")).contains("IBMCLOUD_TOKEN_EXPECT_ACCOUNT"));
}

#[test]
#[cfg_attr(windows, ignore = "no links without a privilege")]
fn name_of_a_link_or_a_variable_selects_the_session() {
    let (sandbox, own) = Sandbox::logged_in();
    let sandbox = sandbox.with("IBMCLOUD_API_KEY", "good-key");
    for name in ["prod", "test"] {
        assert_eq!(sandbox.run(&format!("login --session {name}")).status, Some(0));
    }
    let token = |name: &str| sandbox.run(&format!("-f token --session {name}")).payload().to_owned();
    let (prod, test) = (token("prod"), token("test"));
    let as_prod = link(&sandbox, "docker-credential-ibmcloud-prod");
    let by_link = |sandbox: &Sandbox| run_with_input(sandbox.command(&as_prod).arg("get"), b"icr.io");

    answers(&ask(&sandbox, "get", "icr.io"), "icr.io", &own);
    answers(&by_link(&sandbox), "icr.io", &prod);
    let sandbox = sandbox.with("IBMCLOUD_TOKEN_SESSION", "test");
    answers(&ask(&sandbox, "get", "icr.io"), "icr.io", &test);
    // The name of the link is what the client's configuration asks for.
    answers(&by_link(&sandbox), "icr.io", &prod);
}

#[test]
#[cfg_attr(windows, ignore = "no links without a privilege")]
fn failure_in_a_named_session_names_it() {
    let sandbox = Sandbox::with_session();
    let prod = link(&sandbox, "docker-credential-ibmcloud-prod");
    let outcome = run_with_input(sandbox.command(prod).arg("get"), b"icr.io");
    assert!(fails(&outcome).contains("`ibmcloud-token --session prod login`"), "{outcome:?}");
    let invalid = link(&sandbox, "docker-credential-ibmcloud--x");
    let outcome = run_with_input(sandbox.command(invalid).arg("get"), b"icr.io");
    assert!(fails(&outcome).contains("`docker-credential-ibmcloud--x`"), "{outcome:?}");
}

#[test]
fn variables_of_other_options_are_ignored() {
    let (sandbox, token) = Sandbox::logged_in();
    let sandbox = ["FORMAT", "MIN_TTL", "FRESH", "ENV", "SHELL", "FILE", "REMOVE", "APIKEY"]
        .iter()
        .fold(sandbox, |sandbox, name| sandbox.with(&format!("IBMCLOUD_TOKEN_{name}"), "?"));
    answers(&ask(&sandbox, "get", "us.icr.io"), "us.icr.io", &token);
    assert_eq!(sandbox.calls(), 0);
}

#[test]
#[cfg_attr(windows, ignore = "needs strace")]
fn process_is_not_dumpable_before_it_touches_the_session() {
    if !can_trace() {
        return;
    }
    let (sandbox, _) = Sandbox::logged_in();
    let mut command = sandbox.command("strace");
    command.args(["-f", "-o", "strace", "-e", "trace=prctl,?open,openat", HELPER, "get"]);
    assert_eq!(run_with_input(&mut command, b"us.icr.io").status, Some(0));
    let log = std::fs::read_to_string(sandbox.home().join("strace")).unwrap();
    let forbidden = log.find("prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE) = 0").expect(&log);
    let session = log.find(sandbox.session_file().to_str().unwrap()).expect(&log);
    assert!(forbidden < session, "{log}");
}

#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn closed_pipe_is_not_an_error() {
    let (sandbox, _) = Sandbox::logged_in();
    let mut command = sandbox.command("sh");
    command.args(["-c", r#"(sleep 1; "$0" list; echo "$?" >status) | true"#, HELPER]).stdin(Stdio::null());
    let outcome = Outcome::from(command.output().unwrap());
    assert_eq!(outcome.stderr, "");
    crate::sandbox::eventually("the helper ended", || {
        std::fs::read_to_string(sandbox.home().join("status")).is_ok_and(|status| status == "0\n")
    });
}
