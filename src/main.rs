//! The program: parse the command line, run the command, report once, turn the outcome into an exit status.

mod cli;
mod command;
mod report;
mod signals;

use std::process::ExitCode;

use ibmcloud_token::environment::Environment;

fn main() -> ExitCode {
    let environment = Environment::of_process();
    let (cli, format_was_typed) = match cli::parse(std::env::args_os(), &environment) {
        Ok(parsed) => parsed,
        Err(usage) => return report::usage(&usage),
    };
    let session = cli.options.session.clone();
    match command::run(cli, format_was_typed, environment) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report::error(&error, session.as_ref()),
    }
}
