//! `completions`: print a shell's completion script, or the answer to one.

use crate::error::Result;
use crate::program::arguments::Completions;
use crate::program::context::Context;
use crate::program::{completion, output};

pub(in crate::program) fn run(arguments: &Completions, context: &Context) -> Result<()> {
    let text = match arguments.shell.as_deref() {
        Some(shell) => completion::script(shell).to_owned(),
        None => completion::answer(&arguments.line, context.environment()),
    };
    output::print(text.as_bytes())
}
