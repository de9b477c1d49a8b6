//! `doctor`: check the set-up of this machine, and say how to fix what is wrong.

use crate::error::Result;
use crate::program::arguments;
use crate::program::context::Context;
use crate::program::doctor::{self, Diagnosis};
use crate::program::output;

pub(in crate::program) fn run(arguments: &arguments::Doctor, context: &Context) -> Result<()> {
    #[cfg(feature = "net")]
    let online = context.settings().online(arguments)?;
    #[cfg(not(feature = "net"))]
    let online = false;
    let report = context.settings().report(arguments);
    let Diagnosis { findings, result, record } = doctor::examine(context, online, report.is_some());
    if let (Some(path), Some(record)) = (&report, record) {
        output::write_file(path, record.as_bytes(), context)?;
    }
    if context.settings().json(&arguments.json) {
        output::print_json(&findings)?;
    } else {
        output::print(findings.text().as_bytes())?;
    }
    result
}
