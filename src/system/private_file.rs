//! Writing a secret to a file that the user named: for them alone from the first byte, whole or not at all.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Writes a file with mode 0600: a new file in the same directory, synced, renamed over the old one.
///
/// Who reads the path meanwhile sees the old content or the new, never a part. A symbolic link is replaced, not
/// followed. When anything fails, the old file is as it was.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    ensure_replaceable(path)?;
    // `tempfile` creates with 0600 less the umask; the rest is given afterwards.
    let mut file = tempfile::Builder::new().prefix(".ibmcloud-token-").tempfile_in(directory)?;
    file.as_file().set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // The rename is on disk when the directory is; where that cannot be asked for, the content is still whole.
    if let Ok(directory) = File::open(directory) {
        let _ = directory.sync_all();
    }
    Ok(())
}

/// A file may be replaced, and so may a link to one, or to nothing; a directory, a device, a pipe, or the system's name
/// for an open file has to stay.
fn ensure_replaceable(path: &Path) -> io::Result<()> {
    let stays = |found: fs::Metadata| !found.is_file() && !found.is_symlink();
    if path.file_name().is_none()
        || leads_to_an_open_file(path)
        || path.symlink_metadata().is_ok_and(stays)
        || path.metadata().is_ok_and(stays)
    {
        return Err(io::Error::other("it is there and not a regular file"));
    }
    Ok(())
}

/// Returns whether links lead to where the system names open files, as `/dev/stdout` does: who replaced that one would
/// take it from everybody on the machine.
fn leads_to_an_open_file(path: &Path) -> bool {
    /// What Linux follows.
    const MOST_LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if path.starts_with("/proc") || path.starts_with("/dev/fd") {
            return true;
        }
        let Ok(target) = path.read_link() else { return false };
        path = path.parent().unwrap_or(&path).join(target);
    }
    false
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn the_file_is_private_and_replaces_a_link_instead_of_following_it() {
        let folder = tempfile::tempdir().unwrap();
        let (path, target) = (folder.path().join("token"), folder.path().join("target"));
        fs::write(&target, "theirs").unwrap();
        symlink(&target, &path).unwrap();
        write(&path, b"secret\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "secret\n");
        assert_eq!(fs::read_to_string(&target).unwrap(), "theirs");
        let metadata = fs::symlink_metadata(&path).unwrap();
        assert!(metadata.is_file());
        assert_eq!(metadata.permissions().mode() & 0o7777, 0o600);
    }

    #[test]
    fn a_failure_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("inner")).unwrap();
        assert!(write(&folder.path().join("inner"), b"secret").is_err());
        assert!(write(&folder.path().join("none/token"), b"secret").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, link) = (folder.path().join("pipe"), folder.path().join("link"));
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
            .unwrap();
        symlink("/dev/null", &link).unwrap();
        for path in [pipe.as_path(), link.as_path(), Path::new("/dev/null")] {
            assert!(write(path, b"secret").is_err(), "{}", path.display());
            assert!(!path.metadata().unwrap().is_file(), "{}", path.display());
        }
    }

    #[test]
    fn the_system_s_name_for_an_open_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let open = File::create(folder.path().join("open")).unwrap();
        let (name, link) = (folder.path().join("stdout"), folder.path().join("link"));
        symlink(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&open)), &name).unwrap();
        symlink("stdout", &link).unwrap();
        for path in [&name, &link] {
            assert!(write(path, b"secret").is_err(), "{}", path.display());
            assert!(path.is_symlink(), "{}", path.display());
        }
        // One that leads in a circle may go.
        let circle = folder.path().join("circle");
        symlink("circle", &circle).unwrap();
        write(&circle, b"secret").unwrap();
    }
}
