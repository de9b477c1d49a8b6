//! Fuzz tests: a damaged token is refused in any context. It is never shortened to the part before the damage.
//!
//! ```text
//! cargo test --release --lib ten_million -- --ignored --nocapture
//! ```

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::oauth_tokens;
use crate::token::AccessToken;

/// A number generator (xorshift64), so that a run can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("it is below the limit")
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// Texts around a token, with `@` in place of the token.
const CONTEXTS: [&str; 14] = [
    "IAM token:  Bearer @\n",
    "IAM token:  Bearer @\nUAA token:  Bearer x\n",
    "notice\r\nIAM token: Bearer @\r\n",
    "令牌：Bearer @\n",
    "{\"iam_token\": \"Bearer @\"}\n",
    "{\n  \"access_token\": \"@\",\n  \"refresh_token\": \"r\"\n}\n",
    "@\n",
    "Bearer @",
    "\"@\"\n",
    "Authorization: Bearer @\n",
    "header = \"Authorization: Bearer @\"\n",
    "export IAM_TOKEN='@'\n",
    "IAM_TOKEN=@\n",
    "$env:IAM_TOKEN = '@'\n",
];

/// Characters that are close to white space, to a token, or to the end of a sequence.
const CHARACTERS: [&str; 16] = [
    "\u{a0}", "\u{3000}", "\u{80}", "\u{85}", "\u{9b}", "\u{9f}", "\u{ad}", "\u{2003}", "\u{200b}",
    "\u{2028}", "\u{202e}", "\u{feff}", "\u{ff1a}", "é", "…", "𝒯",
];

/// Bytes that no token contains: half a character, a control character, or a whole character.
fn damage(random: &mut Random, damage: &mut Vec<u8>) {
    damage.clear();
    for _ in 0..=random.below(3) {
        match random.below(4) {
            0 => damage.push(0x80 + u8::try_from(random.below(0x80)).expect("it is below 128")),
            1 => damage.push(random.one_of(b"\x00\x01\x07\x08\x0b\x0c\r\x0e\x1f\x7f")),
            2 => damage.extend_from_slice(random.one_of(&CHARACTERS).as_bytes()),
            _ => {
                let character = random.one_of(&CHARACTERS).as_bytes();
                damage.extend_from_slice(&character[..=random.below(character.len() - 1)]);
            }
        }
    }
}

/// Returns the token in a damaged text if the damage is nothing but white space around it, or a byte order mark.
fn whole_token(text: &[u8]) -> Option<AccessToken> {
    let text = std::str::from_utf8(text).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    AccessToken::new(text.trim_matches(['\u{a0}', '\u{3000}', '\r', '\u{c}'])).ok()
}

fn tokens() -> [String; 3] {
    let jwt = |claims: &str, signature: usize| {
        format!(
            "eyJhbGciOiJSUzI1NiJ9.{}.{}",
            URL_SAFE_NO_PAD.encode(claims),
            "c2lnbmF0dXJl".repeat(signature)
        )
    };
    [
        jwt(r#"{"iam_id":"IBMid-1"}"#, 2),
        jwt(r#"{"iam_id":"IBMid-1","exp":4102444800}"#, 28),
        "djn.._l_HWtlNTbxslBXs0qjBI9G==".to_owned(),
    ]
}

/// Damages tokens this many times. Returns how many of them were accepted, because they were not damaged.
fn damage_tokens(times: usize, seed: u64) -> usize {
    let tokens = tokens();
    let mut random = Random(seed);
    let (mut text, mut input, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    let mut accepted = 0;
    for _ in 0..times {
        let token = tokens[random.below(tokens.len())].as_bytes();
        let (before, after) = random.one_of(&CONTEXTS).split_once('@').expect("every context has a place");
        damage(&mut random, &mut bytes);
        // The ends are the places where a reader cuts.
        let at = match random.below(4) {
            0 => token.len(),
            1 => 0,
            _ => random.below(token.len() + 1),
        };
        let replaced = random.below(2).min(token.len() - at);
        text.clear();
        for part in [&token[..at], &bytes, &token[at + replaced..]] {
            text.extend_from_slice(part);
        }
        input.clear();
        for part in [before.as_bytes(), &text, after.as_bytes()] {
            input.extend_from_slice(part);
        }
        let whole = whole_token(&text);
        for answer in
            [oauth_tokens::parse(&input), oauth_tokens::parse_any_form(&input)].into_iter().flatten()
        {
            assert_eq!(Some(&answer), whole.as_ref(), "{} gave {}", input.escape_ascii(), answer.expose());
            accepted += 1;
        }
    }
    accepted
}

#[test]
fn damaged_token_is_never_shortened() {
    // Some damage is white space after the token, which is accepted. Otherwise the test would show nothing.
    assert!(damage_tokens(20_000, 0x9e37_79b9_7f4a_7c15) > 100);
}

#[test]
#[ignore = "it takes minutes; run it with `--release`"]
#[expect(clippy::print_stderr, reason = "the figures are the result")]
fn ten_million_damaged_tokens_are_never_shortened() {
    const TIMES: usize = 10_000_000;
    let start = Instant::now();
    let accepted = damage_tokens(TIMES, 0x2545_f491_4f6c_dd1d);
    eprintln!(
        "{TIMES} inputs, read by both readers: {accepted} whole tokens, none shortened; {:?}",
        start.elapsed()
    );
    assert!(accepted > TIMES / 1000);
}
