//! Finds and runs the `ibmcloud` CLI, and interprets its output.
//!
//! The three parts are separate: an [`Invocation`] is built here, [`process`] runs it, and [`oauth_tokens`] and
//! [`failure`] read what it wrote. Whether the CLI is run at all is decided by [`crate::session`].

mod config_directory;
#[cfg(test)]
mod damaged_tokens;
pub(crate) mod failure;
mod forms;
mod locate;
mod login;
mod login_script;
pub(crate) mod oauth_tokens;
mod observed_run;
pub(crate) mod session_file;
mod version;

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

pub(crate) use config_directory::{VARIABLES as CONFIG_VARIABLES, config_directory};
pub(crate) use locate::{all as all_programs, path_entries};
pub(crate) use login::{API_KEY_VARIABLES, AttendedFailure, Credentials, LoginRequest};
pub(crate) use observed_run::ObservedRun;

use crate::error::{Error, ErrorKind, Result};
use crate::sanitize;
use crate::system::environment::Environment;
use crate::system::process::{self, End, Invocation, Obstacle, Output};
use crate::system::{obstacle, platform};
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

/// The CLI's SDK sends the refresh token to any URL in this variable (`core_config/repository.go`).
const REDIRECTS_THE_REFRESH_TOKEN: &str = "IAM_ENDPOINT";

/// The CLI: its path, and the environment of all its runs, which does not redirect the refresh token.
pub(crate) struct Ibmcloud {
    program: PathBuf,
    environment: Environment,
}

impl Ibmcloud {
    /// Finds the CLI: `program` if given (a path, or a name to look up in PATH), else `ibmcloud`.
    pub(crate) fn locate(program: Option<&OsStr>, environment: &Environment) -> Result<Self> {
        let program = locate::locate(program, environment)?;
        let mut environment = environment.clone();
        environment.remove(&[REDIRECTS_THE_REFRESH_TOKEN]);
        Ok(Self { program, environment })
    }

    /// Returns the absolute path of the program.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// Runs `ibmcloud iam oauth-tokens` and returns the token that it prints.
    ///
    /// If the CLI says that nobody is logged in, `keeps_session` tells whether its session file still holds a session.
    /// The CLI's SDK swallows the reason if it cannot renew a session (`core_config/bx_config.go`, `IsLoggedIn`).
    pub(crate) fn oauth_tokens(
        &self,
        deadline: Deadline,
        keeps_session: impl FnOnce() -> bool,
    ) -> Result<AccessToken> {
        let invocation = self.captured(&["iam", "oauth-tokens"]);
        let output =
            process::capture(&invocation, deadline).map_err(|error| cannot_run(&invocation, error))?;
        let (reason, error) = match failure_of(&invocation, &output, deadline) {
            Some(failure) => failure,
            None => match oauth_tokens::parse(&output.stdout) {
                Ok(token) => return Ok(token),
                // "Incorrect Usage" and the failures of CLIs before 2018-09 are on stdout, the former with exit status 0.
                Err(why) => match reason(&output) {
                    Some(reason) => (Some(reason), explained(&invocation, reason)),
                    None => (None, not_understood(&invocation, why)),
                },
            },
        };
        let error = error.with_ibmcloud_messages(sanitize::excerpt(&output.stderr, &[]));
        Err(if reason == Some(failure::Reason::NotLoggedIn) && keeps_session() {
            error.with_hint(failure::out_of_reach_hint())
        } else {
            error
        })
    }

    /// Runs `ibmcloud logout`.
    pub(crate) fn logout(&self, deadline: Deadline) -> Result<()> {
        let invocation = self.captured(&["logout"]);
        let output =
            process::capture(&invocation, deadline).map_err(|error| cannot_run(&invocation, error))?;
        match failure_of(&invocation, &output, deadline) {
            None => Ok(()),
            Some((_, error)) => Err(error.with_ibmcloud_messages(sanitize::excerpt(&output.stderr, &[]))),
        }
    }

    /// Returns a run whose output we read.
    fn captured(&self, arguments: &[&str]) -> Invocation {
        let mut environment = self.environment.clone();
        for (name, value) in QUIET {
            environment.set(name, value);
        }
        self.invocation(arguments, environment)
    }

    fn invocation(&self, arguments: &[&str], environment: Environment) -> Invocation {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Invocation { program: self.program.clone(), arguments, user_arguments: Vec::new(), environment }
    }
}

fn reason(output: &Output) -> Option<failure::Reason> {
    failure::reason([&*output.stderr, &*output.stdout])
}

fn explained(invocation: &Invocation, reason: failure::Reason) -> Error {
    let is_login = invocation.arguments.first().is_some_and(|command| command == "login");
    let purpose = if is_login { failure::Purpose::Login } else { failure::Purpose::Token };
    reason.error(&invocation.to_string(), purpose)
}

fn not_understood(
    invocation: &Invocation,
    why: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    Error::new(ErrorKind::IbmcloudFailed, format!("the output of {invocation} was not understood"))
        .with_hint("run it yourself; if it prints a token, report the text around the token")
        .with_source(why)
}

/// Returns the reason, if it is known, and the error of a run that did not end or did not report success.
fn failure_of(
    invocation: &Invocation,
    output: &Output,
    deadline: Deadline,
) -> Option<(Option<failure::Reason>, Error)> {
    let error = match output.end {
        End::Exited(status) if status.success() => return None,
        End::Exited(status) => match reason(output) {
            Some(reason) => return Some((Some(reason), explained(invocation, reason))),
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
    Some((None, error))
}

/// Explains why a program could not be started.
fn cannot_run(invocation: &Invocation, error: io::Error) -> Error {
    let program = invocation.program.display();
    let cannot_start = |error, hint: &str| {
        Error::new(ErrorKind::Internal, format!("cannot start `{program}`"))
            .with_hint(hint)
            .with_source(error)
    };
    match obstacle::of(&error) {
        Obstacle::Program => {
            Error::new(ErrorKind::IbmcloudMissing, format!("cannot run `{program}`"))
                .with_hint(
                    "reinstall the IBM Cloud CLI (https://cloud.ibm.com/docs/cli), or name another with `--ibmcloud PATH`",
                )
                .with_source(error)
        }
        Obstacle::Arguments => {
            Error::new(ErrorKind::Usage, format!("these arguments cannot be passed to `{program}` unchanged"))
                .with_hint("if it is a batch file, name `ibmcloud.exe` with `--ibmcloud PATH`")
                .with_source(error)
        }
        Obstacle::NullDevice(error) => {
            Error::new(ErrorKind::Internal, format!("cannot start `{program}` without `/dev/null`"))
                .with_hint("make `/dev/null` a device that everybody may read and write: `mknod -m 666 /dev/null c 1 3`")
                .with_source(error)
        }
        Obstacle::Sandbox => cannot_start(
            error,
            "a sandbox such as a seccomp or AppArmor profile may forbid starting programs here: allow `clone3`, `clone` and `execve`",
        ),
        Obstacle::Machine => {
            cannot_start(error, platform::REACHED_LIMIT)
        }
    }
}
