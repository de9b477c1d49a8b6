//! The source layout: imports run one way, and the overview at the top of the library lists every file.

use std::fs;
use std::path::{Path, PathBuf};

use crate::sandbox::{files_below, root};

/// The layers, from the programs down. A file may import from its own layer and from those below it.
const LAYERS: [&[&str]; 6] = [
    &["bin"],
    &["program"],
    &["session"],
    &["ibmcloud", "iam"],
    &["system"],
    &["format", "token", "task", "note", "sanitize", "secret", "time", "error"],
];

/// The source files, relative to `src`.
fn source_files() -> Vec<PathBuf> {
    let source = root().join("src");
    let mut files = files_below(&source);
    files.sort();
    files.iter().map(|path| path.strip_prefix(&source).unwrap().to_owned()).collect()
}

/// The module that a file belongs to, such as `session` for `session/place.rs`.
fn module(file: &Path) -> String {
    let first = file.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The code of a file without its unit tests, which may use anything.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(root().join("src").join(file)).unwrap();
    text.split("\n#[cfg(test)]\nmod tests {").next().unwrap().to_owned()
}

/// The modules that a text names after `crate::`, including those in braces.
fn imports(text: &str) -> Vec<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| rest.chars().take_while(|c| is_word(*c)).collect())
        .collect()
}

#[test]
fn imports_run_from_the_programs_down() {
    let mut wrong = Vec::new();
    for file in source_files().into_iter().filter(|file| file != Path::new("lib.rs")) {
        let from = layer(&module(&file)).unwrap_or_else(|| panic!("{} is in no layer", file.display()));
        for import in imports(&code(&file)) {
            let to = layer(&import)
                .unwrap_or_else(|| panic!("{}: `crate::{import}` is in no layer", file.display()));
            if to < from {
                wrong.push(format!("{} imports `crate::{import}`", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn imports_are_found() {
    let text = "use crate::error::{Error};\n// crate::program\nlet x = crate::time::brief(crate::note::y);";
    assert_eq!(imports(text), ["error", "time", "note"]);
}

#[test]
fn overview_lists_every_source_file() {
    let library = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let overview = library.split("```text").nth(1).unwrap().split("```").next().unwrap();
    let mut directory = String::new();
    let mut listed: Vec<PathBuf> = Vec::new();
    for line in overview.lines().filter_map(|line| line.strip_prefix("//! ")) {
        let Some(name) = line.split_whitespace().next() else { continue };
        if line.starts_with(' ') {
            listed.push(Path::new(&directory).join(name));
        } else {
            directory = name.rsplit_once('/').map_or(String::new(), |(directory, _)| directory.to_owned());
            listed.push(name.into());
        }
    }
    listed.sort();
    let files: Vec<PathBuf> = source_files().into_iter().filter(|file| file != Path::new("lib.rs")).collect();
    assert_eq!(listed, files);
}

#[test]
fn only_the_system_module_calls_the_operating_system() {
    let names = [
        "rustix::",
        "std::os::",
        "signal_hook::",
        "nix::",
        "win32job::",
        "winapi_util::",
        "ctrlc::",
        "tempfile::",
        "(unix)",
        "(windows)",
        "target_os",
    ];
    let found: Vec<PathBuf> = source_files()
        .into_iter()
        .filter(|file| !file.starts_with("system"))
        .filter(|file| {
            let code = code(file);
            let mut lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            lines.any(|line| names.iter().any(|name| line.contains(name)))
        })
        .collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn sizes_stay_readable() {
    for file in source_files() {
        let lines = code(&file).lines().count();
        assert!(lines <= 350, "{} has {lines} lines", file.display());
    }
}
