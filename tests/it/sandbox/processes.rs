//! Running processes, as /proc lists them.

use std::collections::HashSet;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{Sandbox, eventually};

/// One file of every process, `cmdline` or `environ`, with the process ID. The file of a zombie is empty.
pub(crate) fn every_process(file: &str) -> Vec<(u32, Vec<u8>)> {
    let ids =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    ids.filter_map(|id: u32| Some((id, fs::read(format!("/proc/{id}/{file}")).ok()?))).collect()
}

/// The processes that have a text in their `cmdline` or `environ`.
pub(crate) fn ids_with(file: &str, text: &str) -> Vec<u32> {
    let contains = |content: &[u8]| content.windows(text.len()).any(|part| part == text.as_bytes());
    every_process(file).into_iter().filter(|(_, content)| contains(content)).map(|(id, _)| id).collect()
}

/// The arguments of a process, each with a NUL after it.
pub(crate) fn arguments(id: u32) -> String {
    String::from_utf8_lossy(&fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default()).into_owned()
}

/// A field of a process, such as `VmRSS`, or nothing after its end.
pub(crate) fn status_field(id: u32, name: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let mut fields = status.lines().filter_map(|line| line.split_once(':'));
    fields.find_map(|(field, value)| (field == name).then(|| value.trim().to_owned()))
}

/// A field of a process in KiB, or nothing after its end.
pub(crate) fn kibibytes(id: u32, name: &str) -> Option<u64> {
    status_field(id, name)?.strip_suffix(" kB")?.parse().ok()
}

/// The fields of a process after its name, from the state on, which is the third in proc(5); none after its end.
pub(crate) fn stat_fields(id: u32) -> Vec<String> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // The name is in parentheses, and may hold some itself.
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    fields.split_whitespace().map(str::to_owned).collect()
}

/// The processes in this home.
fn running_in(home: &Path) -> impl Iterator<Item = u32> {
    let home = [b"HOME=", home.as_os_str().as_bytes()].concat();
    let is_in_home =
        move |environment: &[u8]| environment.split(|&byte| byte == 0).any(|entry| entry == home);
    let found = every_process("environ").into_iter().filter(move |(_, environment)| is_in_home(environment));
    found.map(|(id, _)| id)
}

/// Polls the arguments of every process in a home.
pub(crate) struct ArgumentWatch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<HashSet<String>>,
}

impl ArgumentWatch {
    pub(crate) fn start(home: &Path) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, home) = (Arc::clone(&stop), home.to_owned());
        let thread = thread::spawn(move || {
            let mut seen = HashSet::new();
            while !stopped.load(Ordering::Relaxed) {
                for id in running_in(&home) {
                    seen.insert(arguments(id));
                }
                thread::sleep(Duration::from_millis(3));
            }
            seen
        });
        Self { stop, thread }
    }

    /// The arguments that were seen. A NUL ends each argument of a process.
    pub(crate) fn end(self) -> HashSet<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
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
    match stat_fields(id).as_slice() {
        [state, parent, ..] => {
            state != "Z" || parent.parse().is_ok_and(|parent| arguments(parent).starts_with(super::PROGRAM))
        }
        _ => false,
    }
}

/// Checks that nothing that a test has started is left.
#[track_caller]
pub(crate) fn nothing_is_left(sandbox: &Sandbox) {
    eventually("every process has ended", || {
        running_in(sandbox.home()).next().is_none() && !recorded_by_stand_in(sandbox).into_iter().any(exists)
    });
}
