//! Directories for the user alone, and files of ours in them.
//!
//! Nothing in them is trusted because of its name: a link is not followed, and what was opened must be ours.

use std::fs::{DirBuilder, File, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;

use rustix::fs::{Mode, OFlags, openat};

use super::ownership::{is_of_user, is_root, open_with};

/// Creates a directory, and those above it, with mode 0700. Existing ones are not changed.
pub(crate) fn create(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// Returns an error unless a directory belongs to us and nobody else may write to it. If only the mode is wrong, the
/// error is of the kind `PermissionDenied`.
pub(crate) fn ensure_private(directory: &Path) -> io::Result<()> {
    ensure_only_we_write(&directory.metadata()?)
}

fn ensure_only_we_write(found: &Metadata) -> io::Result<()> {
    if !found.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    ensure_ours(found)?;
    if found.mode() & 0o022 != 0 {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "others may write to it"));
    }
    Ok(())
}

fn ensure_ours(found: &Metadata) -> io::Result<()> {
    if is_of_user(found) { Ok(()) } else { Err(io::Error::other("it belongs to another user")) }
}

/// Returns whether only we can open a directory. Root always can.
pub(super) fn is_closed_to_others(found: &Metadata) -> bool {
    ensure_ours(found).is_ok() && found.mode() & 0o044 == 0
}

/// Opens a file of ours for reading and writing, and creates it and its directory, both for the user alone.
///
/// The directory must be private and the file must be a regular file of ours with one name. Otherwise another user could
/// have us write to any file, by a link at a name that can be predicted.
pub(super) fn open_file(path: &Path) -> io::Result<File> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidFilename.into());
    };
    ensure_not_in_another_home(directory)?;
    create(directory)?;
    let directory = open_with(directory, OFlags::DIRECTORY | OFlags::NOFOLLOW)?;
    ensure_only_we_write(&directory.metadata()?)?;
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(openat(&directory, name, flags, Mode::RUSR | Mode::WUSR)?);
    let found = file.metadata()?;
    ensure_ours(&found)?;
    if !found.is_file() || found.nlink() != 1 {
        return Err(io::Error::other("it is not a regular file with one name"));
    }
    Ok(file)
}

/// Returns an error if root would create a directory in another user's home (`sudo -E`): the user could not enter it.
pub(crate) fn ensure_not_in_another_home(directory: &Path) -> io::Result<()> {
    let mut above = directory.ancestors().skip(1).filter_map(|above| above.metadata().ok());
    if is_root() && !directory.exists() && above.next().is_some_and(|above| !is_of_user(&above)) {
        return Err(io::Error::other("root would create it in another user's home"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use super::super::testing::make_pipe;
    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn file_is_created_for_the_user_alone_and_opened_again() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b/file");
        for _ in 0..2 {
            open_file(&path).unwrap();
        }
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o7777, 0o700);
    }

    #[test]
    fn link_pipe_or_file_of_another_user_is_not_opened() {
        let root = tempfile::tempdir().unwrap();
        set_mode(root.path(), 0o700);
        let [theirs, path] = ["theirs", "file"].map(|name| root.path().join(name));
        fs::write(&theirs, "theirs").unwrap();
        let refused = || {
            assert!(open_file(&path).is_err());
            assert_eq!(fs::read_to_string(&theirs).unwrap(), "theirs");
            fs::remove_file(&path).unwrap();
        };
        symlink(&theirs, &path).unwrap();
        refused();
        symlink(root.path().join("none"), &path).unwrap();
        refused();
        assert!(!root.path().join("none").exists());
        fs::hard_link(&theirs, &path).unwrap();
        refused();
        make_pipe(&path);
        refused();
        if is_root() {
            fs::write(&path, "").unwrap();
            chown(&path, Some(12345), None).unwrap();
            refused();
        }
    }

    #[test]
    fn directory_that_others_may_change_is_not_used() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("directory");
        let path = directory.join("file");
        fs::create_dir(&directory).unwrap();
        for (mode, is_private) in
            [(0o777, false), (0o770, false), (0o702, false), (0o755, true), (0o700, true)]
        {
            set_mode(&directory, mode);
            assert_eq!(open_file(&path).is_ok(), is_private, "{mode:o}");
            assert_eq!(ensure_private(&directory).is_ok(), is_private, "{mode:o}");
        }
        let link = root.path().join("link");
        symlink(&directory, &link).unwrap();
        assert!(open_file(&link.join("file")).is_err());
        if is_root() {
            chown(&directory, Some(12345), None).unwrap();
            assert!(open_file(&path).is_err());
            assert!(ensure_private(&directory).is_err());
        }
    }

    #[test]
    fn directory_that_others_can_open_is_recognized() {
        let root = tempfile::tempdir().unwrap();
        for (mode, is_closed) in
            [(0o700, true), (0o711, true), (0o740, false), (0o704, false), (0o755, false)]
        {
            set_mode(root.path(), mode);
            assert_eq!(is_closed_to_others(&root.path().metadata().unwrap()), is_closed, "{mode:o}");
        }
    }
}
