//! `get`: print the token of the current session.

use super::login;
use crate::error::{ErrorKind, Result};
use crate::program::arguments::{Get, SourceOptions, TokenOptions};
use crate::program::context::Context;
use crate::session::Request;
use crate::token::IssuedToken;

pub(in crate::program) fn run(arguments: &Get, context: &Context) -> Result<()> {
    let output = context.settings().output(&arguments.output)?;
    output.ensure_usable(context)?;
    let token = token(&arguments.token, &arguments.source, context)?;
    output.hand_over(&token, context)
}

/// Returns the token that these options ask for. Every command that needs a token of the session gets it here.
pub(super) fn token(
    requirements: &TokenOptions,
    source: &SourceOptions,
    context: &Context,
) -> Result<IssuedToken> {
    let settings = context.settings();
    let request =
        Request::new().requiring(settings.requirements(requirements)?).fresh(settings.fresh(source.fresh)?);
    let session = context.session_with_home()?;
    let task = context.task();
    match session.token(&request, &task) {
        Err(error) if error.kind() == ErrorKind::LoginNeeded && source.login => {
            let deadline = login::for_a_token(&session, context)?;
            session.token(&request, &task.with_deadline(deadline))
        }
        result => result,
    }
}
