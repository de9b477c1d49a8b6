//! Templates in the style of curl's `-w`: `%{token}`, `%{account}`, `\n`.
//!
//! The values that a template can insert consist of characters that need no escaping inside JSON strings or quoted
//! shell words, so a value cannot inject anything into a template.

use std::borrow::Cow;
use std::time::SystemTime;

use crate::error::{Error, ErrorKind, Result};
use crate::secret::SecretBuffer;
use crate::token::{IssuedToken, is_token_byte};

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Value(Placeholder),
}

/// A value that a template can insert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placeholder {
    Token,
    Bearer,
    ExpiresAt,
    Expiration,
    ExpiresIn,
    Account,
    IamId,
}

impl Placeholder {
    const ALL: [Self; 7] = [
        Self::Token,
        Self::Bearer,
        Self::ExpiresAt,
        Self::Expiration,
        Self::ExpiresIn,
        Self::Account,
        Self::IamId,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Bearer => "bearer",
            Self::ExpiresAt => "expires_at",
            Self::Expiration => "expiration",
            Self::ExpiresIn => "expires_in",
            Self::Account => "account",
            Self::IamId => "iam_id",
        }
    }

    /// Returns the value for a token, or nothing if it is unknown. A claim with any other character than those allowed
    /// in values counts as unknown.
    pub(super) fn value(self, token: &IssuedToken, now: SystemTime) -> Option<Cow<'_, str>> {
        match self {
            Self::Token | Self::Bearer => Some(token.token().expose().into()),
            Self::ExpiresAt => token.expires_at().map(Cow::Owned),
            Self::Expiration => token.expiration().map(|seconds| seconds.to_string().into()),
            Self::ExpiresIn => expires_in(token, now).map(|seconds| seconds.to_string().into()),
            Self::Account => token.claims()?.account().filter(|text| is_plain(text)).map(Cow::Borrowed),
            Self::IamId => token.claims()?.text("iam_id").filter(|text| is_plain(text)).map(Cow::Borrowed),
        }
    }
}

/// Returns the remaining lifetime in seconds.
pub(super) fn expires_in(token: &IssuedToken, now: SystemTime) -> Option<u64> {
    token.freshness(now, std::time::Duration::ZERO).remaining().map(|remaining| remaining.as_secs())
}

/// Returns whether a text contains only the characters that are allowed in values.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_value_byte)
}

/// Returns whether a byte is allowed in values: the characters of a token, and those that dates and IDs have besides.
pub(super) fn is_value_byte(byte: u8) -> bool {
    is_token_byte(byte) || b":@".contains(&byte)
}

impl Template {
    /// Parses a template. The error is a message for the user.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            rest = &rest[next.len_utf8()..];
            match next {
                '%' if rest.starts_with('%') => {
                    literal.push('%');
                    rest = &rest[1..];
                }
                '%' => {
                    let (placeholder, after) = placeholder(rest)?;
                    if !literal.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut literal)));
                    }
                    parts.push(Part::Value(placeholder));
                    rest = after;
                }
                '\\' => {
                    literal.push(match rest.chars().next() {
                        Some('n') => '\n',
                        Some('t') => '\t',
                        Some('\\') => '\\',
                        _ => {
                            return Err(
                                "unknown escape; the known escapes are `\\n`, `\\t` and `\\\\`".to_owned()
                            );
                        }
                    });
                    rest = &rest[1..];
                }
                _ if next.is_control() => {
                    return Err("it has a control character; write `\\n` or `\\t`".to_owned());
                }
                _ => literal.push(next),
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self(parts))
    }

    /// Returns the fixed parts of the text.
    pub(super) fn literals(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Value(_) => None,
        })
    }

    /// Returns whether the text can contain a space or a tab.
    pub(super) fn has_space(&self) -> bool {
        self.0.iter().any(|part| match part {
            Part::Text(text) => text.contains([' ', '\t']),
            Part::Value(placeholder) => *placeholder == Placeholder::Bearer,
        })
    }

    /// Appends the text for a token. Literal text passes through `escape` first.
    pub(super) fn render(
        &self,
        token: &IssuedToken,
        now: SystemTime,
        escape: impl Fn(&str) -> Cow<'_, str>,
        output: &mut SecretBuffer,
    ) -> Result<()> {
        for part in &self.0 {
            match part {
                Part::Text(text) => output.push_str(&escape(text)),
                Part::Value(placeholder) => {
                    let value = placeholder.value(token, now).ok_or_else(|| unknown(*placeholder))?;
                    if *placeholder == Placeholder::Bearer {
                        output.push_str("Bearer ");
                    }
                    output.push_str(&value);
                }
            }
        }
        Ok(())
    }
}

/// Parses a placeholder after its percent sign, and returns the rest of the text.
fn placeholder(text: &str) -> Result<(Placeholder, &str), String> {
    let Some(text) = text.strip_prefix('{') else {
        return Err("it has a lone `%`; write `%%` for a percent sign".to_owned());
    };
    let found = Placeholder::ALL.into_iter().find_map(|placeholder| {
        Some((placeholder, text.strip_prefix(placeholder.name())?.strip_prefix('}')?))
    });
    found.ok_or_else(|| {
        let known = Placeholder::ALL.map(|placeholder| format!("`%{{{}}}`", placeholder.name()));
        format!("unknown placeholder; the known placeholders are {}", known.join(", "))
    })
}

fn unknown(placeholder: Placeholder) -> Error {
    let name = placeholder.name();
    Error::new(ErrorKind::RequirementUnmet, format!("`%{{{name}}}` is unknown for this token"))
        .with_hint("omit it from the template, or see what the token says with `-f json`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{AccessToken, Origin};

    fn rendered(template: &str, token: &str) -> Result<String, ErrorKind> {
        let token = IssuedToken::new(AccessToken::new(token).unwrap(), Origin::Stdin);
        let mut output = SecretBuffer::default();
        Template::parse(template)
            .unwrap()
            .render(&token, SystemTime::UNIX_EPOCH, |text| text.into(), &mut output)
            .map_err(|error| error.kind())?;
        Ok(String::from_utf8(output.to_vec()).unwrap())
    }

    #[test]
    fn placeholders_and_escapes_are_replaced() {
        // Its claims are {"iam_id":"IBMid-1","account":{"bss":"a1"},"exp":3600}.
        let jwt = "eyJhbGciOiJub25lIn0.eyJpYW1faWQiOiJJQk1pZC0xIiwiYWNjb3VudCI6eyJic3MiOiJhMSJ9LCJleHAiOjM2MDB9.c2ln";
        for (template, expected) in [
            ("%{token}", jwt.to_owned()),
            ("%{bearer}", format!("Bearer {jwt}")),
            ("%{expires_at} %{expiration} %{expires_in}", "1970-01-01T01:00:00Z 3600 3600".to_owned()),
            ("%{account}/%{iam_id}", "a1/IBMid-1".to_owned()),
            (r"100%%\t\\\n%{account}é", "100%\t\\\na1é".to_owned()),
        ] {
            assert_eq!(rendered(template, jwt), Ok(expected), "{template}");
        }
    }

    #[test]
    fn mistakes_are_found_before_any_work() {
        for template in
            ["%", "50% %{token}", "%{token", "%{Token}", "%{tokens}", "%{}", r"\r", r"\", "a\nb", "\0"]
        {
            assert!(Template::parse(template).is_err(), "{template:?}");
        }
    }

    #[test]
    fn unknown_value_is_an_error_and_never_an_empty_text() {
        for template in ["%{account}", "%{iam_id}", "%{expires_at}", "%{expiration}", "%{expires_in}"] {
            assert_eq!(rendered(template, "opaque"), Err(ErrorKind::RequirementUnmet), "{template}");
        }
    }

    #[test]
    fn claim_with_a_character_that_needs_escaping_is_unknown() {
        // Its claims are {"iam_id":"a'b","account":{"bss":"a b"}}.
        let jwt = "eyJhbGciOiJub25lIn0.eyJpYW1faWQiOiJhJ2IiLCJhY2NvdW50Ijp7ImJzcyI6ImEgYiJ9fQ.c2ln";
        for template in ["%{account}", "%{iam_id}"] {
            assert_eq!(rendered(template, jwt), Err(ErrorKind::RequirementUnmet), "{template}");
        }
    }
}
