//! `get`: print the token of the current session.

use ibmcloud_token::deadline::Deadline;
use ibmcloud_token::error::{Kind, Result};
use ibmcloud_token::ibmcloud::{Credentials, Login};

use super::{Context, login};
use crate::cli::GetOptions;

pub(super) fn run(context: &Context, options: &GetOptions) -> Result<()> {
    context.ensure_format()?;
    context.ensure_session_home()?;
    let answer = context.with_session(context.deadline, |session| session.access_token(context.request()));
    let answer = match answer {
        Err(error) if error.kind() == Kind::LoginNeeded && options.login && login::is_at_terminal() => {
            let login = Login { credentials: Credentials::Plain, arguments: Vec::new() };
            login::at_terminal(context, login, login::Wanted::Token)?;
            context.with_session(Deadline::after(context.options.timeout), |session| {
                session.access_token(context.request())
            })?
        }
        answer => answer?,
    };
    context.hand_over(&answer)
}
