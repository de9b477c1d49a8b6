//! Text from elsewhere, made safe to show.
//!
//! The CLI's own errors are better than anything that we could write, but they are not under our control. Control
//! characters are dropped, because a terminal obeys them, and everything that could be a secret is redacted.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::bytes::Regex;

/// The most lines of an error that are shown. Longer texts are usage texts or stack traces, and the first lines say it.
const MAX_LINES: usize = 12;

/// The most characters of a line that are shown.
const MAX_CHARACTERS: usize = 500;

const REDACTED: &[u8] = b"[REDACTED]";

/// Text that could be a secret: what follows `Bearer` or `Basic`, what starts like a JWT, every run of base64url as long
/// as an API key (44 characters; correlation IDs have 36, transaction IDs 40), and runs of base64 longer than paths.
static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?i-u:bearer|basic)[ \t]+[^\s'\x22]+|(?-u)eyJ[A-Za-z0-9_.~+/=-]*|[A-Za-z0-9_=-]{43,}|[A-Za-z0-9_.~+/=-]{120,}";
    Regex::new(&format!("(?-u){pattern}")).expect("the pattern is a constant")
});

/// The escape sequences of ECMA-48 that terminals obey: colours, cursor movement, titles.
static ESCAPE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u)\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
        .expect("the pattern is a constant")
});

/// Removes escape sequences.
pub(crate) fn without_escapes(text: &[u8]) -> Cow<'_, [u8]> {
    // Colors are rare, and compiling the pattern takes longer than this check.
    if !text.contains(&0x1b) {
        return Cow::Borrowed(text);
    }
    ESCAPE.replace_all(text, b"".as_slice())
}

/// Returns the lines of a text without control characters, escape sequences, blank lines, the `known` secrets, and
/// anything that could be a secret.
pub(crate) fn lines(text: &[u8], known: &[&str]) -> Vec<String> {
    // Invisible characters go first, because they may interrupt a secret.
    let text = visible(&String::from_utf8_lossy(&without_escapes(text)));
    let mut text = SECRET.replace_all(text.as_bytes(), REDACTED).into_owned();
    for secret in known.iter().filter(|secret| !secret.is_empty()) {
        text = replace(&text, secret.as_bytes());
    }
    // Lines are cut last, because a secret that was cut is not recognized.
    let cut = |line: &str| line.chars().take(MAX_CHARACTERS).collect::<String>().trim().to_owned();
    String::from_utf8_lossy(&text).lines().map(cut).filter(|line| !line.is_empty()).collect()
}

/// Returns the first lines of a text, sanitized like [`lines`].
pub(crate) fn excerpt(text: &[u8], known: &[&str]) -> Vec<String> {
    let mut lines = lines(text, known);
    lines.truncate(MAX_LINES);
    lines
}

/// Redacts everything that could be a secret in a message of ours that repeats what was typed.
pub(crate) fn redact(text: &str) -> String {
    String::from_utf8_lossy(&SECRET.replace_all(text.as_bytes(), REDACTED)).into_owned()
}

/// Removes control characters except line feeds, marks that change the direction of text, and invisible characters.
fn visible(text: &str) -> String {
    text.replace('\t', " ").chars().filter(|c| *c == '\n' || is_visible(*c)).collect()
}

fn is_visible(c: char) -> bool {
    !c.is_control()
        && !matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Escapes in JSON on one line what [`line`] removes (RFC 8259, section 7). JSON reaches terminals too, and must lose
/// nothing.
pub(crate) fn json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if is_visible(c) {
            escaped.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped
}

/// Returns text from elsewhere so that it is safe within a line.
pub(crate) fn line(text: &str) -> String {
    visible(text).replace('\n', " ")
}

fn replace(text: &[u8], secret: &[u8]) -> Vec<u8> {
    let mut rest = text;
    let mut cleaned = Vec::with_capacity(text.len());
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(secret) {
            cleaned.extend_from_slice(REDACTED);
            rest = after;
        } else {
            cleaned.push(rest[0]);
            rest = &rest[1..];
        }
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sanitized(line: &str) -> String {
        lines(line.as_bytes(), &["pass1code"]).join("|")
    }

    #[test]
    fn message_stays_readable() {
        for line in [
            "Not logged in. Use 'ibmcloud login' to log in.",
            "Correlation-ID: ac2c4005-2fd7-4516-9f77-f03c9dca02e5",
            "Transaction-Id:[OHptc2Y-6a6f4800b8a346228482d76cd040942c] Session 'C-bdc1fbe8-4445-4fd1-ac23-4e54ae3831f9'",
            "Post \"https://identity-2.eu-central.iam.cloud.ibm.com/identity/token\": dial tcp: i/o timeout",
            "open /home/somebody/with/a/rather/long/home/.bluemix/config.json: permission denied",
            "ログインしていません。'ibmcloud login' を使用してください。",
        ] {
            assert_eq!(sanitized(line), line);
        }
    }

    #[test]
    fn secrets_are_redacted() {
        let key = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP_-";
        assert_eq!(key.len(), 44);
        for (line, expected) in [
            ("Bearer djn.._l_HW", "[REDACTED]"),
            ("Authorization: Basic Yng6Yng=", "Authorization: [REDACTED]"),
            ("IAM token:  Bearer eyJ.e30.x y", "IAM token:  [REDACTED] y"),
            ("x eyJhbGciOiJub25lIn0.e30.c2ln", "x [REDACTED]"),
            ("code pass1code!", "code [REDACTED]!"),
            (&format!("key={key}"), "[REDACTED]"),
            (&format!("key {key}"), "key [REDACTED]"),
            (&"a/b+c.".repeat(30), "[REDACTED]"),
            (&format!("key {}\0{}", &key[..22], &key[22..]), "key [REDACTED]"),
            (&format!("key {}\r\u{200b}\x1b[0m{}", &key[..22], &key[22..]), "key [REDACTED]"),
            ("code pass\x071code", "code [REDACTED]"),
        ] {
            assert_eq!(sanitized(line), expected);
        }
    }

    #[test]
    fn control_characters_are_removed() {
        assert_eq!(
            lines(b"\x1b[31;1mFAILED\x1b[0m\r\n\n\x1b]0;title\x07a\x07b\x1b[2Jc\xe2\x80\xaed\x00", &[]),
            ["FAILED", "abcd"]
        );
        assert_eq!(lines(b"\xff\xfe x", &[]), ["\u{fffd}\u{fffd} x"]);
    }

    #[test]
    fn invisible_characters_are_escaped_in_json() {
        let text = "a\u{9b}31m\u{202e}\u{ad}\u{e0041}\u{7f}é\n\"";
        let json = json(&serde_json::to_string(text).unwrap());
        assert_eq!(json, r#""a\u009b31m\u202e\u00ad\udb40\udc41\u007fé\n\"""#);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(excerpt("a\n".repeat(50).as_bytes(), &[]).len(), MAX_LINES);
        assert_eq!(lines("ä ".repeat(5000).as_bytes(), &[])[0].chars().count(), MAX_CHARACTERS - 1);
    }
}
