//! Finds a program that can be run, without ever searching the current directory on its own.
//!
//! PATHEXT says which extensions a name may omit. Of these, only the four that the system and std can run are used. std
//! quotes the arguments of a batch file for `cmd.exe`, and refuses those that cannot be passed on unchanged
//! (CVE-2024-24576, CVE-2024-43402).

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::system::environment::Environment;

/// The extensions of programs and batch files.
const RUNNABLE: [&str; 4] = ["com", "exe", "bat", "cmd"];

/// Returns the path of the file to run: `path` itself, or `path` with an extension of PATHEXT.
pub(crate) fn at(path: &Path, environment: &Environment) -> Option<PathBuf> {
    let name = path.file_name()?;
    names(name, environment).into_iter().map(|name| path.with_file_name(name)).find(|path| is_file(path))
}

/// Returns the first such file with this name in these directories, of which relative ones start at `from`.
pub(crate) fn in_directories(
    name: &OsStr,
    directories: &[PathBuf],
    from: &Path,
    environment: &Environment,
) -> Option<PathBuf> {
    let names = names(name, environment);
    let candidates = directories.iter().flat_map(|directory| {
        let directory = from.join(directory);
        names.iter().map(move |name| directory.join(name))
    });
    candidates.into_iter().find(|path| is_file(path))
}

/// Returns the names under which a program may be found.
fn names(name: &OsStr, environment: &Environment) -> Vec<OsString> {
    let extension = Path::new(name).extension();
    let is_whole =
        extension.is_some_and(|extension| RUNNABLE.iter().any(|known| extension.eq_ignore_ascii_case(known)));
    let mut names = Vec::new();
    names.extend(is_whole.then(|| name.to_owned()));
    for extension in extensions(environment) {
        let mut longer = name.to_owned();
        longer.push(".");
        longer.push(extension);
        names.push(longer);
    }
    names
}

/// Returns the extensions of PATHEXT that can be run, in their order.
fn extensions(environment: &Environment) -> Vec<&'static str> {
    let listed = environment.get("PATHEXT").map(OsStr::to_string_lossy).unwrap_or_default();
    let known = |listed: &str| {
        let listed = listed.trim().strip_prefix('.')?;
        RUNNABLE.into_iter().find(|known| listed.eq_ignore_ascii_case(known))
    };
    let extensions: Vec<_> = listed.split(';').filter_map(known).collect();
    if extensions.is_empty() { RUNNABLE.into() } else { extensions }
}

/// Returns whether something other than a directory is there. A program of the Microsoft Store is a link that only the
/// system can follow.
pub(super) fn is_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| !found.is_dir())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn environment(extensions: &str) -> Environment {
        [("Pathext", extensions)].into_iter().collect()
    }

    #[test]
    fn extension_of_pathext_is_added_in_its_order() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for name in ["tool.cmd", "tool.exe", "tool.vbs", "script.vbs", "plain"] {
            fs::write(path(name), "").unwrap();
        }
        fs::create_dir(path("tool.com")).unwrap();
        let found = |name: &str, extensions: &str| {
            let named = at(&path(name), &environment(extensions));
            let [name, directories] = [OsStr::new(name), directory.path().as_os_str()];
            assert_eq!(
                in_directories(name, &[directories.into()], Path::new("."), &environment(extensions)),
                named
            );
            named.map(|path| path.file_name().unwrap().to_str().unwrap().to_ascii_lowercase())
        };
        assert_eq!(found("tool", "").as_deref(), Some("tool.exe"));
        assert_eq!(found("tool", ".VBS;.CMD;.EXE").as_deref(), Some("tool.cmd"));
        assert_eq!(found("tool.exe", ".CMD").as_deref(), Some("tool.exe"));
        assert_eq!(found("TOOL.CMD", ".EXE").as_deref(), Some("tool.cmd"));
        for name in ["script", "script.vbs", "plain", "absent", ""] {
            assert_eq!(found(name, ".VBS;.EXE"), None, "{name}");
        }
    }

    #[test]
    fn current_directory_is_not_searched() {
        // Tests run in the package's directory, and an empty list of directories has no default.
        let name = format!("ibmcloud-token-test-{}.exe", std::process::id());
        fs::write(&name, "").unwrap();
        let found = in_directories(OsStr::new(&name), &[], Path::new(r"C:\"), &Environment::default());
        fs::remove_file(&name).unwrap();
        assert_eq!(found, None);
    }
}
