//! Secrets on the command line.

use std::fs;

use super::{KEY, OPAQUE, PASSCODE, Replay, Secrets};
use crate::sandbox::{Sandbox, jwt};

#[test]
fn misplaced_secret_is_not_repeated() {
    let marker = jwt(0, 3600);
    let secrets = Secrets::new([marker.as_str(), OPAQUE, KEY]);
    let sandbox = Sandbox::new().with("RUST_BACKTRACE", "1");
    for secret in [marker.as_str(), OPAQUE, KEY] {
        for line in [
            "login @",
            "login --apikey @",
            "login --apikey=@",
            "login --apikey @@",
            "login --passcode @",
            "login --apikey - @",
            "login --key=@",
            "login --@",
            "login -@",
            "@",
            "get @",
            "parse @",
            "inspect @",
            "inspect Bearer @",
            "status @",
            "--format @",
            "--shell @",
            "--min-ttl @",
            "--timeout @",
            "--env @-",
            "--login=@",
            "--apikey @",
        ] {
            let line = line.replace("@@", "\0").replace('@', secret).replace('\0', &format!("@{secret}"));
            let outcome = sandbox.run(&format!("-v {line}"));
            assert!([Some(1), Some(2)].contains(&outcome.status), "{line}: {outcome:?}");
            secrets.stay_secret_in_failure(&line, &outcome, &sandbox, &[]);
        }
    }
    // A short secret is not repeated either if its position shows that it is one.
    for line in [format!("login --passcode {PASSCODE}"), format!("login --apikey {PASSCODE}")] {
        let outcome = sandbox.run(&format!("-v {line}"));
        outcome.fails_with(2);
        Secrets::new([PASSCODE]).stay_secret_in_failure(&line, &outcome, &sandbox, &[]);
    }
}

#[test]
fn login_arguments_of_the_user_are_not_repeated() {
    let secrets = Secrets::new([KEY, PASSCODE]);
    let replay = Replay::new(b"", b"", 1);
    let sandbox = replay.sandbox.with("IBMCLOUD_API_KEY", "some-other-key");
    for arguments in [format!("-u passcode -p {PASSCODE}"), format!("--apikey {KEY}")] {
        let outcome = sandbox.run(&format!("-v login -a https://cloud.example.org -- {arguments}"));
        let folder = sandbox.home().join("replay");
        secrets.stay_secret_in_failure(&arguments, &outcome, &sandbox, &[&folder]);
        // The CLI did get them.
        let calls = fs::read_to_string(folder.join("calls")).unwrap();
        assert!(calls.ends_with(&format!("login -a https://cloud.example.org {arguments}\n")), "{calls}");
    }
}

// Not on Windows: it reads /proc.
#[cfg(target_os = "linux")]
#[test]
fn token_is_in_no_argv() {
    use crate::sandbox::cli_output;
    use crate::sandbox::processes::ArgumentWatch;

    let marker = jwt(0, 3600);
    let secrets = Secrets::new([marker.as_str()]);
    for (status, line) in [(0, "-v"), (0, "-v -f curl"), (0, "-v -o ./token"), (1, "-v")] {
        let replay = Replay::new(&cli_output(&marker), b"", status);
        let sandbox = replay.sandbox.with("STAND_IN_LINGER", "1");
        let watch = ArgumentWatch::start(sandbox.home());
        assert_eq!(sandbox.run(line).status == Some(0), status == 0);
        secrets.are_in_no_arguments(watch, "\0iam\0oauth-tokens\0");
    }
}
