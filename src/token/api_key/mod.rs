//! The API key: the long-lived secret that a token is exchanged for.
//!
//! A key comes from files, pipes and variables that other programs have written, so it is cleaned here, in one place
//! for every command. A text that cannot be a key is refused before anything is sent, and the error says what it is. No
//! length is required.

mod text;

use std::fmt;

use serde::Deserialize;
use zeroize::Zeroizing;

pub(crate) use text::cleaned;

/// An IBM Cloud API key. Like an access token, it is redacted in debug output and wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(Zeroizing<String>);

/// The reason why a text is not an API key. It never holds the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidApiKey {
    /// The text is empty.
    Empty,
    /// It is neither UTF-8 nor UTF-16.
    NotText,
    /// It has a space, a control character or a character outside ASCII.
    Character,
    /// It is a placeholder, such as `<your-api-key>`, or a variable that was not expanded.
    Placeholder,
    /// It is the ID of a key, a user or a service, such as `ApiKey-…`.
    Id,
    /// It is a token, and not the key that tokens are issued for.
    Token,
    /// It is an assignment, such as `IBMCLOUD_API_KEY=…`.
    Assignment,
    /// It is JSON without a string named `apikey`.
    NoApiKeyField,
}

impl fmt::Display for InvalidApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "it is empty",
            Self::NotText => "it is not text",
            Self::Character => "it has a space, a control character or a character outside ASCII",
            Self::Placeholder => "it is a placeholder, or a variable that was not expanded",
            Self::Id => "it is an ID, which is not secret; the key itself is shown only when it is created",
            Self::Token => "it is a token, and not the API key that a token is issued for",
            Self::Assignment => "it is an assignment such as `NAME=key`, and not the key alone",
            Self::NoApiKeyField => "it is JSON without a string named `apikey`",
        })
    }
}

impl std::error::Error for InvalidApiKey {}

impl ApiKey {
    /// Returns the key in the content of a file, a pipe or a variable: the bare key, or the JSON that the IBM Cloud
    /// console and `ibmcloud iam api-key-create --file` write (`{"name": …, "apikey": "…"}`).
    ///
    /// A byte order mark, UTF-16 (PowerShell), white space around the key, and the quotation marks that
    /// `docker --env-file` keeps are dropped.
    pub fn read(content: &[u8]) -> Result<Self, InvalidApiKey> {
        Self::of_text(&cleaned(content)?)
    }

    /// Returns the key that a cleaned text holds.
    pub(crate) fn of_text(text: &str) -> Result<Self, InvalidApiKey> {
        #[derive(Deserialize)]
        struct KeyFile {
            apikey: String,
        }
        if !is_json_object(text) {
            return Self::new(text);
        }
        let KeyFile { apikey } = serde_json::from_str(text).map_err(|_| InvalidApiKey::NoApiKeyField)?;
        Self::new(Zeroizing::new(apikey).trim())
    }

    /// Checks that `text` can be a key.
    pub fn new(text: &str) -> Result<Self, InvalidApiKey> {
        if text.is_empty() {
            return Err(InvalidApiKey::Empty);
        }
        // Placeholders and what follows `Bearer` may have spaces in them.
        if let Some(why) = text::mistaken_for_a_key(text) {
            return Err(why);
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(InvalidApiKey::Character);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// Returns the secret text. Search for this name to find every use.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Returns whether a text is the start of a JSON object: `{` and the start of a member, or of the end. `{apikey}` is a
/// placeholder.
fn is_json_object(text: &str) -> bool {
    text.strip_prefix('{').is_some_and(|rest| rest.is_empty() || rest.trim_start().starts_with(['"', '}']))
}

/// Returns whether these lines, typed at a terminal, hold all of a key. JSON may have several lines.
pub(crate) fn is_complete(typed: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(typed) else { return true };
    let text = text.trim();
    let is_open = |text: &str| {
        let parsed = serde_json::from_str::<serde::de::IgnoredAny>(text);
        parsed.is_err_and(|error| error.is_eof())
    };
    !(is_json_object(text) && is_open(text))
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(REDACTED)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn key_file_holds_the_bare_key_or_json() {
        for text in [
            "k-1_Z",
            " k-1_Z\r\n",
            "k-1_Z\n\n",
            "\u{feff}k-1_Z",
            "\u{a0}k-1_Z\u{200b}",
            "\"k-1_Z\"",
            "'k-1_Z'\n",
            " ' k-1_Z ' ",
            r#"{"name":"n","apikey":"k-1_Z","x":1}"#,
            "{\n\"apikey\": \"k-1_Z\"\n}\n",
            "'{\"apikey\": \" k-1_Z\\n\"}'",
        ] {
            assert_eq!(ApiKey::read(text.as_bytes()).unwrap().expose(), "k-1_Z", "{text:?}");
            for mark in ["\u{feff}", ""] {
                let text = format!("{mark}{}", text.trim_start_matches('\u{feff}'));
                for content in [utf16(&text, u16::to_le_bytes), utf16(&text, u16::to_be_bytes)] {
                    let key = ApiKey::read(&content);
                    if mark.is_empty() && !text.is_ascii() {
                        // Without a mark, only ASCII is recognized as UTF-16.
                        continue;
                    }
                    assert_eq!(key.unwrap().expose(), "k-1_Z", "{text:?}");
                }
            }
        }
    }

    #[test]
    fn any_graphic_ascii_of_any_length_is_a_key() {
        for key in [
            "k",
            r"+&=%20/?#;:@!$'()*,[]~^`|\<>.-_x",
            "good-key",
            "apikey-for-tests",
            "your",
            "xxx-1",
            "a=b",
            "eyJ0",
            "0a-1b…".trim_end_matches('…'),
        ] {
            assert_eq!(ApiKey::read(key.as_bytes()).map(|key| key.expose().to_owned()), Ok(key.to_owned()));
        }
        assert!(ApiKey::read("aB3".repeat(1000).as_bytes()).is_ok());
    }

    #[test]
    fn text_that_cannot_be_a_key_is_refused_by_its_name() {
        use InvalidApiKey::{Assignment, Character, Empty, Id, NoApiKeyField, NotText, Placeholder, Token};
        for (text, why) in [
            ("", Empty),
            ("  \n", Empty),
            ("\"\"", Empty),
            ("\u{feff}", Empty),
            ("a b", Character),
            ("a\nb", Character),
            ("a\0b", Character),
            ("schlüssel", Character),
            ("{apikey}", Placeholder),
            ("{", NoApiKeyField),
            ("\"key", Placeholder),
            ("key'\"", Placeholder),
            ("<your-api-key>", Placeholder),
            ("<your API key here>", Placeholder),
            ("[API_KEY]", Placeholder),
            ("YOUR_API_KEY", Placeholder),
            ("your-ibm-cloud-api-key", Placeholder),
            ("API_KEY", Placeholder),
            ("$IBMCLOUD_API_KEY", Placeholder),
            ("${IBMCLOUD_API_KEY}", Placeholder),
            ("${{ secrets.IBMCLOUD_API_KEY }}", Placeholder),
            ("$(cat key)", Placeholder),
            ("$env:IBMCLOUD_API_KEY", Placeholder),
            ("%IBMCLOUD_API_KEY%", Placeholder),
            ("xxxxxxxxxxxx", Placeholder),
            ("********", Placeholder),
            ("...", Placeholder),
            ("null", Placeholder),
            ("undefined", Placeholder),
            ("REPLACE_ME", Placeholder),
            ("changeme", Placeholder),
            ("ApiKey-01234567-89ab-cdef-0123-456789abcdef", Id),
            ("ServiceId-01234567-89ab-cdef-0123-456789abcdef", Id),
            ("iam-ServiceId-01234567-89ab-cdef-0123-456789abcdef", Id),
            ("IBMid-270006V8HM", Id),
            ("crn:v1:bluemix:public:iam-identity::a/1::apikey:ApiKey-1", Id),
            ("eyJraWQiOiIx.eyJpYW1faWQi.c2ln", Token),
            ("Bearer eyJraWQiOiIx.eyJpYW1faWQi.c2ln", Token),
            ("IBMCLOUD_API_KEY=k-1_Z", Assignment),
            ("export APIKEY=k-1_Z", Assignment),
            ("{}", NoApiKeyField),
            (r#"{"apikey": 5}"#, NoApiKeyField),
            (r#"{"apikey": ""}"#, Empty),
            (r#"{"apikey": "ApiKey-01234567-89ab"}"#, Id),
        ] {
            assert_eq!(ApiKey::read(text.as_bytes()), Err(why), "{text:?}");
        }
        for bytes in [b"\xff\xfek".as_slice(), b"\xff\xfe\x00\xd8", b"k\xff", b"\xfe\xffkey"] {
            assert_eq!(ApiKey::read(bytes), Err(NotText), "{bytes:?}");
        }
    }

    #[test]
    fn typed_json_is_complete_at_its_last_brace() {
        for text in ["k\n", "\n", "{apikey}\n", "{\"apikey\": \"k\"}\n", "{\n\"apikey\": \"k\"\n}\n", "{x\n"]
        {
            assert!(is_complete(text.as_bytes()), "{text:?}");
        }
        for text in ["{\n", "{\n\"name\": \"n\",\n", "{\"apikey\": \"k\"\n"] {
            assert!(!is_complete(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn key_is_not_shown_in_debug_output() {
        assert_eq!(format!("{:?}", ApiKey::new("hunter2").unwrap()), "ApiKey(REDACTED)");
    }
}
