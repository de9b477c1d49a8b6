//! `exec`: replace this process with a program that has a token in its environment.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};
use crate::note::Note;
use crate::program::arguments::Exec;
use crate::program::context::Context;
use crate::program::source::Source;
use crate::program::{output, recipes};
use crate::system::environment::Environment;
use crate::system::exec;
use crate::system::lookup::{Entries, LookupError};

/// The exit statuses of `env` and `nohup` (POSIX) for a program that was not run.
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

pub(in crate::program) fn run(arguments: &Exec, context: &Context) -> Result<()> {
    if arguments.list_recipes {
        return output::print(recipes::list().as_bytes());
    }
    let (variables, recipes) = context.settings().program_environment(arguments)?;
    let source = Source::new(&arguments.token, &arguments.source, context)?;
    let (name, program_arguments) = arguments.program.split_first().expect("clap requires it");
    // The program is looked up first, so that a misspelled name does not cost a run of the CLI or a login.
    let path = look_up(name, Entries::All, context)?;
    let token = source.token(context)?;
    let mut environment = match context.session_name() {
        Some(_) => context.session()?.environment().clone(),
        None => context.environment().clone(),
    };
    let task = context.task();
    for recipe in &recipes {
        recipe.apply(token.token(), &mut environment);
        if let Some(file) = recipe.overriding_file(&environment) {
            task.note(Note::CredentialsFileWins(file));
        }
    }
    for variable in &variables {
        let value = variable.value(&token, task.now())?;
        environment.set(&variable.name, str::from_utf8(&value).expect("templates and tokens are text"));
    }
    Err(become_program(&path, name, program_arguments, &environment))
}

/// Finds a program. The error has the exit status that POSIX specifies.
pub(super) fn look_up(name: &OsStr, entries: Entries, context: &Context) -> Result<PathBuf> {
    exec::look_up(name, entries, context.environment()).map_err(|error| match error {
        LookupError::Missing if exec::is_path(name) => {
            Error::new(ErrorKind::Usage, format!("there is no program `{}`", name.display()))
                .or_exit_code(NOT_FOUND)
        }
        LookupError::Missing => Error::new(ErrorKind::Usage, format!("`{}` is not in PATH", name.display()))
            .or_exit_code(NOT_FOUND),
        LookupError::NotExecutable(path, error) => cannot_execute(&path, error),
    })
}

/// Replaces this process with a program. Returns only if that fails.
pub(super) fn become_program(
    path: &Path,
    name: &OsStr,
    arguments: &[OsString],
    environment: &Environment,
) -> Error {
    let error = exec::become_program(path, name, arguments, environment);
    // The file was found by `look_up`, so the interpreter that it names must be missing.
    if error.kind() == io::ErrorKind::NotFound {
        return cannot_execute(path, "its interpreter (`#!`) or loader is missing");
    }
    cannot_execute(path, error)
}

fn cannot_execute(path: &Path, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::Internal, format!("cannot execute `{}`", path.display()))
        .with_source(error)
        .or_exit_code(NOT_EXECUTABLE)
}
