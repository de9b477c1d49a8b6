//! API keys and passcodes during a login.

use std::fs;

use super::{KEY, PASSCODE, Replay, Secrets, spliced};
use crate::sandbox::{Outcome, Sandbox, files_below};

/// How a login gets its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    KeyFile,
    KeyOnStdin,
    KeyInEnvironment,
    PasscodeOnStdin,
}

const WAYS: [Way; 4] = [Way::KeyFile, Way::KeyOnStdin, Way::KeyInEnvironment, Way::PasscodeOnStdin];

/// Logs in with the passcode, or with a key, which is also written to the file `key`.
fn log_in(sandbox: Sandbox, way: Way, key: &str) -> (Sandbox, Outcome) {
    let file = sandbox.write_private("key", key);
    match way {
        Way::KeyFile => {
            // The directory may contain a space, so this is not a line of words.
            let key = format!("@{}", file.display());
            let outcome = sandbox.program(["-v", "login", "--apikey", &key]).output().unwrap().into();
            (sandbox, outcome)
        }
        Way::KeyOnStdin => {
            let outcome = sandbox.run_with_input("-v login --apikey -", format!("{key}\n").as_bytes());
            (sandbox, outcome)
        }
        Way::KeyInEnvironment => {
            let sandbox = sandbox.with("IBMCLOUD_API_KEY", key);
            let outcome = sandbox.run("-v login");
            (sandbox, outcome)
        }
        Way::PasscodeOnStdin => {
            let outcome = sandbox.run_with_input("-v login --passcode -", format!("{PASSCODE}\n").as_bytes());
            (sandbox, outcome)
        }
    }
}

#[test]
fn login_secret_is_in_no_argv_and_no_message() {
    let secrets = Secrets::new([KEY, PASSCODE]);
    for way in WAYS {
        let sandbox = Sandbox::with_session().with("STAND_IN_DELAY", "1").with("RUST_BACKTRACE", "1");
        #[cfg(target_os = "linux")]
        let watch = crate::sandbox::processes::ArgumentWatch::start(sandbox.home());
        let (sandbox, outcome) = log_in(sandbox, way, KEY);
        #[cfg(target_os = "linux")]
        secrets.are_in_no_arguments(watch, "\0login\0");
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""), "{way:?}: {outcome:?}");
        assert!(outcome.stderr.contains("logged in as"), "{way:?}: {outcome:?}");
        secrets.stay_secret("login", &outcome, &sandbox, &[&sandbox.log(), &sandbox.home().join("key")]);
        let session = fs::read(sandbox.session_file()).unwrap();
        assert_eq!(Secrets(vec![KEY.to_owned(), PASSCODE.to_owned()]).part_in(&session), None);

        // The CLI did get it.
        let recorded = |prefix: &str| {
            let files = files_below(&sandbox.log()).into_iter();
            let named = files.filter(|file| file.file_name().unwrap().to_str().unwrap().starts_with(prefix));
            named.map(|file| fs::read_to_string(file).unwrap()).collect::<String>()
        };
        assert_eq!(secrets.part_in(recorded("argv.").as_bytes()), None);
        match way {
            Way::KeyFile | Way::KeyOnStdin | Way::KeyInEnvironment => {
                assert!(recorded("environment.").contains(&format!("IBMCLOUD_API_KEY={KEY}\n")));
            }
            Way::PasscodeOnStdin => {
                assert!(
                    outcome.stderr.contains("One-time code > [REDACTED]"),
                    "the CLI echoes it: {outcome:?}"
                );
            }
        }
    }
}

#[test]
fn failed_login_does_not_repeat_the_secret() {
    let secrets = Secrets::new([KEY, PASSCODE]);
    for way in WAYS {
        // With 0 the CLI reports success, but there is no new session.
        for status in [0, 1] {
            let secret = if way == Way::PasscodeOnStdin { PASSCODE } else { KEY };
            let output = spliced(b"", &[secret]);
            let replay = Replay::new(&output, &output, status);
            let folder = replay.folder();
            let (sandbox, outcome) = log_in(replay.sandbox.with("STAND_IN_FOLDER_FOR", "login"), way, KEY);
            assert!(outcome.stderr.contains("[REDACTED]"), "{way:?}: {outcome:?}");
            let named = [folder.as_path(), &sandbox.home().join("key")];
            secrets.stay_secret_in_failure("login", &outcome, &sandbox, &named);
        }
    }
    // The CLI rejects it.
    for (situation, way) in
        [("login-wrong-passcode", Way::PasscodeOnStdin), ("login-api-key-wrong", Way::KeyOnStdin)]
    {
        let sandbox = Sandbox::with_session().with("STAND_IN_LOGIN", situation);
        let (sandbox, outcome) = log_in(sandbox, way, KEY);
        outcome.fails_with(4);
        let named = [sandbox.log(), sandbox.home().join("key")];
        secrets.stay_secret_in_failure(situation, &outcome, &sandbox, &[&named[0], &named[1]]);
    }
}

#[test]
fn short_key_is_redacted_too() {
    let key = "sh0rt-k3y-0123456789";
    let secrets = Secrets::new([key]);
    for way in [Way::KeyFile, Way::KeyOnStdin, Way::KeyInEnvironment] {
        let output = spliced(b"", &[key]);
        let replay = Replay::new(&output, &output, 1);
        let folder = replay.folder();
        let (sandbox, outcome) = log_in(replay.sandbox, way, key);
        assert!(outcome.stderr.contains("[REDACTED]"), "{way:?}: {outcome:?}");
        let named = [folder.as_path(), &sandbox.home().join("key")];
        secrets.stay_secret_in_failure("login", &outcome, &sandbox, &named);
    }
}
