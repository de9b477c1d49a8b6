//! Lets the program end cleanly by a signal: its children end first, because captured runs are in process groups of
//! their own and would go on, and a file that is being replaced is finished or removed.
//!
//! A signal that our parent made us ignore (`nohup`, a background job of a script) stays ignored.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::{fs, io, mem};

use rustix::process::getpid;
use signal_hook::consts::{
    SIGABRT, SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGIO, SIGPROF, SIGQUIT, SIGSYS, SIGTERM, SIGTRAP, SIGTTIN,
    SIGTTOU, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU, SIGXFSZ,
};
use signal_hook::flag;
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level::{emulate_default_handler, exit};

use super::group;
use crate::system::hold::{self, Hold};
use crate::system::modes;

/// The signals that end a program by default and may be handled. Rust ignores SIGPIPE, and SIGXFSZ becomes an error of
/// the write.
const FATAL: [i32; 14] = [
    SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGABRT, SIGALRM, SIGIO, SIGPROF, SIGSYS, SIGTRAP, SIGUSR1, SIGUSR2,
    SIGVTALRM, SIGXCPU,
];

/// The fatal signals that only Linux has: SIGSTKFLT, SIGPWR and the real-time signals that the C library leaves free.
/// Each signal makes the registration of the next one slower, so only a file that is being replaced is protected from
/// these.
#[cfg(target_os = "linux")]
const FATAL_ON_LINUX: [std::ops::RangeInclusive<i32>; 3] = [16..=16, 30..=30, 35..=64];
#[cfg(not(target_os = "linux"))]
const FATAL_ON_LINUX: [std::ops::RangeInclusive<i32>; 0] = [];

/// Makes SIGINT and SIGTERM end the program with exit status 0.
pub(crate) fn end_well() {
    hold::set_ends_well();
    watch();
}

/// Holds back the death by a signal. Without a thread to watch for signals (`ulimit -u`), the default actions remain.
pub(crate) fn hold() -> Hold {
    if let Some(listener) = listener() {
        listener.add(FATAL_ON_LINUX.into_iter().flatten());
    }
    Hold::new()
}

/// A thread that acts on signals.
struct Listener {
    signals: Handle,
    thread: Mutex<Option<JoinHandle<Option<Signals>>>>,
    /// The signals that our parent made us ignore, as a set of bits.
    ignored: u64,
}

static LISTENER: OnceLock<Option<Listener>> = OnceLock::new();

fn listener() -> Option<&'static Listener> {
    LISTENER.get_or_init(|| Listener::start().ok()).as_ref()
}

impl Listener {
    fn start() -> io::Result<Self> {
        // If our parent made us ignore SIGCHLD, the kernel would discard the exit status of the CLI.
        let _ = flag::register(SIGCHLD, Arc::default());
        // A handler, even an empty one, lets the write that exceeds the limit return an error.
        let _ = flag::register(SIGXFSZ, Arc::default());
        // The thread comes first: without it, a signal would be caught and lost.
        let (sender, receiver) = channel::<Signals>();
        let thread = thread::Builder::new().spawn(move || {
            let mut signals = receiver.recv().ok()?;
            signals.forever().for_each(obey);
            Some(signals)
        })?;
        let signals = Signals::new([0; 0])?;
        let listener =
            Self { signals: signals.handle(), thread: Mutex::new(Some(thread)), ignored: ignored() };
        let _ = sender.send(signals);
        listener.add([SIGTTIN, SIGTTOU].into_iter().chain(FATAL));
        Ok(listener)
    }

    /// Listens for these signals too.
    fn add(&self, signals: impl Iterator<Item = i32>) {
        for signal in signals.filter(|signal| self.ignored >> (signal - 1) & 1 == 0) {
            let _ = self.signals.add_signal(signal);
        }
    }

    /// Ends the thread, and acts on every signal that has arrived.
    fn end(&self) {
        self.signals.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Ok(Some(mut signals))) = thread.map(JoinHandle::join) {
            signals.pending().for_each(obey);
            // To remove the handlers would take time, and a signal that arrives meanwhile would be lost.
            mem::forget(signals);
        }
    }
}

/// Does what a signal asks for.
fn obey(signal: i32) {
    if matches!(signal, SIGTTIN | SIGTTOU) {
        // The login was moved to the background. Stopped, it would keep the session's lock.
        if !group::end_attended() {
            let _ = emulate_default_handler(signal);
        }
        return;
    }
    group::end_all(signal == SIGINT || signal == SIGQUIT);
    modes::restore_for_the_end();
    let _held = hold::wait_for_holders();
    if hold::ends_well() && matches!(signal, SIGINT | SIGTERM) {
        exit(0);
    }
    die(signal);
}

/// Starts to watch for the signals that end a program. This is called before a child is started or a file is replaced,
/// so that an answer from the session file does not pay for it.
pub(crate) fn watch() {
    listener();
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

/// Does not return if a signal that ends this program has arrived. Becoming another program at that moment would lose
/// the signal.
pub(crate) fn die_if_signalled() {
    if let Some(Some(listener)) = LISTENER.get() {
        listener.end();
    }
}

/// Returns the set of ignored signals from `/proc` (`proc_pid_status(5)`), or none where there is no `/proc`.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0)
}
