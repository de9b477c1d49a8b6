//! The parser: takes what `ibmcloud iam oauth-tokens` (or `iam bearer-token`) printed and returns the IAM access token.
//!
//! The label before a token is translated, and the lines around it and the spacing vary, so the parser does not depend
//! on them. It looks for `Bearer` and a token after a colon, for the JSON member `iam_token`, and for a line that is
//! just a JWT. The claims decide whether a token is IAM's. The label decides only if the token has no claims.
//!
//! **A token is never shortened.** It ends at white space or at the end of its line. Anything else after it, such as a
//! control character, half of a UTF-8 sequence or an escape sequence in its middle, makes it invalid.
//!
//! All work is linear in the input: only white space is read again after a mismatch, and the number of places where JSON
//! is tried is bounded. There are no regular expressions, because compiling one takes longer than everything else. An
//! error never quotes the input, because it may hold a token.

use std::fmt;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::forms;
use crate::sanitize;
use crate::secret::SecretBuffer;
use crate::token::{
    AccessToken, Claims, InvalidToken, bearer_credentials, is_token_byte, trim_space, trim_space_end,
};

/// The reason why no token was found in the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseError {
    /// It is empty, or just white space.
    Empty,
    /// Nothing in it looks like a token.
    NoToken,
    /// It has a token of Cloud Foundry's UAA but no IAM token.
    OnlyUaa,
    /// It has two different IAM tokens.
    Ambiguous,
    /// The text in the place of the token is not a token.
    Invalid(InvalidToken),
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the output is empty"),
            Self::NoToken => f.write_str("there is no token in the output"),
            Self::OnlyUaa => f.write_str("the output has a UAA token (from Cloud Foundry) but no IAM token"),
            Self::Ambiguous => f.write_str("there are two different IAM tokens in the output"),
            Self::Invalid(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for ParseError {}

/// The maximum number of `{` that are tried as the start of the CLI's JSON.
const MAX_OBJECTS: usize = 32;

/// Returns the IAM access token in the output of `ibmcloud iam oauth-tokens`, with or without `--output json`, or of
/// `ibmcloud iam bearer-token`.
///
/// # Errors
///
/// Returns the reason if there is no IAM token, or more than one. It never quotes the output.
pub fn parse(output: &[u8]) -> Result<AccessToken, ParseError> {
    find(output, |found, text| {
        for line in lines(text) {
            found.line(line);
        }
        found.json::<OauthTokens>(Label::Iam, text);
    })
}

/// Returns the IAM access token in the output of the CLI, or in any other form in which users pass on a token (see
/// [`forms`]).
pub(crate) fn parse_any_form(input: &[u8]) -> Result<AccessToken, ParseError> {
    find(input, |found, text| {
        for line in lines(text) {
            found.line(line);
            for token in forms::tokens(line) {
                found.candidate(Label::Form, token);
            }
        }
        found.json::<OauthTokens>(Label::Iam, text);
        found.json::<TokenJson>(Label::Response, text);
    })
}

fn find(output: &[u8], search: impl FnOnce(&mut Found, &[u8])) -> Result<AccessToken, ParseError> {
    let output = output.strip_prefix(b"\xef\xbb\xbf").unwrap_or(output);
    let output = without_colors(output);
    if output.trim_ascii().is_empty() {
        return Err(ParseError::Empty);
    }
    let mut found = Found::default();
    search(&mut found, &output);
    found.answer()
}

/// Returns the lines of a text. Only LF ends a line. A CR in the middle of a token must be seen and refused.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end)
}

/// Removes escape sequences, except where one would hide that a token is damaged: between two characters of a token, and
/// after a token if it is neither a color nor the "erase to the end of the line" that `grep --color` adds.
fn without_colors(output: &[u8]) -> SecretBuffer {
    let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| is_token_byte(*byte));
    let mut cleaned = SecretBuffer::default();
    let mut rest = output;
    while let Some(text) = rest.iter().position(|&byte| byte == 0x1b) {
        cleaned.push(&rest[..text]);
        rest = &rest[text..];
        let length = sanitize::escape_sequence(rest);
        let (sequence, after) = rest.split_at(length.max(1));
        let is_color = sequence.starts_with(b"\x1b[") && matches!(sequence.last(), Some(b'm' | b'K'));
        let hides_damage = is_part(cleaned.last()) && (is_part(after.first()) || !is_color);
        if length == 0 || hides_damage {
            cleaned.push(sequence);
        }
        rest = after;
    }
    cleaned.push(rest);
    cleaned
}

/// The output of `ibmcloud iam oauth-tokens --output json`.
#[derive(Deserialize)]
struct OauthTokens {
    /// `Bearer eyJ…`. Since CLI 0.16 (2019-05) at the latest.
    #[serde(default)]
    iam_token: Option<String>,
}

impl From<OauthTokens> for Option<String> {
    fn from(object: OauthTokens) -> Self {
        object.iam_token
    }
}

/// The response of IAM, and our own `-f json`. The refresh token is skipped.
#[derive(Deserialize)]
struct TokenJson {
    #[serde(default)]
    access_token: Option<String>,
}

impl From<TokenJson> for Option<String> {
    fn from(object: TokenJson) -> Self {
        object.access_token
    }
}

/// The meaning of the label before a token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    Iam,
    Uaa,
    /// The member `access_token`. Its value may be hidden, as in a trace of the CLI.
    Response,
    /// One of the other forms. A JWT of IAM counts as labelled.
    Form,
    /// No label, or one without the words IAM and UAA. Only a JWT is accepted after it.
    Other,
}

/// The tokens found so far.
#[derive(Default)]
struct Found {
    labelled: Vec<AccessToken>,
    other: Vec<AccessToken>,
    uaa: bool,
    invalid: Option<InvalidToken>,
    /// Something that is not a token but may have been one: cut off, or an example in a notice.
    doubtful: Option<InvalidToken>,
}

impl Found {
    fn line(&mut self, line: &[u8]) {
        if let Some(token) = bare(line) {
            self.candidate(Label::Other, token);
        }
        let mut rest = line;
        while let Some((before, token, after)) = labelled(rest) {
            self.candidate(label(before), token);
            rest = after;
        }
    }

    /// Adds the token of every JSON object in the text. The CLI's own object comes last, after notices.
    fn json<'t, T: Deserialize<'t> + Into<Option<String>>>(&mut self, label: Label, text: &'t [u8]) {
        let mut rest = text;
        for _ in 0..MAX_OBJECTS {
            let Some(start) = rest.iter().position(|&byte| byte == b'{') else { return };
            rest = &rest[start..];
            let mut objects = serde_json::Deserializer::from_slice(rest).into_iter::<T>();
            if let Some(Ok(object)) = objects.next() {
                let consumed = objects.byte_offset();
                if let Some(token) = object.into().map(Zeroizing::new) {
                    // Not `trim`, which would take a control character (U+0085) for white space.
                    let token = trim_space_end(trim_space(token.as_bytes().trim_ascii()));
                    self.candidate(label, bearer_credentials(token).unwrap_or(token));
                }
                rest = &rest[consumed..];
            } else {
                rest = &rest[1..];
            }
        }
    }

    fn candidate(&mut self, label: Label, token: &[u8]) {
        if token.starts_with(b"<") || token == b"[PRIVATE DATA HIDDEN]" {
            return; // a placeholder in a sentence: `Bearer <token>`, or in a trace of the CLI's SDK
        }
        let token =
            std::str::from_utf8(token).map_err(|_| InvalidToken::Character).and_then(AccessToken::new);
        match token {
            Ok(token) => {
                let claims = token.claims();
                let is_of_iam = claims.as_ref().is_some_and(|claims| claims.text("iam_id").is_some());
                let is_labelled =
                    matches!(label, Label::Iam | Label::Response) || (label == Label::Form && is_of_iam);
                if claims.as_ref().is_some_and(Claims::is_uaa) || (label == Label::Uaa && !is_of_iam) {
                    self.uaa = true;
                } else if is_labelled {
                    self.labelled.push(token);
                } else if claims.is_some() {
                    self.other.push(token);
                }
            }
            Err(why) if label == Label::Iam => self.invalid = Some(why),
            Err(why) if label == Label::Response => self.doubtful = Some(why),
            Err(why @ InvalidToken::CutOff) if matches!(label, Label::Other | Label::Form) => {
                self.doubtful = Some(why);
            }
            // `Authorization: Bearer TOKEN!` in a notice is neither a token nor an error.
            Err(_) => {}
        }
    }

    fn answer(self) -> Result<AccessToken, ParseError> {
        if let Some(why) = self.invalid {
            return Err(ParseError::Invalid(why));
        }
        let tokens = if self.labelled.is_empty() { self.other } else { self.labelled };
        let mut tokens = tokens.into_iter();
        match tokens.next() {
            Some(token) if tokens.all(|other| other == token) => Ok(token),
            Some(_) => Err(ParseError::Ambiguous),
            None => Err(match self.doubtful {
                Some(why) => ParseError::Invalid(why),
                None if self.uaa => ParseError::OnlyUaa,
                None => ParseError::NoToken,
            }),
        }
    }
}

/// Finds the first `Bearer` after a colon, ASCII or full-width (`IAM token:  Bearer eyJ…`), and returns the text before
/// the colon, the token, and the text after it.
fn labelled(line: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    (0..line.len()).find_map(|colon| {
        let after_colon =
            [":", "\u{ff1a}"].iter().find_map(|mark| line[colon..].strip_prefix(mark.as_bytes()))?;
        let (token, after) = word(bearer_credentials(trim_space(after_colon))?);
        (!token.is_empty()).then_some((&line[..colon], token, after))
    })
}

/// Returns the token of a line that contains only the token, with or without `Bearer`: the output of `ibmcloud iam
/// bearer-token` and `cf oauth-token`.
fn bare(line: &[u8]) -> Option<&[u8]> {
    let line = trim_space(line);
    let (token, after) = word(bearer_credentials(line).unwrap_or(line));
    (token.starts_with(b"eyJ") && trim_space(after).is_empty()).then_some(token)
}

/// Splits a text at the next space or tab. No-break and ideographic spaces at the end of the word are not part of it, but
/// anything else that is not ASCII is, so that a damaged token is refused and not cut.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| b" \t".contains(byte)).unwrap_or(text.len());
    text.split_at(trim_space_end(&text[..end]).len())
}

/// Reads the label before a colon. The names of the two services are not translated. A prompt may come before the label
/// on the same line, so the last name counts.
fn label(text: &[u8]) -> Label {
    match (last_word(text, b"iam"), last_word(text, b"uaa")) {
        (None, None) => Label::Other,
        (iam, uaa) if iam > uaa => Label::Iam,
        _ => Label::Uaa,
    }
}

/// Returns the position of the last occurrence of a word, in any case.
fn last_word(text: &[u8], word: &[u8]) -> Option<usize> {
    let is_apart = |byte: Option<&u8>| !byte.is_some_and(u8::is_ascii_alphanumeric);
    (0..text.len().saturating_sub(word.len() - 1)).rev().find(|&start| {
        let end = start + word.len();
        text[start..end].eq_ignore_ascii_case(word)
            && is_apart(start.checked_sub(1).and_then(|before| text.get(before)))
            && is_apart(text.get(end))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;
    use crate::system::testing::thread_time;

    fn jwt(payload: &str) -> String {
        format!("eyJhbGciOiJSUzI1NiJ9.{}.c2lnbmF0dXJl", URL_SAFE_NO_PAD.encode(payload))
    }

    fn iam() -> String {
        jwt(r#"{"iam_id":"IBMid-1"}"#)
    }

    fn uaa() -> String {
        jwt(r#"{"zid":"uaa","iss":"https://uaa.ng.bluemix.net/oauth/token"}"#)
    }

    #[test]
    fn labelled_token_wins_over_one_with_another_label() {
        let other = jwt(r#"{"iam_id":"IBMid-2"}"#);
        let output = format!("Jeton : Bearer {other}\nIAM token:  Bearer {}\n", iam());
        assert_eq!(parsed(&output), Ok(iam()));
    }

    #[test]
    fn damaged_token_that_is_not_of_iam_is_ignored() {
        for output in [
            "Authorization: Bearer TOKEN!\n",
            "UAA token:  Bearer eyJhbGci\n",
            "UAA token:  Bearer a\u{7}b\n",
        ] {
            assert_eq!(parsed(output), Err(ParseError::NoToken), "{output:?}");
        }
    }

    #[test]
    fn token_without_a_label_must_be_alone_on_its_line() {
        assert_eq!(parsed(&format!("{} \n", iam())), Ok(iam()));
        assert_eq!(parsed(&format!("{} was used\n", iam())), Err(ParseError::NoToken));
    }

    #[test]
    fn label_may_end_in_the_name_or_lack_it() {
        assert_eq!(parsed("IAM: Bearer abc\n"), Ok("abc".to_owned()));
        let unnamed = jwt(r#"{"sub":"s"}"#);
        assert_eq!(parsed(&format!("Jeton : Bearer {unnamed}\n")), Ok(unnamed));
    }

    #[test]
    fn every_reason_has_its_own_message() {
        let invalid = ParseError::Invalid(InvalidToken::CutOff);
        let reasons =
            [ParseError::Empty, ParseError::NoToken, ParseError::OnlyUaa, ParseError::Ambiguous, invalid];
        let mut messages = reasons.map(|reason| reason.to_string()).to_vec();
        assert!(messages.iter().all(|message| !message.is_empty()));
        messages.dedup();
        assert_eq!(messages.len(), reasons.len());
    }

    fn parsed(output: &str) -> Result<String, ParseError> {
        parse(output.as_bytes()).map(|token| token.expose().to_owned())
    }

    #[test]
    fn every_known_output_is_parsed() {
        let (iam, uaa) = (iam(), uaa());
        for output in [
            format!("IAM token:  Bearer {iam}\n"),
            format!("IAM token: Bearer {iam}"),
            format!("\u{feff}\tIAM token :\u{a0}bearer\t{iam} \r\n"),
            format!("IAM token:  Bearer {iam}\nUAA token:  Bearer {uaa}\n"),
            format!("UAA token:  Bearer {uaa}\nIAM token:  Bearer {iam}\n"),
            format!("IAM token: Bearer {iam} UAA token: Bearer {uaa}\n"),
            format!("UAA token: Bearer opaque IAM token: Bearer {iam}\n"),
            format!("IAM 토큰:  Bearer {iam}\nUAA 토큰:  Bearer {uaa}\n"),
            format!("令牌：Bearer {iam}\n"),
            format!("\u{1b}[36;1mIAM token:\u{1b}[0m  Bearer \u{1b}[1m{iam}\u{1b}[0m\n"),
            format!("Do you want to update? [y/N]> IAM token:  Bearer {iam}\n"),
            format!("{{\n    \"iam_token\": \"Bearer {iam}\"\n}}\n"),
            format!("Invoking {{it}} …\n[y/N]> {{\"a\":{{}},\"iam_token\":\"{iam}\"}} done"),
            format!("{iam}\n"),
            format!("Bearer {iam}\n"),
            format!("IAM token:  Bearer {iam}\nIAM token:  Bearer {iam}\n"),
            format!("Tip: send `Authorization: Bearer TOKEN` to the IAM API\nIAM token:  Bearer {iam}\n"),
            format!("Tip: curl -H 'Authorization: Bearer eyJhbGc...'\nIAM token:  Bearer {iam}\n"),
            format!("UAA token:  Bearer {iam}\n"),
            format!("The IAM header is Authorization: Bearer <token>\nIAM token:  Bearer {iam}\n"),
        ] {
            assert_eq!(parsed(&output).as_ref(), Ok(&iam), "{output}");
        }
        assert_eq!(
            parsed("IAM token:  Bearer djn.._l_HW\nUAA token:  Bearer x\n").as_deref(),
            Ok("djn.._l_HW")
        );
    }

    #[test]
    fn output_without_a_token_has_its_reason() {
        let (iam, uaa, other) = (iam(), uaa(), jwt(r#"{"iam_id":"IBMid-2"}"#));
        for (output, why) in [
            ("\u{feff} \r\n\n".to_owned(), ParseError::Empty),
            ("FAILED\nNot logged in. Use 'ibmcloud login' to log in.\n".to_owned(), ParseError::NoToken),
            ("IAM token:  Bearer <token>\n".to_owned(), ParseError::NoToken),
            ("{\"iam_token\": null}".to_owned(), ParseError::NoToken),
            ("{\"iam_token\": 5}".to_owned(), ParseError::NoToken),
            (format!("{{\"iam_token\": \"Bearer {iam}"), ParseError::NoToken),
            (format!("UAA token:  Bearer {uaa}\n"), ParseError::OnlyUaa),
            (format!("IAM token:  Bearer {uaa}\n"), ParseError::OnlyUaa),
            (format!("IAM token:  Bearer {iam}\nIAM token:  Bearer {other}\n"), ParseError::Ambiguous),
            (format!("IAM token:  Bearer {iam}\n{{\"iam_token\":\"{other}\"}}\n"), ParseError::Ambiguous),
            ("Bearer eyJraWQiOiIyM...\n".to_owned(), ParseError::Invalid(InvalidToken::CutOff)),
            ("IAM token:  Bearer eyJraWQiOiIyM...\n".to_owned(), ParseError::Invalid(InvalidToken::CutOff)),
            ("IAM token:  Bearer eyJraWQiOiIyM…\n".to_owned(), ParseError::Invalid(InvalidToken::Character)),
            ("{\"iam_token\": \"\"}".to_owned(), ParseError::Invalid(InvalidToken::Empty)),
        ] {
            assert_eq!(parsed(&output), Err(why), "{output}");
        }
    }

    fn parsed_in_any_form(input: &str) -> Result<String, ParseError> {
        parse_any_form(input.as_bytes()).map(|token| token.expose().to_owned())
    }

    #[test]
    fn every_other_form_of_a_token_is_parsed() {
        let (iam, uaa) = (iam(), uaa());
        for input in [
            format!("\"{iam}\"\n"),
            format!("\"Bearer {iam}\"\r\n"),
            format!("\u{3000}\"{iam}\",\u{a0}\n"),
            format!(
                "{{\"access_token\":\"{iam}\",\"refresh_token\":\"OK.not-it\",\"ims_user_id\":1,\"token_type\":\"Bearer\"}}"
            ),
            format!("{{\n  \"refresh_token\": \"{uaa}\",\n  \"access_token\": \"{iam}\"\n}}\n"),
            format!("{{\"access_token\":\"Bearer {iam}\",\"expires_at\":null,\"origin\":\"cli\"}}\n"),
            format!("{{\"access_token\":\"{uaa}\"}}\n{{\"iam_token\":\"Bearer {iam}\"}}\n"),
            format!("{{\"access_token\":\"[PRIVATE DATA HIDDEN]\"}}\nIAM token:  Bearer {iam}\n"),
            format!("Authorization: Bearer {iam}\n"),
            format!("export IAM_TOKEN='{iam}'\nexport AUTH='Bearer {iam}'\n"),
            format!(
                "# made by hand\nREFRESH_TOKEN={uaa}\nIAM_TOKEN={iam}\nUAA_TOKEN={uaa}\nIBMCLOUD_API_KEY=x\n"
            ),
            format!("header = \"Authorization: Bearer {iam}\"\n"),
            format!("curl -H 'Authorization: Bearer {iam}' https://iam.cloud.ibm.com/x\n"),
        ] {
            assert_eq!(parsed_in_any_form(&input).as_ref(), Ok(&iam), "{input}");
        }
        assert_eq!(parsed_in_any_form("{\"access_token\":\"djn.._l_HW\"}").as_deref(), Ok("djn.._l_HW"));
    }

    #[test]
    fn two_tokens_in_any_forms_are_an_error() {
        let (iam, uaa, other) = (iam(), uaa(), jwt(r#"{"iam_id":"IBMid-2"}"#));
        let forms = |token: &str| {
            [
                format!("\"{token}\""),
                format!("{{\"access_token\":\"{token}\"}}"),
                format!("{{\"iam_token\":\"Bearer {token}\"}}"),
                format!("A='{token}'"),
                format!("header = \"Authorization: Bearer {token}\""),
                token.to_owned(),
                format!("IAM token:  Bearer {token}"),
            ]
        };
        for one in forms(&iam) {
            for another in forms(&other) {
                assert_eq!(
                    parsed_in_any_form(&format!("{one}\n{another}\n")),
                    Err(ParseError::Ambiguous),
                    "{one}\n{another}"
                );
            }
            for same in forms(&iam) {
                assert_eq!(
                    parsed_in_any_form(&format!("{one}\n{same}\n")).as_ref(),
                    Ok(&iam),
                    "{one}\n{same}"
                );
            }
        }
        for (input, why) in [
            (format!("{{\"refresh_token\":\"{iam}\"}}"), ParseError::NoToken),
            (format!("{{\"refresh_token\": \"{iam}\", \"access_token\": 5}}"), ParseError::NoToken),
            (format!("REFRESH_TOKEN={iam}\n"), ParseError::NoToken),
            (format!("{{\"access_token\":\"{iam}"), ParseError::NoToken),
            (format!("{{\"access_token\":\"{iam}\",\"access_token\":\"{other}\"}}"), ParseError::NoToken),
            ("IAM_TOKEN=changeme\n".to_owned(), ParseError::NoToken),
            ("\"djn.._l_HW\"\n".to_owned(), ParseError::NoToken),
            (format!("\"{uaa}\"\n"), ParseError::OnlyUaa),
            (format!("{{\"access_token\":\"{iam}\u{85}\"}}"), ParseError::Invalid(InvalidToken::Character)),
            ("\"eyJraWQiOiIyM...\"\n".to_owned(), ParseError::Invalid(InvalidToken::CutOff)),
        ] {
            assert_eq!(parsed_in_any_form(&input), Err(why), "{input}");
        }
        // The CLI itself prints none of these forms.
        for input in [format!("\"{iam}\"\n"), format!("{{\"access_token\":\"{iam}\"}}"), format!("A={iam}\n")]
        {
            assert_eq!(parsed(&input), Err(ParseError::NoToken), "{input}");
        }
    }

    #[test]
    fn control_character_inside_a_token_is_refused() {
        for control in ["\r", "\0", "\u{7}", "\u{b}", "\u{1b}", "\u{7f}", "\u{80}", "\u{85}", "\u{9b}"] {
            for token in [format!("djn{control}l_HW"), format!("djn{control}"), format!("{control}djn")] {
                let output = format!("IAM token:  Bearer {token}\n");
                let json = serde_json::json!({ "iam_token": format!("Bearer {token}") }).to_string();
                let is_at_the_end = token.ends_with(control) && control == "\r";
                for output in [output, json] {
                    // A CR before the end of a line or of a member is white space.
                    let expected = if is_at_the_end {
                        Ok("djn".to_owned())
                    } else {
                        Err(ParseError::Invalid(InvalidToken::Character))
                    };
                    assert_eq!(parsed(&output), expected, "{output:?}");
                }
            }
        }
    }

    #[test]
    fn token_with_anything_but_whole_white_space_attached_is_refused() {
        let iam = iam();
        for space in ["\u{a0}", "\u{3000}", "\u{a0}\u{3000} \t\u{a0}", "\u{3000} (valid for an hour)"] {
            assert_eq!(parsed(&format!("IAM token:  Bearer {iam}{space}\n")).as_ref(), Ok(&iam), "{space:?}");
        }
        for attached in [
            &b"\xc2"[..],
            b"\xe3",
            b"\xe3\x80",
            b"\xc2\xa0\xc2",
            b"\xa0",
            b"\x85",
            b"\xff",
            b"\x00",
            "\u{a0}x".as_bytes(),
            "\u{3000}x".as_bytes(),
            "\u{2003}".as_bytes(),
            "\u{200b}".as_bytes(),
            "\u{feff}".as_bytes(),
            "…".as_bytes(),
            "，".as_bytes(),
        ] {
            for before in ["IAM token:  Bearer ", "Bearer ", "", "令牌：Bearer "] {
                let output = [before.as_bytes(), iam.as_bytes(), attached, b"\n"].concat();
                let answer = parse(&output);
                assert!(
                    matches!(answer, Err(ParseError::Invalid(InvalidToken::Character) | ParseError::NoToken)),
                    "{answer:?}: {}",
                    output.escape_ascii()
                );
            }
        }
    }

    #[test]
    fn escape_sequence_does_not_shorten_a_token() {
        for damaged in [
            "djn\x1b[ml_HW",
            "djn\x1b[31mm",
            "djn\x1b]0;l_HW",
            "djn\x1b]0;l_\x07",
            "djn\x1b]0;l_\x1b\\HW",
            "djn\x1b[W",
            "djn\x1bM",
            "djn\x1b_",
            "djn\x1b[",
            "djn\x1b[m\x1b[Kl_HW",
        ] {
            let answer = parsed(&format!("IAM token:  Bearer {damaged}\n"));
            assert_eq!(answer, Err(ParseError::Invalid(InvalidToken::Character)), "{damaged:?}");
        }
        // As `grep --color=always` marks what it finds.
        for colored in [
            "IAM token:  Bearer \x1b[01;31m\x1b[Kdjn.._l_HW\x1b[m\x1b[K\n",
            "\x1b]0;ibmcloud\x07IAM token:  \x1b[01;31m\x1b[KBearer\x1b[m\x1b[K djn.._l_HW\n",
            "\x1b[2J\x1b[HIAM token:  Bearer djn.._l_HW \x1b[J\n",
        ] {
            assert_eq!(parsed(colored).as_deref(), Ok("djn.._l_HW"), "{colored:?}");
        }
    }

    /// Sixteen times the input may take sixteen times the work, but not 256 times.
    #[test]
    fn work_is_linear_in_hostile_input() {
        let Some(_) = thread_time() else { return };
        let worked = || thread_time().unwrap();
        for unit in [
            "{",
            "{\"a\":",
            "{\"iam_token\":\"",
            "IAM token: Bearer ",
            ": Bearer a",
            ": ",
            "bearer ",
            "\u{1b}[",
            "eyJ",
            "iam ",
            "[[",
            "\n",
            "\"",
            "'Authorization: Bearer eyJ",
            "A='eyJ",
            "export -- ",
            "\u{1b}]",
            "eyJ\u{1b}[m",
            "{\"access_token\":\"",
            "\u{a0}",
        ] {
            let work = |length: usize| {
                let output = unit.repeat(length / unit.len());
                let once = || {
                    let before = worked();
                    let _ = parse(output.as_bytes());
                    let _ = parse_any_form(output.as_bytes());
                    worked().saturating_sub(before)
                };
                (0..3).map(|_| once()).min().unwrap()
            };
            let (small, large) = (work(16 * 1024), work(256 * 1024));
            assert!(large < small.max(Duration::from_micros(500)) * 64, "{unit:?}: {small:?}, {large:?}");
        }
    }

    proptest! {
        #[test]
        fn no_input_makes_the_parser_panic(output in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let _ = parse(&output);
        }

        #[test]
        fn token_survives_any_text_around_it(before in "[^{:\u{1b}]{0,80}", after in "[^{:\u{1b}]{0,80}", space in "[ \t]{0,5}") {
            let iam = iam();
            let output = format!("{before}\nIAM token:{space}Bearer {iam}\n{after}\n");
            prop_assert_eq!(parsed(&output), Ok(iam));
        }
    }
}
