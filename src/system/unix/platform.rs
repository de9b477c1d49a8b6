//! Values and words that differ between platforms.

use std::path::Path;

#[cfg(feature = "program")]
use crate::format::Shell;

/// How to check whether the machine has reached a limit.
pub(crate) const CHECK_LIMITS: &str = "check the limits of this machine: `ulimit -a`";

/// The hint if a program cannot be started.
pub(crate) const REACHED_LIMIT: &str = "this machine may have reached a limit: check `ulimit -a`";

/// The hint if no thread can be started.
pub(crate) const TOO_MANY_THREADS: &str =
    "this machine may have reached a limit: check `ulimit -u` and `ulimit -v`";

/// How to make a file readable.
pub(crate) fn make_readable(path: &Path) -> String {
    format!("`chmod 600 {}`, or `chmod 700` its directory", path.display())
}

/// How to find runs of the CLI.
pub(crate) const LIST_RUNS: &str = "`pgrep -l ibmcloud` lists it";

/// The variables that name the directory of a user's data.
pub(crate) const DATA_VARIABLES: &[&str] = &["XDG_DATA_HOME"];

/// The variable that names the user's home directory.
pub(crate) const HOME: &str = "HOME";

/// Where programs keep a user's data, in the home directory.
pub(crate) const DATA_IN_HOME: &str =
    if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };

/// The shell that usually evaluates an assignment.
#[cfg(feature = "program")]
pub(crate) const SHELL: Shell = Shell::Sh;

/// Returns the command that creates a link to a program, beside it and with this name.
#[cfg(feature = "program")]
pub(crate) fn link_command(target: &Path, name: &str) -> String {
    format!("ln -s {} {}", target.display(), target.with_file_name(name).display())
}

/// The end of a line that a person types.
pub(crate) const LINE_END: &str = "\n";
