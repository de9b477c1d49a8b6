//! What is said beside the answer: warnings, and under `-v` the reason of every decision. All of it is here, so that
//! the texts are in one place and it can be seen at a glance that no secret is among them.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::ibmcloud::session_file::Reason;
use crate::token::{Freshness, brief};

/// Something worth saying.
#[derive(Debug)]
#[non_exhaustive]
pub enum Note {
    /// The token in the session file lives long enough for the CLI not to be asked.
    SessionHolds(PathBuf, Freshness),
    /// The token in the session file does not live long enough.
    SessionTooOld(PathBuf, Freshness),
    /// The session file holds no token: logged out.
    SessionLoggedOut(PathBuf),
    /// There is no session file.
    SessionAbsent(PathBuf),
    /// The session file was not read.
    SessionPassedOver(PathBuf, Reason),
    /// Without HOME there is no place to look for a session file.
    NoHome,
    /// `--fresh`: the session file may not answer.
    FreshAsked,
    /// Another process of ours runs the CLI for this session.
    WaitingForLock(PathBuf),
    /// The lock is held.
    LockHeld(PathBuf),
    /// There is no place for a lock, or the file system has none.
    NoLock(String),
    /// The run of the CLI that was waited for has failed, and is not repeated.
    FailureTakenOver,
    /// The CLI is run.
    RunningCli(PathBuf, &'static str),
    /// What the CLI answered.
    CliAnswers(Freshness),
    /// A warning: the token's times say that the local clock is slow.
    ClockIsSlow(Duration),
    /// A warning: others can read the file with the API key.
    KeyFileIsReadable(PathBuf),
    /// The IAM service is asked.
    #[cfg(feature = "net")]
    AskingIam(String),
    /// The IAM service is asked again after a pause.
    #[cfg(feature = "net")]
    Retrying {
        /// What went wrong.
        reason: String,
        /// How long until the next attempt.
        pause: Duration,
    },
}

/// Takes what is worth saying.
pub type Notes<'a> = &'a dyn Fn(Note);

impl Note {
    /// Returns whether this is said without `-v` to a person at a terminal, who would wonder why nothing happens.
    #[must_use]
    pub fn is_about_waiting(&self) -> bool {
        match self {
            #[cfg(feature = "net")]
            Self::Retrying { .. } => true,
            Self::WaitingForLock(_) => true,
            _ => false,
        }
    }

    /// Returns whether this is said even without `-v`.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        matches!(self, Self::ClockIsSlow(_) | Self::KeyFileIsReadable(_))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SessionHolds(path, freshness) => {
                write!(f, "the token in `{}` {freshness}: the CLI is not asked", path.display())
            }
            Self::SessionTooOld(path, freshness) => {
                write!(f, "the token in `{}` {freshness}", path.display())
            }
            Self::SessionLoggedOut(path) => write!(f, "`{}` holds no token", path.display()),
            Self::SessionAbsent(path) => write!(f, "there is no session file `{}`", path.display()),
            Self::SessionPassedOver(path, reason) => {
                write!(f, "the session file `{}` is passed over: {reason}", path.display())
            }
            Self::NoHome => f.write_str("HOME is not set: there is no session file to look at"),
            Self::FreshAsked => f.write_str("the session file may not answer (`--fresh`)"),
            Self::WaitingForLock(path) => {
                write!(f, "another run of the CLI is under way; waiting for `{}`", path.display())
            }
            Self::LockHeld(path) => write!(f, "holding the lock `{}`", path.display()),
            Self::FailureTakenOver => f.write_str("the run that was waited for failed: so has this one"),
            Self::NoLock(why) => write!(f, "going on without a lock: {why}"),
            Self::RunningCli(program, arguments) => write!(f, "running `{} {arguments}`", program.display()),
            Self::CliAnswers(freshness) => write!(f, "the token that the CLI printed {freshness}"),
            Self::ClockIsSlow(behind) => {
                write!(f, "the token was issued {} from now: this machine's clock is slow", brief(*behind))
            }
            Self::KeyFileIsReadable(path) => {
                write!(
                    f,
                    "others can read the API key in `{0}`; mend that with `chmod 600 {0}`",
                    path.display()
                )
            }
            #[cfg(feature = "net")]
            Self::AskingIam(url) => write!(f, "asking {url}"),
            #[cfg(feature = "net")]
            Self::Retrying { reason, pause } => write!(f, "{reason}; trying again in {}", brief(*pause)),
        }
    }
}
