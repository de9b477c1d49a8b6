//! The manual pages: they render without a warning, and their examples run.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;

use crate::completions;
use crate::sandbox::{Outcome, Sandbox, has, jwt, root, shown_on_terminal};

/// The names of all pages. The empty one is that of the program.
fn pages() -> Vec<String> {
    let names = completions::offered(&Sandbox::new(), &["man", ""]);
    [String::new()].into_iter().chain(names).collect()
}

fn page(name: &str) -> String {
    Sandbox::new().run(&format!("man {name}")).stdout
}

/// The lines of a section.
fn section<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let heading = format!(".SH {name}");
    let lines = page.lines().skip_while(|line| *line != heading).skip(1);
    lines.take_while(|line| !line.starts_with(".SH ")).collect()
}

/// The examples of a page: the lines between `.EX` and `.EE`, as a person reads them.
fn examples(page: &str) -> Vec<String> {
    let lines = section(page, "EXAMPLES").join("\n");
    let blocks = lines.split(".EX\n").skip(1).map(|rest| rest.split("\n.EE").next().unwrap());
    let shown = blocks.map(|block| {
        block
            .replace("\\-", "-")
            .replace("\\(aq", "'")
            .replace("\\(dq", "\"")
            .replace("\\(ti", "~")
            .replace("\\e", "\\")
    });
    shown.collect()
}

#[test]
fn every_command_and_the_helper_have_a_page() {
    let mut expected = vec![String::new()];
    expected.extend(completions::commands());
    expected.push("docker-credential-ibmcloud".to_owned());
    assert_eq!(pages(), expected);
    for name in pages() {
        let page = page(&name);
        let mut sections = vec!["NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "ENVIRONMENT"];
        sections.extend(["EXAMPLES", "SEE ALSO"]);
        for section in sections {
            assert!(!self::section(&page, section).is_empty(), "{name}: {section}");
        }
    }
    Sandbox::new().run("man nonsense").fails_with(2);
}

/// The variables of this program that a text names.
fn variables(text: &str) -> BTreeSet<&str> {
    let starts = text.match_indices("IBMCLOUD_TOKEN_").map(|(at, _)| &text[at..]);
    starts.map(|rest| rest.split(|c: char| !c.is_ascii_uppercase() && c != '_').next().unwrap()).collect()
}

#[test]
fn page_names_exactly_the_variables_that_are_read() {
    let sandbox = Sandbox::new();
    // `doctor` checks the variables of `get`.
    for name in completions::commands().into_iter().filter(|name| name != "doctor") {
        let (page, help) = (page(&name), sandbox.run(&format!("{name} --help")));
        let named = variables(&page).into_iter().map(|name| name.trim_start_matches("IBMCLOUD_TOKEN_"));
        let options: Vec<String> = help
            .payload()
            .split_whitespace()
            .filter_map(|word| word.strip_prefix("--"))
            .map(|option| {
                option.trim_end_matches([',', '.', ';', ')']).to_ascii_uppercase().replace('-', "_")
            })
            .collect();
        for variable in named {
            assert!(options.iter().any(|option| option == variable), "{name}: {variable}");
        }
    }
    assert!(!page("").contains("IBMCLOUD_TOKEN_VERSION"));
    let documented = fs::read_to_string(root().join("docs/registry.md")).unwrap();
    assert_eq!(variables(&page("docker-credential-ibmcloud")), variables(&documented));
}

#[test]
fn every_page_renders_without_a_warning() {
    if !has("man") || !has("mandoc") {
        return;
    }
    for name in pages() {
        let sandbox = Sandbox::new().with("MANROFFSEQ", "");
        let file = sandbox.write("page.1", page(&name));
        for (program, options) in
            [("man", "--warnings -E UTF-8 -l -Tutf8 -Z"), ("mandoc", "-T lint -W all"), ("mandoc", "-T utf8")]
        {
            let mut command = sandbox.command(program);
            let outcome: Outcome = command.args(options.split(' ')).arg(&file).output().unwrap().into();
            assert_eq!(
                (outcome.status, outcome.stderr.as_str()),
                (Some(0), ""),
                "{name}: {program} {options}"
            );
            assert_eq!(outcome.stdout.is_empty(), options.contains("lint"), "{name}: {}", outcome.stdout);
        }
    }
}

#[test]
fn page_at_a_terminal_comes_with_the_way_to_read_it() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run("man get").stderr, "");
    let mut command = sandbox.program(["man", "get"]);
    let stderr = sandbox.home().join("stderr");
    command.stderr(fs::File::create(&stderr).unwrap());
    let shown = shown_on_terminal(&mut command, std::process::Command::stdout);
    assert!(
        shown.contains(".TH IBMCLOUD\\-TOKEN\\-GET 1") || shown.contains(".TH IBMCLOUD-TOKEN-GET 1"),
        "{shown}"
    );
    let stderr = fs::read_to_string(stderr).unwrap();
    assert_eq!(stderr, "to read this page, run `ibmcloud-token man get | man -l -`\n");
}

/// A home in which the examples run: a session, a file with a key, and stand-ins for other programs.
fn home(token: &str) -> Sandbox {
    let sandbox = Sandbox::with_token(token);
    sandbox.write("key.json", r#"{"name":"demo","apikey":"demo-key"}"#);
    fs::create_dir_all(sandbox.home().join("run/containers")).unwrap();
    let path = format!("{}:{}", root().join("tests/programs/readme").display(), sandbox.path_with_program());
    let run = sandbox.home().join("run").to_str().unwrap().to_owned();
    sandbox.with("PATH", path).with("XDG_RUNTIME_DIR", run).with("MANPAGER", "cat")
}

fn run(sandbox: &Sandbox, example: &str) -> Outcome {
    let script = format!("set -euo pipefail\n{example}\necho \"${{IAM_TOKEN-}}\"");
    let mut bash = sandbox.command("bash");
    bash.args(["-c", &script]).stdin(Stdio::null()).output().unwrap().into()
}

/// The example runs, and shows the token if it should. Its files count.
fn check(name: &str, sandbox: &Sandbox, example: &str, token: &str) {
    let outcome = run(sandbox, example);
    // A passcode is typed at a terminal, which the tests of `login` have.
    let expected = if example.contains("--sso") { 4 } else { 0 };
    assert_eq!(outcome.status, Some(expected), "{name}: {example}: {outcome:?}");
    let file =
        example.split(" -o ").nth(1).map(|file| fs::read_to_string(sandbox.home().join(file)).unwrap());
    let shown = outcome.stdout + &file.unwrap_or_default();
    // A named session has a token of its own.
    let is_other = ["--session", "list", "status"].iter().any(|word| example.contains(word));
    let pages_with_tokens = ["", "get", "exec", "curl", "exchange", "docker-credential-ibmcloud"];
    if pages_with_tokens.contains(&name) && !is_other {
        assert!(shown.contains(token), "{name}: {example}: {shown}");
    }
}

#[test]
fn every_example_runs() {
    let mut count = 0;
    for name in pages().iter().filter(|name| !["exchange", "watch"].contains(&name.as_str())) {
        if name == "man" && !has("man") {
            continue;
        }
        let token = jwt(-60, 3540);
        let sandbox = home(&token);
        for example in examples(&page(name)) {
            check(name, &sandbox, &example, &token);
            count += 1;
        }
    }
    assert!(count >= 30, "{count}");
}

#[cfg(feature = "net")]
#[test]
fn every_example_of_exchange_and_watch_runs() {
    use crate::exchange::success;
    use crate::iam_service::Service;

    for name in ["exchange", "watch"] {
        let examples = examples(&page(name));
        assert!(examples.len() >= 3);
        for example in examples {
            let token = jwt(0, 3600);
            let answer = success(&token);
            let service = Service::plain_answering_with(move |_| answer.clone());
            // The token of the session is another one, unless only the session can be meant.
            let is_of_session = !example.contains("--apikey") && !example.contains("--assume");
            let session = if is_of_session { token.clone() } else { jwt(-60, 3540) };
            let sandbox = home(&session).with("IBMCLOUD_IAM_API_ENDPOINT", service.url());
            if name == "exchange" {
                check(name, &sandbox, &example, &token);
                continue;
            }
            // It runs until it is stopped.
            let outcome = run(&sandbox, &format!("timeout --preserve-status 2 {example}"));
            assert_eq!(outcome.status, Some(0), "{example}: {outcome:?}");
            let file = example.split(" -o ").nth(1).unwrap().replace('~', sandbox.home().to_str().unwrap());
            let content = fs::read_to_string(sandbox.home().join(file)).unwrap();
            assert!(content.contains(&token), "{example}: {content}");
            // A service must be used.
            drop(sandbox.run("exchange --apikey @key.json"));
        }
    }
}
