//! Clients that `tests/interop/install` installs into the target directory.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{PROGRAM, is_available};

/// The path of a client: from a variable, or in `interop` in the target directory.
pub(crate) fn interop_client(variable: &str, default: &str) -> PathBuf {
    // The program under test is in target/debug, or in target/TRIPLE/debug.
    let in_target = || {
        let mut directories = Path::new(PROGRAM).ancestors().skip(2).map(|parent| parent.join("interop"));
        directories.find(|directory| directory.exists()).unwrap_or_default().join(default)
    };
    env::var_os(variable).map_or_else(in_target, PathBuf::from)
}

/// Whether a client works here. In CI, where no test may be skipped, it must.
pub(crate) fn is_installed(client: &str, probe: &mut Command) -> bool {
    let works =
        probe.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    is_available(works, &format!("{client} is not installed: run tests/interop/install"))
}
