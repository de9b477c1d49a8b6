//! The forms in which a token is handed over. This module knows tokens, not where they come from, and writes nothing
//! itself. A token is made of characters that need no escaping inside quotation marks
//! ([`crate::token::AccessToken::new`]).

use std::str::FromStr;
use std::time::SystemTime;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::source::Answer;
use crate::token::claims;

/// How a token is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `Bearer eyJ…`
    Bearer,
    /// `eyJ…`
    Token,
    /// `Authorization: Bearer eyJ…`
    Header,
    /// One object with everything known about the token.
    Json,
    /// An assignment for a shell.
    Env(Shell),
    /// `IAM_TOKEN=eyJ…`
    Dotenv,
    /// A line of a curl configuration file.
    Curl,
}

/// The shells that can take an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// Any POSIX shell: dash, bash, zsh, ksh.
    Sh,
    /// fish.
    Fish,
    /// `PowerShell`.
    PowerShell,
    /// Nushell.
    Nu,
    /// `cmd.exe`.
    Cmd,
}

impl Shell {
    /// Returns the shell that a path such as `$SHELL` names; one that is not known is taken for a POSIX shell.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
        match name.strip_suffix(".exe").unwrap_or(name) {
            "fish" => Self::Fish,
            "pwsh" | "powershell" => Self::PowerShell,
            "nu" => Self::Nu,
            "cmd" => Self::Cmd,
            _ => Self::Sh,
        }
    }
}

/// The name of a variable that every shell takes: letters, digits and `_`, not starting with a digit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableName(String);

impl VariableName {
    /// The name unless told otherwise.
    pub const DEFAULT: &str = "IAM_TOKEN";

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for VariableName {
    fn default() -> Self {
        Self(Self::DEFAULT.to_owned())
    }
}

impl FromStr for VariableName {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(is_word) {
            return Err("a variable's name is letters, digits and `_`, and does not start with a digit");
        }
        Ok(Self(name.to_owned()))
    }
}

/// Returns a token in a form, with the line end. `name` is the variable of the forms that have one.
#[must_use]
pub fn render(answer: &Answer, format: Format, name: &VariableName, now: SystemTime) -> Zeroizing<String> {
    let (token, name) = (answer.token.expose(), name.as_str());
    match format {
        Format::Bearer => line(&["Bearer ", token]),
        Format::Token => line(&[token]),
        Format::Header => line(&["Authorization: Bearer ", token]),
        Format::Json => json(answer, now),
        Format::Env(Shell::Sh) => line(&["export ", name, "='", token, "'"]),
        Format::Env(Shell::Fish) => line(&["set -gx ", name, " '", token, "'"]),
        Format::Env(Shell::PowerShell) => line(&["$env:", name, " = '", token, "'"]),
        Format::Env(Shell::Nu) => line(&["$env.", name, " = '", token, "'"]),
        Format::Env(Shell::Cmd) => line(&["set \"", name, "=", token, "\""]),
        // The one form without quotation marks, for `docker run --env-file`. A shell that reads it takes `~` for a home.
        Format::Dotenv if token.starts_with('~') => line(&[name, "='", token, "'"]),
        Format::Dotenv => line(&[name, "=", token]),
        Format::Curl => line(&["header = \"Authorization: Bearer ", token, "\""]),
    }
}

/// Returns a line made of parts. It is made in one piece: a string that grows leaves copies of the token behind.
#[must_use]
pub fn line(parts: &[&str]) -> Zeroizing<String> {
    let mut line =
        Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum::<usize>() + 1));
    line.extend(parts.iter().copied().chain(["\n"]));
    line
}

/// Everything known about a token. Members may be added, never renamed or removed; what is not known is `null`.
#[derive(Serialize)]
struct Json<'a> {
    token_type: &'a str,
    expires_at: Option<String>,
    expiration: Option<i64>,
    expires_in: Option<i64>,
    account: Option<&'a str>,
    iam_id: Option<&'a str>,
    source: String,
}

fn json(answer: &Answer, now: SystemTime) -> Zeroizing<String> {
    let claims = answer.token.claims();
    let now = claims::epoch_seconds(now);
    // Where the clock is behind the token's birth, what is left is counted from there, as in `Freshness`.
    let now = answer.issued_at.map_or(now, |issued_at| issued_at.max(now));
    let others = Json {
        token_type: "Bearer",
        expires_at: answer.expiration.and_then(claims::rfc3339),
        expiration: answer.expiration,
        expires_in: answer.expiration.map(|expiration| expiration - now),
        account: claims.as_ref().and_then(claims::Claims::account),
        iam_id: claims.as_ref().and_then(|claims| claims.text("iam_id")),
        source: answer.source.to_string(),
    };
    // The token is put before the rest by hand: the serializer's buffer would grow and leave copies of it behind.
    let others = serde_json::to_string(&others).expect("it is made of texts and numbers");
    line(&["{\"access_token\":\"", answer.token.expose(), "\",", others.trim_start_matches('{')])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::source::Source;
    use crate::token::AccessToken;

    const JWT: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjE1MTYxNzgyMDMsImlhbV9pZCI6IklCTWlkLTEiLCJhY2NvdW50Ijp7ImJzcyI6ImEifX0.c2ln";

    fn rendered(token: &str, format: Format) -> String {
        let answer = Answer::new(AccessToken::new(token).unwrap(), Source::Cli);
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_516_178_000);
        render(&answer, format, &VariableName::default(), now).to_string()
    }

    #[test]
    fn every_form_is_as_documented() {
        for (format, expected) in [
            (Format::Bearer, "Bearer t\n"),
            (Format::Token, "t\n"),
            (Format::Header, "Authorization: Bearer t\n"),
            (Format::Env(Shell::Sh), "export IAM_TOKEN='t'\n"),
            (Format::Env(Shell::Fish), "set -gx IAM_TOKEN 't'\n"),
            (Format::Env(Shell::PowerShell), "$env:IAM_TOKEN = 't'\n"),
            (Format::Env(Shell::Nu), "$env.IAM_TOKEN = 't'\n"),
            (Format::Env(Shell::Cmd), "set \"IAM_TOKEN=t\"\n"),
            (Format::Dotenv, "IAM_TOKEN=t\n"),
            (Format::Curl, "header = \"Authorization: Bearer t\"\n"),
        ] {
            assert_eq!(rendered("t", format), expected);
        }
    }

    #[test]
    fn json_tells_everything_and_null_for_the_rest() {
        assert_eq!(
            rendered(JWT, Format::Json),
            format!(
                "{{\"access_token\":\"{JWT}\",\"token_type\":\"Bearer\",\"expires_at\":\"2018-01-17T08:36:43Z\",\
                 \"expiration\":1516178203,\"expires_in\":203,\"account\":\"a\",\"iam_id\":\"IBMid-1\",\"source\":\"cli\"}}\n"
            )
        );
        assert_eq!(
            rendered("t", Format::Json),
            "{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"expires_at\":null,\"expiration\":null,\
             \"expires_in\":null,\"account\":null,\"iam_id\":null,\"source\":\"cli\"}\n"
        );
    }

    #[test]
    fn a_variable_s_name_is_a_word() {
        assert!("IAM_TOKEN1".parse::<VariableName>().is_ok());
        for name in ["", "1a", "a-b", "a b", "a=b", "a;b", "a\n", "é"] {
            assert!(name.parse::<VariableName>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn the_shell_is_told_by_its_file_name() {
        for (path, shell) in
            [("/usr/bin/fish", Shell::Fish), ("/bin/zsh", Shell::Sh), ("/usr/bin/pwsh", Shell::PowerShell)]
        {
            assert_eq!(Shell::of_path(path), shell);
        }
        assert_eq!(Shell::of_path("C:\\Windows\\cmd.exe"), Shell::Cmd);
        assert_eq!(Shell::of_path("nu"), Shell::Nu);
    }
}
