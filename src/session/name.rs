//! The name of a session that is separate from the user's default session.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::system::environment::Environment;

/// The directory of the homes of named sessions, in the data directory.
const SESSIONS: &str = "sessions";

/// Returns the data directory of this program: `$XDG_DATA_HOME/ibmcloud-token`, or the platform's default.
pub(super) fn data_directory(environment: &Environment) -> Option<PathBuf> {
    Some(environment.data_home()?.join("ibmcloud-token"))
}

/// Returns the names of all sessions that have a home, sorted.
pub(crate) fn all(environment: &Environment) -> io::Result<Vec<SessionName>> {
    let Some(data_directory) = data_directory(environment) else { return Ok(Vec::new()) };
    let entries = match fs::read_dir(data_directory.join(SESSIONS)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        // Only a directory with a valid name can be a session.
        let entry = entry?;
        let name = entry.file_name().to_str().and_then(|name| name.parse().ok());
        if entry.file_type()?.is_dir() {
            names.extend(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The name of a session: up to 64 letters, digits, `.`, `_` and `-`, starting with a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionName(String);

/// A text that is not a session name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidSessionName;

impl fmt::Display for InvalidSessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a session name is up to 64 letters, digits, `.`, `_` and `-`, and starts with a letter or digit",
        )
    }
}

impl std::error::Error for InvalidSessionName {}

impl FromStr for SessionName {
    type Err = InvalidSessionName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let starts_plain = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if starts_plain && name.len() <= 64 && name.chars().all(is_plain) {
            Ok(Self(name.to_owned()))
        } else {
            Err(InvalidSessionName)
        }
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl SessionName {
    /// Returns the home directory that the CLI gets for this session.
    pub(super) fn home(&self, data_directory: &Path) -> PathBuf {
        data_directory.join(SESSIONS).join(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_name_cannot_leave_its_directory() {
        for name in ["prod", "a.b_c-1", "9"] {
            assert!(name.parse::<SessionName>().is_ok(), "{name}");
        }
        for name in ["", ".", "..", "../x", "a/b", "-x", ".x", "a b", "a\n", "ä", &"x".repeat(65)] {
            assert!(name.parse::<SessionName>().is_err(), "{name:?}");
        }
    }
}
