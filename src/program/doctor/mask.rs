//! Shows the shape of a text without its words.
//!
//! Nothing that is unknown is shown, so no secret and no name is, however short it is: a letter becomes `x` or `X`, a
//! digit `0`, and a letter outside ASCII `é` or `字`. Spaces, punctuation, line ends and the codes of colors stay, because
//! a parser depends on them. The words that stay are those of the CLI's own sentences, in a list, unless they are a part
//! of what may be a token.

use crate::sanitize;

/// The most that is shown.
const MAX_CHARACTERS: usize = 16 * 1024;

/// The length from which text without a space may be a token or a key. Those of IAM are longer.
const TOKEN_LENGTH: usize = 40;

/// The words of the CLI's own sentences in English, in lower case.
const KNOWN: &[&str] = &[
    "a",
    "access",
    "account",
    "and",
    "api",
    "authenticating",
    "authorization",
    "available",
    "bearer",
    "bluemix",
    "bx",
    "check",
    "cli",
    "cloud",
    "code",
    "color",
    "command",
    "config",
    "configuration",
    "copyright",
    "corp",
    "corporation",
    "could",
    "denied",
    "directory",
    "disable",
    "do",
    "endpoint",
    "error",
    "exit",
    "expired",
    "failed",
    "false",
    "fatal",
    "file",
    "found",
    "for",
    "from",
    "goroutine",
    "help",
    "iam",
    "ibm",
    "ibmcloud",
    "ic",
    "in",
    "incorrect",
    "is",
    "locale",
    "log",
    "logged",
    "login",
    "message",
    "name",
    "new",
    "no",
    "not",
    "notes",
    "of",
    "ok",
    "open",
    "or",
    "out",
    "output",
    "panic",
    "permission",
    "plugin",
    "read",
    "refresh",
    "region",
    "registered",
    "release",
    "request",
    "response",
    "running",
    "see",
    "session",
    "status",
    "such",
    "the",
    "tip",
    "to",
    "token",
    "trace",
    "true",
    "uaa",
    "unable",
    "unknown",
    "update",
    "usage",
    "use",
    "user",
    "version",
    "want",
    "warning",
    "write",
    "you",
    "your",
];

/// Returns the shape of a text. The code of a color, `ESC [ … m`, stays.
pub(super) fn mask(text: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(text).chars().take(MAX_CHARACTERS).collect();
    let mut shape = String::new();
    let mut rest: &str = &text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\u{1b}' => {
                let length = color(rest);
                shape.push_str(&rest[..length]);
                length
            }
            _ if first.is_alphanumeric() => {
                let length_of = |is_part: fn(char) -> bool| rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                let token = length_of(|c| c.is_alphanumeric() || "-._~+/=".contains(c));
                let end = if token >= TOKEN_LENGTH { token } else { length_of(char::is_alphanumeric) };
                let word = &rest[..end];
                if KNOWN.contains(&word.to_ascii_lowercase().as_str()) {
                    shape.push_str(word);
                } else {
                    shape.extend(word.chars().map(masked));
                }
                end
            }
            _ => {
                shape.push(first);
                first.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    shape
}

/// Returns the length of the code of a color that a text starts with, or that of the escape character alone.
fn color(text: &str) -> usize {
    let length = sanitize::escape_sequence(text.as_bytes());
    let parameters = text.get(2..length.saturating_sub(1)).unwrap_or_default();
    let is_color = text[..length].ends_with('m')
        && parameters.len() <= 8
        && parameters.bytes().all(|byte| byte.is_ascii_digit() || byte == b';');
    if is_color { length } else { 1 }
}

fn masked(c: char) -> char {
    match c {
        '0'..='9' => '0',
        'a'..='z' => 'x',
        'A'..='Z' => 'X',
        _ if !c.is_alphanumeric() => c,
        _ if (c as u32) < 0x0250 => 'é',
        _ => '字',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shape_keeps_the_form_and_no_unknown_word() {
        for (text, expected) in [
            (
                "ibmcloud 2.38.1 (4d6f1efc2-2025-11-10T22:18:45+00:00)\r\n",
                "ibmcloud 0.00.0 (0x0x0xxx0-0000-00-00X00:00:00+00:00)\r\n",
            ),
            ("\u{1b}[31;1mFAILED\u{1b}[0m\nhunter2", "\u{1b}[31;1mFAILED\u{1b}[0m\nxxxxxx0"),
            ("IAM token:  Bearer eyJhbGciOi.e30.c2ln", "IAM token:  Bearer xxXxxXxxXx.x00.x0xx"),
            ("Jeton IAM : geheimés 秘密", "Xxxxx IAM : xxxxxxéx 字字"),
            ("\u{1b}]0;hunter2\u{7}", "\u{1b}]0;xxxxxx0\u{7}"),
            ("\u{1b}[123456789123456789m", "\u{1b}[000000000000000000x"),
            // No part of a token stays, even if it is a word of the CLI.
            (
                "Bearer eyJhbGciOiJub25lIn0.a-to_token.in-no-is_of-the-user token",
                "Bearer xxXxxXxxXxXxx00xXx0.x-xx_xxxxx.xx-xx-xx_xx-xxx-xxxx token",
            ),
        ] {
            assert_eq!(mask(text.as_bytes()), expected);
        }
    }

    #[test]
    fn long_text_is_cut() {
        for text in ["a", "b ", "\u{1b}[0m", "字"] {
            assert!(mask(text.repeat(1 << 20).as_bytes()).chars().count() <= MAX_CHARACTERS);
        }
    }
}
