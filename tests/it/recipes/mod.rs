//! The recipes of `docs/recipes.md` and the README, as they stand there.
//!
//! A tool that can be installed runs the recipe against a server on loopback. For any other tool, its documented rules
//! are checked.

mod bazel;
mod claude_code;
mod codex;
mod curl;
#[cfg(feature = "net")]
mod github_actions;
mod httpie;
mod nushell;
mod page;
mod terraform;
mod variables;

use std::process::{Command, Stdio};

use crate::iam_service::{Service, Step, answer};
use crate::readme;
use crate::sandbox::{Outcome, Sandbox};

/// Returns the text under a heading of `docs/recipes.md`.
fn section(heading: &str) -> String {
    let page = page();
    let title = format!("\n## {heading}\n");
    let (_, section) = page.split_once(&title).unwrap_or_else(|| panic!("no heading {heading:?}"));
    section.split("\n## ").next().unwrap().to_owned()
}

/// Checks that the text under a heading contains a sentence, wherever its lines break.
#[track_caller]
fn assert_says(heading: &str, sentence: &str) {
    let text = section(heading).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(sentence), "{sentence:?} is not under {heading:?}");
}

/// Returns the code blocks under a heading of `docs/recipes.md`, in order.
fn recipe(heading: &str) -> Vec<String> {
    let section = section(heading);
    // Fences enclose every second part. The first line of a block is its language.
    let blocks = section.split("\n```").skip(1).step_by(2);
    let blocks: Vec<_> = blocks.map(|block| block.split_once('\n').unwrap().1.to_owned() + "\n").collect();
    assert!(!blocks.is_empty(), "no code under {heading:?}");
    blocks
}

/// `docs/recipes.md`.
fn page() -> String {
    readme::page("docs/recipes.md")
}

/// Replaces a part of a recipe, which must be there.
#[track_caller]
fn with(recipe: &str, placeholder: &str, value: &str) -> String {
    assert!(recipe.contains(placeholder), "{placeholder:?} is not in {recipe}");
    recipe.replace(placeholder, value)
}

/// A sandbox with a session in which a token command fails.
fn logged_out() -> Sandbox {
    Sandbox::with_session()
}

/// Runs a token command in a shell, as most tools do. It gets no input.
fn run_by_shell(sandbox: &Sandbox, line: &str) -> Outcome {
    sandbox.shell("sh", line)
}

/// Runs a program of a recipe with the program under test in PATH.
fn command(sandbox: &Sandbox, program: &str) -> Command {
    let mut command = sandbox.command(program);
    command.env("PATH", sandbox.path_with_program()).stdin(Stdio::null());
    command
}

/// Runs a request of a recipe, if its tool is installed, and checks that it has the token.
#[track_caller]
fn assert_sends_the_token(request: impl Fn(&Sandbox) -> Option<Command>) {
    let (sandbox, token) = Sandbox::logged_in();
    let Some(mut request) = request(&sandbox) else { return };
    let service = Service::plain([Step::Answer(answer("200 OK", &[], "{}"))]);
    let outcome: Outcome = request.env("URL", service.url()).output().unwrap().into();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert_eq!(service.requests()[0].header("Authorization"), [format!("Bearer {token}")]);
}

/// Runs a request of a recipe without a login, if its tool is installed, and checks that nothing is sent.
#[track_caller]
fn without_a_login(request: impl Fn(&Sandbox) -> Option<Command>) -> Option<Outcome> {
    let sandbox = logged_out();
    let mut request = request(&sandbox)?;
    let service = Service::plain([]);
    let outcome = request.env("URL", service.url()).output().unwrap().into();
    assert_eq!(service.connections(), 0);
    Some(outcome)
}

/// Checks that a token command fails as tools expect: nothing on stdout, and a reason on stderr.
#[track_caller]
fn assert_asks_for_a_login(outcome: &Outcome) {
    outcome.fails_with(4);
    assert!(outcome.hint().contains("ibmcloud-token login"), "{outcome:?}");
}

/// The members of a JSON object whose values must be strings, as in Go's `map[string]string`.
#[track_caller]
fn flat_map(json: &serde_json::Value) -> Vec<(&str, &str)> {
    let object = json.as_object().expect("it is an object");
    object.iter().map(|(name, value)| (name.as_str(), value.as_str().expect("it is a string"))).collect()
}
