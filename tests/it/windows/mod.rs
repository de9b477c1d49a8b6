//! Features that only Windows has: jobs in place of process groups, batch files, files that others keep open, long paths.
//!
//! - `cli`: how the CLI is found, run and ended
//! - `files`: the session file and the output file
//! - `programs`: `exec`, `curl` and the formats
//!
//! `tests/windows` runs these and the other tests under Wine.

mod cli;
mod files;
mod programs;

use std::fs::{self, File};
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::sandbox::{Sandbox, is_available, names};

/// Opens a file and lets nobody else open it.
fn hold(path: &Path) -> File {
    File::options().read(true).write(true).share_mode(0).open(path).unwrap()
}

/// How many processes of the stand-in are alive. Each keeps a file open, and the system closes it when the process ends.
fn alive(sandbox: &Sandbox) -> usize {
    let files = names(&sandbox.log()).into_iter().filter(|name| name.starts_with("alive."));
    files.filter(|name| File::open(sandbox.log().join(name)).is_err()).count()
}

/// A program that `tests/windows` builds from C.
fn tool(name: &str) -> Option<PathBuf> {
    let directory = std::env::var_os("IBMCLOUD_TOKEN_TEST_CROSS");
    let directory = is_available(directory.is_some(), "`tests/windows` builds it").then_some(directory)?;
    Some(PathBuf::from(directory?).join(name))
}

/// Whether this is Wine, whose file system is that of Unix.
fn is_wine() -> bool {
    fs::exists(r"C:\windows\system32\winecfg.exe").unwrap()
}
