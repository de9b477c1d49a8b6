//! Which `ibmcloud` is run: found once, as an absolute path.
//!
//! A program found through an empty or relative entry of PATH would be whatever lies in the current folder, so such
//! entries are passed over (azure-sdk-for-go#18266, azure-sdk-for-js#7669 tell what happens otherwise).

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::error::{Error, Kind, Result};

/// The name of the CLI since 2018. `bx` and `bluemix`, its old names, can be given as a program of their own.
const NAME: &str = "ibmcloud";

/// Returns the absolute path of the CLI: `program` if given (a path, or a name to look up), else `ibmcloud`.
pub(super) fn locate(program: Option<&OsStr>, environment: &Environment) -> Result<PathBuf> {
    let name = program.unwrap_or(OsStr::new(NAME));
    let found = if Path::new(name).components().count() > 1 {
        executable(Path::new(name))
    } else {
        in_path(name, environment)
    };
    found.map_err(|problem| {
        Error::new(Kind::CliMissing, problem).with_hint(
            "install the IBM Cloud CLI (https://cloud.ibm.com/docs/cli), or name it with `--ibmcloud PATH`",
        )
    })
}

/// Returns a path that the user gave, made absolute, if a program stands there.
fn executable(path: &Path) -> Result<PathBuf, String> {
    let problem = |error: &dyn std::fmt::Display| format!("`{}` cannot be run: {error}", path.display());
    let absolute = std::path::absolute(path).map_err(|error| problem(&error))?;
    which::which_in(&absolute, None::<&OsStr>, "/").map_err(|_| match absolute.metadata() {
        Err(error) => problem(&error),
        Ok(_) => problem(&"it is not an executable file"),
    })
}

fn in_path(name: &OsStr, environment: &Environment) -> Result<PathBuf, String> {
    let path = environment.get("PATH").unwrap_or_default();
    let (absolute, refused): (Vec<PathBuf>, Vec<PathBuf>) =
        std::env::split_paths(path).partition(|folder| folder.is_absolute());
    let search = |folders: &[PathBuf], from: &Path| {
        let folders: OsString = std::env::join_paths(folders).ok()?;
        which::which_in(name, Some(folders), from).ok()
    };
    search(&absolute, Path::new("/")).ok_or_else(|| {
        let name = name.display();
        // An empty entry stands for the current folder.
        let relative: Vec<PathBuf> = refused.into_iter().map(|folder| Path::new(".").join(folder)).collect();
        let here = std::env::current_dir().ok().and_then(|here| search(&relative, &here));
        if here.is_some() {
            format!("`{name}` is only found through an empty or relative entry of PATH, which is not safe to follow")
        } else {
            format!("`{name}` is not in PATH")
        }
    })
}
