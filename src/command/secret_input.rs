//! How a secret comes in: from a file or the standard input, and from the environment. Never as an argument, because
//! that stands in the process list and in the shell's history.

use std::fs::File;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;

use ibmcloud_token::deadline::Deadline;
use ibmcloud_token::error::{Error, Kind, Result};
use ibmcloud_token::ibmcloud::process::STDOUT_CAP;
use ibmcloud_token::note::Note;
use ibmcloud_token::secret_bytes::{USUAL_SIZE, read_capped};
use ibmcloud_token::token::ApiKey;
use ibmcloud_token::words;
use zeroize::Zeroizing;

use super::Context;

/// A key file is under 1 KiB.
const KEY_FILE_CAP: usize = 64 * 1024;

/// A passcode has ten characters.
const PASSCODE_CAP: usize = 1024;

/// Where an API key is.
pub(super) enum Place<'a> {
    /// In a file.
    File(&'a Path),
    /// On the standard input.
    Stdin,
}

/// Returns the place that the value of `--apikey` names.
pub(super) fn api_key_place(value: &str) -> Result<Place<'_>> {
    match value.strip_prefix('@') {
        Some("") => Err(Error::new(Kind::Usage, "`--apikey @` names no file").with_hint("write `--apikey @FILE`")),
        Some(file) => Ok(Place::File(Path::new(file))),
        None if value == "-" => Ok(Place::Stdin),
        None => Err(Error::new(
            Kind::Usage,
            "an API key is not taken as an argument: others on this machine see it in the process list, and the shell keeps it in its history",
        )
        .with_hint("use `--apikey @FILE`, `--apikey -` or IBMCLOUD_API_KEY, and replace the key if it was a real one")),
    }
}

/// Reads the API key from where it is, and warns if others can read it too.
pub(super) fn api_key(context: &Context, place: &Place<'_>) -> Result<ApiKey> {
    let (bytes, what) = match place {
        Place::File(path) => (key_file(context, path)?, format!("`{}`", path.display())),
        Place::Stdin => (whole_stdin(context, KEY_FILE_CAP)?, "the standard input".to_owned()),
    };
    let invalid = |source: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(Kind::Usage, format!("{what} holds no API key"))
            .with_hint("give the bare key, or the JSON that the console and `ibmcloud iam api-key-create --file` write")
            .with_source(source)
    };
    let bytes = bytes.ok_or_else(|| invalid("it is larger than 64 KiB".into()))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| invalid(error.into()))?;
    ApiKey::from_file_content(text).map_err(|error| invalid(error.into()))
}

/// Reads a key file, or nothing of it if it is too large to be one.
fn key_file(context: &Context, path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let unreadable = |error: io::Error| {
        // A key itself behind the `@` is an easy mistake. It holds no `/`, and a long path may be shown.
        let name = path.display().to_string();
        let name = if name.contains('/') { name } else { words::redact(&name) };
        Error::new(Kind::Internal, format!("the key file `{name}` cannot be read"))
            .with_hint("name the file that the API key was saved to")
            .with_source(error)
    };
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_file() && metadata.mode() & 0o077 != 0 {
        context.note(&Note::KeyFileIsReadable(path.to_owned()));
    }
    read_capped(&file, USUAL_SIZE, KEY_FILE_CAP).map_err(unreadable)
}

/// Reads the standard input to its end.
pub(super) fn stdin(context: &Context) -> Result<Zeroizing<Vec<u8>>> {
    whole_stdin(context, STDOUT_CAP)?.ok_or_else(|| {
        Error::new(Kind::CliFailed, "there is more than 1 MiB on the standard input")
            .with_hint("pipe only the output of `ibmcloud iam oauth-tokens` into it")
    })
}

/// Reads the standard input to its end, or nothing of it if there is more than `cap`. Who types has the time they take;
/// a program that does not end has until the deadline, and the thread that waits for it ends with us.
fn whole_stdin(context: &Context, cap: usize) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let deadline = if io::stdin().is_terminal() { Deadline::never() } else { context.deadline };
    let (sender, whole) = channel();
    let reader = thread::Builder::new().spawn(move || {
        // Not by `io::stdin`, whose buffer would keep a copy.
        let input = io::stdin().as_fd().try_clone_to_owned().map(File::from);
        let _ = sender.send(input.and_then(|input| read_capped(input, USUAL_SIZE, cap)));
    });
    reader
        .and_then(|_| {
            whole.recv_timeout(deadline.remaining()).unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        })
        .map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => deadline.error("the standard input did not end"),
            _ => cannot_read("the standard input cannot be read", error),
        })
}

fn cannot_read(what: &str, error: io::Error) -> Error {
    Error::new(Kind::Internal, what).with_hint("give it as text, by a pipe or `< FILE`").with_source(error)
}

/// Reads a one-time passcode from the standard input.
pub(super) fn passcode(value: &str) -> Result<Zeroizing<String>> {
    if value != "-" {
        return Err(Error::new(
            Kind::Usage,
            "a passcode is not taken as an argument: others on this machine see it in the process list",
        )
        .with_hint("use `--passcode -` and give it on the standard input"));
    }
    let mut line = Zeroizing::new(String::with_capacity(PASSCODE_CAP));
    io::stdin()
        .lock()
        .take(PASSCODE_CAP as u64)
        .read_line(&mut line)
        .map_err(|error| cannot_read("the passcode cannot be read from the standard input", error))?;
    let passcode = line.trim();
    if passcode.is_empty() || !passcode.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::new(Kind::Usage, "the standard input holds no passcode")
            .with_hint("give the passcode alone, on one line"));
    }
    Ok(Zeroizing::new(passcode.to_owned()))
}
