//! The program in every recorded situation, with stdout, stderr and exit code together.
//!
//! The goldens are in `tests/goldens`. `SNAPSHOTS=overwrite cargo test` rewrites them; read the changes before you commit
//! them. A token is replaced by its name in angle brackets.

use std::fs;

use regex::Regex;
use snapbox::{Data, assert_data_eq};

use crate::sandbox::{Outcome, Sandbox, recorded, right_token, root, situations};

/// Compares a run with its golden.
pub(crate) fn assert_golden(name: &str, command: &str, outcome: &Outcome, sandbox: &Sandbox) {
    let Outcome { status, stdout, stderr } = outcome;
    let status = status.map_or("killed".to_owned(), |status| status.to_string());
    let mut text = format!("$ {command}\n? {status}\n--- stdout\n{stdout}--- stderr\n{stderr}");
    for entry in fs::read_dir(root().join("fixtures/tokens")).unwrap() {
        let path = entry.unwrap().path();
        let token = fs::read_to_string(&path).unwrap();
        text = text.replace(&token, &format!("<{}>", path.file_name().unwrap().to_str().unwrap()));
    }
    if cfg!(windows) {
        // The paths, in JSON too, and the standard library's word for an exit status.
        let home = sandbox.home().to_str().unwrap().replace('\\', r"\\");
        text = text.replace(&format!(r"{home}\\.bluemix\\config.json"), "<home>/.bluemix/config.json");
        text = text
            .replace(r".bluemix\config.json", ".bluemix/config.json")
            .replace("exit code: ", "exit status: ");
        text = text.replace(&format!(r"{}\", sandbox.home().display()), "<home>/");
    }
    text = text
        .replace(sandbox.home().to_str().unwrap(), "<home>")
        .replace(root().to_str().unwrap(), "<repository>");
    let path = root().join("tests/goldens").join(format!("{name}.txt"));
    assert_data_eq!(without_times(&text), Data::read_from(&path, None).raw());
}

/// Replaces everything that depends on the current time.
fn without_times(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, replacement) in [
        (r"\(it says 20[^)]*\)", "(it says <now>)"),
        (r#""expires_in":\d+"#, "\"expires_in\":<seconds>"),
        (r"(expired|valid for another) \d+\w+( \d+\w+)?", "$1 <duration>"),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, replacement).into_owned();
    }
    text
}

#[test]
fn get_answers_every_situation_as_recorded() {
    for situation in situations("oauth-tokens-").into_iter().chain(situations("bearer-token-")) {
        let sandbox = Sandbox::replaying(&situation);
        let outcome = sandbox.run("get");
        match right_token(&situation) {
            Some(token) => assert_eq!(outcome.payload(), format!("Bearer {token}"), "{situation}"),
            None => {
                assert_eq!((outcome.status != Some(0), outcome.stdout.as_str()), (true, ""), "{situation}");
            }
        }
        assert_golden(&format!("get/{situation}"), "ibmcloud-token get", &outcome, &sandbox);
    }
}

#[test]
fn parse_answers_every_situation_as_recorded() {
    for situation in situations("oauth-tokens-").into_iter().chain(situations("bearer-token-")) {
        let sandbox = Sandbox::new();
        let outcome = sandbox.run_with_input("parse", &recorded(&situation, "stdout"));
        match right_token(&situation) {
            Some(token) => assert_eq!(outcome.payload(), format!("Bearer {token}"), "{situation}"),
            None => {
                assert_eq!((outcome.status != Some(0), outcome.stdout.as_str()), (true, ""), "{situation}");
            }
        }
        assert_golden(&format!("parse/{situation}"), "ibmcloud-token parse", &outcome, &sandbox);
    }
}

#[test]
fn status_reads_every_session_file() {
    for situation in situations("session-") {
        let sandbox = Sandbox::new();
        sandbox.write(".bluemix/config.json", recorded(&situation, "config.json"));
        // A file that may be torn is read again until the deadline.
        let is_torn = ["session-cut-off", "session-empty", "session-not-json"].contains(&situation.as_str());
        let get = if is_torn { "--timeout 100ms" } else { "get" };
        for (name, line) in [("status", "status"), ("status-json", "status --format json"), ("get", get)] {
            let outcome = sandbox.run(line);
            assert_golden(
                &format!("session/{situation}-{name}"),
                &format!("ibmcloud-token {line}"),
                &outcome,
                &sandbox,
            );
        }
    }
}
