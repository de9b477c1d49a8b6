//! The build without network code checks nothing on the way to IAM.

use std::time::SystemTime;

use super::{Check, Facts};
use crate::error::Result;
use crate::program::context::Context;
use crate::time::Deadline;

/// The way to IAM, of which nothing is checked.
pub(super) struct Network {
    /// IAM's own time if it was asked for and answered.
    pub(super) iam: Option<Result<Option<SystemTime>>>,
}

impl Network {
    pub(super) fn of(_: &Context, _: Option<String>, _: Option<Deadline>) -> Self {
        Self { iam: None }
    }
}

impl Facts<'_> {
    #[expect(clippy::unused_self, reason = "the same method as with network code")]
    pub(super) fn network_checks(&self) -> Vec<Check> {
        Vec::new()
    }
}
