//! Windows.

#[cfg(feature = "program")]
pub(crate) mod core_dump;
#[cfg(feature = "program")]
pub(crate) mod exec;
pub(crate) mod group;
pub(crate) mod lock_file;
pub(crate) mod obstacle;
pub(crate) mod ownership;
pub(crate) mod platform;
pub(crate) mod private_directory;
#[cfg(feature = "program")]
pub(crate) mod private_file;
pub(crate) mod programs;
pub(crate) mod run;
#[cfg(feature = "program")]
pub(crate) mod signals;
pub(crate) mod stdio;
#[cfg(feature = "program")]
pub(crate) mod stream;
pub(crate) mod terminal;
#[cfg(test)]
pub(crate) mod testing;
