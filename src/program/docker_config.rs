//! Docker's `config.json` as text, and the credential helpers in it.
//!
//! The text is edited instead of written anew from its values, so that every other member stays as it is to the byte:
//! its order, its numbers and its indentation. The file holds passwords, so no error quotes it.

use std::ffi::OsStr;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::docker_credential;
use super::json_object::{JsonObject, Layout};
use super::registry_hosts::HOSTS;
use crate::error::{Error, ErrorKind, Result};
use crate::session::SessionName;
use crate::system::environment::Environment;
use crate::system::exec::look_up;
use crate::system::lookup::Entries;
use crate::system::platform;

/// The start of a credential helper's name, which the file omits.
const PROGRAM_PREFIX: &str = "docker-credential-";

/// The member with the helpers: an object from hosts to the names of helpers.
const MEMBER: &str = "credHelpers";

/// The hosts, each with the name of its helper, in the order of the file.
type Helpers = Vec<(String, String)>;

/// Docker's configuration.
pub(super) struct DockerConfig<'a> {
    object: JsonObject<'a>,
    /// The text of the member, if there is one.
    member: Option<&'a str>,
    helpers: Helpers,
}

/// A change to the helpers.
#[derive(Clone, Copy)]
pub(super) enum Edit<'a> {
    /// Let the helper of a session serve every host of the registry.
    Add(Option<&'a SessionName>),
    /// Remove the helper of this session, or every helper of ours.
    Remove(Option<&'a SessionName>),
}

/// A helper that was added, replaced or removed.
#[derive(Debug, PartialEq)]
pub(super) struct Change {
    pub(super) host: String,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
}

/// The outcome of an edit.
pub(super) struct Edited {
    /// The new text.
    pub(super) text: Zeroizing<String>,
    pub(super) changes: Vec<Change>,
    /// The hosts that another helper serves. They are left alone.
    pub(super) others: Helpers,
}

/// Returns the name of the helper of a session, as it is written in the file.
pub(super) fn helper_name(session: Option<&SessionName>) -> String {
    let own = own_helper();
    session.map_or_else(|| own.to_owned(), |session| format!("{own}-{session}"))
}

/// Returns the program that a helper's name in the file stands for.
pub(super) fn program_of(helper: &str) -> String {
    format!("{PROGRAM_PREFIX}{helper}")
}

/// The part of the program's name that is written in the file.
fn own_helper() -> &'static str {
    docker_credential::NAME.trim_start_matches(PROGRAM_PREFIX)
}

/// Returns whether a helper is ours: that of the user's own session or of a named one.
fn is_ours(helper: &str) -> bool {
    helper.strip_prefix(own_helper()).is_some_and(|rest| {
        rest.is_empty() || rest.strip_prefix('-').is_some_and(|name| name.parse::<SessionName>().is_ok())
    })
}

/// Returns the file that docker reads, and that podman, skopeo, helm and others read too.
pub(super) fn default_file(environment: &Environment) -> Result<PathBuf> {
    let directory = match environment.get("DOCKER_CONFIG") {
        Some(directory) => Some(PathBuf::from(directory)),
        None => environment.home().map(|home| home.join(".docker")),
    };
    directory.map(|directory| directory.join("config.json")).ok_or_else(|| {
        Error::new(
            ErrorKind::Usage,
            format!(
                "cannot find the configuration file, because neither DOCKER_CONFIG nor {} is set",
                platform::HOME
            ),
        )
        .with_hint("name the file with `--file PATH`")
    })
}

/// Returns the absolute path of a program. Clients skip relative entries of PATH too, and have no default for PATH.
pub(super) fn helper_in_path(program: &str, environment: &Environment) -> Option<PathBuf> {
    environment.get("PATH")?;
    look_up(OsStr::new(program), Entries::Absolute, environment).ok()
}

impl<'a> DockerConfig<'a> {
    /// Parses the content of a file. An empty one is valid, as it is for docker. The error says why it is not
    /// understood.
    pub(super) fn parse(content: &'a [u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(content).map_err(|_| "it is not UTF-8".to_owned())?;
        let text = if text.trim_ascii().is_empty() { "{}\n" } else { text };
        let object = JsonObject::parse(text).map_err(|error| {
            let what = if error.is_data() { "a JSON object" } else { "JSON" };
            format!("it is not {what} (line {}, column {})", error.line(), error.column())
        })?;
        // Docker ignores the case of names (`encoding/json` of Go), so another spelling means the same member.
        let found: Vec<_> = object.members().filter(|(name, _)| name.eq_ignore_ascii_case(MEMBER)).collect();
        let member = match found[..] {
            [] => None,
            [(MEMBER, value)] => Some(value),
            [_] => return Err(format!("it has a member that differs from `{MEMBER}` only in case")),
            _ => return Err(format!("it has more than one member `{MEMBER}`")),
        };
        let member = member.filter(|value| *value != "null");
        let helpers = member
            .map_or(Some(Vec::new()), helpers)
            .ok_or_else(|| format!("its member `{MEMBER}` is not an object with one helper for each host"))?;
        Ok(Self { object, member, helpers })
    }

    /// Returns the hosts of the registry, each with its helper and whether that is ours.
    pub(super) fn registry_helpers(&self) -> impl Iterator<Item = (&str, &str, bool)> {
        let of_registry = self.helpers.iter().filter(|(host, _)| HOSTS.contains(&host.as_str()));
        of_registry.map(|(host, helper)| (host.as_str(), helper.as_str(), is_ours(helper)))
    }

    /// Returns the configuration after an edit.
    pub(super) fn edit(&self, edit: Edit<'_>) -> Edited {
        let (mut changes, mut others) = (Vec::new(), Vec::new());
        match edit {
            Edit::Add(session) => {
                let wanted = helper_name(session);
                for host in HOSTS {
                    let present = self.helpers.iter().find(|(known, _)| known == host);
                    match present {
                        Some((_, helper)) if *helper == wanted => {}
                        Some(other) if !is_ours(&other.1) => others.push(other.clone()),
                        _ => changes.push(Change {
                            host: host.to_owned(),
                            from: present.map(|(_, helper)| helper.clone()),
                            to: Some(wanted.clone()),
                        }),
                    }
                }
            }
            Edit::Remove(session) => {
                let name = session.map(|session| helper_name(Some(session)));
                for (host, helper) in &self.helpers {
                    if name.as_ref().map_or_else(|| is_ours(helper), |name| name == helper) {
                        changes.push(Change { host: host.clone(), from: Some(helper.clone()), to: None });
                    }
                }
            }
        }
        Edited { text: Zeroizing::new(self.text_after(&changes)), changes, others }
    }

    /// Returns the text after changes. The member is removed together with its last helper.
    fn text_after(&self, changes: &[Change]) -> String {
        let outer = self.object.layout().unwrap_or_else(Layout::of_docker);
        let inner = outer.inner();
        let mut member = self.member.unwrap_or("{}").to_owned();
        for Change { host, to, .. } in changes {
            let object = JsonObject::parse(&member).expect("it was parsed before");
            member = match to {
                Some(helper) => object.with(host, &format!("\"{helper}\""), &inner),
                None => object.without(host),
            };
        }
        let is_empty = helpers(&member).is_some_and(|helpers| helpers.is_empty());
        if is_empty { self.object.without(MEMBER) } else { self.object.with(MEMBER, &member, &outer) }
    }
}

/// Returns the hosts and helpers in the text of the member. Returns nothing if the text is not an object from hosts to
/// names, or if it lists a host twice.
fn helpers(member: &str) -> Option<Helpers> {
    let object = JsonObject::parse(member).ok()?;
    let mut helpers = Helpers::new();
    for (host, helper) in object.members() {
        if helpers.iter().any(|(known, _)| known == host) {
            return None;
        }
        helpers.push((host.to_owned(), serde_json::from_str(helper).ok()?));
    }
    Some(helpers)
}
