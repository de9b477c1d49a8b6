//! The output formats. This module renders tokens in memory. It does not know where they come from, and writes nothing
//! itself.

mod shell;
mod template;

use std::borrow::Cow;
use std::str::FromStr;
use std::time::SystemTime;

use serde::Serialize;

pub(crate) use shell::Shell;
use template::Placeholder;
pub(crate) use template::Template;

use crate::error::Result;
use crate::secret::SecretBuffer;
use crate::token::{AccessToken, IssuedToken};

/// How a token is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Text with placeholders, on a line of its own.
    Template(Template),
    /// One JSON object with everything known about the token.
    Json,
    /// Assignments for a shell to evaluate.
    Env,
    /// Assignments for readers of env files.
    Dotenv,
    /// Assignments for the following steps of a GitHub Actions job.
    Github,
}

/// A format with a name.
pub(crate) struct NamedFormat {
    /// The value of `-f`.
    pub(crate) name: &'static str,
    /// A description of the output.
    pub(crate) about: &'static str,
    meaning: Meaning,
}

enum Meaning {
    Template(&'static str),
    Other(Format),
}

/// The named formats.
pub(crate) static NAMED: [NamedFormat; 8] = [
    NamedFormat { name: "bearer", about: "Bearer eyJ…", meaning: Meaning::Template("%{bearer}") },
    NamedFormat { name: "token", about: "eyJ…", meaning: Meaning::Template("%{token}") },
    NamedFormat {
        name: "header",
        about: "Authorization: Bearer eyJ…",
        meaning: Meaning::Template("Authorization: %{bearer}"),
    },
    NamedFormat {
        name: "curl",
        about: "a config line for `curl -K -`",
        meaning: Meaning::Template("header = \"Authorization: %{bearer}\""),
    },
    NamedFormat {
        name: "json",
        about: "an object with the token and everything known about it",
        meaning: Meaning::Other(Format::Json),
    },
    NamedFormat {
        name: "env",
        about: "assignments for a shell to eval",
        meaning: Meaning::Other(Format::Env),
    },
    NamedFormat {
        name: "dotenv",
        about: "NAME=eyJ…, for env files",
        meaning: Meaning::Other(Format::Dotenv),
    },
    NamedFormat {
        name: "github",
        about: "mask the token in a GitHub Actions log, then set variables",
        meaning: Meaning::Other(Format::Github),
    },
];

impl Default for Format {
    fn default() -> Self {
        "bearer".parse().expect("it is the name of a format")
    }
}

/// Parses the name of a format, or a template.
impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match NAMED.iter().find(|named| named.name == text).map(|named| &named.meaning) {
            Some(Meaning::Template(template)) => Ok(Self::Template(Template::parse(template)?)),
            Some(Meaning::Other(format)) => Ok(format.clone()),
            None if text.contains("%{") => Ok(Self::Template(Template::parse(text)?)),
            None => Err(format!(
                "neither a template with `%{{…}}` nor one of {}",
                NAMED.each_ref().map(|named| format!("`{}`", named.name)).join(", ")
            )),
        }
    }
}

/// A variable to set: its name, and its value as a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) name: String,
    value: Template,
}

impl Variable {
    /// The default name.
    pub(crate) const DEFAULT: &str = "IAM_TOKEN";

    /// Returns the text of the value.
    pub(crate) fn value(&self, token: &IssuedToken, now: SystemTime) -> Result<SecretBuffer> {
        let mut value = SecretBuffer::default();
        self.value.render(token, now, |text| text.into(), &mut value)?;
        Ok(value)
    }

    /// Returns why the format cannot express this variable, if so.
    pub(crate) fn refusal(&self, format: &Format, shell: Shell) -> Option<&'static str> {
        match format {
            Format::Env => shell.refusal(&self.value),
            Format::Dotenv if self.value.has_space() => {
                Some("a shell that sources a dotenv line with a space would run the token as a command")
            }
            Format::Dotenv if self.value.literals().any(|text| !text.bytes().all(is_unquoted)) => {
                Some("a dotenv line can have only letters, digits and `-._~+/=:@%,`")
            }
            _ => None,
        }
    }
}

/// Returns whether a byte needs no quotation marks in any reader of env files.
fn is_unquoted(byte: u8) -> bool {
    template::is_value_byte(byte) || b"%,".contains(&byte)
}

/// Parses `NAME` or `NAME=TEMPLATE`.
impl FromStr for Variable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').unwrap_or((text, "%{token}"));
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(is_word) {
            return Err(
                "a variable name is letters, digits and `_`, and does not start with a digit".to_owned()
            );
        }
        let value = Template::parse(value)?;
        if value.literals().any(|text| text.contains(['\n', '\t'])) {
            return Err("a variable cannot hold `\\n` or `\\t`".to_owned());
        }
        Ok(Self { name: name.to_owned(), value })
    }
}

/// Returns a token in a format, with its line feed. `variables` and `shell` are for the formats that set variables.
pub(crate) fn render(
    token: &IssuedToken,
    format: &Format,
    variables: &[Variable],
    shell: Shell,
    now: SystemTime,
) -> Result<SecretBuffer> {
    let mut output = SecretBuffer::default();
    match format {
        Format::Template(template) => {
            template.render(token, now, |text| text.into(), &mut output)?;
            output.push_str("\n");
        }
        Format::Json => json(token, now, &mut output),
        Format::Env => {
            let [before, between, after] = shell.assignment();
            for variable in variables {
                output.push_str(before);
                output.push_str(&variable.name);
                output.push_str(between);
                variable.value.render(token, now, |text| shell.escape(text), &mut output)?;
                output.push_str(after);
                output.push_str("\n");
            }
        }
        Format::Dotenv | Format::Github => {
            for variable in variables {
                let value = variable.value(token, now)?;
                // A shell that sources the line expands an unquoted tilde at the start of a value.
                let quote = if *format == Format::Dotenv && value.starts_with(b"~") { "'" } else { "" };
                output.push_str(&variable.name);
                output.push_str("=");
                output.push_str(quote);
                output.push(&value);
                output.push_str(quote);
                output.push_str("\n");
            }
        }
    }
    Ok(output)
}

/// Returns the command that masks a token in the log of a GitHub Actions job from there on.
pub(crate) fn github_mask(token: &AccessToken) -> SecretBuffer {
    let mut mask = SecretBuffer::default();
    mask.push_str("::add-mask::");
    mask.push_str(token.expose());
    mask.push_str("\n");
    mask
}

/// Everything known about a token. Members may be added, never renamed or removed. Unknown values are `null`.
#[derive(Serialize)]
struct Json<'a> {
    access_token: &'a str,
    token_type: &'a str,
    expires_at: Option<String>,
    expiration: Option<i64>,
    expires_in: Option<u64>,
    account: Option<Cow<'a, str>>,
    iam_id: Option<Cow<'a, str>>,
    origin: String,
}

fn json(token: &IssuedToken, now: SystemTime, output: &mut SecretBuffer) {
    let object = Json {
        access_token: token.token().expose(),
        token_type: "Bearer",
        expires_at: token.expires_at(),
        expiration: token.expiration(),
        expires_in: template::expires_in(token, now),
        account: Placeholder::Account.value(token, now),
        iam_id: Placeholder::IamId.value(token, now),
        origin: token.origin().to_string(),
    };
    serde_json::to_writer(&mut *output, &object).expect("it consists of strings and numbers");
    output.push_str("\n");
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::token::Origin;

    /// Its claims are {"exp":1516178203,"iam_id":"IBMid-1","account":{"bss":"a"}}.
    const JWT: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjE1MTYxNzgyMDMsImlhbV9pZCI6IklCTWlkLTEiLCJhY2NvdW50Ijp7ImJzcyI6ImEifX0.c2ln";

    fn rendered(token: &str, format: &str, variables: &[&str], shell: Shell) -> String {
        let token = IssuedToken::new(AccessToken::new(token).unwrap(), Origin::Ibmcloud);
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_516_178_000);
        let variables: Vec<Variable> = variables.iter().map(|text| text.parse().unwrap()).collect();
        let output = render(&token, &format.parse().unwrap(), &variables, shell, now).unwrap();
        String::from_utf8(output.to_vec()).unwrap()
    }

    #[test]
    fn named_formats_are_as_documented() {
        for (format, shell, expected) in [
            ("bearer", Shell::Sh, "Bearer t\n"),
            ("token", Shell::Sh, "t\n"),
            ("header", Shell::Sh, "Authorization: Bearer t\n"),
            ("curl", Shell::Sh, "header = \"Authorization: Bearer t\"\n"),
            ("env", Shell::Sh, "export IAM_TOKEN='t'\n"),
            ("env", Shell::Fish, "set -gx IAM_TOKEN 't'\n"),
            ("env", Shell::Powershell, "$env:IAM_TOKEN = 't'\n"),
            ("env", Shell::Cmd, "set \"IAM_TOKEN=t\"\n"),
            ("dotenv", Shell::Sh, "IAM_TOKEN=t\n"),
            ("github", Shell::Sh, "IAM_TOKEN=t\n"),
        ] {
            assert_eq!(rendered("t", format, &["IAM_TOKEN"], shell), expected, "{format} {shell:?}");
        }
    }

    #[test]
    fn variables_have_templates() {
        let variables = ["A=%{bearer}", "B=it's %{token}", "C"];
        assert_eq!(
            rendered("t", "env", &variables, Shell::Sh),
            "export A='Bearer t'\nexport B='it'\\''s t'\nexport C='t'\n"
        );
        assert_eq!(rendered("t", "env", &variables[1..2], Shell::Powershell), "$env:B = 'it''s t'\n");
        assert_eq!(rendered("t", "env", &[r"B=it's \\"], Shell::Fish), "set -gx B 'it\\'s \\\\'\n");
    }

    #[test]
    fn json_has_all_members_and_null_for_unknown_values() {
        assert_eq!(
            rendered(JWT, "json", &[], Shell::Sh),
            format!(
                "{{\"access_token\":\"{JWT}\",\"token_type\":\"Bearer\",\"expires_at\":\"2018-01-17T08:36:43Z\",\
                 \"expiration\":1516178203,\"expires_in\":203,\"account\":\"a\",\"iam_id\":\"IBMid-1\",\"origin\":\"cli\"}}\n"
            )
        );
        assert_eq!(
            rendered("t", "json", &[], Shell::Sh),
            "{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"expires_at\":null,\"expiration\":null,\
             \"expires_in\":null,\"account\":null,\"iam_id\":null,\"origin\":\"cli\"}\n"
        );
    }

    #[test]
    fn format_is_a_name_or_a_template() {
        for text in ["yaml", "", "Bearer", "100%%", "%{", "x%{token}%"] {
            assert!(text.parse::<Format>().is_err(), "{text:?}");
        }
        assert!("x%{token}".parse::<Format>().is_ok());
        assert_eq!(Format::default(), "%{bearer}".parse().unwrap());
    }

    #[test]
    fn variable_is_a_word_and_perhaps_a_template() {
        for text in ["IAM_TOKEN1", "A=", "A=b=c", "A=%{bearer}"] {
            assert!(text.parse::<Variable>().is_ok(), "{text:?}");
        }
        for text in ["", "1a", "a-b", "a b", "=b", "a;b=c", "a\n", "é", r"A=\n", r"A=\t", "A=a\nb", "A=%"] {
            assert!(text.parse::<Variable>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn dotenv_and_cmd_refuse_what_they_cannot_quote() {
        let refused =
            |text: &str, format| text.parse::<Variable>().unwrap().refusal(&format, Shell::Cmd).is_some();
        for text in ["A=%{bearer}", "A=a b", "A='%{token}'", "A=%{token};id", "A=$(id)", "A=#"] {
            assert!(refused(text, Format::Dotenv), "{text}");
        }
        for text in ["A=\"", "A=%%", "A=!", "A=^"] {
            assert!(refused(text, Format::Env), "{text}");
        }
        for text in ["A", "A=https://x/%{token}", "A=%{expires_at}"] {
            assert!(!refused(text, Format::Dotenv) && !refused(text, Format::Env), "{text}");
        }
    }
}
