//! The manual pages, in the format of man(7).
//!
//! A page comes from the definitions of the commands, as the help does. The texts in this directory add what the help has
//! no room for: examples, files and variables.

mod roff;

use std::fmt::Write as _;

use clap::Arg;

use super::arguments::{COMMANDS, Definition, command, program};
use super::docker_credential;
use super::help::DETAILS;
use super::settings::WITHOUT_VARIABLE;
use crate::error::PROGRAM;
use roff::{bold, escaped, heading, italic, tagged, text, wrapped};

/// The date of the pages: that of the release, or of the last change before the first one.
const DATE: &str = "2026-11-25";

/// The sections of a page that the definitions do not have: the name of a command or program, and the text.
static SUPPLEMENTS: &[(&str, &str)] = &[
    (PROGRAM, include_str!("ibmcloud-token.txt")),
    (docker_credential::NAME, include_str!("docker-credential-ibmcloud.txt")),
    ("get", include_str!("get.txt")),
    ("exec", include_str!("exec.txt")),
    ("curl", include_str!("curl.txt")),
    ("watch", include_str!("watch.txt")),
    ("login", include_str!("login.txt")),
    ("logout", include_str!("logout.txt")),
    #[cfg(feature = "net")]
    ("exchange", include_str!("exchange.txt")),
    ("parse", include_str!("parse.txt")),
    ("status", include_str!("status.txt")),
    ("inspect", include_str!("inspect.txt")),
    ("doctor", include_str!("doctor.txt")),
    ("configure", include_str!("configure.txt")),
    ("completions", include_str!("completions.txt")),
    ("man", include_str!("man.txt")),
];

/// The variables and files of every command that uses a session.
static SESSION: &str = include_str!("session.txt");

/// The variables and files of every command that requests tokens from IAM.
#[cfg(feature = "net")]
static IDENTITY: &str = include_str!("identity.txt");
#[cfg(not(feature = "net"))]
static IDENTITY: &str = "";

/// The variables of every command that can log in for a token.
static LOGIN_OPTION: &str = include_str!("login_option.txt");

/// The variables and the example of a command that can ask IAM.
static ONLINE: &str = include_str!("online.txt");

/// Returns the names of the pages besides that of the program: the commands, and the credential helper.
pub(super) fn page_names() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().map(|definition| definition.name).chain([docker_credential::NAME])
}

/// Returns what a page is about.
pub(super) fn title(name: &str) -> &'static str {
    let definition = COMMANDS.iter().find(|definition| definition.name == name);
    definition.map_or("Credential helper for IBM Cloud Container Registry", |definition| definition.about)
}

/// Returns the page of a command, of the credential helper, or of the program.
pub(super) fn page(name: Option<&str>) -> String {
    match (name, COMMANDS.iter().find(|definition| Some(definition.name) == name)) {
        (_, Some(definition)) => page_of_command(definition),
        (Some(name), None) => page_of_helper(name),
        (None, None) => page_of_program(),
    }
}

fn page_of_program() -> String {
    let mut definition = program();
    definition.build();
    let mut page = beginning(PROGRAM, &definition);
    heading(&mut page, "COMMANDS");
    for Definition { name, about, .. } in COMMANDS {
        tagged(&mut page, &bold(name), about);
    }
    options(&mut page, &definition, "OPTIONS");
    heading(&mut page, "EXIT STATUS");
    for (code, meaning) in exit_codes() {
        tagged(&mut page, &bold(code), meaning);
    }
    variables(&mut page, &definition, &[supplement(PROGRAM), SESSION]);
    supplements(&mut page, &[supplement(PROGRAM), SESSION]);
    see_also(&mut page, page_names());
    page
}

fn page_of_command(definition: &Definition) -> String {
    let mut built = command(definition);
    built.build();
    let uses = |option| built.get_arguments().any(|argument| argument.get_id() == option);
    let mut texts = vec![supplement(definition.name)];
    texts.extend(uses("ibmcloud").then_some(SESSION));
    texts.extend(uses("login").then_some(LOGIN_OPTION));
    texts.extend(uses("endpoint").then_some(IDENTITY));
    texts.extend(uses("online").then_some(ONLINE));
    let mut page = beginning(&page_name(definition.name), &built);
    options(&mut page, &built, "OPTIONS");
    heading(&mut page, "EXIT STATUS");
    let has_own_status = |code: &str| code.len() == 3;
    for (code, meaning) in exit_codes() {
        let applies = if definition.becomes_a_program() {
            has_own_status(code)
        } else {
            // Without a deadline there is nothing to wait for, so only the first codes are left.
            !has_own_status(code) && (uses("timeout") || ["0", "1", "2"].contains(&code))
        };
        if applies {
            let meaning = meaning.split_once(": ").map_or(meaning, |(_, meaning)| meaning);
            tagged(&mut page, &bold(code), meaning);
        }
    }
    for section in texts.iter().filter_map(|text| section(text, "EXIT STATUS")) {
        page.push_str(".PP\n");
        text(&mut page, section);
    }
    variables(&mut page, &built, &texts);
    supplements(&mut page, &texts);
    see_also(&mut page, [PROGRAM].into_iter().chain(related(supplement(definition.name))));
    page
}

/// The helper has no definition, because it does not parse options.
fn page_of_helper(name: &str) -> String {
    let supplement = supplement(name);
    let mut page = String::new();
    title_line(&mut page, name);
    name_line(&mut page, name, title(name));
    for name in ["SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES"] {
        heading(&mut page, name);
        for section in [supplement, SESSION].iter().filter_map(|text| section(text, name)) {
            text(&mut page, section);
        }
    }
    see_also(&mut page, [PROGRAM].into_iter().chain(related(supplement)));
    page
}

/// Returns the name of a command's page.
fn page_name(name: &str) -> String {
    match name {
        PROGRAM | docker_credential::NAME => name.to_owned(),
        command => format!("{PROGRAM}-{command}"),
    }
}

fn title_line(page: &mut String, name: &str) {
    let version = env!("CARGO_PKG_VERSION");
    let _ = writeln!(page, ".\\\" This page is printed by `{PROGRAM} man`.");
    let _ = writeln!(page, ".TH {} 1 {DATE} \"{PROGRAM} {version}\" \"User Commands\"", name.to_uppercase());
}

/// Writes the section NAME, which `whatis` and `apropos` show.
fn name_line(page: &mut String, name: &str, about: &str) {
    heading(page, "NAME");
    let about = about[..1].to_ascii_lowercase() + &about[1..];
    wrapped(page, &format!("{} \\- {}", escaped(name), escaped(&about)));
}

/// Writes the sections NAME, SYNOPSIS and DESCRIPTION.
fn beginning(name: &str, command: &clap::Command) -> String {
    let mut page = String::new();
    title_line(&mut page, name);
    name_line(&mut page, name, &command.get_about().map(ToString::to_string).unwrap_or_default());
    heading(&mut page, "SYNOPSIS");
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let words: Vec<String> = usage.split(' ').map(italic_or_bold).collect();
    wrapped(&mut page, &words.join(" "));
    heading(&mut page, "DESCRIPTION");
    text(&mut page, &command.get_long_about().map(ToString::to_string).unwrap_or_default());
    page
}

/// Shows a word of the usage: a placeholder is in upper case, and everything else is typed as it is.
fn italic_or_bold(word: &str) -> String {
    let name = word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    if name.is_empty() {
        return escaped(word);
    }
    let (before, after) = word.split_once(name).unwrap_or_default();
    let is_placeholder = name.chars().any(|c| c.is_ascii_uppercase());
    let shown = if is_placeholder { italic(name) } else { bold(name) };
    let without = |edge: &str| escaped(&edge.replace(['<', '>'], ""));
    format!("{}{shown}{}", without(before), without(after))
}

/// Writes the options of a command, its own before the common ones.
fn options(page: &mut String, command: &clap::Command, name: &str) {
    heading(page, name);
    let shown = |argument: &&Arg| !argument.is_hide_set();
    for argument in command.get_positionals().filter(shown) {
        let name = value_name(argument).unwrap_or_default();
        tagged(page, &italic(name), &explanation(argument));
    }
    for common in [false, true] {
        for option in command.get_arguments().filter(shown).filter(|option| !option.is_positional()) {
            if option.get_help_heading().is_some() == common {
                let names = [
                    option.get_short().map(|short| bold(&format!("-{short}"))),
                    option.get_long().map(|long| bold(&format!("--{long}"))),
                ];
                let names: Vec<String> = names.into_iter().flatten().collect();
                let value = value_name(option).filter(|_| option.get_action().takes_values());
                let value = value.map(|name| format!(" {}", italic(name))).unwrap_or_default();
                tagged(page, &(names.join(", ") + &value), &explanation(option));
            }
        }
    }
}

fn value_name(argument: &Arg) -> Option<&str> {
    Some(argument.get_value_names()?.first()?.as_str())
}

fn explanation(argument: &Arg) -> String {
    let help = argument.get_long_help().or_else(|| argument.get_help());
    // The help of clap's own option repeats which of the two helps is meant.
    match argument.get_id().as_str() {
        "help" => "Print the help: with -h one screen, with --help all of it.".to_owned(),
        _ => help.map(ToString::to_string).unwrap_or_default(),
    }
}

/// Returns the exit codes of the help, each with its meaning.
fn exit_codes() -> impl Iterator<Item = (&'static str, &'static str)> {
    let (_, table) = DETAILS.split_once("Exit codes:\n").expect("the help lists the exit codes");
    table.lines().filter_map(|line| line.trim().split_once("  "))
}

/// Writes the variables that replace options, and the others.
fn variables(page: &mut String, command: &clap::Command, texts: &[&str]) {
    heading(page, "ENVIRONMENT");
    for option in command.get_arguments().filter(|option| !option.is_hide_set()) {
        let Some(long) = option.get_long() else { continue };
        if !WITHOUT_VARIABLE.contains(&long) {
            let name = long.to_ascii_uppercase().replace('-', "_");
            tagged(page, &bold(&format!("IBMCLOUD_TOKEN_{name}")), &format!("Replaces `--{long}`."));
        }
    }
    for section in texts.iter().filter_map(|text| section(text, "ENVIRONMENT")) {
        text(page, section);
    }
    page.push_str(".PP\nAn option overrides its variable. An empty variable counts as unset.\n");
}

/// Writes the files and the examples.
fn supplements(page: &mut String, texts: &[&str]) {
    for name in ["FILES", "EXAMPLES"] {
        let sections: Vec<&str> = texts.iter().filter_map(|text| section(text, name)).collect();
        if !sections.is_empty() {
            heading(page, name);
            for section in sections {
                text(page, section);
            }
        }
    }
}

/// Returns the text that supplements the definition of a command, or nothing.
fn supplement(name: &str) -> &'static str {
    SUPPLEMENTS.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text)
}

/// Returns a section of a text, without its heading.
fn section<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let heading = format!("# {name}\n");
    let start = if text.starts_with(&heading) { 0 } else { text.find(&format!("\n{heading}"))? + 1 };
    let body = &text[start + heading.len()..];
    Some(body.find("\n# ").map_or(body, |end| &body[..end]).trim_matches('\n'))
}

/// Returns the pages that a text names in its last section, except for a command that this build does not have.
fn related(text: &str) -> impl Iterator<Item = &str> {
    let names = section(text, "SEE ALSO").unwrap_or_default().split_whitespace();
    names.filter(|name| cfg!(feature = "net") || *name != "exchange")
}

/// Writes the last section. A name with a section number is that of another program's page.
fn see_also<'a>(page: &mut String, names: impl Iterator<Item = &'a str>) {
    heading(page, "SEE ALSO");
    let references = names.map(|name| match name.strip_suffix("(1)") {
        Some(other) => format!("{}(1)", bold(other)),
        None => format!("{}(1)", bold(&page_name(name))),
    });
    let references: Vec<String> = references.collect();
    let _ = writeln!(page, "{}", references.join(",\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_with_examples() {
        for name in page_names().chain([PROGRAM]) {
            let text = supplement(name);
            assert!(
                section(text, "EXAMPLES").is_some(),
                "{name}: add examples to src/program/manual/{name}.txt"
            );
        }
        for (name, text) in SUPPLEMENTS {
            assert!(page_names().chain([PROGRAM]).any(|known| known == *name), "{name}");
            let headings = text.lines().filter_map(|line| line.strip_prefix("# "));
            let known =
                ["SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"];
            headings.for_each(|heading| assert!(known.contains(&heading), "{name}: {heading}"));
        }
    }

    #[test]
    fn date_is_that_of_the_release() {
        let changelog = include_str!("../../../CHANGELOG.md");
        let heading = format!("## [{}] - ", env!("CARGO_PKG_VERSION"));
        let date = changelog.lines().find_map(|line| line.strip_prefix(&heading));
        assert!(date.is_none_or(|date| date == DATE), "the changelog says {date:?}");
    }

    #[test]
    fn page_lists_every_option_of_its_command() {
        for definition in COMMANDS {
            let page = page_of_command(definition);
            let mut built = command(definition);
            built.build();
            for argument in built.get_arguments().filter(|argument| !argument.is_hide_set()) {
                let tag = match (argument.get_long(), argument.get_short()) {
                    (Some(long), _) => bold(&format!("--{long}")),
                    (None, Some(short)) => bold(&format!("-{short}")),
                    (None, None) => italic(value_name(argument).unwrap()),
                };
                let tags = page.lines().skip_while(|line| *line != ".SH OPTIONS");
                let tags = tags.take_while(|line| *line != ".SH EXIT STATUS");
                assert!(
                    tags.clone().any(|line| line
                        .split(", ")
                        .any(|name| name == tag || name.starts_with(&(tag.clone() + " ")))),
                    "{}: {tag}",
                    definition.name
                );
            }
        }
    }

    #[test]
    fn program_lists_every_command() {
        let page = page(None);
        for definition in COMMANDS {
            assert!(page.contains(&format!(".TP\n{}\n", bold(definition.name))), "{}", definition.name);
        }
    }

    #[test]
    fn see_also_names_only_pages_that_exist() {
        for (of, text) in SUPPLEMENTS {
            for name in related(text).filter(|name| !name.ends_with("(1)")) {
                assert!(page_names().any(|page| page == name), "{of}: {name}");
            }
        }
    }
}
