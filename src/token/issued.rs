//! A token with its origin and its decoded times. A token is decoded only once, when this value is created.

use std::fmt;
use std::time::{Duration, SystemTime};

#[cfg(feature = "net")]
use super::freshness::present;
use super::{AccessToken, Claims, Freshness};
use crate::time::rfc3339;

/// The origin of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The session file of the CLI.
    SessionFile,
    /// A run of the CLI.
    Ibmcloud,
    /// The IAM service.
    Iam,
    /// The standard input.
    Stdin,
}

/// Writes the name that stands in JSON.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SessionFile => "session-file",
            Self::Ibmcloud => "cli",
            Self::Iam => "iam",
            Self::Stdin => "stdin",
        })
    }
}

/// An access token with its origin, claims and times.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    token: AccessToken,
    origin: Origin,
    claims: Option<Claims>,
    expiration: Option<i64>,
}

impl IssuedToken {
    /// Decodes the claims of a token.
    pub(crate) fn new(token: AccessToken, origin: Origin) -> Self {
        let claims = token.claims();
        let expiration = claims.as_ref().and_then(Claims::expiration);
        Self { token, origin, claims, expiration }
    }

    /// Applies the lifetime that the service reported. The token expires at `expiration`, or `expires_in` seconds
    /// after `requested_at`, if that is earlier than its own claim.
    #[cfg(feature = "net")]
    pub(crate) fn expiring(
        mut self,
        expiration: Option<i64>,
        expires_in: Option<i64>,
        requested_at: SystemTime,
    ) -> Self {
        let requested_at = present(self.issued_at(), requested_at);
        let by_lifetime = expires_in.and_then(|seconds| requested_at.checked_add(seconds));
        self.expiration = [self.expiration, expiration, by_lifetime].into_iter().flatten().min();
        self
    }

    /// Returns the token itself.
    #[must_use]
    pub fn token(&self) -> &AccessToken {
        &self.token
    }

    /// Returns where it came from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Returns its claims, decoded but not verified, or nothing if it is not a readable JWT.
    #[must_use]
    pub fn claims(&self) -> Option<&Claims> {
        self.claims.as_ref()
    }

    /// Returns when it expires, in seconds since 1970-01-01 UTC, or nothing if that is unknown.
    #[must_use]
    pub fn expiration(&self) -> Option<i64> {
        self.expiration
    }

    /// Returns when it expires as RFC 3339 in UTC, or nothing if that is unknown.
    #[must_use]
    pub fn expires_at(&self) -> Option<String> {
        self.expiration.and_then(rfc3339)
    }

    /// Returns when it was issued, in seconds since 1970-01-01 UTC, or nothing if that is unknown.
    #[must_use]
    pub fn issued_at(&self) -> Option<i64> {
        self.claims.as_ref().and_then(Claims::issued_at)
    }

    /// Returns its whole lifetime, from issue to expiry, or nothing if that is unknown.
    pub(crate) fn lifetime(&self) -> Option<Duration> {
        let seconds = self.expiration?.checked_sub(self.issued_at()?)?;
        Some(Duration::from_secs(u64::try_from(seconds).ok()?))
    }

    /// Compares its lifetime at `now` with a wanted lifetime.
    #[must_use]
    pub fn freshness(&self, now: SystemTime, wanted: Duration) -> Freshness {
        Freshness::of(self.expiration, self.issued_at(), now, wanted)
    }
}

#[cfg(test)]
#[cfg(feature = "net")]
mod tests {
    use super::*;

    fn expiration(token: &str, expiration: Option<i64>, expires_in: Option<i64>) -> Option<i64> {
        let requested_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        IssuedToken::new(AccessToken::new(token).unwrap(), Origin::Iam)
            .expiring(expiration, expires_in, requested_at)
            .expiration()
    }

    #[test]
    fn earliest_expiration_counts() {
        // Its claims are {"exp":5000}.
        let jwt = "eyJhbGciOiJub25lIn0.eyJleHAiOjUwMDB9.c2ln";
        assert_eq!(expiration(jwt, None, None), Some(5000));
        assert_eq!(expiration(jwt, None, Some(3600)), Some(4600));
        assert_eq!(expiration(jwt, Some(4000), Some(3600)), Some(4000));
        assert_eq!(expiration(jwt, None, Some(9000)), Some(5000));
        assert_eq!(expiration("opaque", None, Some(10)), Some(1010));
    }

    #[test]
    fn slow_clock_does_not_shorten_a_life() {
        // Its claims are {"iat":3000,"exp":6600}, so the clock that said 1000 is slow.
        let issued_later = "eyJhbGciOiJub25lIn0.eyJpYXQiOjMwMDAsImV4cCI6NjYwMH0.c2ln";
        assert_eq!(expiration(issued_later, None, Some(3600)), Some(6600));
    }
}
