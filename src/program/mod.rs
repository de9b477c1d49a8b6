//! The program. This module is not part of the library's public API.

mod arguments;
mod command;
mod completion;
mod context;
mod curl_guard;
mod dispatch;
mod docker_config;
mod docker_credential;
mod doctor;
#[cfg(all(fuzzing, feature = "net"))]
pub mod fuzzing;
mod help;
#[cfg(feature = "net")]
mod iam_source;
mod input;
mod json_object;
mod manual;
mod output;
mod recipes;
mod registry_hosts;
mod report;
mod settings;
mod source;
mod values;

use std::process::ExitCode;

use arguments::Reading;
use context::Context;

use crate::error::Error;
use crate::system::core_dump;
use crate::system::environment::Environment;

/// Runs `ibmcloud-token` with the arguments and variables of this process.
#[must_use]
pub fn ibmcloud_token() -> ExitCode {
    // Before anything else, because the environment may already hold an API key.
    core_dump::forbid();
    let arguments = match arguments::read(std::env::args_os()) {
        Ok(Reading::Run(arguments)) => arguments,
        Ok(Reading::Print(text)) => return report::result(output::print(text.as_bytes()), None),
        Err(error) => return report::result(Err(error), None),
    };
    let or_exit_code = |error: Error| error.or_exit_code(arguments.failure_exit_code);
    match Context::new(&arguments.common, Environment::of_process()) {
        Ok(context) => {
            let result = dispatch::run(arguments.command, &context).map_err(or_exit_code);
            report::result(result, context.session_name())
        }
        Err(error) => report::result(Err(or_exit_code(error)), None),
    }
}

/// Runs `docker-credential-ibmcloud` with the arguments and variables of this process.
#[must_use]
pub fn docker_credential_ibmcloud() -> ExitCode {
    core_dump::forbid();
    docker_credential::run(std::env::args_os())
}
