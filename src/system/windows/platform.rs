//! Values and words that differ between platforms.

#[cfg(feature = "program")]
use std::env::consts::EXE_SUFFIX;
use std::path::Path;

#[cfg(feature = "program")]
use crate::format::Shell;

/// How to check whether the machine has reached a limit.
pub(crate) const CHECK_LIMITS: &str = "check in the Task Manager whether this machine is short of memory";

/// The hint if a program cannot be started.
pub(crate) const REACHED_LIMIT: &str = "this machine may be short of memory, or a policy may forbid it";

/// The hint if no thread can be started.
pub(crate) const TOO_MANY_THREADS: &str = "this machine may be short of memory";

/// How to make a file readable.
pub(crate) fn make_readable(path: &Path) -> String {
    format!("give yourself the right to read and write `{}` (Security in its properties)", path.display())
}

/// How to find runs of the CLI.
pub(crate) const LIST_RUNS: &str = r#"`tasklist /fi "imagename eq ibmcloud.exe"` lists it"#;

/// The variables that name the directory of a user's data.
pub(crate) const DATA_VARIABLES: &[&str] = &["XDG_DATA_HOME", "LOCALAPPDATA"];

/// The variable that names the user's home directory.
pub(crate) const HOME: &str = "USERPROFILE";

/// Where programs keep a user's data, in the home directory.
pub(crate) const DATA_IN_HOME: &str = r"AppData\Local";

/// The shell that usually evaluates an assignment.
#[cfg(feature = "program")]
pub(crate) const SHELL: Shell = Shell::Powershell;

/// Returns the command that creates a link to a program, beside it and with this name. Anybody may create a hard link.
#[cfg(feature = "program")]
pub(crate) fn link_command(target: &Path, name: &str) -> String {
    let link = target.with_file_name(format!("{name}{EXE_SUFFIX}"));
    format!("cmd /c mklink /H \"{}\" \"{}\"", link.display(), target.display())
}

/// The end of a line that a person types at a console.
pub(crate) const LINE_END: &str = "\r\n";
