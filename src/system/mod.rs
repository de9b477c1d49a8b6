//! The operating system: processes and their groups, signals, locks, the terminal, private files, and the environment.
//!
//! Every call that differs between operating systems is in this module. `unix` and `windows` offer the same modules and
//! functions to the code above, which does not know the platform.

#[cfg(feature = "program")]
pub(crate) mod appended_file;
pub(crate) mod blocking;
pub(crate) mod bounded_file;
#[cfg(feature = "program")]
pub(crate) mod config_file;
pub(crate) mod environment;
#[cfg(feature = "program")]
mod hold;
pub(crate) mod interaction;
pub(crate) mod lock;
#[cfg(feature = "program")]
pub(crate) mod lookup;
pub(crate) mod modes;
pub(crate) mod process;
#[cfg(feature = "program")]
mod temporary_names;
mod transcript;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;

/// Returns a hash that names a file: the same in every version of the program (FNV-1a, RFC 9923), and not secret.
pub(crate) fn hash_for_name(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
