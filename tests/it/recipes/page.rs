//! The page as a whole, and the rules that it sets for its own recipes.

use super::{assert_says, page, recipe};
use crate::readme;

/// The recipes that a tool runs to get a token: the heading, the tool's time limit in seconds, and the words under the
/// heading that state the limit.
const TOKEN_COMMANDS: [(&str, Option<u64>, &str); 6] = [
    ("Codex: model provider", Some(5), "timeout_ms = 5000"),
    ("Codex: MCP server", Some(10), "The limit is 10 seconds and cannot be changed."),
    ("Claude Code: `apiKeyHelper`", Some(10), "prints a warning after 10 seconds"),
    ("Claude Code: MCP `headersHelper`", Some(10), "runs at each connection and has 10 seconds"),
    ("Bazel", Some(10), "waits for 10 seconds"),
    ("Terraform: `external`", None, "It sets no time limit of its own"),
];

/// The command of a recipe, from the name of the program on.
fn command(heading: &str) -> String {
    let blocks = recipe(heading).concat();
    blocks.split_once("ibmcloud-token").expect("it runs the program").1.to_owned()
}

/// The value of `--timeout` in seconds, in a line of shell or in a list of arguments.
fn timeout(command: &str) -> Option<u64> {
    let (_, rest) = command.split_once("--timeout")?;
    let value = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
    Some(value.split_once('s').unwrap().0.parse().unwrap())
}

#[test]
fn token_commands_name_a_format_and_neither_log_in_nor_ask_for_a_lifetime() {
    for (heading, ..) in TOKEN_COMMANDS {
        let command = command(heading);
        assert!(command.contains("-f"), "{heading}");
        assert!(!command.contains("--min-ttl") && !command.contains("--login"), "{heading}");
    }
}

/// Other tests compare the copies in the README with these recipes.
#[test]
fn token_commands_give_up_before_the_tool_does() {
    for (heading, limit, source) in TOKEN_COMMANDS {
        assert_says(heading, source);
        match (timeout(&command(heading)), limit) {
            (Some(timeout), Some(limit)) => assert!(timeout < limit, "{heading}: {timeout} s of {limit} s"),
            (timeout, limit) => assert_eq!(timeout, limit, "{heading}"),
        }
    }
}

#[test]
fn no_recipe_hides_a_failure_from_curl() {
    for page in [page(), readme::page("README.md")] {
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
