//! The `ibmcloud` CLI: found, run, and understood.
//!
//! The three parts stay apart: a [`process::Invocation`] is built here, [`process`] runs it, and
//! [`oauth_tokens`] and [`failure`] read what it wrote. Nothing here decides whether the CLI is asked at all; that is
//! [`crate::source`].

mod config_directory;
pub mod failure;
pub mod group;
mod locate;
mod login;
pub mod oauth_tokens;
pub mod process;
pub mod session_file;

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::PathBuf;

pub use config_directory::{VARIABLES as CONFIG_VARIABLES, config_directory};
pub use login::{API_KEY_VARIABLES, Credentials, Login};
use process::{End, Invocation, Output};
use session_file::{SessionFile, Unusable};

use crate::deadline::Deadline;
use crate::environment::Environment;
use crate::error::{Error, Kind, Result};
use crate::token::AccessToken;
use crate::words;

/// Variables of the CLI that a captured run gets set, each with its old name (`bluemix/env.go`): no colours, no
/// question about an update, no analytics, no trace.
const QUIET: [(&str, &str); 8] = [
    ("IBMCLOUD_COLOR", "false"),
    ("BLUEMIX_COLOR", "false"),
    ("IBMCLOUD_VERSION_CHECK", "false"),
    ("BLUEMIX_VERSION_CHECK", "false"),
    ("IBMCLOUD_ANALYTICS", "false"),
    ("BLUEMIX_ANALYTICS", "false"),
    ("IBMCLOUD_TRACE", "false"),
    ("BLUEMIX_TRACE", "false"),
];

/// The CLI's SDK sends the refresh token to whatever URL this variable names (`core_config/repository.go`).
const REDIRECTS_THE_REFRESH_TOKEN: &str = "IAM_ENDPOINT";

/// The CLI: where it is, and with which environment it is run.
pub struct Ibmcloud {
    program: PathBuf,
    environment: Environment,
}

impl Ibmcloud {
    /// Finds the CLI: `program` if given (a path, or a name to look up in PATH), else `ibmcloud`.
    pub fn locate(program: Option<&OsStr>, environment: &Environment) -> Result<Self> {
        Ok(Self { program: locate::locate(program, environment)?, environment: environment.clone() })
    }

    /// Returns the absolute path of the program.
    #[must_use]
    pub fn program(&self) -> &std::path::Path {
        &self.program
    }

    /// Runs `ibmcloud iam oauth-tokens` and returns the token that it prints.
    pub fn oauth_tokens(&self, deadline: Deadline) -> Result<AccessToken> {
        let invocation = self.captured(&["iam", "oauth-tokens"]);
        let output =
            process::capture(&invocation, deadline).map_err(|error| cannot_run(&invocation, error))?;
        ensure_success(&invocation, &output, deadline, &[], || self.nobody_is_logged_in(deadline))?;
        oauth_tokens::parse(&output.stdout).map_err(|why| {
            // "Incorrect Usage", and the failures of CLIs before 2018-09, come on stdout, the former with exit status 0.
            let error = match reason(&output) {
                Some(reason) => reason.error(&invocation.to_string()),
                None => Error::new(Kind::CliFailed, format!("the output of {invocation} was not understood"))
                    .with_hint("run it yourself and look; if there is a token in what it prints, report what stands around it")
                    .with_source(why),
            };
            error.with_cli_words(words::excerpt(&output.stderr, &[]))
        })
    }

    /// Returns whether the session file says so: the sign that is left when the CLI says why in another language.
    fn nobody_is_logged_in(&self, deadline: Deadline) -> bool {
        let Some(directory) = config_directory(&self.environment) else { return false };
        match SessionFile::read(&session_file::path(&directory), deadline) {
            Ok(session) => session.token.is_none(),
            Err(unusable) => matches!(unusable, Unusable::Absent),
        }
    }

    /// Returns a run whose output is read by us.
    fn captured(&self, arguments: &[&str]) -> Invocation {
        let mut environment = self.environment.clone();
        for (name, value) in QUIET {
            environment.set(name, value);
        }
        environment.remove(&[REDIRECTS_THE_REFRESH_TOKEN]);
        self.invocation(arguments, environment)
    }

    fn invocation(&self, arguments: &[&str], environment: Environment) -> Invocation {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Invocation { program: self.program.clone(), arguments, foreign_arguments: Vec::new(), environment }
    }
}

fn reason(output: &Output) -> Option<failure::Reason> {
    failure::strongest_reason([output.stderr.as_slice(), &output.stdout])
}

/// Returns an error unless the run came to its end and reported success; `known` secrets are not in it.
/// `nobody_is_logged_in` is asked where the words do not tell the reason.
fn ensure_success(
    invocation: &Invocation,
    output: &Output,
    deadline: Deadline,
    known: &[&str],
    nobody_is_logged_in: impl FnOnce() -> bool,
) -> Result<()> {
    let error = match output.end {
        End::Exited(status) if status.success() => return Ok(()),
        End::Exited(status) => {
            let by_session =
                || (status.code().is_some() && nobody_is_logged_in()).then_some(failure::Reason::LoginNeeded);
            match reason(output).or_else(by_session) {
                Some(reason) => reason.error(&invocation.to_string()),
                None => Error::new(Kind::CliFailed, format!("{invocation} failed: {status}"))
                    .with_hint("see what it says when you run it yourself"),
            }
        }
        End::TimedOut => deadline.error(&format!("{invocation} gave no answer")),
        End::TooMuchOutput => {
            Error::new(Kind::CliFailed, format!("{invocation} printed more than 1 MiB and was stopped"))
                .with_hint("see what it prints when you run it yourself")
        }
    };
    Err(error.with_cli_words(words::excerpt(&output.stderr, known)))
}

fn cannot_run(invocation: &Invocation, error: std::io::Error) -> Error {
    let program = invocation.program.display();
    let is_its_own_fault = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied)
        || error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error());
    if is_its_own_fault {
        return Error::new(Kind::CliMissing, format!("`{program}` cannot be run"))
            .with_hint(
                "install the IBM Cloud CLI anew (https://cloud.ibm.com/docs/cli), or name another with `--ibmcloud PATH`",
            )
            .with_source(error);
    }
    Error::new(Kind::Internal, format!("`{program}` could not be started"))
        .with_hint("this machine has no room for another program: see which ones run, and `ulimit -a`")
        .with_source(error)
}
