//! The record of what this machine's CLI prints, for a bug report. It shows shapes and never values: see [`mask`].
//!
//! `fixtures/from-report` makes a fixture from it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::mask::mask;
use super::{Findings, Verdict};
use crate::error::{Error, PROGRAM_AND_VERSION, Result};
use crate::ibmcloud::ObservedRun;
use crate::ibmcloud::session_file::SessionFile;
use crate::program::report;
use crate::sanitize;
use crate::system::process::End;

/// A record. Members may be added, never renamed or removed.
#[derive(Default, Serialize)]
pub(super) struct Record {
    program: &'static str,
    system: &'static str,
    machine: &'static str,
    runs: Vec<RecordedRun>,
    /// Why `ibmcloud iam oauth-tokens` was not run, such as another run for the session that did not end.
    #[serde(skip_serializing_if = "Option::is_none")]
    oauth_tokens_not_run: Option<String>,
    /// The members of the session file, and the types of their values.
    session_file: BTreeMap<String, &'static str>,
    /// The checks and their verdicts.
    checks: Vec<Outcome>,
}

/// A check and its verdict.
#[derive(Serialize)]
struct Outcome {
    id: &'static str,
    verdict: Verdict,
}

/// A run of the CLI.
#[derive(Serialize)]
struct RecordedRun {
    arguments: String,
    /// `quiet` is the environment of a run for a token, and `own` that of the user.
    environment: &'static str,
    /// The exit status, or how the run ended otherwise.
    end: String,
    status: Option<i32>,
    milliseconds: u64,
    stdout: String,
    stderr: String,
}

/// Returns an error as the end of a run. Its message may name a person in a path.
fn end_of(error: &Error) -> String {
    mask(report::message(error).as_bytes())
}

impl Record {
    pub(super) fn add(&mut self, run: &ObservedRun) {
        let (end, status, [stdout, stderr]) = match &run.output {
            Ok(output) => {
                let (end, status) = match output.end {
                    End::Exited(status) => (status.to_string(), status.code()),
                    End::TimedOut => ("stopped after the timeout".to_owned(), None),
                    End::TooMuchOutput => ("stopped after 1 MiB of output".to_owned(), None),
                };
                (end, status, [&output.stdout, &output.stderr].map(|text| mask(text)))
            }
            Err(error) => (end_of(error), None, Default::default()),
        };
        self.runs.push(RecordedRun {
            arguments: run.invocation.arguments.join(" "),
            environment: if run.is_quiet { "quiet" } else { "own" },
            end,
            status,
            milliseconds: u64::try_from(run.elapsed.as_millis()).unwrap_or(u64::MAX),
            stdout,
            stderr,
        });
    }

    /// Adds the runs for the token, or the reason why there was none.
    pub(super) fn add_oauth_tokens(&mut self, runs: Result<[ObservedRun; 2]>) {
        match runs {
            Ok(runs) => runs.iter().for_each(|run| self.add(run)),
            Err(error) => self.oauth_tokens_not_run = Some(end_of(&error)),
        }
    }

    pub(super) fn add_session_file(&mut self, file: &SessionFile) {
        // The CLI's own names are words of letters.
        let is_plain = |name: &str| name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphabetic());
        let shown = |name: String| if is_plain(&name) { name } else { mask(name.as_bytes()) };
        self.session_file = file.shape().into_iter().map(|(name, kind)| (shown(name), kind)).collect();
    }

    /// Adds the verdicts, and returns the record as JSON.
    pub(super) fn finish(mut self, findings: &Findings) -> String {
        self.program = PROGRAM_AND_VERSION;
        (self.system, self.machine) = (std::env::consts::OS, std::env::consts::ARCH);
        self.checks =
            findings.checks.iter().map(|check| Outcome { id: check.id, verdict: check.verdict }).collect();
        let json = serde_json::to_string_pretty(&self).expect("every name is text");
        let lines: Vec<String> = json.lines().map(sanitize::json).collect();
        lines.join("\n") + "\n"
    }
}
