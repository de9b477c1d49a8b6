//! Completions: what the scripts offer, in real shells.
//!
//! - `shells`: bash, zsh and fish complete command lines

// Not on Windows: it needs shells of Unix.
#[cfg(unix)]
mod shells;

use std::collections::BTreeSet;

use crate::help::{commands_in, options_in};
use crate::sandbox::{Outcome, Sandbox, files_below, has};

/// The words that the program offers to a script for the last of these words, each without its description.
pub(crate) fn offered(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    let line = words.iter().fold("ibmcloud-token\0".to_owned(), |line, word| line + word + "\0");
    let outcome = sandbox.run_with_input("completions --words", line.as_bytes());
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{words:?}");
    let words = outcome.stdout.lines().skip(3);
    words.map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

/// The commands in the help.
pub(crate) fn commands() -> Vec<String> {
    let help = Sandbox::new().run("-h");
    commands_in(help.payload()).into_iter().map(str::to_owned).collect()
}

/// The options in the help of a command.
fn options(command: &str) -> BTreeSet<String> {
    let help = Sandbox::new().run(&format!("{command} -h"));
    options_in(help.payload()).into_iter().map(str::to_owned).collect()
}

#[test]
fn every_command_and_every_option_is_offered() {
    let sandbox = Sandbox::new();
    assert_eq!(offered(&sandbox, &[""]), commands());
    for command in commands() {
        let words: BTreeSet<String> = offered(&sandbox, &[&command, "-"]).into_iter().collect();
        assert_eq!(words, options(&command), "{command}");
    }
    // Without a command, the options are those of the default command and of the program.
    let words: BTreeSet<String> = offered(&sandbox, &["-"]).into_iter().collect();
    assert_eq!(words, &options("get") | &options(""));
}

#[test]
fn used_option_is_not_offered_again_unless_it_repeats() {
    let sandbox = Sandbox::new();
    for (line, option, is_offered) in [
        ("get --fresh -", "--fresh", false),
        ("--timeout 5s get -", "--timeout", false),
        ("get -qf json -", "--quiet", false),
        ("get -qf json -", "--format", false),
        ("get --env A --env B -", "--env", true),
        ("curl --host a -", "--host", true),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(offered(&sandbox, &words).iter().any(|word| word == option), is_offered, "{line}");
    }
}

#[test]
fn nothing_is_offered_where_nothing_can_stand() {
    let sandbox = Sandbox::new();
    for line in
        ["nonsense ", "get ", "-f json ", "parse x ", "get --timeout ", "login -- ", "-- ", "get --nope="]
    {
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(offered(&sandbox, &words), [""; 0], "{line}");
    }
    for line in ["", "\0", "ibmcloud-token", "ibmcloud-token\0", "ibmcloud-token\0x"] {
        let outcome = sandbox.run_with_input("completions --words", line.as_bytes());
        assert_eq!(outcome.stdout, "words\n\n\n", "{line:?}");
    }
}

#[test]
fn completing_runs_no_cli_and_writes_nothing() {
    let sandbox = Sandbox::logging().with("STAND_IN_SESSION", "1");
    let before = files_below(sandbox.home());
    for line in [" ", "get -", "--session ", "exec --for ", "login --apikey "] {
        offered(&sandbox, &line.split(' ').collect::<Vec<_>>());
    }
    assert_eq!((sandbox.calls(), files_below(sandbox.home())), (0, before));
}

#[test]
#[cfg_attr(windows, ignore = "no control characters in names of files")]
fn name_of_a_session_with_odd_characters_is_not_offered() {
    let sandbox = Sandbox::new();
    let sessions = sandbox.named_home("prod").parent().unwrap().to_owned();
    for name in ["prod", "$(id)", "a b", "-x", "\u{1b}[31m"] {
        std::fs::create_dir_all(sessions.join(name)).unwrap();
    }
    assert_eq!(offered(&sandbox, &["--session", ""]), ["prod"]);
}

#[test]
fn unknown_shell_is_refused_with_the_known_ones() {
    let outcome = Sandbox::new().run("completions tcsh");
    outcome.fails_with(2);
    for shell in ["bash", "zsh", "fish", "powershell"] {
        assert!(outcome.stderr.contains(shell), "{outcome:?}");
        assert!(
            Sandbox::new().run(&format!("completions {shell}")).payload().contains("completions --words")
        );
    }
    Sandbox::new().run("completions").fails_with(2);
}

#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn script_for_bash_has_no_warnings() {
    if !has("shellcheck") {
        return;
    }
    let sandbox = Sandbox::new();
    let script = sandbox.write("script", sandbox.run("completions bash").stdout);
    let outcome: Outcome = sandbox.command("shellcheck").arg(script).output().unwrap().into();
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""));
}
