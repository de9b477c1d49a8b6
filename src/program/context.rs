//! The context of a command: the settings that all commands share, the environment, and the clock.

use std::cell::Cell;
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

    /// Finds the chosen session.
    pub(super) fn session(&self) -> Result<Session> {
        let session = Session::resolve(self.session_name(), &self.environment)?;
        Ok(match &self.settings.ibmcloud {
            Some(program) => session.with_ibmcloud(program),
            None => session,
        })
    }

    /// Finds the chosen session, and creates its home if the CLI needs one there.
    pub(super) fn session_with_home(&self) -> Result<Session> {
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
