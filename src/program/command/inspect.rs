//! `inspect`: show the claims of a token, as text or as JSON. They are decoded, not verified.

use std::fmt::Write as _;

use serde_json::Value;

use super::parse;
use crate::error::{Error, ErrorKind, Result};
use crate::program::arguments::Inspect;
use crate::program::context::Context;
use crate::program::output;
use crate::sanitize;
use crate::session::Request;
use crate::time::rfc3339;
use crate::token::{Claims, DEFAULT_LIFETIME, Freshness, IssuedToken, Origin, judge};

/// The widest column for the names of claims.
const MAX_NAME_WIDTH: usize = 32;

/// The claims that are points in time (RFC 7519, `OpenID` Connect Core).
const TIMES: [&str; 4] = ["exp", "iat", "nbf", "auth_time"];

pub(in crate::program) fn run(arguments: &Inspect, context: &Context) -> Result<()> {
    let task = context.task();
    let token = match arguments.input.as_deref() {
        Some("-") => {
            let token = IssuedToken::new(parse::token_on_stdin(context)?, Origin::Stdin);
            // An expired token may be inspected, so nothing is required of it.
            judge(&token, task.now(), task.notes);
            token
        }
        Some(_) => {
            return Err(Error::new(
                ErrorKind::Usage,
                "a token cannot be an argument, because the process list would show it",
            )
            .with_hint("pass it on the standard input: `ibmcloud-token inspect -`"));
        }
        None => context.session_with_home()?.token(&Request::new(), &task)?,
    };
    let claims = token.claims().ok_or_else(|| {
        Error::new(ErrorKind::IbmcloudFailed, "the token is not a JWT, so it has no claims")
            .with_hint("old versions of the CLI print opaque tokens; update it with `ibmcloud update`")
    })?;
    if context.settings().json(&arguments.json) {
        return output::print_json(claims.all());
    }
    output::print(text(claims, token.freshness(task.now(), DEFAULT_LIFETIME)).as_bytes())
}

/// Returns one line for each claim. A claim inside an object is named with a dot, such as `account.bss`.
pub(in crate::program) fn text(claims: &Claims, freshness: Freshness) -> String {
    let mut lines = Vec::new();
    for (name, value) in claims.all() {
        match value {
            Value::Object(members) if !members.is_empty() => {
                lines
                    .extend(members.iter().map(|(member, value)| (format!("{name}.{member}"), shown(value))));
            }
            Value::Number(_) if TIMES.contains(&name.as_str()) => {
                let date = claims.numeric_date(name).and_then(rfc3339);
                let date = date.map_or_else(String::new, |date| format!(" ({date})"));
                lines.push((name.clone(), format!("{value}{date}")));
            }
            _ => lines.push((name.clone(), shown(value))),
        }
    }
    lines.push(("(this token)".to_owned(), freshness.to_string()));
    for (name, value) in &mut lines {
        (*name, *value) = (sanitize::line(name), sanitize::line(value));
    }
    let widths = lines.iter().map(|(name, _)| name.chars().count());
    let width = widths.filter(|width| *width <= MAX_NAME_WIDTH).max().unwrap_or(0);
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
