//! Signals that the caller of the tests ignores (`nohup`, `trap '' INT`).
//!
//! A process inherits them as ignored. The program respects that, so a test of Ctrl-C would fail; and with SIGCHLD
//! ignored nobody learns an exit status. A handler in this process fixes both: on `execve` a handled signal, unlike an
//! ignored one, gets its default action back. The tests themselves still ignore the signal.

use std::fs;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};

use signal_hook::consts::{SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU};
use signal_hook::flag;

/// Gives the programs that the tests start the default action for every signal.
pub(crate) fn restore_ignored() {
    static RESTORED: Once = Once::new();
    RESTORED.call_once(|| {
        // Without /proc nobody knows what is ignored, and the tests depend on the caller.
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0");
        let ignored = u64::from_str_radix(ignored.trim(), 16).unwrap();
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGTERM, SIGCHLD, SIGTSTP, SIGTTIN, SIGTTOU] {
            if ignored >> (signal - 1) & 1 == 1 {
                flag::register(signal, Arc::new(AtomicBool::new(false))).unwrap();
            }
        }
    });
}
