//! The parser: a token is whole and valid, and white space around the text changes nothing.
#![no_main]

use ibmcloud_token::program::fuzzing::{has_failure_reason, parse_any_form};
use ibmcloud_token::{AccessToken, ParseError, parse};
use ibmcloud_token_fuzz::{assert_is_token, expanded};
use libfuzzer_sys::fuzz_target;

type Parser = fn(&[u8]) -> Result<AccessToken, ParseError>;

fuzz_target!(|data: &[u8]| {
    let text = expanded(data);
    for (parser, ends) in [(parse as Parser, "\""), (parse_any_form as Parser, "\"',;")] {
        let answer = parser(&text);
        if let Ok(token) = &answer {
            assert_is_token(token);
            assert_is_whole(token, &text, ends);
            assert_is_found_again(token, parser);
        }
        if !text.starts_with(b"\xef\xbb\xbf") {
            assert_eq!(parser(&[b"\xef\xbb\xbf", &*text].concat()), answer, "after a byte order mark");
            assert_eq!(parser(&[b"\n", &*text].concat()), answer, "after a blank line");
        }
        assert_eq!(parser(&[&*text, b"\n"].concat()), answer, "before a blank line");
        let crlf: Vec<u8> = text
            .iter()
            .flat_map(|byte| if *byte == b'\n' { b"\r\n".to_vec() } else { vec![*byte] })
            .collect();
        assert_eq!(parser(&crlf), answer, "with CRLF");
    }
    has_failure_reason(&text);
});

/// Asserts that the text has the token as a whole: it is followed by white space, a quotation mark or the end. The text of
/// a JSON string may be written with escapes, and escape sequences are removed, so such texts are not checked.
fn assert_is_whole(token: &AccessToken, text: &[u8], ends: &str) {
    if text.contains(&b'\\') || text.contains(&0x1b) {
        return;
    }
    let token = token.expose().as_bytes();
    let is_end = |rest: &[u8]| {
        let spaces = [" ", "\t", "\r", "\n", "\u{c}", "\u{a0}", "\u{3000}"];
        rest.is_empty()
            || spaces.iter().any(|space| rest.starts_with(space.as_bytes()))
            || ends.as_bytes().contains(&rest[0])
    };
    let is_start = |before: &[u8]| {
        !before.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte))
    };
    let is_whole = (0..text.len()).any(|at| {
        text[at..].starts_with(token) && is_start(&text[..at]) && is_end(&text[at + token.len()..])
    });
    assert!(is_whole, "{} gave {}", text.escape_ascii(), token.escape_ascii());
}

/// Asserts that the CLI's own line with this token gives the token.
fn assert_is_found_again(token: &AccessToken, parser: Parser) {
    if token.claims().is_some_and(|claims| claims.is_uaa()) {
        return;
    }
    let token = token.expose();
    for line in [
        format!("IAM token:  Bearer {token}"),
        format!("IAM token:  Bearer {token}\nUAA token:  Bearer x\n"),
        format!("{{\"iam_token\":\"Bearer {token}\"}}\n"),
        format!("\u{1b}[36mIAM token:  Bearer {token}\u{1b}[0m\n"),
    ] {
        assert_eq!(parser(line.as_bytes()).expect(&line).expose(), token);
    }
}
