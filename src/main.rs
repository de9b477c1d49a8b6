//! The program: parse the command line, run the command, report once, turn the outcome into an exit status.

mod cli;
mod command;
mod report;
mod signals;

use std::process::ExitCode;

use ibmcloud_token::environment::Environment;

fn main() -> ExitCode {
    let outcome = match cli::parse(std::env::args_os()) {
        Ok((cli, format_was_typed)) => command::run(cli, format_was_typed, Environment::of_process()),
        Err(usage) => return report::usage(&usage),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report::error(&error),
    }
}
