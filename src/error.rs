//! Errors, for people and for scripts.
//!
//! There is one error type. Its kind says what the user can do about it, and decides the exit status. Its message says
//! what happened, its hint says what to do, and the CLI's own messages, sanitized, are attached. No part of an error
//! holds a secret, because external text passes through [`crate::sanitize`] first.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of the program.
pub(crate) const PROGRAM: &str = env!("CARGO_PKG_NAME");

/// The name and the version of the program.
#[cfg(feature = "program")]
pub(crate) const PROGRAM_AND_VERSION: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));

/// The kind of a failure, which decides the exit status of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Reading or writing failed, or there is a bug in this crate: 1.
    Internal,
    /// The command line, or a value in the environment, is invalid: 2.
    Usage,
    /// `ibmcloud` is missing or cannot be run: 3.
    IbmcloudMissing,
    /// A login is needed: not logged in, session expired or inactive, key or passcode rejected: 4.
    LoginNeeded,
    /// `ibmcloud` failed, or its output was not understood: 5.
    IbmcloudFailed,
    /// Network, TLS, proxy or the IAM service: 6.
    Network,
    /// The deadline passed: 7.
    TimedOut,
    /// No token meets the requirements, such as a minimum lifetime: 8.
    RequirementUnmet,
}

impl ErrorKind {
    const ALL: [Self; 8] = [
        Self::Internal,
        Self::Usage,
        Self::IbmcloudMissing,
        Self::LoginNeeded,
        Self::IbmcloudFailed,
        Self::Network,
        Self::TimedOut,
        Self::RequirementUnmet,
    ];

    /// Returns the exit status for this kind.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Usage => 2,
            Self::IbmcloudMissing => 3,
            Self::LoginNeeded => 4,
            Self::IbmcloudFailed => 5,
            Self::Network => 6,
            Self::TimedOut => 7,
            Self::RequirementUnmet => 8,
        }
    }

    /// Returns the kind with this exit status.
    pub(crate) fn from_exit_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.exit_code() == code)
    }
}

/// An instruction that tells the user how to fix a failure. Commands of this program are stored apart from the text,
/// so that they can be shown with the user's `--session` option.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hint(Vec<HintPart>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum HintPart {
    Text(String),
    /// The arguments of this program.
    Command(String),
}

impl<T: Into<String>> From<T> for Hint {
    fn from(text: T) -> Self {
        Self(vec![HintPart::Text(text.into())])
    }
}

impl Hint {
    /// Appends text.
    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.0.push(HintPart::Text(text.into()));
        self
    }

    /// Appends a command of this program, given by its arguments.
    pub(crate) fn command(mut self, arguments: impl Into<String>) -> Self {
        self.0.push(HintPart::Command(arguments.into()));
        self
    }

    /// Returns a copy in which every part went through `change`.
    pub(crate) fn map(&self, change: impl Fn(&str) -> String) -> Self {
        let part = |part: &HintPart| match part {
            HintPart::Text(text) => HintPart::Text(change(text)),
            HintPart::Command(arguments) => HintPart::Command(change(arguments)),
        };
        Self(self.0.iter().map(part).collect())
    }

    /// Returns the instruction for a user who runs this program as `program`, such as `ibmcloud-token --session prod`.
    pub(crate) fn shown(&self, program: &str) -> String {
        let part = |part: &HintPart| match part {
            HintPart::Text(text) => text.clone(),
            HintPart::Command(arguments) if arguments.is_empty() => format!("`{program}`"),
            HintPart::Command(arguments) => format!("`{program} {arguments}`"),
        };
        self.0.iter().map(part).collect()
    }
}

/// A failure: what happened, what to do, and the CLI's own messages.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    exit_code: Option<u8>,
    message: String,
    hint: Option<Hint>,
    ibmcloud_messages: Vec<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result type of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Creates an error. The message is in lower case, has no full stop, and names things in backticks.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            exit_code: None,
            message: message.into(),
            hint: None,
            ibmcloud_messages: Vec::new(),
            source: None,
        }
    }

    /// Replaces the exit status of the kind by `code`, if there is one, unless it has been replaced before.
    #[must_use]
    pub(crate) fn or_exit_code(mut self, code: impl Into<Option<u8>>) -> Self {
        self.exit_code = self.exit_code.or(code.into());
        self
    }

    /// Adds a hint: what to do about the failure.
    #[must_use]
    pub(crate) fn with_hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the CLI's own messages, one per line. They must be sanitized.
    #[must_use]
    pub(crate) fn with_ibmcloud_messages(mut self, messages: Vec<String>) -> Self {
        self.ibmcloud_messages = messages;
        self
    }

    /// Adds the underlying error.
    #[must_use]
    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Prepends a fact to the message. The hint stays the same.
    #[must_use]
    pub(crate) fn with_context(mut self, fact: &str) -> Self {
        self.message = format!("{fact}, and {}", self.message);
        self
    }

    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns the exit status for this failure.
    pub(crate) fn exit_code(&self) -> u8 {
        self.exit_code.unwrap_or_else(|| self.kind.exit_code())
    }

    /// Returns the hint, as an instruction for a user of the program.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.hint.as_ref().map(|hint| hint.shown(PROGRAM))
    }

    /// Returns the hint in its parts.
    pub(crate) fn hint_parts(&self) -> Option<&Hint> {
        self.hint.as_ref()
    }

    /// Returns the CLI's own messages, one per line, without control characters and secrets.
    #[must_use]
    pub fn ibmcloud_messages(&self) -> &[String] {
        &self.ibmcloud_messages
    }
}

/// Writes the message alone; its causes are in [`std::error::Error::source`].
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
        assert_eq!(ErrorKind::ALL.map(ErrorKind::exit_code), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert!(
            ErrorKind::ALL.into_iter().all(|kind| ErrorKind::from_exit_code(kind.exit_code()) == Some(kind))
        );
        assert_eq!(ErrorKind::from_exit_code(0), None);
    }

    #[test]
    fn commands_in_a_hint_name_the_session() {
        let hint = Hint::from("renew it with ").command("").text(", or log in: ").command("login --sso");
        assert_eq!(
            hint.shown("ibmcloud-token --session prod"),
            "renew it with `ibmcloud-token --session prod`, or log in: `ibmcloud-token --session prod login --sso`"
        );
    }

    #[test]
    fn error_is_send_and_sync() {
        fn check<T: Send + Sync + 'static>() {}
        check::<Error>();
    }
}
