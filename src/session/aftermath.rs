//! Detects what happened to the session file during a run of the CLI: another program renewed the session, the CLI
//! wiped it, a wrapper uses another one, or the file was skipped.

use std::thread;
use std::time::Duration;

use super::{IBMCLOUD_RENEWS_UNDER, Session};
use crate::error::{Error, ErrorKind, Hint, Result};
use crate::ibmcloud::session_file::{SessionFile, Unusable};
use crate::note::Note;
use crate::task::Task;
use crate::token::{IssuedToken, Origin};

/// The time for another program to save a token, after IAM has refused to renew the session for us.
const RENEWAL_PAUSE: Duration = Duration::from_millis(250);

impl Session {
    /// Returns a token that another program has saved during a run that failed because a login is needed, or else the
    /// failure.
    pub(super) fn token_renewed_meanwhile(
        &self,
        error: Error,
        before: Option<&SessionFile>,
        task: &Task<'_>,
    ) -> Result<IssuedToken> {
        if error.kind() != ErrorKind::LoginNeeded {
            return Err(error);
        }
        let before = before.and_then(|before| before.token.as_ref());
        let read = || self.usable_file(task).ok().flatten();
        let renewed = |now: &SessionFile| {
            self.token_of(now.token.clone(), IBMCLOUD_RENEWS_UNDER, task)
                .filter(|token| Some(token.token()) != before)
        };
        let Some(now) = read() else { return Err(error) };
        if let Some(token) = renewed(&now) {
            return Ok(token);
        }
        if !now.holds_refresh_token {
            return Err(error);
        }
        // The other program may have received a token from IAM and not have saved it yet.
        thread::sleep(task.deadline.within(RENEWAL_PAUSE).remaining());
        read().as_ref().and_then(renewed).ok_or(error)
    }

    /// Explains a run that failed for no known reason and left a session file without a session. The CLI's SDK saves
    /// every response of IAM with status 200 (`core_config/repository.go`), even one without a token.
    pub(super) fn noticing_wiped_session(
        &self,
        error: Error,
        before: Option<&SessionFile>,
        task: &Task<'_>,
    ) -> Error {
        let holds_session = |file: &SessionFile| file.token.is_some() || file.holds_refresh_token;
        let is_wiped = error.kind() == ErrorKind::IbmcloudFailed
            && before.is_some_and(holds_session)
            && self.present(task).is_some_and(|now| !holds_session(&now));
        if !is_wiped {
            return error;
        }
        let what = format!(
            "the session in `{}` is gone: it held a token before `ibmcloud iam oauth-tokens` and holds no token now, perhaps because the response of IAM had no token",
            self.file().display()
        );
        let hint =
            Hint::from("check that no proxy answers in place of IAM, and log in again: ").command("login");
        Error::new(ErrorKind::LoginNeeded, what)
            .with_hint(hint)
            .with_ibmcloud_messages(error.ibmcloud_messages().to_vec())
    }

    /// Adds a note if the CLI has printed a different token from the one in the session file. It may be a wrapper that
    /// chooses another session.
    pub(super) fn compare_with_file(&self, printed: &IssuedToken, task: &Task<'_>) {
        let Some(token) = self.present(task).and_then(|file| file.token) else { return };
        let kept = IssuedToken::new(token, Origin::SessionFile);
        let is_unexpired = kept.freshness(task.now(), IBMCLOUD_RENEWS_UNDER).lasts(IBMCLOUD_RENEWS_UNDER);
        if kept.token() != printed.token() && is_unexpired {
            let identity = |token: &IssuedToken| {
                let claims = token.claims()?;
                Some([claims.account(), claims.text("iam_id")].map(|claim| claim.map(str::to_owned)))
            };
            task.note(Note::IbmcloudHasOtherSession {
                file: self.file().to_owned(),
                is_other_identity: identity(&kept) != identity(printed),
            });
        }
    }

    /// Mentions the session file in an error about a missing CLI, if the file was skipped. The user may have a token
    /// in it.
    pub(super) fn naming_skipped_file(&self, error: Error, task: &Task<'_>) -> Error {
        match self.read_file(task.deadline) {
            Err(Unusable::Skipped(reason)) => {
                let path = self.file().display();
                error.with_context(&format!("the session file `{path}` was skipped ({reason})"))
            }
            _ => error,
        }
    }
}
