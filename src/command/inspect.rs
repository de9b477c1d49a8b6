//! `inspect`: the claims of a token, for people and for `jq`. Decoded, not verified; the signature is not shown.

use std::fmt::Write as _;
use std::time::SystemTime;

use ibmcloud_token::error::{Error, Kind, Result};
use ibmcloud_token::source::{DEFAULT_LIFETIME, ensure_lifetime};
use ibmcloud_token::token::{Claims, Freshness, claims};
use ibmcloud_token::words;
use serde_json::Value;

use super::{Context, parse};
use crate::cli::InspectOptions;

/// Up to this length the names of claims make a column.
const WIDEST_NAME: usize = 32;

/// The claims that are points in time (RFC 7519, `OpenID` Connect Core).
const TIMES: [&str; 4] = ["exp", "iat", "nbf", "auth_time"];

pub(super) fn run(context: &Context, options: &InspectOptions) -> Result<()> {
    let as_json = context.wants_json("inspect")?;
    let token = match options.input.as_deref() {
        Some("-") => parse::token_on_stdin(context)?,
        Some(_) => {
            return Err(Error::new(
                Kind::Usage,
                "a token is not taken as an argument: others on this machine see it in the process list",
            )
            .with_hint("use `ibmcloud-token inspect -` and give it on the standard input"));
        }
        None => {
            context.ensure_session_home()?;
            context.with_session(context.deadline, |session| session.access_token(context.request()))?.token
        }
    };
    let claims = token.claims().ok_or_else(|| {
        Error::new(Kind::CliFailed, "the token has no claims that can be read: it is not a JWT")
            .with_hint("old versions of the CLI hand out opaque tokens; update it with `ibmcloud update`")
    })?;
    let now = SystemTime::now();
    let freshness = Freshness::of_claims(Some(&claims), now, DEFAULT_LIFETIME);
    // An expired token may be looked at, but it keeps no promise. The session's has kept it already.
    if options.input.is_some() && context.options.min_ttl.is_some() {
        ensure_lifetime(freshness, context.options.min_ttl, "the token", now)?;
    }
    let text = if as_json {
        words::escape_json(&serde_json::to_string(claims.all()).expect("it was read from JSON")) + "\n"
    } else {
        text(&claims, freshness)
    };
    context.write(text.as_bytes())
}

/// Returns a line per claim; those inside an object are named with a dot: `account.bss`.
fn text(claims: &Claims, freshness: Freshness) -> String {
    let mut lines = Vec::new();
    for (name, value) in claims.all() {
        match value {
            Value::Object(members) if !members.is_empty() => {
                lines
                    .extend(members.iter().map(|(member, value)| (format!("{name}.{member}"), shown(value))));
            }
            Value::Number(_) if TIMES.contains(&name.as_str()) => {
                let date = claims.numeric_date(name).and_then(claims::rfc3339);
                let date = date.map_or_else(String::new, |date| format!(" ({date})"));
                lines.push((name.clone(), format!("{value}{date}")));
            }
            _ => lines.push((name.clone(), shown(value))),
        }
    }
    lines.push(("(this token)".to_owned(), freshness.to_string()));
    for (name, value) in &mut lines {
        (*name, *value) = (words::within_a_line(name), words::within_a_line(value));
    }
    let widths = lines.iter().map(|(name, _)| name.chars().count());
    let width = widths.filter(|width| *width <= WIDEST_NAME).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in lines {
        let _ = writeln!(text, "{name:<width$}  {value}");
    }
    text
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) if values.iter().all(Value::is_string) => {
            values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}
