//! Marker secrets through every failure, with `-v`. They must not appear in any message, in any argv, or in a file that
//! the user did not name. A part of a secret counts too.
//!
//! - `arguments`: secrets in the wrong place on the command line, and the argv of every process
//! - `cli_output`: secrets in the CLI's own output
//! - `core_dump`: no core dump
//! - `files`: secrets in session files and key files, and output that cannot be written
//! - `login`: API keys and passcodes during a login
//! - `refused_keys`: keys in forms that are refused
//!
//! The tests that look at the arguments of every process need Linux. The others run everywhere, and the stand-in records
//! its own arguments.

mod arguments;
mod cli_output;
// Not on Windows: there are no core dumps.
#[cfg(target_os = "linux")]
mod core_dump;
mod files;
mod login;
mod refused_keys;

use std::fs;
use std::path::{Path, PathBuf};

use crate::sandbox::{Outcome, Sandbox, files_below, jwt, recorded};

/// As long as an API key.
const KEY: &str = "M4rkerApiKey_0f-F0rty-F0ur_Characters-abcdEF";

/// A one-time passcode. It looks like a word, so the program can redact only the passcode that it was given.
const PASSCODE: &str = "m4RkErPcOd";

/// A token of an old CLI. Refresh tokens look like this today.
const OPAQUE: &str = "0paqueM4rker-kZ3mB9qT7vW1xY5cD2fG8hJ4-lP6nR0sU_tA9bE3iO7";

/// The number of consecutive characters of a secret that count as a leak.
const PART: usize = 16;

/// The secrets of a test, and the session's refresh token.
struct Secrets(Vec<String>);

impl Secrets {
    fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let session = String::from_utf8(recorded("session-user", "config.json")).unwrap();
        let refresh = session.split_once("\"IAMRefreshToken\": \"").unwrap().1.split('"').next().unwrap();
        assert!(refresh.contains("REFRESH-TOKEN-MARKER"));
        Self(secrets.into_iter().map(str::to_owned).chain([refresh.to_owned()]).collect())
    }

    /// The first part of a secret in a text.
    fn part_in(&self, text: &[u8]) -> Option<String> {
        let text = String::from_utf8_lossy(text);
        let parts = self.0.iter().flat_map(|secret| {
            let size = PART.min(secret.len());
            (0..=secret.len() - size).step_by(PART / 2).map(move |start| &secret[start..start + size])
        });
        parts.into_iter().find(|part| text.contains(part)).map(str::to_owned)
    }

    /// Checks the messages and the files of a run, except for the files that the user, or the test, has `named`.
    #[track_caller]
    fn stay_secret(&self, what: &str, outcome: &Outcome, sandbox: &Sandbox, named: &[&Path]) {
        assert_eq!(self.part_in(outcome.stderr.as_bytes()), None, "{what}: {outcome:?}");
        assert!(!outcome.stderr.contains("panicked"), "{what}: {outcome:?}");
        for file in files_below(sandbox.home()) {
            if !named.iter().any(|named| file.starts_with(named)) && file != sandbox.session_file() {
                let content = fs::read(&file).unwrap();
                assert_eq!(self.part_in(&content), None, "{what}: {}", file.display());
                assert_eq!(self.part_in(file.as_os_str().as_encoded_bytes()), None, "{what}");
            }
        }
    }

    /// Checks a failure.
    #[track_caller]
    fn stay_secret_in_failure(&self, what: &str, outcome: &Outcome, sandbox: &Sandbox, named: &[&Path]) {
        assert_ne!(outcome.status, Some(0), "{what}: {outcome:?}");
        assert!(outcome.status.is_some() && outcome.stdout.is_empty(), "{what}: {outcome:?}");
        self.stay_secret(what, outcome, sandbox, named);
    }

    /// Checks the arguments of every process. The program and the CLI must have been seen, or the check proves nothing.
    #[cfg(target_os = "linux")]
    #[track_caller]
    fn are_in_no_arguments(&self, watch: crate::sandbox::processes::ArgumentWatch, cli: &str) {
        use crate::sandbox::PROGRAM;

        let seen = watch.end();
        for program in [PROGRAM, cli] {
            assert!(seen.iter().any(|arguments| arguments.contains(program)), "{seen:?}");
        }
        for arguments in &seen {
            assert_eq!(self.part_in(arguments.as_bytes()), None, "{seen:?}");
        }
    }
}

/// A home with an expired session, and a CLI that replays the files in `replay`.
struct Replay {
    sandbox: Sandbox,
    expired: String,
}

impl Replay {
    fn new(stdout: &[u8], stderr: &[u8], status: i32) -> Self {
        let sandbox = Sandbox::new();
        let folder = sandbox.home().join("replay");
        sandbox.write("replay/stdout", stdout);
        sandbox.write("replay/stderr", stderr);
        sandbox.write("replay/status", format!("{status}\n"));
        let expired = jwt(-7200, -3600);
        sandbox.write_session(&expired);
        let sandbox = sandbox
            .with("STAND_IN_FOLDER", folder.to_str().unwrap())
            .with("STAND_IN_LOG", folder.to_str().unwrap())
            .with("RUST_BACKTRACE", "1");
        Self { sandbox, expired }
    }

    fn folder(&self) -> PathBuf {
        self.sandbox.home().join("replay")
    }

    fn calls(&self) -> usize {
        fs::read_to_string(self.folder().join("calls")).map_or(0, |calls| calls.lines().count())
    }
}

/// Contexts in which a secret may appear in a message.
fn phrases(secret: &str) -> [String; 10] {
    let (start, end) = secret.split_at(secret.len() / 2);
    [
        format!(" x={secret};"),
        format!(" 'Bearer {secret}'"),
        format!(" \"{secret}\" <{secret}>"),
        format!(" https://example.org/?token={secret}&y"),
        format!(" {{\"t\":\"{secret}\"}}"),
        format!(" \x1b[36;1m{secret}\x1b[0m"),
        format!(" {start}\x07{end}"),
        format!(" {start}\x1b[0m{end}"),
        format!(" {start}\u{200b}{end}"),
        format!(" {start}\0{end}"),
    ]
}

/// A text with a phrase in every line, after lines that contain all the phrases. There is always other text after it,
/// because a secret alone on a line, or assigned to a variable there, would be an answer.
fn spliced(text: &[u8], secrets: &[&str]) -> Vec<u8> {
    let phrases: Vec<[String; 10]> = secrets.iter().map(|secret| phrases(secret)).collect();
    let mut spliced: Vec<u8> =
        phrases.iter().flat_map(|phrases| format!("{}\n", phrases.concat()).into_bytes()).collect();
    let every_phrase = phrases.iter().flatten().cycle();
    for (line, phrase) in text.split_inclusive(|&byte| byte == b'\n').zip(every_phrase) {
        let (line, end) = line.strip_suffix(b"\n").map_or((line, ""), |line| (line, "\n"));
        spliced.extend([line, phrase.as_bytes(), b" and so on", end.as_bytes()].concat());
    }
    spliced
}
