//! `doctor`: broken set-ups and a healthy one, what it says of them, and what it never shows.
//!
//! - `exit_code`: it is that of `get`
//! - `faults`: each fault and its remedy
//! - `healthy`: a set-up without a fault, and the shape of the output
//! - `network`: the way to IAM
//! - `record`: `--report`, and the fixture that is made from it
//! - `secrets`: marker secrets in every place

mod exit_code;
mod faults;
mod healthy;
#[cfg(feature = "net")]
mod network;
mod record;
mod secrets;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::sandbox::{Outcome, Sandbox};

/// The longest that it may take.
const LIMIT: Duration = Duration::from_secs(2);

/// Runs `doctor` with further arguments.
fn examine(sandbox: &Sandbox, arguments: &str) -> Outcome {
    let start = Instant::now();
    let outcome = sandbox.run(&format!("doctor {arguments}"));
    assert!(start.elapsed() < LIMIT, "{:?}: {outcome:?}", start.elapsed());
    outcome
}

/// Returns the findings as JSON, whatever the exit status is.
#[track_caller]
fn findings(sandbox: &Sandbox, arguments: &str) -> Value {
    let outcome = examine(sandbox, &format!("-f json {arguments}"));
    let findings: Value =
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
    assert_eq!(findings["exit_code"].as_i64(), outcome.status.map(i64::from), "{outcome:?}");
    findings
}

/// Returns one check: its verdict, evidence and remedy.
#[track_caller]
fn check(findings: &Value, id: &str) -> (String, String, String) {
    let checks = findings["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("{id}: {findings}"));
    let text = |name: &str| check[name].as_str().unwrap_or_default().to_owned();
    (text("verdict"), text("evidence"), text("remedy"))
}

/// Writes a program in the home.
fn program(sandbox: &Sandbox, path: &str, script: &str) -> PathBuf {
    let path = sandbox.write(path, format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}
