//! The only writer of the standard output, and of the files that a user names.

use std::io;
use std::path::Path;

use serde::Serialize;

use super::context::Context;
use super::settings::OutputSettings;
use crate::error::{Error, ErrorKind, Result};
use crate::format::{self, Format};
use crate::sanitize;
use crate::system::appended_file::AppendedFile;
use crate::system::{private_file, stdio};
use crate::token::IssuedToken;

/// The files through which a GitHub Actions step passes on values.
const GITHUB_FILES: [&str; 2] = ["GITHUB_OUTPUT", "GITHUB_ENV"];

/// Writes a payload to the standard output. A closed pipe is not an error.
pub(super) fn print(payload: &[u8]) -> Result<()> {
    match stdio::write_stdout(payload) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(cannot_write_to_stdout(error)),
        _ => Ok(()),
    }
}

/// Writes a value as one line of JSON to the standard output.
pub(super) fn print_json(value: &impl Serialize) -> Result<()> {
    let json = serde_json::to_string(value).expect("every name is text, and no value refuses to be written");
    print((sanitize::json(&json) + "\n").as_bytes())
}

impl OutputSettings {
    /// Returns an error if the format cannot be used here. This is checked before any work.
    pub(super) fn ensure_usable(&self, context: &Context) -> Result<()> {
        if self.format != Format::Github {
            return Ok(());
        }
        if self.file.is_some() {
            return Err(Error::new(
                ErrorKind::Usage,
                "`--format github` writes to `$GITHUB_OUTPUT` and `$GITHUB_ENV`, not to a file",
            )
            .with_hint("omit `--output`"));
        }
        if context.environment().first(&GITHUB_FILES).is_none() {
            return Err(Error::new(
                ErrorKind::Usage,
                "`--format github` works only in a GitHub Actions step: neither GITHUB_OUTPUT nor GITHUB_ENV is set",
            )
            .with_hint("use another `--format`"));
        }
        Ok(())
    }

    /// Hands over a token in the chosen format.
    pub(super) fn hand_over(&self, token: &IssuedToken, context: &Context) -> Result<()> {
        let now = context.task().now();
        let payload = format::render(token, &self.format, &self.variables, self.shell, now)?;
        if self.format == Format::Github {
            return hand_over_to_github(token, &payload, context);
        }
        self.write(&payload, context)
    }

    /// Writes a payload to the file that was named, or to the standard output. A closed pipe is not an error.
    pub(super) fn write(&self, payload: &[u8], context: &Context) -> Result<()> {
        match &self.file {
            Some(path) => write_file(path, payload, context),
            None => print(payload),
        }
    }
}

/// Writes a private file, or writes through to a pipe or a device. A closed pipe is not an error.
pub(super) fn write_file(path: &Path, payload: &[u8], context: &Context) -> Result<()> {
    match private_file::write(path, payload, context.deadline()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(cannot_write(path, error, context)),
        _ => Ok(()),
    }
}

/// Masks the token in the log, by a command on the standard output, and only then passes on the assignments: to both
/// files, or to neither.
fn hand_over_to_github(token: &IssuedToken, assignments: &[u8], context: &Context) -> Result<()> {
    let deadline = context.deadline();
    // The mask contains the token, so a file that cannot be written must be noticed before the mask is printed.
    let mut files = Vec::new();
    for path in GITHUB_FILES.iter().filter_map(|name| context.environment().get(name)).map(Path::new) {
        let file = AppendedFile::open(path, deadline).map_err(|error| cannot_write(path, error, context))?;
        files.push((path, file));
    }
    // Unlike other payloads, the mask must be read by somebody. Without it, the token would appear in the log.
    stdio::write_stdout(&format::github_mask(token.token())).map_err(cannot_write_to_stdout)?;
    for number in 0..files.len() {
        let (path, file) = &mut files[number];
        if let Err(error) = file.append(assignments, deadline) {
            let error = cannot_write(path, error, context);
            files[..number].iter().for_each(|(_, written)| written.undo());
            return Err(error);
        }
    }
    Ok(())
}

fn cannot_write_to_stdout(error: io::Error) -> Error {
    Error::new(ErrorKind::Internal, "cannot write to the standard output")
        .with_hint("check where it goes: it may be closed, or the disk may be full")
        .with_source(error)
}

fn cannot_write(path: &Path, error: io::Error, context: &Context) -> Error {
    if error.kind() == io::ErrorKind::TimedOut {
        return context.deadline().error(&format!("nobody read from `{}`", path.display()));
    }
    Error::new(ErrorKind::Internal, format!("cannot write `{}`", path.display()))
        .with_hint("name a file in a directory that you may write to")
        .with_source(error)
}
