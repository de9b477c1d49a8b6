//! `status`: show who is logged in, where and for how long, from the session file alone, without the network or the
//! CLI.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::error::{Error, ErrorKind, Hint, Result};
use crate::ibmcloud::failure::log_in_hint;
use crate::ibmcloud::session_file::{Details, Named, Unusable};
use crate::note::Note;
use crate::program::arguments;
use crate::program::context::Context;
use crate::program::{output, report};
use crate::sanitize;
use crate::session::{self, Session, SessionName};
use crate::time::rfc3339;
use crate::token::{Claims, DEFAULT_LIFETIME, Freshness, IssuedToken, Origin, judge};

/// The width of the bar that shows the remaining lifetime.
const BAR: u8 = 20;

/// The status of a session. Members may be added, never renamed or removed. Unknown values are `null`.
#[derive(Serialize)]
struct SessionStatus {
    user: Option<String>,
    iam_id: Option<String>,
    kind: &'static str,
    account: Entity,
    resource_group: Entity,
    profile: Entity,
    region: Option<String>,
    endpoint: Option<String>,
    iam_endpoint: Option<String>,
    logged_in_at: Option<String>,
    issued_at: Option<String>,
    expires_at: Option<String>,
    expiration: Option<i64>,
    expires_in: Option<u64>,
    session_file: String,
}

/// An entry of `--all`. Its status is `null` if nobody is logged in, or if the session cannot be used.
#[derive(Serialize)]
struct Listed {
    /// The name, or `null` for the user's own session.
    session: Option<String>,
    status: Option<SessionStatus>,
}

#[derive(Serialize)]
struct Entity {
    id: Option<String>,
    name: Option<String>,
}

pub(in crate::program) fn run(arguments: &arguments::Status, context: &Context) -> Result<()> {
    let as_json = context.settings().json(&arguments.json);
    if context.settings().all(arguments.all)? {
        return all(as_json, context);
    }
    let session = context.session()?;
    let (token, details) = read(session, context)?;
    let task = context.task();
    let freshness = judge(&token, task.now(), task.notes);
    if let Freshness::Expired { .. } = freshness {
        let hint = Hint::from("renew it with ").command("").text(", or log in again: ").command("login");
        let what = format!("the token in `{}` {freshness}", session.file().display());
        return Err(Error::new(ErrorKind::LoginNeeded, what).with_hint(hint));
    }
    let status = SessionStatus::new(&token, details, freshness, session.file());
    if as_json {
        return output::print_json(&status);
    }
    let lifetime = io::stdout().is_terminal().then(|| token.lifetime()).flatten();
    output::print(status.text(freshness, lifetime).as_bytes())
}

/// Shows the user's own session and every named one, including those in which nobody is logged in.
fn all(as_json: bool, context: &Context) -> Result<()> {
    let environment = context.environment();
    let names = session::all_names(environment).map_err(|error| {
        Error::new(ErrorKind::Internal, "cannot list the named sessions").with_source(error)
    })?;
    let task = context.task();
    let now = task.now();
    let mut clock_is_behind = None;
    let mut sessions = Vec::new();
    let mut text = String::new();
    for name in [None].into_iter().chain(names.into_iter().map(Some)) {
        let session = Session::resolve(name.as_ref(), environment)?;
        let (status, summary) = match read(&session, context) {
            Ok((token, details)) => {
                let freshness = token.freshness(now, DEFAULT_LIFETIME);
                if let Freshness::ClockOff { behind, .. } = freshness {
                    clock_is_behind = clock_is_behind.max(Some(behind));
                }
                let status = SessionStatus::new(&token, details, freshness, session.file());
                let user = status.user.as_deref().unwrap_or("-").to_owned();
                let account = status.account.text().unwrap_or_else(|| "-".to_owned());
                (Some(status), format!("{user}  {account}  the token {freshness}"))
            }
            Err(error) => (None, report::message(&error)),
        };
        let shown = name.as_ref().map_or_else(|| "(your own)".to_owned(), SessionName::to_string);
        let _ = writeln!(text, "{shown:<16}{}", sanitize::line(&summary));
        sessions.push(Listed { session: name.map(|name| name.to_string()), status });
    }
    if let Some(behind) = clock_is_behind {
        task.note(Note::ClockIsSlow(behind));
    }
    if as_json { output::print_json(&sessions) } else { output::print(text.as_bytes()) }
}

/// Reads the session file. The error names the file that holds no login.
fn read(session: &Session, context: &Context) -> Result<(IssuedToken, Details)> {
    session.ensure_home_is_private()?;
    let path = session.file();
    let file = session.read_file(context.deadline()).map_err(|unusable| match unusable {
        Unusable::Absent => nobody(format!("not logged in: there is no session file `{}`", path.display())),
        Unusable::Torn => nobody(format!(
            "not logged in: the session file `{}` is empty, cut off or not JSON",
            path.display()
        )),
        Unusable::BeingWritten => session::being_written(path, context.deadline()),
        Unusable::Skipped(reason) => Error::new(
            ErrorKind::Internal,
            format!("cannot use the session file `{}`: {reason}", path.display()),
        )
        .with_hint("run `ibmcloud target` to see what the CLI says"),
    })?;
    let details = file.details();
    let token = file.token.ok_or_else(|| {
        nobody(format!("not logged in: the session file `{}` holds no token", path.display()))
    })?;
    Ok((IssuedToken::new(token, Origin::SessionFile), details))
}

fn nobody(message: String) -> Error {
    Error::new(ErrorKind::LoginNeeded, message).with_hint(log_in_hint())
}

impl SessionStatus {
    fn new(token: &IssuedToken, details: Details, freshness: Freshness, session_file: &Path) -> Self {
        let claims = token.claims();
        let claim = |name| claims.and_then(|claims| claims.text(name)).map(str::to_owned);
        let mut account = Entity::from(details.account);
        account.id = account.id.or_else(|| claims.and_then(Claims::account).map(str::to_owned));
        let mut profile = Entity::from(details.profile);
        profile.id = profile.id.or(details.assumed_trusted_profile_id);
        Self {
            user: claims.and_then(Claims::owner).map(str::to_owned),
            iam_id: claim("iam_id"),
            kind: match claim("sub_type").as_deref() {
                _ if details.is_logged_in_as_compute_resource == Some(true) => "compute resource",
                Some("ServiceId") => "service ID",
                Some("Profile") => "trusted profile",
                _ if profile.id.is_some() => "trusted profile",
                _ => "user",
            },
            account,
            resource_group: details.resource_group.into(),
            profile,
            region: details.region,
            endpoint: details.api_endpoint,
            iam_endpoint: details.iam_endpoint,
            // Go's zero time means never.
            logged_in_at: details.login_at.filter(|time| !time.starts_with("0001-")),
            issued_at: token.issued_at().and_then(rfc3339),
            expires_at: token.expires_at(),
            expiration: token.expiration(),
            expires_in: freshness.remaining().map(|remaining| remaining.as_secs()),
            session_file: session_file.display().to_string(),
        }
    }

    /// Returns the human-readable lines, with a bar if the whole lifetime is given.
    fn text(&self, freshness: Freshness, lifetime: Option<Duration>) -> String {
        let mut text = String::new();
        let lifetime = match (lifetime, freshness.remaining()) {
            (Some(lifetime), Some(remaining)) => {
                format!("{freshness} {}", bar(remaining, lifetime))
            }
            _ => freshness.to_string(),
        };
        let lines = [
            ("User", self.user.clone()),
            ("IAM ID", self.iam_id.clone()),
            ("Kind", Some(self.kind.to_owned())),
            ("Account", self.account.text()),
            ("Resource group", self.resource_group.text()),
            ("Profile", self.profile.text()),
            ("Region", self.region.clone()),
            ("Endpoint", self.endpoint.clone()),
            ("IAM endpoint", self.iam_endpoint.clone()),
            ("Logged in at", self.logged_in_at.clone()),
            ("Token", Some(lifetime)),
            ("Expires at", self.expires_at.clone()),
            ("Session file", Some(self.session_file.clone())),
        ];
        for (name, value) in lines {
            let value = sanitize::line(value.as_deref().unwrap_or("-"));
            let _ = writeln!(text, "{name:<16}{value}");
        }
        text
    }
}

impl From<Option<Named>> for Entity {
    fn from(named: Option<Named>) -> Self {
        let Named { id, name } = named.unwrap_or_default();
        Self { id, name }
    }
}

impl Entity {
    fn text(&self) -> Option<String> {
        match (&self.name, &self.id) {
            (Some(name), Some(id)) => Some(format!("{name} ({id})")),
            (Some(one), None) | (None, Some(one)) => Some(one.clone()),
            (None, None) => None,
        }
    }
}

/// Returns the remaining lifetime as a bar of characters.
fn bar(remaining: Duration, lifetime: Duration) -> String {
    let share = remaining.as_secs_f64() / lifetime.as_secs_f64().max(1.0);
    let full = (1..=BAR).filter(|step| share * f64::from(BAR) >= f64::from(*step)).count();
    format!("[{}{}]", "#".repeat(full), "-".repeat(usize::from(BAR) - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bar_shows_the_remaining_share() {
        let bar = |remaining, lifetime| bar(Duration::from_secs(remaining), Duration::from_secs(lifetime));
        assert_eq!(bar(3600, 3600), "[####################]");
        assert_eq!(bar(1800, 3600), "[##########----------]");
        assert_eq!(bar(1, 3600), "[--------------------]");
        assert_eq!(bar(99, 0), "[####################]");
    }
}
