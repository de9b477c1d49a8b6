//! Predicts the result of a request for a token, as far as that is possible without running the CLI for it.
//!
//! The steps are those of [`Session::token`], and the same functions decide them. What the CLI would answer follows from
//! its session file, because its SDK prints a token that lives for 10 s or more and renews any other
//! (`core_config/bx_config.go`). The network is not used.

use std::path::Path;

use super::single_flight::LockState;
use super::{IBMCLOUD_RENEWS_UNDER, Request, Session, being_written, torn};
use crate::error::{Error, ErrorKind, Result};
use crate::ibmcloud::failure::log_in_hint;
use crate::ibmcloud::session_file::{SkipReason, Unusable};
use crate::system::platform::{self, LIST_RUNS};
use crate::task::Task;
use crate::time::brief;
use crate::token::{DEFAULT_LIFETIME, IssuedToken, Origin};

/// How a request would be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// By the token in the session file.
    SessionFile,
    /// By the CLI.
    Ibmcloud,
}

impl Session {
    /// Returns how a request would be answered, or the error that it would end with.
    pub(crate) fn outlook(&self, request: &Request, task: &Task<'_>) -> Result<Outlook> {
        self.ensure_home_is_private()?;
        if self.answer_of_file(request, task)?.is_some() {
            return Ok(Outlook::SessionFile);
        }
        self.ibmcloud(task).map_err(|error| self.naming_skipped_file(error, task))?;
        Ok(Outlook::Ibmcloud)
    }

    /// Returns the state of the session's lock, without waiting for it and without creating it.
    pub(crate) fn lock_state(&self) -> LockState {
        LockState::of(&self.place.config_directory, self.place.lock_file().as_deref())
    }

    /// Returns the error that a run of the CLI would lead to, judged by its session file.
    pub(crate) fn ensure_ibmcloud_can_answer(&self, request: &Request, task: &Task<'_>) -> Result<()> {
        if let LockState::Held(path) = self.lock_state() {
            let what = format!("another run of `ibmcloud` for this session holds `{}`", path.display());
            return Err(Error::new(ErrorKind::TimedOut, what)
                .with_hint(format!("wait until it has ended; if it hangs, end it: {LIST_RUNS}")));
        }
        let path = self.file();
        let login_needed = |what: String| Error::new(ErrorKind::LoginNeeded, what).with_hint(log_in_hint());
        let file = match self.read_file(task.deadline) {
            Ok(file) => file,
            Err(Unusable::Absent) => {
                return Err(login_needed(format!(
                    "not logged in: there is no session file `{}`",
                    path.display()
                )));
            }
            Err(Unusable::Torn) => return Err(torn(path)),
            Err(Unusable::BeingWritten) => return Err(being_written(path, task.deadline)),
            // The CLI ignores the owner and the size.
            Err(Unusable::Skipped(SkipReason::OtherOwner | SkipReason::TooLarge)) => return Ok(()),
            Err(Unusable::Skipped(reason @ SkipReason::UnknownShape)) => {
                return Err(login_needed(format!(
                    "the session file `{}` does not hold a session: {reason}",
                    path.display()
                )));
            }
            Err(Unusable::Skipped(reason)) => {
                let what = format!("`ibmcloud` cannot use the session file `{}`: {reason}", path.display());
                return Err(Error::new(ErrorKind::IbmcloudFailed, what)
                    .with_hint(format!("{}; or remove it and log in again", platform::make_readable(path))));
            }
        };
        let Some(token) = file.token else {
            return if file.holds_refresh_token {
                Ok(())
            } else {
                Err(login_needed(format!(
                    "not logged in: the session file `{}` holds no token",
                    path.display()
                )))
            };
        };
        let token = IssuedToken::new(token, Origin::Ibmcloud);
        let now = task.now();
        let freshness = token.freshness(now, DEFAULT_LIFETIME);
        if freshness.lasts(IBMCLOUD_RENEWS_UNDER) {
            return request.requirements.check(&token, freshness, now);
        }
        if !file.holds_refresh_token {
            return Err(login_needed(format!(
                "the token in `{}` {freshness}, and the CLI has no refresh token to renew it",
                path.display()
            )));
        }
        // The renewed token is one of the same account, and usually lives as long as this one did.
        request.requirements.ensure_account(&token)?;
        match (request.requirements.min_ttl, token.lifetime()) {
            (Some(wanted), Some(lifetime)) if lifetime < wanted => Err(Error::new(
                ErrorKind::RequirementUnmet,
                format!(
                    "the tokens of this session live for {}, but {} was requested",
                    brief(lifetime),
                    brief(wanted)
                ),
            )
            .with_hint("ask for less with `--min-ttl`")),
            _ => Ok(()),
        }
    }

    /// Returns the variable that chooses the session, or nothing for a named one.
    pub(crate) fn variable(&self) -> Option<&'static str> {
        self.place.variable
    }

    /// Returns the configuration directory.
    pub(crate) fn config_directory(&self) -> &Path {
        &self.place.config_directory
    }
}
