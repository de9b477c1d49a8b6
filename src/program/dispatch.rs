//! Runs the command that was named.

use super::arguments::Command;
use super::command;
use super::context::Context;
use crate::error::Result;

pub(super) fn run(command: Command, context: &Context) -> Result<()> {
    match command {
        Command::Get(arguments) => command::get::run(&arguments, context),
        Command::Exec(arguments) => command::exec::run(&arguments, context),
        Command::Curl(arguments) => command::curl::run(&arguments, context),
        Command::Watch(arguments) => command::watch::run(&arguments, context),
        Command::Login(arguments) => command::login::run(&arguments, context),
        Command::Logout => command::logout::run(context),
        Command::Parse(arguments) => command::parse::run(&arguments, context),
        #[cfg(feature = "net")]
        Command::Exchange(arguments) => command::exchange::run(&arguments, context),
        Command::Status(arguments) => command::status::run(&arguments, context),
        Command::Inspect(arguments) => command::inspect::run(&arguments, context),
        Command::Doctor(arguments) => command::doctor::run(&arguments, context),
        Command::Configure(arguments) => command::configure::run(&arguments, context),
        Command::Completions(arguments) => command::completions::run(&arguments, context),
        Command::Man(arguments) => command::man::run(&arguments, context),
    }
}
