//! A child and its job: started, killed, waited for.
//!
//! Jobs are kept in a list, so that a program that is about to end can end its children first. The system closes the
//! jobs of a program that is killed, and kills what is in them.

use std::io;
use std::os::windows::io::AsRawHandle as _;
use std::os::windows::process::CommandExt as _;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use win32job::{ExtendedLimitInfo, Job};

use crate::system::process::{Extent, GRACE};
use crate::time::Deadline;

/// A console of its own without a window (`CREATE_NO_WINDOW`). The Ctrl-C of our console does not reach it, and a program
/// without a console does not open a window for its child.
const NO_WINDOW: u32 = 0x0800_0000;

/// A child with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Running {
    id: u32,
}

struct Entry {
    running: Running,
    job: Job,
}

static JOBS: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

fn list() -> MutexGuard<'static, Vec<Entry>> {
    JOBS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a command and gives it to a job. What a single child starts, such as a browser, goes on after it.
///
/// std cannot start a process inside a job, so it is given to the job at once. What it started before would not be in
/// the job, but a new process needs much longer than that to start another.
pub(in crate::system) fn spawn(command: &mut Command, extent: Extent) -> io::Result<(Child, Running)> {
    let mut limits = ExtendedLimitInfo::new();
    limits.limit_kill_on_job_close();
    match extent {
        Extent::Group => {
            command.creation_flags(NO_WINDOW);
        }
        Extent::Process => {
            limits.limit_silent_breakaway_ok();
        }
    }
    let job = Job::create_with_limit_info(&limits).map_err(io::Error::other)?;
    let mut list = list();
    let mut child = command.spawn()?;
    if let Err(error) = job.assign_process(child.as_raw_handle().addr().cast_signed())
        // A process that has ended already needs no job.
        && child.try_wait()?.is_none()
    {
        let _ = child.kill();
        let _ = child.wait();
        return Err(io::Error::other(error));
    }
    let running = Running { id: child.id() };
    list.push(Entry { running, job });
    Ok((child, running))
}

impl Running {
    /// Waits for the child with `wait`, and closes the job.
    pub(crate) fn reap<T>(self, wait: impl FnOnce() -> T) -> T {
        let status = wait();
        self.kill();
        status
    }

    /// On Unix, this keeps the ID of the child from being reused. On Windows, the open handle does that.
    #[expect(clippy::unused_self, reason = "the same function as on Unix")]
    pub(crate) fn wait_for_exit(self) {}

    /// Closes the job, which kills everything in it.
    pub(crate) fn kill(self) {
        list().retain(|entry| entry.running != self);
    }
}

/// Ends all children, for a program that is about to end itself. A child that shares our console has received the same
/// event and gets a moment to end by itself.
///
/// After this call no child can be started: an attempt blocks until the program ends.
pub(crate) fn end_all() {
    const PAUSE: Duration = Duration::from_millis(5);
    let mut list = list();
    let grace = Deadline::after(GRACE);
    let is_running = |entry: &Entry| entry.job.query_process_id_list().is_ok_and(|ids| !ids.is_empty());
    while list.iter().any(is_running) && !grace.has_passed() {
        thread::sleep(PAUSE);
    }
    list.clear();
    std::mem::forget(list);
}
