//! Environment variables as a value. The program reads them once, and changes a copy for a child.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::platform;

/// A set of environment variables. A copy is cheap until it is changed. On Windows, the case of a name does not matter.
#[derive(Clone, Default)]
pub(crate) struct Environment(Arc<BTreeMap<OsString, OsString>>);

impl Environment {
    /// Returns the variables of this process.
    pub(crate) fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// Returns a variable's value. An empty variable counts as unset, as in the CLI's own SDK (`bluemix/env.go`).
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(self.kept(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// Returns the value of the first of these variables that is set.
    pub(crate) fn first(&self, names: &[&'static str]) -> Option<&OsStr> {
        self.first_named(names).map(|(_, value)| value)
    }

    /// Returns the name and the value of the first of these variables that is set.
    pub(crate) fn first_named(&self, names: &[&'static str]) -> Option<(&'static str, &OsStr)> {
        names.iter().find_map(|name| Some((*name, self.get(name)?)))
    }

    /// Returns a variable as a path, if it is an absolute path.
    pub(crate) fn absolute_path(&self, name: &str) -> Option<&Path> {
        self.get(name).map(Path::new).filter(|path| path.is_absolute())
    }

    /// Returns the user's home directory as the CLI's own SDK finds it (`UserHomeDir`), from the environment alone.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.home_by_the_rules_of(if cfg!(windows) { Platform::Windows } else { Platform::Unix })
    }

    fn home_by_the_rules_of(&self, platform: Platform) -> Option<PathBuf> {
        let home = match platform {
            Platform::Unix => self.get("HOME")?.to_owned(),
            Platform::Windows => {
                let on_drive = ["HOMEDRIVE", "HOMEPATH"]
                    .into_iter()
                    .filter_map(|name| self.get(name))
                    .collect::<OsString>();
                if on_drive.is_empty() { self.get("USERPROFILE")?.to_owned() } else { on_drive }
            }
        };
        Some(home.into())
    }

    /// Returns the directory for a user's data: `XDG_DATA_HOME`, or the platform's own.
    pub(crate) fn data_home(&self) -> Option<PathBuf> {
        let named =
            platform::DATA_VARIABLES.iter().find_map(|name| self.absolute_path(name)).map(Path::to_owned);
        named.or_else(|| Some(self.home().filter(|home| home.is_absolute())?.join(platform::DATA_IN_HOME)))
    }

    /// Returns the stored spelling of a name, which on Windows may differ in case.
    fn kept<'a>(&'a self, name: &'a str) -> &'a OsStr {
        let mut kept = self.0.keys().map(OsString::as_os_str);
        let same = if cfg!(windows) { kept.find(|kept| kept.eq_ignore_ascii_case(name)) } else { None };
        same.unwrap_or(OsStr::new(name))
    }

    /// Sets a variable.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        let name = self.kept(name).to_owned();
        Arc::make_mut(&mut self.0).insert(name, value.into());
    }

    /// Removes variables.
    pub(crate) fn remove(&mut self, names: &[&str]) {
        for name in names {
            let name = self.kept(name).to_owned();
            Arc::make_mut(&mut self.0).remove(&name);
        }
    }

    /// Returns every variable.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.0.iter()
    }
}

#[derive(Clone, Copy)]
enum Platform {
    Unix,
    Windows,
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(Arc::new(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::CASE_OF_VARIABLES_MATTERS;
    use super::*;

    #[test]
    fn empty_variable_counts_as_unset() {
        let environment: Environment = [("IBMCLOUD_HOME", ""), ("BLUEMIX_HOME", "/b")].into_iter().collect();
        assert_eq!(environment.get("IBMCLOUD_HOME"), None);
        assert_eq!(environment.first(&["IBMCLOUD_HOME", "BLUEMIX_HOME"]), Some(OsStr::new("/b")));
    }

    #[test]
    fn change_of_a_copy_leaves_the_original_alone() {
        let original: Environment = [("A", "1"), ("B", "2")].into_iter().collect();
        let mut copy = original.clone();
        copy.set("A", "3");
        copy.remove(&["B"]);
        let values =
            |environment: &Environment| ["A", "B"].map(|name| environment.get(name).map(OsStr::to_owned));
        assert_eq!(values(&original), [Some("1".into()), Some("2".into())]);
        assert_eq!(values(&copy), [Some("3".into()), None]);
    }

    #[test]
    fn case_of_a_name_matters_only_where_it_does_for_the_platform() {
        let mut environment: Environment = [("Path", "a")].into_iter().collect();
        assert_eq!(environment.get("PATH").is_none(), CASE_OF_VARIABLES_MATTERS);
        environment.set("PATH", "b");
        assert_eq!(environment.iter().count(), if CASE_OF_VARIABLES_MATTERS { 2 } else { 1 });
        assert_eq!(environment.get("PATH"), Some(OsStr::new("b")));
        environment.remove(&["path"]);
        assert_eq!(environment.iter().count(), if CASE_OF_VARIABLES_MATTERS { 2 } else { 0 });
    }

    #[test]
    fn home_follows_the_rules_of_the_platform() {
        let environment: Environment =
            [("HOME", "/h"), ("HOMEDRIVE", "C:"), ("HOMEPATH", "\\u"), ("USERPROFILE", "C:\\p")]
                .into_iter()
                .collect();
        assert_eq!(environment.home_by_the_rules_of(Platform::Unix), Some("/h".into()));
        assert_eq!(environment.home_by_the_rules_of(Platform::Windows), Some("C:\\u".into()));
        let profile: Environment = [("USERPROFILE", "C:\\p")].into_iter().collect();
        assert_eq!(profile.home_by_the_rules_of(Platform::Windows), Some("C:\\p".into()));
        assert_eq!(profile.home_by_the_rules_of(Platform::Unix), None);
    }
}
