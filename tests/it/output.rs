//! The contract of the command line: exit codes, streams, formats, files, options and their variables.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::sandbox::{Outcome, Sandbox, jwt, root, token};

/// Checks a failure as a script and a person see it: nothing on stdout, one line with what happened, one with what to do.
#[track_caller]
fn assert_failure(outcome: &Outcome, status: i32) {
    outcome.fails_with(status);
    let count = |start| outcome.stderr.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!((count("error: "), count("hint: ")), (1, 1), "{outcome:?}");
    assert!(outcome.stderr.ends_with('\n'), "{outcome:?}");
}

/// What the CLI prints of a token.
fn printed(token: &str) -> Vec<u8> {
    format!("IAM token:  Bearer {token}\n").into_bytes()
}

/// A sandbox with a session whose token is good for an hour, and that token.
fn logged_in() -> (Sandbox, String) {
    let (sandbox, token) = (Sandbox::with_session(), jwt(-10, 3600));
    sandbox.write_session(&token);
    (sandbox, token)
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

// ---- exit codes --------------------------------------------------------------------------------------------------

#[test]
fn every_exit_code_is_reached() {
    let (sandbox, _) = logged_in();
    assert_eq!(sandbox.run("get").status, Some(0));
    for (status, sandbox, line) in [
        (1, sandbox, "get -o no/such/folder/token"),
        (2, Sandbox::new(), "get --no-such-option"),
        (3, Sandbox::new(), "get --ibmcloud no-such-program"),
        (4, Sandbox::replaying("oauth-tokens-not-logged-in"), "get"),
        (5, Sandbox::replaying("oauth-tokens-empty"), "get"),
        (6, Sandbox::replaying("oauth-tokens-no-such-host"), "get"),
        (7, Sandbox::new().with("STAND_IN_HANG", "1"), "get --timeout 200ms"),
        (8, Sandbox::replaying("oauth-tokens-expired"), "get"),
    ] {
        assert_failure(&sandbox.run(line), status);
    }
}

#[test]
fn every_kind_of_failure_has_an_error_a_hint_and_no_output() {
    let (plain, outdated) = (Sandbox::new, || Sandbox::new().with("STAND_IN_SESSION", "1"));
    let logged_in = || logged_in().0;
    for (status, sandbox, line) in [
        (1, logged_in(), "get -o /"),
        (1, logged_in(), "get -o ."),
        (1, logged_in(), "get -o /dev/null/token"),
        (1, logged_in(), "status -o no/such/folder/status"),
        (1, plain(), "login --apikey @no-such-file"),
        (1, plain(), "login --apikey @/"),
        (1, plain().with("XDG_DATA_HOME", "/dev/null"), "get --session a"),
        (2, plain(), "no-such-command"),
        (2, plain(), "get too many words"),
        (2, plain(), "--login status"),
        (2, plain(), "status --login"),
        (2, plain(), "get -q -v"),
        (2, plain(), "get --format"),
        (2, plain(), "get --format yaml"),
        (2, plain(), "get --shell csh"),
        (2, plain(), "get --name 1x"),
        (2, plain(), "get --name a-b"),
        (2, plain(), "get --name="),
        (2, plain(), "get --session ../a"),
        (2, plain(), "get --min-ttl soon"),
        (2, plain(), "get --timeout 0"),
        (2, plain(), "get --timeout -5s"),
        (2, plain(), "get --format github"),
        (2, plain().with("GITHUB_ENV", "env"), "get --format github -o token"),
        (2, plain(), "parse --format github"),
        (2, plain(), "status --format env"),
        (2, plain(), "inspect --format token"),
        (2, plain(), "inspect eyJhbGciOiJub25lIn0.e30.c2ln"),
        (2, plain(), "login --apikey secret"),
        (2, plain(), "login --apikey @"),
        (2, plain(), "login --apikey -"),
        (2, plain(), "login --passcode secret"),
        (2, plain(), "login --passcode -"),
        (2, plain(), "login --sso --passcode -"),
        (2, plain(), "login --sso --apikey -"),
        (2, plain(), "login -r us-south --no-region"),
        (2, plain(), "login -c a --no-account"),
        (2, plain(), "login --skip-ssl-validation"),
        (3, plain().with("PATH", "/nowhere"), "get"),
        (3, plain(), "get --ibmcloud /etc/passwd"),
        (3, plain(), "get --ibmcloud /"),
        (4, plain(), "status"),
        (4, plain(), "login"),
        (4, plain(), "login --sso"),
        (4, outdated(), "get"),
        (4, outdated(), "get --login"),
        (4, outdated(), "inspect"),
        (5, plain(), "parse"),
        (5, plain(), "inspect -"),
        (5, Sandbox::replaying("oauth-tokens-panic-config"), "get"),
        (5, Sandbox::replaying("oauth-tokens-incorrect-usage"), "get"),
        (5, plain().with("STAND_IN_SIGNAL", "KILL"), "get"),
        (8, logged_in(), "get --min-ttl 2h"),
    ] {
        let outcome = sandbox.run(line);
        assert_eq!(outcome.status, Some(status), "{line}: {outcome:?}");
        assert_failure(&outcome, status);
    }
}

#[test]
fn the_help_names_every_exit_code() {
    let help = Sandbox::new().run("--help").payload().to_owned();
    let (_, codes) = help.split_once("Exit codes:\n").unwrap();
    let listed: Vec<&str> = codes.lines().map(|line| line.trim_start().split_once("  ").unwrap().0).collect();
    assert_eq!(listed, ["0", "1", "2", "3", "4", "5", "6", "7", "8"]);
}

#[test]
fn the_readme_names_the_same_exit_codes() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap().replace('`', "");
    let help = Sandbox::new().run("--help").payload().to_owned();
    let (_, codes) = help.split_once("Exit codes:\n").unwrap();
    for line in codes.lines() {
        let (code, meaning) = line.trim_start().split_once("  ").unwrap();
        let row = format!("| {code} | {meaning}");
        assert!(readme.lines().any(|line| line.starts_with(&row)), "the README does not say: {row}");
    }
}

#[test]
fn help_and_version_are_payload() {
    let sandbox = Sandbox::new();
    for line in [
        "--help",
        "-h",
        "get --help",
        "login -h",
        "parse --help",
        "status --help",
        "inspect --help",
        "--version",
        "-V",
    ] {
        let outcome = sandbox.run(line);
        assert!(!outcome.payload().is_empty(), "{line}");
        assert_eq!(outcome.stderr, "", "{line}");
    }
    assert_eq!(sandbox.run("--version").payload(), concat!("ibmcloud-token ", env!("CARGO_PKG_VERSION")));
}

// ---- formats -----------------------------------------------------------------------------------------------------

/// Every format with what it makes of a token.
fn formats(token: &str) -> Vec<(&'static str, String)> {
    vec![
        ("-f bearer", format!("Bearer {token}")),
        ("-f token", token.to_owned()),
        ("--format=header", format!("Authorization: Bearer {token}")),
        ("-fenv --shell sh", format!("export IAM_TOKEN='{token}'")),
        ("--format env --shell fish", format!("set -gx IAM_TOKEN '{token}'")),
        ("--format env --shell powershell", format!("$env:IAM_TOKEN = '{token}'")),
        ("--format env --shell nu", format!("$env.IAM_TOKEN = '{token}'")),
        ("--format env --shell cmd", format!("set \"IAM_TOKEN={token}\"")),
        ("--format env --shell sh --name MY_1", format!("export MY_1='{token}'")),
        ("--format dotenv", format!("IAM_TOKEN={token}")),
        ("--format dotenv --name _x", format!("_x={token}")),
        ("--format curl", format!("header = \"Authorization: Bearer {token}\"")),
    ]
}

#[test]
fn every_format_before_and_after_every_command_that_prints_a_token() {
    let (sandbox, session) = logged_in();
    let input = token("user-apikey");
    for (options, expected) in formats(&session) {
        for line in [options.to_owned(), format!("get {options}"), format!("{options} get")] {
            assert_eq!(sandbox.run(&line).payload(), expected, "{line}");
        }
    }
    for (options, expected) in formats(&input) {
        for line in [format!("parse {options}"), format!("{options} parse")] {
            assert_eq!(sandbox.run_with_input(&line, &printed(&input)).payload(), expected, "{line}");
        }
    }
}

#[test]
fn json_is_one_object_with_what_is_known() {
    let (sandbox, session) = logged_in();
    for (outcome, token, source) in [
        (sandbox.run("get -f json"), &session, "session-file"),
        (sandbox.run_with_input("-f json parse", &printed(&session)), &session, "stdin"),
    ] {
        let json: serde_json::Value = serde_json::from_str(outcome.payload()).unwrap();
        assert_eq!(json["access_token"], **token);
        assert_eq!(json["token_type"], "Bearer");
        assert_eq!((&json["account"], &json["iam_id"]), (&"a1".into(), &"IBMid-1".into()));
        assert_eq!(json["source"], source);
        let left = json["expires_in"].as_i64().unwrap();
        assert!((3400..=3600).contains(&left), "{left}");
        let expires_at = humantime::parse_rfc3339(json["expires_at"].as_str().unwrap()).unwrap();
        let expiration = expires_at.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        assert_eq!(json["expiration"], expiration);
    }
    let opaque = sandbox.run_with_input("parse -f json", &printed(&token("opaque")));
    let json: serde_json::Value = serde_json::from_str(opaque.payload()).unwrap();
    for name in ["expires_at", "expiration", "expires_in", "account", "iam_id"] {
        assert_eq!(json.get(name), Some(&serde_json::Value::Null), "{name}");
    }
}

#[test]
fn the_shell_of_the_user_decides_the_assignment() {
    let (sandbox, token) = logged_in();
    let mut sandbox = sandbox;
    for (shell, expected) in [
        ("/usr/bin/fish", format!("set -gx IAM_TOKEN '{token}'")),
        ("/usr/bin/pwsh", format!("$env:IAM_TOKEN = '{token}'")),
        ("/opt/nu", format!("$env.IAM_TOKEN = '{token}'")),
        ("/bin/zsh", format!("export IAM_TOKEN='{token}'")),
        ("", format!("export IAM_TOKEN='{token}'")),
    ] {
        sandbox = sandbox.with("SHELL", shell);
        assert_eq!(sandbox.run("-f env").payload(), expected, "{shell}");
    }
}

#[test]
fn github_masks_first_and_keeps_what_the_files_hold() {
    let (sandbox, token) = logged_in();
    let output = sandbox.write("output", "a=b\n");
    let env = sandbox.write("env", "");
    let one = sandbox.with("GITHUB_OUTPUT", output.to_str().unwrap());
    assert_eq!(one.run("get -f github").payload(), format!("::add-mask::{token}"));
    assert_eq!(fs::read_to_string(&output).unwrap(), format!("a=b\nIAM_TOKEN={token}\n"));
    assert_eq!(fs::read_to_string(&env).unwrap(), "");

    let both = one.with("GITHUB_ENV", env.to_str().unwrap());
    let outcome = both.run_with_input("parse -f github --name T", &printed(&token));
    assert_eq!(outcome.payload(), format!("::add-mask::{token}"));
    assert_eq!(fs::read_to_string(&output).unwrap(), format!("a=b\nIAM_TOKEN={token}\nT={token}\n"));
    assert_eq!(fs::read_to_string(&env).unwrap(), format!("T={token}\n"));
}

#[test]
fn the_mask_is_printed_before_the_token_is_handed_on() {
    // The runner reads the log as it comes: nobody may see the token in the file before the mask is out.
    let (sandbox, token) = logged_in();
    let log = sandbox.write("everything", "");
    let sandbox = sandbox.with("GITHUB_OUTPUT", log.to_str().unwrap());
    let outcome = sandbox.shell("sh", "ibmcloud-token -f github >>everything");
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let log = fs::read_to_string(log).unwrap();
    assert_eq!(log, format!("::add-mask::{token}\nIAM_TOKEN={token}\n"));
}

#[test]
fn a_mask_that_nobody_reads_stops_the_hand_over_to_github() {
    let sandbox = Sandbox::replaying("oauth-tokens-one-line");
    let file = sandbox.write("env", "KEPT=1\n");
    let sandbox = sandbox.with("GITHUB_ENV", file.to_str().unwrap());
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status =
        sandbox.program(["-q", "-f", "github"]).stdout(writer).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(1));
    assert_eq!(fs::read_to_string(file).unwrap(), "KEPT=1\n");
}

#[test]
fn an_input_that_does_not_end_has_until_the_deadline() {
    for line in ["parse", "inspect -", "login --apikey -"] {
        let sandbox = Sandbox::new();
        let (reader, writer) = std::io::pipe().unwrap();
        let mut command = sandbox.program(line.split(' ').chain(["--timeout", "200ms"]));
        let outcome: Outcome = command.stdin(reader).output().unwrap().into();
        outcome.fails_with(7);
        drop(writer);
    }
}

#[test]
fn a_github_file_that_is_not_there_is_an_error_before_anything_is_said() {
    let (sandbox, _) = logged_in();
    let env = sandbox.write("env", "");
    let sandbox = sandbox.with("GITHUB_ENV", env.to_str().unwrap()).with("GITHUB_OUTPUT", "/nowhere/output");
    assert_failure(&sandbox.run("get -f github"), 1);
    assert_failure(&sandbox.run("parse -f github"), 5);
    assert_eq!(fs::read_to_string(env).unwrap(), "");
}

#[test]
fn no_output_holds_an_escape_sequence() {
    let (sandbox, _) = logged_in();
    let mut sandbox = sandbox;
    for (name, value) in [("TERM", "xterm-256color"), ("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")] {
        sandbox = sandbox.with(name, value);
        for line in
            ["--help", "get -v", "get -v --fresh", "get --formt", "status", "inspect", "status -f json"]
        {
            let Outcome { stdout, stderr, .. } = sandbox.run(line);
            assert!(!stdout.contains('\x1b') && !stderr.contains('\x1b'), "{line}: {stdout}{stderr}");
        }
    }
    let coloured = Sandbox::replaying("oauth-tokens-colours").run("get -v");
    assert!(!coloured.payload().contains('\x1b') && !coloured.stderr.contains('\x1b'), "{coloured:?}");
}

// ---- options and their variables ---------------------------------------------------------------------------------

#[test]
fn every_option_for_every_command_has_its_variable() {
    let help = Sandbox::new().run("get --help").payload().to_owned();
    let (_, options) = help.split_once("Options for every command:\n").unwrap();
    let mut options: Vec<&str> = options
        .split_whitespace()
        .filter(|word| word.starts_with("--") && word.len() > 2)
        .map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()))
        .collect();
    options.sort_unstable();
    options.dedup();
    for option in &options {
        let variable = format!("IBMCLOUD_TOKEN_{}", option.to_uppercase().replace('-', "_"));
        assert!(help.contains(&format!("[env: {variable}=]")), "--{option} has no {variable}");
    }
    // Each of them is tried out below.
    assert_eq!(
        options,
        [
            "format", "fresh", "ibmcloud", "min-ttl", "name", "output", "quiet", "session", "shell",
            "timeout", "verbose"
        ]
    );
}

#[test]
fn the_standard_output_has_a_name_and_is_no_file_to_take_over() {
    let sandbox = Sandbox::new();
    let expected = format!("Bearer {}", token("passcode-mfa"));
    assert_eq!(sandbox.run("get -o -").payload(), expected);
    assert!(!sandbox.home().join("-").exists());
    // A redirected standard output, by the system's name for it.
    symlink("/proc/self/fd/1", sandbox.home().join("stdout")).unwrap();
    let outcome = sandbox.shell("sh", "ibmcloud-token get -o stdout >file");
    outcome.fails_with(1);
    assert!(sandbox.home().join("stdout").is_symlink());
    assert_eq!(fs::read(sandbox.home().join("file")).unwrap(), b"");
}

#[test]
fn a_file_from_the_environment_is_for_tokens() {
    let sandbox = Sandbox::new().with("IBMCLOUD_TOKEN_OUTPUT", "token");
    sandbox.write_session(&jwt(-60, 3540));
    assert_eq!(sandbox.run("").stdout, "");
    let written = fs::read(sandbox.home().join("token")).unwrap();
    for line in ["status", "inspect"] {
        assert!(sandbox.run(line).payload().contains("IBMid-1"), "{line}");
        assert_eq!(fs::read(sandbox.home().join("token")).unwrap(), written, "{line}");
        assert_eq!(sandbox.run(&format!("{line} -o {line}.txt")).stdout, "");
        assert!(fs::read_to_string(sandbox.home().join(format!("{line}.txt"))).unwrap().contains("IBMid-1"));
    }
}

#[test]
fn a_path_cannot_forge_a_line() {
    let sandbox = Sandbox::new();
    let home = sandbox.home().join("a\nhint: do something else\u{1b}[31m");
    fs::create_dir(&home).unwrap();
    let sandbox = sandbox.with("HOME", home.to_str().unwrap()).with("IBMCLOUD_TOKEN_IBMCLOUD", "/none");
    for line in ["-v", "status", "-o /none/file"] {
        let said = sandbox.run(line).stderr;
        assert!(!said.contains("\nhint: do something else") && !said.contains('\u{1b}'), "{said}");
    }
}

#[test]
fn a_standard_output_that_cannot_be_written_to_is_an_error() {
    let sandbox = Sandbox::new().with("GITHUB_OUTPUT", "output");
    sandbox.write("output", "");
    for line in ["get", "get -f github", "get -f json"] {
        let outcome = sandbox.shell("sh", &format!("ibmcloud-token {line} 1</dev/null"));
        outcome.fails_with(1);
        assert_eq!(fs::read(sandbox.home().join("output")).unwrap(), b"", "{line}");
    }
}

#[test]
fn help_that_cannot_be_written_is_an_error() {
    for line in ["--version", "--help", "get --help"] {
        let outcome = Sandbox::new().shell("sh", &format!("ibmcloud-token {line} >/dev/full"));
        assert!(outcome.fails_with(1).stderr.contains("\nhint: "), "{outcome:?}");
    }
}

#[test]
fn variables_do_what_the_options_do_and_what_is_typed_wins() {
    let (sandbox, token) = logged_in();
    let shown = |sandbox: &Sandbox, line: &str| sandbox.run(line).payload().to_owned();

    let sandbox = sandbox.with("IBMCLOUD_TOKEN_FORMAT", "env").with("IBMCLOUD_TOKEN_SHELL", "nu");
    assert_eq!(shown(&sandbox, "get"), format!("$env.IAM_TOKEN = '{token}'"));
    let sandbox = sandbox.with("IBMCLOUD_TOKEN_NAME", "OTHER");
    assert_eq!(shown(&sandbox, ""), format!("$env.OTHER = '{token}'"));
    assert_eq!(shown(&sandbox, "--shell fish --name T"), format!("set -gx T '{token}'"));
    assert_eq!(shown(&sandbox, "get -f token"), token);
    // A format in the environment is meant for tokens.
    assert!(shown(&sandbox, "status").starts_with("User "));

    let sandbox = sandbox.with("IBMCLOUD_TOKEN_OUTPUT", "file");
    assert_eq!(sandbox.run("get -f token").stdout, "");
    assert_eq!(fs::read_to_string(sandbox.home().join("file")).unwrap(), format!("{token}\n"));
}

#[test]
fn the_variables_of_durations() {
    let (sandbox, _) = logged_in();
    let sandbox = sandbox.with("IBMCLOUD_TOKEN_MIN_TTL", "2h");
    assert_failure(&sandbox.run("get"), 8);
    assert_eq!(sandbox.run("get --min-ttl 5m").status, Some(0));
    assert_failure(&sandbox.with("IBMCLOUD_TOKEN_MIN_TTL", "soon").run("get"), 2);

    let sandbox = Sandbox::new().with("STAND_IN_HANG", "1").with("IBMCLOUD_TOKEN_TIMEOUT", "200ms");
    let start = Instant::now();
    assert_failure(&sandbox.run("get"), 7);
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_failure(&sandbox.with("IBMCLOUD_TOKEN_TIMEOUT", "0s").run("get"), 2);
}

#[test]
fn the_variables_of_the_cli_and_the_session() {
    let sandbox = Sandbox::new().with("IBMCLOUD_TOKEN_IBMCLOUD", "no-such-program");
    assert_failure(&sandbox.run("get"), 3);
    assert_eq!(sandbox.run("get --ibmcloud ibmcloud").status, Some(0));
    let (sandbox, _) = logged_in();
    assert_failure(&sandbox.with("IBMCLOUD_TOKEN_SESSION", "none").run("get"), 4);
}

#[test]
fn a_switch_s_variable_switches_on_and_off() {
    for (value, is_on) in [
        ("1", true),
        ("true", true),
        ("yes", true),
        ("on", true),
        ("TRUE", true),
        ("0", false),
        ("false", false),
        ("no", false),
        ("off", false),
        ("", false),
    ] {
        let (sandbox, _) = logged_in();
        let sandbox = sandbox.with("IBMCLOUD_TOKEN_FRESH", value);
        assert_eq!(sandbox.run("get").status, Some(0));
        assert_eq!(sandbox.calls(), usize::from(is_on), "FRESH={value}");

        let verbose = sandbox.with("IBMCLOUD_TOKEN_VERBOSE", value);
        assert_eq!(!verbose.run("get").stderr.is_empty(), is_on, "VERBOSE={value}");
        // What is typed counts more.
        assert_eq!(verbose.run("get -q").stderr, "", "VERBOSE={value} -q");

        let (sandbox, _) = logged_in();
        let quiet = sandbox.with("IBMCLOUD_TOKEN_QUIET", value);
        assert!(!quiet.run("get -v").stderr.is_empty(), "QUIET={value} -v");
        if is_on {
            assert_failure(&quiet.with("IBMCLOUD_TOKEN_VERBOSE", value).run("get"), 2);
        }
    }
}

#[test]
fn quiet_silences_warnings_and_not_errors() {
    let sandbox = Sandbox::with_session();
    // Issued in ten minutes from now: this clock is slow.
    sandbox.write_session(&jwt(600, 4200));
    assert!(sandbox.run("get").stderr.starts_with("warning: "));
    for line in ["get -q", "get --quiet", "-q get"] {
        assert_eq!(sandbox.run(line).stderr, "");
    }
    let sandbox = sandbox.with("IBMCLOUD_TOKEN_QUIET", "1");
    assert_eq!(sandbox.run("get").stderr, "");
    assert_failure(&sandbox.run("get --min-ttl 5h"), 8);
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let (mut sandbox, token) = logged_in();
    for option in [
        "FORMAT", "FRESH", "IBMCLOUD", "MIN_TTL", "NAME", "OUTPUT", "QUIET", "SESSION", "SHELL", "TIMEOUT",
        "VERBOSE",
    ] {
        sandbox = sandbox.with(&format!("IBMCLOUD_TOKEN_{option}"), "");
    }
    let outcome = sandbox.run("get");
    assert_eq!(outcome.payload(), format!("Bearer {token}"));
    assert_eq!(outcome.stderr, "");
    assert_eq!(sandbox.run("get -f env --shell sh").payload(), format!("export IAM_TOKEN='{token}'"));
}

#[test]
fn options_stand_before_and_after_the_command() {
    let (sandbox, _) = logged_in();
    for (before, after) in [
        ("--min-ttl soon get", "get --min-ttl soon"),
        ("--timeout nonsense get", "get --timeout nonsense"),
        ("--ibmcloud no-such --fresh get", "get --fresh --ibmcloud no-such"),
        ("--session none get", "get --session none"),
        ("-o . get", "get -o ."),
    ] {
        let (before, after) = (sandbox.run(before), sandbox.run(after));
        assert_ne!(before.status, Some(0));
        assert_eq!((before.status, &before.stdout), (after.status, &after.stdout));
        let error = |outcome: &Outcome| outcome.stderr.lines().next().unwrap().to_owned();
        assert_eq!(error(&before), error(&after));
    }
}

#[test]
fn a_mistake_does_not_repeat_a_secret() {
    let sandbox = Sandbox::new();
    let token = token("user-apikey");
    for line in [format!("get {token}"), format!("get --format {token}"), token.clone()] {
        let outcome = sandbox.run(&line);
        assert_failure(&outcome, 2);
        assert!(!outcome.stderr.contains("eyJ"), "{outcome:?}");
    }
}

// ---- files -------------------------------------------------------------------------------------------------------

#[test]
fn a_file_is_private_whatever_the_umask() {
    for umask in ["0000", "0022", "0077", "0277", "0777"] {
        let (sandbox, token) = logged_in();
        // The home is there already; only what we create feels the umask.
        let outcome = sandbox.shell("sh", &format!("umask {umask}; ibmcloud-token -o token"));
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""), "{outcome:?}");
        let file = sandbox.home().join("token");
        assert_eq!(mode(&file), 0o600, "umask {umask}");
        assert_eq!(fs::read_to_string(file).unwrap(), format!("Bearer {token}\n"));
        assert!(names(sandbox.home()).iter().all(|name| !name.starts_with(".ibmcloud-token-")));
    }
}

#[test]
fn a_file_that_is_there_is_replaced_and_becomes_private() {
    let (sandbox, token) = logged_in();
    let file = sandbox.write("folder/token", "old");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let before = fs::metadata(&file).unwrap().ino();
    assert_eq!(sandbox.run("get -o folder/token -f token").status, Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{token}\n"));
    assert_eq!(mode(&file), 0o600);
    assert_ne!(
        fs::metadata(&file).unwrap().ino(),
        before,
        "who has the old file open does not see the token"
    );
    assert_eq!(names(&sandbox.home().join("folder")), ["token"]);
}

#[test]
fn a_link_is_replaced_and_not_followed() {
    let (sandbox, token) = logged_in();
    let theirs = sandbox.write("theirs", "theirs");
    for target in [theirs.as_path(), Path::new("/nowhere/at/all"), Path::new("link")] {
        let link = sandbox.home().join("link");
        symlink(target, &link).unwrap();
        assert_eq!(sandbox.run("get -o link").status, Some(0));
        assert!(fs::symlink_metadata(&link).unwrap().is_file());
        assert_eq!(fs::read_to_string(&link).unwrap(), format!("Bearer {token}\n"));
        assert_eq!(fs::read_to_string(&theirs).unwrap(), "theirs");
        fs::remove_file(link).unwrap();
    }
}

#[test]
fn a_run_that_fails_leaves_the_old_file_as_it_was() {
    for (situation, line) in [
        ("oauth-tokens-not-logged-in", "get -o folder/token"),
        ("oauth-tokens-empty", "get -o folder/token -f json"),
        ("oauth-tokens-expired", "get -o folder/token"),
        ("oauth-tokens-one-line", "get -o folder/token --min-ttl 1000000h"),
        ("oauth-tokens-one-line", "parse -o folder/token"),
    ] {
        let sandbox = Sandbox::replaying(situation);
        let file = sandbox.write("folder/token", b"old \x00\xff");
        let before = fs::metadata(&file).unwrap();
        assert!(sandbox.run(line).status.is_some_and(|status| status > 1), "{line}");
        let after = fs::metadata(&file).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"old \x00\xff");
        assert_eq!((before.ino(), before.mtime_nsec()), (after.ino(), after.mtime_nsec()));
        assert_eq!(names(file.parent().unwrap()), ["token"]);
    }
}

#[test]
fn a_directory_is_no_target() {
    let (sandbox, _) = logged_in();
    sandbox.write("folder/inner/file", "");
    symlink("folder", sandbox.home().join("link")).unwrap();
    for target in ["folder", "folder/", "folder/inner/..", "none/", "none/token"] {
        assert_failure(&sandbox.run(&format!("get -o {target}")), 1);
    }
    assert_eq!(names(&sandbox.home().join("folder")), ["inner"]);
    assert_eq!(names(&sandbox.home().join("folder/inner")), ["file"]);
}

#[test]
fn every_payload_can_go_to_a_file() {
    let (sandbox, token) = logged_in();
    for line in ["-f json", "status", "status -f json", "inspect", "inspect -f json"] {
        let shown = sandbox.run(line).payload().to_owned();
        let outcome = sandbox.run(&format!("{line} -o file"));
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""), "{outcome:?}");
        let written = fs::read_to_string(sandbox.home().join("file")).unwrap();
        assert_eq!(written.lines().count(), shown.lines().count(), "{line}");
        assert_eq!(mode(&sandbox.home().join("file")), 0o600);
    }
    let outcome = sandbox.run_with_input("parse -o file", &printed(&token));
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""));
    assert_eq!(fs::read_to_string(sandbox.home().join("file")).unwrap(), format!("Bearer {token}\n"));
}

#[test]
fn who_reads_the_file_meanwhile_sees_a_whole_token() {
    let (sandbox, token) = logged_in();
    let file = sandbox.write("token", format!("Bearer {token}\n"));
    let script =
        "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do ibmcloud-token -o token; done";
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| sandbox.shell("sh", script));
        while !writer.is_finished() {
            assert_eq!(fs::read_to_string(&file).unwrap(), format!("Bearer {token}\n"));
        }
        assert_eq!(writer.join().unwrap().status, Some(0));
    });
}

#[test]
fn a_closed_pipe_is_no_error_and_a_full_disk_is() {
    let (sandbox, _) = logged_in();
    let outcome =
        sandbox.shell("bash", "set -o pipefail; ibmcloud-token | true; ibmcloud-token --help | true");
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
    if Path::new("/dev/full").exists() {
        assert_failure(&sandbox.shell("sh", "ibmcloud-token >/dev/full"), 1);
    }
}
