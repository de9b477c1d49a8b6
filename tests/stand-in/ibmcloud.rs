//! The stand-in CLI of the tests, as a program.
//!
//! It does what the script `ibmcloud` beside it does, on every platform. The comment at the top of the script says what
//! that is and lists the variables. `tests/it/stand_in.rs` compares the two.
//!
//! Cargo builds it as an example, so that `cargo test` has it and `cargo install` does not install it.

#![expect(
    clippy::disallowed_methods,
    reason = "a program of the tests reads its environment and starts programs"
)]
#![expect(clippy::print_stderr, reason = "a test reads what went wrong")]
#![cfg_attr(unix, expect(clippy::exit, reason = "Ctrl-C ends the program while it waits for an answer"))]

mod behavior;
mod dialogue;
mod environment;
mod login;
mod platform;
mod screen;
mod session;
mod session_text;
mod token;

use std::process::ExitCode;

use screen::{colored, fail, finish, incorrect_usage, put};

use crate::environment::{is_set, variable};

/// The end of the program, with its exit status.
pub(crate) struct Exit(pub(crate) u8);

/// The result of a step that can end the program.
pub(crate) type Step<T = ()> = Result<T, Exit>;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|first| first == behavior::GRANDCHILD) {
        return behavior::be_a_grandchild();
    }
    // The text is what a message needs. The log has the arguments as they are.
    let words: Vec<String> =
        arguments.iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
    match behavior::behave(&arguments).and_then(|()| run(&words)) {
        Ok(()) => finish(0).0.into(),
        Err(Exit(status)) => status.into(),
    }
}

fn run(words: &[String]) -> Step {
    if let Some(folder) = environment::path("STAND_IN_FOLDER") {
        return Err(dialogue::play_folder(&folder, &words.join(" ")));
    }
    let first = words.first().map_or("", String::as_str);
    match first {
        "iam" => iam(&words[1..]),
        "login" => login::login(&words[1..]),
        "logout" => {
            put("Logging out...\n")?;
            if is_set("STAND_IN_SESSION") {
                session::end()?;
            }
            put("OK\n")
        }
        "target" => {
            let account = words.get(2).filter(|account| words[1] == "-c" && !account.is_empty());
            let Some(account) = account else { return Err(unknown_command(&words.join(" "), "")) };
            if is_set("STAND_IN_SESSION") {
                session::switch_account(account)?;
            }
            put(&format!("Targeted account Example's Account ({account})\n"))
        }
        "--version" | "-v" | "version" => {
            put("ibmcloud 2.44.0 (0000000-2026-06-16T00:00:00+00:00)\nCopyright IBM Corp. 2014, 2026\n")
        }
        _ => Err(unknown_command(first, "")),
    }
}

fn iam(words: &[String]) -> Step {
    if let Some(situation) = variable("STAND_IN_REPLAY") {
        dialogue::play(&situation)?;
    }
    match words.first().map_or("", String::as_str) {
        "oauth-tokens" => oauth_tokens(&words[1..]),
        "bearer-token" => {
            if !is_set("STAND_IN_SESSION") {
                dialogue::play("bearer-token-bare")?;
            }
            let token = session::token()?;
            put(&format!("{}\n", token.strip_prefix("Bearer ").unwrap_or(&token)))
        }
        other => Err(unknown_command(other, "iam ")),
    }
}

fn oauth_tokens(words: &[String]) -> Step {
    let mut json = false;
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        let format = match word {
            "--output" | "-o" | "-output" => {
                let name = word.trim_start_matches('-');
                words.next().ok_or_else(|| bad_flag(&format!("flag needs an argument: -{name}")))?
            }
            "-q" | "--quiet" => {
                screen::be_quiet();
                continue;
            }
            _ => match word.split_once('=') {
                Some(("--output" | "-o", format)) => format,
                _ if word.starts_with('-') => {
                    let name = one_dash(word);
                    return Err(bad_flag(&format!("flag provided but not defined: {name}")));
                }
                _ => return Err(bad_flag(&format!("unexpected argument: {word}"))),
            },
        };
        if !format.eq_ignore_ascii_case("json") {
            return Err(bad_flag("only 'JSON' is supported"));
        }
        json = true;
    }
    if !is_set("STAND_IN_SESSION") {
        dialogue::play(if json { "oauth-tokens-json" } else { "oauth-tokens-one-line" })?;
    }
    let token = session::token()?;
    if json {
        put(&format!("{{\n    \"iam_token\": \"{token}\"\n}}\n"))
    } else {
        put(&format!("IAM token:  {}\n", colored("36;1", &token)))
    }
}

/// A flag as the CLI's messages name it.
pub(crate) fn one_dash(flag: &str) -> String {
    let name = flag.strip_prefix('-').unwrap_or(flag);
    format!("-{}", name.strip_prefix('-').unwrap_or(name))
}

fn bad_flag(what: &str) -> Exit {
    let about = "Retrieve and display the OAuth tokens for the current session";
    incorrect_usage(what, "iam oauth-tokens", about)
}

fn unknown_command(command: &str, group: &str) -> Exit {
    let program = environment::program();
    fail(&format!("'{command}' is not a registered command. See '{program} {group}help'."))
}
