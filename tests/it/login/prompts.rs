//! Prompts on a terminal.

use std::fs;

use super::last_login;
use super::terminal::{CTRL_D, LOGIN, LOGIN_BY_PASSCODE, Terminal, in_every_shell, outcome_on_terminal};
use crate::sandbox::{PROGRAM, Sandbox, bearer_in, eventually, has, jwt};

#[test]
fn password_is_prompted_for_and_not_echoed() {
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
fn passcode_prompt_is_recognized_in_the_old_new_and_spanish_wording() {
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
fn account_and_region_can_be_chosen_on_the_terminal() {
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
fn federated_id_is_offered_the_passcode_login() {
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

#[test]
fn declined_passcode_login_ends_with_a_hint() {
    if !has("setsid") {
        return;
    }
    for no in ["n\n", "No\n", "nonsense\n", CTRL_D] {
        let sandbox = Sandbox::with_session().with("STAND_IN_FEDERATED", "1");
        let outcome = outcome_on_terminal(&sandbox, "--login", |terminal| {
            terminal.answer("Email> ", "ada@example.org");
            terminal.answer_hidden("Password> ", "correct horse");
            terminal.wait_for("? [Y/n] ");
            terminal.press(no);
        });
        outcome.fails_with(4);
        assert!(outcome.hint().starts_with("a federated ID needs a one-time passcode"), "{outcome:?}");
    }
}

#[test]
fn rejected_passcode_on_the_terminal_is_a_failed_login() {
    if !has("setsid") {
        return;
    }
    let sandbox = Sandbox::with_session().with("STAND_IN_LOGIN", "login-wrong-passcode");
    outcome_on_terminal(&sandbox, "login --sso", |terminal| {
        terminal.answer("browser? [Y/n] > ", "n");
        terminal.answer("One-time code > ", "wrong");
        terminal.wait_for("BXNIM0602E");
    })
    .fails_with(4);
}

#[test]
fn logged_in_user_is_not_prompted() {
    if !has("setsid") {
        return;
    }
    let sandbox = Sandbox::with_session();
    let token = jwt(-10, 3600);
    sandbox.write_session(&token);
    let outcome = outcome_on_terminal(&sandbox, "--login", |_| {});
    assert_eq!(outcome.payload(), format!("Bearer {token}"));
    assert_eq!((outcome.stderr.as_str(), sandbox.calls()), ("", 0));
}

#[test]
fn second_of_two_logins_uses_the_token_of_the_first() {
    if !has("setsid") {
        return;
    }
    // This is long enough for both to find out from the same run that nobody is logged in.
    let sandbox = Sandbox::with_session().with("STAND_IN_DELAY", "0.5");
    let mut terminals = [1, 2].map(|number| {
        let line = format!("{LOGIN}; printf '%s|%s|' \"$?\" \"$token\" >result{number}");
        Terminal::shell(&sandbox, "sh", &line)
    });
    // The first one logs in; the other says why it waits.
    let shows = |terminal: &Terminal, text| terminal.screen().contains(text);
    eventually("one of them is prompted", || terminals.iter().any(|terminal| shows(terminal, "Email> ")));
    let first = usize::from(shows(&terminals[1], "Email> "));
    terminals[1 - first].wait_for("ibmcloud-token: another run of the CLI is in progress; waiting for `");
    terminals[first].answer("Email> ", "ada@example.org");
    terminals[first].answer_hidden("Password> ", "correct horse");
    let mut screens = terminals.iter_mut().map(|terminal| {
        assert_eq!(terminal.end().code(), Some(0), "{}", terminal.screen());
        terminal.screen()
    });
    let screens = [screens.next().unwrap(), screens.next().unwrap()];
    assert!(!screens[1 - first].contains("Email> "), "{}", screens[1 - first]);
    let answer = format!("0|{}|", bearer_in(&sandbox.session_file()));
    for number in [1, 2] {
        assert_eq!(fs::read_to_string(sandbox.home().join(format!("result{number}"))).unwrap(), answer);
    }
    let calls = sandbox.call_log();
    assert_eq!(calls.lines().filter(|call| call.ends_with(" login")).count(), 1, "{calls}");
}

#[test]
fn login_that_leaves_no_session_is_a_failure() {
    if !has("setsid") {
        return;
    }
    let sandbox = Sandbox::with_session().with("STAND_IN_LOGIN", "login-without-session");
    let outcome = outcome_on_terminal(&sandbox, "login --sso", |terminal| {
        terminal.answer("browser? [Y/n]> ", "n");
        terminal.answer("One Time Code > ", "pAsSc0dE");
        terminal.wait_for("OK");
    });
    outcome.fails_with(4);
    assert!(outcome.stderr.contains("nobody is logged in"), "{outcome:?}");
}

#[test]
fn failure_after_ok_is_a_failure() {
    if !has("setsid") {
        return;
    }
    let sandbox = Sandbox::with_session().with("STAND_IN_LOGIN", "login-account-not-found");
    let outcome = outcome_on_terminal(&sandbox, "login --sso", |terminal| terminal.wait_for("OK"));
    outcome.fails_with(4);
    assert!(outcome.stderr.contains("was not found"), "{outcome:?}");
}

#[test]
fn misused_login_is_not_mistaken_for_the_previous_session() {
    // "Incorrect Usage" comes with exit status 0. The session before is valid, or would be renewed if the program asked.
    for old in [jwt(-10, 3600), jwt(-7200, -3600)] {
        let sandbox = Sandbox::with_session()
            .with("STAND_IN_LOGIN", "login-flag-needs-argument")
            .with("IBMCLOUD_API_KEY", "good");
        sandbox.write_session(&old);
        let outcome = sandbox.run("login -- -apikey");
        outcome.fails_with(4);
        assert!(outcome.stderr.contains("Incorrect Usage"), "{outcome:?}");
        assert!(outcome.stderr.contains("the session has not changed"), "{outcome:?}");
        if has("setsid") {
            outcome_on_terminal(&sandbox, "login --sso -- -apikey", |_| {}).fails_with(4);
        }
    }
}

#[test]
fn program_prints_no_color_on_a_terminal() {
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
fn cli_gets_no_color_as_its_own_variable() {
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
