//! Asks the CLI for its version, which needs neither a session nor the network.

use super::{Ibmcloud, ObservedRun, failure_of};
use crate::error::Result;
use crate::sanitize;
use crate::system::process::End;
use crate::time::Deadline;

impl Ibmcloud {
    /// Runs `ibmcloud --version`.
    pub(crate) fn observe_version(&self, is_quiet: bool, deadline: Deadline) -> ObservedRun {
        self.observe(&["--version"], is_quiet, deadline)
    }
}

impl ObservedRun {
    /// Returns the version that a run of `ibmcloud --version` printed, or nothing if it printed none. The error is the one
    /// of a run for a token.
    pub(crate) fn version(self) -> Result<Option<String>> {
        let output = self.output?;
        if let Some((_, error)) = failure_of(&self.invocation, &output, self.deadline) {
            // More time would not help.
            let hint = "run `ibmcloud --version` yourself to see why it hangs, or name another CLI with `--ibmcloud PATH`";
            let error = if output.end == End::TimedOut { error.with_hint(hint) } else { error };
            return Err(error.with_ibmcloud_messages(sanitize::excerpt(&output.stderr, &[])));
        }
        let lines = sanitize::lines(&output.stdout, &[]);
        Ok(lines.iter().find_map(|line| number(line)).map(str::to_owned))
    }
}

/// Returns the version number in a line: `ibmcloud 2.38.1 (4d6f1efc2-…)`, or `ibmcloud version 2.24.0+b6c228b-…` before
/// 2.26.
fn number(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("ibmcloud ").or_else(|| line.strip_prefix("bluemix "))?;
    let word = rest.strip_prefix("version ").unwrap_or(rest).split([' ', '+']).next()?;
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (word.split('.').count() == 3 && word.split('.').all(is_number)).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_found_in_both_forms() {
        for (line, expected) in [
            ("ibmcloud 2.38.1 (4d6f1efc2-2025-11-10T22:18:45+00:00)", Some("2.38.1")),
            ("ibmcloud version 0.18.1+09d36ed-2019-08-19T09:04:14+00:00", Some("0.18.1")),
            ("Copyright IBM Corp. 2014, 2025", None),
            ("ibmcloud 2.38", None),
            ("ibmcloud 2.x.1", None),
        ] {
            assert_eq!(number(line), expected, "{line}");
        }
    }
}
