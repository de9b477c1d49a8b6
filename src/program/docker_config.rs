//! Docker's `config.json` as text, and the credential helpers in it.
//!
//! The text is edited instead of written anew from its values, so that every other member stays as it is to the byte:
//! its order, its numbers and its indentation. The file holds passwords, so no error quotes it.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::docker_credential;
use super::registry_hosts::HOSTS;
use crate::session::SessionName;

/// The member with the helpers: an object from hosts to the names of helpers.
const MEMBER: &str = "credHelpers";

/// The hosts, each with the name of its helper, in the order of the file.
type Helpers = Vec<(String, String)>;

/// Docker's configuration.
pub(super) struct DockerConfig<'a> {
    text: &'a str,
    members: Members<&'a RawValue>,
    helpers: Helpers,
}

/// What to do to the helpers.
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

/// Returns the name of the helper of a session, as it stands in the file.
pub(super) fn helper_name(session: Option<&SessionName>) -> String {
    let own = own_helper();
    session.map_or_else(|| own.to_owned(), |session| format!("{own}-{session}"))
}

/// The part of the program's name that stands in the file.
fn own_helper() -> &'static str {
    docker_credential::NAME.trim_start_matches("docker-credential-")
}

/// Returns whether a helper is ours: that of the user's own session or of a named one.
fn is_ours(helper: &str) -> bool {
    helper.strip_prefix(own_helper()).is_some_and(|rest| {
        rest.is_empty() || rest.strip_prefix('-').is_some_and(|name| name.parse::<SessionName>().is_ok())
    })
}

impl<'a> DockerConfig<'a> {
    /// Parses the content of a file. An empty one is valid, as it is for docker. The error says why it is not
    /// understood.
    pub(super) fn parse(content: &'a [u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(content).map_err(|_| "it is not UTF-8".to_owned())?;
        if text.trim_ascii().is_empty() {
            return Ok(Self { text, members: Members(Vec::new()), helpers: Vec::new() });
        }
        let members: Members<&RawValue> = serde_json::from_str(text).map_err(|error| {
            let what = if error.is_data() { "a JSON object" } else { "JSON" };
            format!("it is not {what} (line {}, column {})", error.line(), error.column())
        })?;
        // Docker ignores the case of names (`encoding/json` of Go), so another spelling means the same member.
        let named = members.0.iter().filter(|(name, _)| name.eq_ignore_ascii_case(MEMBER));
        let found: Vec<_> = named.collect();
        let helpers = match found[..] {
            [] => Vec::new(),
            [(name, value)] if name == MEMBER => {
                let helpers: Option<Members<String>> = serde_json::from_str(value.get()).map_err(|_| {
                    format!("its member `{MEMBER}` is not an object with the names of helpers")
                })?;
                helpers.map_or_else(Vec::new, |helpers| helpers.0)
            }
            [_] => return Err(format!("it has a member that differs from `{MEMBER}` only in case")),
            _ => return Err(format!("it has more than one member `{MEMBER}`")),
        };
        Ok(Self { text, members, helpers })
    }

    /// Returns the configuration after an edit.
    pub(super) fn edit(&self, edit: Edit<'_>) -> Edited {
        let mut helpers = self.helpers.clone();
        let (mut changes, mut others) = (Vec::new(), Vec::new());
        match edit {
            Edit::Add(session) => {
                let wanted = helper_name(session);
                for host in HOSTS {
                    let mut change = Change { host: host.to_owned(), from: None, to: Some(wanted.clone()) };
                    match helpers.iter_mut().find(|(known, _)| known == host) {
                        Some((_, helper)) if *helper == wanted => continue,
                        Some((_, helper)) if is_ours(helper) => {
                            change.from = Some(std::mem::replace(helper, wanted.clone()));
                        }
                        Some(other) => {
                            others.push(other.clone());
                            continue;
                        }
                        None => helpers.push((host.to_owned(), wanted.clone())),
                    }
                    changes.push(change);
                }
            }
            Edit::Remove(session) => {
                let name = session.map(|session| helper_name(Some(session)));
                helpers.retain(|(host, helper)| {
                    let goes = name.as_ref().map_or_else(|| is_ours(helper), |name| name == helper);
                    if goes {
                        changes.push(Change { host: host.clone(), from: Some(helper.clone()), to: None });
                    }
                    !goes
                });
            }
        }
        let text = if changes.is_empty() { self.text.to_owned() } else { self.text_with(&helpers) };
        Edited { text: Zeroizing::new(text), changes, others }
    }

    /// Returns the text with these helpers instead of its own.
    fn text_with(&self, helpers: &[(String, String)]) -> String {
        let style = Style::of(self.text, self.members.0.is_empty());
        let rendered = style.render(helpers);
        let member = || format!("{}:{}{rendered}", quoted(MEMBER), style.after_colon());
        let Some((open, close)) = self.text.find('{').zip(self.text.rfind('}')) else {
            return format!("{{{}{}{}}}\n", style.gap, member(), style.newline());
        };
        let present = self.members.0.iter().position(|(name, _)| name == MEMBER);
        let end = |index: usize| self.span(index).1;
        let (start, end, replacement) = match (present, self.members.0.len()) {
            (Some(index), _) if !helpers.is_empty() => {
                let (start, end) = self.span(index);
                (start, end, rendered)
            }
            (Some(_), 1) => (open + 1, close, String::new()),
            (Some(0), _) => {
                let comma = self.text[end(0)..].find(',').expect("a comma comes before the next member");
                (open + 1, end(0) + comma + 1, String::new())
            }
            (Some(index), _) => (end(index - 1), end(index), String::new()),
            (None, 0) => (open + 1, close, format!("{}{}{}", style.gap, member(), style.newline())),
            (None, count) => (end(count - 1), end(count - 1), format!(",{}{}", style.gap, member())),
        };
        [&self.text[..start], &replacement, &self.text[end..]].concat()
    }

    /// Returns where the value of a member starts and ends in the text.
    fn span(&self, index: usize) -> (usize, usize) {
        let value = self.members.0[index].1.get();
        let start = value.as_ptr().addr() - self.text.as_ptr().addr();
        (start, start + value.len())
    }
}

/// How the text is laid out.
struct Style<'a> {
    /// The white space before each member.
    gap: &'a str,
}

impl<'a> Style<'a> {
    /// Returns the style of a text, or docker's own for one without members.
    fn of(text: &'a str, is_empty: bool) -> Self {
        let inside = text.split_once('{').filter(|_| !is_empty).map(|(_, inside)| inside);
        let gap = inside.map(|inside| &inside[..inside.len() - inside.trim_ascii_start().len()]);
        Self { gap: gap.unwrap_or("\n\t") }
    }

    /// Returns the line end, if the members are on lines of their own.
    fn newline(&self) -> &'a str {
        match self.gap.rfind('\n') {
            Some(_) if self.gap.contains("\r\n") => "\r\n",
            Some(_) => "\n",
            None => "",
        }
    }

    fn after_colon(&self) -> &'static str {
        if self.gap.is_empty() { "" } else { " " }
    }

    /// Returns helpers as an object in this style.
    fn render(&self, helpers: &[(String, String)]) -> String {
        let indent = self.gap.rfind('\n').map_or("", |at| &self.gap[at + 1..]);
        let (inner, outer) = match self.newline() {
            "" => (String::new(), String::new()),
            newline => (format!("{newline}{indent}{indent}"), format!("{newline}{indent}")),
        };
        let between = if inner.is_empty() { self.gap } else { &inner };
        let members: Vec<String> = helpers
            .iter()
            .map(|(host, helper)| format!("{}:{}{}", quoted(host), self.after_colon(), quoted(helper)))
            .collect();
        format!("{{{inner}{}{outer}}}", members.join(&format!(",{between}")))
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a string can always be written as JSON")
}

/// The members of a JSON object, in their order and with repetitions.
struct Members<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor(PhantomData))
    }
}

struct MembersVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for MembersVisitor<T> {
    type Value = Members<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}
