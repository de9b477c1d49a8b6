//! `docker-credential-ibmcloud`: a credential helper that docker, podman, skopeo, helm and others run for an image
//! registry. It answers with the token of a session, and only for the hosts of IBM Cloud Container Registry.
//!
//! The protocol is that of <https://github.com/docker/docker-credential-helpers>: an action as the only argument, the
//! address of the server on the standard input, and the answer on the standard output. A failure is one line on the
//! standard output, and the exit status 1. Clients compare two of these lines, to continue without credentials or to ask
//! for an address, so their text must match the protocol exactly.
//!
//! There are no options. The variables for the session, the CLI, the timeout, the expected account and the messages
//! apply. Nothing here may use [`super::arguments`] beyond its plain types, because clap would then be linked into this
//! small program.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use super::arguments::{Common, SessionOptions};
use super::context::Context;
use super::{input, output, registry_hosts, report};
use crate::error::{Error, ErrorKind, Result};
use crate::sanitize;
use crate::secret::SecretBuffer;
use crate::session::{Request, SessionName};
use crate::system::environment::Environment;
use crate::system::process::MAX_STDOUT;
use crate::token::{AccessToken, IssuedToken, Requirements};

/// The name of the program. A link with the name of a session after it, such as `docker-credential-ibmcloud-prod`,
/// serves that session.
pub(super) const NAME: &str = "docker-credential-ibmcloud";

/// The user name that tells the registry that the password is an IAM access token
/// (<https://cloud.ibm.com/docs/Registry?topic=Registry-registry_access>).
const USER: &str = "iambearer";

/// The most that is read of a server's address. The hosts are short, and paths are ignored.
const MAX_ADDRESS: usize = 4096;

/// A reason why there is no answer. Each is one line.
pub(super) enum NoAnswer {
    /// The server is not one of ours. This is the protocol's `credentials not found`, and clients continue without any.
    NotFound,
    /// The standard input was empty.
    NoAddress,
    /// There was not exactly one argument.
    Usage,
    /// The action does not exist.
    UnknownAction(String),
    /// Any other failure, such as an expired login, and the session for its hint.
    NoToken(Error, Option<SessionName>),
}

impl NoAnswer {
    /// Returns the line for the client.
    fn line(&self) -> String {
        match self {
            // The texts of the protocol, which clients compare (`credentials/error.go`).
            Self::NotFound => "credentials not found in native keychain".to_owned(),
            Self::NoAddress => "no credentials server URL".to_owned(),
            Self::Usage => format!("usage: {NAME} <store|get|erase|list|version>"),
            Self::UnknownAction(action) => {
                format!("unknown credential action `{}`", sanitize::line(&sanitize::redact(action)))
            }
            Self::NoToken(error, session) => format!("{NAME}: {}", report::line(error, session.as_ref())),
        }
    }
}

impl From<Error> for NoAnswer {
    fn from(error: Error) -> Self {
        Self::NoToken(error, None)
    }
}

/// Runs the helper with these arguments, of which the first is the name that it was called by.
pub(super) fn run(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let name = arguments.next().unwrap_or_default();
    let answer = match (arguments.next(), arguments.next()) {
        (Some(action), None) => perform(&action, &name),
        _ => Err(NoAnswer::Usage),
    };
    let (written, status) = match answer {
        Ok(answer) => (output::print(&answer), ExitCode::SUCCESS),
        Err(failure) => {
            // Docker drops this line and continues without credentials, but it passes on the standard error.
            if let NoAnswer::NoToken(error, session) = &failure {
                report::error(error, session.as_ref());
            }
            (output::print((failure.line() + "\n").as_bytes()), ExitCode::FAILURE)
        }
    };
    match written {
        Ok(()) => status,
        Err(error) => report::result(Err(error), None),
    }
}

/// Performs an action, and returns what to print.
fn perform(action: &OsStr, name: &OsStr) -> Result<SecretBuffer, NoAnswer> {
    let mut answer = SecretBuffer::default();
    match action.to_str() {
        Some("get") => return get(&context(name)?),
        // The token comes from the session whenever it is asked for, so there is nothing to store. The input is still
        // read, because a client may report a failure if nobody reads what it writes.
        Some("store") => drop(input::whole_stdin(&context(name)?, MAX_STDOUT)?),
        Some("erase") => drop(server_address(&context(name)?)?),
        Some("list") => answer.push_str(&list()),
        Some("version" | "--version" | "-v") => {
            answer.push_str(&format!("{NAME} ({}) {}\n", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")));
        }
        Some("help" | "--help" | "-h") => answer.push_str(&(NoAnswer::Usage.line() + "\n")),
        _ => return Err(NoAnswer::UnknownAction(action.to_string_lossy().into_owned())),
    }
    Ok(answer)
}

/// Returns the context of a run that was called by this name.
fn context(name: &OsStr) -> Result<Context> {
    let options = SessionOptions { session: session(name)?, ibmcloud: None };
    Context::new(&Common::of_session(options), Environment::of_process())
}

/// Returns the session that the name of a link selects.
pub(super) fn session(name: &OsStr) -> Result<Option<SessionName>> {
    let name = Path::new(name).file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(std::env::consts::EXE_SUFFIX).unwrap_or(&name);
    let Some(session) = name.strip_prefix(NAME).and_then(|rest| rest.strip_prefix('-')) else {
        return Ok(None);
    };
    session.parse().map(Some).map_err(|why| {
        Error::new(ErrorKind::Usage, format!("the name `{name}` does not end in that of a session"))
            .with_source(why)
    })
}

/// Returns the token of the session as the credentials of a server, if it is one of ours.
fn get(context: &Context) -> Result<SecretBuffer, NoAnswer> {
    let address = server_address(context)?.filter(|address| registry_hosts::is_registry(address));
    let address = address.ok_or(NoAnswer::NotFound)?;
    let token = token(context).map_err(|error| NoAnswer::NoToken(error, context.session_name().cloned()))?;
    Ok(credentials(&address, token.token()))
}

/// Returns the answer to `get`. Neither a registry's address nor a token contains a character that JSON has to escape.
pub(super) fn credentials(address: &str, token: &AccessToken) -> SecretBuffer {
    let mut answer = SecretBuffer::default();
    for part in
        [r#"{"ServerURL":""#, address, r#"","Username":""#, USER, r#"","Secret":""#, token.expose(), "\"}\n"]
    {
        answer.push_str(part);
    }
    answer
}

/// Returns a token of the session. It never prompts, and it is bounded by the deadline.
fn token(context: &Context) -> Result<IssuedToken> {
    let requirements = Requirements { account: context.settings().expected_account(None)?, min_ttl: None };
    let request = Request::new().requiring(requirements);
    context.session_with_home()?.token(&request, &context.task())
}

/// Returns the hosts that are served, each with the user name, even if nobody is logged in.
fn list() -> String {
    let hosts: Vec<String> =
        registry_hosts::HOSTS.iter().map(|host| format!("\"{host}\":\"{USER}\"")).collect();
    format!("{{{}}}\n", hosts.join(","))
}

/// Reads the address of a server from the standard input, without a line end after it. Returns nothing if the input is
/// too long or not text.
fn server_address(context: &Context) -> Result<Option<String>, NoAnswer> {
    let Some(input) = input::whole_stdin(context, MAX_ADDRESS)? else { return Ok(None) };
    address(&input)
}

/// Returns the address in the text that a client wrote, or nothing if it is not text.
pub(super) fn address(input: &[u8]) -> Result<Option<String>, NoAnswer> {
    let line = input.strip_suffix(b"\n").map_or(input, |line| line.strip_suffix(b"\r").unwrap_or(line));
    if line.is_empty() {
        return Err(NoAnswer::NoAddress);
    }
    Ok(std::str::from_utf8(line).ok().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_of_a_link_selects_the_session() {
        let selected =
            |name: &str| session(OsStr::new(name)).map(|session| session.map(|name| name.to_string()));
        for name in
            [NAME, "/usr/bin/docker-credential-ibmcloud", "helper", "", "docker-credential-ibmcloudprod"]
        {
            assert_eq!(selected(name).unwrap(), None, "{name}");
        }
        for name in ["docker-credential-ibmcloud-prod", "/a-b/docker-credential-ibmcloud-prod"] {
            assert_eq!(selected(name).unwrap().as_deref(), Some("prod"), "{name}");
        }
        for name in
            ["docker-credential-ibmcloud-", "docker-credential-ibmcloud--x", "docker-credential-ibmcloud-a b"]
        {
            assert!(selected(name).is_err(), "{name}");
        }
    }
}
