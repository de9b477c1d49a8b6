//! When a signal ends us, the CLI ends with us: captured runs are in process groups of their own and would go on.
//! A signal that our parent had us ignore (`nohup`, a job in the background of a script) stays ignored.

use std::fs;
use std::sync::mpsc::channel;
use std::sync::{Arc, Once};
use std::thread;

use ibmcloud_token::ibmcloud::group;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// Watches for the signals that end a program, from now on. Called before the CLI is run, and not on the way that
/// answers without it.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let ignored = ignored();
        let deadly: Vec<_> = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]
            .into_iter()
            .filter(|signal| ignored >> (signal - 1) & 1 == 0)
            .collect();
        // The thread first: without room for one, no signal is caught and lost.
        let (hand_over, handed_over) = channel::<Signals>();
        let listening = thread::Builder::new().spawn(move || {
            let Ok(mut signals) = handed_over.recv() else { return };
            if let Some(signal) = signals.forever().next() {
                group::end_all(signal == SIGINT || signal == SIGQUIT);
                // Dies by the signal, so that our parent sees that.
                let _ = emulate_default_handler(signal);
            }
        });
        // Ignored by our parent, it would have the kernel throw the exit status of the CLI away.
        let _ = flag::register(SIGCHLD, Arc::default());
        if listening.is_ok()
            && let Ok(signals) = Signals::new(deadly)
        {
            let _ = hand_over.send(signals);
        }
    });
}

/// Returns the set of ignored signals, as the kernel tells it (`proc_pid_status(5)`); where it does not, none.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0)
}
