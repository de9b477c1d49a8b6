//! The stand-in CLI, in its two forms.

use std::env::consts::{ARCH, EXE_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use super::{PROGRAM, files_below, root};

/// The stand-in as a program, which Cargo builds as an example.
///
/// `cargo test` builds it with the tests. `cargo test --test it` does not, so a missing or outdated one is built here.
pub(crate) fn stand_in() -> &'static Path {
    static STAND_IN: LazyLock<PathBuf> = LazyLock::new(|| {
        let file = example("ibmcloud");
        if is_current(&file) { file } else { build_example("ibmcloud") }
    });
    &STAND_IN
}

/// The directory of the stand-in, for PATH.
pub(crate) fn stand_in_directory() -> &'static Path {
    stand_in().parent().unwrap()
}

/// The stand-in as a shell script.
#[cfg(unix)]
pub(crate) fn stand_in_script() -> PathBuf {
    root().join("tests/stand-in/ibmcloud")
}

/// Whether a file is newer than the source of the stand-in.
fn is_current(file: &Path) -> bool {
    let Ok(built) = fs::metadata(file) else { return false };
    let built = built.modified().unwrap();
    let mut source = files_below(&root().join("tests/stand-in"));
    source.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    source.iter().all(|path| fs::metadata(path).unwrap().modified().unwrap() <= built)
}

/// Builds an example as Cargo has built the program under test: with the same profile, target and features.
pub(crate) fn build_example(name: &str) -> PathBuf {
    let profile = Path::new(PROGRAM).parent().unwrap();
    let mut target = profile.parent().unwrap();
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--example", name]).current_dir(root());
    match profile.file_name().unwrap().to_str().unwrap() {
        "debug" => {}
        name => drop(command.args(["--profile", name])),
    }
    let triple = target.file_name().unwrap().to_str().unwrap();
    if triple.starts_with(&format!("{ARCH}-")) {
        command.args(["--target", triple]);
        target = target.parent().unwrap();
    }
    if !cfg!(feature = "net") {
        command.args(["--no-default-features", "--features", "program"]);
    }
    let built = command.arg("--target-dir").arg(target).status();
    assert!(built.is_ok_and(|status| status.success()), "run `cargo build --example {name}` first");
    example(name)
}

fn example(name: &str) -> PathBuf {
    Path::new(PROGRAM).with_file_name("examples").join(format!("{name}{EXE_SUFFIX}"))
}
