//! A JSON object as text: a member is added, replaced or removed, and everything else stays as it is to the byte.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// An object, with its text and its members.
pub(super) struct JsonObject<'a> {
    text: &'a str,
    members: Vec<(String, &'a RawValue)>,
}

/// The white space around members.
#[derive(Clone)]
pub(super) struct Layout {
    before_member: String,
    before_end: String,
    after_colon: String,
}

impl Layout {
    /// Returns the layout that docker writes.
    pub(super) fn of_docker() -> Self {
        Self { before_member: "\n\t".to_owned(), before_end: "\n".to_owned(), after_colon: " ".to_owned() }
    }

    /// Returns the layout of an object inside an object with this one.
    pub(super) fn inner(&self) -> Self {
        let Some(line_end) = self.before_member.rfind('\n') else { return self.clone() };
        let indentation = &self.before_member[line_end + 1..];
        Self {
            before_member: format!("{}{indentation}", self.before_member),
            before_end: self.before_member.clone(),
            after_colon: self.after_colon.clone(),
        }
    }
}

impl<'a> JsonObject<'a> {
    /// Parses a text.
    pub(super) fn parse(text: &'a str) -> serde_json::Result<Self> {
        let Members(members) = serde_json::from_str(text)?;
        Ok(Self { text, members })
    }

    /// Returns the members, in their order and with repetitions.
    pub(super) fn members(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.members.iter().map(|(name, value)| (name.as_str(), value.get()))
    }

    /// Returns the layout of the last member, if there is one.
    pub(super) fn layout(&self) -> Option<Layout> {
        let last = self.members.len().checked_sub(1)?;
        let (key, value) = (self.key_start(last), self.span(last).0);
        let after_colon = white_space_at_end(&self.text[..value]).to_owned();
        let before = white_space_at_end(&self.text[..key]);
        // With a single member there is no comma to learn from, so assume that a space follows a comma if one follows
        // the colon.
        let before_member =
            if last == 0 && before.is_empty() { after_colon.clone() } else { before.to_owned() };
        Some(Layout { before_member, before_end: String::new(), after_colon })
    }

    /// Returns the text with this value of a member, which is added at the end if it is missing. The layout is that of
    /// an object without members.
    pub(super) fn with(&self, name: &str, value: &str, empty: &Layout) -> String {
        if let Some(index) = self.position(name) {
            let (start, end) = self.span(index);
            return [&self.text[..start], value, &self.text[end..]].concat();
        }
        let layout = self.layout();
        let Layout { before_member, before_end, after_colon } = layout.as_ref().unwrap_or(empty);
        let name = serde_json::to_string(name).expect("a string can always be written as JSON");
        let member = format!("{name}:{after_colon}{value}");
        if let Some(last) = self.members.len().checked_sub(1) {
            let (_, end) = self.span(last);
            return [&self.text[..end], ",", before_member, &member, &self.text[end..]].concat();
        }
        let (start, end) = self.inside();
        let is_on_lines = before_member.contains('\n');
        let (before, after) =
            if is_on_lines { (before_member.as_str(), before_end.as_str()) } else { ("", "") };
        [&self.text[..start], before, &member, after, &self.text[end..]].concat()
    }

    /// Returns the text without a member.
    pub(super) fn without(&self, name: &str) -> String {
        let Some(index) = self.position(name) else { return self.text.to_owned() };
        let (start, end) = match (index, self.members.len()) {
            (0, 1) => self.inside(),
            (0, _) => (self.key_start(0), self.key_start(1)),
            _ => (self.span(index - 1).1, self.span(index).1),
        };
        [&self.text[..start], &self.text[end..]].concat()
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.members.iter().position(|(known, _)| known == name)
    }

    /// Returns where the value of a member starts and ends.
    fn span(&self, index: usize) -> (usize, usize) {
        let value = self.members[index].1.get();
        let start = value.as_ptr().addr() - self.text.as_ptr().addr();
        (start, start + value.len())
    }

    /// Returns where the name of a member starts.
    fn key_start(&self, index: usize) -> usize {
        let from = index.checked_sub(1).map_or(0, |before| self.span(before).1);
        from + self.text[from..].find('"').expect("the name comes next")
    }

    /// Returns what is between the braces.
    fn inside(&self) -> (usize, usize) {
        let braces = self.text.find('{').zip(self.text.rfind('}'));
        let (open, close) = braces.expect("it is an object");
        (open + 1, close)
    }
}

fn white_space_at_end(text: &str) -> &str {
    &text[text.trim_ascii_end().len()..]
}

/// The members of an object.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn with(text: &str, name: &str, value: &str) -> String {
        JsonObject::parse(text).unwrap().with(name, value, &Layout::of_docker())
    }

    #[test]
    fn new_member_is_laid_out_like_the_others() {
        for (before, after) in [
            ("{}", "{\n\t\"n\": 1\n}"),
            (r#"{"a":1}"#, r#"{"a":1,"n":1}"#),
            (r#"{"a": 1}"#, r#"{"a": 1, "n": 1}"#),
            (r#"{"a":{}, "b":"}"}"#, r#"{"a":{}, "b":"}", "n":1}"#),
            (r#" { "a" : 1 } "#, r#" { "a" : 1, "n": 1 } "#),
            ("{\n  \"a\": 1\n}\n", "{\n  \"a\": 1,\n  \"n\": 1\n}\n"),
            ("{\r\n\t\"a\":1\r\n}", "{\r\n\t\"a\":1,\r\n\t\"n\":1\r\n}"),
        ] {
            assert_eq!(with(before, "n", "1"), after);
            if before != "{}" {
                assert_eq!(JsonObject::parse(after).unwrap().without("n"), before);
            }
        }
    }

    #[test]
    fn member_is_replaced_and_removed_alone() {
        let text = r#"{ "a": {"x": 1.50e3}, "b": 2,  "c": [ ] }"#;
        assert_eq!(with(text, "b", "3"), r#"{ "a": {"x": 1.50e3}, "b": 3,  "c": [ ] }"#);
        let without = |name| JsonObject::parse(text).unwrap().without(name);
        assert_eq!(without("a"), r#"{ "b": 2,  "c": [ ] }"#);
        assert_eq!(without("b"), r#"{ "a": {"x": 1.50e3},  "c": [ ] }"#);
        assert_eq!(without("c"), r#"{ "a": {"x": 1.50e3}, "b": 2 }"#);
        assert_eq!(without("d"), text);
        assert_eq!(JsonObject::parse(r#"{ "a": 1 }"#).unwrap().without("a"), "{}");
    }

    proptest! {
        #[test]
        fn edited_object_is_the_object_with_that_member(
            members in prop::collection::btree_map("[a-c\"\\\\{},: ]{1,3}", "[x\"\\\\{},:]{0,3}", 1..5),
            name in "[a-c\"\\\\{},: ]{1,3}",
            pretty: bool,
        ) {
            let to_text = |value: &_| {
                if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) }.unwrap()
            };
            let text = to_text(&members);
            let mut expected = members.clone();
            expected.insert(name.clone(), "v".to_owned());
            let edited = with(&text, &name, "\"v\"");
            prop_assert_eq!(&serde_json::from_str::<std::collections::BTreeMap<_, _>>(&edited).unwrap(), &expected);
            let removed = JsonObject::parse(&edited).unwrap().without(&name);
            if !members.contains_key(&name) {
                prop_assert_eq!(removed, text);
            }
        }
    }
}
