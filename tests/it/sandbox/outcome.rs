//! The result of a finished program.

use std::process::Output;

/// The exit status and both outputs.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        }
    }
}

impl Outcome {
    /// The payload of a run that must have succeeded.
    #[track_caller]
    pub(crate) fn payload(&self) -> &str {
        assert_eq!(self.status, Some(0), "{self:?}");
        self.stdout.strip_suffix('\n').expect("the payload ends in a newline")
    }

    /// The payload as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.payload()).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Checks a failure: this exit status, an empty stdout, and an error message.
    #[track_caller]
    pub(crate) fn fails_with(&self, status: i32) -> &Self {
        assert_eq!((self.status, self.stdout.as_str()), (Some(status), ""), "{self:?}");
        assert!(self.stderr.lines().any(|line| line.starts_with("error: ")), "{self:?}");
        self
    }

    /// The line that says what happened.
    #[track_caller]
    pub(crate) fn error(&self) -> &str {
        self.line("error: ")
    }

    /// The line that says what to do.
    #[track_caller]
    pub(crate) fn hint(&self) -> &str {
        self.line("hint: ")
    }

    #[track_caller]
    fn line(&self, start: &str) -> &str {
        let line = self.stderr.lines().find_map(|line| line.strip_prefix(start));
        line.unwrap_or_else(|| panic!("no line starts with {start:?}: {self:?}"))
    }
}
