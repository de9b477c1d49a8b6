//! The CLI's `config.json`, where it keeps a session. The file belongs to the CLI, so it is never written here. Its
//! refresh token is not kept, only whether there is one.
//!
//! The CLI truncates the file and writes it again, and its SDK replaces an unreadable file with a blank one, which
//! logs the user out (ibm-cloud-cli-sdk#239, `configuration/persistor.go`). So a torn file is read again, and the CLI
//! is never started while the file is torn.
//!
//! Since SDK 1.0.2 (2023-03) the writer holds `flock` on the file, so a reader that waits for that lock sees a
//! complete file, however often the file is written. **The lock is held for one read and nothing else**: the SDK takes
//! it exclusively even to read, gives up after 30 s, and then writes a blank session. On Windows the SDK takes no
//! lock, and a lock of ours would block its writes.

use std::borrow::Cow;
use std::fmt;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::secret::{SecretBuffer, read_limited};
use crate::system::{lock_file, ownership};
use crate::time::Deadline;
use crate::token::{AccessToken, bearer_credentials};

/// The size limit. A session file is a few KiB.
const MAX_SIZE: usize = 1024 * 1024;

/// The time for which a torn file is read again. A write of the CLI usually takes less than a millisecond.
const TORN_TIMEOUT: Duration = Duration::from_secs(2);

/// A complete session file.
pub(crate) struct SessionFile {
    /// The access token, or nothing if nobody is logged in.
    pub token: Option<AccessToken>,
    /// Whether there is a refresh token. Compute resources log in without one.
    pub holds_refresh_token: bool,
    content: SecretBuffer,
}

/// The reason why no session could be read from a session file.
#[derive(Debug)]
pub(crate) enum Unusable {
    /// The file does not exist: nobody has logged in.
    Absent,
    /// It is empty, cut off or not JSON, and no write can be in progress any more.
    Torn,
    /// Another program held its lock until the deadline, while it was torn. On Windows, that program kept it from being
    /// opened or read.
    BeingWritten,
    /// It was skipped. The CLI may still be able to use it.
    Skipped(SkipReason),
}

/// The reason why a session file is skipped.
#[derive(Debug)]
pub(crate) enum SkipReason {
    /// It is a directory, a pipe or a device.
    NotAFile,
    /// It belongs to another user, who may have put another token there.
    OtherOwner,
    /// It is larger than 1 MiB.
    TooLarge,
    /// It cannot be read.
    Unreadable(io::Error),
    /// It is JSON of an unknown shape.
    UnknownShape,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAFile => f.write_str("it is not a regular file"),
            Self::OtherOwner => f.write_str("it belongs to another user"),
            Self::TooLarge => f.write_str("it is larger than 1 MiB"),
            Self::Unreadable(error) => write!(f, "it cannot be read: {error}"),
            Self::UnknownShape => f.write_str("its content is not what the CLI writes"),
        }
    }
}

/// The users whose session file may be used. Another user may have put another token there.
#[derive(Clone, Debug)]
pub(crate) enum Owners {
    /// The user alone.
    User,
    /// Everybody, if the user is root and this home directory is root's: a container in which the user's own
    /// configuration directory is mounted.
    EverybodyIfRootIsAtHome(PathBuf),
}

impl Owners {
    fn include(&self, file: &Metadata) -> bool {
        if ownership::is_of_user(file) {
            return true;
        }
        match self {
            Self::EverybodyIfRootIsAtHome(home) => {
                ownership::is_root() && home.metadata().is_ok_and(|home| ownership::is_of_user(&home))
            }
            Self::User => false,
        }
    }
}

/// The members of the file that are read. All others are skipped.
#[derive(Deserialize)]
struct Tokens<'a> {
    /// `Bearer eyJ…`, or empty when logged out.
    #[serde(rename = "IAMToken", borrow, default)]
    iam_token: Option<Text<'a>>,
    /// Empty when logged out. It is not decoded, because only its presence matters.
    #[serde(rename = "IAMRefreshToken", borrow, default)]
    refresh_token: Option<&'a RawValue>,
}

impl Tokens<'_> {
    fn access_token(&self) -> Option<AccessToken> {
        let Text(token) = self.iam_token.as_ref()?;
        let token = token.as_bytes().trim_ascii();
        // The CLI writes the type first. Another type than `Bearer` leaves a space, which no token has.
        let credentials = bearer_credentials(token).unwrap_or(token);
        AccessToken::new(std::str::from_utf8(credentials).ok()?).ok()
    }

    /// Returns whether the refresh token is a text that is not empty.
    fn holds_refresh_token(&self) -> bool {
        self.refresh_token.is_some_and(|value| value.get().starts_with('"') && value.get() != "\"\"")
    }
}

/// Text that stays in the wiped buffer it was read into, unless it has escapes, which a token does not. Serde borrows a
/// `Cow` only if it is not inside an `Option`.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Returns the path of the session file in a configuration directory.
pub(crate) fn path(config_directory: &Path) -> PathBuf {
    config_directory.join("config.json")
}

impl SessionFile {
    /// Reads the file at `path`. A torn file is usually being written, so it is read again once the writer is done, but
    /// not past the deadline. SDKs that do not lock the file get two seconds.
    pub(crate) fn read(path: &Path, owners: &Owners, deadline: Deadline) -> Result<Self, Unusable> {
        let mut limit = None;
        let mut pause = Duration::from_millis(1);
        loop {
            let mut wait = deadline;
            for read in [Self::read_once, Self::read_locked] {
                match read(path, owners, deadline) {
                    Err(Unusable::Torn) => wait = *limit.get_or_insert_with(|| deadline.within(TORN_TIMEOUT)),
                    Err(Unusable::BeingWritten) if !deadline.has_passed() => {}
                    result => return result,
                }
            }
            if wait.has_passed() {
                return Err(Unusable::Torn);
            }
            thread::sleep(pause.min(wait.remaining()));
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    /// Reads a torn file while nobody writes it. The lock ends with the file, before anything else is done.
    fn read_locked(path: &Path, owners: &Owners, deadline: Deadline) -> Result<Self, Unusable> {
        match lock_file::shared(Self::open(path)?, deadline) {
            Ok(file) => Self::read_file(file, owners),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(Unusable::BeingWritten),
            // There are no locks on this file system or on Windows, or no threads to wait for one.
            Err(_) => Err(Unusable::Torn),
        }
    }

    fn read_once(path: &Path, owners: &Owners, _: Deadline) -> Result<Self, Unusable> {
        Self::read_file(Self::open(path)?, owners)
    }

    fn read_file(file: File, owners: &Owners) -> Result<Self, Unusable> {
        let content = read_regular_file(&file, owners).map_err(|reason| match reason {
            SkipReason::Unreadable(error) => unreadable(error),
            reason => Unusable::Skipped(reason),
        })?;
        drop(file);
        Self::of_content(content)
    }

    /// Parses the content of a session file.
    pub(crate) fn of_content(content: SecretBuffer) -> Result<Self, Unusable> {
        let tokens = serde_json::from_slice::<Tokens>(&content).map_err(|error| error.classify());
        let (token, holds_refresh_token) = match tokens {
            Ok(tokens) if content.trim_ascii_start().starts_with(b"{") => {
                (tokens.access_token(), tokens.holds_refresh_token())
            }
            // Serde would also read an array.
            Ok(_) | Err(Category::Data) => return Err(Unusable::Skipped(SkipReason::UnknownShape)),
            Err(Category::Eof | Category::Syntax | Category::Io) => return Err(Unusable::Torn),
        };
        Ok(Self { token, holds_refresh_token, content })
    }

    fn open(path: &Path) -> Result<File, Unusable> {
        ownership::open_without_waiting(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Unusable::Absent,
            _ => unreadable(error),
        })
    }

    /// Returns the names of the members and the types of their values, and no value.
    #[cfg(feature = "program")]
    pub(crate) fn shape(&self) -> std::collections::BTreeMap<String, &'static str> {
        type Members = std::collections::BTreeMap<String, Value>;
        let members: Members = serde_json::from_slice(&self.content).unwrap_or_default();
        let kind = |value: &Value| match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(text) if text.is_empty() => "empty string",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        members.into_iter().map(|(name, value)| (name, kind(&value))).collect()
    }

    /// Returns what the file says about the session.
    pub(crate) fn details(&self) -> Details {
        serde_json::from_slice(&self.content).unwrap_or_default()
    }
}

fn unreadable(error: io::Error) -> Unusable {
    if ownership::is_held(&error) {
        Unusable::BeingWritten
    } else {
        Unusable::Skipped(SkipReason::Unreadable(error))
    }
}

fn read_regular_file(file: &File, owners: &Owners) -> Result<SecretBuffer, SkipReason> {
    let metadata = file.metadata().map_err(SkipReason::Unreadable)?;
    if !metadata.is_file() {
        return Err(SkipReason::NotAFile);
    }
    if !owners.include(&metadata) {
        return Err(SkipReason::OtherOwner);
    }
    read_limited(file, usize::try_from(metadata.len()).unwrap_or(MAX_SIZE), MAX_SIZE)
        .map_err(SkipReason::Unreadable)?
        .ok_or(SkipReason::TooLarge)
}

/// The details in a session file other than the tokens. The names are the CLI's own (`core_config/bx_config.go`). A
/// member of an unexpected type counts as absent.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Details {
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
    /// The time of the login as RFC 3339. Old versions do not write it.
    #[serde(deserialize_with = "lenient")]
    pub login_at: Option<String>,
    /// Whether the login is that of a compute resource.
    #[serde(rename = "IsLoggedInAsCRI", deserialize_with = "lenient")]
    pub is_logged_in_as_compute_resource: Option<bool>,
    /// The trusted profile that was assumed (`iam trusted-profile-assume`), since CLI 2.26.
    #[serde(deserialize_with = "lenient")]
    pub assumed_trusted_profile_id: Option<String>,
    /// The setting `ibmcloud config --trace`: `true`, or the file that gets the trace.
    #[serde(deserialize_with = "lenient")]
    pub trace: Option<String>,
    /// The setting `ibmcloud config --color`: `true` or `false`.
    #[serde(deserialize_with = "lenient")]
    pub color_enabled: Option<String>,
    /// The setting `ibmcloud config --locale`.
    #[serde(deserialize_with = "lenient")]
    pub locale: Option<String>,
    /// Whether the CLI was told not to look for a new version (`ibmcloud config --check-version=false`).
    #[serde(rename = "CheckCLIVersionDisabled", deserialize_with = "lenient")]
    pub version_check_is_off: Option<bool>,
    /// The setting `ibmcloud config --sso-otp`: `auto` or `manual`.
    #[serde(rename = "TypeOfSSO", deserialize_with = "lenient")]
    pub type_of_sso: Option<String>,
}

/// The ID and the name of an account, a resource group or a trusted profile.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Named {
    /// The ID.
    #[serde(rename = "GUID", alias = "ID", deserialize_with = "lenient")]
    pub id: Option<String>,
    /// The name.
    #[serde(rename = "Name", deserialize_with = "lenient")]
    pub name: Option<String>,
}

/// Reads a member as absent if it is empty or of an unexpected type.
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
    use std::io::Write as _;

    use super::*;
    use crate::system::testing::{CLI_LOCKS_ITS_FILE, DEVICE, give_away, keep_to_ourselves, make_pipe};

    const JWT: &str = "eyJhbGciOiJub25lIn0.e30.c2ln";

    fn session(content: &str) -> Result<SessionFile, Unusable> {
        let directory = tempfile::tempdir().unwrap();
        let path = path(directory.path());
        std::fs::write(&path, content).unwrap();
        SessionFile::read(&path, &Owners::User, Deadline::after(Duration::from_millis(20)))
    }

    fn token(content: &str) -> Option<String> {
        session(content).ok()?.token.map(|token| token.expose().to_owned())
    }

    #[test]
    fn access_token_is_read_with_or_without_its_scheme() {
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
    fn refresh_token_counts_only_if_it_is_a_text_that_is_not_empty() {
        for (value, expected) in [
            (r#""r""#, true),
            (r#""\u0041""#, true),
            (r#""""#, false),
            ("null", false),
            ("5", false),
            ("-5.5", false),
            ("true", false),
            ("[1]", false),
            (r#"{"a":"b"}"#, false),
        ] {
            let session =
                session(&format!(r#"{{"IAMRefreshToken":{value},"IAMToken":"Bearer {JWT}"}}"#)).unwrap();
            assert_eq!((session.holds_refresh_token, session.token.is_some()), (expected, true), "{value}");
        }
        assert!(!session("{}").unwrap().holds_refresh_token);
    }

    #[test]
    fn file_of_another_owner_is_for_root_at_home_only() {
        let [home, file] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let metadata = || file.path().metadata().unwrap();
        let at = |home: &Path| Owners::EverybodyIfRootIsAtHome(home.to_owned());
        assert!(Owners::User.include(&metadata()) && at(home.path()).include(&metadata()));
        if !ownership::is_root() {
            return;
        }
        give_away(file.path());
        assert!(!Owners::User.include(&metadata()) && at(home.path()).include(&metadata()));
        assert!(!at(&home.path().join("absent")).include(&metadata()));
        give_away(home.path());
        assert!(!at(home.path()).include(&metadata()));
    }

    #[test]
    fn token_of_a_fallback_session_is_ignored() {
        let content =
            format!(r#"{{"FallbackIAMTokens":{{"IAMToken":"Bearer other"}},"IAMToken":"Bearer {JWT}"}}"#);
        assert_eq!(token(&content).as_deref(), Some(JWT));
    }

    #[test]
    fn torn_file_is_distinguished_from_an_unknown_one() {
        for torn in ["", " ", "{", "{\"IAMToken\":\"Bearer ey", "{} x", "\0\0"] {
            assert!(matches!(session(torn), Err(Unusable::Torn)), "{torn}");
        }
        for unknown in ["[]", "5", r#"{"IAMToken":5}"#] {
            assert!(
                matches!(session(unknown), Err(Unusable::Skipped(SkipReason::UnknownShape))),
                "{unknown}"
            );
        }
    }

    /// Holds the lock that the CLI holds while it writes.
    fn writing(path: &Path, content: &str) -> File {
        let mut file = File::options().write(true).create(true).truncate(false).open(path).unwrap();
        file.lock().unwrap();
        file.set_len(0).unwrap();
        file.write_all(content.as_bytes()).unwrap();
        file
    }

    #[test]
    fn torn_file_is_read_as_soon_as_its_writer_is_done() {
        if !CLI_LOCKS_ITS_FILE {
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let path = path(directory.path());
        let mut writer = writing(&path, "{\"IAMToken\":\"Bearer ");
        let reader = thread::spawn({
            let path = path.clone();
            // Longer than a torn file is read again, if nobody were known to write it.
            move || SessionFile::read(&path, &Owners::User, Deadline::never()).map(|session| session.token)
        });
        thread::sleep(TORN_TIMEOUT + Duration::from_millis(300));
        assert!(!reader.is_finished(), "{:?}", reader.join());
        writer.write_all(format!("{JWT}\"}}").as_bytes()).unwrap();
        drop(writer);
        assert_eq!(reader.join().unwrap().unwrap().unwrap().expose(), JWT);
    }

    #[test]
    fn file_that_another_program_keeps_to_itself_is_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = path(directory.path());
        std::fs::write(&path, format!("{{\"IAMToken\":\"{JWT}\"}}")).unwrap();
        let Some(held) = keep_to_ourselves(&path) else { return };
        let read = |path: &Path, milliseconds| {
            SessionFile::read(path, &Owners::User, Deadline::after(Duration::from_millis(milliseconds)))
        };
        assert!(matches!(read(&path, 50), Err(Unusable::BeingWritten)));
        let waiting = thread::spawn({
            let path = path.clone();
            move || read(&path, 20_000).map(|session| session.token)
        });
        thread::sleep(TORN_TIMEOUT + Duration::from_millis(300));
        assert!(!waiting.is_finished());
        drop(held);
        assert_eq!(waiting.join().unwrap().unwrap().unwrap().expose(), JWT);
    }

    #[test]
    fn unfinished_write_is_distinguished_from_a_torn_file() {
        if !CLI_LOCKS_ITS_FILE {
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let path = path(directory.path());
        let writer = writing(&path, "{");
        let read = || SessionFile::read(&path, &Owners::User, Deadline::after(Duration::from_millis(50)));
        assert!(matches!(read(), Err(Unusable::BeingWritten)));
        drop(writer);
        assert!(matches!(read(), Err(Unusable::Torn)));
        // Neither attempt has left a lock behind, and a whole file is read without one.
        let _writer = writing(&path, &format!("{{\"IAMToken\":\"{JWT}\"}}"));
        assert!(read().is_ok_and(|session| session.token.is_some()));
    }

    #[test]
    fn anything_but_a_regular_file_is_skipped() {
        let directory = tempfile::tempdir().unwrap();
        let read =
            |path: &Path| SessionFile::read(path, &Owners::User, Deadline::after(Duration::from_millis(20)));
        assert!(matches!(read(&directory.path().join("none")), Err(Unusable::Absent)));
        assert!(matches!(read(directory.path()), Err(Unusable::Skipped(SkipReason::NotAFile))));
        assert!(DEVICE.is_none_or(|device| matches!(
            read(Path::new(device)),
            Err(Unusable::Skipped(SkipReason::NotAFile))
        )));
        let large = directory.path().join("large");
        std::fs::write(&large, vec![b' '; MAX_SIZE + 1]).unwrap();
        assert!(matches!(read(&large), Err(Unusable::Skipped(SkipReason::TooLarge))));
        let pipe = directory.path().join("pipe");
        assert!(!make_pipe(&pipe) || matches!(read(&pipe), Err(Unusable::Skipped(SkipReason::NotAFile))));
    }

    #[test]
    fn details_survive_members_of_an_unexpected_type() {
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
