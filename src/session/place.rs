//! The location of a session and of its lock, resolved once per run.

use std::path::{Path, PathBuf};

use super::name::{SessionName, data_directory};
use crate::error::{Error, ErrorKind, Result};
use crate::ibmcloud::session_file::{self, Owners};
use crate::ibmcloud::{CONFIG_VARIABLES, config_directory};
use crate::system::environment::Environment;
use crate::system::{hash_for_name, platform};

/// The paths of a session, and the environment in which the CLI uses them.
#[derive(Clone)]
pub(crate) struct Place {
    /// The home directory of a named session. The CLI keeps its configuration directory in it.
    pub(super) home: Option<PathBuf>,
    /// The CLI's configuration directory.
    pub(super) config_directory: PathBuf,
    /// The variable that chooses it, or nothing for a named session.
    pub(super) variable: Option<&'static str>,
    /// The session file in it.
    pub(super) session_file: PathBuf,
    /// The users to whom the session file may belong.
    pub(super) owners: Owners,
    /// The data directory of this program, where the lock files are.
    data_directory: Option<PathBuf>,
    /// The environment of the CLI.
    pub(super) environment: Environment,
}

impl Place {
    /// Resolves the named session, or the one that the environment selects.
    pub(super) fn resolve(name: Option<&SessionName>, environment: &Environment) -> Result<Self> {
        let data_directory = data_directory(environment);
        let mut environment = environment.clone();
        let mut home = None;
        if let Some(name) = name {
            let data_directory = data_directory.as_deref().ok_or_else(|| {
                no_home(&format!(
                    "a named session needs {} or XDG_DATA_HOME, and neither is an absolute path",
                    platform::HOME
                ))
            })?;
            let directory = name.home(data_directory);
            environment.remove(&CONFIG_VARIABLES);
            environment.set(CONFIG_VARIABLES[0], &directory);
            home = Some(directory);
        }
        let (variable, config_directory) = config_directory(&environment)
            .ok_or_else(|| no_home("cannot find the session without a home directory"))?;
        let variable = if home.is_none() { Some(variable) } else { None };
        let session_file = session_file::path(&config_directory);
        let owners = match environment.home() {
            Some(home) if environment.first(&CONFIG_VARIABLES).is_none() => {
                Owners::EverybodyIfRootIsAtHome(home)
            }
            _ => Owners::User,
        };
        Ok(Self { home, config_directory, variable, session_file, owners, data_directory, environment })
    }

    /// Returns the lock file, if there is a data directory. It is computed only when the lock is needed.
    pub(super) fn lock_file(&self) -> Option<PathBuf> {
        Some(lock_file(&self.config_directory, self.data_directory.as_deref()?))
    }
}

fn no_home(message: &str) -> Error {
    Error::new(ErrorKind::LoginNeeded, message).with_hint(format!("set {} or IBMCLOUD_HOME", platform::HOME))
}

/// Returns the lock file of a session. It is named by a hash of the session's real path, so that every path to the
/// session leads to the same lock.
fn lock_file(config_directory: &Path, data_directory: &Path) -> PathBuf {
    let real = real_path(config_directory);
    let hash = hash_for_name(real.as_os_str().as_encoded_bytes());
    data_directory.join("locks").join(format!("{hash:016x}.lock"))
}

/// Returns a path without symbolic links. The part that does not exist yet, before the first login, is kept as it is.
fn real_path(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match (absolute.canonicalize(), absolute.parent(), absolute.file_name()) {
        (Ok(real), _, _) => real,
        (Err(_), Some(parent), Some(name)) => real_path(parent).join(name),
        _ => absolute,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::platform::HOME;
    use crate::system::testing::{ROOT, symlink};

    #[test]
    fn every_path_to_a_session_leads_to_the_same_lock() {
        let directory = tempfile::tempdir().unwrap();
        let (home, link) = (directory.path().join("home"), directory.path().join("link"));
        std::fs::create_dir(&home).unwrap();
        // Another spelling of the path leads to the same place too.
        let link = if symlink(&home, &link) { link } else { directory.path().join(".").join("home") };
        let locks = || [&home, &link].map(|home| lock_file(&home.join(".bluemix"), directory.path()));
        let [before, through_link] = locks();
        assert_eq!(before, through_link);
        std::fs::create_dir(home.join(".bluemix")).unwrap();
        assert_eq!(locks(), [before.clone(), before]);
    }

    #[test]
    fn session_without_a_home_needs_a_login() {
        let resolve = |variables: &[(&str, &str)], name: Option<&str>| {
            let name = name.map(|name| name.parse().unwrap());
            Place::resolve(name.as_ref(), &variables.iter().copied().collect())
        };
        for name in [None, Some("prod")] {
            let error = resolve(&[], name).err().expect("there is no home");
            assert_eq!(error.kind(), ErrorKind::LoginNeeded);
            assert_eq!(error.hint().as_deref(), Some(format!("set {HOME} or IBMCLOUD_HOME").as_str()));
        }
        for variable in ["IBMCLOUD_HOME", "BLUEMIX_HOME", "IBMCLOUD_CONFIG_HOME"] {
            assert!(resolve(&[(variable, "/x")], None).is_ok_and(|place| place.lock_file().is_none()));
        }
    }

    #[test]
    fn variable_that_points_elsewhere_keeps_other_owners_out() {
        let owners = |variables: &[(&str, &str)], name: Option<&str>| {
            let name = name.map(|name| name.parse().unwrap());
            Place::resolve(name.as_ref(), &variables.iter().copied().collect()).unwrap().owners
        };
        let directory = format!("{ROOT}root");
        let home = (HOME, directory.as_str());
        assert!(matches!(owners(&[home], None), Owners::EverybodyIfRootIsAtHome(_)));
        assert!(matches!(owners(&[home], Some("prod")), Owners::User));
        for variable in ["IBMCLOUD_HOME", "BLUEMIX_HOME", "IBMCLOUD_CONFIG_HOME"] {
            assert!(matches!(owners(&[home, (variable, "/x")], None), Owners::User), "{variable}");
        }
    }

    #[test]
    fn named_session_has_a_home_of_its_own() {
        let environment =
            [(HOME, format!("{ROOT}h")), ("IBMCLOUD_CONFIG_HOME", "/other".to_owned())].into_iter().collect();
        let place = Place::resolve(Some(&"prod".parse().unwrap()), &environment).unwrap();
        let home = place.home.unwrap();
        assert!(home.ends_with("ibmcloud-token/sessions/prod"), "{}", home.display());
        assert_eq!(place.config_directory, home.join(".bluemix"));
        assert_eq!(place.environment.get("IBMCLOUD_HOME"), Some(home.as_os_str()));
        assert_eq!(place.environment.get("IBMCLOUD_CONFIG_HOME"), None);
    }
}
