//! Ends the children when a signal ends this program: captured runs are in process groups of their own and would go on.
//!
//! A signal that our parent made us ignore (`nohup`, a background job of a script) stays ignored.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Once, OnceLock};
use std::thread;

use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTTIN, SIGTTOU};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::{group, terminal};

/// Whether one of the signals has arrived. Its handler sets this at once, before the listening thread runs.
static HAS_ARRIVED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Starts to watch for the signals that end a program. This is called before a child is started, so that an answer from
/// the session file does not pay for it.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let ignored = ignored();
        let watched: Vec<_> = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTTIN, SIGTTOU]
            .into_iter()
            .filter(|signal| ignored >> (signal - 1) & 1 == 0)
            .collect();
        // The thread comes first: without it, a signal would be caught and lost.
        let (sender, receiver) = channel::<Signals>();
        let listening = thread::Builder::new().spawn(move || {
            let Ok(mut signals) = receiver.recv() else { return };
            for signal in &mut signals.forever() {
                if matches!(signal, SIGTTIN | SIGTTOU) {
                    // The login was moved to the background. Stopped, it would keep the session's lock.
                    if !group::end_attended() {
                        let _ = emulate_default_handler(signal);
                    }
                    continue;
                }
                group::end_all(signal == SIGINT || signal == SIGQUIT);
                terminal::restore_for_the_end();
                // Die by the signal, so that our parent sees it.
                let _ = emulate_default_handler(signal);
            }
        });
        // If our parent made us ignore SIGCHLD, the kernel would discard the exit status of the CLI.
        let _ = flag::register(SIGCHLD, Arc::default());
        if listening.is_ok()
            && let Ok(signals) = Signals::new(&watched)
        {
            let _ = sender.send(signals);
            let arrived = HAS_ARRIVED.get_or_init(Arc::default);
            for signal in watched {
                let _ = flag::register(signal, Arc::clone(arrived));
            }
        }
    });
}

/// Does not return if one of the signals has arrived and the listening thread is about to end this program. Becoming
/// another program at that moment would lose the signal.
pub(crate) fn die_if_signalled() {
    while HAS_ARRIVED.get().is_some_and(|arrived| arrived.load(Ordering::SeqCst)) {
        thread::park();
    }
}

/// Returns the set of ignored signals from `/proc` (`proc_pid_status(5)`), or none where there is no `/proc`.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0)
}
