//! Neither the key, nor the compute resource's token, nor the token that was exchanged appears in an argument, in the
//! environment of a child, on stderr, or in a file that the user did not name.
// Not on Windows: it reads /proc.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{COMPUTE_TOKEN, Iam, KEY, PROFILE_ID, sandbox};
use crate::iam_service::{Service, Step, answer};
use crate::sandbox::processes::{ArgumentWatch, arguments};
use crate::sandbox::{
    Outcome, PROGRAM, Sandbox, eventually, files_below, has, jwt, names, spawn, trace_of_writing,
};

/// The part of a token that differs from one token to another.
fn marker(token: &str) -> &str {
    let payload = token.split('.').nth(1).unwrap();
    &payload[payload.len() - 40..]
}

#[test]
fn only_the_token_that_comes_out_is_seen_and_only_by_the_program() {
    for (options, is_of_session) in [
        ("--apikey @key.json --assume", false),
        ("--profile PROFILE --cr-token @compute-token --assume", false),
        ("--assume", true),
    ] {
        let iam = Iam::start();
        let (sandbox, session) = sandbox(&iam);
        let iam = iam.accepting(&session);
        let watch = ArgumentWatch::start(sandbox.home());
        let line = format!(
            "exec -v {} {PROFILE_ID} -- sh -c sleep$IFS.3;env",
            options.replace("PROFILE", PROFILE_ID)
        );
        let outcome = sandbox.run(&line);
        let seen = watch.end();
        let accepted = iam.accepted.lock().unwrap().clone();
        let (assumed, exchanged) = (&accepted[accepted.len() - 1], &accepted[accepted.len() - 2]);
        assert_eq!(exchanged == &session, is_of_session);
        assert!(outcome.payload().contains(&format!("IAM_TOKEN={assumed}")), "{outcome:?}");
        assert!(seen.iter().any(|arguments| arguments.contains("IFS")), "the program was not seen: {seen:?}");

        let secrets = ["TESTKEY", marker(COMPUTE_TOKEN), marker(exchanged), marker(&session)];
        for secret in secrets {
            assert!(!outcome.stdout.contains(secret), "{line}: {secret} is in the environment");
        }
        for secret in secrets.into_iter().chain([marker(assumed)]) {
            assert!(!outcome.stderr.contains(secret), "{line}: {outcome:?}");
            assert!(!seen.iter().any(|arguments| arguments.contains(secret)), "{line}: {seen:?}");
            for file in files_below(sandbox.home()) {
                let name = file.file_name().unwrap().to_str().unwrap();
                let is_own = ["key.json", "compute-token"].contains(&name) || file == sandbox.session_file();
                let content = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
                assert!(is_own || !content.contains(secret), "{line}: {secret} is in {name}");
            }
        }
    }
}

#[test]
fn rejection_that_repeats_the_secret_does_not_show_it() {
    for (options, secret) in [
        ("--apikey @key.json", KEY),
        ("--profile PROFILE --cr-token @compute-token", COMPUTE_TOKEN),
        ("--assume PROFILE", ""),
    ] {
        let (sandbox, session) = Sandbox::logged_in();
        let secret = if secret.is_empty() { session.clone() } else { secret.to_owned() };
        let body = format!(r#"{{"errorCode":"BXNIM0407E","errorMessage":"the value {secret} is invalid"}}"#);
        let service = Service::plain([Step::Answer(answer("400 Bad Request", &[], body))]);
        sandbox.write_private("key.json", KEY);
        sandbox.write("compute-token", COMPUTE_TOKEN);
        let sandbox = sandbox.with("IBMCLOUD_IAM_API_ENDPOINT", service.url());
        let outcome = sandbox.run(&format!("get -v {}", options.replace("PROFILE", PROFILE_ID)));
        outcome.fails_with(4);
        assert!(outcome.stderr.contains("[REDACTED]"), "{outcome:?}");
        assert!(!outcome.stderr.contains(&secret[10..]), "{outcome:?}");
    }
}

#[test]
fn the_cli_sees_neither_the_key_nor_a_token() {
    let iam = Iam::start();
    let (sandbox, _) = sandbox(&iam);
    // The CLI is asked if the session file's token lives for less than a minute. It prints the same one.
    let session = jwt(-10, 45);
    sandbox.write_session(&session);
    let iam = iam.accepting(&session);
    let watch = ArgumentWatch::start(sandbox.home());
    let outcome = sandbox.run(&format!("-v -f token --assume {PROFILE_ID}"));
    let seen = watch.end();
    let assumed = outcome.payload().to_owned();
    assert_eq!(iam.accepted.lock().unwrap().last(), Some(&assumed));
    // `doctor` reads the key and asks the CLI for its version.
    let doctor = sandbox.program(["doctor"]).env("IBMCLOUD_TOKEN_APIKEY", "@key.json").output().unwrap();
    let doctor = Outcome::from(doctor);
    assert!(doctor.payload().contains("A token can be requested from IAM"), "{doctor:?}");
    assert_eq!(sandbox.call_log().lines().count(), 2, "{outcome:?} {doctor:?}");

    assert!(seen.iter().any(|arguments| arguments.contains(PROGRAM)));
    let secrets = ["TESTKEY", marker(&session), marker(&assumed)];
    for secret in secrets {
        assert!(!seen.iter().any(|arguments| arguments.contains(secret)), "{secret}: {seen:?}");
    }
    let calls = sandbox.recorded_calls();
    assert_eq!(calls.len(), 2);
    for (arguments, environment) in calls {
        assert!(["iam\noauth-tokens\n", "--version\n"].contains(&arguments.as_str()), "{arguments}");
        assert!(environment.contains("IBMCLOUD_COLOR=false"), "{environment}");
        for secret in secrets {
            assert!(!environment.contains(secret), "{secret}: {environment}");
        }
    }
}

#[test]
fn arguments_of_curl_have_neither_the_key_nor_its_token() {
    if !has("curl") {
        return;
    }
    let iam = Iam::start();
    let (sandbox, _) = sandbox(&iam);
    let service = Service::plain([(); 2].map(|()| Step::ThenSilence(Vec::new())));
    for options in ["--apikey @key.json".to_owned(), format!("--apikey @key.json --assume {PROFILE_ID}")] {
        let requests = service.requests().len();
        let line = format!("curl {options} --host localhost -sS {}", service.url());
        let mut child = spawn(&mut sandbox.program(line.split_whitespace()));
        eventually("the request arrives", || service.requests().len() == requests + 1);
        let sent = service.requests()[requests].header("Authorization")[0].to_owned();
        let accepted = iam.accepted.lock().unwrap().clone();
        assert_eq!(sent, format!("Bearer {}", accepted.last().unwrap()));
        let arguments = arguments(child.id());
        let environment = fs::read(format!("/proc/{}/environ", child.id())).unwrap();
        let environment = String::from_utf8(environment).unwrap();
        assert!(arguments.starts_with("curl\0-q\0"), "curl did not replace our process: {arguments}");
        assert!(environment.contains("HOME="), "{environment}");
        for secret in accepted.iter().map(|token| marker(token)).chain(["TESTKEY"]) {
            for text in [&arguments, &environment] {
                assert!(!text.contains(secret), "{options}: {secret} is in {text}");
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// Every file and directory below another one, with its content and with when it was written.
fn every_path(directory: &Path) -> BTreeMap<PathBuf, (u64, SystemTime, Vec<u8>)> {
    let mut found = BTreeMap::new();
    for name in names(directory) {
        let path = directory.join(name);
        found.insert(path.clone(), trace_of_writing(&path));
        if path.is_dir() {
            found.extend(every_path(&path));
        }
    }
    found
}

#[test]
fn profile_leaves_no_trace_in_the_home() {
    let iam = Iam::start();
    let (sandbox, session) = sandbox(&iam);
    let iam = iam.accepting(&session);
    let get = format!("-v -f token --assume {PROFILE_ID}");
    // With a session that lives long enough, nothing is written at all, not even a lock.
    let before = every_path(sandbox.home());
    assert!(before.contains_key(&sandbox.session_file()));
    for line in [get.clone(), format!("--apikey @key.json {get}")] {
        let assumed = sandbox.run(&line).payload().to_owned();
        assert_eq!(iam.accepted.lock().unwrap().last(), Some(&assumed));
        assert_eq!(every_path(sandbox.home()), before, "{line}");
    }
    // Otherwise, the CLI runs under a lock. It prints the same token, so the session file stays as it is.
    let session = jwt(-10, 45);
    sandbox.write_session(&session);
    iam.accepted.lock().unwrap().push(session);
    let before = every_path(sandbox.home());
    let assumed = sandbox.run(&get).payload().to_owned();
    let after = every_path(sandbox.home());
    let changed: Vec<&Path> = after
        .iter()
        .filter(|&(path, trace)| before.get(path) != Some(trace))
        .map(|(path, _)| path.strip_prefix(sandbox.home()).unwrap())
        .collect();
    let locks = Path::new(".local/share/ibmcloud-token/locks");
    let (of_lock, of_stand_in): (Vec<_>, Vec<_>) =
        changed.into_iter().partition(|path| !path.starts_with("log"));
    let lock = of_lock.last().unwrap();
    let mut expected: Vec<&Path> = lock.ancestors().filter(|path| *path != Path::new("")).collect();
    expected.reverse();
    assert_eq!(of_lock, expected);
    assert_eq!(lock.parent(), Some(locks));
    assert!(!of_stand_in.is_empty() && before.keys().all(|path| after.contains_key(path)));
    for secret in [marker(&assumed), "TESTKEY"] {
        for (path, (.., content)) in &after {
            let is_own = path.ends_with("key.json");
            assert!(is_own || !String::from_utf8_lossy(content).contains(secret), "{}", path.display());
        }
    }
}
