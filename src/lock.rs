//! One run of the CLI at a time for a session, because parallel ones can empty the session file and log the user out
//! (ibm-cloud-cli-sdk#239); and one run for many who wait for the same thing.
//!
//! The lock is `flock`, so it ends with its holder however that dies. It is on two things: on the session's own
//! directory, which is the same whatever else differs between those who share a session; and on a file of ours. The
//! winner leaves its result in the session file, where those who waited find it. A failure it leaves in the lock file,
//! under a number that goes up with every run. The rule: **who was waiting while a run of the same program failed takes
//! over that failure; who comes later runs the CLI again.** So a hundred scripts at once see one failure, at once, and
//! the next script sees the present state. Not taken over are a passed deadline and a CLI that cannot be started: those
//! were the winner's own.
//!
//! Likewise an answer: who was waiting for it knows that the CLI has nothing better than what is in the session file.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::thread;

use serde::{Deserialize, Serialize};

use crate::deadline::Deadline;
use crate::directories;
use crate::error::{Error, Kind, Result};
use crate::note::{Note, Notes};

/// A record is under 20 KiB. What is larger is none of ours.
const MOST_OF_A_RECORD: u64 = 64 * 1024;

/// The lock of one session, held until dropped.
#[derive(Debug)]
pub struct Lock {
    /// Dropped first: who waits for the file then finds the directory free.
    _directory: Option<File>,
    file: Option<File>,
    record: Record,
    shared: Option<Failure>,
    answered: bool,
    waited: bool,
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
    program: PathBuf,
    kind: Kind,
    message: String,
    hint: Option<String>,
    cli_words: Vec<String>,
}

impl Lock {
    /// Waits for the lock of the session that lies in `config_directory`, and takes it. Lock files lie in
    /// `data_directory`.
    ///
    /// Where there can be no lock (no directory yet and no place for a file, a file system without `flock`) this goes on
    /// without one, and says so.
    pub fn take(
        config_directory: Option<&Path>,
        data_directory: Option<&Path>,
        deadline: Deadline,
        notes: Notes<'_>,
    ) -> Result<Self> {
        let no_home = || Err("there is no home directory".to_owned());
        let mut before = None;
        let (mut waited, mut waited_for_directory) = (false, false);
        let file = match (config_directory, data_directory) {
            (Some(session), Some(data)) => {
                let path = path(session, data);
                acquire(open(&path), &path, deadline, notes, |file| {
                    waited = true;
                    before = read(file);
                })?
            }
            _ => no_home(),
        };
        let directory = match config_directory {
            Some(session) => {
                acquire(File::open(session), session, deadline, notes, |_| waited_for_directory = true)?
            }
            None => no_home(),
        };
        if let (Err(why), Err(_)) = (&file, &directory) {
            notes(Note::NoLock(why.clone()));
        }
        let mut file = file.ok();
        let after = file.as_mut().and_then(read);
        // A record that could not be read before was being written: by the run that was waited for.
        let waited_for = after.as_ref().filter(|_| waited && after != before);
        let shared = waited_for.and_then(|record| record.failure.clone());
        let answered = waited_for.is_some_and(|record| record.answered);
        Ok(Self {
            _directory: directory.ok(),
            file,
            record: after.unwrap_or_default(),
            shared,
            answered,
            waited: waited || waited_for_directory,
        })
    }

    /// Returns the failure of the run that was waited for, if it failed and was one of this program.
    #[must_use]
    pub fn shared_failure(&self, program: &Path) -> Option<Error> {
        let Failure { kind, message, hint, cli_words, .. } =
            self.shared.clone().filter(|failure| failure.program == program)?;
        let error = Error::new(kind, message).with_cli_words(cli_words);
        Some(match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        })
    }

    /// Returns whether another held the lock before.
    #[must_use]
    pub fn was_waited_for(&self) -> bool {
        self.waited
    }

    /// Returns whether the run that was waited for ended with a token.
    #[must_use]
    pub fn was_answered(&self) -> bool {
        self.answered
    }

    /// Notes how a run of the CLI, this program, ended, for those who wait.
    pub fn record<T>(&mut self, program: &Path, result: &Result<T>) {
        let failure = result.as_ref().err().and_then(|error| Failure::of(program, error));
        self.record = Record { run: self.record.run.wrapping_add(1), failure, answered: result.is_ok() };
        if let Some(file) = &mut self.file {
            // Who cannot read it runs the CLI again: slower, not wrong.
            let _ = write(file, &self.record);
        }
    }
}

impl Failure {
    fn of(program: &Path, error: &Error) -> Option<Self> {
        if !matches!(error.kind(), Kind::LoginNeeded | Kind::CliFailed | Kind::Network | Kind::Lifetime) {
            return None;
        }
        Some(Self {
            program: program.to_owned(),
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
        ensure_not_in_another_s_home(directory)?;
        directories::create_private(directory)?;
    }
    File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Root in somebody else's home (`sudo -E`) makes no folders there: they would be shut to the one who lives there.
fn ensure_not_in_another_s_home(directory: &Path) -> io::Result<()> {
    let us = rustix::process::geteuid();
    let above = directory.ancestors().skip(1).find_map(|above| above.metadata().ok());
    if us.is_root() && !directory.exists() && above.is_some_and(|above| above.uid() != us.as_raw()) {
        return Err(io::Error::other("its folder would be root's in another user's home"));
    }
    Ok(())
}

/// Takes one lock, or tells why there can be none. `before_waiting` sees the file while another holds it.
fn acquire(
    file: io::Result<File>,
    path: &Path,
    deadline: Deadline,
    notes: Notes<'_>,
    before_waiting: impl FnOnce(&mut File),
) -> Result<Result<File, String>> {
    let lock = |mut file: File| match file.try_lock() {
        Ok(()) => Ok(Ok(file)),
        Err(TryLockError::WouldBlock) => {
            notes(Note::WaitingForLock(path.to_owned()));
            before_waiting(&mut file);
            wait(file, deadline)
        }
        Err(TryLockError::Error(error)) => Ok(Err(error)),
    };
    let locked = match file {
        Ok(file) => lock(file)?,
        Err(error) => Err(error),
    };
    if locked.is_ok() {
        notes(Note::LockHeld(path.to_owned()));
    }
    Ok(locked.map_err(|error| format!("`{}`: {error}", path.display())))
}

/// Waits for the lock on a thread of its own, which ends with the program if the deadline passes, or gives the lock back
/// as soon as it gets it.
fn wait(file: File, deadline: Deadline) -> Result<io::Result<File>> {
    let (sender, locked) = channel();
    let waiting = thread::Builder::new().spawn(move || {
        let result = file.lock().map(|()| file);
        let _ = sender.send(result);
    });
    waiting.map_err(|error| {
        Error::new(Kind::Internal, "there is no room for a thread that waits for another run of `ibmcloud`")
            .with_hint("see which programs run, and `ulimit -u`")
            .with_source(error)
    })?;
    locked.recv_timeout(deadline.remaining()).map_err(|_| another_is_running(deadline))
}

fn another_is_running(deadline: Deadline) -> Error {
    deadline.error("another run of `ibmcloud` for this session did not end")
}

fn read(file: &mut File) -> Option<Record> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(MOST_OF_A_RECORD).read_to_string(&mut text).ok()?;
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

    const PROGRAM: &str = "/bin/ibmcloud";

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
    fn a_session_has_one_lock_wherever_the_lock_files_lie() {
        let [session, one, other] = [(); 3].map(|()| tempfile::tempdir().unwrap());
        let take = |data: Option<&Path>| {
            let deadline = Deadline::after(Duration::from_millis(50));
            Lock::take(Some(session.path()), data, deadline, &|_| ())
        };
        let held = take(Some(one.path())).unwrap();
        for data in [Some(other.path()), Some(Path::new("/dev/null")), None] {
            assert_eq!(take(data).unwrap_err().kind(), Kind::TimedOut);
        }
        drop(held);
        let _held = take(None).unwrap();
        assert_eq!(take(Some(one.path())).unwrap_err().kind(), Kind::TimedOut);
    }

    #[test]
    fn what_is_no_record_is_passed_over_whatever_its_size() {
        let folder = tempfile::tempdir().unwrap();
        take(folder.path(), 50).unwrap();
        let path = path(Path::new("/session"), folder.path());
        for (content, size) in [("{", 1), ("garbage", 7), ("", 8 << 30)] {
            std::fs::write(&path, content).unwrap();
            File::options().write(true).open(&path).unwrap().set_len(size).unwrap();
            let mut lock = take(folder.path(), 50).unwrap();
            lock.record(Path::new(PROGRAM), &Ok(()));
            drop(lock);
            assert_eq!(read(&mut File::open(&path).unwrap()).unwrap().run, 1);
        }
    }

    #[test]
    fn who_waited_takes_over_the_failure_and_who_comes_later_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut winner = take(folder.path(), 50).unwrap();
        let waiting = {
            let folder = folder.path().to_owned();
            thread::spawn(move || {
                let lock = take(&folder, 10_000).unwrap();
                [PROGRAM, "/other"].map(|program| lock.shared_failure(Path::new(program)))
            })
        };
        thread::sleep(Duration::from_millis(200));
        winner.record(Path::new(PROGRAM), &failure(Kind::Network));
        drop(winner);
        let [shared, of_another_program] = waiting.join().unwrap();
        let shared = shared.expect("it waited while the run failed");
        assert_eq!(
            (shared.kind(), shared.to_string().as_str(), shared.hint()),
            (Kind::Network, "it failed", Some("mend it"))
        );
        assert_eq!(shared.cli_words(), ["FAILED"]);
        assert!(of_another_program.is_none());
        assert!(take(folder.path(), 50).unwrap().shared_failure(Path::new(PROGRAM)).is_none());
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
            assert!(Failure::of(Path::new(PROGRAM), &failure(kind).unwrap_err()).is_none());
        }
    }

    #[test]
    fn without_a_place_for_it_there_is_no_lock_and_no_error() {
        for data in [None, Some(Path::new("/dev/null"))] {
            let said = std::cell::Cell::new(false);
            let lock = Lock::take(Some(Path::new("/s")), data, Deadline::never(), &|note| {
                said.set(matches!(note, Note::NoLock(_)));
            });
            assert!(lock.unwrap().shared_failure(Path::new(PROGRAM)).is_none() && said.get());
        }
    }
}
