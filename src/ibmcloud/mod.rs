//! The `ibmcloud` CLI: found, run, and understood.
//!
//! The three parts are separate: an [`Invocation`] is built here, [`process`] runs it, and [`oauth_tokens`] and
//! [`failure`] read what it wrote. Whether the CLI is run at all is decided by [`crate::session`].

mod config_directory;
#[cfg(test)]
mod damaged_tokens;
pub(crate) mod failure;
#[cfg(feature = "program")]
mod forms;
mod locate;
mod login;
pub(crate) mod oauth_tokens;
pub(crate) mod session_file;

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

pub(crate) use config_directory::{VARIABLES as CONFIG_VARIABLES, config_directory};
pub(crate) use login::{API_KEY_VARIABLES, Credentials, Login};

use crate::error::{Error, ErrorKind, Result};
use crate::sanitize;
use crate::system::environment::Environment;
use crate::system::process::{self, End, Invocation, Output};
use crate::time::Deadline;
use crate::token::AccessToken;

/// The variables of the CLI that are set for a captured run, each with its old name (`bluemix/env.go`): no colors, no
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

/// The CLI: its path and its environment.
pub(crate) struct Ibmcloud {
    program: PathBuf,
    environment: Environment,
}

impl Ibmcloud {
    /// Finds the CLI: `program` if given (a path, or a name to look up in PATH), else `ibmcloud`.
    pub(crate) fn locate(program: Option<&OsStr>, environment: &Environment) -> Result<Self> {
        Ok(Self { program: locate::locate(program, environment)?, environment: environment.clone() })
    }

    /// Returns the absolute path of the program.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// Runs `ibmcloud iam oauth-tokens` and returns the token that it prints.
    pub(crate) fn oauth_tokens(&self, deadline: Deadline) -> Result<AccessToken> {
        let invocation = self.captured(&["iam", "oauth-tokens"]);
        let output =
            process::capture(&invocation, deadline).map_err(|error| cannot_run(&invocation, error))?;
        ensure_success(&invocation, &output, deadline, &[])?;
        oauth_tokens::parse(&output.stdout).map_err(|why| {
            // "Incorrect Usage" and the failures of CLIs before 2018-09 are on stdout, the former with exit status 0.
            let error = match reason(&output) {
                Some(reason) => reason.error(&invocation.to_string()),
                None => Error::new(
                    ErrorKind::IbmcloudFailed,
                    format!("the output of {invocation} was not understood"),
                )
                .with_hint("run it yourself; if it prints a token, report the text around the token")
                .with_source(why),
            };
            error.with_ibmcloud_messages(sanitize::excerpt(&output.stderr, &[]))
        })
    }

    /// Runs `ibmcloud logout`.
    pub(crate) fn logout(&self, deadline: Deadline) -> Result<()> {
        let invocation = self.captured(&["logout"]);
        let output =
            process::capture(&invocation, deadline).map_err(|error| cannot_run(&invocation, error))?;
        ensure_success(&invocation, &output, deadline, &[])
    }

    /// Returns a run whose output we read.
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
        Invocation { program: self.program.clone(), arguments, user_arguments: Vec::new(), environment }
    }
}

fn reason(output: &Output) -> Option<failure::Reason> {
    failure::strongest_reason([&*output.stderr, &*output.stdout])
}

/// Returns an error unless the run ended and reported success. The `known` secrets are redacted in it.
fn ensure_success(
    invocation: &Invocation,
    output: &Output,
    deadline: Deadline,
    known: &[&str],
) -> Result<()> {
    let error = match output.end {
        End::Exited(status) if status.success() => return Ok(()),
        End::Exited(status) => match reason(output) {
            Some(reason) => reason.error(&invocation.to_string()),
            None => Error::new(ErrorKind::IbmcloudFailed, format!("{invocation} failed: {status}"))
                .with_hint("run it yourself to see what it says"),
        },
        End::TimedOut => deadline.error(&format!("{invocation} did not answer")),
        End::TooMuchOutput => Error::new(
            ErrorKind::IbmcloudFailed,
            format!("{invocation} printed more than 1 MiB and was stopped"),
        )
        .with_hint("run it yourself to see what it prints"),
    };
    Err(error.with_ibmcloud_messages(sanitize::excerpt(&output.stderr, known)))
}

fn cannot_run(invocation: &Invocation, error: io::Error) -> Error {
    let program = invocation.program.display();
    let is_its_own_fault = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied)
        || error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error());
    if is_its_own_fault {
        return Error::new(ErrorKind::IbmcloudMissing, format!("cannot run `{program}`"))
            .with_hint(
                "reinstall the IBM Cloud CLI (https://cloud.ibm.com/docs/cli), or name another with `--ibmcloud PATH`",
            )
            .with_source(error);
    }
    Error::new(ErrorKind::Internal, format!("cannot start `{program}`"))
        .with_hint("this machine may have reached a limit: check `ulimit -a`")
        .with_source(error)
}
