//! A run of the CLI whose output is kept as it is, instead of being read for a token.

use std::time::{Duration, Instant};

use super::{Ibmcloud, cannot_run};
use crate::error::Result;
use crate::system::process::{self, Invocation, Output};
use crate::time::Deadline;

/// A run of the CLI.
pub(crate) struct ObservedRun {
    /// The command.
    pub(crate) invocation: Invocation,
    /// Whether the environment was that of a run for a token. Otherwise the user's own settings applied.
    pub(crate) is_quiet: bool,
    pub(super) deadline: Deadline,
    /// The output, or the error if the CLI could not be started.
    pub(crate) output: Result<Output>,
    /// How long it took.
    pub(crate) elapsed: Duration,
}

impl Ibmcloud {
    /// Runs the CLI with these arguments, in the environment of a run for a token (`is_quiet`) or with the user's own
    /// settings.
    pub(crate) fn observe(&self, arguments: &[&str], is_quiet: bool, deadline: Deadline) -> ObservedRun {
        let invocation = if is_quiet {
            self.captured(arguments)
        } else {
            self.invocation(arguments, self.environment.clone())
        };
        let started = Instant::now();
        let output = process::capture(&invocation, deadline).map_err(|error| cannot_run(&invocation, error));
        ObservedRun { invocation, is_quiet, deadline, output, elapsed: started.elapsed() }
    }
}
