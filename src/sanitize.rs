//! Makes external text safe to print.
//!
//! The CLI's own errors are better than anything that we could write, but they are not under our control. Control
//! characters are dropped, because a terminal interprets them, and everything that could be a secret is redacted.
//!
//! # What redaction guarantees
//!
//! - A secret of this run (the API key or the passcode that the user passed) is never shown, neither whole nor in
//!   pieces of at least a quarter of it, 6 to 16 characters, whatever is between the pieces.
//! - Text that looks like a secret is never shown: the text after `Bearer` or `Basic`, text that starts like a JWT,
//!   and every run of characters as long as an API key. If such a text was folded into several lines, the lines of at
//!   least 16 characters are redacted too.
//! - Invisible characters inside a secret do not hide it.
//!
//! There is no guarantee for an unknown secret that is shorter, interrupted more often by spaces or line ends, or
//! encoded (base64, percent-encoding, hexadecimal). Redaction is only the second protection, because secrets must not
//! be written in the first place.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::bytes::Regex;

/// The maximum number of lines of an error that are shown. Longer texts are usage texts or stack traces, whose first
/// lines are enough.
const MAX_LINES: usize = 12;

/// The maximum number of characters of a line that are shown.
const MAX_CHARACTERS: usize = 500;

/// The maximum number of bytes of a text that are examined, so that junk does not take seconds.
const MAX_TEXT: usize = 64 * 1024;

/// The minimum length of a piece of a known secret that is redacted is a quarter of the secret, within these bounds.
const KNOWN_PIECE: (usize, usize) = (6, 16);

/// The minimum length of a line that can be a piece of a folded secret.
const FOLDED_PIECE: usize = 16;

const REDACTED: &str = "[REDACTED]";

/// Text that could be a secret: the text after `Bearer` or `Basic`, text that starts like a JWT, every run of
/// base64url as long as an API key (44 characters; correlation IDs have 36, transaction IDs 40), and runs of base64
/// longer than paths.
static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?-u)(?i:bearer|basic)[ \t]+[^\s'\x22]+|eyJ[A-Za-z0-9_.~+/=-]*|[A-Za-z0-9_=-]{43,}|[A-Za-z0-9_.~+/=-]{120,}";
    Regex::new(pattern).expect("the pattern is a constant")
});

/// Removes escape sequences.
pub(crate) fn without_escapes(text: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = text.iter().position(|&byte| byte == 0x1b) else { return Cow::Borrowed(text) };
    let mut cleaned = Vec::with_capacity(text.len());
    cleaned.extend_from_slice(&text[..first]);
    let mut rest = &text[first..];
    while let Some(&byte) = rest.first() {
        match escape_sequence(rest) {
            0 => {
                cleaned.push(byte);
                rest = &rest[1..];
            }
            length => rest = &rest[length..],
        }
    }
    Cow::Owned(cleaned)
}

/// Returns the length of the escape sequence that a text starts with, or 0. These are the ECMA-48 sequences that
/// terminals interpret: colors, cursor movement, titles.
pub(crate) fn escape_sequence(text: &[u8]) -> usize {
    let Some(rest) = text.strip_prefix(b"\x1b") else { return 0 };
    let count =
        |from: usize, is_part: fn(&u8) -> bool| rest[from..].iter().take_while(|b| is_part(b)).count();
    match rest {
        [b'[', ..] => {
            let parameters = 1 + count(1, |b| (b'0'..=b'?').contains(b));
            let last = parameters + count(parameters, |b| (b' '..=b'/').contains(b));
            if rest.get(last).is_some_and(|b| (b'@'..=b'~').contains(b)) { last + 2 } else { 0 }
        }
        [b']', ..] => {
            let end = 1 + count(1, |b| !matches!(b, 0x07 | 0x1b | b'\n'));
            match &rest[end..] {
                [0x07, ..] => end + 2,
                [0x1b, b'\\', ..] => end + 3,
                _ => end + 1,
            }
        }
        [b'@'..=b'Z' | b'\\' | b'^' | b'_', ..] => 2,
        _ => 0,
    }
}

/// Returns the lines of a text without control characters, escape sequences, blank lines, the `known` secrets, and
/// anything that could be a secret. Only the first 64 KiB of a text are examined.
pub(crate) fn lines(text: &[u8], known: &[&str]) -> Vec<String> {
    // Invisible characters go first, because they may interrupt a secret.
    let text = visible(&String::from_utf8_lossy(&without_escapes(beginning(text))));
    let mut text = SECRET.replace_all(text.as_bytes(), REDACTED.as_bytes()).into_owned();
    for secret in known {
        text = redact_known(&text, secret.as_bytes());
    }
    let text = String::from_utf8_lossy(&text);
    let mut lines: Vec<Cow<'_, str>> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(Cow::Borrowed).collect();
    redact_folded(&mut lines);
    // Lines are cut last, because a secret that was cut is not recognized.
    lines
        .iter()
        .map(|line| line.chars().take(MAX_CHARACTERS).collect::<String>().trim_end().to_owned())
        .collect()
}

/// Returns the first lines of a text, sanitized like [`lines`].
pub(crate) fn excerpt(text: &[u8], known: &[&str]) -> Vec<String> {
    let mut lines = lines(text, known);
    lines.truncate(MAX_LINES);
    lines
}

/// Redacts everything that could be a secret in a message of ours that repeats what was typed.
pub(crate) fn redact(text: &str) -> String {
    String::from_utf8_lossy(&SECRET.replace_all(visible(text).as_bytes(), REDACTED.as_bytes())).into_owned()
}

/// Returns the beginning of a text. The last word is dropped if it was cut, because a secret that was cut is not
/// recognized.
fn beginning(text: &[u8]) -> &[u8] {
    let Some(start) = text.get(..MAX_TEXT).filter(|start| start.len() < text.len()) else { return text };
    let end = start.iter().rposition(|byte| b" \t\n".contains(byte)).unwrap_or(0);
    &start[..end]
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

/// Escapes the characters in one-line JSON that [`line`] would remove (RFC 8259, section 7). JSON is printed on
/// terminals too, but must not lose data.
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

/// Makes external text safe within a line.
pub(crate) fn line(text: &str) -> String {
    visible(text).replace('\n', " ")
}

/// Redacts a secret and every piece of it that is long enough.
fn redact_known(text: &[u8], secret: &[u8]) -> Vec<u8> {
    let (least, most) = KNOWN_PIECE;
    let piece = (secret.len() / 4).clamp(least, most).min(secret.len());
    if piece == 0 {
        return text.to_owned();
    }
    let pieces: HashSet<&[u8]> = secret.windows(piece).collect();
    let mut cleaned = Vec::with_capacity(text.len());
    let mut redacted_to = 0;
    for (at, &byte) in text.iter().enumerate() {
        if text.get(at..at + piece).is_some_and(|part| pieces.contains(part)) {
            if redacted_to < at || at == 0 {
                cleaned.extend_from_slice(REDACTED.as_bytes());
            }
            redacted_to = at + piece;
        } else if at >= redacted_to {
            cleaned.push(byte);
        }
    }
    cleaned
}

/// Redacts the lines over which a secret was folded: pieces below each other, or below a redacted beginning.
fn redact_folded(lines: &mut [Cow<'_, str>]) {
    for at in 1..lines.len() {
        let above = &lines[at - 1];
        if is_folded_piece(&lines[at]) && (is_folded_piece(above) || above.ends_with(REDACTED)) {
            if is_folded_piece(above) {
                lines[at - 1] = Cow::Borrowed(REDACTED);
            }
            lines[at] = Cow::Borrowed(REDACTED);
        }
    }
}

/// Returns whether a line is one word of base64url that was redacted in part, or is long. Such a word has capital
/// letters or digits after its first character, which a word such as "Authenticating..." does not have.
fn is_folded_piece(line: &str) -> bool {
    let left = line.replace(REDACTED, "");
    left.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~=".contains(&byte))
        && (left.len() < line.len()
            || line.len() >= FOLDED_PIECE
                && line.bytes().skip(1).any(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()))
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
        assert_eq!(
            lines(b"code > pass1code\nAuthenticating...\nOK\n", &["pass1code"]),
            ["code > [REDACTED]", "Authenticating...", "OK"]
        );
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
    fn escape_sequences_are_measured() {
        for (text, length) in [
            ("", 0),
            ("x\x1b[m", 0),
            ("\x1b", 0),
            ("\x1b[", 0),
            ("\x1b[31", 0),
            ("\x1b[é", 0),
            ("\x1b[mx", 3),
            ("\x1b[31;1mx", 7),
            ("\x1b[0 qx", 5),
            ("\x1b]0;title\x07x", 10),
            ("\x1b]8;;\x1b\\x", 7),
            ("\x1b]0;title\nx", 9),
            ("\x1bMx", 2),
            ("\x1bx", 0),
        ] {
            assert_eq!(escape_sequence(text.as_bytes()), length, "{text:?}");
        }
    }

    /// A number generator (xorshift), so that every run redacts the same secrets.
    fn random_text(alphabet: &[u8], length: usize, seed: u64) -> String {
        let mut state = seed;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % alphabet.len() as u64).unwrap()
        };
        (0..length).map(|_| char::from(alphabet[next()])).collect()
    }

    const BASE64URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    fn folded(text: &str, width: usize) -> String {
        let lines: Vec<&str> =
            text.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
        lines.join("\n")
    }

    /// Returns the longest part of a secret that is shown.
    fn longest_shown(shown: &str, secret: &str) -> usize {
        let is_shown = |length: &usize| {
            secret
                .as_bytes()
                .windows(*length)
                .any(|part| shown.as_bytes().windows(*length).any(|window| window == part))
        };
        (1..=secret.len()).take_while(is_shown).count()
    }

    #[test]
    fn known_secret_is_redacted_in_pieces_too() {
        for (length, longest) in [(10, 5), (44, 10), (300, 15)] {
            let secret = random_text(BASE64URL, length, 7);
            // A shorter piece could be any word.
            let piece = &secret[..longest];
            assert_eq!(lines(piece.as_bytes(), &[&secret]), [piece]);
            for width in longest + 1..length {
                let text = format!("the key {} is wrong", folded(&secret, width));
                for text in [text.replace('\n', "\n> "), text.replace('\n', "' + '"), text] {
                    let shown = lines(text.as_bytes(), &[&secret]).join("\n");
                    assert!(longest_shown(&shown, &secret) <= longest, "{width}: {text}\n{shown}");
                    assert!(shown.starts_with("the key "), "{shown}");
                }
            }
        }
        assert_eq!(lines(b"abc ab abc", &["abc", ""]), ["[REDACTED] ab [REDACTED]"]);
        assert_eq!(lines(b"x abcabc", &["abc"]), ["x [REDACTED]"]);
    }

    #[test]
    fn folded_token_is_redacted_line_by_line() {
        let token = format!(
            "eyJhbGciOiJSUzI1NiJ9.{}.{}",
            random_text(BASE64URL, 700, 3),
            random_text(BASE64URL, 342, 5)
        );
        for width in [16, 17, 30, 40, 64, 76] {
            for before in ["IAM token:  Bearer ", "", "Received:\n", "\"access_token\": \""] {
                let text = format!("FAILED\n{before}{}\nTry again.", folded(&token, width));
                let shown = lines(text.as_bytes(), &[]);
                assert!(longest_shown(&shown.join("\n"), &token) < FOLDED_PIECE, "{width}: {shown:#?}");
                assert_eq!((shown[0].as_str(), shown.last().unwrap().as_str()), ("FAILED", "Try again."));
            }
        }
        // The middle of a token starts like no token.
        let middle = "pYW1faWQiOiJJQk1pZC0x\nIiwiZXhwIjo0MTAyNDQ0\nODAwfQ";
        assert_eq!(lines(middle.as_bytes(), &[]), [REDACTED, REDACTED, "ODAwfQ"]);
        assert_eq!(lines(b"abcXYZ\nAbcdefgh1jklmnop", &["abc"]), [REDACTED, REDACTED]);
        // Words below each other are not a folded secret.
        for text in [
            "eu-central.iam.cloud.ibm.com\nidentity-2.eu-central.iam.cloud.ibm.com",
            "OHptc2Y-6a6f4800b8a346228482d76cd040942c\nFAILED",
        ] {
            assert_eq!(lines(text.as_bytes(), &[]).join("\n"), text);
        }
    }

    #[test]
    fn secret_that_is_cut_with_a_large_text_is_not_shown() {
        let secret = random_text(BASE64URL, 60, 9);
        for shown in 1..59 {
            for filler in ["\n", "\u{200b}", "\x1b[m", "\r"] {
                let mut text = filler.repeat((MAX_TEXT - shown) / filler.len());
                text += &"\0".repeat(MAX_TEXT - shown - text.len());
                text += &secret;
                let shown = lines(text.as_bytes(), &[]).join("");
                assert_eq!(longest_shown(&shown, &secret), 0, "{filler:?}: {shown}");
            }
        }
    }

    #[test]
    fn secret_interrupted_by_invisible_characters_is_redacted_in_a_message() {
        assert_eq!(redact("unknown command `eyJ\u{200b}hbGci.e\x1b30.c2ln`"), "unknown command `[REDACTED]`");
    }

    #[test]
    fn only_the_beginning_of_junk_is_examined() {
        for junk in ["x", "'", "ab cd ", "\x1b[", "\x1b]", "eyJ.", "bearer ", "QmFzZTY0IGlz", "\u{200b}"] {
            let text = junk.repeat(16 * 1024 * 1024 / junk.len());
            assert!(beginning(text.as_bytes()).len() <= MAX_TEXT);
            let text = format!("first\n{text}\nlast");
            // Without the bound this takes seconds, and a debug build minutes.
            assert!(excerpt(text.as_bytes(), &["pass1code"]).len() <= MAX_LINES);
        }
        let shown = lines(format!("first\n{}last", "x\n".repeat(MAX_TEXT / 2)).as_bytes(), &[]);
        assert_eq!((shown[0].as_str(), shown.last().unwrap().as_str()), ("first", "x"));
        assert!(shown.len() < MAX_TEXT / 2, "{}", shown.len());
    }

    #[test]
    fn text_of_64_kib_is_examined_whole() {
        let text = "0123456\n".repeat(64 * 1024 / 8);
        assert_eq!(beginning(text.as_bytes()), text.as_bytes());
        assert_eq!(beginning(&text.as_bytes()[1..]), &text.as_bytes()[1..]);
        assert_eq!(beginning(format!("{text}x").as_bytes()), &text.as_bytes()[..64 * 1024 - 1]);
    }

    #[test]
    fn external_text_within_a_line_stays_on_it() {
        assert_eq!(line("a\tb\nc\r\u{1b}[m\u{202e}d"), "a b c[md");
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
