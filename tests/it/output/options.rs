//! The position of options, and the variables that replace them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::assert_failure;
use crate::help::{commands_in, options_in};
use crate::sandbox::{Outcome, Sandbox, is_built, jwt, run_with_input};

/// For each option: the value of its variable, a command line, and the exit status and text that show that it was read.
#[cfg(feature = "net")]
const VARIABLES: [(&str, &str, &str, i32, &str); 33] = [
    ("account", "a1", "--assume name --endpoint http://127.0.0.1:1 --timeout 1s", 6, "127.0.0.1"),
    ("all", "1", "status", 0, "(your own)"),
    ("apikey", "@no-such-key", "get", 1, "no-such-key"),
    ("assume", "name", "get", 2, "--account"),
    ("ca-file", "no-such-ca", "get --assume Profile-1", 2, "no-such-ca"),
    ("cr-token", "no-file", "get --profile Profile-1", 2, "@FILE"),
    ("dry-run", "1", "configure docker --file other", 0, "would change"),
    ("endpoint", "ftp://x", "get --assume Profile-1", 2, "it must be https"),
    ("env", "1x", "get -f env", 2, "IBMCLOUD_TOKEN_ENV"),
    ("expect-account", "a2", "get", 8, "`a2` was requested"),
    ("file", "no-such-directory/x", "configure docker --dry-run", 0, "no-such-directory/x"),
    ("for", "nope", "exec true", 125, "IBMCLOUD_TOKEN_FOR"),
    ("format", "yaml", "get", 2, "IBMCLOUD_TOKEN_FORMAT"),
    ("format", "json", "status", 0, "\"session_file\":"),
    ("format", "json", "inspect", 0, "\"iam_id\":"),
    ("format", "json", "doctor", 0, "\"checks\":"),
    ("fresh", "1", "get --ibmcloud no-such-program", 3, "no-such-program"),
    ("host", "a b", "curl https://iam.cloud.ibm.com", 125, "IBMCLOUD_TOKEN_HOST"),
    ("ibmcloud", "no-such-program", "get --fresh", 3, "no-such-program"),
    ("min-ttl", "2h", "get", 8, "2h was requested"),
    ("no-account", "1", "login --apikey @key", 0, "--no-account"),
    ("no-region", "1", "login --apikey @key", 0, "--no-region"),
    ("passcode", "x", "login", 2, "a passcode cannot be an argument"),
    ("private", "1", "get --assume Profile-1 --timeout 1s", 6, "private.iam.cloud.ibm.com"),
    ("profile", "Profile-1", "get --cr-token @no-such-file", 1, "no-such-file"),
    ("remove", "1", "configure docker --dry-run --file new", 0, "no change to new"),
    ("report", "no-such-directory/x", "doctor", 1, "no-such-directory/x"),
    ("session", "none", "get", 4, "--session none login"),
    ("shell", "csh", "get -f env", 2, "IBMCLOUD_TOKEN_SHELL"),
    ("sso", "1", "login", 4, "--sso"),
    ("timeout", "0s", "get", 2, "IBMCLOUD_TOKEN_TIMEOUT"),
    ("verbose", "1", "get", 0, "no need to run the CLI"),
    ("apikey", "@no-such-key", "login", 1, "no-such-key"),
];

#[cfg(feature = "net")]
#[test]
fn every_option_has_a_variable() {
    let (sandbox, _) = Sandbox::logged_in();
    sandbox.write_private("key", "0a-1b_2cTESTKEYx3d4e5f6g7h8i9jAkBlCmDnEoFpGq");
    for (option, value, line, status, text) in VARIABLES {
        let name = format!("IBMCLOUD_TOKEN_{}", option.to_ascii_uppercase().replace('-', "_"));
        let shows_it = |value: &str| {
            let _ = std::fs::remove_file(sandbox.log().join("calls"));
            // An empty variable counts as unset.
            let mut program = sandbox.program(line.split(' '));
            let outcome = run_with_input(program.env(&name, value), b"");
            let shown = outcome.stdout.clone() + &outcome.stderr + &sandbox.call_log();
            (outcome.status == Some(status) && shown.contains(text), outcome)
        };
        let (is_shown, with) = shows_it(value);
        assert!(is_shown, "{line} with {name}={value}: {with:?}");
        let (is_shown, without) = shows_it("");
        assert!(!is_shown, "{line} without the variable for --{option}: {without:?}");
    }
    // Other tests use those of `--online`, `--quiet` and `--raw`.
    let tested = VARIABLES.iter().map(|(option, ..)| *option).chain(["online", "quiet", "raw"]);
    let without = ["help", "login", "list-recipes", "output"];
    let known: BTreeSet<String> = tested.chain(without).map(|name| format!("--{name}")).collect();
    for (command, _) in commands() {
        let help = sandbox.run(&format!("{command} --help"));
        for option in options_in(help.payload()) {
            assert!(known.contains(option) || !option.starts_with("--"), "{command} {option}");
        }
    }
    let explained = sandbox.run("--help").payload().to_owned();
    assert!(explained.contains("except --login, --output and --list-recipes has a"), "{explained}");
}

/// Each command and the options that it accepts, besides `--quiet`, `--verbose` and `--help`.
fn commands() -> Vec<(&'static str, Vec<&'static str>)> {
    const SESSION: &[&str] = &["--session", "--ibmcloud", "--timeout"];
    const TOKEN: &[&str] = &["--min-ttl", "--expect-account"];
    const IDENTITY: &[&str] =
        &["--assume", "--account", "--profile", "--cr-token", "--endpoint", "--private", "--ca-file"];
    const OUTPUT: &[&str] = &["--format", "--output", "--env", "--shell"];
    let of_iam = |options: &'static [&'static str]| if cfg!(feature = "net") { options } else { &[] };
    let source = [&["--fresh", "--login"], of_iam(&["--apikey"]), of_iam(IDENTITY)].concat();
    let source = source.as_slice();
    [
        ("get", [SESSION, TOKEN, source, OUTPUT].concat()),
        ("exec", [SESSION, TOKEN, source, &["--env", "--for", "--list-recipes"]].concat()),
        ("curl", [SESSION, TOKEN, source, &["--host"]].concat()),
        ("watch", [SESSION, TOKEN, source, OUTPUT].concat()),
        (
            "login",
            [
                SESSION,
                &["--sso", "--apikey", "--passcode", "-a", "-r", "--no-region", "-c", "--no-account", "-g"],
            ]
            .concat(),
        ),
        ("logout", SESSION.to_vec()),
        ("exchange", [TOKEN, OUTPUT, IDENTITY, &["--apikey", "--raw", "--timeout"]].concat()),
        ("parse", [TOKEN, OUTPUT, &["--timeout"]].concat()),
        ("status", [SESSION, &["--all", "--format"]].concat()),
        ("inspect", [SESSION, &["--format"]].concat()),
        ("doctor", [SESSION, of_iam(&["--online"]), &["--report", "--format"]].concat()),
        ("configure", vec!["--file", "--dry-run", "--remove", "--session"]),
        ("completions", vec![]),
        ("man", vec![]),
    ]
    .into_iter()
    .filter(|(command, _)| is_built(command))
    .collect()
}

#[test]
fn help_of_a_command_lists_exactly_its_options() {
    let sandbox = Sandbox::new();
    for (command, mut options) in commands() {
        options.extend(["--quiet", "--verbose", "--help"]);
        options.sort_unstable();
        for help in ["-h", "--help"] {
            let line = format!("{command} {help}");
            assert_eq!(options_in(sandbox.run(&line).payload()), options, "{line}");
        }
    }
    // Every command is in the table.
    let help = sandbox.run("-h").payload().to_owned();
    let known: Vec<&str> = commands().into_iter().map(|(command, _)| command).collect();
    assert_eq!(commands_in(&help), known);
}

/// These sentences warn about input that is used up and about requests that cost time.
#[cfg(feature = "net")]
#[test]
fn help_says_what_an_option_reads_and_costs() {
    let sandbox = Sandbox::new();
    for (commands, sentence) in [
        (&["get", "exec", "curl", "watch"][..], "`-` reads stdin to its end."),
        (&["get", "exec", "curl", "watch", "exchange"], "For many calls, use `exec` or `watch`."),
    ] {
        for command in commands {
            let help = sandbox.run(&format!("{command} --help"));
            // The text is wrapped.
            let words: Vec<&str> = help.payload().split_whitespace().collect();
            assert!(words.join(" ").contains(sentence), "{command}: {sentence}");
        }
    }
}

#[test]
fn option_of_another_command_is_refused() {
    let sandbox = Sandbox::new();
    let every: BTreeSet<&str> = commands().into_iter().flat_map(|(_, options)| options).collect();
    // To `curl`, an option that is not ours is one of curl's.
    for (command, options) in commands().into_iter().filter(|(command, _)| *command != "curl") {
        for option in every.iter().filter(|option| !options.contains(option)) {
            let outcome = sandbox.run(&format!("{command} {option}"));
            assert_failure(&outcome, if command == "exec" { 125 } else { 2 });
            assert!(outcome.hint().starts_with("it is an option of `"), "{command} {option}: {outcome:?}");
        }
    }
}

#[test]
fn variable_of_an_option_that_the_command_does_not_have_is_ignored() {
    let (sandbox, token) = Sandbox::logged_in();
    let every: BTreeSet<&str> = commands().into_iter().flat_map(|(_, options)| options).collect();
    // `doctor` checks the variables of `get`.
    for (command, options) in commands().into_iter().filter(|(command, _)| *command != "doctor") {
        let line = match command {
            "exec" => "exec --list-recipes",
            "curl" => "curl -s --proxy http://127.0.0.1:1 https://iam.cloud.ibm.com",
            "exchange" => "exchange --apikey @no-such-key",
            "configure" => "configure docker --dry-run --file new",
            "completions" => "completions bash",
            "man" => "man get",
            command => command,
        };
        let run = |value: &str| {
            let others = every.iter().filter(|option| option.starts_with("--") && !options.contains(option));
            let mut program = sandbox.program(line.split(' '));
            for option in others {
                let name = option.trim_start_matches('-').to_ascii_uppercase().replace('-', "_");
                program.env(format!("IBMCLOUD_TOKEN_{name}"), value);
            }
            sandbox.write_session(&token);
            let outcome = run_with_input(&mut program, token.as_bytes());
            // The remaining lifetime is shown in seconds.
            let stdout = outcome.stdout.replace(|c: char| c.is_ascii_digit(), "");
            (outcome.status, stdout, outcome.stderr)
        };
        // No option takes this value, except those that take any text.
        assert_eq!(run("a b"), run(""), "{line}");
    }
}

#[test]
fn short_help_fits_one_screen() {
    let of_commands = commands().into_iter().map(|(command, _)| format!("{command} -h"));
    for line in of_commands.chain(["-h".to_owned()]) {
        let help = Sandbox::new().run(&line).payload().to_owned();
        assert!(help.lines().count() <= 34, "{line}: {} lines", help.lines().count());
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

#[test]
fn options_override_their_variables() {
    let (sandbox, token) = Sandbox::logged_in();
    let shown = |sandbox: &Sandbox, line: &str| sandbox.run(line).payload().to_owned();

    let sandbox = sandbox.with("IBMCLOUD_TOKEN_FORMAT", "env").with("IBMCLOUD_TOKEN_SHELL", "powershell");
    assert_eq!(shown(&sandbox, "get"), format!("$env:IAM_TOKEN = '{token}'"));
    let sandbox = sandbox.with("IBMCLOUD_TOKEN_ENV", "OTHER=%{bearer}");
    assert_eq!(shown(&sandbox, ""), format!("$env:OTHER = 'Bearer {token}'"));
    assert_eq!(shown(&sandbox, "--shell fish --env T"), format!("set -gx T '{token}'"));
    assert_eq!(shown(&sandbox, "get -f token"), token);
    // The variable does not apply to `status`, which has formats of its own.
    assert!(shown(&sandbox, "status").starts_with("User "));
    for (name, value) in [("FORMAT", "yaml"), ("SHELL", "csh"), ("ENV", "1x"), ("MIN_TTL", "soon")] {
        let outcome = Sandbox::new().with(&format!("IBMCLOUD_TOKEN_{name}"), value).run("get");
        assert_failure(&outcome, 2);
        assert!(outcome.stderr.contains(&format!("IBMCLOUD_TOKEN_{name}")), "{outcome:?}");
    }
}

#[test]
fn duration_variables_work_like_their_options() {
    let (sandbox, _) = Sandbox::logged_in();
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
fn cli_and_session_variables_work_like_their_options() {
    let sandbox = Sandbox::new().with("IBMCLOUD_TOKEN_IBMCLOUD", "no-such-program");
    assert_failure(&sandbox.run("get"), 3);
    assert_eq!(sandbox.run("get --ibmcloud ibmcloud").status, Some(0));
    let (sandbox, _) = Sandbox::logged_in();
    assert_failure(&sandbox.with("IBMCLOUD_TOKEN_SESSION", "none").run("get"), 4);
}

#[test]
fn switch_variable_accepts_on_and_off_values() {
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
        let (sandbox, _) = Sandbox::logged_in();
        let sandbox = sandbox.with("IBMCLOUD_TOKEN_FRESH", value);
        assert_eq!(sandbox.run("get").status, Some(0));
        assert_eq!(sandbox.calls(), usize::from(is_on), "FRESH={value}");

        let verbose = sandbox.with("IBMCLOUD_TOKEN_VERBOSE", value);
        assert_eq!(!verbose.run("get").stderr.is_empty(), is_on, "VERBOSE={value}");
        // An option overrides the variable.
        assert_eq!(verbose.run("get -q").stderr, "", "VERBOSE={value} -q");

        let (sandbox, _) = Sandbox::logged_in();
        let quiet = sandbox.with("IBMCLOUD_TOKEN_QUIET", value);
        assert!(!quiet.run("get -v").stderr.is_empty(), "QUIET={value} -v");
        if is_on {
            assert_failure(&quiet.with("IBMCLOUD_TOKEN_VERBOSE", value).run("get"), 2);
        }
    }
}

#[test]
fn quiet_hides_warnings_but_not_errors() {
    let sandbox = Sandbox::with_session();
    // The token was issued ten minutes in the future, so this clock is slow.
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
fn slow_clock_is_a_warning_of_each_command_that_reads_a_token() {
    let sandbox = Sandbox::with_session();
    let token = jwt(600, 4200);
    sandbox.write_session(&token);
    for line in ["get", "status", "status --all", "inspect", "inspect -", "parse"] {
        let outcome = sandbox.run_with_input(line, token.as_bytes());
        assert_eq!(outcome.status, Some(0), "{line}: {outcome:?}");
        let warnings: Vec<&str> =
            outcome.stderr.lines().filter(|line| line.contains("clock is slow")).collect();
        assert!(matches!(warnings.as_slice(), [one] if one.starts_with("warning: ")), "{line}: {outcome:?}");
    }
}

#[test]
fn empty_variable_counts_as_unset() {
    let (mut sandbox, token) = Sandbox::logged_in();
    for option in
        ["ENV", "FORMAT", "FRESH", "IBMCLOUD", "MIN_TTL", "QUIET", "SESSION", "SHELL", "TIMEOUT", "VERBOSE"]
    {
        sandbox = sandbox.with(&format!("IBMCLOUD_TOKEN_{option}"), "");
    }
    let outcome = sandbox.run("get");
    assert_eq!(outcome.payload(), format!("Bearer {token}"));
    assert_eq!(outcome.stderr, "");
    assert_eq!(sandbox.run("get -f env --shell sh").payload(), format!("export IAM_TOKEN='{token}'"));
}

#[test]
fn common_options_may_come_before_or_after_the_command() {
    let (sandbox, _) = Sandbox::logged_in();
    for (before, after) in [
        ("--timeout nonsense get", "get --timeout nonsense"),
        ("--ibmcloud no-such get --fresh", "get --fresh --ibmcloud no-such"),
        ("--session none get", "get --session none"),
    ] {
        let (before, after) = (sandbox.run(before), sandbox.run(after));
        assert_ne!(before.status, Some(0));
        assert_eq!((before.status, &before.stdout), (after.status, &after.stdout));
        let error = |outcome: &Outcome| outcome.stderr.lines().next().unwrap().to_owned();
        assert_eq!(error(&before), error(&after));
    }
}

#[test]
fn option_in_the_wrong_place_names_the_commands_that_accept_it() {
    let sandbox = Sandbox::new();
    for (line, hint) in [
        ("status --fresh", "it is an option of `get`"),
        ("get --sso", "it is an option of `login`"),
        ("-f json get", "put the options of a command after its name: `ibmcloud-token get …`"),
    ] {
        let outcome = sandbox.run(line);
        assert_failure(&outcome, 2);
        assert!(outcome.hint().starts_with(hint), "{line}: {outcome:?}");
    }
}

#[test]
fn variables_that_exclude_each_other_are_a_usage_error() {
    let (sandbox, _) = Sandbox::logged_in();
    let sandbox = sandbox.with("IBMCLOUD_TOKEN_SSO", "1").with("IBMCLOUD_TOKEN_PASSCODE", "-");
    let outcome = sandbox.run("login");
    assert_failure(&outcome, 2);
    assert!(outcome.stderr.contains("only one of `IBMCLOUD_TOKEN_SSO`"), "{outcome:?}");
    assert_eq!(sandbox.calls(), 0);
}
