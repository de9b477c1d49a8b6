//! Writing a secret to a file that the user named: for the user alone from the first byte, whole or not at all.
//!
//! The content is complete and on disk before the file gets a name. Where the file system has unnamed files (Linux,
//! `O_TMPFILE`), the file has no name until the last moment, and elsewhere it is under a temporary name meanwhile. A
//! signal is held back while that name exists. Only SIGKILL can leave a temporary file behind. Its name follows from the
//! target, so the next write to the same target removes it. Its writer holds a lock on it (`flock`), so a file in use is
//! not removed.

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::ownership::{is_of_user, open_with};
use super::{signals, stream};
use crate::system::temporary_names::TemporaryNames;
use crate::time::Deadline;

/// The mode of the file.
const MODE: u32 = 0o600;

/// Replaces a regular file, and writes through to anything else: a pipe, a device, or the system's name for an open file
/// such as `/dev/stdout`. The deadline applies to waiting for a reader.
pub(crate) fn write(path: &Path, content: &[u8], deadline: Deadline) -> io::Result<()> {
    match stream::open(path, deadline)? {
        Some(stream) => stream.write(content, deadline),
        None => replace(path, content),
    }
}

/// Writes a file with mode 0600, and renames it over the old one.
///
/// A process that reads the path meanwhile sees the old content or the new content, never a part. A symbolic link is
/// replaced, not followed. If anything fails, the old file is unchanged.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let names = TemporaryNames::of(path)?;
    {
        let _held = signals::hold();
        let temporary = match name_unnamed_file(&names, content)? {
            Some(temporary) => temporary,
            None => create_file(&names, content)?,
        };
        temporary.rename(path)?;
    }
    names.remove_left_over();
    // The rename is on disk when the directory is. Where the directory cannot be synced, the content is still whole.
    if let Ok(directory) = File::open(names.directory) {
        let _ = directory.sync_all();
    }
    Ok(())
}

/// Makes the content complete and private. The mode is set because the umask may have taken bits away.
fn fill(mut file: &File, content: &[u8]) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(MODE))?;
    file.write_all(content)?;
    file.sync_all()
}

/// A file under a temporary name, removed when dropped.
struct Temporary {
    path: PathBuf,
    /// Has the lock.
    file: File,
}

impl Temporary {
    fn rename(self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename, the path no longer exists, and no other process could have used it while we hold the lock: a
        // name is free only if the file under it is gone.
        let _ = remove_if_same(&self.path, &self.file);
    }
}

/// Writes a file without a name, and then gives it a temporary one. Returns nothing if that is not supported here.
fn name_unnamed_file(names: &TemporaryNames<'_>, content: &[u8]) -> io::Result<Option<Temporary>> {
    let Some(file) = unnamed_file(names.directory) else { return Ok(None) };
    fill(&file, content)?;
    // The lock is held before the name exists. Where there are no locks, another writer removes nothing.
    let _ = file.try_lock();
    let path = names.first_free(|path| give_name(&file, path)).ok();
    Ok(path.map(|((), path)| Temporary { path, file }))
}

/// Writes a file under a temporary name.
fn create_file(names: &TemporaryNames<'_>, content: &[u8]) -> io::Result<Temporary> {
    let (file, path) = names.first_free(create_locked)?;
    let temporary = Temporary { path, file };
    fill(&temporary.file, content)?;
    Ok(temporary)
}

/// Returns a new file without a name, if the file system supports that.
#[cfg(target_os = "linux")]
fn unnamed_file(directory: &Path) -> Option<File> {
    let unnamed = OFlags::TMPFILE.bits().cast_signed();
    File::options().write(true).mode(MODE).custom_flags(unnamed).open(directory).ok()
}

/// Gives an unnamed file a name that does not exist yet.
#[cfg(target_os = "linux")]
fn give_name(file: &File, path: &Path) -> io::Result<()> {
    use std::os::fd::AsRawFd as _;

    use rustix::fs::{AtFlags, CWD, linkat};

    let open_file = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, open_file, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn unnamed_file(_: &Path) -> Option<File> {
    None
}

#[cfg(not(target_os = "linux"))]
fn give_name(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Creates a file and locks it.
fn create_locked(path: &Path) -> io::Result<File> {
    let file = File::options().write(true).create_new(true).mode(MODE).open(path)?;
    let is_locked = !matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock));
    // Before it was locked, another writer may have taken it for a file that was left behind.
    if is_locked && file.metadata()?.nlink() > 0 {
        Ok(file)
    } else {
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

/// Removes a file under a temporary name if SIGKILL has left it behind. Returns whether it was removed.
pub(in crate::system) fn remove_if_left_over(path: &Path) -> bool {
    let Ok(file) = open_with(path, OFlags::NOFOLLOW) else { return false };
    let is_ours = |found: Metadata| {
        found.is_file() && is_of_user(&found) && found.nlink() == 1 && found.mode() & 0o7777 & !MODE == 0
    };
    file.metadata().is_ok_and(is_ours) && file.try_lock().is_ok() && remove_if_same(path, &file).is_ok()
}

/// Removes the name of a file that we have locked, if it still is the name of this file.
fn remove_if_same(path: &Path, file: &File) -> io::Result<()> {
    let (there, locked) = (path.symlink_metadata()?, file.metadata()?);
    if (there.dev(), there.ino()) != (locked.dev(), locked.ino()) {
        return Err(io::ErrorKind::NotFound.into());
    }
    fs::remove_file(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::system::temporary_names::NAMES;

    fn write(path: &Path, content: &[u8]) -> io::Result<()> {
        super::write(path, content, Deadline::after(std::time::Duration::from_millis(50)))
    }

    fn temporary_names(target: &Path) -> TemporaryNames<'_> {
        TemporaryNames::of(target).unwrap()
    }

    fn private(path: &Path) {
        fs::write(path, "left behind").unwrap();
        fs::set_permissions(path, Permissions::from_mode(MODE)).unwrap();
    }

    #[test]
    fn file_is_private_and_replaces_a_link_instead_of_following_it() {
        let directory = tempfile::tempdir().unwrap();
        let (path, target) = (directory.path().join("token"), directory.path().join("target"));
        fs::write(&target, "theirs").unwrap();
        symlink(&target, &path).unwrap();
        write(&path, b"secret\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "secret\n");
        assert_eq!(fs::read_to_string(&target).unwrap(), "theirs");
        let metadata = fs::symlink_metadata(&path).unwrap();
        assert!(metadata.is_file());
        assert_eq!(metadata.permissions().mode() & 0o7777, 0o600);
        // A link in a circle leads to nothing, so it is replaced too.
        let circle = directory.path().join("circle");
        symlink("circle", &circle).unwrap();
        write(&circle, b"secret").unwrap();
        assert!(fs::symlink_metadata(&circle).unwrap().is_file());
    }

    #[test]
    fn failed_write_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("inner")).unwrap();
        symlink("inner", directory.path().join("link")).unwrap();
        for target in ["inner", "inner/", "inner/..", "link", "none/", "none/token"] {
            assert!(write(&directory.path().join(target), b"secret").is_err(), "{target}");
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
        assert_eq!(fs::read_dir(directory.path().join("inner")).unwrap().count(), 0);
    }

    #[test]
    fn file_system_without_unnamed_files_is_supported() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        let names = temporary_names(&path);
        let temporary = create_file(&names, b"secret").unwrap();
        assert_eq!(temporary.path.metadata().unwrap().mode() & 0o7777, 0o600);
        temporary.rename(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"secret");
        drop(create_file(&names, b"secret").unwrap());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn file_that_was_left_behind_is_removed_by_the_next_write() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        for number in [0, 3, NAMES - 1] {
            private(&temporary_names(&path).path(number));
        }
        let of_another_target = temporary_names(&directory.path().join("other")).path(0);
        private(&of_another_target);
        write(&path, b"secret").unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
        assert!(of_another_target.exists());
    }

    #[test]
    fn temporary_file_of_a_running_writer_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        let names = temporary_names(&path);
        for other in
            [create_file(&names, b"other").unwrap(), name_unnamed_file(&names, b"other").unwrap().unwrap()]
        {
            write(&path, b"secret").unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"secret");
            other.rename(&path).unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"other");
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn file_that_is_not_ours_is_kept_even_if_every_name_is_taken() {
        let directory = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (directory.path().join("token"), directory.path().join("elsewhere"));
        private(&elsewhere);
        let names = temporary_names(&path);
        symlink(&elsewhere, names.path(0)).unwrap();
        fs::hard_link(&elsewhere, names.path(1)).unwrap();
        fs::create_dir(names.path(2)).unwrap();
        for number in 3..NAMES {
            fs::write(names.path(number), "readable by others").unwrap();
            fs::set_permissions(names.path(number), Permissions::from_mode(0o644)).unwrap();
        }
        if super::super::ownership::is_root() {
            private(&names.path(4));
            std::os::unix::fs::chown(names.path(4), Some(12345), None).unwrap();
        }
        let before = fs::read_dir(directory.path()).unwrap().count();
        for create in [create_file, |names: &TemporaryNames<'_>, content: &[u8]| {
            Ok(name_unnamed_file(names, content)?.unwrap())
        }] {
            create(&names, b"secret").unwrap().rename(&path).unwrap();
        }
        write(&path, b"secret").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"secret");
        assert_eq!(fs::read(&elsewhere).unwrap(), b"left behind");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), before + 1);
    }
}
