//! Logins: in a real pseudo-terminal, as people do them, and unattended, as scripts do.
//!
//! A pseudo-terminal, because what a login gets wrong cannot be seen without one: whether the prompts appear while the
//! standard output is captured, whether a password shows, whom Ctrl-C reaches.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::goldens::assert_golden;
use crate::sandbox::{Outcome, PROGRAM, Sandbox, eventually, has, jwt, root, situations};

/// The shells in which people type `token=$(…)`.
const SHELLS: [&str; 3] = ["sh", "bash", "zsh"];

const ENTER: &str = "\n";
const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";

/// A program in a pseudo-terminal of its own.
struct Terminal {
    keyboard: File,
    screen: Arc<Mutex<String>>,
    seen: usize,
    reader: JoinHandle<()>,
    child: Child,
}

impl Terminal {
    /// Starts a program that has this terminal for its three streams, and for its controlling one.
    fn start(sandbox: &Sandbox, program: &str, arguments: &[&str]) -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap().into_string().unwrap();
        let stream = || File::options().read(true).write(true).custom_flags(NOCTTY).open(&name).unwrap();
        let mut command = sandbox.command("setsid");
        let child = command
            .args(["--ctty", program])
            .args(arguments)
            .env("PATH", path())
            .stdin(stream())
            .stdout(stream())
            .stderr(stream())
            .spawn()
            .unwrap();
        // The command holds the streams of its own side; while it does, the screen never ends.
        drop(command);
        let keyboard = File::from(keyboard);
        let screen = Arc::new(Mutex::new(String::new()));
        let (mut output, shown) = (keyboard.try_clone().unwrap(), Arc::clone(&screen));
        let reader = thread::spawn(move || {
            let mut bytes = Vec::new();
            let mut chunk = [0; 4096];
            // The last one to close the other side ends this with an error.
            while let Ok(length @ 1..) = output.read(&mut chunk) {
                bytes.extend_from_slice(&chunk[..length]);
                *shown.lock().unwrap() = String::from_utf8_lossy(&bytes).into_owned();
            }
        });
        Self { keyboard, screen, seen: 0, reader, child }
    }

    /// Runs a line of shell in a terminal, with the program under test as `ibmcloud-token`.
    fn shell(sandbox: &Sandbox, shell: &str, line: &str) -> Self {
        Self::start(sandbox, shell, &["-c", line])
    }

    fn screen(&self) -> String {
        self.screen.lock().unwrap().clone()
    }

    /// Waits until a text appears behind what was waited for last. Fails at once if the program ends without saying it.
    #[track_caller]
    fn wait_for(&mut self, text: &str) {
        eventually(&format!("{text:?} appears"), || {
            let is_complete = self.reader.is_finished();
            let screen = self.screen();
            let appears = screen[self.seen..].contains(text);
            assert!(appears || !is_complete, "{text:?} does not appear:\n{screen}");
            appears
        });
        let screen = self.screen();
        self.seen += screen[self.seen..].find(text).unwrap() + text.len();
    }

    /// Waits until typing is not shown, and types a line.
    #[track_caller]
    fn answer_hidden(&mut self, prompt: &str, answer: &str) {
        self.wait_for(prompt);
        eventually("the echo is off", || !self.echoes());
        self.press(answer);
        self.press(ENTER);
    }

    /// Waits for a prompt and types a line.
    #[track_caller]
    fn answer(&mut self, prompt: &str, answer: &str) {
        self.wait_for(prompt);
        self.press(answer);
        self.press(ENTER);
    }

    fn echoes(&self) -> bool {
        tcgetattr(&self.keyboard).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the end, also of everything else that has this terminal. The screen is complete then.
    #[track_caller]
    fn end(&mut self) -> ExitStatus {
        eventually(&format!("it ends; on the screen:\n{}", self.screen()), || self.reader.is_finished());
        self.child.wait().unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `O_NOCTTY`: the terminal is to be the child's, not ours.
#[cfg(target_os = "linux")]
const NOCTTY: i32 = 0o400;
#[cfg(not(target_os = "linux"))]
const NOCTTY: i32 = 0x2_0000;

/// The program under test, the stand-in, the system's tools.
fn path() -> String {
    let program = Path::new(PROGRAM).parent().unwrap().display();
    format!("{program}:{}:/usr/local/bin:/usr/bin:/bin", root().join("tests/stand-in").display())
}

/// The bearer value that a session file holds.
fn bearer_in(session_file: &Path) -> String {
    let session: serde_json::Value =
        serde_json::from_slice(&fs::read(session_file).expect("there is a session file")).unwrap();
    let bearer = session["IAMToken"].as_str().unwrap();
    assert!(bearer.starts_with("Bearer eyJ"), "{bearer}");
    bearer.to_owned()
}

/// Logs in in every shell, and checks that the shell's variable holds the token, nothing else, and that the token does
/// not appear on the terminal. Returns what does.
fn in_every_shell(sandbox: impl Fn() -> Sandbox, line: &str, talk: impl Fn(&mut Terminal)) -> Vec<String> {
    let mut screens = Vec::new();
    for shell in SHELLS.into_iter().filter(|shell| has(shell) && has("setsid")) {
        let sandbox = sandbox();
        let mut terminal =
            Terminal::shell(&sandbox, shell, &format!("{line}; printf '%s|%s|' \"$?\" \"$token\" >result"));
        talk(&mut terminal);
        assert_eq!(terminal.end().code(), Some(0), "{}", terminal.screen());
        let result = fs::read_to_string(sandbox.home().join("result")).unwrap();
        let bearer = bearer_in(&sandbox.session_file());
        assert_eq!(result, format!("0|{bearer}|"), "{shell}:\n{}", terminal.screen());
        assert!(!terminal.screen().contains("eyJ"), "{shell}:\n{}", terminal.screen());
        screens.push(terminal.screen());
    }
    screens
}

const LOGIN: &str = "token=$(ibmcloud-token --login)";
const LOGIN_BY_PASSCODE: &str = "ibmcloud-token login --sso && token=$(ibmcloud-token)";

#[test]
fn a_password_is_asked_for_on_the_terminal_and_not_shown() {
    let screens = in_every_shell(Sandbox::with_session, LOGIN, |terminal| {
        terminal.answer("Email> ", "ada@example.org");
        terminal.answer_hidden("Password> ", "correct horse");
        terminal.wait_for("logged in as ada@example.org");
    });
    for screen in screens {
        assert!(!screen.contains("horse"), "{screen}");
    }
}

#[test]
fn a_passcode_can_be_given_in_the_old_and_the_new_wording_and_in_spanish() {
    for (situation, browser, prompt) in [
        ("login-sso", "browser? [Y/n] > ", "One-time code > "),
        ("login-sso-old", "browser? [Y/n]> ", "One Time Code > "),
        ("login-sso-es", "predeterminado? [Y/n] > ", "One Time Code > "),
    ] {
        let sandbox = || Sandbox::with_session().with("STAND_IN_LOGIN", situation);
        for line in [LOGIN_BY_PASSCODE, LOGIN] {
            in_every_shell(sandbox, line, |terminal| {
                terminal.wait_for("/identity/passcode");
                terminal.answer(browser, "n");
                terminal.answer(prompt, "pAsSc0dE");
                terminal.wait_for("logged in as ada@example.org");
            });
        }
    }
}

#[test]
fn an_account_and_a_region_are_chosen_on_the_terminal() {
    let sandbox = || Sandbox::with_session().with("STAND_IN_LOGIN", "login-sso-pickers");
    in_every_shell(sandbox, LOGIN_BY_PASSCODE, |terminal| {
        terminal.answer("browser? [Y/n]> ", "n");
        terminal.answer("One Time Code > ", "pAsSc0dE");
        terminal.wait_for("2. Team Account");
        terminal.answer("Enter a number> ", "1");
        terminal.wait_for("Select a region");
        terminal.answer("Enter a number> ", "5");
        terminal.wait_for("Targeted region us-south");
    });
}

#[test]
fn a_federated_id_is_led_to_the_passcode() {
    for yes in ["", "y", "YES"] {
        let sandbox = || Sandbox::with_session().with("STAND_IN_FEDERATED", "1");
        in_every_shell(sandbox, LOGIN, |terminal| {
            terminal.answer("Email> ", "ada@example.org");
            terminal.answer_hidden("Password> ", "correct horse");
            terminal.answer("login --sso`? [Y/n] ", yes);
            terminal.answer("browser? [Y/n] > ", "n");
            terminal.answer("One-time code > ", "pAsSc0dE");
            terminal.wait_for("logged in as ada@example.org");
        });
    }
}

/// Runs the program in a terminal with its standard output captured, and returns how it ended; the screen is its
/// standard error.
fn outcome_in_terminal(sandbox: &Sandbox, line: &str, talk: impl FnOnce(&mut Terminal)) -> Outcome {
    let mut terminal = Terminal::shell(sandbox, "sh", &format!("exec ibmcloud-token {line} >stdout"));
    talk(&mut terminal);
    let status = terminal.end().code();
    let stdout = fs::read_to_string(sandbox.home().join("stdout")).unwrap();
    Outcome { status, stdout, stderr: terminal.screen().replace("\r\n", "\n") }
}

#[test]
fn who_does_not_want_the_passcode_gets_the_hint() {
    if !has("setsid") {
        return;
    }
    for no in ["n\n", "No\n", "nonsense\n", CTRL_D] {
        let sandbox = Sandbox::with_session().with("STAND_IN_FEDERATED", "1");
        let outcome = outcome_in_terminal(&sandbox, "--login", |terminal| {
            terminal.answer("Email> ", "ada@example.org");
            terminal.answer_hidden("Password> ", "correct horse");
            terminal.wait_for("? [Y/n] ");
            terminal.press(no);
        });
        outcome.fails_with(4);
        assert!(outcome.stderr.contains("hint: a federated ID needs a one-time passcode"), "{outcome:?}");
    }
}

#[test]
fn a_passcode_that_is_rejected_is_a_failed_login() {
    if !has("setsid") {
        return;
    }
    let sandbox = Sandbox::with_session().with("STAND_IN_LOGIN", "login-wrong-passcode");
    outcome_in_terminal(&sandbox, "login --sso", |terminal| {
        terminal.answer("browser? [Y/n] > ", "n");
        terminal.answer("One-time code > ", "wrong");
        terminal.wait_for("BXNIM0602E");
    })
    .fails_with(4);
}

#[test]
fn the_end_of_the_input_at_a_prompt_of_the_cli_is_a_failed_login() {
    if !has("setsid") {
        return;
    }
    let sandbox = Sandbox::with_session();
    outcome_in_terminal(&sandbox, "login --sso", |terminal| {
        terminal.wait_for("browser? [Y/n] > ");
        terminal.press(CTRL_D);
    })
    .fails_with(4);
}

#[test]
fn who_is_logged_in_is_asked_nothing() {
    if !has("setsid") {
        return;
    }
    let sandbox = Sandbox::with_session();
    let token = jwt(-10, 3600);
    sandbox.write_session(&token);
    let outcome = outcome_in_terminal(&sandbox, "--login", |_| {});
    assert_eq!(outcome.payload(), format!("Bearer {token}"));
    assert_eq!((outcome.stderr.as_str(), sandbox.calls()), ("", 0));
}

#[test]
fn of_two_who_want_to_log_in_one_is_asked_and_the_other_takes_the_token() {
    if !has("setsid") {
        return;
    }
    // Time enough for both to hear from one run that nobody is logged in.
    let sandbox = Sandbox::with_session().with("STAND_IN_DELAY", "0.5");
    let mut terminals = [1, 2].map(|number| {
        let line = format!("{LOGIN}; printf '%s|%s|' \"$?\" \"$token\" >result{number}");
        Terminal::shell(&sandbox, "sh", &line)
    });
    // Whoever comes first logs in; the other is told why nothing happens.
    let shows = |terminal: &Terminal, text| terminal.screen().contains(text);
    eventually("one is asked", || terminals.iter().any(|terminal| shows(terminal, "Email> ")));
    let asked = usize::from(shows(&terminals[1], "Email> "));
    terminals[1 - asked].wait_for("ibmcloud-token: another run of the CLI is under way; waiting for `");
    terminals[asked].answer("Email> ", "ada@example.org");
    terminals[asked].answer_hidden("Password> ", "correct horse");
    let mut screens = terminals.iter_mut().map(|terminal| {
        assert_eq!(terminal.end().code(), Some(0), "{}", terminal.screen());
        terminal.screen()
    });
    let screens = [screens.next().unwrap(), screens.next().unwrap()];
    assert!(!screens[1 - asked].contains("Email> "), "{}", screens[1 - asked]);
    let answer = format!("0|{}|", bearer_in(&sandbox.session_file()));
    for number in [1, 2] {
        assert_eq!(fs::read_to_string(sandbox.home().join(format!("result{number}"))).unwrap(), answer);
    }
    let calls = fs::read_to_string(sandbox.log().join("calls")).unwrap();
    assert_eq!(calls.lines().filter(|call| call.ends_with(" login")).count(), 1, "{calls}");
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    let sandbox = Sandbox::with_session();
    for line in ["--login", "get --login", "login", "login --sso"] {
        let outcome = sandbox.run(line);
        outcome.fails_with(4);
        assert!(outcome.stderr.contains("\nhint: log in with "), "{outcome:?}");
    }
    // Nor where only a part of the terminal is there: what is asked has to be seen, and answered.
    if has("setsid") {
        for streams in ["2>said", "</dev/null"] {
            let line = format!("ibmcloud-token --login {streams} >stdout; echo \"$?\" >result");
            assert_eq!(Terminal::shell(&sandbox, "sh", &line).end().code(), Some(0));
            assert_eq!(fs::read_to_string(sandbox.home().join("result")).unwrap(), "4\n", "{streams}");
            assert_eq!(fs::read(sandbox.home().join("stdout")).unwrap(), b"", "{streams}");
        }
    }
    let calls = fs::read_to_string(sandbox.log().join("calls")).unwrap();
    assert!(calls.lines().all(|call| call.ends_with(" iam oauth-tokens")), "{calls}");
}

#[test]
fn a_login_that_says_ok_and_leaves_no_session_has_failed() {
    if !has("setsid") {
        return;
    }
    let sandbox = Sandbox::with_session().with("STAND_IN_LOGIN", "login-without-session");
    let outcome = outcome_in_terminal(&sandbox, "login --sso", |terminal| {
        terminal.answer("browser? [Y/n]> ", "n");
        terminal.answer("One Time Code > ", "pAsSc0dE");
        terminal.wait_for("OK");
    });
    outcome.fails_with(4);
    assert!(outcome.stderr.contains("nobody is logged in"), "{outcome:?}");
}

#[test]
fn ok_and_then_a_failure_is_a_failure() {
    if !has("setsid") {
        return;
    }
    let sandbox = Sandbox::with_session().with("STAND_IN_LOGIN", "login-account-not-found");
    let outcome = outcome_in_terminal(&sandbox, "login --sso", |terminal| terminal.wait_for("OK"));
    outcome.fails_with(4);
    assert!(outcome.stderr.contains("was not found"), "{outcome:?}");
}

#[test]
fn a_login_that_was_not_understood_does_not_pass_for_the_session_before_it() {
    // "Incorrect Usage" comes with exit status 0. An old token that has expired is renewed when it is asked for.
    for old in [jwt(-10, 3600), jwt(-7200, -3600)] {
        let sandbox = Sandbox::with_session()
            .with("STAND_IN_LOGIN", "login-flag-needs-argument")
            .with("IBMCLOUD_API_KEY", "good");
        sandbox.write_session(&old);
        let outcome = sandbox.run("login -- -apikey");
        outcome.fails_with(4);
        assert!(outcome.stderr.contains("Incorrect Usage"), "{outcome:?}");
        assert!(outcome.stderr.contains("the login changed nothing"), "{outcome:?}");
        if has("setsid") {
            outcome_in_terminal(&sandbox, "login --sso -- -apikey", |_| {}).fails_with(4);
        }
    }
}

#[test]
fn nothing_of_ours_is_coloured_on_a_terminal() {
    if !has("setsid") {
        return;
    }
    for (name, value) in [("TERM", "xterm-256color"), ("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")] {
        let sandbox = Sandbox::with_session().with(name, value);
        sandbox.write_session(&jwt(-10, 3600));
        let line = "for line in --help 'get -v' 'get -v --fresh' --formt status inspect 'login --sso -a'; do \
            ibmcloud-token $line; done; ibmcloud-token --session none";
        let mut terminal = Terminal::shell(&sandbox, "sh", line);
        terminal.wait_for("hint: log in with");
        assert_eq!(terminal.end().code(), Some(4));
        assert!(!terminal.screen().contains('\x1b'), "{}", terminal.screen());
    }
}

#[test]
fn the_cli_is_told_of_no_color_in_its_own_words() {
    if !has("setsid") {
        return;
    }
    for (no_color, told) in [("1", true), ("", false)] {
        let sandbox =
            Sandbox::with_session().with("NO_COLOR", no_color).with("STAND_IN_LOGIN", "login-sso-otp-auto");
        let mut terminal = Terminal::start(&sandbox, PROGRAM, &["login", "--sso"]);
        terminal.answer("code > ", "one-time");
        assert_eq!(terminal.end().code(), Some(0), "{}", terminal.screen());
        let (_, environment) = last_login(&sandbox);
        assert_eq!(environment.contains(&"IBMCLOUD_COLOR=false".to_owned()), told);
    }
}

#[test]
fn ctrl_c_at_the_password_ends_everything() {
    if !has("setsid") {
        return;
    }
    let sandbox = Sandbox::with_session();
    let mut terminal = Terminal::start(&sandbox, PROGRAM, &["--login"]);
    terminal.answer("Email> ", "ada@example.org");
    terminal.wait_for("Password> ");
    eventually("the echo is off", || !terminal.echoes());
    terminal.press(CTRL_C);
    assert_eq!(terminal.end().signal(), Some(2), "{}", terminal.screen());
    assert!(!terminal.screen().contains("eyJ"));
    let calls = fs::read_to_string(sandbox.log().join("calls")).unwrap();
    for call in calls.lines() {
        let id = call.split(' ').next().unwrap();
        eventually(&format!("this has ended: {call}"), || !runs(&sandbox, id));
    }
}

/// Whether a process runs. One that is dead and not yet reaped does not.
fn runs(sandbox: &Sandbox, id: &str) -> bool {
    let state = sandbox.command("ps").args(["-o", "stat=", "-p", id]).output().unwrap().stdout;
    !state.is_empty() && !state.starts_with(b"Z")
}

#[test]
fn ctrl_c_reaches_a_shell_that_waits_for_the_token() {
    if !has("setsid") {
        return;
    }
    for shell in SHELLS.into_iter().filter(|shell| has(shell)) {
        let sandbox = Sandbox::with_session();
        let mut terminal = Terminal::shell(&sandbox, shell, &format!("{LOGIN}; echo went on >result"));
        terminal.wait_for("Email> ");
        terminal.press(CTRL_C);
        terminal.end();
        assert!(!sandbox.home().join("result").exists(), "{shell} went on");
    }
}

// ---- unattended --------------------------------------------------------------------------------------------------

/// Writes a file that nobody else can read.
fn key_file(sandbox: &Sandbox, key: &str) -> PathBuf {
    let path = sandbox.write("key", key);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// What the stand-in recorded of its last login: the arguments, and the environment.
fn last_login(sandbox: &Sandbox) -> (Vec<String>, Vec<String>) {
    let calls = fs::read_to_string(sandbox.log().join("calls")).unwrap();
    let login = calls.lines().rfind(|call| call.contains(" login")).expect("there was a login");
    let id = login.split(' ').next().unwrap();
    let lines = |what| {
        let text = fs::read_to_string(sandbox.log().join(format!("{what}.{id}"))).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    (lines("argv"), lines("environment"))
}

/// Checks a login: nothing on stdout, the person named, and a token to be had.
#[track_caller]
fn assert_logged_in(sandbox: &Sandbox, outcome: &Outcome) {
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""), "{outcome:?}");
    assert!(
        outcome.stderr.contains("logged in as ada@example.org; the token is valid for another"),
        "{outcome:?}"
    );
    assert_eq!(sandbox.run("get").payload(), bearer_in(&sandbox.session_file()));
}

#[test]
fn an_api_key_comes_from_a_file_the_standard_input_or_the_environment() {
    let sandbox = Sandbox::with_session();
    let file = key_file(&sandbox, "good-key\n").display().to_string();
    assert_logged_in(&sandbox, &sandbox.run(&format!("login --apikey @{file}")));
    assert_eq!(last_login(&sandbox).0, ["login", "--apikey", &format!("@{file}")]);
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
fn an_api_key_comes_from_a_password_manager_too() {
    if !has("bash") {
        return;
    }
    let sandbox = Sandbox::with_session();
    let outcome = sandbox.shell("bash", "ibmcloud-token login --apikey @<(printf good-key)");
    assert_logged_in(&sandbox, &outcome);
}

#[test]
fn a_key_file_that_others_can_read_is_warned_of() {
    let sandbox = Sandbox::with_session();
    fs::set_permissions(key_file(&sandbox, "good-key"), fs::Permissions::from_mode(0o644)).unwrap();
    let outcome = sandbox.run("login --apikey @key");
    assert!(outcome.stderr.contains("warning: others can read the API key in `key`"), "{outcome:?}");
    assert_eq!(sandbox.run("login -q --apikey @key").stderr, "");
}

#[test]
fn a_wrong_key_is_a_failed_login_and_the_reason_is_told() {
    let sandbox = Sandbox::with_session();
    key_file(&sandbox, "wrong");
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

#[test]
fn a_passcode_comes_from_the_standard_input_in_every_wording() {
    for (situation, more) in [
        ("login-sso", ""),
        ("login-sso-old", ""),
        ("login-sso-es", ""),
        ("login-sso-otp-auto", "-- --sso-otp auto"),
    ] {
        let sandbox = Sandbox::with_session().with("STAND_IN_LOGIN", situation);
        let line = format!("login --passcode - {more}");
        assert_logged_in(&sandbox, &sandbox.run_with_input(&line, b"pAsSc0dE\n"));
        let (arguments, environment) = last_login(&sandbox);
        assert_eq!(arguments[..2], ["login", "--sso"]);
        assert!(!format!("{arguments:?}{environment:?}").contains("pAsSc0dE"));
    }
}

#[test]
fn a_wrong_passcode_is_a_failed_login() {
    let sandbox = Sandbox::with_session().with("STAND_IN_LOGIN", "login-wrong-passcode");
    let outcome = sandbox.run_with_input("login --passcode -", b"pAsSc0dE\n");
    outcome.fails_with(4);
    assert!(outcome.stderr.contains("BXNIM0602E"), "{outcome:?}");
    assert!(!outcome.stderr.contains("pAsSc0dE"), "{outcome:?}");
}

#[test]
fn a_key_in_the_environment_does_not_take_the_place_of_a_passcode() {
    let sandbox = Sandbox::with_session().with("IBMCLOUD_API_KEY", "wrong").with("BLUEMIX_API_KEY", "wrong");
    assert_logged_in(&sandbox, &sandbox.run_with_input("login --passcode -", b"pAsSc0dE"));
    let (_, environment) = last_login(&sandbox);
    assert!(!environment.iter().any(|variable| variable.contains("_API_KEY=")), "{environment:?}");
}

#[test]
fn a_choice_that_cannot_be_skipped_ends_the_login() {
    let sandbox = Sandbox::with_session().with("STAND_IN_LOGIN", "login-sso-pickers");
    let outcome = sandbox.run_with_input("login --passcode -", b"pAsSc0dE\n");
    outcome.fails_with(5);
    assert!(outcome.stderr.contains("-c ACCOUNT_ID"), "{outcome:?}");
}

#[test]
fn a_choice_that_can_be_skipped_is_skipped() {
    let sandbox =
        Sandbox::with_session().with("STAND_IN_LOGIN", "login-passcode-ja").with("IBMCLOUD_API_KEY", "good");
    // Without a script for its questions the CLI gets the end of the input, and says so in its language.
    sandbox.run("login").fails_with(5);
}

#[test]
fn the_end_of_a_read_is_not_taken_for_a_prompt() {
    let sandbox = Sandbox::new();
    let answers = sandbox.home().join("answers");
    let program = root().join("tests/programs/asks-at-length");
    let sandbox = sandbox
        .with("IBMCLOUD_TOKEN_IBMCLOUD", program.to_str().unwrap())
        .with("ANSWERS", answers.to_str().unwrap());
    sandbox.run_with_input("login --passcode -", b"0123456789\n").fails_with(4);
    assert_eq!(fs::read_to_string(answers).unwrap(), "0123456789||0");
}

#[test]
fn what_is_typed_reaches_the_login_exactly() {
    for (line, expected) in [
        (
            "-a https://test.cloud.ibm.com -r eu-de -c 85da0dbb -g my-group",
            "-a https://test.cloud.ibm.com -r eu-de -c 85da0dbb -g my-group",
        ),
        ("--no-region --no-account", "--no-region --no-account"),
        ("-g default --no-account -r us-east", "-r us-east -g default --no-account"),
        (
            "-c 85da0dbb --min-ttl 1m -- --skip-ssl-validation --accept -r jp-tok",
            "-c 85da0dbb --skip-ssl-validation --accept -r jp-tok",
        ),
    ] {
        let sandbox = Sandbox::with_session();
        key_file(&sandbox, "good-key");
        assert_logged_in(&sandbox, &sandbox.run(&format!("login --apikey @key {line}")));
        let (arguments, _) = last_login(&sandbox);
        assert_eq!(arguments.join(" "), format!("login --apikey @key {expected}"));
    }
    // A word with a blank in it stays one word.
    let sandbox = Sandbox::with_session().with("IBMCLOUD_API_KEY", "good-key");
    let mut command = sandbox.program(["login", "-g", "my group", "--", "--profile", "a 'b' $c *"]);
    assert_logged_in(&sandbox, &command.output().unwrap().into());
    assert_eq!(last_login(&sandbox).0, ["login", "-g", "my group", "--profile", "a 'b' $c *"]);
}

#[test]
fn every_recorded_login_unattended() {
    for situation in situations("login-") {
        let sandbox =
            Sandbox::with_session().with("STAND_IN_LOGIN", &*situation).with("IBMCLOUD_API_KEY", "good-key");
        let outcome = sandbox.run("login");
        let works = root().join("fixtures").join(&situation).join("logs-in").exists()
            && !root().join("fixtures").join(&situation).join("stdout.2").exists();
        assert_eq!((outcome.status == Some(0), outcome.stdout.as_str()), (works, ""), "{situation}");
        assert_golden(&format!("login/{situation}"), "ibmcloud-token login", &outcome, &sandbox);
    }
}

// ---- named sessions ----------------------------------------------------------------------------------------------

/// The home of a named session.
fn session_home(sandbox: &Sandbox, name: &str) -> PathBuf {
    let data = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
    sandbox.home().join(data).join("ibmcloud-token/sessions").join(name)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_named_session_and_the_default_one_stay_apart() {
    let sandbox = Sandbox::with_session().with("IBMCLOUD_API_KEY", "good-key");
    assert_eq!(sandbox.run("login").status, Some(0));
    sandbox.run("--session prod").fails_with(4);
    assert_eq!(sandbox.run("login --session prod -c other-account").status, Some(0));

    let prod = session_home(&sandbox, "prod").join(".bluemix/config.json");
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
fn a_named_session_has_a_home_of_its_own_whatever_the_environment_says() {
    let sandbox = Sandbox::with_session()
        .with("IBMCLOUD_API_KEY", "good-key")
        .with("IBMCLOUD_HOME", "/nowhere")
        .with("BLUEMIX_HOME", "/nowhere")
        .with("IBMCLOUD_CONFIG_HOME", "/nowhere");
    assert_eq!(sandbox.run("login --session prod").status, Some(0));
    let (_, environment) = last_login(&sandbox);
    let home = format!("IBMCLOUD_HOME={}", session_home(&sandbox, "prod").display());
    assert!(environment.contains(&home), "{environment:?}");
    assert!(!environment.iter().any(|variable| variable.contains("/nowhere")), "{environment:?}");
}

#[test]
fn without_a_name_the_environment_is_the_users() {
    let sandbox = Sandbox::with_session().with("IBMCLOUD_API_KEY", "good-key");
    let config = sandbox.home().join("their-config").display().to_string();
    let sandbox = sandbox.with("IBMCLOUD_CONFIG_HOME", &*config);
    assert_eq!(sandbox.run("login").status, Some(0));
    assert!(last_login(&sandbox).1.contains(&format!("IBMCLOUD_CONFIG_HOME={config}")));
    assert_eq!(sandbox.run("get").payload(), bearer_in(&Path::new(&config).join("config.json")));
    assert!(!session_home(&sandbox, "").exists());
}

#[test]
fn a_named_session_is_for_its_user_alone_whatever_the_umask() {
    let sandbox = Sandbox::with_session().with("IBMCLOUD_API_KEY", "good-key");
    let outcome = sandbox.shell("sh", "umask 000; ibmcloud-token login --session prod");
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let home = session_home(&sandbox, "prod");
    let data = home.ancestors().nth(2).unwrap();
    for directory in [data, &data.join("sessions"), &data.join("locks"), &home, &home.join(".bluemix")] {
        assert_eq!(mode(directory), 0o700, "{}", directory.display());
    }
    for entry in fs::read_dir(data.join("locks")).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[test]
fn looking_at_a_session_that_does_not_exist_creates_nothing() {
    let sandbox = Sandbox::new();
    sandbox.run("status --session none").fails_with(4);
    assert_eq!(fs::read_dir(sandbox.home()).unwrap().count(), 0);
}

#[test]
fn data_of_our_own_lies_where_the_user_keeps_data() {
    let sandbox = Sandbox::with_session().with("IBMCLOUD_API_KEY", "good-key");
    let data = sandbox.home().join("their-data");
    let sandbox = sandbox.with("XDG_DATA_HOME", data.to_str().unwrap());
    assert_eq!(sandbox.run("login --session prod").status, Some(0));
    assert!(data.join("ibmcloud-token/sessions/prod/.bluemix/config.json").exists());
    assert!(!sandbox.home().join(".local").exists());
}
