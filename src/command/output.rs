//! How a payload leaves: to the standard output, to a private file, or to the files of a GitHub Actions step.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::SystemTime;

use ibmcloud_token::error::{Error, Kind, Result};
use ibmcloud_token::format::{self, Format, Shell};
use ibmcloud_token::private_file;
use ibmcloud_token::source::Answer;
use rustix::io::Errno;

use super::Context;
use crate::cli::FormatName;

/// The files that a GitHub Actions step hands values on by.
const GITHUB_FILES: [&str; 2] = ["GITHUB_OUTPUT", "GITHUB_ENV"];

impl Context {
    /// Hands a token over in the format that was asked for.
    pub(super) fn hand_over(&self, answer: &Answer) -> Result<()> {
        let format = match self.options.format {
            FormatName::Bearer => Format::Bearer,
            FormatName::Token => Format::Token,
            FormatName::Header => Format::Header,
            FormatName::Json => Format::Json,
            FormatName::Env => Format::Env(self.shell()),
            FormatName::Dotenv => Format::Dotenv,
            FormatName::Curl => Format::Curl,
            FormatName::Github => return self.hand_over_to_github(answer),
            #[cfg(feature = "net")]
            FormatName::Response => return Err(unknown_format()),
        };
        self.write(format::render(answer, format, &self.options.name, SystemTime::now()).as_bytes())
    }

    /// Returns a mistake in the chosen format, before any work is done for it.
    pub(super) fn ensure_format(&self) -> Result<()> {
        match self.options.format {
            FormatName::Github if self.options.output.is_some() => Err(Error::new(
                Kind::Usage,
                "`--format github` writes to $GITHUB_OUTPUT and $GITHUB_ENV, not to a file",
            )
            .with_hint("leave `--output` out")),
            FormatName::Github if self.environment.first(&GITHUB_FILES).is_none() => Err(Error::new(
                Kind::Usage,
                "neither GITHUB_OUTPUT nor GITHUB_ENV is set: this is no step of GitHub Actions",
            )
            .with_hint("use another `--format`")),
            #[cfg(feature = "net")]
            FormatName::Response => Err(unknown_format()),
            _ => Ok(()),
        }
    }

    fn shell(&self) -> Shell {
        let from_variable = || {
            self.environment.get("SHELL").and_then(|shell| shell.to_str()).map_or(Shell::Sh, Shell::of_path)
        };
        self.options.shell.map_or_else(from_variable, Shell::from)
    }

    /// Writes a payload to the file that was asked for, or to the standard output.
    pub(super) fn write(&self, payload: &[u8]) -> Result<()> {
        match &self.options.output {
            Some(path) => private_file::write(path, payload).map_err(|error| cannot_write(path, error)),
            None => write_to_stdout(payload),
        }
    }

    /// Masks the token in the log first, by the command on the standard output, and only then hands it on.
    fn hand_over_to_github(&self, answer: &Answer) -> Result<()> {
        let token = answer.token.expose();
        // A file that is not there has to be known before the mask, which holds the token, is written.
        let mut files = Vec::new();
        for path in GITHUB_FILES.iter().filter_map(|name| self.environment.get(name)).map(Path::new) {
            let file = File::options().append(true).open(path).map_err(|error| cannot_write(path, error))?;
            files.push((path, file));
        }
        // Unlike any other payload, the mask has to be read: without it the token would stand in the log.
        let mask = format::line(&["::add-mask::", token]);
        write_all_to_stdout(mask.as_bytes()).map_err(cannot_write_to_stdout)?;
        let assignment = format::line(&[self.options.name.as_str(), "=", token]);
        for (path, mut file) in files {
            file.write_all(assignment.as_bytes()).map_err(|error| cannot_write(path, error))?;
        }
        Ok(())
    }
}

/// A reader that has had enough is no error.
fn write_to_stdout(payload: &[u8]) -> Result<()> {
    match write_all_to_stdout(payload) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(cannot_write_to_stdout(error)),
        _ => Ok(()),
    }
}

/// Not by `io::stdout`, which takes a standard output that cannot be written to for one that nobody reads.
fn write_all_to_stdout(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(rustix::stdio::stdout(), bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(length) => bytes = &bytes[length..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn cannot_write_to_stdout(error: io::Error) -> Error {
    Error::new(Kind::Internal, "the standard output cannot be written to")
        .with_hint("is the disk full?")
        .with_source(error)
}

fn cannot_write(path: &Path, error: io::Error) -> Error {
    Error::new(Kind::Internal, format!("`{}` cannot be written", path.display()))
        .with_hint("name a file in a directory that you may write to")
        .with_source(error)
}

#[cfg(feature = "net")]
fn unknown_format() -> Error {
    Error::new(Kind::Usage, "the format `response` is IAM's answer, which only `exchange` gets")
        .with_hint("use another `--format`, for example `json`")
}
