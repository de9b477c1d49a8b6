//! Runs another program in place of this one. Windows cannot replace a program, so this one waits and passes the exit
//! status on.
//!
//! The program shares the console, the standard streams and the directory. It is in a job, so it does not outlive us, and
//! what it starts may. Ctrl-C reaches it directly, and it decides what that means.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use super::{group, programs, signals};
use crate::secret::SecretBuffer;
use crate::system::environment::Environment;
use crate::system::lookup::{Entries, LookupError};
use crate::system::process::{Extent, Handed};

/// Returns whether a program is named by its path.
pub(crate) fn is_path(program: &OsStr) -> bool {
    let mut parts = Path::new(program).components();
    !matches!((parts.next(), parts.next()), (None | Some(Component::Normal(_)), None))
}

/// Finds a program: by its path, or in PATH by its name. No entry stands for the current directory, unlike in `cmd.exe`.
pub(crate) fn look_up(
    program: &OsStr,
    entries: Entries,
    environment: &Environment,
) -> Result<PathBuf, LookupError> {
    if is_path(program) {
        let path = Path::new(program);
        return programs::at(path, environment).ok_or_else(|| unusable(path));
    }
    let path = environment.get("PATH").unwrap_or_default();
    let directories: Vec<PathBuf> = std::env::split_paths(path)
        .filter(|entry| entry.is_absolute() || entries == Entries::All && !entry.as_os_str().is_empty())
        .collect();
    programs::in_directories(program, &directories, Path::new("."), environment).ok_or(LookupError::Missing)
}

fn unusable(path: &Path) -> LookupError {
    let why = match path.metadata() {
        Err(_) => return LookupError::Missing,
        Ok(found) if found.is_dir() => io::ErrorKind::IsADirectory.into(),
        Ok(_) => io::Error::other("it is neither a program nor a batch file"),
    };
    LookupError::NotExecutable(path.to_owned(), why)
}

/// Runs a program, and ends with its exit status. This returns only if it cannot be run.
#[expect(clippy::disallowed_methods, reason = "the program runs in place of this one and has no deadline")]
pub(crate) fn become_program(
    path: &Path,
    _: &OsStr,
    arguments: &[OsString],
    environment: &Environment,
) -> io::Error {
    let mut command = Command::new(path);
    command.args(arguments).env_clear().envs(environment.iter());
    signals::leave_to_child();
    let ended = group::spawn(&mut command, Extent::Process)
        .and_then(|(mut child, running)| running.reap(|| child.wait()));
    match ended {
        Ok(status) => end(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}

/// The exit status of Windows has 32 bits, and an [`std::process::ExitCode`] has eight.
#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "this is the end of the program that ran in our place"
)]
fn end(status: i32) -> ! {
    std::process::exit(status)
}

/// The variable that holds a secret. It is not a setting of ours.
const VARIABLE: &str = "_IBMCLOUD_TOKEN_SECRET";

/// Hands a text without its line end to the program that runs in our place, through a variable.
///
/// A named pipe would be readable by every user by default. Windows has no name for an open file, as `/dev/fd` is on
/// Unix, and the standard input belongs to the user. Other users cannot read the variables of a process.
pub(crate) fn hand_over(content: &SecretBuffer, environment: &mut Environment) -> io::Result<Handed> {
    let text = std::str::from_utf8(content).map_err(io::Error::other)?;
    environment.set(VARIABLE, text.trim_end());
    Ok(Handed::Variable(VARIABLE))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn program_is_found_by_path_or_in_path() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::write(path("tool.exe"), "").unwrap();
        fs::write(path("text.txt"), "").unwrap();
        let environment: Environment = [("Path", directory.path())].into_iter().collect();
        let found = |name: &OsStr| look_up(name, Entries::Absolute, &environment);
        for name in ["tool", "tool.exe"] {
            assert!(found(OsStr::new(name)).is_ok(), "{name}");
            assert!(found(path(name).as_os_str()).is_ok(), "{name}");
        }
        assert!(matches!(found(path("text.txt").as_os_str()), Err(LookupError::NotExecutable(..))));
        assert!(matches!(found(directory.path().as_os_str()), Err(LookupError::NotExecutable(..))));
        for name in ["absent", "text.txt", r".\tool", ""] {
            assert!(matches!(found(OsStr::new(name)), Err(LookupError::Missing)), "{name}");
        }
    }

    #[test]
    fn relative_entry_of_path_is_for_names_that_the_user_typed() {
        for path in [".", "src"] {
            let environment: Environment = [("PATH", path)].into_iter().collect();
            let name = format!("ibmcloud-token-look-up-{}.exe", std::process::id());
            let file = Path::new(path).join(&name);
            fs::write(&file, "").unwrap();
            let [all, absolute] = [Entries::All, Entries::Absolute]
                .map(|entries| look_up(OsStr::new(&name), entries, &environment));
            fs::remove_file(&file).unwrap();
            assert!(all.is_ok(), "{path}");
            assert!(matches!(absolute, Err(LookupError::Missing)), "{path}");
        }
    }

    #[test]
    fn path_is_distinguished_from_a_name() {
        for (text, expected) in [
            ("tool", false),
            ("tool.exe", false),
            (r".\tool", true),
            ("a/b", true),
            ("C:tool", true),
            (r"\\s\t\x", true),
        ] {
            assert_eq!(is_path(OsStr::new(text)), expected, "{text}");
        }
    }
}
