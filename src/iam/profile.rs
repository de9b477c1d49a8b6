//! A trusted profile, which a request to IAM names.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};

/// A trusted profile of IAM: its ID (`Profile-…`), its CRN (`crn:…`), or its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedProfile {
    text: String,
    account: Option<String>,
}

impl TrustedProfile {
    /// Names a profile by its ID or CRN. Any other text is its name.
    ///
    /// # Errors
    ///
    /// Returns an error of the kind [`ErrorKind::Usage`] if the text is empty or has control characters.
    pub fn new(text: &str) -> Result<Self> {
        ensure_text("the trusted profile", text)?;
        Ok(Self { text: text.to_owned(), account: None })
    }

    /// Says in which account the profile has this name.
    ///
    /// # Errors
    ///
    /// Returns an error of the kind [`ErrorKind::Usage`] if the ID is empty or has control characters, or if the profile
    /// is named by its ID or CRN, which includes the account.
    pub fn in_account(self, id: &str) -> Result<Self> {
        ensure_text("the account", id)?;
        if self.is_name() {
            return Ok(Self { account: Some(id.to_owned()), ..self });
        }
        Err(Error::new(ErrorKind::Usage, "the ID or CRN of a trusted profile needs no account")
            .with_hint("omit `--account`; to check the token's account, use `--expect-account`"))
    }

    /// Returns an error unless the profile is unique. Names are unique within an account only.
    pub(crate) fn ensure_unique(&self) -> Result<()> {
        if self.is_name() && self.account.is_none() {
            let what = format!("{self} is the name of a trusted profile, so its account is needed");
            return Err(Error::new(ErrorKind::Usage, what)
                .with_hint("add `--account ID`, or give the ID (`Profile-…`) or the CRN of the profile"));
        }
        Ok(())
    }

    /// Returns the fields of a request (`IAMAssumeTokenManager` of `ibm-cloud-sdk-core`).
    pub(super) fn fields(&self) -> Vec<(&'static str, &str)> {
        let field = if self.is_name() {
            "profile_name"
        } else if self.text.starts_with("crn:") {
            "profile_crn"
        } else {
            "profile_id"
        };
        let account = self.account.as_deref().map(|id| ("account", id));
        [(field, self.text.as_str())].into_iter().chain(account).collect()
    }

    /// Returns whether it is neither an ID nor a CRN.
    pub(crate) fn is_name(&self) -> bool {
        !self.text.starts_with("crn:") && !self.text.starts_with("Profile-")
    }
}

/// Writes the name as it was given, in backticks.
impl fmt::Display for TrustedProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.text)
    }
}

fn ensure_text(what: &str, text: &str) -> Result<()> {
    let why = if text.trim().is_empty() {
        "is empty"
    } else if text.contains(char::is_control) {
        "has a control character"
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorKind::Usage, format!("{what} {why}"))
        .with_hint("`ibmcloud iam trusted-profiles` lists the profiles of an account"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_says_how_a_profile_is_named() {
        for (text, field) in [
            ("Profile-94497d0d-2ac3-41bf-a993-a49d1b14627c", "profile_id"),
            ("crn:v1:bluemix:public:iam-identity::a/1::profile:Profile-1", "profile_crn"),
            ("My Profile", "profile_name"),
            ("profile-1", "profile_name"),
            ("CRN:v1", "profile_name"),
        ] {
            assert_eq!(TrustedProfile::new(text).unwrap().fields(), [(field, text)]);
        }
    }

    #[test]
    fn only_a_name_needs_an_account() {
        let name = TrustedProfile::new("My Profile").unwrap();
        assert_eq!(name.ensure_unique().unwrap_err().kind(), ErrorKind::Usage);
        let name = name.in_account("a1").unwrap();
        assert_eq!(name.fields(), [("profile_name", "My Profile"), ("account", "a1")]);
        assert!(name.ensure_unique().is_ok());
        for text in ["Profile-1", "crn:v1:x"] {
            let profile = TrustedProfile::new(text).unwrap();
            assert!(profile.ensure_unique().is_ok());
            assert_eq!(profile.in_account("a1").unwrap_err().kind(), ErrorKind::Usage, "{text}");
        }
    }

    #[test]
    fn empty_text_and_control_characters_are_refused() {
        for text in ["", " ", "a\nb", "a\0"] {
            assert_eq!(TrustedProfile::new(text).unwrap_err().kind(), ErrorKind::Usage, "{text:?}");
            let name = TrustedProfile::new("x").unwrap();
            assert_eq!(name.in_account(text).unwrap_err().kind(), ErrorKind::Usage, "{text:?}");
        }
    }
}
