//! The source layout: imports run one way, the overview at the top of the library lists every file, files stay short, and
//! names are few and unique.

use std::collections::{BTreeMap, BTreeSet};
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
        assert!(lines <= 350, "{} has {lines} lines of code: split it", file.display());
    }
    for file in files_below(&root().join("tests/it")) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 500, "{} has {lines} lines: split it", file.display());
    }
    let lines = fs::read_to_string(root().join("README.md")).unwrap().lines().count();
    assert!(lines <= 150, "README.md has {lines} lines: move details to docs/");
}

/// The types that a text defines. Those inside of a function or a block do not count.
fn types(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let item = match line.strip_prefix("pub") {
            Some(rest) => rest.split_once(' ')?.1,
            None => line,
        };
        let kinds = ["struct ", "enum ", "union ", "trait ", "type "];
        let rest = kinds.iter().find_map(|kind| item.strip_prefix(kind))?;
        rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next()
    })
}

/// Modules of which only one is compiled, so that they define the same types.
const TWINS: [[&str; 2]; 2] =
    [["system/unix/", "system/windows/"], ["doctor/network.rs", "doctor/no_network.rs"]];

#[test]
fn type_has_a_name_of_its_own() {
    let mut files_of: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in source_files() {
        let name = file.to_str().unwrap().replace('\\', "/");
        let name = TWINS.iter().fold(name, |name, [one, other]| name.replace(other, one));
        for defined in types(&code(&file)) {
            files_of.entry(defined.to_owned()).or_default().insert(name.clone());
        }
    }
    assert!(files_of.len() > 100, "{} types were found", files_of.len());
    files_of.retain(|_, files| files.len() > 1);
    assert!(files_of.is_empty(), "rename all but one of the types with the same name: {files_of:#?}");
}

#[test]
fn types_are_found() {
    let text =
        "pub(super) struct A<'a> {\n    type B = u8;\nenum C {}\npub type D = A;\n// struct E\npub use f;\n";
    assert_eq!(types(text).collect::<Vec<_>>(), ["A", "C", "D"]);
}

/// A command gets its token from `program::source`, which knows every source. `exchange` has no other source than IAM.
#[test]
fn no_command_but_exchange_names_iam() {
    let commands = source_files().into_iter().filter(|file| file.starts_with("program/command"));
    let mut naming = Vec::new();
    for file in commands {
        let code = code(&file);
        if imports(&code).contains(&"iam".to_owned()) || code.contains("IamSource") {
            naming.push(file);
        }
    }
    let allowed = [Path::new("program/command/exchange.rs")];
    assert_eq!(naming, allowed, "a command should use `program::source::Source` in place of IAM");
}

/// The names that the library exports at its root.
fn exported(library: &str) -> Vec<&str> {
    let exports = library.split("\npub use ").skip(1).map(|rest| rest.split(';').next().unwrap());
    let names = exports.flat_map(|path| path.rsplit(['{', ':']).next().unwrap().split(','));
    names.map(|name| name.trim_matches(['}', ' ', '\n'])).filter(|name| !name.is_empty()).collect()
}

#[test]
fn library_exports_few_names_and_hides_the_program() {
    let library = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let names = exported(&library);
    assert!(names.contains(&"Session") && names.contains(&"Exchange"), "{names:?}");
    assert!(
        names.len() <= 24,
        "{} names are too many; is one of them for the program only? {names:?}",
        names.len()
    );
    let modules: Vec<&str> = library.lines().filter(|line| line.starts_with("pub mod ")).collect();
    assert_eq!(modules, ["pub mod program;"], "make the other modules private, and export names instead");
    assert!(library.contains("\n#[doc(hidden)]\npub mod program;"), "hide `program` with `#[doc(hidden)]`");
    assert!(
        !library.contains("\npub use program") && !library.contains("\npub fn "),
        "keep it out of the root"
    );
}

#[test]
fn exported_names_are_found() {
    let text = "\npub use a::{B, c};\nuse d::E;\npub use f::g::H;\n#[cfg(x)]\npub use i::{\n    J,\n};\n";
    assert_eq!(exported(text), ["B", "c", "H", "J"]);
}

/// A build script would run on every machine that compiles the library.
#[test]
fn nothing_runs_at_build_time() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let has_script = root().join("build.rs").exists()
        || manifest.lines().any(|line| line.starts_with("build = ") || line == "[build-dependencies]");
    assert!(!has_script, "generate files in a test that compares them, as `platforms` does");
}
