//! Runs the CLI for the record of `doctor`, which keeps the form of what it prints.

use super::Session;
use crate::error::Result;
use crate::ibmcloud::{Ibmcloud, ObservedRun};
use crate::task::Task;

impl Session {
    /// Runs `ibmcloud iam oauth-tokens` twice: in the environment of a run for a token, and with the user's own settings.
    /// As for any run, the CLI renews the token if it has to, so this holds the session's lock.
    pub(crate) fn observe_oauth_tokens(
        &self,
        ibmcloud: &Ibmcloud,
        task: &Task<'_>,
    ) -> Result<[ObservedRun; 2]> {
        let _lock = self.lock(task)?;
        // The CLI must not see a torn file.
        self.usable_file(task)?;
        Ok([true, false].map(|is_quiet| ibmcloud.observe(&["iam", "oauth-tokens"], is_quiet, task.deadline)))
    }
}
