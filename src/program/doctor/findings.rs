//! The checks and their results, and how they are shown.

use std::fmt::Write as _;

use serde::Serialize;

use super::Answer;
use crate::error::{Error, PROGRAM_AND_VERSION, Result};
use crate::program::context::Context;
use crate::program::report;
use crate::sanitize;
use crate::session::SessionName;
use crate::time::brief;
use crate::token::{DEFAULT_LIFETIME, IssuedToken};

/// The width of the report.
const WIDTH: usize = 80;

/// The columns before what was found.
const MARGIN: usize = 22;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::program) enum Verdict {
    /// Nothing is wrong.
    Ok,
    /// Nothing is wrong, but something could be better.
    Advice,
    /// It may lead to a failure, or is not safe.
    Warning,
    /// It leads to a failure, now or once the token has to be renewed.
    Failure,
    /// It was not checked, for the reason that is given.
    Skipped,
}

/// A check. Its ID and verdict are stable, and the texts are for people.
#[derive(Serialize)]
pub(in crate::program) struct Check {
    pub(super) id: &'static str,
    pub(super) verdict: Verdict,
    pub(super) evidence: String,
    pub(super) remedy: Option<String>,
}

impl Check {
    pub(super) fn new(id: &'static str, verdict: Verdict, evidence: impl Into<String>) -> Self {
        Self { id, verdict, evidence: evidence.into(), remedy: None }
    }

    pub(super) fn ok(id: &'static str, evidence: impl Into<String>) -> Self {
        Self::new(id, Verdict::Ok, evidence)
    }

    pub(super) fn skipped(id: &'static str, why: impl Into<String>) -> Self {
        Self::new(id, Verdict::Skipped, why)
    }

    /// Adds what to do.
    pub(super) fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Returns the check that failed with an error.
    pub(super) fn of_error(id: &'static str, error: &Error, session: Option<&SessionName>) -> Self {
        let mut evidence = report::message(error);
        if !error.ibmcloud_messages().is_empty() {
            let _ = write!(evidence, " (it says: {})", error.ibmcloud_messages().join(" / "));
        }
        Self { remedy: report::hint(error, session), ..Self::new(id, Verdict::Failure, evidence) }
    }

    /// Returns the same check with a milder verdict.
    pub(super) fn milder(self, verdict: Verdict) -> Self {
        Self { verdict, ..self }
    }
}

/// All findings. Members may be added, never renamed or removed.
#[derive(Serialize)]
pub(in crate::program) struct Findings {
    /// The program and its version.
    program: &'static str,
    /// The exit status, which is that of `get`.
    exit_code: u8,
    /// Whether there would be a token, and from where or why not.
    summary: String,
    pub(super) checks: Vec<Check>,
}

impl Findings {
    pub(super) fn new(
        checks: Vec<Check>,
        result: &Result<Answer>,
        token: Option<&IssuedToken>,
        context: &Context,
    ) -> Self {
        let freshness = token.map(|token| token.freshness(context.task().now(), DEFAULT_LIFETIME));
        let summary = match (result, freshness) {
            (Err(error), _) => report::message(error),
            (Ok(Answer::SessionFile), Some(freshness)) => {
                let left = freshness.remaining().map(brief).unwrap_or_default();
                format!("a token is available: the one in the session file is valid for another {left}")
            }
            (Ok(Answer::SessionFile), None) => "a token is available in the session file".to_owned(),
            (Ok(Answer::Ibmcloud), _) => {
                "a token should be available: according to the session file, `ibmcloud` can renew it"
                    .to_owned()
            }
            (Ok(Answer::Iam), _) => "a token can be requested from IAM".to_owned(),
        };
        let exit_code = result.as_ref().err().map_or(0, Error::exit_code);
        // Text from elsewhere, such as a path, is safe to print from here on.
        let clean = |text: String| sanitize::line(&text);
        let checks = checks.into_iter().map(|check| Check {
            evidence: clean(check.evidence),
            remedy: check.remedy.map(clean),
            ..check
        });
        Self { program: PROGRAM_AND_VERSION, exit_code, summary: clean(summary), checks: checks.collect() }
    }

    /// Returns the report for people. If there would be no token, the error that follows on the standard error says so.
    pub(in crate::program) fn text(&self) -> String {
        let mut text = String::new();
        for Check { id, verdict, evidence, remedy } in &self.checks {
            let verdict = match verdict {
                Verdict::Ok => "ok",
                Verdict::Advice => "advice",
                Verdict::Warning => "warning",
                Verdict::Failure => "failure",
                Verdict::Skipped => "skipped",
            };
            paragraph(&mut text, &format!("{verdict:<8}{id:<14}"), evidence);
            if let Some(remedy) = remedy {
                paragraph(&mut text, &format!("{:>MARGIN$}", "-> "), remedy);
            }
        }
        if self.exit_code == 0 {
            let first = self.summary[..1].to_ascii_uppercase();
            paragraph(&mut text, "", &(first + &self.summary[1..]));
        }
        text
    }
}

/// Appends words after a label. Further lines are indented by the width of the label.
fn paragraph(text: &mut String, label: &str, words: &str) {
    let indent = label.chars().count();
    let mut line = label.to_owned();
    let mut width = indent;
    for word in words.split(' ') {
        let length = word.chars().count();
        if width > indent && width + 1 + length > WIDTH {
            let _ = writeln!(text, "{}", line.trim_end());
            line = " ".repeat(indent);
            width = indent;
        }
        if width > indent {
            line.push(' ');
            width += 1;
        }
        line.push_str(word);
        width += length;
    }
    let _ = writeln!(text, "{}", line.trim_end());
}

/// Returns an error that says the same. The causes are part of its message.
pub(super) fn copy(error: &Error) -> Error {
    let copy = Error::new(error.kind(), report::message(error))
        .with_ibmcloud_messages(error.ibmcloud_messages().to_vec());
    match error.hint_parts() {
        Some(hint) => copy.with_hint(hint.clone()),
        None => copy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_evidence_is_wrapped_below_itself() {
        let mut text = String::new();
        paragraph(&mut text, &format!("{:<22}", "ok"), &"word ".repeat(30));
        assert!(text.lines().count() > 1 && text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.lines().skip(1).all(|line| line.starts_with(&" ".repeat(MARGIN))), "{text}");
        let mut text = String::new();
        paragraph(&mut text, "", &"x".repeat(100));
        assert_eq!(text, "x".repeat(100) + "\n");
    }
}
