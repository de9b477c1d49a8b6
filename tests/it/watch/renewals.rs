//! Many renewals, with lifetimes of seconds instead of an hour.

use std::collections::HashSet;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use super::{Watched, remaining, session_token, whole_token};
use crate::iam_service::{Received, Service, answer};
use crate::sandbox::processes::ArgumentWatch;
use crate::sandbox::{Sandbox, eventually, jwt_of, names, now, soon};

const KEY: &str = "3c-4d_5eTESTKEYx5f6g7h8i9j0k1lCmDnEoFpGqHrIs";

/// A service that issues a new token at each request, for so many seconds.
pub(super) fn iam(lifetime: i64) -> Service {
    Service::plain_answering_with(move |request| {
        assert!(request.body.contains(KEY), "{request:?}");
        issue(request, lifetime)
    })
}

/// Answers a request with a new token, for so many seconds.
pub(super) fn issue(request: &Received, lifetime: i64) -> Vec<u8> {
    let (from, until, random) = (now(), now() + lifetime, request.at);
    let token = jwt_of(&format!(r#"{{"iam_id":"IBMid-1","iat":{from},"exp":{until},"jti":"{random:?}"}}"#));
    answer("200 OK", &[], format!(r#"{{"access_token":"{token}","expires_in":{lifetime}}}"#))
}

pub(super) fn with_key(service: &Service) -> Sandbox {
    let sandbox = Sandbox::new().with("IBMCLOUD_IAM_API_ENDPOINT", service.url());
    sandbox.write_private("key", KEY);
    sandbox
}

/// Reads the file all the time while others renew it. Every content must be one whole token, and a valid one. Returns the
/// number of different tokens.
fn read_until(watched: &[Watched], wanted: usize, limit: Duration) -> usize {
    let start = Instant::now();
    thread::scope(|scope| {
        let readers: Vec<_> = watched
            .iter()
            .map(|watched| {
                scope.spawn(move || {
                    let mut seen = HashSet::new();
                    while start.elapsed() < limit && seen.len() <= wanted {
                        let token = whole_token(&watched.file);
                        assert!(remaining(&token) >= 0, "an expired token is in the file");
                        seen.insert(token);
                        thread::sleep(Duration::from_millis(5));
                    }
                    seen.len()
                })
            })
            .collect();
        readers.into_iter().map(|reader| reader.join().unwrap()).sum()
    })
}

/// Renews the token of a key `each` times in each of `programs` programs.
fn renewals_of_a_key(programs: usize, each: usize) {
    let service = iam(3);
    let sandboxes: Vec<Sandbox> = (0..programs).map(|_| with_key(&service)).collect();
    renew(&sandboxes, "--apikey @key", each);
}

/// Renews the token of a session `each` times in each of `programs` programs, each with a session of its own.
fn renewals_of_a_session(programs: usize, each: usize) {
    let sandboxes: Vec<Sandbox> = (0..programs)
        .map(|_| Sandbox::with_token(&session_token(3)).with("STAND_IN_EXPIRES_IN", "4"))
        .collect();
    renew(&sandboxes, "--min-ttl 1s", each);
    for sandbox in sandboxes {
        assert!(sandbox.calls() >= each, "{} runs of the CLI", sandbox.calls());
    }
}

/// Runs one program in each sandbox until it has renewed its token `each` times.
fn renew(sandboxes: &[Sandbox], options: &str, each: usize) {
    let spies: Vec<_> = sandboxes.iter().map(|sandbox| ArgumentWatch::start(sandbox.home())).collect();
    let watched: Vec<_> = sandboxes.iter().map(|sandbox| Watched::ready(sandbox, options)).collect();
    let tokens = read_until(&watched, each, Duration::from_secs(each as u64 * 6));
    assert!(tokens >= sandboxes.len() * each, "{tokens} tokens");
    for watched in watched {
        let outcome = watched.stop();
        assert!(!outcome.stderr.contains("warning"), "{outcome:?}");
    }
    for (spy, sandbox) in spies.into_iter().zip(sandboxes) {
        let seen = spy.end();
        assert!(seen.iter().any(|arguments| arguments.contains("watch")), "{seen:?}");
        assert!(!seen.iter().any(|arguments| arguments.contains("eyJ") || arguments.contains("TESTKEY")));
        assert_eq!(names(&sandbox.home().join("directory")), ["token"]);
    }
}

#[test]
fn key_is_exchanged_again_and_again_and_read_each_time() {
    renewals_of_a_key(3, 4);
}

#[test]
fn session_is_renewed_again_and_again() {
    renewals_of_a_session(3, 3);
}

/// Run it with `cargo test --release --test it a_thousand -- --ignored`.
#[test]
#[ignore = "it takes minutes"]
fn a_thousand_renewals_of_a_key() {
    renewals_of_a_key(20, 50);
}

/// Run it with `cargo test --release --test it a_thousand -- --ignored`.
#[test]
#[ignore = "it takes minutes"]
fn a_thousand_renewals_of_a_session() {
    renewals_of_a_session(10, 100);
}

#[test]
fn token_is_renewed_after_four_fifths_of_its_lifetime() {
    let service = iam(20);
    let sandbox = with_key(&service);
    let watched = Watched::ready(&sandbox, "--apikey @key");
    let before = watched.token();
    watched.next(&before);
    let requests = service.requests();
    assert_is_four_fifths_of_20_s(requests[1].at - requests[0].at);
    watched.stop();
}

#[track_caller]
pub(super) fn assert_is_four_fifths_of_20_s(passed: Duration) {
    // 75 % to 85 % of 19 or 20 s, which is how a lifetime in whole seconds counts, and what a busy machine adds.
    assert!((Duration::from_millis(14_200)..Duration::from_secs(19)).contains(&passed), "{passed:?}");
}

#[test]
fn replaced_key_is_used_at_the_next_renewal() {
    let service = iam(3);
    let sandbox = with_key(&service);
    let watched = Watched::ready(&sandbox, "--apikey @key");
    sandbox.write_private("key", format!("{KEY}NEW"));
    assert!(soon(|| service.requests().last().unwrap().body.contains("NEW")));
    watched.stop();
}

#[test]
fn key_on_the_standard_input_is_kept_for_renewals() {
    let service = iam(3);
    let sandbox = with_key(&service);
    let script = "cat key | ibmcloud-token watch -f token -o ./token --apikey - >&2 & echo $!";
    let path = sandbox.path_with_program();
    let sandbox = sandbox.with("PATH", path);
    let mut shell = sandbox.command("sh");
    let id = shell.args(["-c", script]).stderr(std::process::Stdio::null()).output().unwrap();
    let id: i32 = String::from_utf8(id.stdout).unwrap().trim().parse().unwrap();
    eventually("the token is renewed", || service.requests().len() >= 3);
    let id = rustix::process::Pid::from_raw(id).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    whole_token(&sandbox.home().join("token"));
    assert!(fs::read_to_string(sandbox.home().join("key")).unwrap().contains(KEY));
}
