//! Secrets in the output of the CLI, or of whatever `parse` and `inspect` read.

use std::fs;

use super::{KEY, OPAQUE, Replay, Secrets, spliced};
#[cfg(target_os = "linux")]
use crate::sandbox::processes::nothing_is_left;
use crate::sandbox::{Sandbox, cli_output, jwt, recorded, right_token, situations, test_program};

fn failing_situations() -> impl Iterator<Item = String> {
    let all = situations("oauth-tokens-").into_iter().chain(situations("bearer-token-"));
    all.filter(|situation| right_token(situation).is_none())
}

#[test]
fn cli_failure_does_not_repeat_a_secret() {
    let jwt = jwt(0, 3600);
    let secrets = [jwt.as_str(), OPAQUE, KEY];
    for situation in failing_situations() {
        let [stdout, stderr] =
            ["stdout", "stderr"].map(|stream| spliced(&recorded(&situation, stream), &secrets));
        let status = String::from_utf8(recorded(&situation, "status")).unwrap().trim().parse().unwrap_or(0);
        let replay = Replay::new(&stdout, &stderr, status);
        let secrets = Secrets::new(secrets.into_iter().chain([replay.expired.as_str()]));
        let outcome = replay.sandbox.run("-v");
        secrets.stay_secret_in_failure(&situation, &outcome, &replay.sandbox, &[&replay.folder()]);
        // The CLI did print them.
        assert_eq!(replay.calls(), 1, "{situation}: {outcome:?}");
        // The output of the CLI is shown only if it was not understood.
        let is_shown = outcome.status != Some(8);
        assert_eq!(outcome.stderr.contains("[REDACTED]"), is_shown, "{situation}: {outcome:?}");
    }
}

#[test]
fn parse_failure_does_not_repeat_a_secret() {
    let jwt = jwt(0, 3600);
    let texts = [jwt.as_str(), OPAQUE, KEY];
    let secrets = Secrets::new(texts);
    let sandbox = Sandbox::new().with("RUST_BACKTRACE", "1");
    for situation in failing_situations() {
        for stream in ["stdout", "stderr"] {
            let input = spliced(&recorded(&situation, stream), &texts);
            let outcome = sandbox.run_with_input("-v parse", &input);
            secrets.stay_secret_in_failure(&situation, &outcome, &sandbox, &[]);
        }
    }
}

/// Outputs with something else, or a broken token, in place of the token.
fn broken_outputs(marker: &str, other: &str) -> Vec<(&'static str, String)> {
    let in_the_middle =
        |text: &str| format!("IAM token:  Bearer {}{text}{}\n", &marker[..100], &marker[100..]);
    vec![
        ("cut off", format!("IAM token:  Bearer {}", &marker[..100])),
        ("cut off in JSON", format!("{{\"iam_token\": \"Bearer {}", &marker[..100])),
        ("two different", format!("IAM token:  Bearer {marker}\nIAM token:  Bearer {other}\n")),
        ("expired", format!("IAM token:  Bearer {}\n", jwt(-7200, -3600))),
        ("UAA", format!("UAA token:  Bearer {OPAQUE}\n")),
        ("without a label", format!("Bearer {OPAQUE}\n")),
        ("another scheme", format!("IAM token:  Basic {OPAQUE}\n")),
        ("another member", format!("{{\"access_token\": \"{marker}\"}}\n")),
        ("no text", format!("{{\"iam_token\": [\"{marker}\"]}}\n")),
        ("in quotation marks", format!("IAM token:  \"Bearer {marker}\"\n")),
        ("percent", in_the_middle("%20")),
        ("CR", in_the_middle("\r")),
        ("NUL", in_the_middle("\0")),
        ("BEL", in_the_middle("\x07")),
        ("quotation mark", in_the_middle("'")),
        ("umlaut", in_the_middle("ü")),
    ]
}

#[test]
fn broken_token_is_not_repeated() {
    let (marker, other) = (jwt(-5, 3600), jwt(-6, 3600));
    for (what, output) in broken_outputs(&marker, &other) {
        let replay = Replay::new(output.as_bytes(), b"", 0);
        let expired = output.trim().rsplit(' ').next().unwrap();
        let secrets = Secrets::new([&marker, &other, &replay.expired, OPAQUE, expired]);
        for line in ["-v", "-v -f json", "-v inspect"] {
            let outcome = replay.sandbox.run(line);
            secrets.stay_secret_in_failure(what, &outcome, &replay.sandbox, &[&replay.folder()]);
        }
        assert_eq!(replay.calls(), 3, "{what}");
        for line in ["-v parse", "-v parse --min-ttl 2h", "-v inspect -"] {
            // The claims of an expired token can be inspected, and IAM's own JSON is an answer there, unlike from the CLI.
            if line == "-v inspect -" && what == "expired"
                || line != "-v parse --min-ttl 2h" && what == "another member"
            {
                continue;
            }
            let outcome = replay.sandbox.run_with_input(line, output.as_bytes());
            secrets.stay_secret_in_failure(what, &outcome, &replay.sandbox, &[&replay.folder()]);
        }
    }
    // Unbroken, the same token is an answer.
    let replay = Replay::new(&cli_output(&marker), b"", 0);
    assert_eq!(replay.sandbox.run("get").payload(), format!("Bearer {marker}"));
}

#[test]
fn unmet_min_ttl_does_not_show_the_token() {
    let marker = jwt(0, 3600);
    let secrets = Secrets::new([marker.as_str(), OPAQUE]);
    for token in [marker.as_str(), OPAQUE] {
        let replay = Replay::new(&cli_output(token), b"", 0);
        replay.sandbox.write_session(token);
        let outcome = replay.sandbox.run("-v --min-ttl 2h");
        outcome.fails_with(8);
        secrets.stay_secret_in_failure("--min-ttl", &outcome, &replay.sandbox, &[&replay.folder()]);
    }
}

#[test]
fn timeout_flood_or_kill_does_not_show_a_secret() {
    let marker = jwt(0, 3600);
    let secrets = Secrets::new([marker.as_str()]);
    let output = format!("IAM token:  Bearer {marker}\n");
    // Longer than both caps, so that a line is cut.
    let flood = output.repeat(2000);
    for (what, stdout, stderr, line, status) in [
        ("timeout", output.as_str(), output.as_str(), "-v --timeout 1s", 7),
        ("flood", &flood, &output, "-v", 5),
        ("flood on stderr", "", &flood, "-v", 5),
    ] {
        let replay = Replay::new(stdout.as_bytes(), stderr.as_bytes(), 9);
        let delay = if what == "timeout" { "60" } else { "0" };
        let sandbox = replay.sandbox.with("STAND_IN_LINGER", delay);
        let outcome = sandbox.run(line);
        outcome.fails_with(status);
        secrets.stay_secret_in_failure(what, &outcome, &sandbox, &[&sandbox.home().join("replay")]);
        #[cfg(target_os = "linux")]
        nothing_is_left(&sandbox);
    }

    // Windows has no signals.
    if cfg!(windows) {
        return;
    }
    let sandbox = Sandbox::new()
        .with("TOKEN", &marker)
        .with("IBMCLOUD_TOKEN_IBMCLOUD", test_program("dies-within-the-token"))
        .with("RUST_BACKTRACE", "1");
    secrets.stay_secret_in_failure("killed", &sandbox.run("-v"), &sandbox, &[]);
}

#[test]
fn stderr_line_cut_by_the_cap_is_not_shown() {
    let secrets = Secrets::new([KEY]);
    // The cap of 64 KiB falls into the middle of the key. Blank lines are not shown, so the key is among the first lines.
    for shown in [20, 30, 40] {
        let stderr = format!("{} {KEY}\n", "\n".repeat(64 * 1024 - shown - 1));
        let replay = Replay::new(b"", stderr.as_bytes(), 9);
        let outcome = replay.sandbox.run("-v");
        secrets.stay_secret_in_failure("cap", &outcome, &replay.sandbox, &[&replay.folder()]);
    }
}

#[test]
fn token_is_on_stdout_only() {
    let marker = jwt(0, 3600);
    for from_the_cli in [false, true] {
        for line in ["get", "-f token", "-f header", "-f json", "-f env", "-f dotenv", "-f curl", "--fresh"] {
            let replay = Replay::new(&cli_output(&marker), format!("{marker}\n").as_bytes(), 0);
            if !from_the_cli {
                replay.sandbox.write_session(&marker);
            }
            let secrets = Secrets::new([marker.as_str(), replay.expired.as_str()]);
            let (folder, sandbox) = (replay.folder(), replay.sandbox);
            let outcome = sandbox.run(&format!("{line} -v"));
            assert!(outcome.payload().contains(&marker), "{line}: {outcome:?}");
            assert!(outcome.stderr.contains("ibmcloud-token: "), "{line}: {outcome:?}");
            secrets.stay_secret(line, &outcome, &sandbox, &[&folder]);
            let outcome = sandbox.run(&format!("{line} -v -o ./token"));
            assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""), "{line}: {outcome:?}");
            let file = sandbox.home().join("token");
            assert!(fs::read_to_string(&file).unwrap().contains(&marker));
            secrets.stay_secret(line, &outcome, &sandbox, &[&folder, &file]);
        }
    }
}
