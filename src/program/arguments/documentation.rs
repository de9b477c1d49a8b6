//! The arguments of the commands that document the program.

use clap::Args;

use crate::program::manual;

#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct Completions {
    /// The shell: bash, zsh, fish or powershell
    #[arg(
        value_name = "SHELL",
        value_parser = ["bash", "zsh", "fish", "powershell"],
        hide_possible_values = true,
        required_unless_present = "words"
    )]
    pub(crate) shell: Option<String>,
    /// Answer a script: print what may stand for the last of the words on the standard input
    #[arg(long, hide = true, conflicts_with = "shell")]
    pub(crate) words: bool,
}

#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct Man {
    /// The command, or docker-credential-ibmcloud
    #[arg(value_name = "COMMAND", value_parser = page_name)]
    pub(crate) command: Option<&'static str>,
}

fn page_name(name: &str) -> Result<&'static str, String> {
    manual::page_names()
        .find(|known| *known == name)
        .ok_or_else(|| format!("the pages are {}", manual::page_names().collect::<Vec<_>>().join(", ")))
}
