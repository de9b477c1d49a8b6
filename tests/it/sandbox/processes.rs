//! Running processes, as /proc lists them.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use super::{Sandbox, eventually};

/// One file of every process, `cmdline` or `environ`, with the process ID. The file of a zombie is empty.
pub(crate) fn every_process(file: &str) -> Vec<(u32, Vec<u8>)> {
    let ids =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    ids.filter_map(|id: u32| Some((id, fs::read(format!("/proc/{id}/{file}")).ok()?))).collect()
}

/// The processes in this home, with their arguments.
pub(crate) fn running_in(sandbox: &Sandbox) -> Vec<(u32, String)> {
    let home = [b"HOME=", sandbox.home().as_os_str().as_bytes()].concat();
    let is_in_home = |environment: &[u8]| environment.split(|&byte| byte == 0).any(|entry| entry == home);
    let found = every_process("environ").into_iter().filter(|(_, environment)| is_in_home(environment));
    found.map(|(id, _)| (id, fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default())).collect()
}

/// The processes that the stand-in recorded: itself, and its children.
pub(crate) fn recorded_by_stand_in(sandbox: &Sandbox) -> Vec<u32> {
    let files = ["calls", "grandchildren"].map(|file| sandbox.log().join(file));
    let text = files.iter().filter_map(|file| fs::read_to_string(file).ok()).collect::<String>();
    text.lines().filter_map(|line| line.split(' ').next()?.parse().ok()).collect()
}

/// Whether a process still exists. An orphaned zombie does not count: only init, or another subreaper that the tests
/// run under, can remove it.
fn exists(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let Some((_, rest)) = stat.rsplit_once(')') else { return false };
    let parent = rest.split(' ').nth(2).unwrap_or_default();
    let parent = fs::read_to_string(format!("/proc/{parent}/cmdline")).unwrap_or_default();
    !rest.starts_with(" Z ") || parent.starts_with(super::PROGRAM)
}

/// Checks that nothing that a test has started is left.
#[track_caller]
pub(crate) fn nothing_is_left(sandbox: &Sandbox) {
    eventually("every process has ended", || {
        running_in(sandbox).is_empty() && !recorded_by_stand_in(sandbox).into_iter().any(exists)
    });
}
