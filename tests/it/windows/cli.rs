//! How the CLI is found, run and ended.

use std::fs;
use std::os::windows::process::CommandExt as _;
use std::process::Stdio;
use std::time::Duration;

use super::{alive, is_wine, tool};
use crate::sandbox::{
    Outcome, SYSTEM_PATH, Sandbox, eventually, jwt, renewable, search_path, spawn, stand_in, timed, token,
    token_in,
};

/// Much more than a busy machine needs, much less than a bug would cost.
const MARGIN: Duration = Duration::from_secs(20);

/// A process without a console.
const DETACHED_PROCESS: u32 = 0x0000_0008;

/// A process with a console of its own that has no window.
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

fn bearer() -> String {
    format!("Bearer {}", token("passcode-mfa"))
}

#[test]
fn hung_cli_and_its_child_end_at_the_deadline() {
    for stubborn in ["STAND_IN_HANG", "STAND_IN_SLOW"] {
        let sandbox = Sandbox::logging().with(stubborn, "1").with("STAND_IN_GRANDCHILD", "1");
        let (outcome, time) = timed(|| sandbox.run("--timeout 2s"));
        outcome.fails_with(7);
        assert!(time < Duration::from_secs(2) + MARGIN, "{time:?}");
        assert_eq!(sandbox.calls(), 1);
        eventually("the CLI and its child are gone", || alive(&sandbox) == 0);
    }
}

#[test]
fn cli_and_its_child_end_with_a_program_that_is_killed() {
    let sandbox = Sandbox::logging().with("STAND_IN_HANG", "1").with("STAND_IN_GRANDCHILD", "1");
    let mut program = spawn(&mut sandbox.program(["--timeout", "60s"]));
    eventually("the CLI and its child run", || alive(&sandbox) == 2);
    program.kill().unwrap();
    program.wait().unwrap();
    eventually("the CLI and its child are gone", || alive(&sandbox) == 0);
}

#[test]
fn child_that_keeps_the_pipes_open_is_not_waited_for() {
    let sandbox = Sandbox::logging().with("STAND_IN_GRANDCHILD", "1");
    let (outcome, time) = timed(|| sandbox.run("--timeout 50s"));
    assert_eq!(outcome.payload(), bearer());
    assert!(time < MARGIN, "{time:?}");
    eventually("the child is gone", || alive(&sandbox) == 0);
}

#[test]
fn flood_is_stopped() {
    for (name, value) in [("STAND_IN_BYTES", "1073741824"), ("STAND_IN_ENDLESS", "1")] {
        let sandbox = Sandbox::logging().with(name, value);
        let outcome = sandbox.run("--timeout 60s");
        assert!(
            outcome.fails_with(5).stderr.contains("printed more than 1 MiB and was stopped"),
            "{outcome:?}"
        );
        eventually("the CLI is gone", || alive(&sandbox) == 0);
    }
    let sandbox = Sandbox::logging().with("STAND_IN_ENDLESS", "stderr");
    sandbox.run("--timeout 2s").fails_with(7);
    eventually("the CLI is gone", || alive(&sandbox) == 0);
}

#[test]
fn cli_runs_without_a_console() {
    let sandbox = Sandbox::logging();
    let mut command = sandbox.program(["get"]);
    let outcome: Outcome = command.creation_flags(DETACHED_PROCESS).output().unwrap().into();
    assert_eq!(outcome.payload(), bearer());
    // Nobody is there to answer.
    let mut command = sandbox.program(["--login"]);
    command.env("STAND_IN_REPLAY", "oauth-tokens-not-logged-in").creation_flags(DETACHED_PROCESS);
    Outcome::from(command.output().unwrap()).fails_with(4);
}

#[test]
fn cli_in_the_current_directory_is_not_run() {
    for path in [
        SYSTEM_PATH.to_owned(),
        format!("{SYSTEM_PATH};"),
        format!(";{SYSTEM_PATH}"),
        format!(".;{SYSTEM_PATH}"),
        format!("bin;{SYSTEM_PATH}"),
    ] {
        let sandbox = Sandbox::logging().with("PATH", &path);
        for name in ["ibmcloud.exe", "ibmcloud.cmd", "bin/ibmcloud.exe"] {
            fs::copy(stand_in(), sandbox.write(name, "")).unwrap();
        }
        sandbox.run("get").fails_with(3);
        assert_eq!(sandbox.calls(), 0, "{path}");
        // A CLI in an absolute directory after these is found.
        let directory = stand_in().parent().unwrap();
        let path = format!("{path};{}", directory.display());
        assert_eq!(sandbox.with("PATH", &path).run("get").payload(), bearer(), "{path}");
    }
}

#[test]
fn cli_may_be_given_by_name_or_path_with_or_without_its_ending() {
    let sandbox = Sandbox::new();
    let copy = sandbox.write("bin/bx.exe", "");
    fs::copy(stand_in(), &copy).unwrap();
    let path = search_path(&[copy.parent().unwrap()], SYSTEM_PATH);
    let sandbox = sandbox.with("PATH", path);
    let whole = copy.to_str().unwrap();
    for name in
        ["bx", "bx.exe", "BX.EXE", "bin/bx", r"bin\bx.exe", r".\bin\bx", whole, &whole.replace('\\', "/")]
    {
        let outcome = sandbox.run(&format!("-v --ibmcloud {name}"));
        assert_eq!(outcome.payload(), bearer(), "{name}: {outcome:?}");
    }
    sandbox.run("--ibmcloud bin").fails_with(3);
    sandbox.write("bin/text.txt", "text");
    sandbox.run("--ibmcloud bin/text.txt").fails_with(3);
    sandbox.write("bin/broken.exe", "not a program");
    sandbox.run("--ibmcloud bin/broken").fails_with(3);
}

/// A batch file in place of the CLI, which passes its arguments on to the stand-in.
fn with_batch_file(name: &str) -> Sandbox {
    let sandbox = Sandbox::with_session();
    let batch = format!("@echo off\r\n\"{}\" %*\r\n", stand_in().display());
    let file = sandbox.write(&format!("batch files/{name}"), batch);
    let path = search_path(&[file.parent().unwrap()], SYSTEM_PATH);
    sandbox.with("PATH", path)
}

#[test]
fn batch_file_is_run_as_the_cli() {
    for name in ["ibmcloud.cmd", "ibmcloud.bat"] {
        let sandbox = with_batch_file(name);
        let token = jwt(-3600, -60);
        sandbox.write_session(&token);
        let outcome = sandbox.run("get");
        assert!(outcome.payload().starts_with("Bearer eyJ"), "{outcome:?}");
        assert_eq!(sandbox.calls(), 1);
    }
}

/// CVE-2024-24576: `cmd.exe` reads the arguments of a batch file in its own way.
#[test]
fn hostile_argument_starts_nothing_in_a_batch_file() {
    for hostile in [
        "\" & echo x>pwned & \"",
        "\"&echo x>pwned",
        "a&echo x>pwned",
        "a|echo x>pwned",
        "%COMSPEC% /c echo x>pwned",
        "%CMDCMDLINE:~-1%&echo x>pwned",
        "a\r\necho x>pwned",
        "^\"&echo x>pwned",
        "a\\\"&echo x>pwned&\"",
        "!PATH!>pwned",
    ] {
        let sandbox = with_batch_file("ibmcloud.cmd").with("IBMCLOUD_API_KEY", "good-key");
        let mut command = sandbox.program(["login", "-g", hostile]);
        let outcome: Outcome = command.stdin(Stdio::null()).output().unwrap().into();
        assert!(!sandbox.home().join("pwned").exists(), "{hostile:?}: {outcome:?}");
        // The `cmd.exe` of Wine replaces variables that std has protected.
        if outcome.status == Some(0) && !(is_wine() && hostile.contains('%')) {
            let log = fs::read_dir(sandbox.log()).unwrap().map(|entry| entry.unwrap().path());
            let mut argv =
                log.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("argv."));
            let whole = |path: &std::path::PathBuf| fs::read_to_string(path).unwrap().contains(hostile);
            assert!(
                argv.any(|path| whole(&path)),
                "{hostile:?} must arrive unchanged: {}",
                sandbox.call_log()
            );
        }
    }
}

#[test]
fn key_is_in_no_argument_of_the_cli() {
    const KEY: &str = "M4rkerApiKey_0f-F0rty-F0ur_Characters-abcdEF";
    let sandbox = Sandbox::with_session();
    sandbox.write_private("key", KEY);
    let outcome = sandbox.run("login --apikey @key");
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert!(sandbox.call_log().contains("login"));
    assert!(!sandbox.call_log().contains("M4rker"), "{}", sandbox.call_log());
    assert!(!outcome.stderr.contains("M4rker"), "{outcome:?}");
}

#[test]
fn ctrl_c_ends_the_program_and_the_cli() {
    let Some(press) = tool("ctrl-c.exe") else { return };
    let sandbox = Sandbox::logging().with("STAND_IN_HANG", "1").with("STAND_IN_GRANDCHILD", "1");
    let mut command = sandbox.program(["get", "--timeout", "60s", "-o", "./answer"]);
    let mut program = spawn(command.creation_flags(CREATE_NO_WINDOW));
    eventually("the CLI and its child run", || alive(&sandbox) == 2);
    let pressed = sandbox.command(press).arg(program.id().to_string()).status().unwrap();
    assert_eq!(pressed.code(), Some(0));
    let (status, time) = timed(|| program.wait().unwrap());
    assert!(time < MARGIN, "{time:?}");
    // STATUS_CONTROL_C_EXIT, as a shell expects it.
    assert_eq!(status.code(), Some(0xC000_013A_u32.cast_signed()));
    eventually("the CLI and its child are gone", || alive(&sandbox) == 0);
    assert!(!sandbox.home().join("answer").exists());
}

#[test]
fn watch_renews_the_token_until_ctrl_c() {
    let Some(press) = tool("ctrl-c.exe") else { return };
    let first = renewable(-3600, 13);
    let sandbox = Sandbox::with_token(&first);
    let file = sandbox.home().join("answer");
    let mut command = sandbox.program(["watch", "-f", "token", "-o", "./answer"]);
    let program = spawn(command.creation_flags(CREATE_NO_WINDOW));
    let content = || fs::read_to_string(&file).unwrap_or_default();
    eventually("the file is written", || content() == format!("{first}\n"));
    eventually("the CLI renews the token", || {
        content().starts_with("eyJ") && content() != format!("{first}\n")
    });
    let pressed = sandbox.command(press).arg(program.id().to_string()).status().unwrap();
    assert_eq!(pressed.code(), Some(0));
    let outcome = Outcome::from(program.wait_with_output().unwrap());
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""), "{outcome:?}");
    assert_eq!(content(), format!("{}\n", token_in(&sandbox.session_file())));
}
