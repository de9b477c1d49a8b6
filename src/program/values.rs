//! How the values of options and variables are parsed.

use std::path::Path;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::format::NAMED;

/// Returns an error for the name of a format. `-o json` asks the CLI for JSON, but here it would write the token to a
/// file named `json`.
pub(super) fn ensure_not_a_format(path: &Path) -> Result<&Path> {
    let name = path.to_str().unwrap_or_default();
    let Some(named) = NAMED.iter().find(|named| named.name.eq_ignore_ascii_case(name)) else {
        return Ok(path);
    };
    Err(Error::new(ErrorKind::Usage, format!("`-o` takes a file, and `{name}` is the name of a format"))
        .with_hint(format!("write `-f {}` for the format, or `-o ./{name}` for the file", named.name)))
}

/// Returns whether the value of a variable means on. The words for off are those of clap.
pub(super) fn is_on(text: &str) -> bool {
    !["n", "no", "f", "false", "off", "0"].contains(&text.to_ascii_lowercase().as_str())
}

pub(super) fn parse<T: std::str::FromStr<Err: ToString>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

/// Parses a duration: seconds, or units such as `90s`, `5m` and `1h 30m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse() {
        return Ok(Duration::from_secs(seconds));
    }
    humantime::parse_duration(text).map_err(|error| format!("{error}; write it like `90s`, `5m` or `1h`"))
}

/// Parses the ID of an account. IBM's have 32 hexadecimal digits, but that is not documented.
pub(super) fn account_id(text: &str) -> Result<String, String> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err("it must consist of letters, digits and `-`".to_owned());
    }
    Ok(text.to_owned())
}

/// Parses a duration that is not zero.
pub(super) fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it must be more than zero".to_owned()),
        duration => Ok(duration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_or_are_seconds() {
        for (text, seconds) in
            [("90s", 90), ("5m", 300), ("1h", 3600), ("1h 30m", 5400), ("45", 45), ("0", 0)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "-5", "5 parsecs", "soon"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(positive_duration("0s").is_err());
    }

    #[test]
    fn name_of_a_format_is_not_a_file() {
        for name in ["json", "JSON", "bearer", "env"] {
            assert!(ensure_not_a_format(Path::new(name)).is_err(), "{name}");
        }
        for name in ["./json", "json.txt", "a/json", "-"] {
            assert!(ensure_not_a_format(Path::new(name)).is_ok(), "{name}");
        }
    }
}
