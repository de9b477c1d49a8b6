//! Runs every example of the README, and checks the options that the documentation names.

use std::fs;
use std::path::Path;
use std::process::Stdio;

#[cfg(feature = "net")]
use crate::help::commands_in;
use crate::sandbox::{Outcome, Sandbox, has, jwt, root};

/// A Markdown file of the project.
pub(crate) fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The code blocks of the README in a language, as lines without their comments.
fn blocks(language: &str) -> Vec<Vec<String>> {
    let (mut inside, mut blocks) = (false, Vec::new());
    for line in page("README.md").lines() {
        match line.strip_prefix("```") {
            Some(info) => {
                inside = info == language;
                if inside {
                    blocks.push(Vec::new());
                }
            }
            None if inside => {
                let code = line.split("  #").next().unwrap().trim().to_owned();
                blocks.last_mut().unwrap().push(code);
            }
            None => {}
        }
    }
    blocks
}

/// The tour: a block whose lines belong together.
fn tour() -> Vec<String> {
    blocks("sh").into_iter().find(|block| block[0].starts_with("export ")).expect("there is a tour")
}

/// The commands of the other blocks. Each of them stands for itself.
fn commands(language: &str) -> Vec<String> {
    let others = blocks(language).into_iter().filter(|block| !block[0].starts_with("export "));
    others.flatten().collect()
}

/// A sandbox with a session, and programs that show the token that they are given.
fn sandbox(token: &str) -> Sandbox {
    let sandbox = Sandbox::with_token(token);
    sandbox.write("key.json", r#"{"name":"demo","apikey":"demo-key"}"#);
    let path = format!("{}:{}", root().join("tests/programs/readme").display(), sandbox.path_with_program());
    sandbox.with("PATH", path)
}

/// Runs a script in bash, which stops at the first failure.
fn run(sandbox: &Sandbox, script: &str, directory: &Path) -> Outcome {
    let script = format!("set -euo pipefail\n{script}");
    let mut bash = sandbox.command("bash");
    bash.args(["-c", &script]).current_dir(directory).stdin(Stdio::null()).output().unwrap().into()
}

#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn every_use_of_a_token_passes_it_on() {
    let lines = commands("bash");
    assert!(lines.len() >= 10, "{lines:?}");
    for line in lines {
        let token = jwt(-60, 3540);
        let sandbox = sandbox(&token);
        // Shows the variables that the line sets.
        let script = format!("{line}\necho \"${{token-}}\"\nenv | grep ^IAM_TOKEN= || true");
        let outcome = run(&sandbox, &script, sandbox.home());
        assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{line}");
        let file = fs::read_to_string(sandbox.home().join("token.env")).unwrap_or_default();
        assert!((outcome.stdout + &file).contains(&token), "{line}");
    }
}

#[test]
fn tour_shows_a_complete_login() {
    if !has("curl") || !has("perl") {
        return;
    }
    let lines = tour();
    assert!(lines[0].contains("tests/stand-in/ibmcloud"), "{lines:?}");
    let commands = lines.iter().filter_map(|line| line.split_once("ibmcloud-token"));
    let commands: Vec<_> =
        commands.map(|(_, rest)| rest.split_whitespace().next().unwrap_or("get")).collect();
    assert_eq!(commands, ["login", "status", "get", "exec", "curl", "logout"], "{lines:?}");
    let sandbox = Sandbox::new();
    let sandbox = sandbox.with("PATH", Sandbox::new().path_with_program());
    let outcome = run(&sandbox, &lines.join("\n"), root());
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let bearer = outcome.stdout.lines().find(|line| line.starts_with("Bearer eyJ"));
    let token = bearer.expect("the tour prints the token").trim_start_matches("Bearer ");
    assert!(outcome.stdout.contains("ada@example.org"), "status shows the user: {outcome:?}");
    assert!(outcome.stdout.lines().any(|line| line == token), "{outcome:?}");
    let sent = format!("Authorization: Bearer {token}");
    assert!(outcome.stdout.lines().any(|line| line == sent), "curl sends the token: {outcome:?}");
    // The tour leaves nothing behind.
    assert!(!sandbox.named_home("tour").exists());
}

#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn logins_work_or_ask_for_a_terminal() {
    let lines: Vec<_> = commands("sh").into_iter().filter(|line| line.contains(" login")).collect();
    assert!(lines.len() >= 3, "{lines:?}");
    for line in lines {
        let sandbox = sandbox(&jwt(-60, 3540));
        let outcome = run(&sandbox, &line, sandbox.home());
        let expected = if line.contains("--apikey") { 0 } else { 4 };
        assert_eq!(outcome.status, Some(expected), "{line}: {outcome:?}");
    }
}

#[cfg(feature = "net")]
#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn exchange_works() {
    use crate::exchange::success;
    use crate::iam_service::{Service, Step};

    let lines: Vec<_> = commands("sh").into_iter().filter(|line| line.contains(" exchange")).collect();
    assert!(!lines.is_empty());
    for line in lines {
        let token = jwt(0, 3600);
        let service = Service::plain([Step::Answer(success(&token))]);
        let sandbox = sandbox(&jwt(-60, 3540)).with("IBMCLOUD_IAM_API_ENDPOINT", service.url());
        let outcome = run(&sandbox, &line, sandbox.home());
        assert_eq!(outcome.payload(), format!("Bearer {token}"), "{line}");
        assert!(service.requests()[0].body.contains("demo-key"), "{line}");
    }
}

// The documentation describes the default build.
#[cfg(feature = "net")]
#[test]
fn every_option_in_the_documentation_exists() {
    let sandbox = Sandbox::new();
    let help = sandbox.run("--help").payload().to_owned();
    let commands = commands_in(&help).into_iter();
    let every_help: String =
        commands.map(|command| sandbox.run(&format!("{command} --help")).payload().to_owned()).collect();
    let of_other_programs = [
        "--all-targets",
        "--bench",
        "--check",
        "--credential_helper",
        "--credential_helper_timeout",
        "--headers",
        "--lib",
        "--no-default-features",
        "--features",
        "--from",
        "--ignore-missing",
        "--ignore-run-fail",
        "--no-deps",
        "--password-stdin",
        "--path",
        "--program",
        "--quiet",
        "--release",
        "--target",
        "--test",
        "--trace",
        "--trace-ascii",
        "--vpc-cri",
    ];
    let pages = ["README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"];
    for name in pages.into_iter().chain(["docs/identities.md", "docs/install.md", "docs/recipes.md"]) {
        let page = page(name);
        let words = page.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')));
        let options = words.filter(|word| word.starts_with("--") && !word.trim_matches('-').is_empty());
        for option in options {
            let exists = of_other_programs.contains(&option) || (help.clone() + &every_help).contains(option);
            assert!(exists, "{name}: {option}");
        }
    }
}
