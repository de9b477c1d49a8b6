//! The checks of `doctor`.
//!
//! Whether there would be a token, and why not, is decided by the functions that `get` uses ([`Source::route`]). The
//! checks show what these functions saw. Nothing is changed: the CLI is run only for its version, and the session's lock
//! is not taken. Everything together takes less than two seconds, even if the CLI hangs. After that, a record adds runs of
//! the CLI for a token.

mod findings;
mod ibmcloud;
mod machine;
mod mask;
#[cfg(feature = "net")]
mod network;
#[cfg(not(feature = "net"))]
#[path = "no_network.rs"]
mod network;
mod record;
mod session;

use std::thread;
use std::time::Duration;

pub(super) use findings::{Check, Findings, Verdict};
use network::Network;
use record::Record;

use super::arguments::{SourceOptions, TokenOptions};
use super::context::Context;
use super::source::{Route, Source};
use crate::error::{Error, ErrorKind, Result};
use crate::ibmcloud::session_file::{Details, SessionFile, Unusable};
use crate::ibmcloud::{Ibmcloud, ObservedRun};
use crate::session::{IBMCLOUD_RENEWS_UNDER, LockState, Outlook, Session};
use crate::task::Task;
use crate::time::Deadline;
use crate::token::{IssuedToken, Origin};

/// The time for the CLI to say its version, and for a first look at everything else. A run that ignores SIGTERM takes
/// half a second more.
const TIMEOUT: Duration = Duration::from_secs(1);

/// The time for the steps of `get` after that.
const FORECAST_TIMEOUT: Duration = Duration::from_millis(250);

/// The outcome of an examination.
pub(super) struct Diagnosis {
    pub(super) findings: Findings,
    /// The error that `get` would end with.
    pub(super) result: Result<()>,
    /// The record of what the CLI printed, as JSON, if it was asked for.
    pub(super) record: Option<String>,
}

/// The known facts about the machine.
struct Facts<'a> {
    context: &'a Context,
    task: Task<'a>,
    session: Result<&'a Session>,
    file: Option<Result<SessionFile, Unusable>>,
    details: Details,
    token: Option<IssuedToken>,
    lock: Option<LockState>,
    ibmcloud: Result<Ibmcloud>,
    /// The version, unless there is no CLI to ask.
    version: Option<Result<Option<String>>>,
    network: Network,
    /// The token comes from IAM alone, in exchange for a key or the token of a compute resource.
    needs_no_session: bool,
}

/// Examines the machine. With `online`, IAM is asked too.
pub(super) fn examine(context: &Context, online: bool, is_recorded: bool) -> Diagnosis {
    let whole = context.deadline();
    context.set_deadline(whole.within(TIMEOUT));
    let silence = |_| ();
    let task = Task { notes: &silence, ..context.task() };
    let session = context.session();
    (task.before_child)();
    let ibmcloud = match &session {
        Ok(session) => session.ibmcloud(&task),
        Err(_) => Ibmcloud::locate(context.named_ibmcloud(), context.environment()),
    };
    let (runs, network, file) = thread::scope(|scope| {
        let deadline = task.deadline;
        // Without a thread, the version stays unknown.
        let runs = ibmcloud.as_ref().ok().and_then(|ibmcloud| {
            let run = move || run_versions(ibmcloud, is_recorded, deadline);
            thread::Builder::new().spawn_scoped(scope, run).ok()
        });
        let file = session.as_ref().ok().map(|session| session.read_file(deadline));
        let endpoint = file.as_ref().and_then(|file| file.as_ref().ok()?.details().iam_endpoint);
        let network = Network::of(context, endpoint, online.then_some(whole));
        (runs.and_then(|runs| runs.join().ok()).unwrap_or_default(), network, file)
    });
    context.set_deadline(whole.within(FORECAST_TIMEOUT));
    let task = task.with_deadline(context.deadline());
    let mut recorded = is_recorded.then(Record::default);
    if let Some(record) = &mut recorded {
        for run in &runs {
            record.add(run);
        }
        if let Some(Ok(file)) = &file {
            record.add_session_file(file);
        }
    }
    let details = file.iter().flatten().map(SessionFile::details).next().unwrap_or_default();
    let token = file.iter().flatten().find_map(|file| file.token.clone());
    let mut facts = Facts {
        context,
        task,
        lock: session.as_ref().ok().map(|session| session.lock_state()),
        session,
        file,
        details,
        token: token.map(|token| IssuedToken::new(token, Origin::SessionFile)),
        ibmcloud,
        version: runs.into_iter().next().map(ObservedRun::version),
        network,
        needs_no_session: false,
    };
    let result = facts.forecast();
    let checks = facts.checks(result.as_ref().err());
    let findings = Findings::new(checks, &result, facts.token.as_ref(), context);
    let record = recorded.map(|mut record| {
        if let Some((session, ibmcloud)) = facts.runs_for_a_token() {
            record.add_oauth_tokens(session.observe_oauth_tokens(ibmcloud, &facts.task.with_deadline(whole)));
        }
        record.finish(&findings)
    });
    context.set_deadline(whole);
    // A failure of the CLI is returned as it is, and the check shows its copy.
    let result = result.map(drop);
    Diagnosis { findings, result, record }
}

/// Runs the CLI for its version, and for a record at the same time with the user's own settings.
fn run_versions(ibmcloud: &Ibmcloud, is_recorded: bool, deadline: Deadline) -> Vec<ObservedRun> {
    thread::scope(|scope| {
        let run = || ibmcloud.observe_version(false, deadline);
        let own = is_recorded.then(|| thread::Builder::new().spawn_scoped(scope, run).ok()).flatten();
        let quiet = ibmcloud.observe_version(true, deadline);
        [quiet].into_iter().chain(own.and_then(|own| own.join().ok())).collect()
    })
}

/// How a token would be obtained, for the last line.
#[derive(Clone, Copy)]
enum Answer {
    SessionFile,
    Ibmcloud,
    Iam,
}

impl Facts<'_> {
    /// Follows the steps of `get`, and returns the error that it would end with.
    fn forecast(&mut self) -> Result<Answer> {
        let source = Source::new(&TokenOptions::default(), &SourceOptions::default(), self.context)?;
        self.needs_no_session = !source.uses_session();
        let Route { of_session, needs_iam } = source.route(self.context, &self.task)?;
        let is_run = of_session == Some(Outlook::Ibmcloud);
        if is_run {
            if let Some(Err(error)) = &self.version {
                return Err(findings::copy(error));
            }
            source.ensure_ibmcloud_can_answer(&self.task)?;
        }
        if let Some(Err(error)) = &self.network.iam
            && (needs_iam || (is_run && self.renews()))
        {
            return Err(findings::copy(error));
        }
        Ok(match (needs_iam, is_run) {
            (true, _) => Answer::Iam,
            (false, true) => Answer::Ibmcloud,
            (false, false) => Answer::SessionFile,
        })
    }

    /// Returns the session and the CLI, if there is a session file that is not torn, and the CLI has said its version. A CLI
    /// that hangs is not run again.
    fn runs_for_a_token(&self) -> Option<(&Session, &Ibmcloud)> {
        let is_whole = !matches!(
            self.file,
            None | Some(Err(Unusable::Absent | Unusable::Torn | Unusable::BeingWritten))
        );
        let has_ended = self.version.as_ref().is_some_and(|version| {
            version.as_ref().err().is_none_or(|error| error.kind() != ErrorKind::TimedOut)
        });
        let (session, ibmcloud) = (*self.session.as_ref().ok()?, self.ibmcloud.as_ref().ok()?);
        (is_whole && has_ended).then_some((session, ibmcloud))
    }

    /// Returns whether the CLI would ask IAM for a new token.
    fn renews(&self) -> bool {
        let now = self.task.now();
        let freshness = self.token.as_ref().map(|token| token.freshness(now, IBMCLOUD_RENEWS_UNDER));
        freshness.is_none_or(|freshness| !freshness.lasts(IBMCLOUD_RENEWS_UNDER))
    }

    fn checks(&self, error: Option<&Error>) -> Vec<Check> {
        let mut checks = vec![
            self.programs(),
            self.version(),
            self.path(),
            self.variables(),
            self.session_file(),
            self.login(error),
            self.lock(),
            self.clock(),
            self.locale(),
            self.settings(),
            self.sso(),
            self.docker(),
        ];
        checks.extend(self.network_checks());
        if let Some(error) = error.filter(|error| error.kind() == ErrorKind::Usage) {
            checks.push(self.failed("options", error));
        }
        checks
    }

    /// Returns the check that failed with this error.
    fn failed(&self, id: &'static str, error: &Error) -> Check {
        Check::of_error(id, error, self.context.session_name())
    }
}
