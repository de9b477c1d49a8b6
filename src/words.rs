//! The CLI's own words, made fit to be shown: its errors are better than anything we would write, but they are
//! foreign text. Control characters are dropped (a terminal obeys them) and whatever could be a secret is replaced.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::bytes::Regex;

/// How many lines of an error are shown. More is a usage text or a stack trace; the first lines say it.
const MOST_LINES: usize = 12;

/// How long a line may be. Longer ones are cut.
const MOST_CHARACTERS: usize = 500;

const REDACTED: &[u8] = b"[REDACTED]";

/// What could be a secret: what follows `Bearer` or `Basic`, what starts like a JWT, and every run of base64url as
/// long as an API key (44 characters; correlation ids have 36, transaction ids 40), or of base64 that is longer than
/// paths are.
static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?i-u:bearer|basic)[ \t]+[^\s'\x22]+|(?-u)eyJ[A-Za-z0-9_.~+/=-]*|[A-Za-z0-9_=-]{43,}|[A-Za-z0-9_.~+/=-]{120,}";
    Regex::new(&format!("(?-u){pattern}")).expect("the pattern is a constant")
});

/// The escape sequences of ECMA-48 that terminals obey: colours, cursor movement, titles.
static ESCAPE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u)\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
        .expect("the pattern is a constant")
});

/// Returns a text without escape sequences.
pub(crate) fn without_escapes(text: &[u8]) -> Cow<'_, [u8]> {
    // Colours are the exception, and the pattern takes longer to compile than this look takes.
    if !text.contains(&0x1b) {
        return Cow::Borrowed(text);
    }
    ESCAPE.replace_all(text, b"".as_slice())
}

/// Returns the lines of a text, cleaned: no control characters, no escape sequences, nothing that could be a secret,
/// none of the `known` secrets, no blank lines.
#[must_use]
pub fn clean(text: &[u8], known: &[&str]) -> Vec<String> {
    // First what is not shown, then the secrets: it may stand in the middle of one.
    let text = visible(&String::from_utf8_lossy(&without_escapes(text)));
    let mut text = SECRET.replace_all(text.as_bytes(), REDACTED).into_owned();
    for secret in known.iter().filter(|secret| !secret.is_empty()) {
        text = replace(&text, secret.as_bytes());
    }
    // Last the length: a secret that was cut is not recognised.
    let cut = |line: &str| line.chars().take(MOST_CHARACTERS).collect::<String>().trim().to_owned();
    String::from_utf8_lossy(&text).lines().map(cut).filter(|line| !line.is_empty()).collect()
}

/// Returns the first lines of a text, cleaned as [`clean`] does.
#[must_use]
pub fn excerpt(text: &[u8], known: &[&str]) -> Vec<String> {
    let mut lines = clean(text, known);
    lines.truncate(MOST_LINES);
    lines
}

/// Returns a text of ours in which nothing that could be a secret is left; for what repeats what was typed.
#[must_use]
pub fn redact(text: &str) -> String {
    String::from_utf8_lossy(&SECRET.replace_all(text.as_bytes(), REDACTED)).into_owned()
}

/// Returns a text without control characters, line ends aside, the marks that turn the direction of writing, and the
/// invisible ones.
fn visible(text: &str) -> String {
    text.replace('\t', " ").chars().filter(|c| *c == '\n' || is_shown(*c)).collect()
}

fn is_shown(c: char) -> bool {
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

/// Returns JSON without line ends in which what [`within_a_line`] leaves out is escaped (RFC 8259, section 7): it comes
/// to a terminal too, and nothing of it may be lost.
#[must_use]
pub fn escape_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if is_shown(c) {
            escaped.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped
}

/// Returns a foreign text that is to stand within a line, as [`clean`] would show it.
#[must_use]
pub fn within_a_line(text: &str) -> String {
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

    fn clean_one(line: &str) -> String {
        clean(line.as_bytes(), &["pass1code"]).join("|")
    }

    #[test]
    fn the_message_stays_readable() {
        for line in [
            "Not logged in. Use 'ibmcloud login' to log in.",
            "Correlation-ID: ac2c4005-2fd7-4516-9f77-f03c9dca02e5",
            "Transaction-Id:[OHptc2Y-6a6f4800b8a346228482d76cd040942c] Session 'C-bdc1fbe8-4445-4fd1-ac23-4e54ae3831f9'",
            "Post \"https://identity-2.eu-central.iam.cloud.ibm.com/identity/token\": dial tcp: i/o timeout",
            "open /home/somebody/with/a/rather/long/home/.bluemix/config.json: permission denied",
            "ログインしていません。'ibmcloud login' を使用してください。",
        ] {
            assert_eq!(clean_one(line), line);
        }
    }

    #[test]
    fn secrets_are_replaced() {
        let key = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP_-";
        assert_eq!(key.len(), 44);
        for (line, cleaned) in [
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
            assert_eq!(clean_one(line), cleaned);
        }
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        assert_eq!(
            clean(b"\x1b[31;1mFAILED\x1b[0m\r\n\n\x1b]0;title\x07a\x07b\x1b[2Jc\xe2\x80\xaed\x00", &[]),
            ["FAILED", "abcd"]
        );
        assert_eq!(clean(b"\xff\xfe x", &[]), ["\u{fffd}\u{fffd} x"]);
    }

    #[test]
    fn what_is_not_shown_is_escaped_in_json() {
        let text = "a\u{9b}31m\u{202e}\u{ad}\u{e0041}\u{7f}é\n\"";
        let json = escape_json(&serde_json::to_string(text).unwrap());
        assert_eq!(json, r#""a\u009b31m\u202e\u00ad\udb40\udc41\u007fé\n\"""#);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn a_flood_is_cut() {
        assert_eq!(excerpt("a\n".repeat(50).as_bytes(), &[]).len(), MOST_LINES);
        assert_eq!(clean("ä ".repeat(5000).as_bytes(), &[])[0].chars().count(), MOST_CHARACTERS - 1);
    }
}
