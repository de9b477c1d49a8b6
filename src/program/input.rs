//! How a secret comes in: from a file or the standard input. It is never an argument, because the process list and the
//! shell's history show arguments.

use std::fs::File;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use zeroize::Zeroizing;

use super::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::note::Note;
use crate::sanitize;
use crate::secret::{SecretBuffer, USUAL_SIZE, read_limited};
use crate::system::process::MAX_STDOUT;
use crate::system::{blocking, stdio};
use crate::time::Deadline;
use crate::token::ApiKey;

/// The most that is read of a key file. One is under 1 KiB.
const MAX_KEY_FILE: usize = 64 * 1024;

/// The most that is read of a passcode. One has ten characters.
const MAX_PASSCODE: usize = 1024;

/// The place of an API key.
pub(super) enum Place<'a> {
    /// A file.
    File(&'a Path),
    /// The standard input.
    Stdin,
}

/// Returns the place that the value of `--apikey` names.
pub(super) fn api_key_place(value: &str) -> Result<Place<'_>> {
    match value.strip_prefix('@') {
        Some("") => Err(Error::new(ErrorKind::Usage, "`--apikey @` names no file").with_hint("write `--apikey @FILE`")),
        Some(file) => Ok(Place::File(Path::new(file))),
        None if value == "-" => Ok(Place::Stdin),
        None => Err(Error::new(
            ErrorKind::Usage,
            "an API key cannot be an argument, because the process list and the shell's history would show it",
        )
        .with_hint("use `--apikey @FILE`, `--apikey -` or IBMCLOUD_API_KEY, and replace the key if it was real")),
    }
}

/// Reads the API key, and warns if others can read it too.
pub(super) fn api_key(context: &Context, place: &Place<'_>) -> Result<ApiKey> {
    let (bytes, what) = match place {
        Place::File(path) => (key_file(context, path)?, format!("`{}`", path.display())),
        Place::Stdin => (whole_stdin(context, MAX_KEY_FILE)?, "the standard input".to_owned()),
    };
    let invalid = |source: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(ErrorKind::Usage, format!("{what} does not hold an API key"))
            .with_hint("it must be the key, or the JSON that the console and `ibmcloud iam api-key-create --file` write")
            .with_source(source)
    };
    let bytes = bytes.ok_or_else(|| invalid("it is larger than 64 KiB".into()))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| invalid(error.into()))?;
    ApiKey::from_file_content(text).map_err(|error| invalid(error.into()))
}

/// Reads a key file. Returns nothing if it is too large.
fn key_file(context: &Context, path: &Path) -> Result<Option<SecretBuffer>> {
    let unreadable = |error: io::Error| {
        // A key after the `@` is an easy mistake. It has no `/`, so a long path can still be shown.
        let name = path.display().to_string();
        let name = if name.contains('/') { name } else { sanitize::redact(&name) };
        Error::new(ErrorKind::Internal, format!("cannot read the key file `{name}`"))
            .with_hint("name the file that the API key was saved to")
            .with_source(error)
    };
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_file() && metadata.mode() & 0o077 != 0 {
        context.task().note(Note::KeyFileIsReadable(path.to_owned()));
    }
    read_limited(&file, USUAL_SIZE, MAX_KEY_FILE).map_err(unreadable)
}

/// Reads the standard input to its end.
pub(super) fn stdin(context: &Context) -> Result<SecretBuffer> {
    whole_stdin(context, MAX_STDOUT)?.ok_or_else(|| {
        Error::new(ErrorKind::IbmcloudFailed, "the standard input has more than 1 MiB")
            .with_hint("pipe only the output of `ibmcloud iam oauth-tokens` into it")
    })
}

/// Reads the standard input to its end. Returns nothing if there is more than `limit`. A person may take their time, but a
/// program has until the deadline.
pub(super) fn whole_stdin(context: &Context, limit: usize) -> Result<Option<SecretBuffer>> {
    let deadline = if io::stdin().is_terminal() { Deadline::never() } else { context.deadline() };
    blocking::within(deadline, move || read_limited(stdio::stdin()?, USUAL_SIZE, limit)).map_err(|error| {
        match error.kind() {
            io::ErrorKind::TimedOut => deadline.error("the standard input did not end"),
            _ => cannot_read("cannot read the standard input", error),
        }
    })
}

fn cannot_read(what: &str, error: io::Error) -> Error {
    Error::new(ErrorKind::Internal, what).with_hint("pass text, by a pipe or `< FILE`").with_source(error)
}

/// Reads a one-time passcode from the standard input.
pub(super) fn passcode(value: &str) -> Result<Zeroizing<String>> {
    if value != "-" {
        return Err(Error::new(
            ErrorKind::Usage,
            "a passcode cannot be an argument, because the process list would show it",
        )
        .with_hint("use `--passcode -` and pass it on the standard input"));
    }
    let mut line = Zeroizing::new(String::with_capacity(MAX_PASSCODE));
    io::stdin()
        .lock()
        .take(MAX_PASSCODE as u64)
        .read_line(&mut line)
        .map_err(|error| cannot_read("cannot read the passcode from the standard input", error))?;
    let passcode = line.trim();
    if passcode.is_empty() || !passcode.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::new(ErrorKind::Usage, "the standard input does not hold a passcode")
            .with_hint("pass the passcode alone, on one line"));
    }
    Ok(Zeroizing::new(passcode.to_owned()))
}
