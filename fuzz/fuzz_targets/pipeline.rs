//! The documented pipeline and the parser: where the pipeline prints one well-formed line, the parser finds the same token,
//! unless it refuses for a documented reason.
#![no_main]

#[path = "../../tests/it/pipeline.rs"]
mod pipeline;

use ibmcloud_token::{AccessToken, ParseError, parse};
use ibmcloud_token_fuzz::expanded;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = expanded(data);
    let Some(token) = pipeline::token(&text) else { return };
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let [line] = lines.iter().filter(|line| pipeline::is_selected(line)).collect::<Vec<_>>()[..] else {
        unreachable!("the pipeline prints a line for each line that it selects");
    };
    let answer = parse(&text);
    // A colon in the token's place: the pipeline prints the part before it.
    let is_shortened = line.iter().filter(|byte| **byte == b':').count() != 1;
    // The token of Cloud Foundry, a service's name in another word, an escape sequence that hides a part of the label.
    let is_uaa = token.claims().is_some_and(|claims| claims.is_uaa());
    let label = String::from_utf8_lossy(line.split(|byte| *byte == b':').next().unwrap_or_default());
    let is_of_iam = label.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "IAM")
        && !label.to_ascii_lowercase().contains("uaa")
        && !label.contains('\u{1b}');
    if is_shortened || is_uaa || !is_of_iam {
        // It may refuse the line. If there is no other token in the text, it gives this one or none.
        let after_it = line.splitn(3, |byte| *byte == b':').nth(2).unwrap_or_default();
        if let Ok(found) = answer
            && !may_hold_a_token(after_it)
            && lines.iter().all(|other| other == line || !may_hold_a_token(other))
        {
            assert_is_same(&found, &token, &text);
        }
        return;
    }
    match answer {
        Ok(found) => assert_is_same(&found, &token, &text),
        // Another line has a different token, or one that is damaged.
        Err(ParseError::Ambiguous | ParseError::Invalid(_)) => {
            assert!(
                lines.iter().any(|other| other != line && may_hold_a_token(other)),
                "{}",
                text.escape_ascii()
            );
        }
        Err(why) => panic!("{} is refused: {why}", text.escape_ascii()),
    }
});

fn may_hold_a_token(line: &[u8]) -> bool {
    let line = line.to_ascii_lowercase();
    ["bearer", "eyj", "{", "\""]
        .iter()
        .any(|sign| line.windows(sign.len()).any(|part| part == sign.as_bytes()))
}

fn assert_is_same(found: &AccessToken, token: &AccessToken, text: &[u8]) {
    assert_eq!(found.expose(), token.expose(), "{}", text.escape_ascii());
}
