//! The changes that `configure docker` makes, and no others.

use std::fs;
use std::io::Read as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{helper_directory, link};
use crate::sandbox::{
    HOME, Outcome, SYSTEM_PATH, Sandbox, inode, make_pipe, mode, names, search_path, set_mode, symlink,
    trace_of_writing,
};

/// The configuration that docker writes: tabs, and no line end at the end.
const DOCKERS: &str = "{\n\t\"auths\": {\n\t\t\"registry.example\": {\n\t\t\t\"auth\": \"dTpNNHJrZXItcGFzc3dvcmQ=\"\n\t\t}\n\t},\n\
    \t\"detachKeys\": \"ctrl-e,e\",\n\t\"big\": 12345678901234567890123,\n\t\"float\": 1.50e3\n}";

/// A home in which the helper is in PATH.
fn sandbox() -> Sandbox {
    Sandbox::new().with("PATH", search_path(&[helper_directory()], SYSTEM_PATH))
}

fn config(sandbox: &Sandbox) -> PathBuf {
    sandbox.home().join(".docker/config.json")
}

fn content(sandbox: &Sandbox) -> String {
    fs::read_to_string(config(sandbox)).unwrap()
}

fn helpers(sandbox: &Sandbox) -> Value {
    serde_json::from_str::<Value>(&content(sandbox)).unwrap()["credHelpers"].clone()
}

/// Runs the command without a warning, and returns what it shows.
#[track_caller]
fn run(sandbox: &Sandbox, line: &str) -> String {
    let outcome = sandbox.run(line);
    assert_eq!(outcome.stderr, "", "{outcome:?}");
    outcome.payload().to_owned()
}

/// Checks that a file was refused and left as it was, and returns the error.
#[track_caller]
fn refused(sandbox: &Sandbox) -> Outcome {
    let before = trace_of_writing(&config(sandbox));
    let outcome = sandbox.run("configure docker");
    outcome.fails_with(1);
    assert_eq!(trace_of_writing(&config(sandbox)), before);
    assert!(!outcome.stderr.contains("M4rker"), "{outcome:?}");
    outcome
}

#[test]
#[cfg_attr(windows, ignore = "no modes of files")]
fn new_configuration_names_the_helper_for_every_host() {
    let sandbox = sandbox();
    let shown = run(&sandbox, "configure docker");
    let helpers = helpers(&sandbox);
    let helpers = helpers.as_object().unwrap();
    assert_eq!(helpers.len(), 26);
    assert!(helpers.values().all(|helper| helper == "ibmcloud"), "{helpers:?}");
    assert!(helpers.contains_key("icr.io") && helpers.contains_key("private.us.icr.io"));
    assert_eq!((mode(&config(&sandbox)), mode(&sandbox.home().join(".docker"))), (0o600, 0o700));
    assert_eq!(names(&sandbox.home().join(".docker")), ["config.json"]);
    let mut lines = shown.lines();
    assert_eq!(lines.next(), Some(format!("changed {}:", config(&sandbox).display()).as_str()));
    assert_eq!(lines.next(), Some("  + icr.io: ibmcloud"));
    assert_eq!(lines.count(), 25);

    let before = trace_of_writing(&config(&sandbox));
    assert_eq!(run(&sandbox, "configure docker"), format!("no change to {}", config(&sandbox).display()));
    assert_eq!(trace_of_writing(&config(&sandbox)), before);
}

#[test]
fn everything_else_stays_to_the_byte() {
    for before in [
        DOCKERS,
        "{\"z\":1,\"a\":{\"b\":[1,2]},\"z\":\"\\u00e9\\/\"}",
        "{ \"auths\": {}, \"a\": 1.0 }\n",
        "{\r\n  \"auths\": {}\r\n}\r\n",
        "{\n\"auths\": {}\n}\n",
        " \n{\n    \"plugins\": {\n        \"x\": {}\n    }\n}\n\n",
    ] {
        let sandbox = sandbox();
        sandbox.write(".docker/config.json", before);
        run(&sandbox, "configure docker");
        let after = content(&sandbox);
        let (start, end) = before.rsplit_once('}').unwrap();
        let start = start.trim_end();
        assert!(after.starts_with(start) && after.ends_with(&format!("}}{end}")), "{after}");
        assert_eq!(helpers(&sandbox).as_object().unwrap().len(), 26, "{after}");
        assert_eq!(before.contains("\r\n"), after.contains("\r\n"));
        assert_eq!(after.lines().count() == 1, before.lines().count() == 1, "{after}");
        let removed = run(&sandbox, "configure docker --remove");
        assert!(removed.contains("  - us.icr.io: ibmcloud"), "{removed}");
        assert_eq!(content(&sandbox), before);
    }
}

#[test]
fn layout_is_that_of_docker() {
    let sandbox = sandbox();
    sandbox.write(".docker/config.json", DOCKERS);
    run(&sandbox, "configure docker");
    let (_, added) =
        content(&sandbox).split_once("1.50e3").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert!(
        added.starts_with(",\n\t\"credHelpers\": {\n\t\t\"icr.io\": \"ibmcloud\",\n\t\t\"au.icr.io\""),
        "{added}"
    );
    assert!(added.ends_with("\"private.us.icr.io\": \"ibmcloud\"\n\t}\n}"), "{added}");
}

#[test]
fn empty_configurations_are_filled_and_emptied() {
    for (before, after) in [
        ("", "{}\n"),
        ("\n", "{}\n"),
        ("{}", "{}"),
        ("{ }\n", "{}\n"),
        ("{\"credHelpers\": {}}", "{}"),
        ("{\"credHelpers\":null}", "{}"),
    ] {
        let sandbox = sandbox();
        sandbox.write(".docker/config.json", before);
        run(&sandbox, "configure docker");
        assert_eq!(helpers(&sandbox)["us.icr.io"], "ibmcloud", "{before:?}");
        run(&sandbox, "configure docker --remove");
        assert_eq!(content(&sandbox), after, "{before:?}");
    }
}

#[test]
fn another_helper_is_left_alone_and_named() {
    let sandbox = sandbox();
    let before = r#"{"credHelpers": {"registry.example": "pass", "us.icr.io": "pass", "de.icr.io": "ibmcloudish"}, "a": 1}"#;
    sandbox.write(".docker/config.json", before);
    let outcome = sandbox.run("configure docker");
    let warnings: Vec<&str> = outcome.stderr.lines().collect();
    assert_eq!(
        warnings,
        [
            "warning: `de.icr.io` keeps its credential helper `ibmcloudish`; remove that first to replace it",
            "warning: `us.icr.io` keeps its credential helper `pass`; remove that first to replace it"
        ]
    );
    assert!(!outcome.payload().contains(" us.icr.io"), "{outcome:?}");
    let helpers = helpers(&sandbox);
    assert_eq!(helpers["registry.example"], "pass");
    assert_eq!((&helpers["us.icr.io"], &helpers["de.icr.io"]), (&json!("pass"), &json!("ibmcloudish")));
    assert_eq!((helpers.as_object().unwrap().len(), &helpers["uk.icr.io"]), (27, &json!("ibmcloud")));
    run(&sandbox, "configure docker --remove");
    assert_eq!(content(&sandbox), before);
    assert!(run(&sandbox, "configure docker --remove").starts_with("no change to "));
}

#[test]
#[cfg_attr(windows, ignore = "no links without a privilege")]
fn named_session_has_a_helper_of_its_own() {
    let sandbox = sandbox();
    link(&sandbox, "docker-credential-ibmcloud-prod");
    let path = format!("{}:{}", sandbox.home().display(), helper_directory().display());
    let sandbox = sandbox.with("PATH", path);
    run(&sandbox, "configure docker");
    let shown = run(&sandbox, "configure docker --session prod");
    assert!(shown.contains("  - us.icr.io: ibmcloud\n  + us.icr.io: ibmcloud-prod\n"), "{shown}");
    assert_eq!(helpers(&sandbox)["us.icr.io"], "ibmcloud-prod");
    // Only the helper of the session that was named is removed, and without a name all of ours are.
    assert!(run(&sandbox, "configure docker --remove --session test").starts_with("no change to "));
    let by_variable =
        sandbox.program(["configure", "docker", "--remove"]).env("IBMCLOUD_TOKEN_SESSION", "test").output();
    assert!(Outcome::from(by_variable.unwrap()).payload().starts_with("no change to "));
    run(&sandbox, "configure docker --remove");
    assert_eq!(content(&sandbox), "{}\n");
    run(&sandbox, "--session prod configure docker");
    run(&sandbox, "configure docker --remove --session prod");
    assert_eq!(content(&sandbox), "{}\n");
}

#[test]
#[cfg_attr(windows, ignore = "no modes of files")]
fn helper_that_is_not_in_path_is_a_warning() {
    let missing = "so every use of the registry will fail until it is";
    let without = Sandbox::new().with("PATH", "/usr/bin:/bin");
    let outcome = without.run("configure docker");
    assert_eq!(outcome.stderr, format!("warning: `docker-credential-ibmcloud` is not in PATH, {missing}\n"));
    assert_eq!(helpers(&without)["us.icr.io"], "ibmcloud", "{outcome:?}");
    assert_eq!(without.run("configure docker -q").stderr, "");
    // Clients do not run a helper from a relative entry of PATH.
    let relative = Sandbox::new().with("PATH", "bin:/usr/bin");
    relative.write("bin/docker-credential-ibmcloud", "#!/bin/sh\n");
    let program = relative.home().join("bin/docker-credential-ibmcloud");
    set_mode(program, 0o755);
    assert!(relative.run("configure docker").stderr.contains(missing));
    // The link of a named session can be created by the command that is shown.
    let bin = Sandbox::new();
    let program = link(&bin, "docker-credential-ibmcloud");
    let bin_directory = bin.home().to_str().unwrap().to_owned();
    let bin = bin.with("PATH", format!("{bin_directory}:/usr/bin:/bin"));
    let outcome = bin.run("configure docker --session prod");
    let command = format!("ln -s {program} {program}-prod");
    assert_eq!(
        outcome.stderr,
        format!(
            "warning: `docker-credential-ibmcloud-prod` is not in PATH, {missing}; create it with `{command}`\n"
        )
    );
    assert_eq!(bin.shell("sh", &command).status, Some(0));
    run(&bin, "configure docker --session prod");
    assert_eq!(without.run("configure docker --remove").stderr, "");
}

#[test]
fn dry_run_shows_the_change_and_makes_none() {
    let sandbox = sandbox();
    let wanted = run(&sandbox, "configure docker --dry-run");
    assert!(!sandbox.home().join(".docker").exists());
    let changed = run(&sandbox, "configure docker");
    assert_eq!(wanted.replacen("would change", "changed", 1), changed);
    let before = trace_of_writing(&config(&sandbox));
    assert!(run(&sandbox, "configure docker --remove --dry-run").contains("  - us.icr.io: ibmcloud"));
    assert_eq!(trace_of_writing(&config(&sandbox)), before);
}

#[test]
#[cfg_attr(windows, ignore = "no modes of files")]
fn mode_is_kept_and_no_other_file_is_left() {
    for kept in [0o600, 0o644, 0o640, 0o400] {
        let sandbox = sandbox();
        sandbox.write(".docker/config.json", DOCKERS);
        set_mode(config(&sandbox), kept);
        run(&sandbox, "configure docker");
        assert_eq!(mode(&config(&sandbox)), kept);
        assert_eq!(names(&sandbox.home().join(".docker")), ["config.json"]);
    }
}

/// A client that has the file open sees the old configuration or the new one, and never a part of it.
#[test]
#[cfg_attr(windows, ignore = "files have no inodes")]
fn configuration_is_replaced_as_a_whole() {
    let sandbox = sandbox();
    sandbox.write(".docker/config.json", DOCKERS);
    for line in ["configure docker", "configure docker --remove"] {
        let (number, before) = (inode(config(&sandbox)), content(&sandbox));
        let mut open = fs::File::open(config(&sandbox)).unwrap();
        run(&sandbox, line);
        assert_ne!(inode(config(&sandbox)), number, "{line}");
        let mut seen = String::new();
        open.read_to_string(&mut seen).unwrap();
        assert_eq!(seen, before, "{line}");
        assert_ne!(content(&sandbox), before, "{line}");
    }
}

// Not on Windows: files have no owner who can be changed like this.
#[cfg(unix)]
#[test]
fn owner_is_kept_if_root_configures_for_a_user() {
    use std::os::unix::fs::{MetadataExt as _, chown};

    let sandbox = sandbox();
    sandbox.write(".docker/config.json", DOCKERS);
    set_mode(config(&sandbox), 0o640);
    // Only root may give a file away, so for other users this is the test of the mode again.
    let given_away = chown(config(&sandbox), Some(1), Some(1)).is_ok();
    run(&sandbox, "configure docker");
    let metadata = fs::metadata(config(&sandbox)).unwrap();
    assert_eq!((metadata.uid() == 1 && metadata.gid() == 1, metadata.mode() & 0o777), (given_away, 0o640));
}

#[test]
#[cfg_attr(windows, ignore = "no links without a privilege")]
fn symbolic_link_is_followed_to_its_target() {
    for exists in [true, false] {
        let sandbox = sandbox();
        for directory in [".docker", "dotfiles"] {
            fs::create_dir(sandbox.home().join(directory)).unwrap();
        }
        if exists {
            sandbox.write("dotfiles/docker.json", DOCKERS);
        }
        symlink("docker.json", sandbox.home().join("dotfiles/link"));
        symlink("../dotfiles/link", config(&sandbox));
        run(&sandbox, "configure docker");
        assert!(config(&sandbox).is_symlink() && sandbox.home().join("dotfiles/link").is_symlink());
        assert!(!sandbox.home().join("dotfiles/docker.json").is_symlink());
        assert_eq!(helpers(&sandbox)["us.icr.io"], "ibmcloud");
        assert_eq!(names(&sandbox.home().join(".docker")), ["config.json"]);
    }
    let sandbox = sandbox();
    fs::create_dir(sandbox.home().join(".docker")).unwrap();
    symlink("config.json", config(&sandbox));
    sandbox.run("configure docker").fails_with(1);
    assert!(config(&sandbox).is_symlink());
}

#[test]
fn file_that_is_not_understood_is_refused() {
    for (content, reason) in [
        (r#"["M4rker"]"#, "it is not a JSON object"),
        (r#""M4rker""#, "it is not a JSON object"),
        ("null", "it is not a JSON object"),
        (r#"{"auths": {"M4rker"#, "it is not JSON (line 1"),
        (r#"{"M4rker": 1,}"#, "it is not JSON"),
        (r#"{"M4rker": 1} {}"#, "it is not JSON"),
        (r#"{"M4rker": M4rker}"#, "it is not JSON"),
        ("// M4rker\n{}", "it is not JSON"),
        ("\u{feff}{}", "it is not JSON"),
        (r#"{"credHelpers": "M4rker"}"#, "`credHelpers` is not an object"),
        (r#"{"credHelpers": ["M4rker"]}"#, "`credHelpers` is not an object"),
        (r#"{"credHelpers": {"us.icr.io": {"M4rker": 1}}}"#, "`credHelpers` is not an object"),
        (r#"{"credHelpers": {}, "credHelpers": {"x": "M4rker"}}"#, "more than one member `credHelpers`"),
        (r#"{"credHelpers": {"M4rker": "a", "M4rker": "b"}}"#, "`credHelpers` is not an object"),
        (r#"{"credhelpers": {"x": "M4rker"}}"#, "differs from `credHelpers` only in case"),
    ] {
        let sandbox = sandbox();
        sandbox.write(".docker/config.json", content);
        let outcome = refused(&sandbox);
        assert!(outcome.error().contains(reason), "{content}: {outcome:?}");
        sandbox.run("configure docker --remove").fails_with(1);
    }
    let sandbox = sandbox();
    sandbox.write(".docker/config.json", b"{\"a\": \"M4rker\xff\"}");
    assert!(refused(&sandbox).error().contains("it is not UTF-8"));
    sandbox.write(".docker/config.json", format!("{{\"a\": \"{}\"}}", "M4rker".repeat(200_000)));
    assert!(refused(&sandbox).error().contains("larger than 1 MiB"));
}

#[test]
#[cfg_attr(windows, ignore = "no named pipes in the file system")]
fn what_is_not_a_regular_file_is_refused() {
    let sandbox = sandbox();
    make_pipe(&sandbox.home().join("pipe"));
    for file in ["pipe", "/dev/null", "/dev/stdin", "."] {
        let outcome = sandbox.run(&format!("configure docker --file {file}"));
        outcome.fails_with(1);
        assert!(outcome.error().contains("not a regular file"), "{outcome:?}");
    }
}

#[test]
fn variables_and_options_name_the_file() {
    let sandbox = sandbox();
    let other = sandbox.home().join("other");
    let sandbox = sandbox.with("DOCKER_CONFIG", other.to_str().unwrap());
    run(&sandbox, "configure docker");
    assert_eq!((names(&other), config(&sandbox).exists()), (vec!["config.json".to_owned()], false));
    run(&sandbox, "configure docker --file run/containers/auth.json");
    assert_eq!(names(&sandbox.home().join("run/containers")), ["auth.json"]);
    let sandbox = sandbox.with("IBMCLOUD_TOKEN_FILE", "named.json");
    run(&sandbox, "configure docker");
    assert!(sandbox.home().join("named.json").exists());

    let homeless = Sandbox::new().with(HOME, "");
    let outcome = homeless.run("configure docker");
    outcome.fails_with(2);
    assert!(outcome.hint().contains("--file PATH"), "{outcome:?}");
}

#[test]
fn failure_to_write_changes_nothing() {
    let sandbox = sandbox();
    for file in ["/proc/config.json", "/dev/null/config.json"] {
        sandbox.run(&format!("configure docker --file {file}")).fails_with(1);
    }
}

#[test]
fn only_docker_can_be_configured() {
    let sandbox = sandbox();
    for line in ["configure", "configure podman", "configure docker --timeout 5s", "configure docker docker"]
    {
        sandbox.run(line).fails_with(2);
    }
    assert!(!config(&sandbox).exists());
}
