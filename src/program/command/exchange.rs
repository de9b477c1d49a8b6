//! `exchange`: exchange an API key for a token over HTTPS, without the CLI.

use crate::error::{Error, ErrorKind, Result};
use crate::iam::{self, Endpoint};
use crate::program::arguments::{ExchangeOptions, IamOptions};
use crate::program::context::Context;
use crate::program::input;
use crate::token::ApiKey;

/// The variables that hold an API key or `@FILE`: those of the CLI and of the Terraform provider.
const KEY_VARIABLES: [&str; 2] = ["IBMCLOUD_API_KEY", "IC_API_KEY"];

/// The variable for the address of the service, which the Terraform provider and others use.
const ENDPOINT_VARIABLE: &str = "IBMCLOUD_IAM_API_ENDPOINT";

pub(in crate::program) fn run(arguments: &ExchangeOptions, context: &Context) -> Result<()> {
    let settings = context.settings();
    let output = settings.output(&arguments.output)?;
    if !arguments.raw {
        output.ensure_usable(context)?;
    }
    let requirements = settings.requirements(&arguments.token)?;
    let endpoint = endpoint(&arguments.iam, context)?;
    let key = api_key(arguments.apikey.as_deref(), context)?;
    let mut exchange = iam::Exchange::in_environment(&key, endpoint, context.environment().clone());
    if let Some(file) = &arguments.iam.ca_file {
        exchange = exchange.with_ca_file(file);
    }
    let task = context.task();
    let exchanged = exchange.run(&task)?;
    requirements.ensure(&exchanged.token, task.now(), task.notes)?;
    if arguments.raw {
        output.write(&exchanged.response, context)
    } else {
        output.hand_over(&exchanged.token, context)
    }
}

fn endpoint(options: &IamOptions, context: &Context) -> Result<Endpoint> {
    if options.private {
        return Ok(Endpoint::private());
    }
    let variable = || Some(context.environment().get(ENDPOINT_VARIABLE)?.to_string_lossy().into_owned());
    match options.endpoint.clone().or_else(variable) {
        Some(url) => Endpoint::new(&url),
        None => Ok(Endpoint::public()),
    }
}

fn api_key(argument: Option<&str>, context: &Context) -> Result<ApiKey> {
    input::api_key(context, argument, &KEY_VARIABLES)?.ok_or_else(|| {
        Error::new(ErrorKind::Usage, "there is no API key to exchange")
            .with_hint("give one with `--apikey @FILE`, `--apikey -` (standard input) or IBMCLOUD_API_KEY")
    })
}
