//! Lets the program end cleanly by a signal: its children end first, because captured runs are in process groups of
//! their own and would go on, and a file that is being replaced is finished or removed.
//!
//! A signal that our parent made us ignore (`nohup`, a background job of a script) stays ignored.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::getpid;
use signal_hook::consts::{
    SIGABRT, SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGIO, SIGPROF, SIGQUIT, SIGSYS, SIGTERM, SIGTRAP, SIGTTIN,
    SIGTTOU, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU, SIGXFSZ,
};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::{emulate_default_handler, exit};

use super::{group, terminal};

/// Whether one of the fatal signals has arrived. Its handler sets this at once, before the listening thread runs.
static HAS_ARRIVED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// The signals that end a program by default and may be handled. Rust ignores SIGPIPE, and SIGXFSZ becomes an error of
/// the write.
const FATAL: [i32; 14] = [
    SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGABRT, SIGALRM, SIGIO, SIGPROF, SIGSYS, SIGTRAP, SIGUSR1, SIGUSR2,
    SIGVTALRM, SIGXCPU,
];

/// The fatal signals that only Linux has: SIGSTKFLT, SIGPWR and the real-time signals that the C library leaves free.
#[cfg(target_os = "linux")]
const FATAL_ON_LINUX: [std::ops::RangeInclusive<i32>; 3] = [16..=16, 30..=30, 35..=64];
#[cfg(not(target_os = "linux"))]
const FATAL_ON_LINUX: [std::ops::RangeInclusive<i32>; 0] = [];

/// The longest time that a signal is held back, in case a file system does not answer.
const MAX_HOLD: Duration = Duration::from_secs(5);

/// How many threads hold signals back.
static HOLDERS: Mutex<usize> = Mutex::new(0);

/// Notified when a holder lets go.
static LET_GO: Condvar = Condvar::new();

fn holders() -> MutexGuard<'static, usize> {
    HOLDERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Holds back the death by a signal until it is dropped.
pub(crate) struct Hold(());

/// Holds back the death by a signal. Without a thread to watch for signals (`ulimit -u`), the default actions remain.
pub(crate) fn hold() -> Hold {
    watch();
    *holders() += 1;
    Hold(())
}

impl Drop for Hold {
    fn drop(&mut self) {
        *holders() -= 1;
        LET_GO.notify_all();
    }
}

/// Starts to watch for the signals that end a program. This is called before a child is started or a file is replaced,
/// so that an answer from the session file does not pay for it.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let ignored = ignored();
        let watched: Vec<_> = [SIGTTIN, SIGTTOU]
            .into_iter()
            .chain(FATAL)
            .chain(FATAL_ON_LINUX.into_iter().flatten())
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
                let _held = LET_GO.wait_timeout_while(holders(), MAX_HOLD, |holders| *holders > 0);
                die(signal);
            }
        });
        // If our parent made us ignore SIGCHLD, the kernel would discard the exit status of the CLI.
        let _ = flag::register(SIGCHLD, Arc::default());
        // A handler, even an empty one, lets the write that exceeds the limit return an error.
        let _ = flag::register(SIGXFSZ, Arc::default());
        if listening.is_ok()
            && let Ok(signals) = Signals::new(&watched)
        {
            let _ = sender.send(signals);
            let arrived = HAS_ARRIVED.get_or_init(Arc::default);
            for signal in watched.into_iter().filter(|signal| ![SIGTTIN, SIGTTOU].contains(signal)) {
                let _ = flag::register(signal, Arc::clone(arrived));
            }
        }
    });
}

/// Starts to watch for signals if this is process 1 of a container. The kernel ignores a signal for process 1 unless
/// there is a handler.
pub(crate) fn watch_as_init() {
    if getpid().is_init() {
        watch();
    }
}

/// Dies by the signal, so that our parent sees it. Process 1 cannot, and a real-time signal has no emulation: they exit
/// with the status that a shell reports for the signal.
fn die(signal: i32) -> ! {
    if !getpid().is_init() {
        let _ = emulate_default_handler(signal);
    }
    exit(128 + signal);
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
