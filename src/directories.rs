//! Where our own few things lie: the homes of named sessions, and the locks. Nothing of it is secret by itself, but
//! the CLI keeps its sessions in those homes, so all of it is the user's alone.

use std::fmt;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::environment::Environment;

/// Returns the user's data directory of this program: `$XDG_DATA_HOME/ibmcloud-token`, or the platform's default.
#[must_use]
pub fn data_directory(environment: &Environment) -> Option<PathBuf> {
    let in_home = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
    let base = environment
        .absolute_path("XDG_DATA_HOME")
        .map(Path::to_owned)
        .or_else(|| Some(environment.absolute_path("HOME")?.join(in_home)))?;
    Some(base.join("ibmcloud-token"))
}

/// Creates a directory, and those above it, for the user alone (0700). One that is there stays as it is.
pub fn create_private(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// The name of a session of its own: letters, digits and `._-`, not starting with a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionName(String);

impl FromStr for SessionName {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let starts_plain = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if starts_plain && name.len() <= 64 && name.chars().all(is_plain) {
            Ok(Self(name.to_owned()))
        } else {
            Err(
                "a session's name is up to 64 letters, digits, `.`, `_` and `-`, and starts with a letter or digit",
            )
        }
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl SessionName {
    /// Returns the home that the CLI gets for this session.
    #[must_use]
    pub fn home(&self, data_directory: &Path) -> PathBuf {
        data_directory.join("sessions").join(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_s_name_cannot_leave_its_folder() {
        for name in ["prod", "a.b_c-1", "9"] {
            assert!(name.parse::<SessionName>().is_ok(), "{name}");
        }
        for name in ["", ".", "..", "../x", "a/b", "-x", ".x", "a b", "a\n", "ä", &"x".repeat(65)] {
            assert!(name.parse::<SessionName>().is_err(), "{name:?}");
        }
    }
}
