//! The forms, besides the CLI's own output, in which users store and pass on a token: in quotation marks (`jq` without
//! `-r`), as a member of JSON, as a header, as a variable for any shell, for an env file, or for curl.
//!
//! Only a JWT is accepted in these forms. An opaque token could be any text, as in `IAM_TOKEN=changeme`.

use crate::token::{bearer_credentials, trim_space, trim_space_end};

/// The commands of shells that set a variable.
const COMMANDS: [&str; 5] = ["export ", "set ", "setenv ", "declare ", "typeset "];

/// Parts of the name of a variable or member that indicate another kind of token.
const OTHER_TOKENS: [&str; 4] = ["refresh", "id_token", "idtoken", "id-token"];

/// Returns every JWT in a line that has one of the forms. The tokens are not validated.
pub(super) fn tokens(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let line = trim(line);
    let statement = [",", ";"].iter().find_map(|end| line.strip_suffix(end.as_bytes())).unwrap_or(line);
    value(statement).or_else(|| value(assigned(statement)?)).into_iter().chain(quoted_headers(line))
}

/// Reads a JWT, with or without quotation marks, `Authorization:` and `Bearer`.
fn value(text: &[u8]) -> Option<&[u8]> {
    let text = unquoted(trim(text));
    let text = header(text).unwrap_or(text);
    let token = bearer_credentials(text).unwrap_or(text);
    (token.starts_with(b"eyJ") && !token.contains(&b' ')).then_some(token)
}

/// Returns the value of an assignment, such as `export A='…'`, `set -gx A '…'`, `$env:A = '…'`, `set "A=…"`, `A=…`,
/// `"a": "…"`, or `header = "…"`.
fn assigned(text: &[u8]) -> Option<&[u8]> {
    if let Some(masked) = text.strip_prefix(b"::add-mask::") {
        return Some(masked);
    }
    let command = COMMANDS.iter().find(|command| starts_with(text, command));
    let mut text = trim_space(&text[command.map_or(0, |command| command.len())..]);
    while text.starts_with(b"-") {
        text = trim_space(&text[text.iter().position(|&byte| byte == b' ')?..]);
    }
    let text = unquoted(text);
    let text = if starts_with(text, "$env:") { &text["$env:".len()..] } else { text };
    let end = text.iter().position(|byte| b" \t=:".contains(byte))?;
    let (name, rest) = text.split_at(end);
    let name = unquoted(name);
    let is_name = name.iter().all(|&byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    let is_of_another =
        |other: &&str| name.windows(other.len()).any(|part| part.eq_ignore_ascii_case(other.as_bytes()));
    if name.is_empty() || !is_name || OTHER_TOKENS.iter().any(is_of_another) {
        return None;
    }
    let rest = trim_space(rest);
    let value = rest.strip_prefix(b"=").or_else(|| rest.strip_prefix(b":"));
    value.or_else(|| command.filter(|command| command.starts_with("set")).map(|_| rest))
}

/// Returns the value of every quoted `Authorization` header, such as that of `curl -H 'Authorization: Bearer …' URL`.
fn quoted_headers(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = line;
    std::iter::from_fn(move || {
        loop {
            let start = rest.iter().position(|byte| b"'\"".contains(byte))?;
            let quote = rest[start];
            rest = &rest[start + 1..];
            if let Some(value) = header(rest) {
                let end = value.iter().position(|&byte| byte == quote)?;
                rest = &value[end + 1..];
                return Some(&value[..end]);
            }
        }
    })
    .filter_map(|text| value(text))
}

/// Returns the value of an `Authorization` header.
fn header(text: &[u8]) -> Option<&[u8]> {
    starts_with(text, "authorization:").then(|| trim_space(&text["authorization:".len()..]))
}

fn starts_with(text: &[u8], start: &str) -> bool {
    text.get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start.as_bytes()))
}

fn trim(text: &[u8]) -> &[u8] {
    trim_space_end(trim_space(text))
}

/// Removes the quotation marks around a text, if they enclose all of it.
fn unquoted(text: &[u8]) -> &[u8] {
    match text {
        [first @ (b'"' | b'\''), inside @ .., last] if first == last && !inside.contains(first) => inside,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::AccessToken;

    const JWT: &str = "eyJhbGciOiJub25lIn0.e30.c2ln";

    /// Returns the valid tokens.
    fn found(line: &str) -> Vec<String> {
        let mut tokens: Vec<String> = tokens(line.as_bytes())
            .filter_map(|token| AccessToken::new(std::str::from_utf8(token).unwrap()).ok())
            .map(|token| token.expose().to_owned())
            .collect();
        tokens.dedup();
        tokens
    }

    #[test]
    fn every_form_is_recognized() {
        for form in [
            "@",
            "Bearer @",
            "\"@\"",
            "  \"Bearer @\",",
            "'@'",
            "Authorization: Bearer @",
            "authorization:bearer @",
            "\"Authorization: Bearer @\"",
            "export IAM_TOKEN='@'",
            "export IAM_TOKEN=@;",
            "declare -x IAM_TOKEN=\"@\"",
            "set -gx IAM_TOKEN '@'",
            "setenv IAM_TOKEN @",
            "$env:IAM_TOKEN = '@'",
            "$Env:AUTH='Bearer @'",
            "set \"IAM_TOKEN=@\"",
            "set IAM_TOKEN=@",
            "IAM_TOKEN=@",
            "_x='@'",
            "A=Authorization: Bearer @",
            "header = \"Authorization: Bearer @\"",
            "\"access_token\": \"@\",",
            "  access_token: @",
            "\"IAMToken\": \"Bearer @\",",
            "::add-mask::@",
            "curl -s -H \"Authorization: Bearer @\" https://iam.cloud.ibm.com/x",
            "  -H 'Accept: */*' -H 'authorization: bearer @' \\",
            "  -H 'Authorization:' -H 'Authorization: Bearer @'",
        ] {
            assert_eq!(found(&form.replace('@', JWT)), [JWT], "{form}");
        }
    }

    #[test]
    fn other_tokens_and_incomplete_forms_are_ignored() {
        for form in [
            "refresh_token=@",
            "\"refresh_token\": \"@\",",
            "export IAM_REFRESH_TOKEN='@'",
            "ID_TOKEN=@",
            "\"IAMRefreshToken\": \"@\"",
            "\"@",
            "@\"",
            "'@\"",
            "\"@\" \"@\"",
            "@ @",
            "IAM_TOKEN @",
            "set @",
            "=@",
            "A B=@",
            "IAM_TOKEN=changeme",
            "Authorization: Bearer TOKEN",
            "-H 'Authorization: Bearer @",
            "-H 'X-Refresh: Bearer @'",
            "-H 'Authorization: x'Authorization: Bearer @'",
            "export -",
            "",
            "\"",
        ] {
            assert_eq!(found(&form.replace('@', JWT)), Vec::<String>::new(), "{form}");
        }
    }
}
