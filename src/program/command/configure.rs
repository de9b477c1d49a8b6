//! `configure docker`: name our credential helper in the configuration of docker, or of another program that reads the
//! same file.

use std::fmt::Write as _;
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::note::Note;
use crate::program::arguments::Configure;
use crate::program::context::Context;
use crate::program::docker_config::{self, DockerConfig, Edit, Edited, helper_name};
use crate::program::{docker_credential, output};
use crate::sanitize;
use crate::system::config_file::ConfigFile;
use crate::system::platform;

pub(in crate::program) fn run(arguments: &Configure, context: &Context) -> Result<()> {
    let settings = context.settings().configure(arguments)?;
    let path = settings.file.map_or_else(|| docker_config::default_file(context.environment()), Ok)?;
    let session = settings.session.as_ref();
    let edit = if settings.remove { Edit::Remove(session) } else { Edit::Add(session) };

    let file = ConfigFile::read(&path).map_err(|error| cannot("read", &path, error))?;
    let config = DockerConfig::parse(file.content().unwrap_or_default()).map_err(|why| {
        Error::new(ErrorKind::Internal, format!("`{}` was not understood: {why}", path.display()))
            .with_hint("correct the file, or name another one with `--file PATH`")
    })?;
    let edited = config.edit(edit);
    if !settings.dry_run && !edited.changes.is_empty() {
        file.replace(edited.text.as_bytes(), context.deadline())
            .map_err(|error| cannot("write", &path, error))?;
    }
    output::print(shown(&edited, &path, settings.dry_run).as_bytes())?;
    let task = context.task();
    for (host, helper) in edited.others {
        task.note(Note::OtherCredentialHelper { host, helper });
    }
    if !settings.remove {
        let program = docker_config::program_of(&helper_name(session));
        if docker_config::helper_in_path(&program, context.environment()).is_none() {
            let target = session
                .and_then(|_| docker_config::helper_in_path(docker_credential::NAME, context.environment()));
            let create = target.map(|target| platform::link_command(&target, &program));
            task.note(Note::CredentialHelperNotInPath { program, create });
        }
    }
    Ok(())
}

/// Returns what was changed, or would be, line by line.
fn shown(edited: &Edited, path: &Path, is_dry_run: bool) -> String {
    let path = sanitize::line(&path.display().to_string());
    if edited.changes.is_empty() {
        return format!("no change to {path}\n");
    }
    let mut text = format!("{} {path}:\n", if is_dry_run { "would change" } else { "changed" });
    for change in &edited.changes {
        for (sign, helper) in [('-', &change.from), ('+', &change.to)] {
            if let Some(helper) = helper {
                let _ = writeln!(text, "  {sign} {}: {helper}", sanitize::line(&change.host));
            }
        }
    }
    text
}

fn cannot(what: &str, path: &Path, error: std::io::Error) -> Error {
    Error::new(ErrorKind::Internal, format!("cannot {what} `{}`", path.display()))
        .with_hint("name a file that you may read and write: `--file PATH`")
        .with_source(error)
}
