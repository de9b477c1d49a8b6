//! `exchange`: turn an API key into a token over HTTPS, without the CLI.

use std::path::Path;
use std::time::SystemTime;

use ibmcloud_token::error::{Error, Kind, Result};
use ibmcloud_token::iam::{Endpoint, Exchange};
use ibmcloud_token::source::{DEFAULT_LIFETIME, ensure_lifetime, note_clock};
use ibmcloud_token::token::ApiKey;

use super::Context;
use super::secret_input::{self, Place};
use crate::cli::{ExchangeOptions, FormatName};

/// The variables that hold an API key, or `@FILE`: the CLI's, and Terraform's.
const API_KEY_VARIABLES: [&str; 2] = ["IBMCLOUD_API_KEY", "IC_API_KEY"];

/// The variable for the service's address, of the Terraform provider and others.
const ENDPOINT_VARIABLE: &str = "IBMCLOUD_IAM_API_ENDPOINT";

pub(super) fn run(context: &Context, options: &ExchangeOptions) -> Result<()> {
    let wants_response = context.options.format == FormatName::Response;
    if !wants_response {
        context.ensure_format()?;
    }
    let endpoint = endpoint(context, options)?;
    let key = api_key(context, options.apikey.as_deref())?;
    let exchange = Exchange {
        key: &key,
        endpoint: &endpoint,
        ca_file: options.ca_file.clone(),
        environment: &context.environment,
        deadline: context.deadline,
        notes: &|note| context.note(&note),
    };
    let exchanged = exchange.run()?;
    let now = SystemTime::now();
    let freshness = exchanged.answer.freshness(now, DEFAULT_LIFETIME);
    note_clock(freshness, &|note| context.note(&note));
    // There is no session that a login would renew.
    ensure_lifetime(freshness, context.options.min_ttl, "the token that IAM issued", now).map_err(
        |error| {
            error.with_hint("IAM decides how long a token lives: check this machine's clock, and `--min-ttl`")
        },
    )?;
    if wants_response { context.write(&exchanged.response) } else { context.hand_over(&exchanged.answer) }
}

fn endpoint(context: &Context, options: &ExchangeOptions) -> Result<Endpoint> {
    let from_variable =
        || context.environment.get(ENDPOINT_VARIABLE).map(|url| url.to_string_lossy().into_owned());
    match options.endpoint.clone().or_else(|| if options.private { None } else { from_variable() }) {
        Some(url) => Endpoint::new(&url),
        None if options.private => Endpoint::private(),
        None => Endpoint::public(),
    }
}

fn api_key(context: &Context, argument: Option<&str>) -> Result<ApiKey> {
    if let Some(value) = argument {
        return secret_input::api_key(context, &secret_input::api_key_place(value)?);
    }
    let (name, value) = API_KEY_VARIABLES
        .into_iter()
        .find_map(|name| Some((name, context.environment.get(name)?)))
        .ok_or_else(|| {
            Error::new(Kind::Usage, "there is no API key to exchange").with_hint(
                "give one with `--apikey @FILE`, `--apikey -` (standard input) or IBMCLOUD_API_KEY",
            )
        })?;
    let invalid = |source: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(Kind::Usage, format!("{name} holds no API key"))
            .with_hint("set it to the bare key, or to `@FILE`")
            .with_source(source)
    };
    let text = value.to_str().ok_or_else(|| invalid("it is not UTF-8".into()))?;
    match text.strip_prefix('@') {
        Some(file) => secret_input::api_key(context, &Place::File(Path::new(file))),
        None => ApiKey::new(text).map_err(|error| invalid(error.into())),
    }
}
