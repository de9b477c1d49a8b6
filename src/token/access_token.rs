//! The access token.
//!
//! A token has no `Display`, its `Debug` is redacted, only [`AccessToken::expose`] returns its text, and it is wiped
//! when dropped. Its characters are safe in a header, a quoted shell word and a JSON string, so nothing after this
//! module has to escape it.

use std::fmt;

use zeroize::Zeroizing;

use super::Claims;

/// An OAuth 2.0 access token (RFC 6749): a JWT (RFC 7519) today, opaque in old versions of the CLI.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(Zeroizing<String>);

/// The reason why a text is not an access token. It never holds the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidToken {
    /// The text is empty.
    Empty,
    /// It has a character outside `b64token` (RFC 6750, section 2.1).
    Character,
    /// It starts like a JWT (RFC 7519) but does not have three non-empty segments: it was cut off or abbreviated.
    CutOff,
}

impl fmt::Display for InvalidToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the token is empty",
            Self::Character => "the token has a character that access tokens cannot have (RFC 6750)",
            Self::CutOff => "the token was cut off: it starts like a JWT but is incomplete",
        })
    }
}

impl std::error::Error for InvalidToken {}

impl AccessToken {
    /// Checks a text against `b64token` (RFC 6750, section 2.1): letters, digits and `-._~+/`, then any number of `=`.
    ///
    /// # Errors
    ///
    /// Returns the reason if the text is not a token, or starts like a JWT and was cut off.
    pub fn new(text: &str) -> Result<Self, InvalidToken> {
        let body = text.trim_end_matches('=');
        if body.is_empty() {
            return Err(InvalidToken::Empty);
        }
        if !body.bytes().all(|byte| byte != b'=' && is_token_byte(byte)) {
            return Err(InvalidToken::Character);
        }
        // `eyJ` is `{"` in base64url: the header of every JWT.
        if body.starts_with("eyJ") && !is_jwt_shaped(body) {
            return Err(InvalidToken::CutOff);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// Returns the secret text. Search for this name to find every use.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns whether this looks like a JWT: three segments, of which the first is a JSON object.
    #[must_use]
    pub fn is_jwt(&self) -> bool {
        self.0.starts_with("eyJ") && is_jwt_shaped(&self.0)
    }

    /// Decodes the claims without verifying them. Returns nothing if the token is not a readable JWT.
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

/// Returns the credentials in `Bearer <credentials>` (RFC 6750, section 2.1), in any case and with any white space
/// between, or nothing if the text has no such scheme.
pub(crate) fn bearer_credentials(text: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = text.split_at_checked("bearer".len())?;
    let credentials = trim_space(rest);
    (scheme.eq_ignore_ascii_case(b"bearer") && credentials.len() < rest.len()).then_some(credentials)
}

/// Returns whether a byte can stand in a token: `b64token` of RFC 6750, section 2.1.
pub(crate) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
}

/// White space within a line, including the no-break and the ideographic space, because people copy from web pages. Each
/// counts only as its whole UTF-8 sequence; a part of one is damage.
const SPACES: [&str; 4] = [" ", "\t", "\u{a0}", "\u{3000}"];

/// Returns a text without leading white space.
pub(crate) fn trim_space(mut text: &[u8]) -> &[u8] {
    while let Some(rest) = SPACES.iter().find_map(|space| text.strip_prefix(space.as_bytes())) {
        text = rest;
    }
    text
}

/// Returns a text without trailing white space.
pub(crate) fn trim_space_end(mut text: &[u8]) -> &[u8] {
    while let Some(rest) = SPACES.iter().find_map(|space| text.strip_suffix(space.as_bytes())) {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_redacted_in_debug_output() {
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
    fn opaque_tokens_and_padding_are_accepted() {
        for text in ["djn.._l_HWtlNTbxslBXs0qjBI9GqCnuQ", "abc==", "a~b+c/d"] {
            assert_eq!(AccessToken::new(text).unwrap().expose(), text);
        }
    }

    #[test]
    fn abbreviated_jwt_is_refused() {
        for text in ["eyJraWQiOiIyM...", "eyJraWQiOiIyM", "eyJraWQi.eyJ", "eyJraWQi..c2ln"] {
            assert_eq!(AccessToken::new(text), Err(InvalidToken::CutOff), "{text}");
        }
    }
}
