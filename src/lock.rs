//! One run of the CLI at a time for a session, because parallel ones can empty the session file and log the user out
//! (ibm-cloud-cli-sdk#239); and one run for many who wait for the same thing.
//!
//! The lock is `flock` on a file of ours, so it ends with its holder however that dies. The winner leaves its result
//! in the session file, where those who waited find it. A failure it leaves in the lock file, under a number that goes
//! up with every run. The rule: **who was waiting while a run failed takes over that failure; who comes later runs
//! the CLI again.** So a hundred scripts at once see one failure, at once, and the next script sees the present state.
//! Not taken over are a passed deadline and a CLI that cannot be started: those were the winner's own.
//!
//! Likewise an answer: who was waiting for it knows that the CLI has nothing better than what is in the session file.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::thread;

use serde::{Deserialize, Serialize};

use crate::deadline::Deadline;
use crate::directories;
use crate::error::{Error, Kind, Result};
use crate::note::{Note, Notes};

/// The lock of one session, held until dropped.
#[derive(Debug)]
pub struct Lock {
    file: Option<File>,
    record: Record,
    shared: Option<Failure>,
    answered: bool,
}

/// What the lock file says about the last run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Record {
    run: u64,
    failure: Option<Failure>,
    #[serde(default)]
    answered: bool,
}

/// A failure without its source, which its message tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Failure {
    kind: Kind,
    message: String,
    hint: Option<String>,
    cli_words: Vec<String>,
}

impl Lock {
    /// Waits for the lock of the session that lies in `config_directory`, and takes it. Locks lie in `data_directory`.
    ///
    /// Where there can be no lock (a home that cannot be written to, a file system without `flock`) this goes on
    /// without one, and says so.
    pub fn take(
        config_directory: Option<&Path>,
        data_directory: Option<&Path>,
        deadline: Deadline,
        notes: Notes<'_>,
    ) -> Result<Self> {
        let without = |why: String| {
            notes(Note::NoLock(why));
            Ok(Self { file: None, record: Record::default(), shared: None, answered: false })
        };
        let (Some(session), Some(data)) = (config_directory, data_directory) else {
            return without("there is no home directory".to_owned());
        };
        let path = path(session, data);
        let mut file = match open(&path) {
            Ok(file) => file,
            Err(error) => return without(format!("`{}`: {error}", path.display())),
        };
        let mut before = None;
        let waited = match file.try_lock() {
            Ok(()) => false,
            Err(TryLockError::WouldBlock) => {
                notes(Note::WaitingForLock(path.clone()));
                before = read(&mut file);
                file = match wait(file, deadline) {
                    Some(Ok(file)) => file,
                    Some(Err(error)) => return without(format!("`{}`: {error}", path.display())),
                    None => return Err(another_is_running(deadline)),
                };
                true
            }
            Err(TryLockError::Error(error)) => return without(format!("`{}`: {error}", path.display())),
        };
        notes(Note::LockHeld(path));
        let after = read(&mut file);
        // A record that could not be read before was being written: by the run that was waited for.
        let waited_for = after.as_ref().filter(|_| waited && after != before);
        let shared = waited_for.and_then(|record| record.failure.clone());
        let answered = waited_for.is_some_and(|record| record.answered);
        Ok(Self { file: Some(file), record: after.unwrap_or_default(), shared, answered })
    }

    /// Returns the failure of the run that was waited for, if it failed.
    #[must_use]
    pub fn shared_failure(&self) -> Option<Error> {
        let Failure { kind, message, hint, cli_words } = self.shared.clone()?;
        let error = Error::new(kind, message).with_cli_words(cli_words);
        Some(match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        })
    }

    /// Returns whether the run that was waited for ended with a token.
    #[must_use]
    pub fn was_answered(&self) -> bool {
        self.answered
    }

    /// Notes how a run of the CLI ended, for those who wait.
    pub fn record<T>(&mut self, result: &Result<T>) {
        let failure = result.as_ref().err().and_then(Failure::of);
        self.record = Record { run: self.record.run.wrapping_add(1), failure, answered: result.is_ok() };
        if let Some(file) = &mut self.file {
            // Who cannot read it runs the CLI again: slower, not wrong.
            let _ = write(file, &self.record);
        }
    }
}

impl Failure {
    fn of(error: &Error) -> Option<Self> {
        if !matches!(error.kind(), Kind::LoginNeeded | Kind::CliFailed | Kind::Network) {
            return None;
        }
        Some(Self {
            kind: error.kind(),
            message: error.to_string(),
            hint: error.hint().map(str::to_owned),
            cli_words: error.cli_words().to_vec(),
        })
    }
}

/// Returns the lock file of a session: named by a hash of the session's real path, so that every way there leads to
/// the same lock.
fn path(session: &Path, data_directory: &Path) -> PathBuf {
    let real = real_path(session);
    // FNV-1a (RFC 9923): a name, not a secret.
    let hash = real.as_os_str().as_encoded_bytes().iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    data_directory.join("locks").join(format!("{hash:016x}.lock"))
}

/// Returns a path without links. What is not there yet, before the first login, will be a plain folder.
fn real_path(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match (absolute.canonicalize(), absolute.parent(), absolute.file_name()) {
        (Ok(real), _, _) => real,
        (Err(_), Some(parent), Some(name)) => real_path(parent).join(name),
        _ => absolute,
    }
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(directory) = path.parent() {
        directories::create_private(directory)?;
    }
    File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Waits for the lock on a thread of its own; nothing if the deadline passes. That thread then ends with the program,
/// or gives the lock back as soon as it gets it.
fn wait(file: File, deadline: Deadline) -> Option<io::Result<File>> {
    let (sender, locked) = channel();
    let waiting = thread::Builder::new().spawn(move || {
        let result = file.lock().map(|()| file);
        let _ = sender.send(result);
    });
    // Without room for a thread nobody waits, and the deadline's error says that another run is under way.
    waiting.ok().and_then(|_| locked.recv_timeout(deadline.remaining()).ok())
}

fn another_is_running(deadline: Deadline) -> Error {
    deadline.error("another run of `ibmcloud` for this session did not end")
}

fn read(file: &mut File) -> Option<Record> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    if text.is_empty() { Some(Record::default()) } else { serde_json::from_str(&text).ok() }
}

fn write(file: &mut File, record: &Record) -> io::Result<()> {
    let text = serde_json::to_vec(record)?;
    file.rewind()?;
    file.write_all(&text)?;
    // Records of the usual length need no cutting, and the file system no work for it.
    if file.metadata()?.len() > text.len() as u64 { file.set_len(text.len() as u64) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn take(folder: &Path, timeout: u64) -> Result<Lock> {
        Lock::take(
            Some(Path::new("/session")),
            Some(folder),
            Deadline::after(Duration::from_millis(timeout)),
            &|_| (),
        )
    }

    fn failure(kind: Kind) -> Result<()> {
        Err(Error::new(kind, "it failed").with_hint("mend it").with_cli_words(vec!["FAILED".to_owned()]))
    }

    #[test]
    fn the_wait_ends_at_the_deadline() {
        let folder = tempfile::tempdir().unwrap();
        let _held = take(folder.path(), 50).unwrap();
        assert_eq!(take(folder.path(), 50).unwrap_err().kind(), Kind::TimedOut);
    }

    #[test]
    fn who_waited_takes_over_the_failure_and_who_comes_later_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut winner = take(folder.path(), 50).unwrap();
        let waiting = {
            let folder = folder.path().to_owned();
            thread::spawn(move || take(&folder, 10_000).unwrap().shared_failure())
        };
        thread::sleep(Duration::from_millis(200));
        winner.record(&failure(Kind::Network));
        drop(winner);
        let shared = waiting.join().unwrap().expect("it waited while the run failed");
        assert_eq!(
            (shared.kind(), shared.to_string().as_str(), shared.hint()),
            (Kind::Network, "it failed", Some("mend it"))
        );
        assert_eq!(shared.cli_words(), ["FAILED"]);
        assert!(take(folder.path(), 50).unwrap().shared_failure().is_none());
    }

    #[test]
    fn every_way_to_a_session_leads_to_the_same_lock_before_and_after_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let (home, link) = (folder.path().join("home"), folder.path().join("link"));
        std::fs::create_dir(&home).unwrap();
        std::os::unix::fs::symlink(&home, &link).unwrap();
        let locks = || [&home, &link].map(|home| path(&home.join(".bluemix"), folder.path()));
        let [before, through_link] = locks();
        assert_eq!(before, through_link);
        std::fs::create_dir(home.join(".bluemix")).unwrap();
        assert_eq!(locks(), [before.clone(), before]);
    }

    #[test]
    fn a_passed_deadline_is_the_winner_s_own() {
        for kind in [Kind::TimedOut, Kind::CliMissing, Kind::Internal] {
            assert!(Failure::of(&failure(kind).unwrap_err()).is_none());
        }
    }

    #[test]
    fn without_a_place_for_it_there_is_no_lock_and_no_error() {
        for data in [None, Some(Path::new("/dev/null"))] {
            let said = std::cell::Cell::new(false);
            let lock = Lock::take(Some(Path::new("/s")), data, Deadline::never(), &|note| {
                said.set(matches!(note, Note::NoLock(_)));
            });
            assert!(lock.unwrap().shared_failure().is_none() && said.get());
        }
    }
}
