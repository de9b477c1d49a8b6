//! The checks of the session: where it is, its file, who is logged in, its lock, and the clock.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::{Check, Facts, Verdict};
use crate::error::{Error, ErrorKind};
use crate::ibmcloud::CONFIG_VARIABLES;
use crate::ibmcloud::failure::log_in_hint;
use crate::ibmcloud::session_file::{SkipReason, Unusable};
use crate::program::report;
use crate::session::{self, LockState, Session};
use crate::system::ownership;
use crate::system::platform::{self, LIST_RUNS};
use crate::time::{brief, rfc3339};
use crate::token::{CLOCK_TOLERANCE, Claims, DEFAULT_LIFETIME, Freshness};

/// The reason for not checking a session that is not used.
const NOT_USED: &str = "a variable selects another source of the token, so no session is used";

impl Facts<'_> {
    /// The variables that choose the session, and where they lead.
    pub(super) fn variables(&self) -> Check {
        const ID: &str = "variables";
        let environment = self.context.environment();
        let session = match &self.session {
            Ok(session) => session,
            Err(_) if self.needs_no_session => return Check::skipped(ID, NOT_USED),
            Err(error) => return self.failed(ID, error),
        };
        let directory = session.config_directory();
        let shown = directory.display();
        let by = match (self.context.session_name(), session.variable()) {
            (Some(name), _) => format!("the session `{name}` is in `{shown}`"),
            (None, Some(variable)) => format!("{variable} leads to `{shown}`"),
            (None, None) => format!("the session is in `{shown}`"),
        };
        let warning = |what: String, remedy: &str| {
            Check::new(ID, Verdict::Warning, format!("{by}; {what}")).with_remedy(remedy)
        };
        if environment.get("IAM_ENDPOINT").is_some() {
            return warning(
                "IAM_ENDPOINT is set, and `ibmcloud` sends its refresh token there (runs for a token ignore it)"
                    .to_owned(),
                "`unset IAM_ENDPOINT`",
            );
        }
        if !directory.is_absolute() {
            return warning(
                "this path is relative, so the session depends on the current directory".to_owned(),
                "set the variable to an absolute path",
            );
        }
        // `HOME` is set for everything, but the others are set for the CLI alone.
        let others: Vec<&str> = CONFIG_VARIABLES
            .into_iter()
            .filter(|name| environment.get(name).is_some() && Some(*name) != session.variable())
            .collect();
        if !others.is_empty() {
            return Check::new(ID, Verdict::Advice, format!("{by}; {} has no effect", others.join(", ")))
                .with_remedy(format!("`unset {}`", others.join(" ")));
        }
        let is_chosen = session.variable().is_some_and(|name| CONFIG_VARIABLES.contains(&name));
        if is_chosen && !directory.exists() {
            return warning(
                "there is no such directory".to_owned(),
                "correct or unset the variable, or log in there",
            );
        }
        Check::ok(ID, by)
    }

    /// The session file: its owner and mode, and whether it can be read.
    pub(super) fn session_file(&self) -> Check {
        const ID: &str = "session-file";
        let (Ok(session), Some(file)) = (&self.session, &self.file) else {
            return Check::skipped(ID, "the path of the session is unknown");
        };
        if self.needs_no_session {
            return Check::skipped(ID, NOT_USED);
        }
        let path = session.file();
        let shown = path.display();
        match file {
            Ok(_) => readable(ID, path),
            Err(Unusable::Absent) => {
                Check::new(ID, Verdict::Failure, format!("`{shown}` does not exist: nobody has logged in"))
                    .with_remedy(self.log_in())
            }
            Err(Unusable::Torn) => {
                let what = format!(
                    "`{shown}` is empty, cut off or not JSON, and running `ibmcloud` on it would log you out"
                );
                Check::new(ID, Verdict::Failure, what).with_remedy(self.log_in())
            }
            Err(Unusable::BeingWritten) => {
                self.failed(ID, &session::being_written(path, self.task.deadline)).milder(Verdict::Warning)
            }
            Err(Unusable::Skipped(reason)) => skipped(ID, path, reason, session),
        }
    }

    /// Who is logged in, and for how long.
    pub(super) fn login(&self, error: Option<&Error>) -> Check {
        const ID: &str = "login";
        if self.needs_no_session {
            return Check::skipped(ID, NOT_USED);
        }
        let Some(Ok(file)) = &self.file else {
            return Check::skipped(ID, "there is no readable session file");
        };
        let Some(token) = &self.token else {
            let what = "the session file holds no token: nobody is logged in";
            return Check::new(ID, Verdict::Failure, what).with_remedy(self.log_in());
        };
        let freshness = token.freshness(self.task.now(), DEFAULT_LIFETIME);
        let claims = token.claims();
        let owner = claims.and_then(Claims::owner).unwrap_or("somebody");
        let account = claims.and_then(Claims::account).map(|id| format!(" in account {id}"));
        let who = format!("{owner}{}; the token {freshness}", account.unwrap_or_default());
        if let Some(error) = error.filter(|error| error.kind() == ErrorKind::RequirementUnmet) {
            return self.failed(ID, error);
        }
        let renews_under = session::IBMCLOUD_RENEWS_UNDER;
        match (freshness.lasts(renews_under), file.holds_refresh_token) {
            (true, true) => Check::ok(ID, who),
            (true, false) => Check::ok(ID, format!("{who}, and cannot be renewed")),
            (false, true) => Check::ok(ID, format!("{who}, and `ibmcloud` can renew it")),
            (false, false) => {
                let what = format!("{who}, and there is no refresh token to renew it");
                Check::new(ID, Verdict::Failure, what).with_remedy(self.log_in())
            }
        }
    }

    pub(super) fn lock(&self) -> Check {
        const ID: &str = "lock";
        let wait = format!("wait until that run has ended; if it hangs, end it ({LIST_RUNS})");
        match &self.lock {
            None => Check::skipped(ID, "there is no session to lock"),
            Some(_) if self.needs_no_session => Check::skipped(ID, NOT_USED),
            Some(LockState::Free) => Check::ok(ID, "no other run for this session is in progress"),
            Some(LockState::Held(path)) => {
                let what = format!("another run for this session holds `{}`", path.display());
                Check::new(ID, Verdict::Warning, what).with_remedy(wait)
            }
            Some(LockState::HeldByAnybody(path)) => {
                let what = format!("somebody holds `{}`, which other users can lock too", path.display());
                Check::new(ID, Verdict::Warning, what).with_remedy(format!("`chmod 700 {}`", path.display()))
            }
            Some(LockState::None(why)) => {
                Check::new(ID, Verdict::Warning, format!("runs of `ibmcloud` are not kept apart: {why}"))
                    .with_remedy("set XDG_DATA_HOME to a directory of your own")
            }
        }
    }

    /// The clock, compared with the token's time of issue, and with IAM's own if it was asked.
    pub(super) fn clock(&self) -> Check {
        const ID: &str = "clock";
        const REMEDY: &str = "set this machine's clock, for example with `timedatectl set-ntp true`";
        let now = self.task.now();
        if let Some(Ok(Some(there))) = &self.network.iam {
            let (behind, ahead) = (difference(*there, now), difference(now, *there));
            if behind.max(ahead) > CLOCK_TOLERANCE {
                let (off, how) = if behind > ahead { (behind, "slow") } else { (ahead, "fast") };
                let what = format!("by IAM's time, this machine's clock is {} {how}", brief(off));
                return Check::new(ID, Verdict::Failure, what).with_remedy(REMEDY);
            }
            return Check::ok(ID, "it agrees with IAM's");
        }
        let Some(token) = self.token.as_ref().filter(|_| !self.needs_no_session) else {
            return Check::skipped(ID, "there is no token to compare it with");
        };
        match (token.freshness(now, DEFAULT_LIFETIME), token.issued_at().and_then(rfc3339)) {
            (Freshness::ClockOff { behind, .. }, _) => {
                let what = format!(
                    "it is at least {} slow: the token was issued that far in the future",
                    brief(behind)
                );
                Check::new(ID, Verdict::Failure, what).with_remedy(REMEDY)
            }
            (_, Some(issued)) => Check::ok(ID, format!("the token was issued before now, at {issued}")),
            (_, None) => Check::skipped(ID, "the token does not say when it was issued"),
        }
    }

    /// Returns the command for a login in the chosen session.
    fn log_in(&self) -> String {
        report::shown(&log_in_hint(), self.context.session_name())
    }
}

/// Returns how much later `one` is, or zero.
fn difference(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other).unwrap_or_default()
}

/// Checks the mode of a file that was read.
fn readable(id: &'static str, path: &Path) -> Check {
    let shown = path.display();
    let metadata = path.metadata().ok().filter(|_| ownership::READS_PERMISSIONS);
    let Some(metadata) = metadata else { return Check::ok(id, format!("`{shown}`")) };
    let mode = ownership::shown_mode(&metadata);
    let owner = if ownership::is_of_user(&metadata) { "yours" } else { "another user's" };
    let evidence = format!("`{shown}` is {owner}, {mode}");
    if ownership::is_exposed(&metadata) {
        return Check::new(id, Verdict::Warning, format!("{evidence}: other users may read the token in it"))
            .with_remedy(format!("`chmod 600 {shown}`"));
    }
    Check::ok(id, evidence)
}

/// Explains why the file was skipped, and what to do.
fn skipped(id: &'static str, path: &Path, reason: &SkipReason, session: &Session) -> Check {
    let shown = path.display();
    let remedy = match reason {
        SkipReason::OtherOwner => format!(
            "`chown` it to yourself, or choose a directory of your own: `export IBMCLOUD_HOME=…` ({} chose this one)",
            session.variable().unwrap_or("--session")
        ),
        SkipReason::Unreadable(_) => platform::make_readable(path),
        SkipReason::NotAFile => format!("remove `{shown}`, and log in again"),
        SkipReason::TooLarge | SkipReason::UnknownShape => {
            "see what `ibmcloud target` says; if it fails, log in again".to_owned()
        }
    };
    Check::new(id, Verdict::Failure, format!("`{shown}` is not used: {reason}")).with_remedy(remedy)
}
