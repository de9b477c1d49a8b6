//! `parse`: read the output of `ibmcloud iam oauth-tokens`, or a token in any other form, on the standard input, and
//! print the token.

use crate::error::{Error, ErrorKind, Result};
use crate::ibmcloud::{failure, oauth_tokens};
use crate::program::arguments::Parse;
use crate::program::context::Context;
use crate::program::input;
use crate::token::{AccessToken, IssuedToken, Origin};

pub(in crate::program) fn run(arguments: &Parse, context: &Context) -> Result<()> {
    let settings = context.settings();
    let output = settings.output(&arguments.output)?;
    output.ensure_usable(context)?;
    let requirements = settings.requirements(&arguments.token)?;
    let token = IssuedToken::new(token_on_stdin(context)?, Origin::Stdin);
    let task = context.task();
    requirements.ensure(&token, task.now(), task.notes)?;
    output.hand_over(&token, context)
}

/// Returns the token in the text on the standard input. Input that is not understood is never quoted, because it may
/// hold a token.
pub(super) fn token_on_stdin(context: &Context) -> Result<AccessToken> {
    let input = input::stdin(context)?;
    oauth_tokens::parse_any_form(&input).map_err(|why| match failure::reason([&*input]) {
        Some(reason) => reason.error("`ibmcloud iam oauth-tokens`", failure::Purpose::Token),
        None => Error::new(ErrorKind::IbmcloudFailed, "the standard input was not understood")
            .with_hint(
                "pipe the output of `ibmcloud iam oauth-tokens` into it, and check what that says on stderr",
            )
            .with_source(why),
    })
}
