//! The API key: the long-lived secret that a token is exchanged for.

use std::fmt;

use serde::Deserialize;
use zeroize::{Zeroize as _, Zeroizing};

/// An IBM Cloud API key. Like an access token, it is redacted in debug output and wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(Zeroizing<String>);

/// The reason why a text is not an API key. It never holds the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidApiKey {
    /// The text is empty.
    Empty,
    /// It has a space, a control character or a character outside ASCII.
    Character,
    /// It is a placeholder: IBM's own SDKs refuse a key that begins or ends with `{`, `}` or `"`.
    Placeholder,
    /// It is JSON without a string named `apikey`.
    NoApiKeyField,
}

impl fmt::Display for InvalidApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the API key is empty",
            Self::Character => "the API key has a space, a control character or a character outside ASCII",
            Self::Placeholder => {
                "the API key begins or ends with a brace or a quotation mark: is it a placeholder?"
            }
            Self::NoApiKeyField => "the key file is JSON without a string named `apikey`",
        })
    }
}

impl std::error::Error for InvalidApiKey {}

impl ApiKey {
    /// Returns the key that `text` holds: the bare key, or the JSON that the IBM Cloud console and
    /// `ibmcloud iam api-key-create --file` write (`{"name": …, "apikey": "…"}`). White space around it is dropped.
    pub fn from_file_content(text: &str) -> Result<Self, InvalidApiKey> {
        #[derive(Deserialize)]
        struct KeyFile {
            apikey: String,
        }
        let text = text.trim_start_matches('\u{feff}').trim();
        // `{` and the start of a member, or of the end: a JSON object. `{apikey}` is a placeholder.
        let is_object = text.strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with(['"', '}']));
        if is_object {
            let KeyFile { mut apikey } =
                serde_json::from_str(text).map_err(|_| InvalidApiKey::NoApiKeyField)?;
            let key = Self::new(apikey.trim());
            apikey.zeroize();
            return key;
        }
        Self::new(text)
    }

    /// Returns the key that `text` is.
    pub fn new(text: &str) -> Result<Self, InvalidApiKey> {
        if text.is_empty() {
            return Err(InvalidApiKey::Empty);
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(InvalidApiKey::Character);
        }
        // The same check as `ibm-cloud-sdk-core`: a key copied together with the marks around it.
        if text.starts_with(['{', '"']) || text.ends_with(['}', '"']) {
            return Err(InvalidApiKey::Placeholder);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// Returns the key's text. The boundary of where the secret is hidden.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(REDACTED)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_the_bare_key_or_the_console_s_json() {
        for text in [
            "k-1_Z",
            " k-1_Z\r\n",
            "\u{feff}k-1_Z",
            r#"{"name":"n","apikey":"k-1_Z","x":1}"#,
            "{\n\"apikey\": \"k-1_Z\"\n}\n",
        ] {
            assert_eq!(ApiKey::from_file_content(text).unwrap().expose(), "k-1_Z", "{text:?}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for (text, why) in [
            ("", InvalidApiKey::Empty),
            ("  \n", InvalidApiKey::Empty),
            ("a b", InvalidApiKey::Character),
            ("a\nb", InvalidApiKey::Character),
            ("a\0b", InvalidApiKey::Character),
            ("schlüssel", InvalidApiKey::Character),
            ("{apikey}", InvalidApiKey::Placeholder),
            ("\"key\"", InvalidApiKey::Placeholder),
            ("{}", InvalidApiKey::NoApiKeyField),
            (r#"{"apikey": 5}"#, InvalidApiKey::NoApiKeyField),
            (r#"{"apikey": ""}"#, InvalidApiKey::Empty),
        ] {
            assert_eq!(ApiKey::from_file_content(text), Err(why), "{text:?}");
        }
    }

    #[test]
    fn a_key_never_shows_itself() {
        assert_eq!(format!("{:?}", ApiKey::new("hunter2").unwrap()), "ApiKey(REDACTED)");
    }
}
