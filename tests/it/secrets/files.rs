//! Secrets in files, and output that cannot be written.

use std::fs::{self, File};
use std::process::Stdio;

use super::{KEY, PASSCODE, Secrets};
use crate::sandbox::{ENV, Sandbox, jwt, set_mode};

#[test]
fn torn_session_file_is_not_shown() {
    let marker = jwt(0, 3600);
    let secrets = Secrets::new([marker.as_str()]);
    let whole = {
        let sandbox = Sandbox::new();
        sandbox.write_session(&marker);
        assert_eq!(sandbox.run("get").payload(), format!("Bearer {marker}"));
        fs::read_to_string(sandbox.session_file()).unwrap()
    };
    let in_the_token = whole.find(&marker).unwrap() + 100;
    let in_the_refresh_token = whole.find("REFRESH-TOKEN").unwrap() + 5;
    for (what, content) in [
        ("in the token", &whole[..in_the_token]),
        ("in the refresh token", &whole[..in_the_refresh_token]),
        ("at the end", &whole[..whole.len() - 3]),
        ("no JSON", &whole.replace(':', "=")),
        ("an array", &format!("[{whole}]")),
        ("a number", &whole.replace("\"IAMToken\": \"", "\"IAMToken\": 1, \"x\": \"")),
    ] {
        let sandbox = Sandbox::replaying("oauth-tokens-not-logged-in").with("RUST_BACKTRACE", "1");
        sandbox.write(".bluemix/config.json", content);
        for line in ["-v --timeout 100ms", "-v status --timeout 100ms", "-v inspect --timeout 100ms"] {
            let outcome = sandbox.run(line);
            secrets.stay_secret_in_failure(what, &outcome, &sandbox, &[]);
        }
    }
}

#[test]
fn refresh_token_of_the_session_is_in_no_output() {
    const FORMATS: [&str; 8] = ["bearer", "token", "header", "curl", "json", "env", "dotenv", "github"];
    const TEMPLATE: &str =
        "%{token}|%{bearer}|%{expires_at}|%{expiration}|%{expires_in}|%{account}|%{iam_id}";
    let token = jwt(-10, 3600);
    let secrets = Secrets::new([]);
    let sandbox = Sandbox::with_token(&token);
    assert!(secrets.part_in(&fs::read(sandbox.session_file()).unwrap()).is_some());
    let files = ["output", "env"].map(|name| sandbox.write(name, ""));
    let sandbox = sandbox
        .with("GITHUB_OUTPUT", files[0].to_str().unwrap())
        .with("GITHUB_ENV", files[1].to_str().unwrap());
    // The list of formats is complete.
    let help = sandbox.run("get --help").payload().to_owned();
    let (_, formats) = help.split_once("one of these names, or a template.").unwrap();
    let formats: Vec<_> =
        formats.trim_start().lines().map_while(|line| line.split_whitespace().next()).collect();
    assert_eq!(formats, FORMATS, "{help}");

    let mut lines: Vec<String> = FORMATS.iter().map(|format| format!("get -v -f {format}")).collect();
    lines.push(format!("get -v -f {TEMPLATE}"));
    lines.extend(
        [
            "get -v --fresh",
            "status -v",
            "status -v -f json",
            "status -v --all -f json",
            "inspect -v",
            "inspect -v -f json",
            "exec -v --for terraform --for watsonx --for sdk:iam-identity -- env",
        ]
        .map(str::to_owned),
    );
    for line in lines {
        let outcome = sandbox.run(&line.replace("-- env", &format!("-- {ENV}")));
        assert_eq!(outcome.status, Some(0), "{line}: {outcome:?}");
        assert_eq!(secrets.part_in(outcome.stdout.as_bytes()), None, "{line}: {outcome:?}");
        secrets.stay_secret(&line, &outcome, &sandbox, &[]);
    }
    sandbox.run("get -f %{refresh_token}").fails_with(2);
}

#[test]
#[cfg_attr(windows, ignore = "needs a device of Unix")]
fn write_failure_does_not_show_the_token() {
    let marker = jwt(0, 3600);
    let secrets = Secrets::new([marker.as_str()]);
    let sandbox = Sandbox::new().with("RUST_BACKTRACE", "1");
    sandbox.write_session(&marker);
    fs::create_dir(sandbox.home().join("folder")).unwrap();
    for file in ["none/token", "folder", "/proc/token", "/dev/full/token", "."] {
        let outcome = sandbox.run(&format!("-v -o {file}"));
        outcome.fails_with(1);
        secrets.stay_secret_in_failure(file, &outcome, &sandbox, &[]);
    }
    for line in ["-v", "-v -f json", "-v -f curl"] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = sandbox.program(line.split(' ')).stdout(full).stderr(Stdio::piped()).output().unwrap();
        secrets.stay_secret_in_failure(line, &output.into(), &sandbox, &[]);
    }
}

#[test]
fn invalid_key_file_is_not_shown() {
    let secrets = Secrets::new([KEY]);
    let sandbox = Sandbox::new().with("RUST_BACKTRACE", "1");
    let (start, end) = KEY.split_at(20);
    for (what, content) in [
        ("two-lines", format!("{KEY}\n{KEY}\n").into_bytes()),
        ("space", format!("{start} {end}").into_bytes()),
        ("control", format!("{start}\x07{end}").into_bytes()),
        ("placeholder", format!("{{{KEY}}}").into_bytes()),
        ("quotation", format!("\"{KEY}").into_bytes()),
        ("no-field", format!("{{\"name\": \"k\", \"key\": \"{KEY}\"}}").into_bytes()),
        ("cut-off", format!("{{\"name\": \"k\", \"apikey\": \"{KEY}").into_bytes()),
        ("not-utf8", [KEY.as_bytes(), b"\xff"].concat()),
        ("large", format!("{KEY}\n").repeat(2000).into_bytes()),
    ] {
        let file = sandbox.write(&format!("{what}.key"), &content);
        for mode in [0o600, 0o644] {
            if cfg!(unix) {
                set_mode(&file, mode);
            }
            let outcome = sandbox.run(&format!("-v login --apikey @{what}.key"));
            secrets.stay_secret_in_failure(what, &outcome, &sandbox, &[&file]);
        }
        let outcome = sandbox.run_with_input("-v login --apikey -", &content);
        secrets.stay_secret_in_failure(what, &outcome, &sandbox, &[&file]);
        fs::remove_file(file).unwrap();
    }
    for file in ["none", "."] {
        sandbox.run(&format!("-v login --apikey @{file}")).fails_with(1);
    }
    let secrets = Secrets::new([PASSCODE]);
    for input in [format!("{PASSCODE} {PASSCODE}\n"), format!("{PASSCODE}\x07\n"), format!("{PASSCODE}ü\n")]
    {
        let outcome = sandbox.run_with_input("-v login --passcode -", input.as_bytes());
        outcome.fails_with(2);
        secrets.stay_secret_in_failure("passcode", &outcome, &sandbox, &[]);
    }
}
