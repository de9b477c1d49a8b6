//! The credential helper's protocol: only a registry of IBM Cloud gets the token, and the answer is the JSON that clients
//! expect.
#![no_main]

use ibmcloud_token::program::fuzzing::{
    REGISTRY_HOSTS, credentials, is_registry, server_address, session_of_link,
};
use ibmcloud_token::{AccessToken, SessionName};
use ibmcloud_token_fuzz::IAM;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use url::Url;

fuzz_target!(|input: &[u8]| {
    if let Ok(name) = std::str::from_utf8(input) {
        assert_link_selects_a_session(name);
    }
    let Some(address) = server_address(input) else { return };
    assert!(!address.is_empty() && input.starts_with(address.as_bytes()) && input.len() - address.len() <= 2);
    if !is_registry(&address) {
        return;
    }
    let url = if address.contains("://") { address.clone() } else { format!("https://{address}") };
    let url = Url::parse(&url).expect(&address);
    let host = url.host_str().unwrap_or_default();
    assert!(REGISTRY_HOSTS.contains(&host.strip_suffix('.').unwrap_or(host)), "{address}");
    assert_eq!(
        (url.scheme(), url.port(), url.query(), url.fragment()),
        ("https", None, None, None),
        "{address}"
    );
    assert!(url.username().is_empty() && url.password().is_none(), "{address}");

    let token = AccessToken::new(&IAM).expect("it is a token");
    let answer = credentials(&address, &token);
    assert_eq!(answer.iter().position(|byte| *byte == b'\n'), Some(answer.len() - 1), "it is one line");
    let answer: Value = serde_json::from_slice(&answer).expect("it is JSON");
    assert_eq!(answer, json!({"ServerURL": address, "Username": "iambearer", "Secret": token.expose()}));
});

fn assert_link_selects_a_session(name: &str) {
    let link = format!("docker-credential-ibmcloud-{name}");
    let is_one_file = !name.contains('/') && !name.contains('\0');
    if let (true, Ok(session)) = (is_one_file, name.parse::<SessionName>()) {
        assert_eq!(session_of_link(&link), Some(Some(session.to_string())));
    } else if is_one_file {
        assert_eq!(session_of_link(&link), None, "{name:?}");
    }
    for link in [link.as_str(), name] {
        if let Some(Some(session)) = session_of_link(link) {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            assert!(
                session.starts_with(|c: char| c.is_ascii_alphanumeric()) && session.chars().all(is_plain)
            );
            assert!(session.len() <= 64);
        }
    }
}
