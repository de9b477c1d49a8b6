//! Writing a secret to a file that the user named: whole or not at all.
//!
//! The content is complete and on disk in a file under a temporary name, which then replaces the old file, even while
//! another program reads that one. The file has the permissions of its directory, like any new file on Windows.
//!
//! Only a kill can leave a temporary file behind. Its name follows from the target, so the next write to the same target
//! removes it. Its writer holds a lock on it, so a file in use is not removed. The lock ends before the file gets its
//! name, because nobody could read it otherwise. If another writer removes it in this moment, it is written again.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::{ownership, signals, stream};
use crate::system::temporary_names::TemporaryNames;
use crate::time::Deadline;

/// The number of attempts, in case another writer takes our file for one that was left behind.
const ATTEMPTS: usize = 5;

/// How long to wait for another program that keeps the old file from being replaced.
const REPLACE_TIMEOUT: Duration = Duration::from_secs(2);

/// The pause between two attempts to replace the old file.
const PAUSE: Duration = Duration::from_millis(10);

/// Access was denied (`ERROR_ACCESS_DENIED`). A file that is open without being shared gives this too.
const ACCESS_DENIED: i32 = 5;

/// Replaces a regular file, and writes through to anything else, such as a named pipe or a device. The deadline applies to
/// waiting for other programs.
pub(crate) fn write(path: &Path, content: &[u8], deadline: Deadline) -> io::Result<()> {
    match stream::open(path, deadline)? {
        Some(stream) => stream.write(content, deadline),
        None => replace(path, content, deadline),
    }
}

/// Writes a file, and renames it over the old one.
///
/// A process that reads the path meanwhile sees the old content or the new content, never a part. A symbolic link is
/// replaced, not followed. If anything fails, the old file is unchanged.
fn replace(path: &Path, content: &[u8], deadline: Deadline) -> io::Result<()> {
    let names = TemporaryNames::of(path)?;
    // The rename would fail too, but only after the timeout.
    if path.symlink_metadata().is_ok_and(|found| found.permissions().readonly()) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
    }
    {
        let _held = signals::hold();
        let mut attempts = 1;
        while let Err(error) = create_file(&names, content)?.rename(path, deadline) {
            if error.kind() != io::ErrorKind::NotFound || attempts == ATTEMPTS {
                return Err(error);
            }
            attempts += 1;
        }
    }
    names.remove_left_over();
    Ok(())
}

/// A file under a temporary name, removed when dropped.
struct Temporary {
    path: PathBuf,
    /// Has the lock.
    file: Option<File>,
    is_renamed: bool,
}

impl Temporary {
    fn rename(mut self, target: &Path, deadline: Deadline) -> io::Result<()> {
        // Wine cannot unlock a file, so it is closed.
        self.file = None;
        let limit = deadline.within(REPLACE_TIMEOUT);
        loop {
            match fs::rename(&self.path, target) {
                Err(error) if is_in_use(&error) && !limit.has_passed() => {
                    thread::sleep(PAUSE.min(limit.remaining()));
                }
                result => {
                    self.is_renamed = result.is_ok();
                    return result;
                }
            }
        }
    }
}

fn is_in_use(error: &io::Error) -> bool {
    ownership::is_held(error) || error.raw_os_error() == Some(ACCESS_DENIED)
}

impl Drop for Temporary {
    fn drop(&mut self) {
        self.file = None;
        if !self.is_renamed {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Writes a file under a temporary name.
fn create_file(names: &TemporaryNames<'_>, content: &[u8]) -> io::Result<Temporary> {
    let (mut file, path) = names.first_free(create_locked)?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    let temporary = Temporary { path, file: Some(file), is_renamed: false };
    written.map(|()| temporary)
}

/// Creates a file and locks it.
fn create_locked(path: &Path) -> io::Result<File> {
    let file = File::options().write(true).create_new(true).open(path)?;
    match file.try_lock() {
        // Another writer has just taken it for a file that was left behind.
        Err(fs::TryLockError::WouldBlock) => Err(io::ErrorKind::AlreadyExists.into()),
        _ => Ok(file),
    }
}

/// Removes a file under a temporary name if a kill has left it behind. Returns whether it was removed.
pub(in crate::system) fn remove_if_left_over(path: &Path) -> bool {
    if !path.symlink_metadata().is_ok_and(|found| found.is_file()) {
        return false;
    }
    let Ok(file) = File::options().read(true).write(true).open(path) else { return false };
    file.try_lock().is_ok() && fs::remove_file(path).is_ok()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::windows::fs::OpenOptionsExt as _;

    use super::super::testing::is_wine;
    use super::*;
    use crate::system::temporary_names::NAMES;

    fn write(path: &Path, content: &[u8]) -> io::Result<()> {
        super::write(path, content, Deadline::after(Duration::from_millis(200)))
    }

    fn names(target: &Path) -> TemporaryNames<'_> {
        TemporaryNames::of(target).unwrap()
    }

    fn count(directory: &Path) -> usize {
        fs::read_dir(directory).unwrap().count()
    }

    #[test]
    fn file_is_replaced_while_a_reader_has_it_open() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        write(&path, b"old").unwrap();
        let mut reader = File::open(&path).unwrap();
        let replaced = write(&path, b"new");
        assert_eq!(replaced.is_ok(), !is_wine(), "{replaced:?}");
        let mut seen = String::new();
        reader.read_to_string(&mut seen).unwrap();
        let now = if is_wine() { "old" } else { "new" };
        assert_eq!((seen.as_str(), fs::read_to_string(&path).unwrap().as_str()), ("old", now));
        drop(reader);
        assert_eq!(count(directory.path()), 1);
    }

    #[test]
    fn reader_that_shares_the_file_with_nobody_is_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        fs::write(&path, b"old").unwrap();
        let reader = File::options().read(true).share_mode(1).open(&path).unwrap();
        assert!(write(&path, b"new").is_err());
        assert_eq!((fs::read(&path).unwrap().as_slice(), count(directory.path())), (&b"old"[..], 1));
        let waiting = thread::spawn({
            let path = path.clone();
            move || super::write(&path, b"new", Deadline::after(Duration::from_secs(20)))
        });
        thread::sleep(Duration::from_millis(50));
        drop(reader);
        waiting.join().unwrap().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn read_only_file_is_left_alone_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        fs::write(&path, b"old").unwrap();
        let mut permissions = path.metadata().unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions.clone()).unwrap();
        let error = super::write(&path, b"new", Deadline::never()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!((fs::read(&path).unwrap().as_slice(), count(directory.path())), (&b"old"[..], 1));
        #[expect(
            clippy::permissions_set_readonly_false,
            reason = "this is not Unix, and the file is removed"
        )]
        permissions.set_readonly(false);
        fs::set_permissions(&path, permissions).unwrap();
    }

    #[test]
    fn failed_write_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("inner")).unwrap();
        for target in ["inner", "inner/", "inner/..", "none/", "none/token"] {
            assert!(write(&directory.path().join(target), b"secret").is_err(), "{target}");
        }
        assert_eq!((count(directory.path()), count(&directory.path().join("inner"))), (1, 0));
    }

    #[test]
    fn file_that_was_left_behind_is_removed_and_one_in_use_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        for number in [0, 3, NAMES - 1] {
            fs::write(names(&path).path(number), "left behind").unwrap();
        }
        let of_another_target = names(&directory.path().join("other")).path(0);
        fs::write(&of_another_target, "left behind").unwrap();
        write(&path, b"secret").unwrap();
        assert!(of_another_target.exists());
        assert_eq!(count(directory.path()), 2);
        let other = create_file(&names(&path), b"other").unwrap();
        write(&path, b"secret").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"secret");
        other.rename(&path, Deadline::never()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"other");
        assert_eq!(count(directory.path()), 2);
    }

    #[test]
    fn long_path_and_any_name_are_supported() {
        let directory = tempfile::tempdir().unwrap();
        let deep = directory.path().join("ä日本".repeat(10)).join("x".repeat(150)).join("y".repeat(120));
        fs::create_dir_all(&deep).unwrap();
        let path = deep.join("Schlüssel 鍵.txt");
        assert!(path.as_os_str().len() > 300);
        for content in [b"old", b"new"] {
            write(&path, content).unwrap();
            assert_eq!(fs::read(&path).unwrap(), content);
        }
    }
}
