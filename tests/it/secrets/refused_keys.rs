//! Keys in forms that are refused: the error names the form and shows no part of the key.

use super::{KEY, Secrets};
use crate::sandbox::{Outcome, Sandbox, is_built};

#[test]
fn refused_form_of_a_key_is_not_shown() {
    let secrets = Secrets::new([KEY]);
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for (what, content) in [
        ("an ID", format!("ApiKey-{KEY}").into_bytes()),
        ("a token", format!("Bearer {KEY}").into_bytes()),
        ("an assignment", format!("export IBMCLOUD_API_KEY={KEY}\n").into_bytes()),
        ("a placeholder", format!("<{KEY}>").into_bytes()),
        ("a placeholder", format!("${KEY}").replace('-', "_").into_bytes()),
        ("a space", format!("{KEY}\n{KEY}\n").into_bytes()),
        ("a space", utf16(&format!("\u{feff}{KEY} {KEY}\r\n"))),
        ("not text", [utf16(&format!("\u{feff}{KEY}")), vec![0]].concat()),
        ("JSON without", format!("{{\"name\":\"{KEY}\"}}").into_bytes()),
    ] {
        for command in ["login", "exchange"].into_iter().filter(is_built) {
            let sandbox = Sandbox::logging().with("RUST_BACKTRACE", "1");
            let file = sandbox.write_private("file", &content);
            let mut outcomes = vec![
                sandbox.run(&format!("-v {command} --apikey @file")),
                sandbox.run_with_input(&format!("-v {command} --apikey -"), &content),
            ];
            if let Ok(text) = std::str::from_utf8(&content)
                && !text.contains('\0')
            {
                let mut program = sandbox.program(["-v", command]);
                outcomes.push(Outcome::from(program.env("IBMCLOUD_API_KEY", text).output().unwrap()));
            }
            for outcome in outcomes {
                assert!(outcome.fails_with(2).error().contains(what), "{what}: {outcome:?}");
                secrets.stay_secret_in_failure(what, &outcome, &sandbox, &[&file]);
                assert_eq!(sandbox.calls(), 0);
            }
        }
    }
}

#[test]
fn key_in_place_of_a_file_name_is_not_shown() {
    let secrets = Secrets::new([KEY]);
    for (value, status) in [(format!("@{KEY}"), 1), (format!("\"@{KEY}\"\n"), 1)] {
        for command in ["login", "exchange"].into_iter().filter(is_built) {
            let sandbox = Sandbox::logging();
            let mut program = sandbox.program(["-v", command]);
            let outcome = Outcome::from(program.env("IBMCLOUD_API_KEY", &value).output().unwrap());
            outcome.fails_with(status);
            secrets.stay_secret_in_failure(command, &outcome, &sandbox, &[]);
        }
    }
}
