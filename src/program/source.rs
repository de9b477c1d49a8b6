//! Where a command's token comes from: the session, or IAM in exchange for a key or another token. A command does not
//! know which.

use super::arguments::{SourceOptions, TokenOptions};
use super::command::login;
use super::context::Context;
#[cfg(feature = "net")]
use super::iam_source::IamSource;
use crate::error::{ErrorKind, Result};
use crate::session::{self, Request, Session};
use crate::task::Task;
#[cfg(feature = "net")]
use crate::time::Deadline;
use crate::token::{IssuedToken, Origin, Requirements};

/// The source of a token, and the requirements on the token.
pub(super) struct Source<'c> {
    provider: Provider<'c>,
    requirements: Requirements,
}

enum Provider<'c> {
    Session(SessionSource<'c>),
    #[cfg(feature = "net")]
    Iam(IamSource<'c>),
}

impl<'c> Source<'c> {
    /// Returns the source that the options name. Nothing is read yet.
    pub(super) fn new(token: &TokenOptions, source: &SourceOptions, context: &'c Context) -> Result<Self> {
        let requirements = context.settings().requirements(token)?;
        #[cfg(feature = "net")]
        if let Some(iam) = IamSource::of(source, context)? {
            return Ok(Self { provider: Provider::Iam(iam), requirements });
        }
        Ok(Self { provider: Provider::Session(SessionSource::new(source, context)?), requirements })
    }

    /// Returns a token that meets the requirements. This logs in first if that is needed and was asked for.
    pub(super) fn token(&self, context: &Context) -> Result<IssuedToken> {
        match &self.provider {
            Provider::Session(session) => session.token(&self.requirements, context),
            #[cfg(feature = "net")]
            Provider::Iam(iam) => {
                let token = iam.exchanged(context)?.token;
                self.ensure_wanted(&token, context)?;
                Ok(token)
            }
        }
    }

    /// Returns whether the token is that of a session, which only the CLI renews.
    pub(super) fn is_session(&self) -> bool {
        matches!(self.provider, Provider::Session(_))
    }

    /// Returns whether a session is needed, be it for its own token or for one that is exchanged for it.
    pub(super) fn uses_session(&self) -> bool {
        match &self.provider {
            Provider::Session(_) => true,
            #[cfg(feature = "net")]
            Provider::Iam(iam) => iam.uses_session(),
        }
    }

    /// Returns the token in the session file, unless the source is another one.
    pub(super) fn present_token(&self, context: &Context) -> Option<IssuedToken> {
        match &self.provider {
            Provider::Session(session) => {
                let token = session.session.read_file(context.deadline()).ok()?.token?;
                Some(IssuedToken::new(token, Origin::SessionFile))
            }
            #[cfg(feature = "net")]
            Provider::Iam(_) => None,
        }
    }

    /// Returns an error unless a token meets the requirements.
    pub(super) fn ensure_wanted(&self, token: &IssuedToken, context: &Context) -> Result<()> {
        let task = context.task();
        self.requirements.ensure(token, task.now(), task.notes)
    }

    /// Returns how a token would be obtained, or the error that a request for one would end with, as far as that can be
    /// told without the CLI and the network. The CLI's part is in [`Self::ensure_ibmcloud_can_answer`].
    #[cfg_attr(
        not(feature = "net"),
        expect(unused_variables, reason = "only a key is read with the context")
    )]
    pub(super) fn route(&self, context: &Context, task: &Task<'_>) -> Result<Route> {
        match &self.provider {
            Provider::Session(session) => {
                let of_session = Some(session.outlook(&self.requirements, task)?);
                Ok(Route { of_session, needs_iam: false })
            }
            #[cfg(feature = "net")]
            Provider::Iam(iam) => iam.route(context, task),
        }
    }

    /// Returns the error that a run of the CLI would lead to, judged by its session file.
    pub(super) fn ensure_ibmcloud_can_answer(&self, task: &Task<'_>) -> Result<()> {
        match &self.provider {
            Provider::Session(session) => session.ensure_ibmcloud_can_answer(&self.requirements, task),
            #[cfg(feature = "net")]
            Provider::Iam(iam) => iam.ensure_ibmcloud_can_answer(task),
        }
    }

    /// Makes every further token a renewal, for which nobody logs in.
    pub(super) fn renew(&mut self) {
        match &mut self.provider {
            Provider::Session(session) => session.renew(),
            #[cfg(feature = "net")]
            Provider::Iam(iam) => iam.renew(),
        }
    }
}

/// How a token would be obtained.
pub(super) struct Route {
    /// How the session would answer, if it is asked.
    pub(super) of_session: Option<session::Outlook>,
    /// IAM is asked for a token, in exchange for that of the session or for a key or token that was read.
    pub(super) needs_iam: bool,
}

/// A session as the source of a token.
pub(super) struct SessionSource<'c> {
    session: &'c Session,
    fresh: bool,
    login: bool,
    renewing: bool,
}

impl<'c> SessionSource<'c> {
    pub(super) fn new(source: &SourceOptions, context: &'c Context) -> Result<Self> {
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
        let request = self.request(requirements);
        self.session.create_home()?;
        match self.session.token(&request, &context.task()) {
            Err(error) if error.kind() == ErrorKind::LoginNeeded && self.login => {
                login::for_a_token(self.session, context)?;
                self.session.token(&request, &context.task())
            }
            result => result,
        }
    }

    /// Returns how a token would be obtained, or why there would be none.
    pub(super) fn outlook(&self, requirements: &Requirements, task: &Task<'_>) -> Result<session::Outlook> {
        self.session.outlook(&self.request(requirements), task)
    }

    /// Returns the error that a run of the CLI would lead to.
    pub(super) fn ensure_ibmcloud_can_answer(
        &self,
        requirements: &Requirements,
        task: &Task<'_>,
    ) -> Result<()> {
        self.session.ensure_ibmcloud_can_answer(&self.request(requirements), task)
    }

    fn request(&self, requirements: &Requirements) -> Request {
        Request::new().requiring(requirements.clone()).fresh(self.fresh).renewing(self.renewing)
    }

    /// Returns the address of IAM that the session uses.
    #[cfg(feature = "net")]
    pub(super) fn iam_endpoint(&self, deadline: Deadline) -> Option<String> {
        self.session.read_file(deadline).ok()?.details().iam_endpoint
    }
}
