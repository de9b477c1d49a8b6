//! `doctor`: check the set-up of this machine, and say how to fix what is wrong.

use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::program::arguments;
use crate::program::context::Context;
use crate::program::doctor::{self, Diagnosis};
use crate::program::output;
use crate::system::private_file;

pub(in crate::program) fn run(arguments: &arguments::Doctor, context: &Context) -> Result<()> {
    #[cfg(feature = "net")]
    let online = context.settings().online(arguments)?;
    #[cfg(not(feature = "net"))]
    let online = false;
    let report = context.settings().report(arguments);
    let Diagnosis { findings, result, record } = doctor::examine(context, online, report.is_some());
    if let (Some(path), Some(record)) = (&report, record) {
        write(path, record.as_bytes(), context)?;
    }
    if context.settings().json(&arguments.json) {
        output::print_json(&findings)?;
    } else {
        output::print(findings.text().as_bytes())?;
    }
    result
}

fn write(path: &Path, record: &[u8], context: &Context) -> Result<()> {
    private_file::write(path, record, context.deadline()).map_err(|error| {
        Error::new(ErrorKind::Internal, format!("cannot write the record to `{}`", path.display()))
            .with_hint("name a file in a directory that you may write to")
            .with_source(error)
    })
}
