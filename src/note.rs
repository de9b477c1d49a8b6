//! Messages other than the result: warnings, and with `-v` the reason for every decision.
//!
//! One enum holds all of them, so that a reviewer can check in one place that none contains a secret.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::time::brief;
use crate::token::Freshness;

/// One message.
#[derive(Debug)]
pub(crate) enum Note {
    /// The token in the session file lives long enough, so the CLI is not run.
    SessionFileAnswers(PathBuf, Freshness),
    /// The token in the session file does not live long enough.
    SessionFileTooOld(PathBuf, Freshness),
    /// The session file holds no token: logged out.
    SessionFileLoggedOut(PathBuf),
    /// There is no session file.
    SessionFileAbsent(PathBuf),
    /// The session file was skipped, for this reason.
    SessionFileSkipped(PathBuf, String),
    /// The session file is not used, because of `--fresh`.
    Fresh,
    /// Another process holds the lock.
    WaitingForLock(PathBuf),
    /// The lock is held.
    LockHeld(PathBuf),
    /// There is no lock, for this reason.
    NoLock(String),
    /// The run of the CLI that we waited for failed, and is not repeated.
    FailureShared,
    /// The CLI is run.
    RunningIbmcloud(PathBuf, &'static str),
    /// The token that the CLI printed.
    IbmcloudAnswered(Freshness),
    /// `--ibmcloud` names another CLI, which must use the session in this file.
    IbmcloudMustShareSession(PathBuf),
    /// The CLI printed a different token from the one in the session file.
    IbmcloudHasOtherSession {
        /// The session file.
        file: PathBuf,
        /// Whether the two tokens belong to different accounts or users, which makes this a warning.
        is_other_identity: bool,
    },
    /// A warning: the token's times show that the local clock is slow.
    ClockIsSlow(Duration),
    /// A warning: other users can read the file with the API key.
    KeyFileIsReadable(PathBuf),
    /// A warning: another credential helper serves a host of the registry, and is left alone.
    OtherCredentialHelper {
        /// The host.
        host: String,
        /// The name of the helper.
        helper: String,
    },
    /// A warning: docker would not find the credential helper.
    CredentialHelperNotInPath {
        /// The name of the program.
        program: String,
        /// The command that creates it as a link.
        create: Option<String>,
    },
    /// A warning: this file wins over the variables of `exec --for`.
    CredentialsFileWins(PathBuf),
    /// A warning: this option makes curl print the token.
    CurlShowsToken(String),
    /// `watch` wrote the file.
    WroteFile(PathBuf, Freshness),
    /// A warning: `watch` could not renew the token or write the file, and tries again after a pause.
    CannotUpdate {
        /// The reason.
        reason: String,
        /// The time until the next attempt.
        pause: Duration,
    },
    /// A request goes to the IAM service.
    #[cfg(feature = "net")]
    RequestingIam(String),
    /// The request failed and is repeated after a pause.
    #[cfg(feature = "net")]
    Retrying {
        /// The reason.
        reason: String,
        /// The time until the next attempt.
        pause: Duration,
    },
}

/// Receives notes.
pub(crate) type Notes<'a> = &'a dyn Fn(Note);

impl Note {
    /// Returns whether this is printed at a terminal even without `-v`, because it explains a pause.
    pub(crate) fn is_about_waiting(&self) -> bool {
        match self {
            #[cfg(feature = "net")]
            Self::Retrying { .. } => true,
            Self::WaitingForLock(_) => true,
            _ => false,
        }
    }

    /// Returns whether this is printed even without `-v`.
    pub(crate) fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::ClockIsSlow(_)
                | Self::KeyFileIsReadable(_)
                | Self::OtherCredentialHelper { .. }
                | Self::CredentialHelperNotInPath { .. }
                | Self::CredentialsFileWins(_)
                | Self::CurlShowsToken(_)
                | Self::CannotUpdate { .. }
                | Self::IbmcloudHasOtherSession { is_other_identity: true, .. }
        )
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SessionFileAnswers(path, freshness) => {
                write!(f, "the token in `{}` {freshness}; no need to run the CLI", path.display())
            }
            Self::SessionFileTooOld(path, freshness) => {
                write!(f, "the token in `{}` {freshness}", path.display())
            }
            Self::SessionFileLoggedOut(path) => write!(f, "`{}` holds no token", path.display()),
            Self::SessionFileAbsent(path) => write!(f, "there is no session file `{}`", path.display()),
            Self::SessionFileSkipped(path, reason) => {
                write!(f, "the session file `{}` was skipped: {reason}", path.display())
            }
            Self::Fresh => f.write_str("the session file is not used, because of `--fresh`"),
            Self::WaitingForLock(path) => {
                write!(f, "another run of the CLI is in progress; waiting for `{}`", path.display())
            }
            Self::LockHeld(path) => write!(f, "holding the lock `{}`", path.display()),
            Self::FailureShared => f.write_str("the run that we waited for failed; its error is shared"),
            Self::NoLock(why) => write!(f, "continuing without a lock: {why}"),
            Self::RunningIbmcloud(program, arguments) => {
                write!(f, "running `{} {arguments}`", program.display())
            }
            Self::IbmcloudAnswered(freshness) => write!(f, "the token that the CLI printed {freshness}"),
            Self::IbmcloudMustShareSession(file) => write!(
                f,
                "the CLI given by `--ibmcloud` must use the session in `{}`; if it is a wrapper that chooses another, set IBMCLOUD_HOME for this program too, or use `--session`",
                file.display()
            ),
            Self::IbmcloudHasOtherSession { file, is_other_identity } => write!(
                f,
                "the CLI printed a different token from the one in `{}`{}; if it is a wrapper that chooses another session, set IBMCLOUD_HOME for this program too, or use `--session`",
                file.display(),
                if *is_other_identity { ", of another account or user" } else { "" }
            ),
            Self::ClockIsSlow(behind) => {
                write!(
                    f,
                    "the token was issued {} in the future; this machine's clock is slow",
                    brief(*behind)
                )
            }
            Self::KeyFileIsReadable(path) => {
                write!(
                    f,
                    "other users can read the API key in `{0}`; fix it with `chmod 600 {0}`",
                    path.display()
                )
            }
            Self::OtherCredentialHelper { host, helper } => {
                write!(f, "`{host}` keeps its credential helper `{helper}`; remove that first to replace it")
            }
            Self::CredentialHelperNotInPath { program, create: None } => {
                write!(f, "`{program}` is not in PATH, so every use of the registry will fail until it is")
            }
            Self::CredentialHelperNotInPath { program, create: Some(command) } => write!(
                f,
                "`{program}` is not in PATH, so every use of the registry will fail until it is; create it with \
                 `{command}`"
            ),
            Self::CredentialsFileWins(path) => write!(
                f,
                "`{}` has credentials for this service, and IBM's SDKs prefer them to the environment",
                path.display()
            ),
            Self::CurlShowsToken(option) => {
                write!(
                    f,
                    "curl prints the token because of `{option}`; remove it before you share the output"
                )
            }
            Self::WroteFile(path, freshness) => {
                write!(f, "wrote `{}`; the token {freshness}", path.display())
            }
            Self::CannotUpdate { reason, pause } => write!(f, "{reason}; trying again in {}", brief(*pause)),
            #[cfg(feature = "net")]
            Self::RequestingIam(url) => write!(f, "requesting a token from {url}"),
            #[cfg(feature = "net")]
            Self::Retrying { reason, pause } => write!(f, "{reason}; trying again in {}", brief(*pause)),
        }
    }
}
