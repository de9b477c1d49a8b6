//! A child and its process group: started, signalled, waited for, and reaped.
//!
//! Running children are kept in a list, so that a program that is about to die by a signal can end them first. A
//! captured child is in a group of its own and does not receive the terminal's Ctrl-C.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{
    Pid, Signal as Number, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};
#[cfg(target_os = "linux")]
use rustix::process::{PidfdFlags, pidfd_open};

use super::poll;
use crate::system::process::{Extent, GRACE};
use crate::time::Deadline;

/// How a child is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// It may clean up first.
    Term,
    /// It ends at once.
    Kill,
}

/// A child that has not been reaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Running {
    id: u32,
    extent: Extent,
}

/// The pause between two checks whether a child has exited.
const PAUSE: Duration = Duration::from_millis(5);

static RUNNING: Mutex<Vec<Running>> = Mutex::new(Vec::new());

fn list() -> MutexGuard<'static, Vec<Running>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a command and adds it to the list. A group gets an ID of its own; a single child stays in our group, which owns
/// the terminal.
pub(in crate::system) fn spawn(command: &mut Command, extent: Extent) -> io::Result<(Child, Running)> {
    if extent == Extent::Group {
        command.process_group(0);
    }
    let mut list = list();
    let child = command.spawn()?;
    let running = Running { id: child.id(), extent };
    list.push(running);
    Ok((child, running))
}

impl Running {
    /// Reaps the child with `wait` and removes it from the list.
    pub(crate) fn reap<T>(self, wait: impl FnOnce() -> T) -> T {
        let mut list = list();
        let status = wait();
        list.retain(|running| *running != self);
        status
    }

    /// Waits until the child has exited, without reaping it.
    pub(crate) fn wait_for_exit(self) {
        let Some(id) = self.process_id() else { return };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(id), options), Err(rustix::io::Errno::INTR)) {}
    }

    /// Sends a signal. A child that has ended already, or that runs as another user, is not an error.
    pub(crate) fn signal(self, signal: Signal) {
        let Some(id) = self.process_id() else { return };
        let number = match signal {
            Signal::Term => Number::TERM,
            Signal::Kill => Number::KILL,
        };
        if self.extent == Extent::Group {
            let _ = kill_process_group(id, number);
        }
        // The child may have left its group.
        let _ = kill_process(id, number);
    }

    fn process_id(self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.id).ok()?)
    }

    /// Removes the child from the list without reaping it, because it cannot be ended.
    pub(crate) fn abandon(self) {
        list().retain(|running| *running != self);
    }

    /// Waits until the child has exited, but no longer than `limit`. Returns whether it has exited.
    pub(crate) fn wait_for_exit_within(self, limit: Duration) -> bool {
        if self.has_exited() {
            return true;
        }
        let limit = Deadline::after(limit);
        // If no descriptor is left (`ulimit -n`), the child is asked about again and again.
        let exit = self.exit().ok();
        while !self.has_exited() {
            if limit.has_passed() {
                return false;
            }
            match &exit {
                Some(exit) if poll::readable([Some(exit.as_fd())], limit).is_ok() => {}
                _ => thread::sleep(PAUSE),
            }
        }
        true
    }

    /// Returns whether the child has exited, without waiting and without reaping it.
    fn has_exited(self) -> bool {
        let Some(id) = self.process_id() else { return true };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        !matches!(waitid(WaitId::Pid(id), options), Ok(None) | Err(rustix::io::Errno::INTR))
    }

    /// Returns a descriptor that becomes readable when the child has exited. The child is not reaped.
    pub(crate) fn exit(self) -> io::Result<OwnedFd> {
        #[cfg(target_os = "linux")]
        if let Some(exit) = self.process_id().and_then(|id| pidfd_open(id, PidfdFlags::empty()).ok()) {
            return Ok(exit);
        }
        self.exit_by_thread()
    }

    /// [`Self::exit`] without a pidfd (Linux before 5.3, macOS): a thread waits and then closes a pipe.
    fn exit_by_thread(self) -> io::Result<OwnedFd> {
        let (exit, open) = io::pipe()?;
        thread::Builder::new().spawn(move || {
            self.wait_for_exit();
            drop(open);
        })?;
        Ok(exit.into())
    }
}

/// Ends all running children, for a program that is about to die by a signal itself.
///
/// A child that shares our terminal receives Ctrl-C from the terminal and may be restoring the terminal's state, so
/// after an `interrupted` it is only waited for.
///
/// After this call no child can be started or reaped: an attempt blocks until the program ends.
pub(crate) fn end_all(interrupted: bool) {
    let list = list();
    for running in list.iter().filter(|running| !(interrupted && running.extent == Extent::Process)) {
        running.signal(Signal::Term);
    }
    let grace = Deadline::after(GRACE);
    for running in list.iter() {
        if !running.wait_for_exit_within(grace.remaining()) || running.extent == Extent::Group {
            running.signal(Signal::Kill);
        }
    }
    std::mem::forget(list);
}

/// Kills the children that share our terminal, because a background job cannot use it. They are stopped, and would not
/// notice anything milder. Returns whether there are any.
#[cfg(feature = "program")]
pub(crate) fn end_attended() -> bool {
    let list = list();
    let attended = list.iter().filter(|running| running.extent == Extent::Process);
    attended.map(|running| running.signal(Signal::Kill)).count() > 0
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test needs a child that it can end")]
    fn exit_is_seen_with_and_without_a_pidfd() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "read -r line; exit 7"]).stdin(Stdio::piped());
        let (mut child, running) = spawn(&mut command, Extent::Group).unwrap();
        let exits = [running.exit().unwrap(), running.exit_by_thread().unwrap()];
        let has_exited = |limit| {
            exits.each_ref().map(|exit| poll::readable([Some(exit.as_fd())], Deadline::after(limit)).unwrap())
        };
        assert_eq!(has_exited(Duration::from_millis(20)), [[false], [false]]);
        drop(child.stdin.take());
        assert_eq!(has_exited(Duration::from_secs(20)), [[true], [true]]);
        assert_eq!(running.reap(|| child.wait()).unwrap().code(), Some(7));
    }
}
