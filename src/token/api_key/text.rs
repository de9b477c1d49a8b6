//! Cleans the text around a key, and recognizes texts that users mistake for a key.

use zeroize::Zeroizing;

use super::InvalidApiKey;

/// Decodes a text and removes white space, byte order marks and one pair of quotation marks around it.
pub(crate) fn cleaned(content: &[u8]) -> Result<Zeroizing<String>, InvalidApiKey> {
    let text = decoded(content)?;
    let text = trimmed(&text);
    let unquoted = ['"', '\''].into_iter().find_map(|mark| text.strip_prefix(mark)?.strip_suffix(mark));
    Ok(Zeroizing::new(trimmed(unquoted.unwrap_or(text)).to_owned()))
}

fn trimmed(text: &str) -> &str {
    // The last two are invisible, and come along when text is copied from a web page.
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'))
}

/// Decodes UTF-8, or UTF-16 with a byte order mark or, if it is ASCII, without one.
fn decoded(content: &[u8]) -> Result<Zeroizing<String>, InvalidApiKey> {
    let (rest, unit): (_, fn([u8; 2]) -> u16) = match content {
        [0xff, 0xfe, rest @ ..] => (rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => (rest, u16::from_be_bytes),
        _ if has_zeros(content, 1) => (content, u16::from_le_bytes),
        _ if has_zeros(content, 0) => (content, u16::from_be_bytes),
        _ => {
            let text = std::str::from_utf8(content).map_err(|_| InvalidApiKey::NotText)?;
            return Ok(Zeroizing::new(text.to_owned()));
        }
    };
    // The capacity for the longest text, because growing would leave an unwiped copy behind.
    let mut text = Zeroizing::new(String::with_capacity(rest.len() * 2));
    let pairs = rest.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return Err(InvalidApiKey::NotText);
    }
    for c in char::decode_utf16(pairs.map(|pair| unit([pair[0], pair[1]]))) {
        text.push(c.map_err(|_| InvalidApiKey::NotText)?);
    }
    Ok(text)
}

/// Returns whether every second byte is zero, beginning at `start`: ASCII as UTF-16.
fn has_zeros(content: &[u8], start: usize) -> bool {
    let zeros = content.iter().skip(start).step_by(2);
    content.len() >= 2 && content.len().is_multiple_of(2) && zeros.into_iter().all(|&byte| byte == 0)
}

/// Returns the kind of a text that people mistake for a key.
pub(super) fn mistaken_for_a_key(text: &str) -> Option<InvalidApiKey> {
    if is_id(text) {
        return Some(InvalidApiKey::Id);
    }
    if is_token(text) {
        return Some(InvalidApiKey::Token);
    }
    if is_assignment(text) {
        return Some(InvalidApiKey::Assignment);
    }
    is_placeholder(text).then_some(InvalidApiKey::Placeholder)
}

/// The prefixes of IDs, as `ibmcloud iam api-keys` and the claims of tokens show them.
fn is_id(text: &str) -> bool {
    ["ApiKey-", "ServiceId-", "iam-ServiceId-", "iam-Profile-", "IBMid-", "crn:v1:"]
        .into_iter()
        .any(|prefix| text.starts_with(prefix))
}

fn is_token(text: &str) -> bool {
    let is_jwt = text.starts_with("eyJ") && text.split('.').count() == 3;
    is_jwt || text.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer "))
}

/// Returns whether a text is a line of an env file or a shell script.
fn is_assignment(text: &str) -> bool {
    let text = text.strip_prefix("export ").unwrap_or(text);
    text.split_once('=').is_some_and(|(name, _)| {
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_name && name.to_ascii_uppercase().contains("KEY")
    })
}

fn is_placeholder(text: &str) -> bool {
    // IBM's own SDKs refuse a key that begins or ends with a brace or a quotation mark (`ibm-cloud-sdk-core`).
    let has_marks = text.starts_with(['{', '"']) || text.ends_with(['}', '"']);
    let pairs = [('<', '>'), ('[', ']'), ('%', '%')];
    let is_enclosed = pairs
        .into_iter()
        .any(|(open, close)| text.len() > 1 && text.starts_with(open) && text.ends_with(close));
    let is_repeated = text.len() >= 3 && text.bytes().all(|byte| byte == text.as_bytes()[0]);
    has_marks || is_enclosed || is_repeated || is_unexpanded(text) || is_made_of_placeholder_words(text)
}

/// Returns whether a text is a variable of a shell: `$NAME`, `$env:NAME` or `$(…)`. `${…}` ends with a brace.
fn is_unexpanded(text: &str) -> bool {
    let Some(name) = text.strip_prefix('$') else { return false };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':');
    name.starts_with('(') || (!name.is_empty() && name.bytes().all(is_name))
}

/// Returns whether a text, apart from punctuation, is made only of words that stand for a key.
fn is_made_of_placeholder_words(text: &str) -> bool {
    /// Longer words come before their beginnings.
    const WORDS: [&str; 22] = [
        "placeholder",
        "undefined",
        "ibmcloud",
        "replace",
        "example",
        "insert",
        "change",
        "apikey",
        "cloud",
        "enter",
        "paste",
        "value",
        "your",
        "null",
        "none",
        "here",
        "with",
        "the",
        "ibm",
        "iam",
        "my",
        "me",
    ];
    if text.len() > 64 {
        return false;
    }
    let mut letters = Zeroizing::new(String::with_capacity(text.len()));
    letters.extend(text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()));
    let mut rest = letters.as_str();
    while let Some(shorter) = WORDS.iter().find_map(|word| rest.strip_prefix(word)) {
        rest = shorter;
    }
    // A single short word may be somebody's key in a test.
    rest.is_empty() && (letters.len() >= 6 || ["null", "none"].contains(&letters.as_str()))
}
