//! What the environment says.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Exit;

/// A variable that is set and not empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
    Some(value.to_string_lossy().into_owned())
}

pub(crate) fn is_set(name: &str) -> bool {
    variable(name).is_some()
}

/// The first of these variables that is set and not empty.
pub(crate) fn first_of(names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| variable(name))
}

/// A path in a variable that is set and not empty.
pub(crate) fn path(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// A number of seconds. Zero if the variable is not set.
pub(crate) fn seconds(name: &str) -> Result<Duration, Exit> {
    let Some(value) = variable(name) else { return Ok(Duration::ZERO) };
    let seconds = value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| misused(&format!("{name} is not a number of seconds: {value}")))
}

/// Waits for the number of seconds in a variable.
pub(crate) fn wait(name: &str) -> Result<(), Exit> {
    std::thread::sleep(seconds(name)?);
    Ok(())
}

/// A whole number. Zero if the variable is not set.
pub(crate) fn number(name: &str) -> Result<i64, Exit> {
    let Some(value) = variable(name) else { return Ok(0) };
    value.parse().map_err(|_| misused(&format!("{name} is not a number: {value}")))
}

/// Reports invalid `STAND_IN_` variables. The real CLI has no such message.
pub(crate) fn misused(message: &str) -> Exit {
    eprintln!("stand-in: {message}");
    Exit(64)
}

/// The name by which this program was called.
pub(crate) fn program() -> String {
    let called = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&called).file_name().unwrap_or_default().to_string_lossy().into_owned();
    name.strip_suffix(std::env::consts::EXE_SUFFIX).unwrap_or(&name).to_owned()
}

/// The recorded situations.
pub(crate) fn fixtures() -> PathBuf {
    // If Linux has built this program for Windows, it runs under Wine, which shows the root of the file system as drive Z.
    let drive = if cfg!(windows) && env!("CARGO_MANIFEST_DIR").starts_with('/') { "Z:" } else { "" };
    Path::new(&format!("{drive}{}", env!("CARGO_MANIFEST_DIR"))).join("fixtures")
}
