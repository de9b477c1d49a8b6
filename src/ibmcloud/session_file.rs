//! The CLI's `config.json`, where it keeps a session. Theirs: it is read, never written, and the refresh token in it
//! is skipped over without being looked at.
//!
//! The CLI writes by truncating the file and writing it anew, and its SDK answers an unreadable file with a blank one,
//! which logs the user out (ibm-cloud-cli-sdk#239, `configuration/persistor.go`). So a torn file is read again for a
//! while, and the CLI is never started on one.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use serde_json::error::Category;
use zeroize::Zeroizing;

use crate::deadline::Deadline;
use crate::secret_bytes::read_capped;
use crate::token::AccessToken;

/// A session file is a few KiB.
const CAP: usize = 1024 * 1024;

/// How long a torn file may stay torn. A write of the CLI takes well under a millisecond.
const TORN_FOR_AT_MOST: Duration = Duration::from_secs(2);

/// A session file that is whole.
pub struct SessionFile {
    /// The access token, nothing if nobody is logged in.
    pub token: Option<AccessToken>,
    content: Zeroizing<Vec<u8>>,
}

/// Why a session file gives no session.
#[derive(Debug)]
pub enum Unusable {
    /// There is none: nobody has logged in.
    Absent,
    /// It has been empty, cut off, or no JSON for so long that no write can be under way.
    Torn,
    /// Not read, for this reason. The CLI may know better.
    PassedOver(Reason),
}

/// Why a session file is passed over.
#[derive(Debug)]
pub enum Reason {
    /// A folder, a pipe, a device.
    NotAFile,
    /// Another user's: what it says may be a trap.
    NotOurs,
    /// Larger than 1 MiB.
    TooLarge,
    /// It cannot be read.
    Unreadable(io::Error),
    /// JSON, but of another shape.
    Unknown,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAFile => f.write_str("it is not a regular file"),
            Self::NotOurs => f.write_str("it belongs to another user"),
            Self::TooLarge => f.write_str("it is larger than 1 MiB"),
            Self::Unreadable(error) => write!(f, "it cannot be read: {error}"),
            Self::Unknown => f.write_str("it is not what the CLI writes"),
        }
    }
}

/// The part of the file that a token is taken from. Every other member is skipped, the refresh token among them.
#[derive(Deserialize)]
struct Tokens<'a> {
    /// `Bearer eyJ…`, or empty when logged out.
    #[serde(rename = "IAMToken", borrow, default)]
    iam_token: Option<Text<'a>>,
}

impl Tokens<'_> {
    fn access_token(&self) -> Option<AccessToken> {
        let Text(token) = self.iam_token.as_ref()?;
        let token = token.trim();
        // The type comes first in what the CLI writes; without one, it is the token.
        let credentials = match token.split_once(' ') {
            Some((scheme, credentials)) if scheme.eq_ignore_ascii_case("bearer") => credentials.trim_start(),
            Some(_) => return None,
            None => token,
        };
        AccessToken::new(credentials).ok()
    }
}

/// A text that is not copied out of the wiped buffer it was read into (unless it holds escapes; a token does not).
/// Serde borrows a `Cow` only where it is not inside an `Option`.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Returns the path of the session file in a configuration directory.
#[must_use]
pub fn path(config_directory: &Path) -> PathBuf {
    config_directory.join("config.json")
}

impl SessionFile {
    /// Reads the file at `path`; a torn one again and again, but not past the deadline.
    pub fn read(path: &Path, deadline: Deadline) -> Result<Self, Unusable> {
        let limit = deadline.within(TORN_FOR_AT_MOST);
        let mut pause = Duration::from_millis(1);
        loop {
            match Self::read_once(path) {
                Err(Unusable::Torn) if !limit.has_passed() => thread::sleep(pause.min(limit.remaining())),
                result => return result,
            }
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    fn read_once(path: &Path) -> Result<Self, Unusable> {
        let file = Self::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Unusable::Absent,
            _ => Unusable::PassedOver(Reason::Unreadable(error)),
        })?;
        let content = read_regular_file(&file).map_err(Unusable::PassedOver)?;
        let token = match serde_json::from_slice::<Tokens>(&content).map_err(|error| error.classify()) {
            Ok(tokens) if content.trim_ascii_start().starts_with(b"{") => tokens.access_token(),
            // An array would do for serde.
            Ok(_) | Err(Category::Data) => return Err(Unusable::PassedOver(Reason::Unknown)),
            Err(Category::Eof | Category::Syntax | Category::Io) => return Err(Unusable::Torn),
        };
        Ok(Self { token, content })
    }

    /// Opens without waiting, should it be a pipe that nobody writes to.
    fn open(path: &Path) -> io::Result<File> {
        let not_waiting = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        File::options().read(true).custom_flags(not_waiting).open(path)
    }

    /// Returns what the file says about the session.
    #[must_use]
    pub fn details(&self) -> Details {
        serde_json::from_slice(&self.content).unwrap_or_default()
    }
}

fn read_regular_file(file: &File) -> Result<Zeroizing<Vec<u8>>, Reason> {
    let metadata = file.metadata().map_err(Reason::Unreadable)?;
    if !metadata.is_file() {
        return Err(Reason::NotAFile);
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(Reason::NotOurs);
    }
    read_capped(file, usize::try_from(metadata.len()).unwrap_or(CAP), CAP)
        .map_err(Reason::Unreadable)?
        .ok_or(Reason::TooLarge)
}

/// What a session file says beside the tokens. The names are the CLI's own (`core_config/bx_config.go`); a member of
/// another type than expected counts as absent.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Details {
    /// The console, such as `https://cloud.ibm.com`.
    #[serde(rename = "APIEndpoint", deserialize_with = "lenient")]
    pub api_endpoint: Option<String>,
    /// The IAM service.
    #[serde(rename = "IAMEndpoint", deserialize_with = "lenient")]
    pub iam_endpoint: Option<String>,
    /// The targeted region.
    #[serde(deserialize_with = "lenient")]
    pub region: Option<String>,
    /// The targeted account.
    #[serde(deserialize_with = "lenient")]
    pub account: Option<Named>,
    /// The targeted resource group.
    #[serde(deserialize_with = "lenient")]
    pub resource_group: Option<Named>,
    /// The trusted profile that is logged in.
    #[serde(deserialize_with = "lenient")]
    pub profile: Option<Named>,
    /// When the login was, RFC 3339. Not in old versions.
    #[serde(deserialize_with = "lenient")]
    pub login_at: Option<String>,
    /// Whether the login is that of a compute resource.
    #[serde(rename = "IsLoggedInAsCRI", deserialize_with = "lenient")]
    pub is_logged_in_as_compute_resource: Option<bool>,
    /// The trusted profile that was assumed (`iam trusted-profile-assume`), since CLI 2.26.
    #[serde(deserialize_with = "lenient")]
    pub assumed_trusted_profile_id: Option<String>,
}

/// An account, a resource group or a trusted profile: an id and a name.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Named {
    /// The id.
    #[serde(rename = "GUID", alias = "ID", deserialize_with = "lenient")]
    pub id: Option<String>,
    /// The name.
    #[serde(rename = "Name", deserialize_with = "lenient")]
    pub name: Option<String>,
}

/// Reads a member as absent if it is empty, or of another type than expected.
fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    let value = Value::deserialize(deserializer)?;
    Ok(if value.as_str() == Some("") { None } else { serde_json::from_value(value).ok() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const JWT: &str = "eyJhbGciOiJub25lIn0.e30.c2ln";

    fn session(content: &str) -> Result<SessionFile, Unusable> {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path());
        std::fs::write(&path, content).unwrap();
        SessionFile::read(&path, Deadline::after(Duration::from_millis(20)))
    }

    fn token(content: &str) -> Option<String> {
        session(content).ok()?.token.map(|token| token.expose().to_owned())
    }

    #[test]
    fn the_access_token_is_taken_with_or_without_its_scheme() {
        for scheme in ["Bearer ", "bearer ", ""] {
            assert_eq!(
                token(&format!(r#"{{"X":[1],"IAMToken":"{scheme}{JWT}","IAMRefreshToken":"r"}}"#)).as_deref(),
                Some(JWT)
            );
        }
        for content in [
            r#"{"IAMToken":""}"#,
            r#"{"IAMToken":null}"#,
            "{}",
            r#"{"IAMToken":"Basic abc"}"#,
            r#"{"IAMToken":"Bearer é"}"#,
        ] {
            assert_eq!(token(content), None, "{content}");
        }
    }

    #[test]
    fn the_token_of_a_fallback_session_is_not_the_session_s() {
        let content =
            format!(r#"{{"FallbackIAMTokens":{{"IAMToken":"Bearer other"}},"IAMToken":"Bearer {JWT}"}}"#);
        assert_eq!(token(&content).as_deref(), Some(JWT));
    }

    #[test]
    fn a_torn_file_is_told_from_an_unknown_one() {
        for torn in ["", " ", "{", "{\"IAMToken\":\"Bearer ey", "{} x", "\0\0"] {
            assert!(matches!(session(torn), Err(Unusable::Torn)), "{torn}");
        }
        for unknown in ["[]", "5", r#"{"IAMToken":5}"#] {
            assert!(matches!(session(unknown), Err(Unusable::PassedOver(Reason::Unknown))), "{unknown}");
        }
    }

    #[test]
    fn what_is_no_file_of_ours_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let read = |path: &Path| SessionFile::read(path, Deadline::after(Duration::from_millis(20)));
        assert!(matches!(read(&folder.path().join("none")), Err(Unusable::Absent)));
        assert!(matches!(read(folder.path()), Err(Unusable::PassedOver(Reason::NotAFile))));
        assert!(matches!(read(Path::new("/dev/null")), Err(Unusable::PassedOver(Reason::NotAFile))));
        let large = folder.path().join("large");
        std::fs::write(&large, vec![b' '; CAP + 1]).unwrap();
        assert!(matches!(read(&large), Err(Unusable::PassedOver(Reason::TooLarge))));
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
            .unwrap();
        assert!(matches!(read(&pipe), Err(Unusable::PassedOver(Reason::NotAFile))));
    }

    #[test]
    fn details_survive_members_of_another_type() {
        let details = session(
            r#"{"Region":"us-south","Account":null,"ResourceGroup":{"Name":5,"GUID":"g"},"LoginAt":1}"#,
        )
        .unwrap()
        .details();
        assert_eq!(details.region.as_deref(), Some("us-south"));
        assert!(details.account.is_none() && details.login_at.is_none());
        assert_eq!(details.resource_group.unwrap().id.as_deref(), Some("g"));
    }
}
