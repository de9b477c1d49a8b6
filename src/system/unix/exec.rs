//! Replaces this process with another program. It is looked up as a shell does it, but without a shell, and inherits
//! the state in which we were started.
//!
//! The working directory, the umask, the process group, the signal mask, the terminal and the resource limits are
//! never changed by us. The runtime of Rust ignores SIGPIPE, which [`become_program`] undoes. Every descriptor that we
//! open is closed on exec, except that of [`inherited_pipe`]. Standard streams that were closed are `/dev/null`,
//! because the runtime of Rust opens it there: a file that the program opens must not become its standard output.

use std::ffi::{CString, OsStr, OsString};
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Access, OFlags};
use rustix::io::FdFlags;

use super::signals;
use crate::secret::SecretBuffer;
use crate::system::environment::Environment;
use crate::system::lookup::{Entries, LookupError};
use crate::system::process::Handed;

/// The search path if PATH is not set, as in glibc and musl.
const DEFAULT_PATH: &str = "/usr/local/bin:/bin:/usr/bin";

/// Returns whether a program is named by its path.
pub(crate) fn is_path(program: &OsStr) -> bool {
    program.as_bytes().contains(&b'/')
}

/// Finds a program: by its path, or in PATH by a name without a slash.
pub(crate) fn look_up(
    program: &OsStr,
    entries: Entries,
    environment: &Environment,
) -> Result<PathBuf, LookupError> {
    if is_path(program) {
        let path = PathBuf::from(program);
        return match ensure_executable(&path) {
            Ok(()) => Ok(path),
            Err(error) => Err(unusable(path, error)),
        };
    }
    if program.is_empty() {
        return Err(LookupError::Missing);
    }
    let path = environment.get("PATH").unwrap_or(OsStr::new(DEFAULT_PATH));
    let mut first_problem = None;
    for directory in std::env::split_paths(path) {
        if entries == Entries::Absolute && !directory.is_absolute() {
            continue;
        }
        // An empty entry stands for the current directory.
        let candidate =
            Path::new(if directory.is_absolute() { "" } else { "." }).join(directory).join(program);
        match ensure_executable(&candidate) {
            Ok(()) => return Ok(candidate),
            Err(error) if is_absent(&error) => {}
            Err(error) => first_problem = first_problem.or(Some(unusable(candidate, error))),
        }
    }
    Err(first_problem.unwrap_or(LookupError::Missing))
}

fn ensure_executable(path: &Path) -> io::Result<()> {
    if path.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(rustix::fs::access(path, Access::EXEC_OK)?)
}

fn unusable(path: PathBuf, error: io::Error) -> LookupError {
    if is_absent(&error) { LookupError::Missing } else { LookupError::NotExecutable(path, error) }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Replaces this process with a program. `name` is its `argv[0]`. This returns only if that fails.
pub(crate) fn become_program(
    path: &Path,
    name: &OsStr,
    arguments: &[OsString],
    environment: &Environment,
) -> io::Error {
    let assignments = environment.iter().map(|(name, value)| [name.as_bytes(), value.as_bytes()].join(&b'='));
    let words =
        |words: &mut dyn Iterator<Item = Vec<u8>>| words.map(CString::new).collect::<Result<Vec<_>, _>>();
    let prepared = || -> io::Result<_> {
        let path = CString::new(path.as_os_str().as_bytes())?;
        let all = std::iter::once(name).chain(arguments.iter().map(OsString::as_os_str));
        let arguments = words(&mut all.map(|word| word.to_owned().into_vec()))?;
        Ok((path, arguments, words(&mut assignments.into_iter())?))
    };
    let (path, arguments, assignments) = match prepared() {
        Ok(prepared) => prepared,
        Err(error) => return error,
    };
    // A signal that has a handler gets its default action on exec.
    if let Err(error) = signal_hook::flag::register(signal_hook::consts::SIGPIPE, Arc::default()) {
        return error;
    }
    signals::die_if_signalled();
    let Err(error) = nix::unistd::execve(&path, &arguments, &assignments);
    error.into()
}

/// Hands a text to the program that replaces us, through a pipe.
pub(crate) fn hand_over(content: &SecretBuffer, _: &mut Environment) -> io::Result<Handed> {
    let (pipe, path) = inherited_pipe(content)?;
    Ok(Handed::File { path, _open: pipe.into() })
}

/// Returns a pipe with this content for the program that replaces us, and the path under which it can be opened. The
/// pipe is empty once it has been read, so no secret is left in it.
fn inherited_pipe(content: &[u8]) -> io::Result<(OwnedFd, PathBuf)> {
    let (reader, mut writer) = io::pipe()?;
    // Nothing reads from the pipe yet, so writing more than it can hold would block forever.
    rustix::fs::fcntl_setfl(&writer, OFlags::NONBLOCK)?;
    writer.write_all(content)?;
    drop(writer);
    rustix::io::fcntl_setfd(reader.as_fd(), FdFlags::empty())?;
    let number = reader.as_raw_fd();
    let paths = [format!("/dev/fd/{number}"), format!("/proc/self/fd/{number}")].map(PathBuf::from);
    let path = paths.into_iter().find(|path| path.exists());
    let path = path.ok_or_else(|| io::Error::other("neither /dev/fd nor /proc is there"))?;
    Ok((reader.into(), path))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn program_is_found_as_a_shell_finds_it() {
        let directory = tempfile::tempdir().unwrap();
        let [first, second] = ["first", "second"].map(|name| directory.path().join(name));
        for (parent, name, mode) in [
            (&first, "plain", 0o644),
            (&second, "plain", 0o755),
            (&first, "text", 0o644),
            (&second, "tool", 0o755),
        ] {
            fs::create_dir_all(parent).unwrap();
            fs::write(parent.join(name), "").unwrap();
            fs::set_permissions(parent.join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::create_dir(first.join("tool")).unwrap();
        fs::create_dir(first.join("directory")).unwrap();
        let path = std::env::join_paths([&first, &second]).unwrap();
        let environment: Environment = [("PATH", path)].into_iter().collect();
        let found = |name: &str| look_up(OsStr::new(name), Entries::All, &environment);
        // A file that cannot be executed, or a directory, hides nothing.
        assert_eq!(found("plain").unwrap(), second.join("plain"));
        assert_eq!(found("tool").unwrap(), second.join("tool"));
        assert!(
            matches!(found("text"), Err(LookupError::NotExecutable(path, _)) if path == first.join("text"))
        );
        assert!(matches!(found("directory"), Err(LookupError::NotExecutable(_, error))
            if error.kind() == io::ErrorKind::IsADirectory));
        assert!(matches!(found("absent"), Err(LookupError::Missing)));
        assert!(matches!(found(""), Err(LookupError::Missing)));
        // A name with a slash is a path.
        let by_path = |path: &Path| look_up(path.as_os_str(), Entries::All, &Environment::default());
        assert!(by_path(&second.join("tool")).is_ok());
        assert!(matches!(by_path(&second.join("tool/x")), Err(LookupError::Missing)));
        assert!(matches!(by_path(&first), Err(LookupError::NotExecutable(..))));
        assert_eq!(
            look_up(OsStr::new("sh"), Entries::All, &Environment::default()).unwrap(),
            Path::new("/bin/sh")
        );
    }

    #[test]
    fn only_a_name_that_the_user_typed_is_found_in_the_current_directory() {
        // Tests run in the package's directory.
        for path in ["tests/stand-in", ":/nowhere", "."] {
            let environment: Environment = [("PATH", path)].into_iter().collect();
            let name = OsStr::new(if path == "tests/stand-in" { "ibmcloud" } else { "Cargo.toml" });
            assert!(
                matches!(look_up(name, Entries::Absolute, &environment), Err(LookupError::Missing)),
                "{path}"
            );
            let found = look_up(name, Entries::All, &environment);
            assert!(!matches!(found, Err(LookupError::Missing)), "{path}: {found:?}");
        }
    }

    #[test]
    fn pipe_can_be_read_by_its_path_once() {
        let (pipe, path) = inherited_pipe(b"secret\n").unwrap();
        assert_eq!(rustix::io::fcntl_getfd(&pipe).unwrap(), FdFlags::empty());
        assert_eq!(fs::read(&path).unwrap(), b"secret\n");
        assert_eq!(fs::read(&path).unwrap(), b"");
        assert!(inherited_pipe(&vec![0; 10 << 20]).is_err(), "it must not block");
    }
}
