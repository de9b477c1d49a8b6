//! A session file that is not a usable file.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use super::logging_with_answer;
use crate::sandbox::{jwt, make_pipe, session_with, trace_of_writing};

#[test]
fn unusable_session_file_is_skipped() {
    type Make = fn(&Path);
    let good = || session_with(&jwt(-60, 3540));
    // (what is in place of the session file, how to make it, the reason that `-v` prints)
    let mut cases: Vec<(&str, Make, &str)> = vec![
        ("a directory", |path| fs::create_dir(path).unwrap(), "it is not a regular file"),
        ("a pipe without a writer", make_pipe, "it is not a regular file"),
        ("a device", |path| symlink("/dev/zero", path).unwrap(), "it is not a regular file"),
        ("a link to itself", |path| symlink(path, path).unwrap(), "it cannot be read"),
        ("a list", |path| fs::write(path, "[]").unwrap(), "its content is not what the CLI writes"),
        (
            "a token of another type",
            |path| fs::write(path, r#"{"IAMToken":5}"#).unwrap(),
            "its content is not what the CLI writes",
        ),
        (
            "two tokens",
            |path| {
                let (one, other) = (jwt(-60, 3540), jwt(-30, 3570));
                fs::write(path, format!(r#"{{"IAMToken":"Bearer {one}","IAMToken":"Bearer {other}"}}"#))
                    .unwrap();
            },
            "its content is not what the CLI writes",
        ),
        (
            "more than 1 MiB",
            |path| fs::write(path, session_with(&jwt(-60, 3540)) + &" ".repeat(1 << 20)).unwrap(),
            "it is larger than 1 MiB",
        ),
    ];
    if rustix::process::geteuid().is_root() {
        cases.push((
            "another user's file",
            |path| {
                fs::write(path, session_with(&jwt(-60, 3540))).unwrap();
                std::os::unix::fs::chown(path, Some(12345), None).unwrap();
            },
            "it belongs to another user",
        ));
    } else {
        cases.push((
            "an unreadable file",
            |path| {
                fs::write(path, session_with(&jwt(-60, 3540))).unwrap();
                fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
            },
            "it cannot be read",
        ));
    }
    for (what, make, reason) in cases {
        let (sandbox, answer) = logging_with_answer();
        // A variable that names the home, because root may use another user's file in its own home.
        let home = sandbox.home().to_str().unwrap().to_owned();
        let sandbox = sandbox.with("IBMCLOUD_HOME", home);
        fs::create_dir(sandbox.home().join(".bluemix")).unwrap();
        let path = sandbox.session_file();
        make(&path);
        let before = trace_of_writing(&path);
        let outcome = sandbox.run("-v --format token");
        assert_eq!(outcome.payload(), answer, "{what}");
        assert!(outcome.stderr.contains(&format!("was skipped: {reason}")), "{what}: {}", outcome.stderr);
        assert_eq!((sandbox.calls(), trace_of_writing(&path)), (1, before), "{what}");
        assert_ne!(sandbox.run("status").status, Some(0), "{what}");
    }
    // A link to a good session file is followed.
    let (sandbox, _) = logging_with_answer();
    let elsewhere = sandbox.write("elsewhere", good());
    fs::create_dir(sandbox.home().join(".bluemix")).unwrap();
    symlink(elsewhere, sandbox.session_file()).unwrap();
    assert!(sandbox.run("").payload().starts_with("Bearer "));
    assert_eq!(sandbox.calls(), 0);
}
