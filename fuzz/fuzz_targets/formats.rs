//! Templates and formats: text comes out as it went in, a shell reads back the value, and the parser reads back the token.
//!
//! An input has a template, another template, a variable (`NAME=TEMPLATE`) and the payload of the token, one on each line.
#![no_main]

use std::time::{Duration, SystemTime};

use ibmcloud_token::AccessToken;
use ibmcloud_token::program::fuzzing::{issued, parse_any_form, render, render_template, variable};
use ibmcloud_token_fuzz::{IAM, jwt};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const SHELLS: [&str; 4] = ["sh", "fish", "powershell", "cmd"];

fuzz_target!(|text: &str| {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let mut lines = text.splitn(4, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (first, second, assignment, payload) = (line(), line(), line(), line());
    let Ok(token) = AccessToken::new(&jwt(payload)) else { return };
    let token = issued(token);
    let rendered = |template: &str| render_template(template, &token, now).map(Result::ok);

    // Text without placeholders comes out as it went in.
    if first.chars().all(|c| !c.is_control() || c == '\t') {
        let literal = first.replace('\\', r"\\").replace('%', "%%").replace('\t', r"\t");
        assert_eq!(rendered(&literal), Some(Some(format!("{first}\n").into_bytes())));
    }
    // Two templates one after the other are their outputs one after the other.
    if let (Some(Some(before)), Some(Some(after))) = (rendered(first), rendered(second)) {
        let both = [&before[..before.len() - 1], &after].concat();
        assert_eq!(rendered(&format!("{first}{second}")), Some(Some(both)));
    }
    // A value inserts nothing but characters of a value.
    for placeholder in
        ["%{token}", "%{expires_at}", "%{expiration}", "%{expires_in}", "%{account}", "%{iam_id}"]
    {
        if let Some(Some(value)) = rendered(placeholder) {
            let value = value.strip_suffix(b"\n").expect("a line ends in a line feed");
            assert!(!value.is_empty());
            assert!(value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=:@".contains(byte)));
        }
    }
    if let Some((name, Ok(value))) = variable(assignment, &token, now) {
        let value = String::from_utf8(value).expect("it is text");
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{name:?}");
        assert!(!value.contains(char::is_control), "{value:?}");
        for shell in SHELLS {
            if let Some(output) = render("env", shell, &[assignment], &token, now) {
                let output =
                    String::from_utf8(output.expect("its values are known").clone()).expect("it is text");
                assert_eq!(evaluated(shell, &output), Some((&*name, value.clone())), "{shell}: {output}");
            }
        }
        if let Some(output) = render("dotenv", "sh", &[assignment], &token, now) {
            let output =
                String::from_utf8(output.expect("its values are known").clone()).expect("it is text");
            let read =
                output.strip_suffix('\n').and_then(|line| line.split_once('=')).expect("it is an assignment");
            assert_eq!((read.0, read.1.trim_matches('\'')), (&*name, &*value));
            assert!(!value.contains([' ', '\'', '"', '$', '`', '\\', '#', ';', '&', '|']), "{value:?}");
        }
    }
    assert_formats_are_read_back(&token, now);
    let iam = issued(AccessToken::new(&IAM).expect("it is a token"));
    assert_formats_are_read_back(&iam, now);
});

fn assert_formats_are_read_back(token: &ibmcloud_token::IssuedToken, now: SystemTime) {
    let claims = token.claims();
    let is_labelled = claims.is_some_and(|claims| claims.text("iam_id").is_some());
    for format in ["bearer", "token", "header", "curl", "json", "env", "dotenv", "github"] {
        for shell in SHELLS {
            let output = render(format, shell, &["IAM_TOKEN"], token, now);
            let output = output.expect("the format is known").expect("it needs no claims");
            let read = parse_any_form(&output);
            if is_labelled {
                assert_eq!(
                    read.as_ref().map(AccessToken::expose),
                    Ok(token.token().expose()),
                    "{format} {shell}"
                );
            } else if let Ok(read) = read {
                assert_eq!(read.expose(), token.token().expose());
            }
            if format == "json" {
                let value: Value = serde_json::from_slice(&output).expect("it is JSON");
                assert_eq!(value["access_token"], token.token().expose());
                assert_eq!(value["expiration"].as_i64(), token.expiration());
            }
        }
    }
}

/// Evaluates an assignment as a shell does, and returns the name and the value. Returns nothing if it is more than one
/// assignment.
fn evaluated<'a>(shell: &str, output: &'a str) -> Option<(&'a str, String)> {
    let line = output.strip_suffix('\n')?;
    let (before, between) = match shell {
        "sh" => ("export ", "="),
        "fish" => ("set -gx ", " "),
        "powershell" => ("$env:", " = "),
        _ => {
            let (name, value) = line.strip_prefix("set \"")?.strip_suffix('"')?.split_once('=')?;
            return (!value.contains(['"', '%', '!', '^'])).then(|| (name, value.to_owned()));
        }
    };
    let (name, rest) = line.strip_prefix(before)?.split_once(between)?;
    let mut value = String::new();
    let mut rest = rest.chars().peekable();
    let mut is_quoted = false;
    while let Some(c) = rest.next() {
        match (shell, is_quoted, c) {
            ("sh" | "fish", _, '\'') => is_quoted = !is_quoted,
            ("powershell", true, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}') => {
                // A doubled quotation mark is one, and the second one counts.
                match rest.peek() {
                    Some('\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}') => {
                        value.extend(rest.next())
                    }
                    _ => is_quoted = false,
                }
            }
            ("powershell", false, '\'') if value.is_empty() => is_quoted = true,
            ("sh", false, '\\') => value.push(rest.next()?),
            ("fish", true, '\\') => match rest.next()? {
                escaped @ ('\\' | '\'') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            (_, true, c) => value.push(c),
            _ => return None,
        }
    }
    (!is_quoted).then_some((name, value))
}
