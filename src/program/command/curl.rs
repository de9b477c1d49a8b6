//! `curl`: replace this process with curl, which gets the token in a header through a file descriptor. On Windows, which
//! has no name for a descriptor, it gets it through a variable.
//!
//! curl has read headers from a file since 7.55.0 (2017). The descriptor is not the standard input, which stays free
//! for `-d @-`. curl before 7.58.0 would send the header to another host after a redirect (CVE-2018-1000007). curl has
//! expanded variables since 8.3.0 (2023).

use std::ffi::{OsStr, OsString};

use super::exec;
use crate::error::{Error, ErrorKind, Result};
use crate::note::Note;
use crate::program::arguments::Curl;
use crate::program::context::Context;
use crate::program::curl_guard;
use crate::program::source::Source;
use crate::secret::SecretBuffer;
use crate::system::exec::hand_over;
use crate::system::lookup::Entries;
use crate::system::process::Handed;

const CURL: &str = "curl";

pub(in crate::program) fn run(arguments: &Curl, context: &Context) -> Result<()> {
    let hosts = context.settings().hosts(&arguments.host)?;
    let allowed = curl_guard::check(&arguments.arguments, &hosts)?;
    let source = Source::new(&arguments.token, &arguments.source, context)?;
    let name = OsStr::new(CURL);
    let path = exec::look_up(name, Entries::Absolute, context)?;
    let task = context.task();
    if let Some(option) = allowed.shows_token {
        task.note(Note::CurlShowsToken(option));
    }
    let token = source.token(context)?;
    let mut header = SecretBuffer::default();
    header.push_str("Authorization: Bearer ");
    header.push_str(token.token().expose());
    header.push_str("\n");
    let mut environment = context.environment().clone();
    let handed = hand_over(&header, &mut environment).map_err(|error| {
        Error::new(ErrorKind::Internal, "cannot pass the token to curl through a file descriptor")
            .with_source(error)
    })?;
    let mut all: Vec<OsString> = ["-q", "--proto-redir", "=https"].map(Into::into).into();
    if allowed.is_loopback {
        // A proxy would get the header of a plain http request.
        all.extend(["--noproxy", "*"].map(Into::into));
    }
    match &handed {
        Handed::File { path, .. } => {
            let mut file = OsString::from("@");
            file.push(path);
            all.extend(["-H".into(), file]);
        }
        Handed::Variable(name) => all.extend(
            [
                "--variable".to_owned(),
                format!("%{name}"),
                "--expand-header".to_owned(),
                format!("{{{{{name}}}}}"),
            ]
            .map(Into::into),
        ),
    }
    all.extend_from_slice(&arguments.arguments);
    Err(exec::become_program(&path, name, &all, &environment))
}
