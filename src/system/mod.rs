//! The operating system: processes and their groups, signals, locks, private files, and the environment.
//!
//! Every call that differs between operating systems is in this module.

pub(crate) mod blocking;
#[cfg(feature = "program")]
pub(crate) mod core_dump;
pub(crate) mod environment;
pub(crate) mod group;
pub(crate) mod lock;
pub(crate) mod obstacle;
mod poll;
pub(crate) mod private_directory;
#[cfg(feature = "program")]
pub(crate) mod private_file;
pub(crate) mod process;
#[cfg(feature = "program")]
pub(crate) mod signals;
pub(crate) mod stdio;
