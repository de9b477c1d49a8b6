//! The context of a command: the settings that all commands share, the environment, and the clock.

use std::cell::{Cell, OnceCell};
use std::ffi::OsStr;
use std::time::SystemTime;

use super::arguments::Common;
use super::report;
use super::settings::{CommonSettings, Settings, Verbosity};
use crate::error::Result;
use crate::note::Note;
use crate::session::{Session, SessionName};
use crate::system::environment::Environment;
use crate::system::signals;
use crate::task::Task;
use crate::time::Deadline;

/// The context of a command.
pub(super) struct Context {
    settings: CommonSettings,
    environment: Environment,
    deadline: Cell<Deadline>,
    session: OnceCell<Session>,
    notes: Box<dyn Fn(Note)>,
}

impl Context {
    pub(super) fn new(common: &Common, environment: Environment) -> Result<Self> {
        signals::watch_as_init();
        let settings = Settings::new(&environment).common(common)?;
        let deadline = Cell::new(Deadline::after(settings.timeout));
        let verbosity = settings.verbosity;
        Ok(Self {
            settings,
            environment,
            deadline,
            session: OnceCell::new(),
            notes: Box::new(move |note| report::note(&note, verbosity)),
        })
    }

    /// Returns the settings that come from variables and defaults.
    pub(super) fn settings(&self) -> Settings<'_> {
        Settings::new(&self.environment)
    }

    pub(super) fn environment(&self) -> &Environment {
        &self.environment
    }

    pub(super) fn deadline(&self) -> Deadline {
        self.deadline.get()
    }

    /// Restarts the deadline for what follows, such as after a person has logged in.
    pub(super) fn restart_deadline(&self) {
        self.deadline.set(self.deadline().restarted());
    }

    /// Replaces the deadline for what follows, such as for a part that gets less time.
    pub(super) fn set_deadline(&self, deadline: Deadline) {
        self.deadline.set(deadline);
    }

    /// Returns the name of the chosen session.
    pub(super) fn session_name(&self) -> Option<&SessionName> {
        self.settings.session.as_ref()
    }

    /// Returns the CLI that was named.
    pub(super) fn named_ibmcloud(&self) -> Option<&OsStr> {
        self.settings.ibmcloud.as_deref()
    }

    /// Returns the chosen session, which is found at the first call.
    pub(super) fn session(&self) -> Result<&Session> {
        if let Some(session) = self.session.get() {
            return Ok(session);
        }
        let mut session = Session::resolve(self.session_name(), &self.environment)?;
        if let Some(program) = &self.settings.ibmcloud {
            session = session.with_ibmcloud(program);
        }
        Ok(self.session.get_or_init(|| session))
    }

    /// Returns the chosen session, and creates its home if the CLI needs one there.
    pub(super) fn session_with_home(&self) -> Result<&Session> {
        let session = self.session()?;
        session.create_home()?;
        Ok(session)
    }

    /// Returns the deadline, clock and notes for the command's work.
    pub(super) fn task(&self) -> Task<'_> {
        #[expect(clippy::disallowed_methods, reason = "only the program reads the system clock")]
        let clock = SystemTime::now;
        Task { deadline: self.deadline(), clock, notes: &*self.notes, before_child: signals::watch }
    }

    /// Prints a line on the standard error, unless `--quiet` was given.
    pub(super) fn say(&self, text: &str) {
        if self.settings.verbosity != Verbosity::Quiet {
            report::say(&format!("{text}\n"));
        }
    }
}
