//! Failures that pass are tried again, inside one deadline, which holds whatever the service does.

use std::io::Read as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::server::{Service, Step, answer, head};
use super::{Client, KEY, UNKNOWN_KEY, error, hint, success, token, token_response};
use crate::sandbox::Outcome;

/// IAM's own body for an overload.
const OVERLOAD: &str =
    r#"{"errorCode":"BXNIM0550E","errorMessage":"Too many requests.","context":{"requestId":"r-1"}}"#;

fn refusal(status: &str, headers: &[&str]) -> Step {
    Step::Answer(answer(status, headers, OVERLOAD))
}

/// The pauses between the requests that a service got.
fn pauses(service: &Service) -> Vec<Duration> {
    service.requests().windows(2).map(|pair| pair[1].at - pair[0].at).collect()
}

/// Runs with a deadline, and checks that it held: a loaded machine is given time to notice.
#[track_caller]
fn run_until(client: &Client, timeout: Duration) -> (Outcome, Duration) {
    let start = Instant::now();
    let outcome = client.run(&format!("--timeout {}ms", timeout.as_millis()));
    assert!(start.elapsed() < timeout + Duration::from_secs(5), "it took {:?}", start.elapsed());
    (outcome, start.elapsed())
}

#[track_caller]
fn ends_at_the_deadline(client: &Client) {
    let timeout = Duration::from_millis(2500);
    let (outcome, elapsed) = run_until(client, timeout);
    assert_eq!(error(outcome.fails_with(7)), "`https://localhost` gave no answer within 2s 500ms");
    assert!(hint(&outcome).contains("--timeout"), "{outcome:?}");
    assert!(elapsed >= timeout, "it gave up after {elapsed:?}");
}

#[test]
fn what_passes_is_tried_again_after_pauses_that_grow() {
    let token = token();
    let service = Service::new([
        refusal("429 Too Many Requests", &[]),
        refusal("503 Service Unavailable", &[]),
        Step::Answer(success(&token)),
    ]);
    let start = Instant::now();
    let outcome = Client::of(&service).run("--format token");
    assert_eq!(outcome.payload(), token);
    let [first, second] = pauses(&service)[..] else { panic!("there were three requests") };
    assert!(first >= Duration::from_millis(250), "{first:?}");
    assert!(second >= Duration::from_millis(500), "{second:?}");
    assert!(start.elapsed() < Duration::from_secs(10));
    for words in ["429 Too Many Requests: BXNIM0550E", "503 Service Unavailable: BXNIM0550E"] {
        let line = outcome.stderr.lines().find(|line| line.contains(words));
        assert!(line.is_some_and(|line| line.contains("; trying again in ")), "{words} {outcome:?}");
    }
}

#[test]
fn these_five_statuses_pass() {
    let token = token();
    for status in [
        "429 Too Many Requests",
        "500 Internal Server Error",
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway Timeout",
    ] {
        // What stands in between answers in HTML.
        let refusal = Step::Answer(answer(status, &["Retry-After: 0"], "<html>busy</html>"));
        let service = Service::new([refusal, Step::Answer(success(&token))]);
        assert_eq!(Client::of(&service).run("--format token").payload(), token, "{status}");
    }
}

#[test]
fn a_verdict_is_not_asked_for_twice() {
    for status in [
        "400 Bad Request",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "409 Conflict",
        "422 Unprocessable Content",
    ] {
        let service = Service::answering(answer(status, &["Retry-After: 0"], UNKNOWN_KEY));
        assert_ne!(Client::of(&service).run("").status, Some(0));
    }
}

#[test]
fn an_overload_for_ever_is_given_up_after_six_requests() {
    let service = Service::new(vec![refusal("503 Service Unavailable", &["Retry-After: 0"]); 6]);
    let outcome = Client::of(&service).run("");
    assert!(error(outcome.fails_with(6)).contains("503 Service Unavailable: BXNIM0550E: Too many requests"));
    assert!(hint(&outcome).contains("try again later"), "{outcome:?}");
    let service = Service::new(vec![refusal("429 Too Many Requests", &["Retry-After: 0"]); 6]);
    let outcome = Client::of(&service).run("");
    assert!(hint(outcome.fails_with(6)).contains("share one token"), "{outcome:?}");
}

#[test]
fn all_the_attempts_share_one_deadline() {
    let service = Service::repeating(refusal("503 Service Unavailable", &[]));
    let (outcome, _) = run_until(&Client::of(&service), Duration::from_millis(2500));
    assert!(error(outcome.fails_with(6)).contains("503 Service Unavailable"), "{outcome:?}");
    let requests = service.requests().len();
    assert!((2..=5).contains(&requests), "{requests} requests");
}

#[test]
fn the_pause_that_the_service_asks_for_is_kept() {
    for (is_date, at_least) in [(false, 2000), (true, 1500)] {
        let in_three_seconds = SystemTime::now() + Duration::from_secs(3);
        let value = if is_date { httpdate::fmt_http_date(in_three_seconds) } else { "2".to_owned() };
        let service = Service::new([
            refusal("429 Too Many Requests", &[&format!("Retry-After: {value}")]),
            Step::Answer(success(&token())),
        ]);
        Client::of(&service).run("").payload();
        let pause = pauses(&service)[0];
        assert!(pause >= Duration::from_millis(at_least), "{value}: {pause:?}");
    }
}

#[test]
fn a_pause_that_outlasts_the_deadline_is_not_begun() {
    let in_an_hour = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3600));
    for value in ["3600", "18446744073709551615", &in_an_hour] {
        let service = Service::answering(answer(
            "429 Too Many Requests",
            &[&format!("Retry-After: {value}")],
            OVERLOAD,
        ));
        let start = Instant::now();
        let outcome = Client::of(&service).run("--timeout 30s");
        assert!(error(outcome.fails_with(6)).contains("429 Too Many Requests"), "{outcome:?}");
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    }
}

/// The longest pauses, which come last, are added to what the service asks for.
#[test]
fn an_endless_pause_asked_for_late_is_no_accident() {
    let mut script = vec![refusal("503 Service Unavailable", &["Retry-After: 0"]); 4];
    script.push(refusal("503 Service Unavailable", &["Retry-After: 18446744073709551615"]));
    let service = Service::new(script);
    Client::of(&service).run("").fails_with(6);
}

#[test]
fn a_deadline_beyond_all_counting_is_none() {
    let token = token();
    let service = Service::answering(success(&token));
    assert_eq!(Client::of(&service).run("--format token --timeout 18446744073709551615").payload(), token);
}

/// A listener whose queue is full drops what comes: the connection hangs.
#[test]
fn a_service_that_does_not_accept_is_waited_for_until_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        queue.push(stream);
        assert!(queue.len() < 5000, "the queue has no end");
    }
    ends_at_the_deadline(&Client::at(format!("https://localhost:{}", address.port())));
}

#[test]
fn a_service_that_falls_silent_is_waited_for_until_the_deadline() {
    let body = token_response(&token());
    let length = format!("Content-Length: {}", body.len());
    let head = head("200 OK", &[&length]);
    let steps = [
        Step::IgnoreConnection,
        Step::ThenSilence(Vec::new()),
        Step::ThenSilence(b"HTTP/1.1 20".to_vec()),
        Step::ThenSilence(head[..head.len() - 2].to_vec()),
        Step::ThenSilence(head.clone()),
        Step::ThenSilence([head.as_slice(), &body.as_bytes()[..500]].concat()),
    ];
    // All at once: each takes as long as the deadline.
    thread::scope(|scope| {
        for step in steps {
            scope.spawn(|| {
                let service = Service::new([step]);
                ends_at_the_deadline(&Client::of(&service));
            });
        }
    });
}

#[test]
fn a_slow_answer_counts_if_it_comes_in_time() {
    let token = token();
    let slowly = Step::Trickle(success(&token), 40, Duration::from_millis(40));
    let service = Service::new([slowly]);
    let start = Instant::now();
    assert_eq!(Client::of(&service).run("--format token --timeout 60s").payload(), token);
    assert!(start.elapsed() > Duration::from_secs(1), "it was not slow");

    let too_slowly = Step::Trickle(success(&token), 4, Duration::from_millis(100));
    let service = Service::new([too_slowly]);
    ends_at_the_deadline(&Client::of(&service));
}

#[test]
fn a_broken_connection_is_tried_again() {
    let token = token();
    let whole = success(&token);
    for step in [
        Step::RefuseConnection,
        Step::ThenReset(Vec::new()),
        Step::ThenReset(whole[..300].to_vec()),
        Step::ThenClose(Vec::new()),
        Step::ThenClose(whole[..40].to_vec()),
        Step::ThenClose(whole[..whole.len() - 1].to_vec()),
    ] {
        let service = Service::new([step, Step::Answer(whole.clone())]);
        let outcome = Client::of(&service).run("--format token");
        assert_eq!(outcome.payload(), token);
        assert!(outcome.stderr.contains("; trying again in "), "{outcome:?}");
    }
}

#[test]
fn a_connection_that_always_breaks_is_a_failure_of_the_network() {
    let whole = success(&token());
    for step in [
        Step::RefuseConnection,
        Step::ThenReset(Vec::new()),
        Step::ThenClose(whole[..whole.len() - 1].to_vec()),
    ] {
        let service = Service::repeating(step);
        let outcome = Client::of(&service).run("--timeout 1s");
        assert!(error(outcome.fails_with(6)).starts_with("the connection to `https://localhost` failed"));
    }
}

#[test]
fn connecting_resolving_and_a_service_that_is_down_are_told_apart() {
    // Nothing listens on port 1 of this machine.
    let outcome = Client::at("https://localhost:1").run("--timeout 1s");
    let refused = "the connection to `https://localhost` failed: Connection refused";
    assert!(error(outcome.fails_with(6)).starts_with(refused), "{outcome:?}");
    let outcome = Client::at("https://iam.invalid").run("--timeout 20s");
    assert_eq!(error(outcome.fails_with(6)), "the name of `https://iam.invalid` could not be resolved");
    assert!(hint(&outcome).contains("DNS"), "{outcome:?}");
}

/// Runs with a terminal as the standard error, and returns what it shows.
fn at_a_terminal(options: &str) -> String {
    let service = Service::new([refusal("503 Service Unavailable", &[]), Step::Answer(success(&token()))]);
    let terminal =
        rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY).unwrap();
    rustix::pty::grantpt(&terminal).unwrap();
    rustix::pty::unlockpt(&terminal).unwrap();
    let name = rustix::pty::ptsname(&terminal, Vec::new()).unwrap();
    let side = rustix::fs::open(
        &name,
        rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY,
        rustix::fs::Mode::empty(),
    );
    let side: OwnedFd = side.unwrap();
    let mut program = Client::of(&service);
    program.sandbox = program.sandbox.with("TERM", "xterm");
    let mut command = program.program(options);
    assert!(command.stdout(Stdio::null()).stderr(side).status().unwrap().success());
    drop(command);
    let mut shown = Vec::new();
    // The terminal's end of file is an error on Linux.
    let _ = std::fs::File::from(terminal).read_to_end(&mut shown);
    String::from_utf8(shown).unwrap()
}

#[test]
fn at_a_terminal_one_line_says_what_is_waited_for() {
    let shown = at_a_terminal("");
    assert_eq!(shown.lines().count(), 1, "{shown:?}");
    assert!(
        shown.contains("answered with 503 Service Unavailable") && shown.contains("trying again in"),
        "{shown:?}"
    );
    assert!(!shown.contains(KEY));
    assert_eq!(at_a_terminal("-q"), "");
}

#[test]
fn in_a_pipeline_nothing_is_said_about_a_pause() {
    let service = Service::new([refusal("503 Service Unavailable", &[]), Step::Answer(success(&token()))]);
    let outcome = Client::of(&service).run_bare("");
    outcome.payload();
    assert_eq!(outcome.stderr, "");
}
