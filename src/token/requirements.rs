//! A caller's requirements on a token, and the check that a token meets them.

use std::time::{Duration, SystemTime};

use super::{Claims, Freshness, IssuedToken, Origin};
use crate::error::{Error, ErrorKind, Hint, Result};
use crate::note::{Note, Notes};
use crate::time::{brief, epoch_seconds, rfc3339};

/// The lifetime that the session file's token must have by default. Services reject tokens in their last seconds.
pub(crate) const DEFAULT_LIFETIME: Duration = Duration::from_secs(60);

/// Requirements on a token, in addition to being unexpired.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Requirements {
    /// The lifetime that was explicitly asked for.
    pub(crate) min_ttl: Option<Duration>,
    /// The ID of the account that the token must be for (the claim `account.bss`).
    pub(crate) account: Option<String>,
}

impl Requirements {
    /// Returns the lifetime that a token must have to answer without running the CLI.
    pub(crate) fn lifetime(&self) -> Duration {
        self.min_ttl.unwrap_or(DEFAULT_LIFETIME)
    }

    /// Judges a token once, at `now`: returns an error unless it is unexpired and meets the requirements. Warns of a slow
    /// clock.
    pub(crate) fn ensure(&self, token: &IssuedToken, now: SystemTime, notes: Notes<'_>) -> Result<()> {
        self.check(token, judge(token, now, notes), now)
    }

    /// Returns an error unless a token that was judged at `now` is unexpired and meets the requirements.
    ///
    /// A token whose lifetime is unknown is good enough unless a lifetime was asked for.
    pub(crate) fn check(&self, token: &IssuedToken, freshness: Freshness, now: SystemTime) -> Result<()> {
        let which = name(token.origin());
        if let Freshness::Expired { .. } = freshness {
            return Err(Error::new(ErrorKind::RequirementUnmet, format!("{which} {freshness}"))
                .with_hint(clock_hint(token.origin(), now)));
        }
        self.ensure_account(token)?;
        match self.min_ttl {
            Some(wanted) if !freshness.lasts(wanted) => Err(Error::new(
                ErrorKind::RequirementUnmet,
                format!("{which} {freshness}, but {} was requested", brief(wanted)),
            )
            .with_hint(lifetime_hint(token.origin(), freshness))),
            _ => Ok(()),
        }
    }

    /// Returns an error unless the claims name the account that was asked for.
    pub(crate) fn ensure_account(&self, token: &IssuedToken) -> Result<()> {
        let Some(wanted) = &self.account else { return Ok(()) };
        let which = name(token.origin());
        let what = match token.claims().and_then(Claims::account) {
            Some(account) if account == wanted => return Ok(()),
            Some(account) => format!("{which} is for the account `{account}`, but `{wanted}` was requested"),
            None => format!("{which} does not say its account, but the account `{wanted}` was requested"),
        };
        Err(Error::new(ErrorKind::RequirementUnmet, what).with_hint(account_hint(token.origin(), wanted)))
    }
}

/// Compares the token's lifetime with the default, and warns if its times show that the clock is slow.
pub(crate) fn judge(token: &IssuedToken, now: SystemTime, notes: Notes<'_>) -> Freshness {
    let freshness = token.freshness(now, DEFAULT_LIFETIME);
    if let Freshness::ClockOff { behind, .. } = freshness {
        notes(Note::ClockIsSlow(behind));
    }
    freshness
}

fn name(origin: Origin) -> &'static str {
    match origin {
        Origin::SessionFile => "the token in the session file",
        Origin::Ibmcloud => "the token that `ibmcloud iam oauth-tokens` printed",
        Origin::Iam => "the token that IAM issued",
        Origin::Stdin => "the token on the standard input",
    }
}

/// The CLI and IAM do not return expired tokens, so if one has expired, the clock is probably wrong.
fn clock_hint(origin: Origin, now: SystemTime) -> Hint {
    let now = rfc3339(epoch_seconds(now)).unwrap_or_else(|| "a year outside 1970 to 9999".to_owned());
    let hint = Hint::from(format!("check this machine's clock (it says {now})"));
    match origin {
        Origin::Iam => hint,
        Origin::SessionFile | Origin::Ibmcloud | Origin::Stdin => {
            hint.text(", or log in again: ").command("login")
        }
    }
}

fn lifetime_hint(origin: Origin, freshness: Freshness) -> Hint {
    match (origin, freshness) {
        (_, Freshness::UnknownLifetime) => {
            "omit `--min-ttl`, because the lifetime of such a token is unknown".into()
        }
        (Origin::Iam, _) => "ask for less with `--min-ttl`; IAM decides how long a token lives".into(),
        _ => Hint::from("ask for less with `--min-ttl`, or log in again for a new token: ").command("login"),
    }
}

fn account_hint(origin: Origin, wanted: &str) -> Hint {
    match origin {
        Origin::SessionFile | Origin::Ibmcloud => {
            Hint::from("log in to that account: ").command(format!("login -c {wanted}"))
        }
        Origin::Iam => "use an API key or a trusted profile of that account".into(),
        Origin::Stdin => "pass a token of that account".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::token::AccessToken;

    /// Judges a token that is issued at 1000 and expires at 4600.
    fn ensure(min_ttl: Option<u64>, now: u64) -> (Result<()>, bool) {
        let jwt = "eyJhbGciOiJub25lIn0.eyJpYXQiOjEwMDAsImV4cCI6NDYwMH0.c2ln";
        let token = IssuedToken::new(AccessToken::new(jwt).unwrap(), Origin::Ibmcloud);
        let requirements = Requirements { min_ttl: min_ttl.map(Duration::from_secs), account: None };
        let warned = Cell::new(false);
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now);
        let result = requirements.ensure(&token, now, &|note| {
            warned.set(matches!(note, Note::ClockIsSlow(_)));
        });
        (result, warned.get())
    }

    #[test]
    fn expired_token_is_refused_whatever_was_asked_for() {
        for min_ttl in [None, Some(0)] {
            assert_eq!(ensure(min_ttl, 4600).0.unwrap_err().kind(), ErrorKind::RequirementUnmet);
            assert!(ensure(min_ttl, 4599).0.is_ok());
        }
    }

    #[test]
    fn explicit_lifetime_is_enforced() {
        assert!(ensure(Some(600), 4000).0.is_ok());
        let error = ensure(Some(601), 4000).0.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RequirementUnmet);
        assert!(error.to_string().ends_with("is valid for another 10m, but 10m 1s was requested"), "{error}");
    }

    #[test]
    fn minute_is_wanted_by_default() {
        let wanted = |min_ttl| Requirements { min_ttl, account: None }.lifetime();
        assert_eq!(wanted(None), Duration::from_secs(60));
        assert_eq!(wanted(Some(Duration::ZERO)), Duration::ZERO);
    }

    #[test]
    fn refusal_names_the_origin_and_what_helps_there() {
        let refused = |token: &str, origin| {
            let token = IssuedToken::new(AccessToken::new(token).unwrap(), origin);
            let requirements = Requirements { min_ttl: Some(Duration::from_secs(9000)), account: None };
            let error = requirements.ensure(&token, SystemTime::UNIX_EPOCH, &|_| ()).unwrap_err();
            (error.to_string(), error.hint().unwrap())
        };
        // Its claims are {"exp":4600}.
        let jwt = "eyJhbGciOiJub25lIn0.eyJleHAiOjQ2MDB9.c2ln";
        for (token, origin, which, hint) in [
            (jwt, Origin::SessionFile, "in the session file is", "log in again"),
            (jwt, Origin::Ibmcloud, "`ibmcloud iam oauth-tokens` printed is", "log in again"),
            (jwt, Origin::Iam, "that IAM issued is", "IAM decides"),
            (jwt, Origin::Stdin, "on the standard input is", "log in again"),
            ("opaque", Origin::Iam, "that IAM issued has", "omit `--min-ttl`"),
        ] {
            let (message, shown) = refused(token, origin);
            assert!(message.contains(which) && shown.contains(hint), "{message}: {shown}");
        }
    }

    #[test]
    fn slow_clock_is_a_warning() {
        assert!(ensure(None, 900).1);
        assert!(!ensure(None, 1000).1);
    }

    #[test]
    fn account_is_that_of_the_claims() {
        // {"account":{"bss":"a1"},"exp":4600} and {"account":{"ims":"a1"},"exp":4600}
        const OF_A1: &str = "eyJhbGciOiJub25lIn0.eyJhY2NvdW50Ijp7ImJzcyI6ImExIn0sImV4cCI6NDYwMH0.c2ln";
        const UNKNOWN: &str = "eyJhbGciOiJub25lIn0.eyJhY2NvdW50Ijp7ImltcyI6ImExIn0sImV4cCI6NDYwMH0.c2ln";
        let ensure = |jwt: &str, account: &str| {
            let token = IssuedToken::new(AccessToken::new(jwt).unwrap(), Origin::SessionFile);
            let requirements = Requirements { account: Some(account.to_owned()), min_ttl: None };
            requirements.ensure(&token, SystemTime::UNIX_EPOCH, &|_| ())
        };
        assert!(ensure(OF_A1, "a1").is_ok());
        for (jwt, account, message) in [
            (OF_A1, "a2", "is for the account `a1`, but `a2` was requested"),
            (OF_A1, "A1", "is for the account `a1`, but `A1` was requested"),
            (UNKNOWN, "a1", "does not say its account, but the account `a1` was requested"),
            ("opaque", "a1", "does not say its account, but the account `a1` was requested"),
        ] {
            let error = ensure(jwt, account).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::RequirementUnmet, "{message}");
            assert!(error.to_string().ends_with(message), "{error}");
        }
    }
}
