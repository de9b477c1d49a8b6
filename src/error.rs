//! What went wrong, for a person and for a script.
//!
//! There is one error type. Its kind says what the user can do about it, and is the exit status; its message says
//! what happened; its hint says what to do; and the CLI's own words, cleaned, go along. No part of it ever holds a
//! secret: whoever builds one from foreign text passes that through [`crate::words`] first.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of failure it is: the exit status of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Kind {
    /// Reading, writing, or a fault of ours: 1.
    Internal,
    /// The command line, or a value in the environment, makes no sense: 2.
    Usage,
    /// `ibmcloud` is missing or cannot be run: 3.
    CliMissing,
    /// A login is needed: none yet, expired or inactive, or the key or passcode was rejected: 4.
    LoginNeeded,
    /// `ibmcloud` failed, or what it printed was not understood: 5.
    CliFailed,
    /// Network, TLS, proxy or the IAM service: 6.
    Network,
    /// The deadline passed: 7.
    TimedOut,
    /// There is no token with the wanted lifetime: 8.
    Lifetime,
}

impl Kind {
    /// Returns the exit status that stands for this kind.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Usage => 2,
            Self::CliMissing => 3,
            Self::LoginNeeded => 4,
            Self::CliFailed => 5,
            Self::Network => 6,
            Self::TimedOut => 7,
            Self::Lifetime => 8,
        }
    }
}

/// A failure: what happened, what to do, and what the CLI said.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    hint: Option<String>,
    cli_words: Vec<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What everything that can fail returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Returns an error with a message: lower case, no full stop, things named in backticks.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, cli_words: Vec::new(), source: None }
    }

    /// Adds what to do about it: an instruction.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the CLI's own words, a line each, already cleaned.
    #[must_use]
    pub fn with_cli_words(mut self, words: Vec<String>) -> Self {
        self.cli_words = words;
        self
    }

    /// Adds the error beneath.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns what to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Returns the CLI's own words, a line each.
    #[must_use]
    pub fn cli_words(&self) -> &[String] {
        &self.cli_words
    }
}

/// The message alone; whoever prints walks [`std::error::Error::source`].
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_exit_code() {
        use Kind::{CliFailed, CliMissing, Internal, Lifetime, LoginNeeded, Network, TimedOut, Usage};
        let kinds = [Internal, Usage, CliMissing, LoginNeeded, CliFailed, Network, TimedOut, Lifetime];
        assert_eq!(kinds.map(Kind::exit_code), [1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn an_error_can_cross_threads() {
        fn check<T: Send + Sync + 'static>() {}
        check::<Error>();
    }
}
