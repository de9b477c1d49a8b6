//! `get`: print the token of the current session.

use crate::error::Result;
use crate::program::arguments::Get;
use crate::program::context::Context;
use crate::program::source::Source;

pub(in crate::program) fn run(arguments: &Get, context: &Context) -> Result<()> {
    let output = context.settings().output(&arguments.output)?;
    output.ensure_usable(context)?;
    let token = Source::new(&arguments.token, &arguments.source, context)?.token(context)?;
    output.hand_over(&token, context)
}
