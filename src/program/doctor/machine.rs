//! The checks of the machine around the CLI: the search path, and the credential helper of docker.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Check, Facts, Verdict};
use crate::ibmcloud::path_entries;
use crate::program::docker_config::{self, DockerConfig};
use crate::program::registry_hosts::HOSTS;
use crate::system::config_file::ConfigFile;
use crate::system::ownership;

impl Facts<'_> {
    /// The entries of PATH, and whether another user could put a program into one of them.
    pub(super) fn path(&self) -> Check {
        const ID: &str = "path";
        if !ownership::READS_PERMISSIONS {
            return Check::skipped(ID, "who may write to its directories is not checked on this system");
        }
        let (searched, refused) = path_entries(self.context.environment());
        let is_open =
            |path: &Path| path.metadata().is_ok_and(|found| ownership::is_writable_by_others(&found));
        let used = self.ibmcloud.iter().map(|ibmcloud| ibmcloud.program().to_owned());
        let mut open: Vec<PathBuf> = searched.iter().filter(|path| is_open(path)).cloned().collect();
        open.extend(used.filter(|path| is_open(path)));
        open.dedup();
        if !open.is_empty() {
            let shown: Vec<String> = open.iter().map(|path| format!("`{}`", path.display())).collect();
            let paths: Vec<String> = open.iter().map(|path| path.display().to_string()).collect();
            let what = format!("other users can change what is run from {}", shown.join(", "));
            return Check::new(ID, Verdict::Warning, what)
                .with_remedy(format!("`chmod go-w {}`, or remove it from PATH", paths.join(" ")));
        }
        let closed = format!("no other user can write to its {} directories", searched.len());
        if refused.is_empty() {
            return Check::ok(ID, closed);
        }
        let what = format!("{closed}; its {} empty or relative entries are not searched", refused.len());
        Check::new(ID, Verdict::Advice, what).with_remedy("remove these entries from PATH")
    }

    /// Whether docker and others get their tokens from the credential helper.
    pub(super) fn docker(&self) -> Check {
        const ID: &str = "docker";
        let environment = self.context.environment();
        let not_set_up = || Check::ok(ID, "the credential helper for icr.io is not set up (it is optional)");
        let Ok(path) = docker_config::default_file(environment) else { return not_set_up() };
        let unusable = |why: String| {
            Check::new(ID, Verdict::Warning, format!("`{}`: {why}", path.display()))
                .with_remedy("correct the file, or see `ibmcloud-token configure docker --dry-run`")
        };
        let file = match ConfigFile::read(&path) {
            Ok(file) => file,
            Err(error) => return unusable(error.to_string()),
        };
        let config = match DockerConfig::parse(file.content().unwrap_or_default()) {
            Ok(config) => config,
            Err(why) => return unusable(why),
        };
        let served: Vec<_> = config.registry_helpers().collect();
        let ours: BTreeSet<&str> =
            served.iter().filter(|(.., is_ours)| *is_ours).map(|(_, helper, _)| *helper).collect();
        if ours.is_empty() {
            return not_set_up();
        }
        let missing = ours.iter().map(|helper| docker_config::program_of(helper));
        let missing: Vec<String> = missing
            .filter(|program| docker_config::helper_in_path(program, environment).is_none())
            .map(|program| format!("`{program}`"))
            .collect();
        if !missing.is_empty() {
            let what = format!("{} is configured, but is not in PATH", missing.join(", "));
            return Check::new(ID, Verdict::Warning, what).with_remedy(
                "add its directory to PATH, or remove it: `ibmcloud-token configure docker --remove`",
            );
        }
        let count = served.iter().filter(|(.., is_ours)| *is_ours).count();
        let shown = format!("the credential helper serves {count} of {} hosts of icr.io", HOSTS.len());
        if served.len() == HOSTS.len() {
            return Check::ok(ID, shown);
        }
        Check::new(ID, Verdict::Advice, shown)
            .with_remedy("add the others: `ibmcloud-token configure docker`")
    }
}
