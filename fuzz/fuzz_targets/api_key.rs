//! Key input: a key is one word, the same in every encoding, and never a token.
#![no_main]

use ibmcloud_token::ApiKey;
use ibmcloud_token::program::fuzzing::{compute_token, is_complete_key};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    let answer = ApiKey::read(content);
    if let Ok(key) = &answer {
        let text = key.expose();
        assert!(!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
        assert!(!text.to_ascii_lowercase().starts_with("bearer "));
        assert!(!(text.starts_with("eyJ") && text.split('.').count() == 3), "{text:?}");
        assert_eq!(ApiKey::new(text).as_ref(), Ok(key));
        assert_eq!(format!("{key:?}"), "ApiKey(REDACTED)");
        assert!(is_complete_key(content), "a terminal would ask for more");
    }
    if let Some(token) = compute_token(content) {
        assert!(!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()), "{token:?}");
    }
    let Some(text) = std::str::from_utf8(content).ok().filter(|text| !text.contains('\0')) else { return };
    for (name, same) in [
        ("white space around it", [b" \n", content, b"\r\n"].concat()),
        ("a byte order mark", [b"\xef\xbb\xbf", content].concat()),
        ("UTF-16, little endian", utf16(text, u16::to_le_bytes)),
        ("UTF-16, big endian", utf16(text, u16::to_be_bytes)),
    ] {
        assert_eq!(ApiKey::read(&same), answer, "{name}");
        assert_eq!(compute_token(&same), compute_token(content), "{name}");
    }
    if let Ok(key) = &answer {
        let object = serde_json::json!({"name": text, "apikey": key.expose()}).to_string();
        assert_eq!(ApiKey::read(object.as_bytes()).as_ref(), Ok(key), "in a key file");
    }
});

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(bytes).collect()
}
