//! The operating system: processes and their groups, signals, locks, the terminal, private files, and the environment.
//!
//! Every call that differs between operating systems is in this module.

pub(crate) mod blocking;
pub(crate) mod bounded_file;
#[cfg(feature = "program")]
pub(crate) mod core_dump;
pub(crate) mod environment;
#[cfg(feature = "program")]
pub(crate) mod exec;
pub(crate) mod group;
pub(crate) mod interaction;
pub(crate) mod lock;
pub(crate) mod obstacle;
pub(crate) mod ownership;
mod poll;
pub(crate) mod private_directory;
#[cfg(feature = "program")]
pub(crate) mod private_file;
pub(crate) mod process;
#[cfg(feature = "program")]
pub(crate) mod signals;
pub(crate) mod stdio;
pub(crate) mod terminal;
