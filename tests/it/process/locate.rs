//! Finding the CLI.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::sandbox::{Outcome, Sandbox, stand_in, stand_in_directory, test_program, token};

#[test]
fn cli_in_the_current_directory_is_not_run() {
    let stand_in = stand_in_directory();
    let system = "/usr/local/bin:/usr/bin:/bin";
    for path in [
        format!(":{system}"),
        format!("{system}:"),
        format!(".:{system}"),
        format!("bin:{system}"),
        "..//".into(),
    ] {
        let sandbox = Sandbox::logging().with("PATH", &path);
        fs::create_dir(sandbox.home().join("bin")).unwrap();
        symlink(stand_in.join("ibmcloud"), sandbox.home().join("ibmcloud")).unwrap();
        symlink(stand_in.join("ibmcloud"), sandbox.home().join("bin/ibmcloud")).unwrap();
        let mut command = sandbox.program(["get"]);
        if path.starts_with("..") {
            command.current_dir(sandbox.home().join("bin"));
        }
        let outcome = Outcome::from(command.output().unwrap());
        assert!(
            outcome.fails_with(3).stderr.contains("empty or relative entry of PATH"),
            "{path}: {outcome:?}"
        );
        assert_eq!(sandbox.calls(), 0);
        // A CLI in an absolute directory after these is found.
        let sandbox = sandbox.with("PATH", format!("{path}:{}", stand_in.display()));
        assert_eq!(sandbox.run("get").payload(), format!("Bearer {}", token("passcode-mfa")), "{path}");
        assert_eq!(sandbox.calls(), 1);
    }
}

#[test]
fn only_an_executable_file_is_run() {
    let sandbox = Sandbox::new();
    let nothing = sandbox.home().join("nothing");
    fs::create_dir_all(sandbox.home().join("folder/ibmcloud")).unwrap();
    let file = sandbox.write("file/ibmcloud", "#!/bin/sh\n");
    fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    fs::create_dir(&nothing).unwrap();
    symlink("nowhere", nothing.join("ibmcloud")).unwrap();
    let folders =
        ["folder", "file", "nothing"].map(|name| sandbox.home().join(name).display().to_string()).join(":");

    let sandbox = sandbox.with("PATH", &folders);
    let outcome = sandbox.run("get");
    assert!(outcome.fails_with(3).stderr.contains("`ibmcloud` is not in PATH"), "{outcome:?}");
    let sandbox = sandbox.with("PATH", format!("{folders}:{}:/usr/bin:/bin", stand_in_directory().display()));
    assert_eq!(sandbox.run("get").payload(), format!("Bearer {}", token("passcode-mfa")));

    for (path, why) in [
        ("folder/ibmcloud", "it is not an executable file"),
        ("file/ibmcloud", "it is not an executable file"),
        ("./nothing/ibmcloud", "No such file"),
        ("/nothing/ibmcloud", "No such file"),
        ("none", "`none` is not in PATH"),
        (".", "is not in PATH"),
    ] {
        let outcome = sandbox.run(&format!("--ibmcloud {path}"));
        assert!(outcome.fails_with(3).stderr.contains(why), "{path}: {outcome:?}");
    }
}

#[test]
fn cli_may_be_given_by_name_or_path() {
    let stand_in = stand_in();
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.home().join("bin")).unwrap();
    symlink(stand_in, sandbox.home().join("bin/bx")).unwrap();
    let path = format!("{}/bin:/usr/bin:/bin", sandbox.home().display());
    let sandbox = sandbox.with("PATH", path);
    sandbox.run("get").fails_with(3);
    let expected = format!("Bearer {}\n", token("passcode-mfa"));
    for name in ["bx", "bin/bx", "./bin/bx", stand_in.to_str().unwrap()] {
        let outcome = sandbox.run(&format!("-v --ibmcloud {name}"));
        assert_eq!(outcome.stdout, expected, "{name}: {outcome:?}");
        // It is run by its absolute path, however it was given.
        assert!(outcome.stderr.contains("running `/"), "{name}: {outcome:?}");
        let mut command = sandbox.program(["get"]);
        let outcome = Outcome::from(command.env("IBMCLOUD_TOKEN_IBMCLOUD", name).output().unwrap());
        assert_eq!(outcome.stdout, expected, "{name}: {outcome:?}");
    }
}

#[test]
fn text_without_a_shebang_is_not_run_by_a_shell() {
    for name in ["text-without-a-shebang", "garbage"] {
        let outcome = Sandbox::new().with("IBMCLOUD_TOKEN_IBMCLOUD", test_program(name)).run("get");
        assert!(outcome.fails_with(3).stderr.contains("Exec format error"), "{outcome:?}");
    }
}
