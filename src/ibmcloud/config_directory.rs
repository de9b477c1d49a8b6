//! Where the CLI keeps a session, found exactly as its SDK does (`ibm-cloud-cli-sdk`, `bluemix/env.go` and
//! `config_helpers/helpers.go`).

use std::path::PathBuf;

use crate::environment::Environment;

/// The variables that say where a session is; the first two name a home, the last the folder itself.
pub const VARIABLES: [&str; 3] = ["IBMCLOUD_HOME", "BLUEMIX_HOME", "IBMCLOUD_CONFIG_HOME"];

/// Returns the CLI's configuration directory: `IBMCLOUD_CONFIG_HOME`; else, in `IBMCLOUD_HOME`, `BLUEMIX_HOME` or the
/// home directory, `.ibmcloud` if that exists, else `.bluemix`.
///
/// Nothing without a home directory: the SDK then uses the current folder, whose owner may be anybody.
#[must_use]
pub fn config_directory(environment: &Environment) -> Option<PathBuf> {
    if let Some(directory) = environment.get("IBMCLOUD_CONFIG_HOME") {
        return Some(directory.into());
    }
    let home = environment
        .first(&["IBMCLOUD_HOME", "BLUEMIX_HOME"])
        .map(PathBuf::from)
        .or_else(|| environment.home())?;
    let new = home.join(".ibmcloud");
    Some(if new.exists() { new } else { home.join(".bluemix") })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn directory(variables: &[(&str, &Path)]) -> Option<PathBuf> {
        config_directory(&variables.iter().copied().collect())
    }

    #[test]
    fn the_variables_rank_as_in_the_sdk() {
        let home = tempfile::tempdir().unwrap();
        let (home, other) = (home.path(), Path::new("/other"));
        assert_eq!(directory(&[("HOME", home)]), Some(home.join(".bluemix")));
        assert_eq!(directory(&[("HOME", other), ("BLUEMIX_HOME", home)]), Some(home.join(".bluemix")));
        assert_eq!(
            directory(&[("BLUEMIX_HOME", other), ("IBMCLOUD_HOME", home)]),
            Some(home.join(".bluemix"))
        );
        assert_eq!(directory(&[("IBMCLOUD_HOME", other), ("IBMCLOUD_CONFIG_HOME", home)]), Some(home.into()));
        assert_eq!(
            directory(&[("IBMCLOUD_HOME", Path::new("")), ("HOME", home)]),
            Some(home.join(".bluemix"))
        );
        assert_eq!(directory(&[]), None);
    }

    #[test]
    fn the_new_folder_counts_if_it_exists() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join(".bluemix")).unwrap();
        std::fs::create_dir_all(home.path().join(".ibmcloud")).unwrap();
        assert_eq!(directory(&[("HOME", home.path())]), Some(home.path().join(".ibmcloud")));
    }
}
