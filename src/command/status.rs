//! `status`: who is logged in, where, for how long; from the session file alone, without network and CLI.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::time::{Duration, SystemTime};

use ibmcloud_token::error::{Error, Kind, Result};
use ibmcloud_token::ibmcloud::failure::LOG_IN;
use ibmcloud_token::ibmcloud::session_file::{Details, Named, SessionFile, Unusable};
use ibmcloud_token::source::{DEFAULT_LIFETIME, ensure_lifetime};
use ibmcloud_token::token::{AccessToken, Claims, Freshness, claims};
use ibmcloud_token::words;
use serde::Serialize;

use super::Context;

/// The width of the bar that shows what is left of a lifetime.
const BAR: usize = 20;

/// What there is to know. Members may be added, never renamed or removed; what is not known is `null`.
#[derive(Serialize)]
struct Status {
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

#[derive(Serialize)]
struct Entity {
    id: Option<String>,
    name: Option<String>,
}

pub(super) fn run(context: &Context) -> Result<()> {
    let as_json = context.wants_json("status")?;
    let (path, session) = context.with_session(context.deadline, |session| {
        let path = session
            .session_file()
            .ok_or_else(|| nobody("HOME is not set, so there is no session").with_hint("set HOME"))?;
        let file = SessionFile::read(&path, session.deadline).map_err(|unusable| match unusable {
            Unusable::Absent => nobody("not logged in: there is no session file"),
            Unusable::Torn => nobody("not logged in: the session file is empty or cut off"),
            Unusable::PassedOver(reason) => Error::new(
                Kind::Internal,
                format!("the session file `{}` is of no use: {reason}", path.display()),
            )
            .with_hint("ask the CLI itself: `ibmcloud target`"),
        })?;
        Ok((path, file))
    })?;
    let token = session.token.as_ref().ok_or_else(|| nobody("not logged in: the session holds no token"))?;
    let now = SystemTime::now();
    let freshness = Freshness::of(token, now, DEFAULT_LIFETIME);
    if let Freshness::Expired { .. } = freshness {
        return Err(Error::new(Kind::LoginNeeded, format!("the session's token {freshness}"))
            .with_hint("renew it with `ibmcloud-token`, or log in again: `ibmcloud-token login`"));
    }
    ensure_lifetime(freshness, context.options.min_ttl, "the session's token", now)?;
    let status = Status::new(token, session.details(), freshness, path.display().to_string());
    let text = if as_json {
        words::escape_json(&serde_json::to_string(&status).expect("it is made of texts and numbers")) + "\n"
    } else {
        status.text(freshness, context.options.output.is_none() && io::stdout().is_terminal())
    };
    context.write(text.as_bytes())
}

fn nobody(message: &str) -> Error {
    Error::new(Kind::LoginNeeded, message).with_hint(LOG_IN)
}

impl Status {
    fn new(token: &AccessToken, details: Details, freshness: Freshness, session_file: String) -> Self {
        let claims = token.claims();
        let claim = |name| claims.as_ref().and_then(|claims| claims.text(name)).map(str::to_owned);
        let mut account = Entity::from(details.account);
        account.id = account.id.or_else(|| claims.as_ref().and_then(Claims::account).map(str::to_owned));
        let mut profile = Entity::from(details.profile);
        profile.id = profile.id.or(details.assumed_trusted_profile_id);
        let date = |time: Option<i64>| time.and_then(claims::rfc3339);
        let expiration = claims.as_ref().and_then(Claims::expiration);
        Self {
            user: claims.as_ref().and_then(Claims::owner).map(str::to_owned),
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
            // Go's zero time: never.
            logged_in_at: details.login_at.filter(|time| !time.starts_with("0001-")),
            issued_at: date(claims.as_ref().and_then(Claims::issued_at)),
            expires_at: date(expiration),
            expiration,
            expires_in: freshness.remaining().map(|remaining| remaining.as_secs()),
            session_file,
        }
    }

    fn text(&self, freshness: Freshness, with_bar: bool) -> String {
        let mut text = String::new();
        let lifetime = match (self.lifetime(), freshness.remaining()) {
            (Some(lifetime), Some(remaining)) if with_bar => {
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
            let value = words::within_a_line(value.as_deref().unwrap_or("-"));
            let _ = writeln!(text, "{name:<16}{value}");
        }
        text
    }

    fn lifetime(&self) -> Option<Duration> {
        let issued_at = humantime::parse_rfc3339(self.issued_at.as_deref()?).ok()?;
        humantime::parse_rfc3339(self.expires_at.as_deref()?).ok()?.duration_since(issued_at).ok()
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

/// Returns what is left as a bar of characters.
fn bar(remaining: Duration, lifetime: Duration) -> String {
    let share = remaining.as_secs_f64() / lifetime.as_secs_f64().max(1.0);
    let full = (1..=BAR)
        .filter(|step| share * BAR_STEPS >= f64::from(u32::try_from(*step).unwrap_or(u32::MAX)))
        .count();
    format!("[{}{}]", "#".repeat(full), "-".repeat(BAR - full))
}

/// [`BAR`] for calculating.
const BAR_STEPS: f64 = 20.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_shows_the_share_that_is_left() {
        let bar = |remaining, lifetime| bar(Duration::from_secs(remaining), Duration::from_secs(lifetime));
        assert_eq!(bar(3600, 3600), "[####################]");
        assert_eq!(bar(1800, 3600), "[##########----------]");
        assert_eq!(bar(1, 3600), "[--------------------]");
        assert_eq!(bar(99, 0), "[####################]");
    }
}
