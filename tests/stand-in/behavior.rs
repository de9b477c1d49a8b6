//! The behavior of every command: what happens before the answer.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use crate::environment::{first_of, is_set, misused, path, variable, wait};
use crate::screen::{ask, broken_pipe, put};
use crate::{Step, platform};

/// The argument that makes this program the child of `STAND_IN_GRANDCHILD`, where there is no `sleep`.
pub(crate) const GRANDCHILD: &str = "--stand-in-grandchild";

const UPDATE: &str = "New version 2.44.0 is available.
Release notes: https://github.com/IBM-Cloud/ibm-cloud-cli-release/releases/tag/v2.44.0
TIP: use 'ibmcloud config --check-version=false' to disable update check.

Do you want to update? [y/N]> ";

pub(crate) fn be_a_grandchild() -> ExitCode {
    let _alive = path("STAND_IN_LOG").map(|log| platform::show_life(&log));
    thread::sleep(Duration::from_secs(60));
    ExitCode::SUCCESS
}

pub(crate) fn behave(arguments: &[OsString]) -> Step {
    if is_set("STAND_IN_IGNORE_TERM") {
        platform::ignore_term(arguments)?;
    }
    if let Some(log) = path("STAND_IN_LOG") {
        let logged = platform::show_life(&log).and_then(|()| log_call(&log, arguments));
        logged.map_err(|error| misused(&format!("STAND_IN_LOG: {error}")))?;
    }
    if is_set("STAND_IN_GRANDCHILD") {
        let child = platform::grandchild().map_err(|error| misused(&format!("no grandchild: {error}")))?;
        note_process("grandchildren", child)?;
    }
    wait("STAND_IN_DELAY")?;
    if let Some(signal) = variable("STAND_IN_SIGNAL") {
        return Err(platform::die(&signal));
    }
    if is_set("STAND_IN_HANG") {
        loop {
            thread::sleep(Duration::from_secs(1_000_000));
        }
    }
    match variable("STAND_IN_ENDLESS").as_deref() {
        None => {}
        Some("stderr") => repeat(io::stderr(), "this line comes again and again\n", u64::MAX)?,
        Some(_) => repeat(io::stdout(), "this line comes again and again\n", u64::MAX)?,
    }
    if let Some(bytes) = variable("STAND_IN_BYTES") {
        let bytes = bytes.parse().map_err(|_| misused("STAND_IN_BYTES is not a number"))?;
        let line = "sixty-three characters of junk, and a newline to make it 64 ---\n";
        repeat(io::stdout(), line, bytes)?;
    }
    let check = first_of(&["IBMCLOUD_VERSION_CHECK", "BLUEMIX_VERSION_CHECK"]);
    if is_set("STAND_IN_UPDATE") && check.as_deref() != Some("false") {
        put(UPDATE)?;
        ask(false)?;
    }
    Ok(())
}

/// Writes this many bytes, which are a line again and again.
fn repeat(mut output: impl io::Write, line: &str, mut bytes: u64) -> Step {
    let lines = line.repeat(256);
    while bytes > 0 {
        let length = usize::try_from(bytes).unwrap_or(usize::MAX).min(lines.len());
        output.write_all(&lines.as_bytes()[..length]).map_err(|_| broken_pipe())?;
        bytes -= length as u64;
    }
    output.flush().map_err(|_| broken_pipe())
}

/// Appends the ID of a process to a file of the log, if there is a log.
pub(crate) fn note_process(file: &str, id: u32) -> Step {
    let Some(log) = path("STAND_IN_LOG") else { return Ok(()) };
    append(&log.join(file), format!("{id}\n").as_bytes())
        .map_err(|error| misused(&format!("STAND_IN_LOG: {error}")))
}

fn log_call(log: &Path, arguments: &[OsString]) -> io::Result<()> {
    let id = std::process::id();
    let mut file = File::create(log.join(format!("argv.{id}")))?;
    let mut call = id.to_string().into_bytes();
    for argument in arguments {
        file.write_all(&[argument.as_encoded_bytes(), b"\n"].concat())?;
        call.extend([b" ", argument.as_encoded_bytes()].concat());
    }
    let environment: Vec<u8> = std::env::vars_os()
        .flat_map(|(name, value)| [name.as_encoded_bytes(), b"=", value.as_encoded_bytes(), b"\n"].concat())
        .collect();
    fs::write(log.join(format!("environment.{id}")), environment)?;
    call.push(b'\n');
    append(&log.join("calls"), &call)
}

/// Appends a line in one write, so that the lines of several processes stay apart.
pub(crate) fn append(file: &Path, line: &[u8]) -> io::Result<()> {
    File::options().append(true).create(true).open(file)?.write_all(line)
}
