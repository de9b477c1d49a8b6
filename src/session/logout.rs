//! A logout with the CLI, inside the lock. A named session is removed.

use std::fs;
use std::io;

use super::Session;
use crate::error::{Error, ErrorKind, Result};
use crate::note::Note;
use crate::task::Task;

impl Session {
    /// Logs out, and removes the directory of a named session.
    ///
    /// The CLI is run only if there is something to log out of.
    pub(crate) fn log_out(&self, task: &Task<'_>) -> Result<()> {
        self.ensure_home_is_private()?;
        if self.place.config_directory.exists() {
            let ibmcloud = self.ibmcloud(task)?;
            let _lock = self.lock(task)?;
            task.note(Note::RunningIbmcloud(ibmcloud.program().to_owned(), "logout"));
            ibmcloud.logout(task.deadline)?;
            if self.present_token(task).is_some() {
                return Err(Error::new(
                    ErrorKind::IbmcloudFailed,
                    "`ibmcloud logout` ended without an error, but the session still has a token",
                )
                .with_hint("run `ibmcloud logout` yourself to see what it says"));
            }
        }
        let Some(home) = &self.place.home else { return Ok(()) };
        match fs::remove_dir_all(home) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::new(ErrorKind::Internal, format!("cannot remove `{}`", home.display()))
                    .with_hint("remove the directory yourself")
                    .with_source(error))
            }
            _ => Ok(()),
        }
    }
}
