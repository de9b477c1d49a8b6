//! The text of `config.json`, edited line by line, so that everything else stays as it is.

/// The content of a session file with each key on a line of its own.
pub(crate) struct SessionText {
    content: String,
    /// What stands before a top-level key. It tells such a key from the same key inside `FallbackIAMTokens`.
    margin: String,
}

impl SessionText {
    /// `None` if the text is not complete. A complete file ends with a closing brace on a line of its own, which is enough
    /// to tell it from a partial one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.replace('\0', "");
        let text = text.trim_end_matches('\n');
        let content = if text.starts_with('{') && text.ends_with("\n}") {
            text.to_owned()
        } else if text.contains('\n') || text == "{}" || !text.starts_with('{') || !text.ends_with('}') {
            return None;
        } else {
            let inner = text[1..text.len() - 1].replace(",\"", ",\n  \"");
            format!("{{\n  {inner}\n}}").replace("\":", "\": ")
        };
        let margin = content.split('"').next()?.get(2..)?.to_owned();
        Some(Self { content, margin })
    }

    pub(crate) fn text(&self) -> &str {
        &self.content
    }

    fn lines(&self) -> impl Iterator<Item = &str> {
        self.content.split('\n').filter(|line| !line.is_empty())
    }

    fn is_string(&self, line: &str, key: &str) -> bool {
        line.strip_prefix(&self.margin).is_some_and(|line| line.starts_with(&format!("\"{key}\": \"")))
    }

    fn starts_account(&self, line: &str) -> bool {
        line.strip_prefix(&self.margin) == Some("\"Account\": {")
    }

    /// A top-level string.
    pub(crate) fn get(&self, key: &str) -> String {
        self.lines().find(|line| self.is_string(line, key)).map_or_else(String::new, value_of)
    }

    /// Sets a top-level string, and adds it if it is missing.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        let mut found = false;
        let mut edited = Vec::new();
        for line in self.lines() {
            if self.is_string(line, key) {
                let rest = line.rsplit('"').next().unwrap_or_default();
                edited.push(format!("{}\"{key}\": \"{value}\"{rest}", self.margin));
                found = true;
            } else {
                edited.push(line.to_owned());
            }
        }
        let mut content = edited.join("\n");
        if !found {
            content = format!("{{\n{}\"{key}\": \"{value}\",{}", self.margin, &content[1..]);
        }
        self.content = content;
    }

    /// The account's GUID, which is the first key inside `Account` in both struct order and alphabetical order.
    pub(crate) fn account(&self) -> String {
        let mut lines = self.lines().skip_while(|line| !self.starts_account(line));
        lines.nth(1).map_or_else(String::new, value_of)
    }

    /// Sets the three keys inside `Account`: the GUID, the name and the owner.
    pub(crate) fn set_account(&mut self, values: [&str; 3]) {
        let mut values = values.into_iter();
        let mut is_inside = false;
        let mut edited = Vec::new();
        for line in self.lines() {
            match values.as_slice() {
                [value, ..] if is_inside => {
                    let key = line.split(": ").next().unwrap_or_default();
                    let rest = line.rsplit('"').next().unwrap_or_default();
                    edited.push(format!("{key}: \"{value}\"{rest}"));
                    values.next();
                }
                _ => edited.push(line.to_owned()),
            }
            is_inside |= self.starts_account(line);
        }
        self.content = edited.join("\n");
    }
}

/// The string in a line `"key": "value",`.
fn value_of(line: &str) -> String {
    let value = line.split_once(": \"").map_or(line, |(_, value)| value);
    value.rsplit_once('"').map_or(value, |(value, _)| value).to_owned()
}
