//! How the token of a session is obtained, in this order:
//!
//! 1. **The session file.** If its token lives long enough, it is returned without a process or a lock.
//! 2. **The lock.** The session file is read again under the lock, because the previous holder has usually renewed the
//!    token.
//! 3. **The CLI.** `ibmcloud iam oauth-tokens` is run and its token is judged. If it says that a login is needed, the
//!    session file is read once more, because another program may have renewed the session at the same moment.
//! 4. **A login**, which the caller decides on (see [`Session::log_in`]).
//!
//! By default, a token in the session file must live for at least 60 s, but any unexpired token that the CLI prints is
//! accepted, because the CLI renews a token only in its last 10 s. An explicit minimum is always enforced. A process
//! that waited while the CLI answered another one accepts the token in the session file under the same rule as that
//! run did. Otherwise a hundred scripts in a token's last minute would run the CLI a hundred times, one after the
//! other.

mod aftermath;
mod login;
mod logout;
mod name;
mod observation;
mod outlook;
mod place;
mod single_flight;

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

#[cfg(feature = "program")]
pub(crate) use name::all as all_names;
pub use name::{InvalidSessionName, SessionName};
#[cfg(feature = "program")]
pub(crate) use outlook::Outlook;
use place::Place;
#[cfg(feature = "program")]
pub(crate) use single_flight::LockState;
use single_flight::SessionLock;

use crate::error::{Error, ErrorKind, Hint, Result};
use crate::ibmcloud::Ibmcloud;
use crate::ibmcloud::session_file::{SessionFile, Unusable};
use crate::note::Note;
use crate::system::environment::Environment;
use crate::task::Task;
use crate::time::Deadline;
use crate::token::{AccessToken, DEFAULT_LIFETIME, IssuedToken, Origin, Requirements, judge};

/// The minimum time for a run of the CLI after waiting for the lock. With less, the CLI would be killed while it
/// renews the session.
const MIN_RUN: Duration = Duration::from_secs(1);

/// The CLI renews a token that lives for less (`iam_token.go` of its SDK, `expiryDelta`).
pub(crate) const IBMCLOUD_RENEWS_UNDER: Duration = Duration::from_secs(10);

/// The kind of token to get from a session.
#[derive(Clone, Debug, Default)]
pub struct Request {
    requirements: Requirements,
    fresh: bool,
    renewing: bool,
}

impl Request {
    /// Asks for a token that is good enough for most services. It lives for at least a minute if it comes from the
    /// session file, and is unexpired if the CLI has to be run.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for a token that lives for at least `min_ttl`, or an error.
    #[must_use]
    pub fn min_ttl(mut self, min_ttl: Duration) -> Self {
        self.requirements.min_ttl = Some(min_ttl);
        self
    }

    /// Asks the CLI even if the session file holds a good token.
    #[must_use]
    pub fn fresh(mut self, fresh: bool) -> Self {
        self.fresh = fresh;
        self
    }

    /// Asks for a token of the account with this ID, or an error.
    #[must_use]
    pub fn account(mut self, id: impl Into<String>) -> Self {
        self.requirements.account = Some(id.into());
        self
    }

    /// Rejects a token that the CLI would renew, even if it meets the requirements.
    pub(crate) fn renewing(mut self, renewing: bool) -> Self {
        self.renewing = renewing;
        self
    }

    /// Asks for a token that meets these requirements.
    pub(crate) fn requiring(mut self, requirements: Requirements) -> Self {
        self.requirements = requirements;
        self
    }

    /// Returns the lifetime that a token must have to answer without running the CLI.
    fn lifetime(&self) -> Duration {
        let wanted = self.requirements.lifetime();
        if self.renewing { wanted.max(IBMCLOUD_RENEWS_UNDER) } else { wanted }
    }
}

/// A login that the `ibmcloud` CLI keeps in a configuration directory.
#[derive(Clone)]
pub struct Session {
    place: Place,
    ibmcloud: Option<OsString>,
}

impl Session {
    /// Finds the session that the variables of this process select, as the CLI would (`IBMCLOUD_CONFIG_HOME`,
    /// `IBMCLOUD_HOME`, `HOME`, …).
    ///
    /// # Errors
    ///
    /// Returns an error of the kind [`ErrorKind::LoginNeeded`] if no variable names a home directory.
    pub fn from_env() -> Result<Self> {
        Self::resolve(None, &Environment::of_process())
    }

    /// Finds the session with this name, which is separate from the user's own.
    ///
    /// # Errors
    ///
    /// Returns an error of the kind [`ErrorKind::LoginNeeded`] if there is no directory for named sessions.
    pub fn named(name: &SessionName) -> Result<Self> {
        Self::resolve(Some(name), &Environment::of_process())
    }

    /// Uses another CLI than the `ibmcloud` in `PATH`: a path, or a name to look up.
    #[must_use]
    pub fn with_ibmcloud(mut self, program: impl Into<OsString>) -> Self {
        self.ibmcloud = Some(program.into());
        self
    }

    /// Returns the access token of the session, within `timeout`.
    ///
    /// This may run `ibmcloud iam oauth-tokens`, one run at a time for each session. It never prompts.
    ///
    /// # Errors
    ///
    /// The kind of the error says what to do about it: log in, install the CLI, check the network, …
    pub fn access_token(&self, request: &Request, timeout: Duration) -> Result<IssuedToken> {
        self.token(request, &Task::of_library(timeout))
    }

    /// Finds a session by the variables in `environment`.
    pub(crate) fn resolve(name: Option<&SessionName>, environment: &Environment) -> Result<Self> {
        Ok(Self { place: Place::resolve(name, environment)?, ibmcloud: None })
    }

    /// Returns the access token of the session.
    pub(crate) fn token(&self, request: &Request, task: &Task<'_>) -> Result<IssuedToken> {
        let requirements = &request.requirements;
        if request.fresh {
            task.note(Note::Fresh);
        }
        if self.ibmcloud.is_some() {
            task.note(Note::IbmcloudMustShareSession(self.file().to_owned()));
        }
        if let Some(token) = self.answer_of_file(request, task)? {
            return Ok(token);
        }
        let ibmcloud = self.ibmcloud(task).map_err(|error| self.naming_skipped_file(error, task))?;
        let lock = self.lock(task)?;
        let was_answered = lock.was_answered() && !request.fresh;
        let wanted = if was_answered { IBMCLOUD_RENEWS_UNDER } else { request.lifetime() };
        let before = self.usable_file(task)?;
        let good = before.as_ref().filter(|_| !request.fresh).map(|file| file.token.clone());
        if let Some(token) = good.and_then(|token| self.token_of(token, wanted, task)) {
            requirements.ensure_account(&token)?;
            if was_answered {
                let now = task.now();
                requirements.check(&token, token.freshness(now, DEFAULT_LIFETIME), now)?;
            }
            return Ok(token);
        }
        if let Some(failure) = lock.shared_failure(ibmcloud.program()) {
            task.note(Note::FailureShared);
            return Err(failure);
        }
        if lock.was_waited_for() && task.deadline.remaining() < MIN_RUN {
            return Err(task.deadline.error("waiting for other runs of `ibmcloud` left no time to run it"));
        }
        task.note(Note::RunningIbmcloud(ibmcloud.program().to_owned(), "iam oauth-tokens"));
        let result = ibmcloud
            .oauth_tokens(task.deadline, || self.present(task).is_some_and(|now| now.holds_refresh_token))
            .map(|token| IssuedToken::new(token, Origin::Ibmcloud))
            .inspect(|token| self.compare_with_file(token, task))
            .or_else(|error| self.token_renewed_meanwhile(error, before.as_ref(), task))
            .map_err(|error| self.noticing_wiped_session(error, before.as_ref(), task));
        let now = task.now();
        let judged = result.and_then(|token| {
            let freshness = judge(&token, now, task.notes);
            task.note(Note::IbmcloudAnswered(freshness));
            // An expired token is a failure for all waiters. An unmet requirement of this call alone is not.
            Requirements::default().check(&token, freshness, now)?;
            Ok((token, freshness))
        });
        lock.record(ibmcloud.program(), &judged);
        let (token, freshness) = judged?;
        requirements.check(&token, freshness, now)?;
        Ok(token)
    }

    /// Returns the token in the session file, if it answers a request.
    fn answer_of_file(&self, request: &Request, task: &Task<'_>) -> Result<Option<IssuedToken>> {
        let file = self.usable_file(task)?.filter(|_| !request.fresh);
        let token = file.and_then(|file| self.token_of(file.token, request.lifetime(), task));
        if let Some(token) = &token {
            // The CLI would renew the token for the same account.
            request.requirements.ensure_account(token)?;
        }
        Ok(token)
    }

    /// Returns the environment in which a program uses this session.
    pub(crate) fn environment(&self) -> &Environment {
        &self.place.environment
    }

    /// Returns the path of the session file.
    pub(crate) fn file(&self) -> &Path {
        &self.place.session_file
    }

    /// Finds the CLI that this session uses.
    pub(crate) fn ibmcloud(&self, task: &Task<'_>) -> Result<Ibmcloud> {
        (task.before_child)();
        Ibmcloud::locate(self.ibmcloud.as_deref(), &self.place.environment)
    }

    /// Takes the session's lock. Every run of the CLI that may refresh or write the session holds it.
    fn lock(&self, task: &Task<'_>) -> Result<SessionLock> {
        SessionLock::take(&self.place.config_directory, self.place.lock_file().as_deref(), task)
    }

    /// Reads the session file, unless it is absent or skipped. A torn file is an error, because the CLI must not see it.
    fn usable_file(&self, task: &Task<'_>) -> Result<Option<SessionFile>> {
        let path = self.file();
        match self.read_file(task.deadline) {
            Ok(file) => return Ok(Some(file)),
            Err(Unusable::Absent) => task.note(Note::SessionFileAbsent(path.to_owned())),
            Err(Unusable::Skipped(reason)) => {
                task.note(Note::SessionFileSkipped(path.to_owned(), reason.to_string()));
            }
            Err(Unusable::Torn) => return Err(torn(path)),
            Err(Unusable::BeingWritten) => return Err(being_written(path, task.deadline)),
        }
        Ok(None)
    }

    /// Returns the `token` of the session file if it lives for at least `wanted`.
    fn token_of(&self, token: Option<AccessToken>, wanted: Duration, task: &Task<'_>) -> Option<IssuedToken> {
        let path = self.file();
        let Some(token) = token else {
            task.note(Note::SessionFileLoggedOut(path.to_owned()));
            return None;
        };
        let token = IssuedToken::new(token, Origin::SessionFile);
        let now = task.now();
        let freshness = token.freshness(now, wanted);
        if !freshness.lasts(wanted) {
            task.note(Note::SessionFileTooOld(path.to_owned(), freshness));
            return None;
        }
        task.note(Note::SessionFileAnswers(path.to_owned(), freshness));
        // It lives long enough. Judging it again at a later time could contradict that.
        judge(&token, now, task.notes);
        Some(token)
    }

    /// Reads the session file.
    pub(crate) fn read_file(&self, deadline: Deadline) -> Result<SessionFile, Unusable> {
        SessionFile::read(self.file(), &self.place.owners, deadline)
    }

    /// Returns what the session file says now, if it can be read.
    fn present(&self, task: &Task<'_>) -> Option<SessionFile> {
        self.read_file(task.deadline).ok()
    }

    /// Returns the token that is in the session file now, even if it has expired.
    fn present_token(&self, task: &Task<'_>) -> Option<AccessToken> {
        self.present(task)?.token
    }
}

/// Returns the error for a session file that another program keeps locked while it is torn.
pub(crate) fn being_written(path: &Path, deadline: Deadline) -> Error {
    deadline.error(&format!("another program did not finish writing the session file `{}`", path.display()))
}

fn torn(path: &Path) -> Error {
    let what = format!(
        "the session file `{}` is empty, cut off or not JSON, and running `ibmcloud` on it would log you out",
        path.display()
    );
    Error::new(ErrorKind::LoginNeeded, what).with_hint(Hint::from("log in again: ").command("login"))
}
