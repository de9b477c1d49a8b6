//! The recorded situations in `fixtures`.

use std::fs;

use super::{root, token};

/// The names of the situations that start with a prefix, sorted.
pub(crate) fn situations(prefix: &str) -> Vec<String> {
    let mut names = super::names(&root().join("fixtures"));
    names.retain(|name| name.starts_with(prefix));
    assert!(!names.is_empty(), "no situation starts with {prefix}");
    names
}

/// A file of a situation; empty if there is no such file.
pub(crate) fn recorded(situation: &str, file: &str) -> Vec<u8> {
    fs::read(root().join("fixtures").join(situation).join(file)).unwrap_or_default()
}

/// The right answer in a situation; `None` if a run must fail.
pub(crate) fn right_token(situation: &str) -> Option<String> {
    let name = String::from_utf8(recorded(situation, "token")).unwrap();
    let name = name.trim();
    (!name.is_empty()).then(|| token(name))
}
