//! When a signal ends us, the CLI ends with us: captured runs are in process groups of their own and would go on.
//! A signal that our parent had us ignore (`nohup`, a job in the background of a script) stays ignored.

use std::fs;
use std::sync::Once;
use std::thread;

use ibmcloud_token::ibmcloud::group;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// Watches for the signals that end a program, from now on. Called before the CLI is run, and not on the way that
/// answers without it.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let ignored = ignored();
        let deadly =
            [SIGHUP, SIGINT, SIGQUIT, SIGTERM].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
        let Ok(mut signals) = Signals::new(deadly) else { return };
        // Without room for a thread no signal is watched, and none is caught.
        let _ = thread::Builder::new().spawn(move || {
            if let Some(signal) = signals.forever().next() {
                group::end_all(signal == SIGINT || signal == SIGQUIT);
                // Dies by the signal, so that our parent sees that.
                let _ = emulate_default_handler(signal);
            }
        });
    });
}

/// Returns the set of ignored signals, as the kernel tells it (`proc_pid_status(5)`); where it does not, none.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0)
}
