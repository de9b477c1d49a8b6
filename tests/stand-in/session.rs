//! The session of the stand-in. `ibmcloud` documents its variables.
//!
//! It reads and writes config.json as the CLI's SDK does (IBM-Cloud/ibm-cloud-cli-sdk, bluemix/configuration), and it
//! has the SDK's weakness: it replaces a file that it cannot parse, such as an empty one, with a blank configuration,
//! which logs the user out.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::behavior::append;
use crate::dialogue::play;
use crate::environment::{fixtures, is_set, misused, path, program, variable, wait};
use crate::screen::{fail, finish};
use crate::session_text::SessionText;
use crate::token::{is_expired, mint};
use crate::{Exit, Step, platform};

const REFRESH_TOKEN: &str = "T2theS10aGlzLWlzLW9wYXF1ZQ-REFRESH-TOKEN-MARKER-YW5kLXN5bnRoZXRpYw";
const GRANTS: &str = "urn:ibm:params:oauth:grant-type";

/// The session file and what it says.
struct Session {
    file: PathBuf,
    text: SessionText,
}

/// The directory of the first variable that is set and not empty. Without `IBMCLOUD_CONFIG_HOME`, it is `.ibmcloud` if
/// that exists, and `.bluemix` otherwise.
fn locate() -> Step<PathBuf> {
    let home =
        path("IBMCLOUD_HOME").or_else(|| path("BLUEMIX_HOME")).or_else(platform::home).unwrap_or_default();
    let directory = path("IBMCLOUD_CONFIG_HOME").unwrap_or_else(|| {
        let new = home.join(".ibmcloud");
        if new.exists() { new } else { home.join(".bluemix") }
    });
    platform::create_private_directory(&directory).map_err(|error| unusable(&directory, &error))?;
    Ok(directory.join("config.json"))
}

/// The end of a script whose redirection failed.
fn unusable(file: &Path, error: &io::Error) -> Exit {
    eprintln!("{}: {error}", file.display());
    Exit(2)
}

/// Locks config.json itself, for a single read or write at a time, and tries it every 100 ms (persistor.go). The lock ends
/// with the file.
fn lock(file: &Path) -> Step<Option<File>> {
    // The SDK takes no lock on Windows.
    if is_set("STAND_IN_NO_FLOCK") || cfg!(windows) {
        return Ok(None);
    }
    let locked = platform::private().read(true).create(true).truncate(false).open(file);
    let locked = locked.map_err(|error| unusable(file, &error))?;
    let start = Instant::now();
    while locked.try_lock().is_err() {
        if start.elapsed() > Duration::from_secs(30) {
            return Err(fail("context deadline exceeded"));
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(Some(locked))
}

impl Session {
    fn load() -> Step<Self> {
        let file = locate()?;
        if File::open(&file).is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied) {
            eprintln!("panic: configuration error: open {}: permission denied", file.display());
            return Err(finish(2));
        }
        let locked = lock(&file)?;
        let content = fs::read(&file).unwrap_or_default();
        drop(locked);
        if let Some(text) = SessionText::parse(&String::from_utf8_lossy(&content)) {
            return Ok(Self { file, text });
        }
        let blank = fs::read_to_string(fixtures().join("session-blank/config.json")).unwrap_or_default();
        let text = SessionText::parse(&blank).ok_or_else(|| misused("no blank session"))?;
        let session = Self { file, text };
        session.save()?;
        Ok(session)
    }

    /// Truncates the file and then writes it, as `os.WriteFile` does.
    fn save(&self) -> Step {
        if is_set("STAND_IN_NO_SAVE") {
            return Ok(());
        }
        let locked = lock(&self.file)?;
        let opened = platform::private().create(true).truncate(true).open(&self.file);
        let mut file = opened.map_err(|error| unusable(&self.file, &error))?;
        wait("STAND_IN_WRITE_GAP")?;
        file.write_all(self.text.text().as_bytes()).map_err(|error| unusable(&self.file, &error))?;
        drop(locked);
        Ok(())
    }

    /// A bearer value that is valid for at least 10 more seconds.
    fn token(&mut self) -> Step<String> {
        let refresh_token = self.text.get("IAMRefreshToken");
        let token = self.text.get("IAMToken");
        if token.is_empty() && refresh_token.is_empty() {
            return Err(not_logged_in());
        }
        if !is_expired(&token) {
            return Ok(token);
        }
        if refresh_token.is_empty() {
            return Err(not_logged_in());
        }
        if let Some(iam) = path("STAND_IN_IAM") {
            return self.renew_at_iam(&iam, &refresh_token);
        }
        match variable("STAND_IN_REFRESH").as_deref() {
            None | Some("ok") => {}
            Some("BXNIM0439E") => drop(play("oauth-tokens-session-inactive")?),
            Some("BXNIM0408E") => drop(play("oauth-tokens-refresh-token-expired")?),
            Some("network") => drop(play("oauth-tokens-io-timeout")?),
            Some("503") => drop(play("oauth-tokens-503")?),
            Some(situation) => drop(play(situation)?),
        }
        let account = self.text.account();
        self.renew(&format!("{GRANTS}:passcode"), &account, &refresh_token)
    }

    /// Saves a new token in the session.
    fn renew(&mut self, grant: &str, account: &str, refresh_token: &str) -> Step<String> {
        let token = mint(grant, account)?;
        self.text.set("IAMToken", &token);
        self.text.set("IAMRefreshToken", refresh_token);
        self.save()?;
        Ok(token)
    }

    /// Renews at an IAM that other programs use too. It accepts a refresh token once, and answers with the next. As in the
    /// SDK, a refresh is three writes of the session file (`core_config/repository.go`).
    fn renew_at_iam(&mut self, iam: &Path, refresh_token: &str) -> Step<String> {
        wait("STAND_IN_IAM_DELAY")?;
        let failed = |error: io::Error| misused(&format!("STAND_IN_IAM: {error}"));
        let open = |name: &str| {
            let file =
                File::options().read(true).write(true).create(true).truncate(false).open(iam.join(name))?;
            file.lock()?;
            Ok(file)
        };
        // Windows lets nobody else read or write a locked file, so all of it goes through the same handle.
        let mut accepts = open("refresh-token").map_err(failed)?;
        let mut accepted = String::new();
        accepts.read_to_string(&mut accepted).map_err(failed)?;
        let accepted = accepted.lines().next().unwrap_or_default();
        if refresh_token != accepted {
            append(&iam.join("refused"), format!("{refresh_token}\n").as_bytes()).map_err(failed)?;
            drop(accepts);
            return Err(not_logged_in());
        }
        let account = self.text.account();
        let token = mint(&format!("{GRANTS}:passcode"), &account)?;
        let (name, number) = accepted.rsplit_once('.').unwrap_or((accepted, "0"));
        let next = format!("{name}.{}", number.parse::<u64>().unwrap_or(0) + 1);
        accepts
            .set_len(0)
            .and_then(|()| accepts.rewind())
            .and_then(|()| accepts.write_all(format!("{next}\n").as_bytes()))
            .map_err(failed)?;
        let bare = token.strip_prefix("Bearer ").unwrap_or(&token);
        append(&iam.join("issued"), format!("{bare}\n").as_bytes()).map_err(failed)?;
        let writer = open("writer").map_err(failed)?;
        self.text.set("IAMToken", &token);
        self.save()?;
        self.text.set("IAMRefreshToken", &next);
        self.save()?;
        self.save()?;
        drop((writer, accepts));
        Ok(token)
    }

    fn target(&mut self, account: &str) {
        self.text.set_account([account, "Example's Account", "ada@example.org"]);
    }
}

fn not_logged_in() -> Exit {
    fail(&format!("Not logged in. Use '{} login' to log in.", program()))
}

/// The bearer value of the session.
pub(crate) fn token() -> Step<String> {
    Session::load()?.token()
}

/// Saves a session after a login with a grant (see `logs-in` in fixtures/README.md). It targets the account that the user
/// named, if there is one.
pub(crate) fn start(account: &str, grant: &str) -> Step {
    let mut session = Session::load()?;
    session.text.set("APIEndpoint", "https://cloud.ibm.com");
    session.text.set("IAMEndpoint", "https://iam.cloud.ibm.com");
    session.text.set("LoginAt", &humantime::format_rfc3339_seconds(SystemTime::now()).to_string());
    let account = if account.is_empty() { "85da0dbb4df1f7cc296659f418714a9e" } else { account };
    session.target(account);
    match grant {
        "password" => session.renew(grant, account, REFRESH_TOKEN)?,
        "cr-token" => session.renew(&format!("{GRANTS}:cr-token"), account, "")?,
        _ => session.renew(&format!("{GRANTS}:{grant}"), account, REFRESH_TOKEN)?,
    };
    Ok(())
}

pub(crate) fn switch_account(account: &str) -> Step {
    let mut session = Session::load()?;
    session.token()?;
    session.target(account);
    let refresh_token = session.text.get("IAMRefreshToken");
    session.renew(&format!("{GRANTS}:passcode"), account, &refresh_token)?;
    Ok(())
}

pub(crate) fn end() -> Step {
    let mut session = Session::load()?;
    session.text.set("IAMToken", "");
    session.text.set("IAMRefreshToken", "");
    session.text.set_account(["", "", ""]);
    session.save()
}
