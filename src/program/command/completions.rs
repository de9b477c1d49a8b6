//! `completions`: print a shell's completion script, or the answer to one.

use crate::error::Result;
use crate::program::arguments::Completions;
use crate::program::context::Context;
use crate::program::{completion, input, output};

/// The most that is read of a command line. It is more than a kernel accepts as arguments.
const MAX_LINE: usize = 4 * 1024 * 1024;

pub(in crate::program) fn run(arguments: &Completions, context: &Context) -> Result<()> {
    let text = if let Some(shell) = arguments.shell.as_deref() {
        completion::script(shell).to_owned()
    } else {
        let line = input::whole_stdin(context, MAX_LINE)?.unwrap_or_default();
        completion::answer(&line, context.environment())
    };
    output::print(text.as_bytes())
}
