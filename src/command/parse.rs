//! `parse`: the output of `ibmcloud iam oauth-tokens` on the standard input, the token on the standard output.

use std::time::SystemTime;

use ibmcloud_token::error::{Error, Kind, Result};
use ibmcloud_token::ibmcloud::{failure, oauth_tokens};
use ibmcloud_token::source::{Answer, DEFAULT_LIFETIME, Source, ensure_lifetime, note_clock};
use ibmcloud_token::token::AccessToken;

use super::{Context, secret_input};

pub(super) fn run(context: &Context) -> Result<()> {
    context.ensure_format()?;
    let answer = Answer::new(token_on_stdin(context)?, Source::Input);
    let now = SystemTime::now();
    let freshness = answer.freshness(now, DEFAULT_LIFETIME);
    note_clock(freshness, &|note| context.note(&note));
    ensure_lifetime(freshness, context.options.min_ttl, "the token on the standard input", now)?;
    context.hand_over(&answer)
}

/// Returns the token in the text on the standard input. What is not understood is not shown: it may hold a token.
pub(super) fn token_on_stdin(context: &Context) -> Result<AccessToken> {
    let input = secret_input::stdin(context)?;
    oauth_tokens::parse(&input).map_err(|why| match failure::reason(&input) {
        Some(reason) => reason.error("`ibmcloud iam oauth-tokens`"),
        None => Error::new(Kind::CliFailed, "the standard input was not understood")
            .with_hint(
                "pipe `ibmcloud iam oauth-tokens` into it and see what that says on the standard error",
            )
            .with_source(why),
    })
}
