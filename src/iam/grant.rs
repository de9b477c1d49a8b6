//! The grants that IAM exchanges for an access token: their form, and the meaning of a rejection.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ureq::http::StatusCode;

use super::TrustedProfile;
use crate::error::{ErrorKind, Hint};
use crate::secret::SecretBuffer;
use crate::token::{AccessToken, ApiKey, ComputeToken};

/// The characters that are encoded in a form (`application/x-www-form-urlencoded`).
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// The codes of IAM for a token or a login that is no longer accepted: expired, invalid, inactive, or without the second
/// factor (`ibm-cloud-cli-sdk`, `authentication/iam/iam.go`). There is no public list of the codes for trusted profiles,
/// so any other code of these requests counts as being about the profile.
const ABOUT_THE_TOKEN: [&str; 5] = ["BXNIM0106E", "BXNIM0400E", "BXNIM0407E", "BXNIM0408E", "BXNIM0439E"];

/// A grant (RFC 6749, section 1.3): what is exchanged for an access token.
pub(crate) enum Grant<'a> {
    /// An API key.
    ApiKey(&'a ApiKey),
    /// The token of a compute resource, for the token of a trusted profile.
    ComputeToken(&'a ComputeToken, &'a TrustedProfile),
    /// An access token, for the token of a trusted profile.
    Assume(&'a AccessToken, &'a TrustedProfile),
}

impl Grant<'_> {
    /// Returns the form. The names and values are those of `ibm-cloud-sdk-core`.
    pub(super) fn form(&self) -> SecretBuffer {
        let (grant_type, secret, profile) = match self {
            Self::ApiKey(_) => ("urn:ibm:params:oauth:grant-type:apikey", "apikey", None),
            Self::ComputeToken(_, profile) => {
                ("urn:ibm:params:oauth:grant-type:cr-token", "cr_token", Some(profile))
            }
            Self::Assume(_, profile) => {
                ("urn:ibm:params:oauth:grant-type:assume", "access_token", Some(profile))
            }
        };
        let mut form = SecretBuffer::default();
        let profile = profile.map(|profile| profile.fields()).unwrap_or_default();
        for (name, value) in [("grant_type", grant_type), (secret, self.secret())].into_iter().chain(profile)
        {
            form.push_str(if form.is_empty() { "" } else { "&" });
            form.push_str(name);
            form.push_str("=");
            for part in utf8_percent_encode(value, FORM) {
                form.push_str(part);
            }
        }
        form
    }

    /// Returns the key or token.
    pub(super) fn secret(&self) -> &str {
        match self {
            Self::ApiKey(key) => key.expose(),
            Self::ComputeToken(token, _) => token.expose(),
            Self::Assume(token, _) => token.expose(),
        }
    }

    /// Returns whether the request can fail because of a trusted profile.
    pub(super) fn names_a_profile(&self) -> bool {
        !matches!(self, Self::ApiKey(_))
    }

    /// Returns the kind of a rejection with a code of IAM's, and what to do about it.
    pub(super) fn rejected(&self, status: StatusCode, code: &str) -> (ErrorKind, Hint) {
        let is_about_the_token = status == StatusCode::UNAUTHORIZED || ABOUT_THE_TOKEN.contains(&code);
        match self {
            Self::ApiKey(_) => (
                ErrorKind::LoginNeeded,
                "check the API key; it may be deleted or locked, or belong to another account or endpoint".into(),
            ),
            Self::ComputeToken(..) if is_about_the_token => (
                ErrorKind::LoginNeeded,
                "check the file with the compute resource token; the platform renews it, and it is valid only there".into(),
            ),
            Self::ComputeToken(_, profile) => (
                ErrorKind::RequirementUnmet,
                format!("check that the trusted profile {profile} exists, and that it trusts this compute resource").into(),
            ),
            Self::Assume(..) if is_about_the_token => {
                (ErrorKind::LoginNeeded, Hint::from("log in again: ").command("login").text(", or check the API key"))
            }
            Self::Assume(_, profile) => (
                ErrorKind::RequirementUnmet,
                format!("check that the trusted profile {profile} exists, and that it trusts the identity that asks for it").into(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_values_are_encoded() {
        let encoded = utf8_percent_encode("urn:ibm a+b&c=d/%é~_-.*9", FORM).to_string();
        assert_eq!(encoded, "urn%3Aibm%20a%2Bb%26c%3Dd%2F%25%C3%A9%7E_-.*9");
    }

    #[test]
    fn rejection_is_about_the_token_or_about_the_profile() {
        let profile = TrustedProfile::new("Profile-1").unwrap();
        let access_token = AccessToken::new("opaque").unwrap();
        let compute_token = ComputeToken::read(b"opaque").unwrap();
        for grant in [Grant::Assume(&access_token, &profile), Grant::ComputeToken(&compute_token, &profile)] {
            let kind = |status, code| grant.rejected(status, code).0;
            for code in ABOUT_THE_TOKEN {
                assert_eq!(kind(StatusCode::BAD_REQUEST, code), ErrorKind::LoginNeeded, "{code}");
            }
            assert_eq!(kind(StatusCode::UNAUTHORIZED, "BXNIM9999E"), ErrorKind::LoginNeeded);
            for status in [StatusCode::BAD_REQUEST, StatusCode::FORBIDDEN, StatusCode::NOT_FOUND] {
                assert_eq!(kind(status, "BXNIM9999E"), ErrorKind::RequirementUnmet, "{status}");
            }
        }
    }
}
