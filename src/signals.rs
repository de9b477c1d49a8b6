//! When a signal ends us, the CLI ends with us: captured runs are in process groups of their own and would go on.

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
        let Ok(mut signals) = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM]) else { return };
        thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                group::end_all(signal == SIGINT || signal == SIGQUIT);
                // Dies by the signal, so that our parent sees that.
                let _ = emulate_default_handler(signal);
            }
        });
    });
}
