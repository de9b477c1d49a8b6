//! The CLI's configuration directory, found exactly as its SDK does (`ibm-cloud-cli-sdk`, `bluemix/env.go` and
//! `config_helpers/helpers.go`).

use std::path::PathBuf;

use crate::system::environment::Environment;
use crate::system::platform;

/// The variables that choose a session. The first two name a home directory, the last one the directory itself.
pub(crate) const VARIABLES: [&str; 3] = ["IBMCLOUD_HOME", "BLUEMIX_HOME", "IBMCLOUD_CONFIG_HOME"];

/// Returns the CLI's configuration directory, and the variable that chooses it: `IBMCLOUD_CONFIG_HOME`; else, in
/// `IBMCLOUD_HOME`, `BLUEMIX_HOME` or the home directory, `.ibmcloud` if that exists, else `.bluemix`.
///
/// Returns nothing without a home directory. The SDK then uses the current directory, which may belong to anybody.
pub(crate) fn config_directory(environment: &Environment) -> Option<(&'static str, PathBuf)> {
    let [homes @ .., itself] = VARIABLES;
    if let Some(directory) = environment.get(itself) {
        return Some((itself, directory.into()));
    }
    let named = environment.first_named(&homes).map(|(name, home)| (name, home.into()));
    let (name, home) = named.or_else(|| Some((platform::HOME, environment.home()?)))?;
    let new = home.join(".ibmcloud");
    Some((name, if new.exists() { new } else { home.join(".bluemix") }))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::system::platform::HOME;

    fn directory(variables: &[(&str, &Path)]) -> Option<PathBuf> {
        config_directory(&variables.iter().copied().collect()).map(|(_, directory)| directory)
    }

    #[test]
    fn variables_rank_as_in_the_sdk() {
        let home = tempfile::tempdir().unwrap();
        let (home, other) = (home.path(), Path::new("/other"));
        assert_eq!(directory(&[(HOME, home)]), Some(home.join(".bluemix")));
        assert_eq!(directory(&[(HOME, other), ("BLUEMIX_HOME", home)]), Some(home.join(".bluemix")));
        assert_eq!(
            directory(&[("BLUEMIX_HOME", other), ("IBMCLOUD_HOME", home)]),
            Some(home.join(".bluemix"))
        );
        assert_eq!(directory(&[("IBMCLOUD_HOME", other), ("IBMCLOUD_CONFIG_HOME", home)]), Some(home.into()));
        assert_eq!(directory(&[("IBMCLOUD_HOME", Path::new("")), (HOME, home)]), Some(home.join(".bluemix")));
        assert_eq!(directory(&[]), None);
    }

    #[test]
    fn new_directory_is_used_if_it_exists() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join(".bluemix")).unwrap();
        std::fs::create_dir_all(home.path().join(".ibmcloud")).unwrap();
        assert_eq!(directory(&[(HOME, home.path())]), Some(home.path().join(".ibmcloud")));
    }
}
