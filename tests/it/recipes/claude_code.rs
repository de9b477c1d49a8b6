//! Claude Code, by its documentation (code.claude.com/docs: settings, authentication, mcp). It cannot be run here.

use serde_json::Value;

use super::{assert_asks_for_a_login, flat_map, logged_out, recipe, run_by_shell};
use crate::readme;
use crate::sandbox::Sandbox;

/// The command in a member of the recipe's JSON.
fn helper(heading: &str, pointer: &str) -> String {
    let settings: Value = serde_json::from_str(&recipe(heading)[0]).unwrap();
    settings.pointer(pointer).and_then(Value::as_str).expect("the recipe has a helper").to_owned()
}

fn api_key_helper() -> String {
    helper("Claude Code: `apiKeyHelper`", "/apiKeyHelper")
}

fn headers_helper() -> String {
    helper("Claude Code: MCP `headersHelper`", "/mcpServers/example/headersHelper")
}

#[test]
fn api_key_helper_prints_one_printable_token() {
    let (sandbox, token) = Sandbox::logged_in();
    let outcome = run_by_shell(&sandbox, &api_key_helper());
    let printed = outcome.payload();
    assert_eq!(printed, token);
    assert!(printed.bytes().all(|byte| byte.is_ascii_graphic()), "{printed}");
    assert!(printed.len() <= 16_384, "{}", printed.len());
}

#[test]
fn headers_helper_prints_a_flat_map_of_strings() {
    let (sandbox, token) = Sandbox::logged_in();
    let headers = run_by_shell(&sandbox, &headers_helper()).json();
    assert_eq!(flat_map(&headers), [("Authorization", format!("Bearer {token}").as_str())]);
}

#[test]
fn helpers_fail_without_output_if_a_login_is_needed() {
    for helper in [api_key_helper(), headers_helper()] {
        assert_asks_for_a_login(&run_by_shell(&logged_out(), &helper));
    }
}

#[test]
fn readme_has_the_same_api_key_helper() {
    assert!(readme::page("README.md").contains(&format!("\"apiKeyHelper\": \"{}\"", api_key_helper())));
}
