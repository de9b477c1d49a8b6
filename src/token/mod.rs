//! The access token: the one value everything here exists to hand over.
//!
//! A token is a secret newtype: no `Display`, a redacting `Debug`, one way to its text ([`AccessToken::expose`]),
//! wiped when dropped. It can only be made of characters that are safe in a header, a shell word, a protocol
//! field, so nothing after this module has to escape it. This module knows nothing of where tokens come from.

mod api_key;
pub mod claims;
mod freshness;

use std::fmt;

use zeroize::Zeroizing;

pub use api_key::{ApiKey, InvalidApiKey};
pub use claims::Claims;
pub use freshness::{Freshness, brief};

/// An OAuth 2.0 access token (RFC 6749): a JWT today, opaque in old versions of the CLI.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(Zeroizing<String>);

/// Why a text is not an access token. It never holds the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidToken {
    /// Nothing at all.
    Empty,
    /// A character that RFC 6750, section 2.1 (`b64token`) does not allow.
    Character,
    /// It starts as a JWT (RFC 7519) does, but is not three non-empty segments: it was cut off, or abbreviated.
    CutOff,
}

impl fmt::Display for InvalidToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the token is empty",
            Self::Character => "the token holds a character that no access token has (RFC 6750)",
            Self::CutOff => "the token was cut off: it starts like a JWT but is not a whole one",
        })
    }
}

impl std::error::Error for InvalidToken {}

impl AccessToken {
    /// Returns the token that `text` is, after checking it against RFC 6750's `b64token`:
    /// letters, digits and `-._~+/`, then any number of `=`.
    pub fn new(text: &str) -> Result<Self, InvalidToken> {
        let body = text.trim_end_matches('=');
        if body.is_empty() {
            return Err(InvalidToken::Empty);
        }
        if !body.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b)) {
            return Err(InvalidToken::Character);
        }
        // `eyJ` is `{"` in base64url: the header of every JWT.
        if body.starts_with("eyJ") && !is_jwt_shaped(body) {
            return Err(InvalidToken::CutOff);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// Returns the token's text. The boundary of where the secret is hidden: look for this word to find every use.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns whether this has the shape of a JWT: three segments, the first of them a JSON object.
    #[must_use]
    pub fn is_jwt(&self) -> bool {
        self.0.starts_with("eyJ") && is_jwt_shaped(&self.0)
    }

    /// Returns the decoded (not verified) claims, or nothing where the token is not a JWT that can be read.
    #[must_use]
    pub fn claims(&self) -> Option<Claims> {
        Claims::decode(self)
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(REDACTED)")
    }
}

fn is_jwt_shaped(text: &str) -> bool {
    text.split('.').count() == 3 && text.split('.').all(|segment| !segment.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_never_shows_itself() {
        let token = AccessToken::new("eyJhbGciOiJub25lIn0.e30.c2ln").unwrap();
        assert_eq!(format!("{token:?}"), "AccessToken(REDACTED)");
    }

    #[test]
    fn characters_outside_b64token_are_refused() {
        for text in ["a b", "a\nb", "a\rb", "a\0b", "a\u{7}b", "a'b", "a\"b", "a=b", "é", "<token>", "eyJ…"]
        {
            assert_eq!(AccessToken::new(text), Err(InvalidToken::Character), "{text:?}");
        }
        assert_eq!(AccessToken::new(""), Err(InvalidToken::Empty));
        assert_eq!(AccessToken::new("=="), Err(InvalidToken::Empty));
    }

    #[test]
    fn opaque_tokens_and_padding_are_taken() {
        for text in ["djn.._l_HWtlNTbxslBXs0qjBI9GqCnuQ", "abc==", "a~b+c/d"] {
            assert_eq!(AccessToken::new(text).unwrap().expose(), text);
        }
    }

    #[test]
    fn an_abbreviated_jwt_is_no_token() {
        for text in ["eyJraWQiOiIyM...", "eyJraWQiOiIyM", "eyJraWQi.eyJ", "eyJraWQi..c2ln"] {
            assert_eq!(AccessToken::new(text), Err(InvalidToken::CutOff), "{text}");
        }
    }
}
