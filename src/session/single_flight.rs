//! One run of the CLI at a time for a session, and one run for many who wait for the same thing.
//!
//! Parallel runs can empty the session file and log the user out (ibm-cloud-cli-sdk#239). The lock is a `flock`, which
//! the kernel releases when its holder dies, even by SIGKILL. Two things are locked: the configuration directory, which
//! is the same for everybody who shares the session, and a lock file of ours. If other users can open the directory, they
//! can hold its lock forever, so the wait for it is short, and the run then continues with the lock file alone.
//!
//! The holder leaves its token in the session file, where waiters find it, and a record of the run in the lock file,
//! with a number that increases with every run. **A process that was waiting while a run of the same program failed
//! shares that failure; a process that comes later runs the CLI again.** A hundred scripts that wait at the same time
//! fail together after one run, and a script that starts later learns the present state. A passed deadline and a CLI that
//! cannot be started are not shared, because they concern the holder alone.
//!
//! A waiter also learns whether the run ended with a token. If it did, the CLI has nothing better than what is in the
//! session file.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Hint, Result};
use crate::note::Note;
use crate::sanitize;
use crate::system::lock_file::LockFile;
use crate::system::platform;
use crate::task::Task;
use crate::time::Deadline;

/// The most that is read of a record. Records stay under 20 KiB; anything larger is ignored.
const MAX_RECORD: u64 = 64 * 1024;

/// The longest wait for a lock that another user may hold. A run of the CLI usually takes less.
const MAX_WAIT_FOR_OTHERS: Duration = Duration::from_secs(5);

/// The lock of one session, held until dropped.
#[derive(Debug)]
pub(crate) struct SessionLock {
    /// Dropped first, so that a process that waits for the file then finds the directory free.
    _directory: Option<LockFile>,
    file: Option<LockFile>,
    /// The number of the last run.
    run: u64,
    /// The record of the run that we waited for.
    awaited: Option<LastRun>,
    was_waited_for: bool,
}

/// The record of the last run in the lock file.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct LastRun {
    run: u64,
    failure: Option<SharedFailure>,
    #[serde(default)]
    answered: bool,
}

/// A failure that can be shared. It has no source, because its message tells enough.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct SharedFailure {
    program: PathBuf,
    exit_code: u8,
    message: String,
    hint: Option<Hint>,
    ibmcloud_messages: Vec<String>,
}

/// The state of a session's lock.
#[derive(Debug, PartialEq)]
pub(crate) enum LockState {
    /// Nobody holds it.
    Free,
    /// Another process holds it. A run of the CLI waits for it.
    Held(PathBuf),
    /// Somebody holds the lock of the directory, which other users can take too, so a run does not wait long for it.
    HeldByAnybody(PathBuf),
    /// There can be no lock, for this reason.
    None(String),
}

impl LockState {
    /// Returns the state of the lock of the session in `config_directory`. It neither waits for the lock nor creates it.
    pub(super) fn of(config_directory: &Path, lock_file: Option<&Path>) -> Self {
        let file = lock_file.filter(|path| path.exists()).map(|path| (path, LockFile::of_ours(path)));
        if let Some((path, Ok(lock))) = &file
            && lock.is_held().is_ok_and(|is_held| is_held)
        {
            return Self::Held((*path).to_owned());
        }
        let directory =
            LockFile::exists_in(config_directory).then(|| LockFile::of_directory(config_directory));
        if let Some(Ok(lock)) = &directory
            && lock.is_held().is_ok_and(|is_held| is_held)
        {
            let path = config_directory.to_owned();
            return if lock.is_closed_to_others() { Self::Held(path) } else { Self::HeldByAnybody(path) };
        }
        match (file, directory) {
            (Some((path, Err(error))), None | Some(Err(_))) => {
                Self::None(format!("`{}`: {error}", path.display()))
            }
            _ => Self::Free,
        }
    }
}

impl SessionLock {
    /// Waits for the lock of the session in `config_directory`, and takes it.
    ///
    /// Where there can be no lock (no directory yet and no place for a file, a place that belongs to another user, a file
    /// system without `flock`), the run continues without one, and a note says so.
    pub(super) fn take(config_directory: &Path, lock_file: Option<&Path>, task: &Task<'_>) -> Result<Self> {
        let mut before = None;
        let (mut waited_for_file, mut waited_for_directory) = (false, false);
        let file = match lock_file {
            Some(path) => acquire(LockFile::of_ours(path), path, task.deadline, task, |file| {
                waited_for_file = true;
                before = read(file);
            })?,
            None => Err("there is no directory for a lock file".to_owned()),
        };
        let directory = LockFile::of_directory(config_directory);
        let limit = directory.as_ref().map_or(task.deadline, |found| deadline_for(found, task.deadline));
        let directory = acquire(directory, config_directory, limit, task, |_| waited_for_directory = true)?;
        if let (Err(why), Err(_)) = (&file, &directory) {
            task.note(Note::NoLock(why.clone()));
        }
        let mut file = file.ok();
        let after = file.as_mut().and_then(|file| read(file.record()));
        let run = after.as_ref().map_or(0, |record| record.run);
        // A record that could not be read before was just being written by the run that we waited for.
        let awaited = if waited_for_file && after != before { after } else { None };
        let waited_for_directory = waited_for_directory && directory.is_ok();
        Ok(Self {
            _directory: directory.ok(),
            file,
            run,
            awaited,
            was_waited_for: waited_for_file || waited_for_directory,
        })
    }

    /// Returns the failure of the run that we waited for, if it was a run of `program`.
    pub(super) fn shared_failure(&self, program: &Path) -> Option<Error> {
        let failure = self.awaited.as_ref()?.failure.as_ref()?;
        if failure.program == program { failure.error() } else { None }
    }

    /// Returns whether another process held the lock before.
    pub(super) fn was_waited_for(&self) -> bool {
        self.was_waited_for
    }

    /// Returns whether the run that we waited for ended with a token.
    pub(super) fn was_answered(&self) -> bool {
        self.awaited.as_ref().is_some_and(|record| record.answered)
    }

    /// Records for the waiters how a run of `program` ended, and releases the lock.
    pub(super) fn record<T>(mut self, program: &Path, result: &Result<T>) {
        let Some(file) = &mut self.file else { return };
        let failure = result.as_ref().err().and_then(|error| SharedFailure::of(program, error));
        let record = LastRun { run: self.run.wrapping_add(1), failure, answered: result.is_ok() };
        // A waiter that cannot read it runs the CLI again, which is slower but still correct.
        let _ = write(file.record(), &record);
    }
}

impl SharedFailure {
    fn of(program: &Path, error: &Error) -> Option<Self> {
        use ErrorKind::{IbmcloudFailed, LoginNeeded, Network, RequirementUnmet};
        matches!(error.kind(), LoginNeeded | IbmcloudFailed | Network | RequirementUnmet).then(|| Self {
            program: program.to_owned(),
            exit_code: error.kind().exit_code(),
            message: error.to_string(),
            hint: error.hint_parts().cloned(),
            ibmcloud_messages: error.ibmcloud_messages().to_vec(),
        })
    }

    /// Returns the error that was recorded. The file is text from elsewhere, so its words are sanitized again.
    fn error(&self) -> Option<Error> {
        let clean = |text: &str| sanitize::line(&sanitize::redact(text));
        let messages = sanitize::excerpt(self.ibmcloud_messages.join("\n").as_bytes(), &[]);
        let error = Error::new(ErrorKind::from_exit_code(self.exit_code)?, clean(&self.message))
            .with_ibmcloud_messages(messages);
        Some(match &self.hint {
            Some(hint) => error.with_hint(hint.map(clean)),
            None => error,
        })
    }
}

/// Returns when to stop waiting for the lock of a configuration directory. Anybody who can open it can lock it forever.
fn deadline_for(directory: &LockFile, deadline: Deadline) -> Deadline {
    if directory.is_closed_to_others() {
        deadline
    } else {
        deadline.within(MAX_WAIT_FOR_OTHERS.min(deadline.remaining() / 4))
    }
}

/// Takes one lock, or returns why there is none. Waiting ends at `deadline`, which may be sooner than that of the task.
/// `before_waiting` sees the record while another process holds the lock.
fn acquire(
    file: io::Result<LockFile>,
    path: &Path,
    deadline: Deadline,
    task: &Task<'_>,
    before_waiting: impl FnOnce(&mut File),
) -> Result<Result<LockFile, String>> {
    let mut is_waiting = false;
    let locked = file.and_then(|file| {
        file.lock(deadline, |record| {
            is_waiting = true;
            // Before anything that takes time, because the holder writes the next record when it is done.
            before_waiting(record);
            task.note(Note::WaitingForLock(path.to_owned()));
        })
    });
    match locked {
        Ok(file) => {
            task.note(Note::LockHeld(path.to_owned()));
            Ok(Ok(file))
        }
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            if task.deadline.has_passed() {
                return Err(still_running(task.deadline));
            }
            Ok(Err(format!("`{}`: another user may hold the lock", path.display())))
        }
        // The lock exists and is held, so the run must not continue without it.
        Err(error) if is_waiting => {
            Err(Error::new(ErrorKind::Internal, "cannot wait for another run of `ibmcloud`")
                .with_hint(platform::CHECK_LIMITS)
                .with_source(error))
        }
        Err(error) => Ok(Err(format!("`{}`: {error}", path.display()))),
    }
}

fn still_running(deadline: Deadline) -> Error {
    deadline.error("another run of `ibmcloud` for this session did not end")
}

fn read(file: &mut File) -> Option<LastRun> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(MAX_RECORD).read_to_string(&mut text).ok()?;
    if text.is_empty() { Some(LastRun::default()) } else { serde_json::from_str(&text).ok() }
}

fn write(file: &mut File, record: &LastRun) -> io::Result<()> {
    let text = serde_json::to_vec(record)?;
    file.rewind()?;
    file.write_all(&text)?;
    // Cutting the file costs the file system work, and a record of the usual length does not need it.
    if file.metadata()?.len() > text.len() as u64 { file.set_len(text.len() as u64) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::SystemTime;

    use super::*;
    use crate::system::testing::{exposed_directory, set_mode};

    const PROGRAM: &str = "/bin/ibmcloud";

    fn task(timeout: u64) -> Task<'static> {
        Task {
            deadline: Deadline::after(Duration::from_millis(timeout)),
            clock: || SystemTime::UNIX_EPOCH,
            notes: &|_| (),
            before_child: || (),
        }
    }

    fn take(directory: &Path, timeout: u64) -> Result<SessionLock> {
        SessionLock::take(Path::new("/none"), Some(&directory.join("lock")), &task(timeout))
    }

    fn failure(kind: ErrorKind) -> Result<()> {
        Err(Error::new(kind, "it failed")
            .with_hint("fix it")
            .with_ibmcloud_messages(vec!["FAILED".to_owned()]))
    }

    #[test]
    fn waiting_ends_at_the_deadline() {
        let directory = tempfile::tempdir().unwrap();
        let _held = take(directory.path(), 50).unwrap();
        assert_eq!(take(directory.path(), 50).unwrap_err().kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn session_has_one_lock_wherever_the_lock_file_is() {
        let [session, one, other] = [(); 3].map(|()| tempfile::tempdir().unwrap());
        set_mode(session.path(), 0o700);
        let take = |lock_file: Option<&Path>| SessionLock::take(session.path(), lock_file, &task(50));
        let held = take(Some(&one.path().join("lock"))).unwrap();
        for lock_file in [Some(other.path().join("lock")), Some("/dev/null/lock".into()), None] {
            assert_eq!(take(lock_file.as_deref()).unwrap_err().kind(), ErrorKind::TimedOut);
        }
        drop(held);
        let _held = take(None).unwrap();
        assert_eq!(take(Some(&one.path().join("lock"))).unwrap_err().kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn lock_that_another_user_may_hold_does_not_stop_a_run() {
        let [session, directory] = [exposed_directory(), tempfile::tempdir().unwrap()];
        let held = LockFile::of_directory(session.path()).unwrap();
        let _held = held.lock(Deadline::after(Duration::ZERO), |_| ()).unwrap();
        for lock_file in [Some(directory.path().join("lock")), None] {
            let said = std::cell::Cell::new(false);
            let notes = |note| said.set(said.get() || matches!(note, Note::NoLock(_)));
            let task = Task { notes: &notes, ..task(2000) };
            let lock = SessionLock::take(session.path(), lock_file.as_deref(), &task).unwrap();
            assert_eq!((lock.file.is_some(), said.get()), (lock_file.is_some(), lock_file.is_none()));
            assert!(!task.deadline.has_passed());
        }
        // Among processes with the same lock file, one still waits for the other.
        let path = directory.path().join("lock");
        let _lock = SessionLock::take(session.path(), Some(&path), &task(500)).unwrap();
        let error = SessionLock::take(session.path(), Some(&path), &task(50)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn invalid_record_is_ignored_whatever_its_size() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        for (content, size) in [("{", 1), ("garbage", 7), ("", 8 << 30)] {
            let mut file = LockFile::of_ours(&path).unwrap();
            file.record().set_len(0).unwrap();
            file.record().write_all(content.as_bytes()).unwrap();
            file.record().set_len(size).unwrap();
            take(directory.path(), 50).unwrap().record(Path::new(PROGRAM), &Ok(()));
            assert_eq!(read(LockFile::of_ours(&path).unwrap().record()).unwrap().run, 1);
        }
    }

    #[test]
    fn waiters_share_a_failure_and_latecomers_do_not() {
        let directory = tempfile::tempdir().unwrap();
        let holder = take(directory.path(), 50).unwrap();
        let waiter = {
            let directory = directory.path().to_owned();
            thread::spawn(move || {
                let lock = take(&directory, 10_000).unwrap();
                [PROGRAM, "/other"].map(|program| lock.shared_failure(Path::new(program)))
            })
        };
        thread::sleep(Duration::from_millis(200));
        holder.record(Path::new(PROGRAM), &failure(ErrorKind::Network));
        let [shared, of_another_program] = waiter.join().unwrap();
        let shared = shared.expect("it waited while the run failed");
        assert_eq!(
            (shared.kind(), shared.to_string().as_str(), shared.hint().as_deref()),
            (ErrorKind::Network, "it failed", Some("fix it"))
        );
        assert_eq!(shared.ibmcloud_messages(), ["FAILED"]);
        assert!(of_another_program.is_none());
        assert!(take(directory.path(), 50).unwrap().shared_failure(Path::new(PROGRAM)).is_none());
    }

    #[test]
    fn words_in_a_record_are_sanitized_again() {
        let token = "eyJhbGciOiJub25lIn0.e30.c2ln";
        let record = format!(
            r#"{{"program":"/p","exit_code":5,"message":"it \u001b[31mfailed\u009b: {token}",
            "hint":[{{"Text":"fix\n\u202e it "}},{{"Command":"lo\u001bgin {token}"}}],
            "ibmcloud_messages":["\u001b]0;x\u0007FAILED\nerror: x","Bearer {token}"]}}"#
        );
        let error = serde_json::from_str::<SharedFailure>(&record).unwrap().error().unwrap();
        assert_eq!(error.to_string(), "it [31mfailed: [REDACTED]");
        assert_eq!(error.hint().unwrap(), "fix  it `ibmcloud-token login [REDACTED]`");
        assert_eq!(error.ibmcloud_messages(), ["FAILED", "error: x", "[REDACTED]"]);
    }

    #[test]
    fn failure_of_the_holder_alone_is_not_shared() {
        for kind in [ErrorKind::TimedOut, ErrorKind::IbmcloudMissing, ErrorKind::Internal] {
            assert!(SharedFailure::of(Path::new(PROGRAM), &failure(kind).unwrap_err()).is_none());
        }
    }

    #[test]
    fn run_continues_without_a_place_for_a_lock() {
        for lock_file in [None, Some(Path::new("/dev/null/lock"))] {
            let said = std::cell::Cell::new(false);
            let notes = |note| said.set(matches!(note, Note::NoLock(_)));
            let task = Task { notes: &notes, ..task(50) };
            let lock = SessionLock::take(Path::new("/none"), lock_file, &task).unwrap();
            assert!(lock.shared_failure(Path::new(PROGRAM)).is_none() && said.get());
        }
    }
}
