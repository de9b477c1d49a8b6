//! Reads secrets from a file, the standard input or a variable. A secret is never an argument, because the process
//! list and the shell's history show arguments.
//!
//! Every open and every read is bounded by the deadline and by a size. There is no deadline for a person who types at
//! a terminal, and what they type is not shown.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::context::Context;
use super::report;
use crate::error::{Error, ErrorKind, Result};
use crate::note::Note;
use crate::sanitize;
use crate::secret::{SecretBuffer, USUAL_SIZE, read_limited};
use crate::system::environment::Environment;
use crate::system::modes::KeepModes;
use crate::system::process::MAX_STDOUT;
use crate::system::{blocking, bounded_file, stdio, terminal};
use crate::time::Deadline;
#[cfg(feature = "net")]
use crate::token::ComputeToken;
use crate::token::{self, ApiKey, InvalidApiKey};

/// The size limit of a key file. A real one is under 1 KiB.
const MAX_KEY_FILE: usize = 64 * 1024;

/// The size limit of a passcode. A real one has ten characters.
const MAX_PASSCODE: usize = 1024;

/// The source of an API key.
enum KeySource<'a> {
    /// A file: its name as typed, without the `@`, and its path.
    File(Cow<'a, str>, PathBuf),
    /// The standard input.
    Stdin,
    /// The value of the variable with this name.
    Variable(&'static str, Zeroizing<String>),
}

impl fmt::Display for KeySource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(name, _) => write!(f, "`{}`", shown(name)),
            Self::Stdin => f.write_str("the standard input"),
            Self::Variable(name, _) => write!(f, "`{name}`"),
        }
    }
}

/// Returns the API key that `argument`, the value of `--apikey`, refers to, or else the first variable that is set.
/// Every command reads its key here.
pub(super) fn api_key(
    context: &Context,
    argument: Option<&str>,
    variables: &[&'static str],
) -> Result<Option<ApiKey>> {
    let environment = context.environment();
    let place = match argument {
        Some(value) => source_in_argument(value, environment)?,
        None => match environment.first_named(variables) {
            Some((name, value)) => source_in_variable(name, value, environment)?,
            None => return Ok(None),
        },
    };
    let bytes = match &place {
        KeySource::File(name, path) => key_file(context, name, path)?,
        KeySource::Stdin => key_on_stdin(context)?,
        KeySource::Variable(_, text) => {
            return ApiKey::of_text(text).map(Some).map_err(|why| not_a_key(&place, why));
        }
    };
    let bytes = bytes.ok_or_else(|| not_a_key(&place, "it is larger than 64 KiB"))?;
    ApiKey::read(&bytes).map(Some).map_err(|why| not_a_key(&place, why))
}

fn not_a_key(place: &KeySource<'_>, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let hint = match place {
        KeySource::Variable(..) => "set it to the key, or to `@FILE`",
        _ => "pass the key, or the JSON that the console and `ibmcloud iam api-key-create --file` write",
    };
    Error::new(ErrorKind::Usage, format!("{place} does not hold an API key")).with_hint(hint).with_source(why)
}

/// Returns the source that the value of `--apikey` names.
fn source_in_argument<'a>(value: &'a str, environment: &Environment) -> Result<KeySource<'a>> {
    match value.strip_prefix('@') {
        Some("") => Err(Error::new(ErrorKind::Usage, "`--apikey @` names no file").with_hint("write `--apikey @FILE`")),
        Some(file) => Ok(KeySource::File(file.into(), path(file, environment))),
        None if value == "-" => Ok(KeySource::Stdin),
        None if names_a_file(value, environment) => {
            Err(Error::new(ErrorKind::Usage, "the value of `--apikey` is a file name without the `@` before it")
                .with_hint(format!("write `--apikey @{}`", shown(value))))
        }
        None => Err(Error::new(
            ErrorKind::Usage,
            "an API key cannot be an argument, because the process list and the shell's history would show it",
        )
        .with_hint("use `--apikey @FILE`, `--apikey -` or IBMCLOUD_API_KEY, and replace the key if it was real")),
    }
}

/// Returns the source that a variable holds: the key itself, or `@FILE`.
fn source_in_variable(
    name: &'static str,
    value: &OsStr,
    environment: &Environment,
) -> Result<KeySource<'static>> {
    let text = token::cleaned(value.as_encoded_bytes())
        .map_err(|why| not_a_key(&KeySource::Variable(name, Zeroizing::default()), why))?;
    match text.strip_prefix('@') {
        Some("") => Err(not_a_key(&KeySource::Variable(name, Zeroizing::default()), InvalidApiKey::Empty)),
        Some(file) => Ok(KeySource::File(file.to_owned().into(), path(file, environment))),
        None if names_a_file(&text, environment) => Err(Error::new(
            ErrorKind::Usage,
            format!("the value of `{name}` is a file name without the `@` before it"),
        )
        .with_hint(format!("set it to `@{}`", shown(&text)))),
        None => Ok(KeySource::Variable(name, text)),
    }
}

fn names_a_file(text: &str, environment: &Environment) -> bool {
    !text.is_empty() && path(text, environment).is_file()
}

/// Returns the path that `@FILE` names. The shell does not expand `~/` after the `@`, so this does.
fn path(file: &str, environment: &Environment) -> PathBuf {
    let in_home = file.strip_prefix('~').and_then(|rest| rest.strip_prefix(std::path::is_separator));
    match (in_home, environment.home()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => file.into(),
    }
}

/// Returns a file's name, safe to show. Users sometimes type the key in place of the name. A key has no `/` and no `\`, so
/// a name with one that separates directories is shown unchanged.
fn shown(name: &str) -> String {
    if name.contains(std::path::is_separator) { name.to_owned() } else { sanitize::redact(name) }
}

/// Reads a key file, and warns if others can read it too. Returns nothing if it is too large.
fn key_file(context: &Context, name: &str, path: &Path) -> Result<Option<SecretBuffer>> {
    let shown = shown(name);
    let late = format!("the key file `{shown}` could not be read");
    let file = bounded_file::read(path, MAX_KEY_FILE, context.deadline(), &late, |error| {
        Error::new(ErrorKind::Internal, format!("cannot read the key file `{shown}`"))
            .with_hint("name the file that the API key was saved to")
            .with_source(error)
    })?;
    if file.is_exposed {
        context.task().note(Note::KeyFileIsReadable(path.to_owned()));
    }
    Ok(file.bytes)
}

/// The files in which the platform puts the token of a compute resource, in the order of IBM's SDKs
/// (`container_token_manager.py` of `ibm-cloud-sdk-core`).
#[cfg(feature = "net")]
const COMPUTE_TOKEN_FILES: [&str; 3] = [
    "/var/run/secrets/tokens/vault-token",
    "/var/run/secrets/tokens/sa-token",
    "/var/run/secrets/codeengine.cloud.ibm.com/compute-resource-token/token",
];

/// Returns the token of this compute resource, from the file that `argument`, the value of `--cr-token`, names, or else
/// from the first file of the platform that exists.
#[cfg(feature = "net")]
pub(super) fn compute_token(context: &Context, argument: Option<&str>) -> Result<ComputeToken> {
    let file = match argument.map(|value| value.strip_prefix('@')) {
        None => COMPUTE_TOKEN_FILES.iter().map(PathBuf::from).find(|file| file.exists()).ok_or_else(|| {
            Error::new(ErrorKind::LoginNeeded, "this is not a compute resource with a trusted profile")
                .with_hint("mount the service account's token in the pod, or name its file with `--cr-token @FILE`")
                .with_source(format!("none of these files exists: {}", COMPUTE_TOKEN_FILES.join(", ")))
        })?,
        Some(Some(file)) if !file.is_empty() => path(file, context.environment()),
        Some(_) => {
            return Err(Error::new(ErrorKind::Usage, "the value of `--cr-token` is not `@FILE`")
                .with_hint("write `--cr-token @FILE`; the token itself cannot be an argument, because the process list would show it"));
        }
    };
    let shown = shown(&file.to_string_lossy());
    let late = format!("the file `{shown}` could not be read");
    let read = bounded_file::read(&file, MAX_KEY_FILE, context.deadline(), &late, |error| {
        Error::new(ErrorKind::Internal, format!("cannot read the file `{shown}`")).with_source(error)
    })?;
    let token = read.bytes.ok_or("it is larger than 64 KiB").and_then(|bytes| ComputeToken::read(&bytes));
    token.map_err(|why| {
        Error::new(ErrorKind::Usage, format!("`{shown}` does not hold the token of a compute resource"))
            .with_source(why)
    })
}

fn key_on_stdin(context: &Context) -> Result<Option<SecretBuffer>> {
    if io::stdin().is_terminal() {
        return typed(context, "API key: ", MAX_KEY_FILE, token::is_complete);
    }
    whole_stdin(context, MAX_KEY_FILE)
}

/// Prompts for lines at the terminal, with the echo off. Returns nothing if there is more than `limit`.
fn typed(
    context: &Context,
    prompt: &str,
    limit: usize,
    is_complete: fn(&[u8]) -> bool,
) -> Result<Option<SecretBuffer>> {
    if terminal::is_in_background() {
        return Err(Error::new(ErrorKind::Internal, "a background job cannot read from the terminal")
            .with_hint("run it in the foreground, or pass the secret through a pipe or with `< FILE`"));
    }
    // From here on, a signal that ends the program restores the terminal.
    (context.task().before_child)();
    let unreadable = |error| cannot_read("cannot read from the terminal", error);
    let modes = KeepModes::of_stdin();
    if let Some(modes) = &modes {
        modes.hide_typing().map_err(unreadable)?;
    }
    report::say(prompt);
    let bytes = stdio::stdin().and_then(|input| read_until(input, limit, is_complete));
    drop(modes);
    // The Enter that ended the line was not echoed either.
    report::say("\n");
    bytes.map_err(unreadable)
}

/// Reads until the input is complete or ends. Returns nothing if there is more than `limit`.
fn read_until(
    mut input: impl io::Read,
    limit: usize,
    is_complete: impl Fn(&[u8]) -> bool,
) -> io::Result<Option<SecretBuffer>> {
    let mut chunk = Zeroizing::new([0; 1024]);
    let mut bytes = SecretBuffer::default();
    loop {
        match input.read(&mut *chunk) {
            Ok(0) => return Ok(Some(bytes)),
            Ok(length) => bytes.push(&chunk[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        if bytes.len() > limit {
            return Ok(None);
        }
        if bytes.contains(&b'\n') && is_complete(&bytes) {
            return Ok(Some(bytes));
        }
    }
}

/// Reads the standard input to its end.
pub(super) fn stdin(context: &Context) -> Result<SecretBuffer> {
    whole_stdin(context, MAX_STDOUT)?.ok_or_else(|| {
        Error::new(ErrorKind::IbmcloudFailed, "the standard input is larger than 1 MiB")
            .with_hint("pipe only the output of `ibmcloud iam oauth-tokens` into it")
    })
}

/// Reads the standard input to its end. Returns nothing if there is more than `limit`. The deadline applies to a
/// program, but not to a person at a terminal.
pub(super) fn whole_stdin(context: &Context, limit: usize) -> Result<Option<SecretBuffer>> {
    let deadline = if io::stdin().is_terminal() { Deadline::never() } else { context.deadline() };
    let read = move || read_limited(stdio::stdin()?, USUAL_SIZE, limit);
    within(deadline, "cannot read the standard input", read)
}

/// Reads the standard input until the deadline. `failure` is the message for a failed read.
fn within<T: Send + 'static>(
    deadline: Deadline,
    failure: &str,
    read: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    blocking::within(deadline, read).map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => deadline.error("the standard input did not end"),
        _ => cannot_read(failure, error),
    })
}

fn cannot_read(what: &str, error: io::Error) -> Error {
    Error::new(ErrorKind::Internal, what)
        .with_hint("pass text through a pipe or with `< FILE`")
        .with_source(error)
}

/// Reads a one-time passcode from the standard input. At a terminal it is not shown.
pub(super) fn passcode(context: &Context, value: &str) -> Result<Zeroizing<String>> {
    if value != "-" {
        return Err(Error::new(
            ErrorKind::Usage,
            "a passcode cannot be an argument, because the process list would show it",
        )
        .with_hint("use `--passcode -` and pass it on the standard input"));
    }
    let is_complete = |_: &[u8]| true;
    let bytes = if io::stdin().is_terminal() {
        typed(context, "One-time passcode: ", MAX_PASSCODE, is_complete)?
    } else {
        let read = move || read_until(stdio::stdin()?, MAX_PASSCODE, is_complete);
        within(context.deadline(), "cannot read the passcode from the standard input", read)?
    };
    let text = token::cleaned(&bytes.unwrap_or_default()).unwrap_or_default();
    let passcode = text.lines().next().unwrap_or_default().trim();
    if passcode.is_empty() || !passcode.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::new(ErrorKind::Usage, "the standard input does not hold a passcode")
            .with_hint("pass the passcode alone, on one line"));
    }
    Ok(Zeroizing::new(passcode.to_owned()))
}
