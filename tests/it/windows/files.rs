//! The session file and the output file, while others use them, and where their paths are unusual.

use std::fs::{self, File};
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::{hold, is_wine};
use crate::sandbox::{
    HOME, Outcome, Sandbox, is_available, jwt, names, session_with, timed, token, token_in,
};

#[test]
fn session_file_that_another_program_keeps_to_itself_is_waited_for() {
    let (sandbox, token) = Sandbox::logged_in();
    let held = hold(&sandbox.session_file());
    let releasing = thread::spawn(move || {
        thread::sleep(Duration::from_millis(700));
        drop(held);
    });
    let (outcome, time) = timed(|| sandbox.run("-f token --timeout 30s"));
    releasing.join().unwrap();
    assert_eq!(outcome.payload(), token);
    assert!(time < Duration::from_secs(20), "{time:?}");
    assert_eq!(sandbox.calls(), 0);
}

#[test]
fn session_file_that_stays_locked_ends_at_the_deadline() {
    let (sandbox, _) = Sandbox::logged_in();
    let held = hold(&sandbox.session_file());
    let (outcome, time) = timed(|| sandbox.run("--timeout 1s"));
    drop(held);
    outcome.fails_with(7);
    assert!(time < Duration::from_secs(20), "{time:?}");
}

#[test]
fn session_file_is_never_locked() {
    // Somebody writes it all the time, as the CLI does: without a lock, and without waiting.
    let (sandbox, token) = Sandbox::logged_in();
    let text = session_with(&token);
    let file = sandbox.session_file();
    let writer = {
        let file = file.clone();
        thread::spawn(move || {
            for _ in 0..200 {
                fs::write(&file, &text).expect("nobody keeps the CLI from writing");
                thread::sleep(Duration::from_millis(5));
            }
        })
    };
    while !writer.is_finished() {
        assert_eq!(sandbox.run("-f token").payload(), token);
    }
    writer.join().unwrap();
}

#[test]
fn read_only_session_file_is_read() {
    let (sandbox, token) = Sandbox::logged_in();
    set_read_only(&sandbox.session_file(), true);
    assert_eq!(sandbox.run("-f token").payload(), token);
    set_read_only(&sandbox.session_file(), false);
}

#[test]
fn read_only_output_file_is_left_alone() {
    let (sandbox, token) = Sandbox::logged_in();
    let file = sandbox.write("out/token", "old");
    set_read_only(&file, true);
    let outcome = sandbox.run("-o out/token");
    assert!(outcome.fails_with(1).error().contains("token"), "{outcome:?}");
    assert!(!outcome.stderr.contains(&token));
    assert_eq!(
        (fs::read_to_string(&file).unwrap().as_str(), names(file.parent().unwrap()).len()),
        ("old", 1)
    );
    set_read_only(&file, false);
}

fn set_read_only(path: &std::path::Path, read_only: bool) {
    let mut permissions = fs::metadata(path).unwrap().permissions();
    permissions.set_readonly(read_only);
    fs::set_permissions(path, permissions).unwrap();
}

/// Wine cannot replace a file that somebody has open.
#[test]
fn output_file_is_replaced_while_a_reader_has_it_open() {
    let (sandbox, token) = Sandbox::logged_in();
    let file = sandbox.write("out/token", "old");
    let reader = File::open(&file).unwrap();
    let outcome = sandbox.run("-f token -o out/token --timeout 5s");
    if is_wine() {
        outcome.fails_with(1);
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
    } else {
        assert_eq!(outcome.status, Some(0), "{outcome:?}");
        assert_eq!(fs::read_to_string(&file).unwrap(), format!("{token}\n"));
    }
    drop(reader);
    assert_eq!(sandbox.run("-f token -o out/token").status, Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{token}\n"));
    assert_eq!(names(file.parent().unwrap()), ["token"]);
}

#[test]
fn output_file_that_is_kept_open_is_waited_for() {
    let (sandbox, token) = Sandbox::logged_in();
    let file = sandbox.write("out/token", "old");
    let held = hold(&file);
    let releasing = thread::spawn(move || {
        thread::sleep(Duration::from_millis(500));
        drop(held);
    });
    let outcome = sandbox.run("-f token -o out/token --timeout 30s");
    releasing.join().unwrap();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{token}\n"));
}

#[test]
fn path_of_three_hundred_characters_is_supported() {
    let sandbox = Sandbox::with_session();
    let deep = sandbox.home().join("x".repeat(150)).join("y".repeat(150));
    let text = deep.to_str().unwrap().to_owned();
    assert!(text.len() > 300);
    fs::create_dir_all(&deep).unwrap();
    let file = deep.join("token");
    let outcome = sandbox.run(&format!("parse -f token -o {}", file.display()));
    assert_ne!(outcome.status, Some(0), "there is no input");
    let output = crate::sandbox::cli_output(&token("passcode-mfa"));
    let outcome = sandbox.run_with_input(&format!("parse -f token -o {}", file.display()), &output);
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{}\n", token("passcode-mfa")));
    // The session, its lock and the CLI are in such a place too.
    let sandbox = sandbox.with(HOME, &text).with("IBMCLOUD_API_KEY", "good-key");
    let outcome = sandbox.run("login");
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let session = deep.join(".bluemix/config.json");
    assert_eq!(sandbox.run("-f token").payload(), token_in(&session));
    assert_eq!(sandbox.run("--fresh -f token").payload(), token_in(&session));
}

#[test]
fn user_name_may_have_any_characters() {
    for name in ["Jürgen Müller", "山田 太郎", "a'b & c", "100%"] {
        let sandbox = Sandbox::with_session();
        let home = sandbox.home().join("Users").join(name);
        fs::create_dir_all(&home).unwrap();
        let sandbox = sandbox.with(HOME, home.to_str().unwrap()).with("IBMCLOUD_API_KEY", "good-key");
        let outcome = sandbox.run("login");
        assert_eq!(outcome.status, Some(0), "{name}: {outcome:?}");
        let token = token_in(&home.join(".bluemix/config.json"));
        assert_eq!(sandbox.run("-f token").payload(), token, "{name}");
        // The output is UTF-8, whatever the code page is.
        let status = sandbox.run("status -v");
        assert_eq!(status.status, Some(0), "{status:?}");
        assert!((status.stdout + &status.stderr).contains(name), "{name}");
        let outcome = sandbox.run("--session other login");
        assert_eq!(outcome.status, Some(0), "{name}: {outcome:?}");
        assert!(
            home.join(r"AppData\Local\ibmcloud-token\sessions\other\.bluemix\config.json").is_file(),
            "{name}"
        );
    }
}

#[test]
fn home_is_found_as_the_cli_finds_it() {
    let token = jwt(-10, 3600);
    let sandbox = Sandbox::with_session();
    sandbox.write("elsewhere/.bluemix/config.json", session_with(&token));
    let elsewhere = sandbox.home().join("elsewhere");
    let (drive, path) = elsewhere.to_str().unwrap().split_at(2);
    let run = |variables: &[(&str, &str)]| -> Outcome {
        let mut command = sandbox.program(["-f", "token"]);
        command.envs(variables.iter().copied()).output().unwrap().into()
    };
    for variables in [
        &[("IBMCLOUD_HOME", elsewhere.to_str().unwrap())][..],
        &[("BLUEMIX_HOME", elsewhere.to_str().unwrap())],
        &[("IBMCLOUD_CONFIG_HOME", elsewhere.join(".bluemix").to_str().unwrap())],
        // The SDK prefers these two to USERPROFILE.
        &[("HOMEDRIVE", drive), ("HOMEPATH", path)],
    ] {
        assert_eq!(run(variables).payload(), token, "{variables:?}");
        // The CLI uses the same session.
        let mut cli = sandbox.command(crate::sandbox::stand_in());
        cli.args(["iam", "oauth-tokens"]).envs(variables.iter().copied());
        let outcome: Outcome = cli.output().unwrap().into();
        assert!(!outcome.stderr.contains("Not logged in"), "{variables:?}: {outcome:?}");
    }
}

#[test]
fn extended_and_mixed_paths_are_supported() {
    let (sandbox, token) = Sandbox::logged_in();
    let home = sandbox.home().to_str().unwrap().to_owned();
    fs::create_dir(sandbox.home().join("out")).unwrap();
    for path in [
        format!(r"\\?\{home}\out\1"),
        home.replace('\\', "/") + "/out/2",
        r"out/../out\3".to_owned(),
        r".\out\4".to_owned(),
        format!(r"\\.\{home}\out\5"),
        // The second time, it replaces a file.
        format!(r"\\.\{home}\out\5"),
    ] {
        let outcome = sandbox.run(&format!("-f token -o {path}"));
        assert_eq!(outcome.status, Some(0), "{path}: {outcome:?}");
        let file = sandbox.home().join("out").join(path.chars().last().unwrap().to_string());
        assert_eq!(fs::read_to_string(file).unwrap(), format!("{token}\n"), "{path}");
    }
    for device in ["NUL", r"\\.\NUL"] {
        assert_eq!(sandbox.run(&format!("-o {device}")).status, Some(0), "{device}");
    }
}

#[test]
fn paths_on_a_server_are_supported() {
    let share = std::env::var("IBMCLOUD_TOKEN_TEST_SHARE");
    if !is_available(share.is_ok(), "`tests/windows` makes a share") {
        return;
    }
    let share = share.unwrap();
    let sandbox = Sandbox::with_session().with("IBMCLOUD_HOME", share.clone());
    let token = jwt(-10, 3600);
    let home = Path::new(&share).join(".bluemix");
    fs::create_dir_all(&home).unwrap();
    fs::write(home.join("config.json"), session_with(&token)).unwrap();
    assert_eq!(sandbox.run("-f token").payload(), token);
    // The CLI is run with the lock in that directory.
    assert_ne!(sandbox.run("-f token --fresh").payload(), "");
    assert_eq!(sandbox.calls(), 1);
    let long = format!("{share}\\{}", ["directory-with-a-long-name"; 12].join("\\"));
    fs::create_dir_all(format!(r"\\?\UNC\{}", long.trim_start_matches('\\'))).unwrap();
    for path in [format!(r"{share}\token"), format!(r"{long}\token"), share.replace('\\', "/") + "/other"] {
        for _ in 0..2 {
            let outcome = sandbox.run(&format!("-f token -o {path}"));
            assert_eq!(outcome.status, Some(0), "{path}: {outcome:?}");
        }
        let content =
            fs::read_to_string(format!(r"\\?\UNC\{}", path.replace('/', "\\").trim_start_matches('\\')));
        assert!(content.unwrap().starts_with("eyJ"), "{path}");
    }
    assert_eq!(names(Path::new(&share)), [".bluemix", "directory-with-a-long-name", "other", "token"]);
}
