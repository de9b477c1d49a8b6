//! External text (claims, the session file, arguments, variables, paths) that a terminal would interpret or hide.

use std::fs;

use crate::sandbox::{Outcome, Sandbox, cli_output, jwt_of, now, session_with};

/// Control characters (C0, DEL, C1), marks that change the direction of text, and invisible characters.
const RAW: [char; 19] = [
    '\0',
    '\u{7}',
    '\u{8}',
    '\r',
    '\u{1b}',
    '\u{7f}',
    '\u{80}',
    '\u{85}',
    '\u{9b}',
    '\u{9d}',
    '\u{ad}',
    '\u{61c}',
    '\u{200b}',
    '\u{200e}',
    '\u{202e}',
    '\u{2028}',
    '\u{2066}',
    '\u{feff}',
    '\u{e0041}',
];

fn hostile_text() -> String {
    RAW.iter().flat_map(|raw| ['a', *raw]).collect::<String>() + "z"
}

#[track_caller]
fn assert_clean(what: &str, outcome: &Outcome) {
    for (stream, text) in [("stdout", &outcome.stdout), ("stderr", &outcome.stderr)] {
        let raw = text.chars().find(|c| *c != '\n' && (RAW.contains(c) || c.is_control()));
        assert_eq!(raw, None, "{what}: {stream}: {text:?}");
    }
}

/// A token in which every claim that is shown is hostile.
fn hostile_token() -> String {
    let text = hostile_text();
    jwt_of(
        &serde_json::json!({
            "iam_id": text, "id": text, "sub": text, "email": text, "name": text, "sub_type": text,
            "account": {"bss": text, &text: text}, &text: [text, text], "scope": text, "iss": text,
            "iat": now() - 60, "exp": now() + 3600,
        })
        .to_string(),
    )
}

#[test]
fn claims_never_reach_the_output_raw() {
    let token = hostile_token();
    let sandbox = Sandbox::with_token(&token);
    for line in [
        "get",
        "-f json",
        "-v -f json",
        "-v -f header",
        "inspect",
        "inspect -f json",
        "status",
        "status -f json",
        "status --all",
        "status --all -f json",
    ] {
        let outcome = sandbox.run(line);
        assert_eq!(outcome.status, Some(0), "{line}: {outcome:?}");
        assert_clean(line, &outcome);
    }
    for line in ["parse -f json", "inspect -", "inspect - -f json"] {
        let outcome = sandbox.run_with_input(line, &cli_output(&token));
        assert_eq!(outcome.status, Some(0), "{line}: {outcome:?}");
        assert_clean(line, &outcome);
    }
    // Nothing is lost in JSON that shows all claims, and a value that could do damage is unknown in the others.
    assert_eq!(sandbox.run("inspect -f json").json()["scope"], *hostile_text());
    assert_eq!(sandbox.run("status -f json").json()["user"], *hostile_text());
    let json = sandbox.run("-f json").json();
    assert_eq!((&json["account"], &json["iam_id"]), (&serde_json::Value::Null, &serde_json::Value::Null));
    for placeholder in ["account", "iam_id"] {
        sandbox.run(&format!("-f %{{{placeholder}}}")).fails_with(8);
    }
}

#[test]
fn members_of_the_session_file_never_reach_the_output_raw() {
    let token = jwt_of(&format!(r#"{{"iam_id":"IBMid-1","iat":{},"exp":{}}}"#, now() - 60, now() + 3600));
    let mut session: serde_json::Value = serde_json::from_str(&session_with(&token)).unwrap();
    let text = hostile_text();
    for name in ["APIEndpoint", "IAMEndpoint", "Region", "LoginAt", "AssumedTrustedProfileId"] {
        session[name] = text.as_str().into();
    }
    for name in ["Account", "ResourceGroup", "Profile"] {
        session[name] = serde_json::json!({"GUID": text, "Name": text, "ID": text});
    }
    let sandbox = Sandbox::with_session();
    sandbox.write(".bluemix/config.json", session.to_string());
    for line in ["status", "status -f json", "status --all", "-v status"] {
        let outcome = sandbox.run(line);
        assert_eq!(outcome.status, Some(0), "{line}: {outcome:?}");
        assert_clean(line, &outcome);
    }
    assert_eq!(sandbox.run("status -f json").json()["region"], *text);
}

#[test]
fn usage_errors_do_not_echo_raw_characters() {
    // An argument cannot hold NUL.
    let text = hostile_text().replace('\0', "");
    let sandbox = Sandbox::new();
    let option = format!("--{text}");
    let value = format!("--format={text}");
    let in_template = format!("%{{token}}%{{{text}}}");
    let key = format!("@{text}");
    for arguments in [
        &[text.as_str()][..],
        &[option.as_str()],
        &[&value],
        &["get", &text],
        &["get", &option],
        &["-f", &in_template],
        &["-f", "env", "--env", &text],
        &["-f", "env", "--shell", &text],
        &["--session", &text],
        &["--timeout", &text],
        &["--min-ttl", &text],
        &["login", "--apikey", &text],
        &["login", "--apikey", &key],
        &["--ibmcloud", &text],
        &["inspect", &text],
        &["-o", &text, "--ibmcloud", "/none"],
    ] {
        let outcome = Outcome::from(sandbox.program(arguments.iter().copied()).output().unwrap());
        assert_ne!(outcome.status, Some(0), "{arguments:?}: {outcome:?}");
        assert_clean(&format!("{arguments:?}"), &outcome);
    }
    for name in ["SESSION", "TIMEOUT", "MIN_TTL", "FORMAT", "ENV", "SHELL", "IBMCLOUD"] {
        let mut command = sandbox.program(["-f", "env"]);
        if name == "FORMAT" {
            command = sandbox.program([]);
        }
        let outcome = Outcome::from(command.env(format!("IBMCLOUD_TOKEN_{name}"), &text).output().unwrap());
        assert_ne!(outcome.status, Some(0), "{name}: {outcome:?}");
        assert_clean(name, &outcome);
    }
}

#[test]
fn secret_in_a_usage_error_is_redacted_despite_invisible_characters() {
    let token = hostile_token();
    let hidden = format!("{}\u{200b}{}\u{85}{}", &token[..2], &token[2..40], &token[40..]);
    for arguments in [&[hidden.as_str()][..], &["get", &hidden], &["-f", &hidden], &["--session", &hidden]] {
        let outcome = Outcome::from(Sandbox::new().program(arguments.iter().copied()).output().unwrap());
        outcome.fails_with(2);
        for part in [&token[..40], &token[2..40], &token[40..80]] {
            assert!(!outcome.stderr.contains(part), "{arguments:?}: {outcome:?}");
        }
    }
}

#[test]
#[cfg_attr(windows, ignore = "no control characters in names of files")]
fn paths_and_words_of_the_cli_do_not_reach_the_terminal_raw() {
    let text = hostile_text();
    let sandbox = Sandbox::new();
    sandbox.write("replay/stderr", format!("FAILED\n{text}\n"));
    sandbox.write("replay/status", "1\n");
    let home = sandbox.home().join(text.replace('\0', ""));
    fs::create_dir_all(home.join(".bluemix")).unwrap();
    fs::write(home.join(".bluemix/config.json"), "5").unwrap();
    for line in ["-v", "-v status", "-v inspect", "status -f json", "-v -o"] {
        let mut command = sandbox.program(line.split_whitespace());
        if line.ends_with("-o") {
            command.arg(home.join("none/token"));
        }
        command.env("HOME", &home).env("STAND_IN_FOLDER", sandbox.home().join("replay"));
        let outcome = Outcome::from(command.output().unwrap());
        assert_ne!(outcome.status, Some(0), "{line}: {outcome:?}");
        assert_clean(line, &outcome);
        assert!(outcome.stderr.contains(&"a".repeat(RAW.len())), "{line}: {outcome:?}");
    }
}
