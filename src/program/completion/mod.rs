//! Completions: what may stand at the cursor of a command line.
//!
//! The script of a shell is short. At each Tab it passes the words up to the cursor to `completions --words`, and this
//! module answers from the definitions of the commands. The words come on the standard input, each with a NUL after it,
//! because a command line may hold a secret, and everybody can read the arguments of a process.
//! Generated scripts would have to repeat the rules of
//! [`super::arguments`] in the language of each shell: the default command, the common options before the command's name,
//! and the arguments of another program.
//!
//! The first three lines of an answer say what it is, and each further line is a word with its description after a tab:
//!
//! ```text
//! words                 these words
//! files, PREFIX, PATH   also the files that start with PATH, each with PREFIX before it
//! program, NUMBER       from the word of this number on, it is the command line of another program
//! ```
//!
//! The shell selects the words that match what was typed.

use std::fmt::Write as _;

use clap::Arg;

use super::arguments::{COMMANDS, Definition, command, program};
use super::{manual, recipes};
use crate::format::{NAMED, Shell};
use crate::session;
use crate::system::environment::Environment;

/// Returns the script for a shell. The command line accepts only the shells named here.
pub(super) fn script(shell: &str) -> &'static str {
    match shell {
        "bash" => include_str!("ibmcloud-token.bash"),
        "zsh" => include_str!("ibmcloud-token.zsh"),
        "fish" => include_str!("ibmcloud-token.fish"),
        _ => include_str!("ibmcloud-token.ps1"),
    }
}

/// The words, files or program that can come at the cursor.
#[derive(Debug, PartialEq)]
enum Offer {
    Words(Vec<Word>),
    Files {
        prefix: String,
        path: String,
        words: Vec<Word>,
    },
    /// The command line of another program, from the word with this index on.
    Program(usize),
}

/// A word and its description.
#[derive(Debug, PartialEq)]
struct Word(String, String);

impl Word {
    fn new(word: impl Into<String>, about: impl Into<String>) -> Self {
        Self(word.into(), about.into())
    }
}

/// Answers the script of a shell. The first word is the name of the program, and the last one is at the cursor.
pub(super) fn answer(line: &[u8], environment: &Environment) -> String {
    // PowerShell adds a line end after the last NUL.
    let end = line.iter().rposition(|&byte| byte == 0).map_or(0, |at| at + 1);
    let words: Vec<String> = line[..end]
        .split_inclusive(|&byte| byte == 0)
        .map(|word| String::from_utf8_lossy(&word[..word.len() - 1]).into_owned())
        .collect();
    let (kind, first, second, words) = match offer(&words, environment) {
        Offer::Words(words) => ("words", String::new(), String::new(), words),
        Offer::Files { prefix, path, words } => ("files", prefix, path, words),
        Offer::Program(at) => ("program", at.to_string(), String::new(), Vec::new()),
    };
    let mut text = format!("{kind}\n{first}\n{second}\n");
    for Word(word, about) in words {
        let _ = writeln!(text, "{word}\t{about}");
    }
    text
}

fn offer(words: &[String], environment: &Environment) -> Offer {
    let nothing = Offer::Words(Vec::new());
    let [_, before @ .., current] = words else { return nothing };
    // Without a command's name, the options are those of the default command, which has no arguments of its own.
    let line = TypedLine::read(&COMMANDS[0], before, None);
    let Some(&at) = line.positional.first() else { return without_command(&line, current, environment) };
    match COMMANDS.iter().find(|definition| definition.name == before[at]) {
        Some(definition) => with_command(definition, at, before, current, environment),
        None => nothing,
    }
}

/// Answers while no command has been named.
fn without_command(line: &TypedLine, current: &str, environment: &Environment) -> Offer {
    if let Some(offer) = line.option_or_value(current, environment) {
        return offer;
    }
    // Only the common options may come before the command's name.
    let program = program();
    let is_common = |id: &String| program.get_arguments().any(|argument| argument.get_id() == id);
    if line.ended || !line.used.iter().all(is_common) {
        return Offer::Words(Vec::new());
    }
    Offer::Words(COMMANDS.iter().map(|known| Word::new(known.name, known.about)).collect())
}

/// Answers after the name of a command, which is the word before the cursor with this index.
fn with_command(
    definition: &Definition,
    name: usize,
    before: &[String],
    current: &str,
    environment: &Environment,
) -> Offer {
    let line = TypedLine::read(definition, before, Some(name));
    // In the answer, the first word is the name of the program.
    if let Some(at) = line.program {
        return Offer::Program(at + 1);
    }
    match (line.option_or_value(current, environment), line.next_positional()) {
        // What is not an option of ours is one of the other program.
        (Some(Offer::Words(words)), _)
            if line.any_option
                && line.waiting.is_none()
                && !words.iter().any(|Word(word, _)| word.starts_with(current)) =>
        {
            Offer::Program(name + 1)
        }
        (Some(offer), _) => offer,
        (None, Some(_)) if line.any_option => Offer::Program(name + 1),
        (None, Some(argument)) if argument.is_trailing_var_arg_set() => Offer::Program(before.len() + 1),
        (None, Some(argument)) => values(argument, "", current, environment),
        (None, None) => Offer::Words(Vec::new()),
    }
}

/// A command line before the cursor, read by the definition of its command.
struct TypedLine {
    command: clap::Command,
    /// The identifiers of the options that were given.
    used: Vec<String>,
    /// The option whose value is at the cursor.
    waiting: Option<Arg>,
    /// The indexes of the arguments that are not options.
    positional: Vec<usize>,
    /// Whether an option of another program ends those of the command, as with `curl`.
    any_option: bool,
    /// Whether `--` has ended the options.
    ended: bool,
    /// The index of the first word of another program's command line.
    program: Option<usize>,
}

impl TypedLine {
    /// Reads the words without the one that names the command.
    fn read(definition: &Definition, words: &[String], name: Option<usize>) -> Self {
        let mut command = command(definition);
        if name.is_none() {
            // `--version` is an option of the program.
            command = command.version(env!("CARGO_PKG_VERSION"));
        }
        command.build();
        let becomes = command.get_positionals().any(Arg::is_trailing_var_arg_set);
        let any_option = command
            .get_positionals()
            .any(|argument| argument.is_trailing_var_arg_set() && argument.is_allow_hyphen_values_set());
        let mut line = Self {
            command,
            used: Vec::new(),
            waiting: None,
            positional: Vec::new(),
            any_option,
            ended: false,
            program: None,
        };
        for (at, word) in words.iter().enumerate().filter(|(at, _)| Some(*at) != name) {
            if line.waiting.take().is_some() {
                continue;
            }
            if word == "--" && !line.ended {
                line.ended = true;
            } else if line.ended || !word.starts_with('-') || word == "-" {
                line.positional.push(at);
                if becomes {
                    line.program = Some(if any_option { name.unwrap_or_default() } else { at });
                    return line;
                }
            } else if !line.read_options(word) && any_option {
                line.program = name;
                return line;
            }
        }
        line
    }

    /// Reads an option, or several letters. Returns whether all of them are options of the command.
    fn read_options(&mut self, word: &str) -> bool {
        if word.starts_with("--") {
            let (name, has_value) = word.split_once('=').map_or((word, false), |(name, _)| (name, true));
            let Some(option) = self.option(name) else { return false };
            self.waiting = Some(option).filter(|option| option.get_action().takes_values() && !has_value);
            return true;
        }
        let mut letters = word[1..].chars();
        while let Some(letter) = letters.next() {
            let Some(option) = self.option(&format!("-{letter}")) else { return false };
            if option.get_action().takes_values() {
                // The letters after the option are its value.
                self.waiting = Some(option).filter(|_| letters.as_str().is_empty());
                break;
            }
        }
        true
    }

    /// Returns the option with this name, which is then used.
    fn option(&mut self, name: &str) -> Option<Arg> {
        let option = self.command.get_arguments().find(|argument| is_named(argument, name))?.clone();
        self.used.push(option.get_id().to_string());
        Some(option)
    }

    /// Answers if the word at the cursor is an option, or the value of one.
    fn option_or_value(&self, current: &str, environment: &Environment) -> Option<Offer> {
        if let Some(option) = &self.waiting {
            return Some(values(option, "", current, environment));
        }
        if self.ended || !current.starts_with('-') {
            return None;
        }
        let Some((name, value)) = current.split_once('=') else { return Some(Offer::Words(self.options())) };
        let option = self.command.get_arguments().find(|argument| is_named(argument, name));
        let prefix = &current[..=name.len()];
        Some(option.map_or(Offer::Words(Vec::new()), |option| values(option, prefix, value, environment)))
    }

    /// Returns the options that can be given, or given again.
    fn options(&self) -> Vec<Word> {
        let is_open = |argument: &&Arg| {
            let repeats = matches!(argument.get_action(), clap::ArgAction::Append);
            let used = self.used.iter().any(|id| argument.get_id() == id.as_str());
            !argument.is_positional() && !argument.is_hide_set() && (repeats || !used)
        };
        self.command.get_arguments().filter(is_open).map(word_for).collect()
    }

    /// Returns the argument that comes next.
    fn next_positional(&self) -> Option<&Arg> {
        let mut arguments = self.command.get_positionals().filter(|argument| !argument.is_hide_set());
        arguments.nth(self.positional.len())
    }
}

/// Returns whether a word such as `--format` or `-f` names this option.
fn is_named(argument: &Arg, word: &str) -> bool {
    match word.strip_prefix("--") {
        Some(long) => argument.get_long() == Some(long),
        None => argument
            .get_short()
            .is_some_and(|short| word.strip_prefix('-') == Some(short.encode_utf8(&mut [0; 4]))),
    }
}

/// Returns the long name of an option, or its letter if it has no other.
fn word_for(option: &Arg) -> Word {
    let name = match (option.get_long(), option.get_short()) {
        (Some(long), _) => format!("--{long}"),
        (None, Some(short)) => format!("-{short}"),
        (None, None) => String::new(),
    };
    Word::new(name, option.get_help().map(ToString::to_string).unwrap_or_default())
}

/// Returns the values of an option or argument, each with what comes before it in the same word.
fn values(argument: &Arg, prefix: &str, typed: &str, environment: &Environment) -> Offer {
    let name = argument.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
    let files = |prefix: String, path: &str, words| Offer::Files { prefix, path: path.to_owned(), words };
    let words: Vec<Word> = match (name, argument.get_id().as_str()) {
        (_, "session") => {
            let names = session::all_names(environment).unwrap_or_default();
            names.iter().map(|name| Word::new(format!("{prefix}{name}"), "")).collect()
        }
        ("FILE" | "PATH", _) => return files(prefix.to_owned(), typed, Vec::new()),
        ("@FILE|-", _) => {
            let words = vec![Word::new(format!("{prefix}-"), "read the standard input")];
            return match typed.strip_prefix('@') {
                None if !typed.is_empty() => Offer::Words(words),
                path => files(format!("{prefix}@"), path.unwrap_or_default(), words),
            };
        }
        ("FORMAT", _) => {
            NAMED.iter().map(|named| Word::new(format!("{prefix}{}", named.name), named.about)).collect()
        }
        ("RECIPE", _) => {
            recipes::names().map(|(name, about)| Word::new(format!("{prefix}{name}"), about)).collect()
        }
        ("SHELL", "shell") if argument.get_long().is_some() => {
            Shell::ALL.iter().map(|(name, _)| Word::new(format!("{prefix}{name}"), "")).collect()
        }
        ("COMMAND", _) => manual::page_names().map(|name| Word::new(name, manual::title(name))).collect(),
        ("json" | "-", _) => vec![Word::new(format!("{prefix}{name}"), "")],
        _ => {
            let values = argument.get_possible_values();
            let values = values.iter().filter(|value| !value.is_hide_set());
            values.map(|value| Word::new(format!("{prefix}{}", value.get_name()), "")).collect()
        }
    };
    Offer::Words(words)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_command_line_gets_an_answer(
            words in prop::collection::vec("(-{0,2}[a-zäf=@: ]{0,6}|exec|curl|login|--format|--apikey=@?|-qf)", 0..6),
        ) {
            let line: String = words.iter().map(|word| word.clone() + "\0").collect();
            let answer = answer(("ibmcloud-token\0".to_owned() + &line).as_bytes(), &Environment::default());
            let kind = answer.lines().next().unwrap();
            prop_assert!(["words", "files", "program"].contains(&kind), "{}", answer);
            if let Some(at) = answer.strip_prefix("program\n") {
                let at: usize = at.lines().next().unwrap().parse().unwrap();
                prop_assert!((1..=words.len()).contains(&at), "{}", answer);
            }
        }
    }
}
