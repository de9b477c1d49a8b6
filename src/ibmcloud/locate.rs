//! Finds the absolute path of the `ibmcloud` program to run.
//!
//! An empty or relative entry of PATH would run a program from the current directory, so such entries are skipped
//! (azure-sdk-for-go#18266 and azure-sdk-for-js#7669 show what happens otherwise).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};
use crate::system::environment::Environment;
use crate::system::programs;

/// The name of the CLI since 2018. Its old names, `bx` and `bluemix`, can be given by the user.
const NAME: &str = "ibmcloud";

/// Returns the absolute path of the CLI: `program` if given (a path or a name to look up), else `ibmcloud`.
pub(super) fn locate(program: Option<&OsStr>, environment: &Environment) -> Result<PathBuf> {
    let name = program.unwrap_or(OsStr::new(NAME));
    let found = if Path::new(name).components().count() > 1 {
        executable(Path::new(name), environment)
    } else {
        in_path(name, environment)
    };
    found.map_err(|problem| {
        Error::new(ErrorKind::IbmcloudMissing, problem).with_hint(
            "install the IBM Cloud CLI (https://cloud.ibm.com/docs/cli), or name it with `--ibmcloud PATH`",
        )
    })
}

/// Returns a path that the user gave as an absolute path, if it is executable.
fn executable(path: &Path, environment: &Environment) -> Result<PathBuf, String> {
    let problem = |error: &dyn std::fmt::Display| format!("cannot run `{}`: {error}", path.display());
    let absolute = std::path::absolute(path).map_err(|error| problem(&error))?;
    programs::at(&absolute, environment).ok_or_else(|| match absolute.metadata() {
        Err(error) => problem(&error),
        Ok(_) => problem(&"it is not an executable file"),
    })
}

/// Returns every `ibmcloud` in PATH, in the order in which they are found. The first is the one that is used.
pub(crate) fn all(environment: &Environment) -> Vec<PathBuf> {
    let name = OsStr::new(NAME);
    let (directories, _) = path_entries(environment);
    let mut found: Vec<PathBuf> = Vec::new();
    for directory in directories {
        let here = programs::in_directories(name, &[directory], Path::new("/"), environment);
        found.extend(here.filter(|program| !found.contains(program)));
    }
    found
}

/// Returns the entries of PATH that are searched, and those that are refused.
pub(crate) fn path_entries(environment: &Environment) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let path = environment.get("PATH").unwrap_or_default();
    std::env::split_paths(path).partition(|directory| directory.is_absolute())
}

fn in_path(name: &OsStr, environment: &Environment) -> Result<PathBuf, String> {
    let (absolute, refused) = path_entries(environment);
    programs::in_directories(name, &absolute, Path::new("/"), environment).ok_or_else(|| {
        let shown = name.display();
        // An empty entry stands for the current directory.
        let relative: Vec<PathBuf> =
            refused.into_iter().map(|directory| Path::new(".").join(directory)).collect();
        let here = std::env::current_dir()
            .ok()
            .and_then(|here| programs::in_directories(name, &relative, &here, environment));
        if here.is_some() {
            format!("`{shown}` is only in an empty or relative entry of PATH, which is not safe to use")
        } else {
            format!("`{shown}` is not in PATH")
        }
    })
}
