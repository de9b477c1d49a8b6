//! The page as a whole, and the rules that it sets for its own recipes.

use super::{page, recipe};

/// The headings of recipes that a tool runs to get a token.
const TOKEN_COMMANDS: [&str; 6] = [
    "Codex: model provider",
    "Codex: MCP server",
    "Claude Code: `apiKeyHelper`",
    "Claude Code: MCP `headersHelper`",
    "Bazel",
    "Terraform: `external`",
];

#[test]
fn token_commands_name_a_format_and_neither_log_in_nor_ask_for_a_lifetime() {
    for heading in TOKEN_COMMANDS {
        let blocks = recipe(heading).concat();
        let command = blocks.split_once("ibmcloud-token").expect("it runs the program").1;
        assert!(command.contains("-f"), "{heading}");
        assert!(!command.contains("--min-ttl") && !command.contains("--login"), "{heading}");
    }
}

#[test]
fn no_recipe_hides_a_failure_from_curl() {
    for page in [page(), std::fs::read_to_string(crate::sandbox::root().join("README.md")).unwrap()] {
        let code = page.split("\n```").skip(1).step_by(2);
        for block in code {
            assert!(!block.contains("@<(ibmcloud-token"), "{block}");
            assert!(!block.contains("ibmcloud-token -f curl |"), "{block}");
        }
    }
}

#[test]
fn every_link_within_the_page_has_a_heading() {
    let page = page();
    let anchors: Vec<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(|heading| {
            let kept = heading.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-'));
            kept.collect::<String>().to_lowercase().replace(' ', "-")
        })
        .collect();
    let links: Vec<_> = page.split("](#").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
    assert!(links.len() >= anchors.len(), "{links:?}");
    for link in links {
        assert!(anchors.iter().any(|anchor| anchor == link), "{link} is not in {anchors:?}");
    }
}
