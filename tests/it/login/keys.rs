//! Every command reads keys in the same way. The CLI gets the key that was read.

use super::{assert_logged_in, last_login};
use crate::sandbox::{Outcome, Sandbox, is_built};

const KEY: &str = "k3y-for_Tests";

/// Logs in with this content from every source of a key. The variable cannot hold a zero byte.
fn every_way(content: &[u8]) -> Vec<(String, Sandbox, Outcome)> {
    let mut outcomes = Vec::new();
    for line in ["login --apikey @key", "login --apikey @~/key", "login --apikey -", "login"] {
        let mut sandbox = Sandbox::with_session();
        sandbox.write_private("key", content);
        if line == "login" {
            match std::str::from_utf8(content) {
                Ok(text) if !text.contains('\0') && !text.is_empty() => {
                    sandbox = sandbox.with("IBMCLOUD_API_KEY", text);
                }
                _ => continue,
            }
        }
        let outcome = sandbox.run_with_input(line, content);
        outcomes.push((line.to_owned(), sandbox, outcome));
    }
    outcomes
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn cli_gets_the_key_without_surrounding_text() {
    let json = format!(r#"{{"name":"ci","apikey":"{KEY}"}}"#);
    for content in [
        format!("{KEY}\n").into_bytes(),
        format!("  {KEY}\r\n\r\n").into_bytes(),
        format!("\u{feff}{KEY}").into_bytes(),
        format!("\u{feff}{json}\r\n").into_bytes(),
        format!("\"{KEY}\"").into_bytes(),
        format!("'{KEY}'\n").into_bytes(),
        json.clone().into_bytes(),
        utf16(&format!("\u{feff}{KEY}\r\n"), u16::to_le_bytes),
        utf16(&format!("\u{feff}{json}\r\n"), u16::to_be_bytes),
        utf16(KEY, u16::to_le_bytes),
        utf16(KEY, u16::to_be_bytes),
    ] {
        for (line, sandbox, outcome) in every_way(&content) {
            assert_logged_in(&sandbox, &outcome);
            let (arguments, environment) = last_login(&sandbox);
            assert_eq!(arguments, ["login"], "{line}");
            let keys: Vec<_> = environment.iter().filter(|variable| variable.contains("API_KEY=")).collect();
            assert_eq!(keys, [&format!("IBMCLOUD_API_KEY={KEY}")], "{line} {content:?}");
        }
    }
}

#[test]
fn variable_may_name_a_file() {
    for (name, value) in [
        ("IBMCLOUD_API_KEY", "@key"),
        ("BLUEMIX_API_KEY", "@~/key"),
        ("IBMCLOUD_API_KEY", "\"@key\""),
        ("IBMCLOUD_API_KEY", "@key\n"),
    ] {
        let sandbox = Sandbox::with_session().with(name, value);
        sandbox.write_private("key", format!("\u{feff}{KEY}\n"));
        assert_logged_in(&sandbox, &sandbox.run("login"));
        let (_, environment) = last_login(&sandbox);
        let keys: Vec<_> = environment.iter().filter(|variable| variable.contains("API_KEY=")).collect();
        assert_eq!(keys, [&format!("IBMCLOUD_API_KEY={KEY}")], "{value:?}");
    }
}

#[test]
fn text_that_cannot_be_a_key_is_refused_before_the_cli_is_run() {
    for (content, why) in [
        ("ApiKey-01234567-89ab-cdef-0123-456789abcdef", "it is an ID"),
        ("{\"apikey\":\"ApiKey-01234567-89ab-cdef-0123-456789abcdef\"}", "it is an ID"),
        ("<your-api-key>", "it is a placeholder"),
        ("YOUR_API_KEY", "it is a placeholder"),
        ("${IBMCLOUD_API_KEY}", "it is a placeholder"),
        ("$IBMCLOUD_API_KEY", "it is a placeholder"),
        ("eyJraWQiOiIx.eyJpYW1faWQi.c2ln", "it is a token"),
        ("Bearer eyJraWQiOiIx.eyJpYW1faWQi.c2ln", "it is a token"),
        ("IBMCLOUD_API_KEY=abc", "it is an assignment"),
        ("two words", "it has a space"),
        (" \n", "it is empty"),
        ("{\"name\":\"n\"}", "it is JSON without"),
    ] {
        for (line, sandbox, outcome) in every_way(content.as_bytes()) {
            outcome.fails_with(2);
            assert!(
                outcome.error().contains(&format!("does not hold an API key: {why}")),
                "{line}: {outcome:?}"
            );
            assert_eq!(sandbox.calls(), 0, "{line} {content}");
            if !is_built(&"exchange") {
                continue;
            }
            // `exchange` reads it in the same place.
            let exchange = sandbox.run_with_input(&line.replace("login", "exchange"), content.as_bytes());
            assert_eq!(exchange.fails_with(2).stderr, outcome.stderr, "{line} {content}");
        }
    }
}

#[test]
fn file_without_the_at_sign_is_recognized() {
    let sandbox = Sandbox::with_session();
    sandbox.write_private("key.json", format!("{{\"apikey\":\"{KEY}\"}}"));
    for command in ["login", "exchange"].into_iter().filter(is_built) {
        for name in ["key.json", "~/key.json", "./key.json"] {
            let outcome = sandbox.run(&format!("{command} --apikey {name}"));
            assert_eq!(outcome.fails_with(2).hint(), format!("write `--apikey @{name}`"), "{outcome:?}");
        }
        let mut program = sandbox.program([command]);
        let outcome = Outcome::from(program.env("IBMCLOUD_API_KEY", "key.json").output().unwrap());
        assert_eq!(outcome.fails_with(2).hint(), "set it to `@key.json`", "{outcome:?}");
    }
    assert_eq!(sandbox.calls(), 0);
    // A name that could be a key is not repeated, nor is anything that does not name a file.
    let key = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP_-";
    sandbox.write_private(key, KEY);
    let outcome = sandbox.run(&format!("login --apikey {key}"));
    assert!(!outcome.fails_with(2).stderr.contains("abcdef"), "{outcome:?}");
    let outcome = sandbox.run("login --apikey other.json");
    assert!(outcome.fails_with(2).error().contains("an API key cannot be an argument"), "{outcome:?}");
    assert!(!outcome.stderr.contains("other.json"), "{outcome:?}");
}
