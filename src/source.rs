//! Where a token comes from, in this order:
//!
//! 1. **The session file.** If the token in it lives long enough, that is the answer: no process, no lock.
//! 2. **The lock.** Inside it the session file is read again: whoever held it before has usually done the work.
//! 3. **The CLI.** `ibmcloud iam oauth-tokens` is run, and what it prints is checked.
//!
//! A login, the fourth step, is the caller's: only if asked for, and only at a terminal.
//!
//! Lifetimes: the session file answers with a token that lives for another 60 s at least, or `min_ttl`. Whatever
//! unexpired token the CLI then prints is taken (it renews one only in its last 10 s), unless a `min_ttl` was asked for:
//! that is a promise, kept or refused. Who waited while the CLI answered another takes the same token from the session
//! file: else a hundred scripts in a token's last minute would run the CLI a hundred times, one after the other.

use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::deadline::Deadline;
use crate::directories;
use crate::environment::Environment;
use crate::error::{Error, Kind, Result};
use crate::ibmcloud::session_file::{self, SessionFile, Unusable};
use crate::ibmcloud::{Ibmcloud, config_directory};
use crate::lock::Lock;
use crate::note::{Note, Notes};
use crate::token::{AccessToken, Claims, Freshness, brief, claims};

/// What the session file's token has to live for, unless told otherwise: services reject tokens in their last seconds.
pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(60);

/// After a wait for the lock, less than this is no time to start the CLI: it would be killed while it renews the session.
const LEAST_FOR_A_RUN: Duration = Duration::from_secs(1);

/// The CLI renews a token that lives for less.
const CLI_RENEWS_UNDER: Duration = Duration::from_secs(10);

/// Where a token came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The CLI's session file.
    SessionFile,
    /// A run of the CLI.
    Cli,
    /// The IAM service.
    Iam,
    /// The standard input.
    Input,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SessionFile => "session-file",
            Self::Cli => "cli",
            Self::Iam => "iam",
            Self::Input => "stdin",
        })
    }
}

/// A token with what is known about it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The token.
    pub token: AccessToken,
    /// Where it came from.
    pub source: Source,
    /// When it expires, in seconds since 1970-01-01 UTC.
    pub expiration: Option<i64>,
    /// When it was issued, in seconds since 1970-01-01 UTC.
    pub issued_at: Option<i64>,
}

impl Answer {
    /// Returns a token from a source, with the times that its claims tell.
    #[must_use]
    pub fn new(token: AccessToken, source: Source) -> Self {
        let claims = token.claims();
        let expiration = claims.as_ref().and_then(Claims::expiration);
        let issued_at = claims.as_ref().and_then(Claims::issued_at);
        Self { token, source, expiration, issued_at }
    }

    /// Returns how the token stands at `now` against a wanted lifetime.
    #[must_use]
    pub fn freshness(&self, now: SystemTime, wanted: Duration) -> Freshness {
        Freshness::of_times(self.expiration, self.issued_at, now, wanted)
    }
}

/// What kind of token is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request {
    /// How long the token has to live, as a promise.
    pub min_ttl: Option<Duration>,
    /// Whether the CLI has to be asked, whatever the session file holds.
    pub fresh: bool,
}

/// A session of the CLI, and what is needed to ask for its token.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// The environment that the CLI runs in; it says where the session is.
    pub environment: &'a Environment,
    /// The CLI, if the user named it: a path, or a name to look up.
    pub program: Option<&'a OsStr>,
    /// The present time.
    pub now: fn() -> SystemTime,
    /// When the answer is owed.
    pub deadline: Deadline,
    /// Takes what is worth saying.
    pub notes: Notes<'a>,
    /// Called before the CLI is run: the moment to get ready for signals, see [`crate::ibmcloud::group::end_all`].
    pub before_cli: fn(),
}

impl Session<'_> {
    /// Returns the session's access token.
    pub fn access_token(&self, request: Request) -> Result<Answer> {
        if request.fresh {
            (self.notes)(Note::FreshAsked);
        }
        if let Some(answer) = self.session_answer(request, DEFAULT_LIFETIME)? {
            // Not judged a second time: a promise that was just kept could be broken a moment later.
            note_clock(answer.freshness((self.now)(), DEFAULT_LIFETIME), self.notes);
            return Ok(answer);
        }
        let cli = self.cli()?;
        let mut lock = self.lock()?;
        // After an answer to somebody else there is nothing better than what the session file holds: it is the answer,
        // or breaks the promise.
        let was_answered = lock.was_answered() && !request.fresh;
        let enough = if was_answered { CLI_RENEWS_UNDER } else { DEFAULT_LIFETIME };
        let within_reach = if was_answered { Request { min_ttl: None, ..request } } else { request };
        if let Some(answer) = self.session_answer(within_reach, enough)? {
            return self.accept(answer, request.min_ttl);
        }
        if let Some(failure) = lock.shared_failure(cli.program()) {
            (self.notes)(Note::FailureTakenOver);
            return Err(failure);
        }
        if lock.was_waited_for() && self.deadline.remaining() < LEAST_FOR_A_RUN {
            return Err(self.deadline.error("other runs of `ibmcloud` left no time for another"));
        }
        (self.notes)(Note::RunningCli(cli.program().to_owned(), "iam oauth-tokens"));
        let result = cli.oauth_tokens(self.deadline).and_then(|token| {
            let answer = Answer::new(token, Source::Cli);
            (self.notes)(Note::CliAnswers(answer.freshness((self.now)(), DEFAULT_LIFETIME)));
            // That is a failure for everybody who waits. A promise that is not kept is not.
            self.ensure_lifetime(&answer, None)?;
            Ok(answer)
        });
        lock.record(cli.program(), &result);
        drop(lock);
        self.accept(result?, request.min_ttl)
    }

    /// Returns the CLI.
    pub fn cli(&self) -> Result<Ibmcloud> {
        (self.before_cli)();
        Ibmcloud::locate(self.program, self.environment)
    }

    /// Takes the session's lock. Whoever lets the CLI refresh or write the session holds it.
    pub fn lock(&self) -> Result<Lock> {
        let data_directory = directories::data_directory(self.environment);
        Lock::take(
            config_directory(self.environment).as_deref(),
            data_directory.as_deref(),
            self.deadline,
            self.notes,
        )
    }

    /// Returns the path of the session file, if there is a home for it.
    #[must_use]
    pub fn session_file(&self) -> Option<PathBuf> {
        config_directory(self.environment).map(|directory| session_file::path(&directory))
    }

    /// Returns the session file's token if it lives long enough. A torn file is an error: the CLI must not see it.
    fn session_answer(&self, request: Request, enough: Duration) -> Result<Option<Answer>> {
        let say = self.notes;
        let Some(path) = self.session_file() else {
            say(Note::NoHome);
            return Ok(None);
        };
        let session = match SessionFile::read(&path, self.deadline) {
            Ok(session) => session,
            Err(Unusable::Absent) => {
                say(Note::SessionAbsent(path));
                return Ok(None);
            }
            Err(Unusable::PassedOver(reason)) => {
                say(Note::SessionPassedOver(path, reason));
                return Ok(None);
            }
            Err(Unusable::Torn) => return Err(torn(&path)),
        };
        if request.fresh {
            return Ok(None);
        }
        let Some(token) = session.token else {
            say(Note::SessionLoggedOut(path));
            return Ok(None);
        };
        let answer = Answer::new(token, Source::SessionFile);
        let wanted = request.min_ttl.unwrap_or(enough);
        let freshness = answer.freshness((self.now)(), wanted);
        if freshness.lasts(wanted) {
            say(Note::SessionHolds(path, freshness));
            return Ok(Some(answer));
        }
        say(Note::SessionTooOld(path, freshness));
        Ok(None)
    }

    /// Returns the answer, if it has not expired and keeps the promise.
    fn accept(&self, answer: Answer, min_ttl: Option<Duration>) -> Result<Answer> {
        note_clock(answer.freshness((self.now)(), DEFAULT_LIFETIME), self.notes);
        self.ensure_lifetime(&answer, min_ttl)?;
        Ok(answer)
    }

    fn ensure_lifetime(&self, answer: &Answer, min_ttl: Option<Duration>) -> Result<()> {
        let now = (self.now)();
        let which = match answer.source {
            Source::SessionFile => "the token in the session file",
            _ => "the token that `ibmcloud iam oauth-tokens` printed",
        };
        ensure_lifetime(answer.freshness(now, DEFAULT_LIFETIME), min_ttl, which, now)
    }
}

/// Says so if a token's times show that this machine's clock is slow.
pub fn note_clock(freshness: Freshness, notes: Notes<'_>) {
    if let Freshness::ClockOff { behind, .. } = freshness {
        notes(Note::ClockIsSlow(behind));
    }
}

/// Returns an error unless a token has not expired and keeps the promise, if one was asked for. `which` names it.
pub fn ensure_lifetime(
    freshness: Freshness,
    min_ttl: Option<Duration>,
    which: &str,
    now: SystemTime,
) -> Result<()> {
    if let Freshness::Expired { .. } = freshness {
        // The CLI renews an expired token. One that has expired all the same has by our clock alone.
        return Err(Error::new(Kind::Lifetime, format!("{which} {freshness}")).with_hint(format!(
            "check this machine's clock (it says {}), or log in again: `ibmcloud-token login`",
            claims::rfc3339(claims::epoch_seconds(now)).as_deref().unwrap_or("a year that is none")
        )));
    }
    match min_ttl {
        Some(wanted) if !freshness.lasts(wanted) => {
            let hint = match freshness {
                Freshness::UnknownLifetime => {
                    "leave `--min-ttl` out: nobody can promise anything for such a token"
                }
                _ => "ask for less with `--min-ttl`, or log in again for a new one: `ibmcloud-token login`",
            };
            let wanted = brief(wanted);
            Err(Error::new(Kind::Lifetime, format!("{which} {freshness}, and {wanted} are wanted"))
                .with_hint(hint))
        }
        _ => Ok(()),
    }
}

fn torn(path: &std::path::Path) -> Error {
    let what = format!(
        "the session file `{}` is empty or cut off, or no JSON; on such a file `ibmcloud` logs you out",
        path.display()
    );
    Error::new(Kind::LoginNeeded, what).with_hint("log in again: `ibmcloud-token login`")
}
