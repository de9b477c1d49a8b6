//! The commands, one file each.

pub(super) mod completions;
pub(super) mod configure;
pub(super) mod curl;
pub(super) mod doctor;
#[cfg(feature = "net")]
pub(super) mod exchange;
pub(super) mod exec;
pub(super) mod get;
pub(super) mod inspect;
pub(super) mod login;
pub(super) mod logout;
pub(super) mod man;
pub(super) mod parse;
pub(super) mod status;
pub(super) mod watch;
