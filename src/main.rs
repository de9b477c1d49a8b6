//! The program: parse the command line, run the command, report once, turn the outcome into an exit status.

mod cli;
mod command;
mod report;
mod signals;

use std::process::ExitCode;

use ibmcloud_token::environment::Environment;

fn main() -> ExitCode {
    let environment = Environment::of_process();
    let outcome = match cli::parse(std::env::args_os(), &environment) {
        Ok((cli, format_was_typed)) => command::run(cli, format_was_typed, environment),
        Err(usage) => return report::usage(&usage),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report::error(&error),
    }
}
