//! `get`: print the token of the current session.

use super::login;
use crate::error::{ErrorKind, Result};
use crate::program::arguments::Get;
use crate::program::context::Context;
use crate::session::Request;

pub(in crate::program) fn run(arguments: &Get, context: &Context) -> Result<()> {
    let settings = context.settings();
    let output = settings.output(&arguments.output)?;
    output.ensure_usable(context)?;
    let request = Request::new()
        .requiring(settings.requirements(&arguments.token)?)
        .fresh(settings.fresh(arguments.source.fresh)?);
    let session = context.session()?;
    session.create_home()?;
    let task = context.task();
    let token = match session.token(&request, &task) {
        Err(error) if error.kind() == ErrorKind::LoginNeeded && arguments.source.login => {
            let deadline = login::for_a_token(&session, context)?;
            session.token(&request, &task.with_deadline(deadline))?
        }
        result => result?,
    };
    output.hand_over(&token, context)
}
