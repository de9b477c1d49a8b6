//! `-o FILE`: private, atomic, and never any other file than the named one.

use std::fs;
use std::path::Path;

use super::assert_failure;
use crate::sandbox::{Sandbox, cli_output, inode, mode, names, set_mode, symlink, trace_of_writing};

#[test]
#[cfg_attr(windows, ignore = "no modes of files")]
fn file_is_private_under_every_umask() {
    for umask in ["0000", "0022", "0077", "0277", "0777"] {
        let (sandbox, token) = Sandbox::logged_in();
        // The umask affects only what the program creates: the home exists already.
        let outcome = sandbox.shell("sh", &format!("umask {umask}; ibmcloud-token -o ./token"));
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""), "{outcome:?}");
        let file = sandbox.home().join("token");
        assert_eq!(mode(&file), 0o600, "umask {umask}");
        assert_eq!(fs::read_to_string(file).unwrap(), format!("Bearer {token}\n"));
        assert!(names(sandbox.home()).iter().all(|name| !name.starts_with(".ibmcloud-token-")));
    }
}

#[test]
#[cfg_attr(windows, ignore = "no modes of files")]
fn existing_file_is_replaced_and_becomes_private() {
    let (sandbox, token) = Sandbox::logged_in();
    let file = sandbox.write("folder/token", "old");
    set_mode(&file, 0o644);
    let before = inode(&file);
    assert_eq!(sandbox.run("get -o folder/token -f token").status, Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{token}\n"));
    assert_eq!(mode(&file), 0o600);
    assert_ne!(inode(&file), before, "a program that has the old file open does not see the token");
    assert_eq!(names(&sandbox.home().join("folder")), ["token"]);
}

#[test]
#[cfg_attr(windows, ignore = "no links without a privilege")]
fn symbolic_link_is_replaced_and_not_followed() {
    let (sandbox, token) = Sandbox::logged_in();
    let theirs = sandbox.write("theirs", "theirs");
    for target in [theirs.as_path(), Path::new("/nowhere/at/all"), Path::new("link")] {
        let link = sandbox.home().join("link");
        symlink(target, &link);
        assert_eq!(sandbox.run("get -o link").status, Some(0));
        assert!(fs::symlink_metadata(&link).unwrap().is_file());
        assert_eq!(fs::read_to_string(&link).unwrap(), format!("Bearer {token}\n"));
        assert_eq!(fs::read_to_string(&theirs).unwrap(), "theirs");
        fs::remove_file(link).unwrap();
    }
}

#[test]
fn failed_run_leaves_the_old_file_unchanged() {
    for (situation, line) in [
        ("oauth-tokens-not-logged-in", "get -o folder/token"),
        ("oauth-tokens-empty", "get -o folder/token -f json"),
        ("oauth-tokens-expired", "get -o folder/token"),
        ("oauth-tokens-one-line", "get -o folder/token --min-ttl 1000000h"),
        ("oauth-tokens-one-line", "parse -o folder/token"),
    ] {
        let sandbox = Sandbox::replaying(situation);
        let file = sandbox.write("folder/token", b"old \x00\xff");
        let before = trace_of_writing(&file);
        assert!(sandbox.run(line).status.is_some_and(|status| status > 1), "{line}");
        assert_eq!(fs::read(&file).unwrap(), b"old \x00\xff");
        assert_eq!(trace_of_writing(&file), before);
        assert_eq!(names(file.parent().unwrap()), ["token"]);
    }
}

#[test]
#[cfg_attr(windows, ignore = "no links without a privilege")]
fn directory_is_refused() {
    let (sandbox, _) = Sandbox::logged_in();
    sandbox.write("folder/inner/file", "");
    symlink("folder", sandbox.home().join("link"));
    for target in ["folder", "folder/", "folder/inner/..", "none/", "none/token"] {
        assert_failure(&sandbox.run(&format!("get -o {target}")), 1);
    }
    assert_eq!(names(&sandbox.home().join("folder")), ["inner"]);
    assert_eq!(names(&sandbox.home().join("folder/inner")), ["file"]);
}

#[test]
#[cfg_attr(windows, ignore = "no modes of files")]
fn every_command_that_prints_a_token_can_write_it_to_a_file() {
    let (sandbox, token) = Sandbox::logged_in();
    let shown = sandbox.run("-f json").payload().to_owned();
    let outcome = sandbox.run("-f json -o file");
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""), "{outcome:?}");
    let written = fs::read_to_string(sandbox.home().join("file")).unwrap();
    assert_eq!(written.lines().count(), shown.lines().count());
    assert_eq!(mode(&sandbox.home().join("file")), 0o600);
    let outcome = sandbox.run_with_input("parse -o file", &cli_output(&token));
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""));
    assert_eq!(fs::read_to_string(sandbox.home().join("file")).unwrap(), format!("Bearer {token}\n"));
}

#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn concurrent_reader_sees_a_whole_token() {
    let (sandbox, token) = Sandbox::logged_in();
    let file = sandbox.write("token", format!("Bearer {token}\n"));
    let script =
        "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do ibmcloud-token -o ./token; done";
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| sandbox.shell("sh", script));
        while !writer.is_finished() {
            assert_eq!(fs::read_to_string(&file).unwrap(), format!("Bearer {token}\n"));
        }
        assert_eq!(writer.join().unwrap().status, Some(0));
    });
}

#[test]
fn file_cannot_be_named_by_a_variable() {
    let (sandbox, token) = Sandbox::logged_in();
    let sandbox = sandbox.with("IBMCLOUD_TOKEN_OUTPUT", "file");
    assert_eq!(sandbox.run("-f token").payload(), token);
    assert!(!sandbox.home().join("file").exists());
}

#[test]
fn name_of_a_format_is_not_a_file() {
    let (sandbox, _) = Sandbox::logged_in();
    for (name, format) in [("json", "json"), ("JSON", "json"), ("Bearer", "bearer"), ("env", "env")] {
        let outcome = sandbox.run(&format!("-o {name}"));
        assert_failure(&outcome, 2);
        assert!(outcome.hint().contains(&format!("`-f {format}`")), "{outcome:?}");
        assert!(outcome.hint().contains(&format!("`-o ./{name}`")), "{outcome:?}");
        assert!(!sandbox.home().join(name).exists());
    }
    assert_eq!(sandbox.run("-o ./json").status, Some(0));
    assert!(sandbox.home().join("json").exists());
}

#[test]
#[cfg_attr(windows, ignore = "no line ends in names of files")]
fn path_with_a_newline_cannot_forge_a_line() {
    let sandbox = Sandbox::new();
    let home = sandbox.home().join("a\nhint: do something else\u{1b}[31m");
    fs::create_dir(&home).unwrap();
    let sandbox = sandbox.with("HOME", home.to_str().unwrap()).with("IBMCLOUD_TOKEN_IBMCLOUD", "/none");
    for line in ["-v", "status", "-o /none/file"] {
        let stderr = sandbox.run(line).stderr;
        assert!(!stderr.contains("\nhint: do something else") && !stderr.contains('\u{1b}'), "{stderr}");
    }
}
