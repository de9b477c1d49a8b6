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
use crate::token::{IssuedToken, Origin, Requirements};

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
                self.ensure_wanted(&token, context)?;
                Ok(token)
            }
        }
    }
}

impl Source {
    /// Returns whether the token is that of a session, which only the CLI renews.
    pub(super) fn is_session(&self) -> bool {
        matches!(self.place, Place::Session(_))
    }

    /// Returns the token in the session file, unless the source is another one.
    pub(super) fn present_token(&self, context: &Context) -> Option<IssuedToken> {
        match &self.place {
            Place::Session(session) => {
                let token = session.session.read_file(context.deadline()).ok()?.token?;
                Some(IssuedToken::new(token, Origin::SessionFile))
            }
            #[cfg(feature = "net")]
            Place::Iam(_) => None,
        }
    }

    /// Returns an error unless a token meets the requirements.
    pub(super) fn ensure_wanted(&self, token: &IssuedToken, context: &Context) -> Result<()> {
        let task = context.task();
        self.requirements.ensure(token, task.now(), task.notes)
    }

    /// Makes every further token a renewal, for which nobody logs in.
    pub(super) fn renew(&mut self) {
        match &mut self.place {
            Place::Session(session) => session.renew(),
            #[cfg(feature = "net")]
            Place::Iam(iam) => iam.renew(),
        }
    }
}

/// A session as the source of a token.
pub(super) struct SessionSource {
    session: Session,
    fresh: bool,
    login: bool,
    renewing: bool,
}

impl SessionSource {
    pub(super) fn new(source: &SourceOptions, context: &Context) -> Result<Self> {
        Ok(Self {
            session: context.session()?,
            fresh: context.settings().fresh(source.fresh)?,
            login: source.login,
            renewing: false,
        })
    }

    /// Makes every further token a renewal, for which nobody logs in.
    pub(super) fn renew(&mut self) {
        self.login = false;
        self.renewing = true;
    }

    /// Returns a token of the session that meets the requirements.
    pub(super) fn token(&self, requirements: &Requirements, context: &Context) -> Result<IssuedToken> {
        let request =
            Request::new().requiring(requirements.clone()).fresh(self.fresh).renewing(self.renewing);
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
