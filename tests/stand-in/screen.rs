//! Output and input: what the terminal or the pipe shows, and what it is asked.

use std::fs;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::behavior::note_process;
use crate::environment::{first_of, is_set, seconds};
use crate::{Exit, Step, platform};

/// The word FAILED in the languages of the CLI.
const FAILED: [&str; 9] =
    ["FAILED", "FEHLGESCHLAGEN", "ERROR", "ECHEC", "NON RIUSCITO", "失敗", "실패", "COM FALHA", "失败"];

static QUIET: AtomicBool = AtomicBool::new(false);

/// The option `--quiet`.
pub(crate) fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed) || is_set("IBMCLOUD_QUIET")
}

/// A normal exit, which the log records.
pub(crate) fn finish(status: u8) -> Exit {
    match note_process("ended", std::process::id()) {
        Ok(()) => Exit(status),
        Err(exit) => exit,
    }
}

/// The exit of a program whose reader has gone, with the status that a shell gives to SIGPIPE.
pub(crate) fn broken_pipe() -> Exit {
    Exit(141)
}

/// Writes to stdout, slowly if `STAND_IN_SLOW` is set.
pub(crate) fn put(text: &str) -> Step {
    put_bytes(text.as_bytes())
}

pub(crate) fn put_bytes(bytes: &[u8]) -> Step {
    let pause = seconds("STAND_IN_SLOW")?;
    let mut output = io::stdout().lock();
    let step = if pause.is_zero() { bytes.len().max(1) } else { 1 };
    for chunk in bytes.chunks(step) {
        output.write_all(chunk).and_then(|()| output.flush()).map_err(|_| broken_pipe())?;
        thread::sleep(pause);
    }
    Ok(())
}

/// Writes a file to stdout, if there is such a file.
pub(crate) fn put_file(file: &Path) -> Step {
    fs::read(file).map_or(Ok(()), |content| put_bytes(&content))
}

/// Writes a recorded stderr. `IBMCLOUD_QUIET` drops the word FAILED and the blank line at the end.
pub(crate) fn put_stderr(file: &Path) -> Step {
    let mut content = fs::read(file).unwrap_or_default();
    if is_quiet() {
        let mut lines: Vec<&[u8]> = content.split(|&byte| byte == b'\n').collect();
        if lines.last().is_some_and(|last| last.is_empty()) {
            lines.pop();
        }
        lines.retain(|line| !FAILED.iter().any(|word| word.as_bytes() == *line));
        if lines.last().is_some_and(|last| last.is_empty()) {
            lines.pop();
        }
        content = lines.iter().flat_map(|line| [line, b"\n".as_slice()].concat()).collect();
    }
    io::stderr().write_all(&content).map_err(|_| broken_pipe())
}

/// A text in colour. `IBMCLOUD_COLOR` turns colours on or off; by default they are on only on a terminal.
pub(crate) fn colored(code: &str, text: &str) -> String {
    let is_on = match first_of(&["IBMCLOUD_COLOR", "BLUEMIX_COLOR"]).as_deref() {
        Some("false") => false,
        Some("true") => true,
        _ => io::stdout().is_terminal(),
    };
    if is_on { format!("\x1b[{code}m{text}\x1b[0;22m") } else { text.to_owned() }
}

/// A failure as the CLI prints it, with exit status 1.
pub(crate) fn fail(message: &str) -> Exit {
    let text = if is_quiet() {
        format!("{message}\n")
    } else {
        format!("{}\n{message}\n\n", colored("31;1", "FAILED"))
    };
    match io::stderr().write_all(text.as_bytes()) {
        Ok(()) => finish(1),
        Err(_) => broken_pipe(),
    }
}

/// A usage error, which the CLI prints on stdout with exit status 0.
pub(crate) fn incorrect_usage(what: &str, name: &str, about: &str) -> Exit {
    let last = name.rsplit(' ').next().unwrap_or(name);
    let text = format!("Incorrect Usage: {what}\n\nNAME:\n  {last} - {about}\n\nUSAGE:\n  ibmcloud {name}\n");
    put(&text).map_or_else(|exit| exit, |()| finish(0))
}

/// Reads one line as the SDK does. If stdin is not a terminal, it shows an answer that is not hidden. A last line without
/// a newline counts as the end of the input, which is `None`.
pub(crate) fn ask(hidden: bool) -> Step<Option<Vec<u8>>> {
    let on_terminal = io::stdin().is_terminal();
    let line = if hidden && on_terminal { platform::without_echo(read_line) } else { read_line() };
    let answer = line.as_deref().map(trimmed).unwrap_or_default();
    if hidden {
        put("\n")?;
    } else if !on_terminal {
        put_bytes(&[answer, b"\n"].concat())?;
    }
    Ok(line.as_deref().map(trimmed).map(<[u8]>::to_vec))
}

/// A line without the blanks around it, and then without a carriage return.
fn trimmed(line: &[u8]) -> &[u8] {
    let is_text = |byte: &u8| !b" \t".contains(byte);
    let start = line.iter().position(is_text).unwrap_or(line.len());
    let end = line.iter().rposition(is_text).map_or(start, |last| last + 1);
    line[start..end].strip_suffix(b"\r").unwrap_or(&line[start..end])
}

/// Reads up to the next newline and no further, because the rest is for the next reader of this input.
fn read_line() -> Option<Vec<u8>> {
    let mut input = platform::unbuffered_stdin();
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        match input.read(&mut byte) {
            Ok(1) if byte == *b"\n" => return Some(line),
            Ok(1) => line.extend(byte.iter().filter(|&&byte| byte != 0)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ => return None,
        }
    }
}
