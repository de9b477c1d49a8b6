//! Logs in, one login at a time. A login succeeds only if the session has changed.

use std::io;

use super::Session;
use crate::error::{Error, ErrorKind, Result};
use crate::ibmcloud::Ibmcloud;
use crate::system::private_directory;
use crate::task::Task;
use crate::token::{DEFAULT_LIFETIME, IssuedToken, Origin};

impl Session {
    /// Creates the home directory of a named session, for the user alone. One that another user can change is refused,
    /// because that user could put another session into it.
    pub(crate) fn create_home(&self) -> Result<()> {
        let Some(home) = &self.place.home else { return Ok(()) };
        private_directory::create(home).map_err(|error| {
            Error::new(ErrorKind::Internal, format!("cannot create `{}`", home.display()))
                .with_hint("set XDG_DATA_HOME to a directory that you may write to")
                .with_source(error)
        })?;
        self.ensure_home_is_private()
    }

    /// Returns an error if another user can change the home directory of a named session. A missing one is fine.
    pub(crate) fn ensure_home_is_private(&self) -> Result<()> {
        let Some(home) = self.place.home.as_ref().filter(|home| home.exists()) else { return Ok(()) };
        // Above it are the directory of all named sessions, and the one of this program.
        for directory in home.ancestors().take(3) {
            private_directory::ensure_private(directory).map_err(|error| {
                let hint = match error.kind() {
                    io::ErrorKind::PermissionDenied => {
                        format!("fix it with `chmod go-w {}`", directory.display())
                    }
                    _ => "set XDG_DATA_HOME to a directory of your own".to_owned(),
                };
                Error::new(
                    ErrorKind::Internal,
                    format!("the directory `{}` is not safe", directory.display()),
                )
                .with_hint(hint)
                .with_source(error)
            })?;
        }
        Ok(())
    }

    /// Returns whether the session file holds a token that lives long enough.
    pub(crate) fn holds_good_token(&self, task: &Task<'_>) -> bool {
        self.present_token(task).is_some_and(|token| {
            let token = IssuedToken::new(token, Origin::SessionFile);
            token.freshness(task.now(), DEFAULT_LIFETIME).lasts(DEFAULT_LIFETIME)
        })
    }

    /// Runs a login with the CLI, inside the lock. `is_needed` is asked once the lock is held, because another process
    /// may have logged in meanwhile.
    ///
    /// The exit status of the CLI is not enough: it is 0 for "Incorrect Usage", and a run can print `OK` and then fail
    /// while the old session goes on. So the token in the session file must have changed. That is checked before
    /// another run of the CLI can renew the old token.
    pub(crate) fn log_in(
        &self,
        task: &Task<'_>,
        is_needed: impl FnOnce() -> bool,
        run: impl FnOnce(&Ibmcloud) -> Result<()>,
    ) -> Result<()> {
        let ibmcloud = self.ibmcloud(task)?;
        let _lock = self.lock(task)?;
        if !is_needed() {
            return Ok(());
        }
        let before = self.present_token(task);
        run(&ibmcloud)?;
        if before.is_some() && before == self.present_token(task) {
            return Err(Error::new(
                ErrorKind::LoginNeeded,
                "`ibmcloud login` ended without an error, but the session has not changed",
            )
            .with_hint("read what `ibmcloud login` says above"));
        }
        Ok(())
    }
}
