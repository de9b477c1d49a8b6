//! Features that only the file systems of Unix have. A test that uses it is left out on Windows, where each of these functions panics.

#[cfg(unix)]
pub(crate) use unix::{chown, inode, is_root, make_pipe, mode, set_mode, symlink};
#[cfg(not(unix))]
pub(crate) use without::{chown, inode, is_root, make_pipe, mode, set_mode, shown_on_terminal, symlink};

#[cfg(unix)]
mod unix {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::path::Path;

    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;
    use rustix::process::geteuid;

    /// Gives a file to a user.
    pub(crate) fn chown(path: impl AsRef<Path>, user: u32) {
        std::os::unix::fs::chown(path, Some(user), None).unwrap();
    }

    /// The number of a file, which stays when the file is overwritten in place.
    pub(crate) fn inode(path: impl AsRef<Path>) -> u64 {
        fs::metadata(path).unwrap().ino()
    }

    pub(crate) fn is_root() -> bool {
        geteuid().is_root()
    }

    /// Creates a named pipe.
    pub(crate) fn make_pipe(path: &Path) {
        mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
    }

    /// The permissions of a file. A symbolic link is not followed.
    pub(crate) fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
    }

    /// Changes the permissions of a file.
    pub(crate) fn set_mode(path: impl AsRef<Path>, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// Creates a symbolic link.
    pub(crate) fn symlink(target: impl AsRef<Path>, link: impl AsRef<Path>) {
        std::os::unix::fs::symlink(target, link).unwrap();
    }
}

#[cfg(not(unix))]
mod without {
    use std::path::Path;
    use std::process::{Command, Stdio};

    pub(crate) fn chown(path: impl AsRef<Path>, user: u32) {
        panic!("{} cannot belong to {user}", path.as_ref().display());
    }

    pub(crate) fn inode(path: impl AsRef<Path>) -> u64 {
        panic!("no number of {}", path.as_ref().display());
    }

    pub(crate) fn is_root() -> bool {
        false
    }

    pub(crate) fn make_pipe(path: &Path) {
        panic!("no named pipe at {}", path.display());
    }

    pub(crate) fn mode(path: &Path) -> u32 {
        panic!("no permissions of {}", path.display());
    }

    pub(crate) fn set_mode(path: impl AsRef<Path>, mode: u32) {
        panic!("no permissions {mode:o} for {}", path.as_ref().display());
    }

    pub(crate) fn symlink(target: impl AsRef<Path>, link: impl AsRef<Path>) {
        panic!("no link from {} to {}", link.as_ref().display(), target.as_ref().display());
    }

    pub(crate) fn shown_on_terminal(
        command: &mut Command,
        _: fn(&mut Command, Stdio) -> &mut Command,
    ) -> String {
        panic!("no terminal for {command:?}");
    }
}
