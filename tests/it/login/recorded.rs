//! Every recorded login: unattended with an API key, unattended with a passcode, and on a terminal.
//!
//! A situation needs no code here. Its files `arguments` and `answers` define the run.

#[cfg(unix)]
use super::assert_logged_in;
#[cfg(unix)]
use super::terminal::{Terminal, outcome_on_terminal};
use crate::goldens::assert_golden;
use crate::sandbox::{Sandbox, recorded, root, situations};

fn text(situation: &str, file: &str) -> String {
    String::from_utf8_lossy(&recorded(situation, file)).into_owned()
}

fn has_file(situation: &str, file: &str) -> bool {
    root().join("fixtures").join(situation).join(file).exists()
}

/// The outputs before, between and after the questions.
fn outputs(situation: &str) -> Vec<String> {
    let file = |number| format!("stdout.{number}");
    let mut outputs = Vec::new();
    while has_file(situation, &file(outputs.len() + 1)) {
        outputs.push(text(situation, &file(outputs.len() + 1)));
    }
    outputs
}

/// Answers the questions of a situation. After a failed plain login, declines the passcode that the program offers.
#[cfg(unix)]
fn talk(situation: &str, terminal: &mut Terminal) {
    let outputs = outputs(situation);
    let answers = text(situation, "answers");
    assert_eq!(answers.lines().count(), outputs.len() - 1, "{situation}: one answer for each question");
    for (number, (output, answer)) in outputs.iter().zip(answers.lines()).enumerate() {
        let prompt = output.lines().last().unwrap();
        if has_file(situation, &format!("hidden.{}", number + 1)) {
            terminal.answer_hidden(prompt, answer);
        } else {
            terminal.answer(prompt, answer);
        }
    }
    if !has_file(situation, "logs-in") && !has_file(situation, "arguments") {
        terminal.answer("? [Y/n] ", "n");
    }
}

#[test]
fn every_recorded_login_runs_unattended() {
    for situation in situations("login-") {
        let sandbox =
            Sandbox::with_session().with("STAND_IN_LOGIN", &*situation).with("IBMCLOUD_API_KEY", "good-key");
        let outcome = sandbox.run("login");
        // Choices from a list are skipped, and nobody can answer any other question.
        let asks_only_for_choices = outputs(&situation).split_last().is_none_or(|(_, questions)| {
            questions.iter().all(|output| output.lines().rev().nth(1).unwrap().starts_with(char::is_numeric))
        });
        let succeeds = has_file(&situation, "logs-in") && asks_only_for_choices;
        assert_eq!((outcome.status == Some(0), outcome.stdout.as_str()), (succeeds, ""), "{situation}");
        assert_golden(&format!("login/{situation}"), "ibmcloud-token login", &outcome, &sandbox);
    }
}

#[test]
fn every_recorded_passcode_login_runs_unattended() {
    for situation in situations("login-") {
        let arguments = text(&situation, "arguments");
        let Some(others) = arguments.trim().strip_prefix("--sso") else { continue };
        let sandbox = Sandbox::with_session().with("STAND_IN_LOGIN", &*situation);
        let line = format!("login --passcode -{others}");
        let outcome = sandbox.run_with_input(&line, b"pAsSc0dE\n");
        assert_eq!(outcome.stdout, "", "{situation}");
        assert!(!outcome.stderr.contains("pAsSc0dE"), "{situation}: {outcome:?}");
        let command = format!("echo PASSCODE | ibmcloud-token {line}");
        assert_golden(&format!("passcode/{situation}"), &command, &outcome, &sandbox);
    }
}

// Not on Windows: it needs a pseudo-terminal.
#[cfg(unix)]
#[test]
fn every_recorded_login_runs_on_a_terminal() {
    use crate::sandbox::has;

    if !has("setsid") {
        return;
    }
    for situation in situations("login-") {
        let sandbox = Sandbox::with_session().with("STAND_IN_LOGIN", &*situation);
        let line = format!("login {}", text(&situation, "arguments").trim());
        let outcome = outcome_on_terminal(&sandbox, &line, |terminal| talk(&situation, terminal));
        if has_file(&situation, "logs-in") {
            assert_logged_in(&sandbox, &outcome);
        } else {
            assert_ne!(outcome.status, Some(0), "{situation}: {outcome:?}");
            outcome.fails_with(outcome.status.unwrap());
        }
        let mut rest = outcome.stderr.as_str();
        for output in outputs(&situation) {
            let output = output.trim();
            let Some((_, after)) = rest.split_once(output) else {
                panic!("{situation}: missing on the terminal: {output}\n{outcome:?}");
            };
            rest = after;
        }
    }
}
