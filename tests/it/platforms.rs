//! Which of these tests run on Windows. `docs/windows-tests.md` has the result, which `SNAPSHOTS=overwrite cargo test`
//! renews.
//!
//! A test that cannot run there says why: `#[cfg_attr(windows, ignore = "REASON")]`, or the comment `// Not on Windows:
//! REASON.` above a test or module that is not even compiled.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use snapbox::{Data, assert_data_eq};

use crate::sandbox::root;

const HEADER: &str = "\
# The integration tests on Windows

`tests/it/platforms.rs` makes this page from the source of the tests. A test that is left out on Windows says why.
`tests/windows` runs the others under Wine, which has no curl, so there the tests of `curl` that run one skip themselves.

| tests | run on Windows | left out | why |
|---|---|---|---|
";

/// The attributes and comments above an item.
#[derive(Default)]
struct Attributes {
    reason: Option<String>,
    is_left_out: bool,
    is_for_windows: bool,
    is_test: bool,
}

impl Attributes {
    /// Reads a line. Returns whether it belongs to the item below it.
    fn read(&mut self, line: &str) -> bool {
        let line = line.trim();
        if let Some(reason) = line.strip_prefix("// Not on Windows: ") {
            self.reason = reason.strip_suffix('.').map(str::to_owned);
        } else if let Some(ignored) = line.strip_prefix("#[cfg_attr(windows, ignore = \"") {
            self.reason = ignored.strip_suffix("\")]").map(str::to_owned);
            self.is_left_out = true;
        } else if let Some(condition) = line.strip_prefix("#[cfg(").or_else(|| line.strip_prefix("#![cfg(")) {
            self.is_left_out |= condition.starts_with("unix)") || condition.starts_with("target_os");
            self.is_for_windows |= condition.starts_with("windows)");
        } else if line == "#[test]" {
            self.is_test = true;
        } else {
            return line.starts_with("//") || line.starts_with("#[");
        }
        true
    }
}

/// The tests below a part of the list of modules.
#[derive(Default)]
struct Count {
    on_windows: usize,
    left_out: BTreeMap<String, usize>,
    only_on_windows: usize,
}

/// Counts the tests of a file and of its modules. `reason` is why all of them are left out.
fn count(file: &Path, reason: Option<&str>, is_for_windows: bool, counts: &mut Count) {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut reason = reason.map(str::to_owned);
    let mut above = Attributes::default();
    for line in text.lines() {
        if above.read(line) {
            if line.starts_with("#![cfg(") && above.is_left_out && reason.is_none() {
                reason = Some(above.reason.take().unwrap_or_else(|| panic!("{}: {line}", file.display())));
                above = Attributes::default();
            }
            continue;
        }
        let of_item = || {
            let of_item = above.is_left_out.then(|| above.reason.clone());
            of_item.map(|reason| reason.unwrap_or_else(|| panic!("{}: no reason for {line}", file.display())))
        };
        if above.is_test {
            let reason = reason.clone().or_else(of_item);
            counts.only_on_windows += usize::from(is_for_windows);
            match reason {
                Some(reason) => *counts.left_out.entry(reason).or_default() += 1,
                None => counts.on_windows += 1,
            }
        } else if let Some(name) = module_name(line) {
            let reason = reason.clone().or_else(of_item);
            let is_for_windows = is_for_windows || above.is_for_windows;
            count(&module(file, name), reason.as_deref(), is_for_windows, counts);
        }
        above = Attributes::default();
    }
}

/// The name in a line `mod NAME;`.
fn module_name(line: &str) -> Option<&str> {
    line.strip_prefix("pub(crate) ").unwrap_or(line).strip_prefix("mod ")?.strip_suffix(';')
}

/// The file of a module that another file names.
fn module(parent: &Path, name: &str) -> PathBuf {
    let stem = parent.file_stem().unwrap();
    let directory = parent.parent().unwrap();
    let directory = if stem == "mod" || stem == "main" { directory.to_owned() } else { directory.join(stem) };
    let file = directory.join(format!("{name}.rs"));
    if file.is_file() { file } else { directory.join(name).join("mod.rs") }
}

#[test]
fn page_says_which_tests_are_left_out_on_windows() {
    let main = root().join("tests/it/main.rs");
    let mut table = HEADER.to_owned();
    let (mut all, mut above) = (Count::default(), Attributes::default());
    for line in fs::read_to_string(&main).unwrap().lines() {
        if above.read(line) {
            continue;
        }
        let item = std::mem::take(&mut above);
        let Some(name) = module_name(line) else { continue };
        let reason = item.is_left_out.then(|| item.reason.expect(name));
        let mut counts = Count::default();
        count(&module(&main, name), reason.as_deref(), item.is_for_windows, &mut counts);
        let left_out: usize = counts.left_out.values().sum();
        if counts.on_windows + left_out == 0 {
            continue;
        }
        let reasons: Vec<_> =
            counts.left_out.iter().map(|(reason, number)| format!("{number}: {reason}")).collect();
        writeln!(table, "| `{name}` | {} | {left_out} | {} |", counts.on_windows, reasons.join("; "))
            .unwrap();
        all.on_windows += counts.on_windows;
        all.only_on_windows += counts.only_on_windows;
        *all.left_out.entry(String::new()).or_default() += left_out;
    }
    let left_out: usize = all.left_out.values().sum();
    writeln!(table, "| all | {} | {left_out} | |", all.on_windows).unwrap();
    let only = all.only_on_windows;
    writeln!(table, "\nOf those that run on Windows, {only} run only there.").unwrap();
    assert_data_eq!(table, Data::read_from(&root().join("docs/windows-tests.md"), None).raw());
}
