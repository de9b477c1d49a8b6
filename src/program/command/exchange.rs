//! `exchange`: exchange an API key for a token over HTTPS, without the CLI.

use crate::error::Result;
use crate::program::arguments::ExchangeOptions;
use crate::program::context::Context;
use crate::program::iam_source::IamSource;

pub(in crate::program) fn run(arguments: &ExchangeOptions, context: &Context) -> Result<()> {
    let settings = context.settings();
    let output = settings.output(&arguments.output)?;
    let is_raw = settings.raw(arguments.raw)?;
    if !is_raw {
        output.ensure_usable(context)?;
    }
    let requirements = settings.requirements(&arguments.token)?;
    let exchanged = IamSource::of_exchange(arguments, context)?.exchanged(context)?;
    let task = context.task();
    requirements.ensure(&exchanged.token, task.now(), task.notes)?;
    if is_raw {
        output.write(&exchanged.response, context)
    } else {
        output.hand_over(&exchanged.token, context)
    }
}
