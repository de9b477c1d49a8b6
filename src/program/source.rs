//! Where a command's token comes from: the session, or IAM in exchange for a key or another token. A command does not
//! know which.

use super::arguments::{SourceOptions, TokenOptions};
use super::command::login;
use super::context::Context;
#[cfg(feature = "net")]
use super::iam_source::IamSource;
use crate::error::{ErrorKind, Result};
use crate::session::{Request, Session};
#[cfg(feature = "net")]
use crate::time::Deadline;
use crate::token::{IssuedToken, Requirements};

/// The source of a token, and the requirements on the token.
pub(super) struct Source {
    place: Place,
    requirements: Requirements,
}

enum Place {
    Session(SessionSource),
    #[cfg(feature = "net")]
    Iam(IamSource),
}

impl Source {
    /// Returns the source that the options name. Nothing is read yet.
    pub(super) fn new(token: &TokenOptions, source: &SourceOptions, context: &Context) -> Result<Self> {
        let requirements = context.settings().requirements(token)?;
        #[cfg(feature = "net")]
        if let Some(iam) = IamSource::of(source, context)? {
            return Ok(Self { place: Place::Iam(iam), requirements });
        }
        Ok(Self { place: Place::Session(SessionSource::new(source, context)?), requirements })
    }

    /// Returns a token that meets the requirements. This logs in first if that is needed and was asked for.
    pub(super) fn token(&self, context: &Context) -> Result<IssuedToken> {
        match &self.place {
            Place::Session(session) => session.token(&self.requirements, context),
            #[cfg(feature = "net")]
            Place::Iam(iam) => {
                let token = iam.exchanged(context)?.token;
                let task = context.task();
                self.requirements.ensure(&token, task.now(), task.notes)?;
                Ok(token)
            }
        }
    }
}

/// A session as the source of a token.
pub(super) struct SessionSource {
    session: Session,
    fresh: bool,
    login: bool,
}

impl SessionSource {
    pub(super) fn new(source: &SourceOptions, context: &Context) -> Result<Self> {
        Ok(Self {
            session: context.session()?,
            fresh: context.settings().fresh(source.fresh)?,
            login: source.login,
        })
    }

    /// Returns a token of the session that meets the requirements.
    pub(super) fn token(&self, requirements: &Requirements, context: &Context) -> Result<IssuedToken> {
        let request = Request::new().requiring(requirements.clone()).fresh(self.fresh);
        self.session.create_home()?;
        match self.session.token(&request, &context.task()) {
            Err(error) if error.kind() == ErrorKind::LoginNeeded && self.login => {
                login::for_a_token(&self.session, context)?;
                self.session.token(&request, &context.task())
            }
            result => result,
        }
    }

    /// Returns the address of IAM that the session uses.
    #[cfg(feature = "net")]
    pub(super) fn iam_endpoint(&self, deadline: Deadline) -> Option<String> {
        self.session.read_file(deadline).ok()?.details().iam_endpoint
    }
}
