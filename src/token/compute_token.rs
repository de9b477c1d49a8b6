//! The token of a compute resource, such as a pod of Kubernetes Service or an app of Code Engine.

use std::fmt;

use zeroize::Zeroizing;

use super::cleaned;

/// A token that identifies a compute resource. The platform writes it to a file and renews it. It is wiped when dropped.
#[derive(Clone)]
pub(crate) struct ComputeToken(Zeroizing<String>);

impl ComputeToken {
    /// Reads the content of a file. White space around the token does not belong to it.
    pub(crate) fn read(content: &[u8]) -> Result<Self, &'static str> {
        let text = cleaned(content).map_err(|_| "it is not text")?;
        match text.trim() {
            "" => Err("it is empty"),
            token if token.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Ok(Self(Zeroizing::new(token.to_owned())))
            }
            _ => Err("it holds something other than one token"),
        }
    }

    /// Returns the token itself.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

/// Does not show the token.
impl fmt::Debug for ComputeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ComputeToken([REDACTED])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_one_word() {
        assert_eq!(ComputeToken::read(b"\xef\xbb\xbf eyJ.a.b\r\n").unwrap().expose(), "eyJ.a.b");
        for content in ["", "\n", "two words", "a\nb", "\u{e9}"] {
            assert!(ComputeToken::read(content.as_bytes()).is_err(), "{content:?}");
        }
        assert!(ComputeToken::read(b"\xff\xfe").is_err());
        assert_eq!(format!("{:?}", ComputeToken::read(b"secret")), "Ok(ComputeToken([REDACTED]))");
    }
}
