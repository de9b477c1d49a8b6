//! Recorded runs and dialogues. `fixtures/README.md` describes their files.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::environment::{fixtures, misused, variable, wait};
use crate::screen::{ask, broken_pipe, fail, finish, put_file, put_stderr};
use crate::{Exit, Step};

/// A dialogue that logs in.
pub(crate) struct Recording(PathBuf);

impl Recording {
    /// The grant of the session that is open at the end.
    pub(crate) fn grant(&self) -> String {
        first_line(&self.0.join("logs-in")).unwrap_or_default()
    }

    /// Writes the recorded stderr and ends with the recorded status.
    pub(crate) fn conclude(&self) -> Exit {
        self.end("")
    }

    fn end(&self, suffix: &str) -> Exit {
        if let Err(exit) = put_stderr(&self.0.join(format!("stderr{suffix}"))) {
            return exit;
        }
        recorded_status(&self.0.join(format!("status{suffix}")))
    }
}

fn first_line(file: &Path) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    Some(text.lines().next().unwrap_or_default().trim().to_owned())
}

/// Replays a recorded run or dialogue. It ends the program unless the dialogue logs in.
pub(crate) fn play(situation: &str) -> Step<Recording> {
    let recording = Recording(fixtures().join(situation));
    let file = |name: &str| recording.0.join(name);
    if !file("about.md").is_file() {
        return Err(misused(&format!("no such situation: {situation}")));
    }
    put_file(&file("stdout"))?;
    let mut number = 1;
    while file(&format!("stdout.{}", number + 1)).is_file() {
        put_file(&file(&format!("stdout.{number}")))?;
        let answer = ask(file(&format!("hidden.{number}")).is_file())?;
        let Some(answer) = answer else { return Err(fail("Could not read from input: EOF")) };
        if let Some(pattern) = first_line(&file(&format!("expect.{number}")))
            && !matches(pattern.as_bytes(), &answer)
        {
            put_file(&file("stdout.else"))?;
            return Err(recording.end(".else"));
        }
        number += 1;
    }
    put_file(&file(&format!("stdout.{number}")))?;
    if file("logs-in").is_file() { Ok(recording) } else { Err(recording.conclude()) }
}

/// Replays the files of a folder, for output that a test makes up.
pub(crate) fn play_folder(folder: &Path, arguments: &str) -> Exit {
    if !arguments.starts_with(&variable("STAND_IN_FOLDER_FOR").unwrap_or_default()) {
        return finish(1);
    }
    let stderr = fs::read(folder.join("stderr")).unwrap_or_default();
    let shown = put_file(&folder.join("stdout"))
        .and_then(|()| io::stderr().write_all(&stderr).map_err(|_| broken_pipe()))
        .and_then(|()| wait("STAND_IN_LINGER"));
    if let Err(exit) = shown {
        return exit;
    }
    recorded_status(&folder.join("status"))
}

/// Ends with the status in a file, or with 0 if there is no such file.
fn recorded_status(file: &Path) -> Exit {
    let status = first_line(file).unwrap_or_else(|| "0".to_owned());
    status.parse().map_or_else(|_| misused(&format!("not an exit status: {status}")), finish)
}

/// Whether a shell pattern matches a text. The recordings use `*`, `?` and lists in brackets.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => (0..=text.len()).any(|skipped| matches(rest, &text[skipped..])),
        ([b'?', rest @ ..], [_, others @ ..]) => matches(rest, others),
        ([b'[', rest @ ..], [byte, others @ ..]) => {
            let Some(end) = rest.iter().position(|&byte| byte == b']') else { return false };
            rest[..end].contains(byte) && matches(&rest[end + 1..], others)
        }
        ([wanted, rest @ ..], [byte, others @ ..]) => wanted == byte && matches(rest, others),
        _ => false,
    }
}
