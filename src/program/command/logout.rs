//! `logout`: log out with the CLI. A named session is removed.

use crate::error::Result;
use crate::program::context::Context;

pub(in crate::program) fn run(context: &Context) -> Result<()> {
    context.session()?.log_out(&context.task())?;
    context.say(&match context.session_name() {
        Some(name) => format!("logged out; the session `{name}` is removed"),
        None => "logged out".to_owned(),
    });
    Ok(())
}
