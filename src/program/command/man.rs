//! `man`: print a manual page.

use std::io::{self, IsTerminal as _};

use crate::error::{PROGRAM, Result};
use crate::program::arguments::Man;
use crate::program::context::Context;
use crate::program::{manual, output};

pub(in crate::program) fn run(arguments: &Man, context: &Context) -> Result<()> {
    output::print(manual::page(arguments.command).as_bytes())?;
    if io::stdout().is_terminal() {
        let name = arguments.command.map(|name| format!(" {name}")).unwrap_or_default();
        context.say(&format!("to read this page, run `{PROGRAM} man{name} | man -l -`"));
    }
    Ok(())
}
