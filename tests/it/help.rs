//! Reads the commands and the options from the text of a help.

/// The commands in the help of the program.
pub(crate) fn commands_in(help: &str) -> Vec<&str> {
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    commands.lines().map_while(|line| line.split_whitespace().next()).collect()
}

/// The options in a help, sorted: the long name of each, or its letter if it has no other.
pub(crate) fn options_in(help: &str) -> Vec<&str> {
    let lines = help.lines().filter(|line| line.starts_with("  -") || line.starts_with("      --"));
    let mut options: Vec<&str> = lines
        .map(|line| {
            let names = line.split_whitespace().take_while(|word| word.starts_with('-'));
            names.last().unwrap().trim_end_matches(',')
        })
        .collect();
    options.sort_unstable();
    options
}
