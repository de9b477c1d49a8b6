//! Assignments that a shell can evaluate, and the quoting rules of each shell.

use std::borrow::Cow;

use super::Template;

/// A shell that can evaluate an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shell {
    /// Any POSIX shell: dash, bash, zsh, ksh.
    Sh,
    /// fish.
    Fish,
    /// `PowerShell`.
    Powershell,
    /// `cmd.exe`.
    Cmd,
}

impl Shell {
    /// All shells with their names.
    pub(crate) const ALL: [(&str, Self); 4] =
        [("sh", Self::Sh), ("fish", Self::Fish), ("powershell", Self::Powershell), ("cmd", Self::Cmd)];

    /// Returns the text before the name of the variable, between name and value, and after the value.
    pub(super) fn assignment(self) -> [&'static str; 3] {
        match self {
            Self::Sh => ["export ", "='", "'"],
            Self::Fish => ["set -gx ", " '", "'"],
            Self::Powershell => ["$env:", " = '", "'"],
            Self::Cmd => ["set \"", "=", "\""],
        }
    }

    /// Escapes literal text for the inside of the quotation marks.
    pub(super) fn escape(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Sh if text.contains('\'') => text.replace('\'', r"'\''").into(),
            Self::Fish if text.contains(['\'', '\\']) => {
                text.replace('\\', r"\\").replace('\'', r"\'").into()
            }
            // PowerShell also treats these four as single quotation marks (`about_Quoting_Rules`).
            Self::Powershell if text.contains(POWERSHELL_QUOTES) => {
                let mut escaped = String::new();
                for c in text.chars() {
                    escaped.extend(POWERSHELL_QUOTES.contains(&c).then_some(c));
                    escaped.push(c);
                }
                escaped.into()
            }
            _ => text.into(),
        }
    }

    /// Returns why this shell cannot hold a template's text in a variable, if so.
    pub(super) fn refusal(self, template: &Template) -> Option<&'static str> {
        let has = |characters: &[char]| template.literals().any(|text| text.contains(characters));
        (self == Self::Cmd && has(&['"', '%', '!', '^'])).then_some("cmd cannot quote `\"`, `%`, `!` and `^`")
    }
}

const POWERSHELL_QUOTES: [char; 5] = ['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'];
