//! Temporary failures are retried until one deadline, which holds whatever the service does.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::{Client, KEY, UNKNOWN_KEY, success, token, token_response};
use crate::iam_service::{Service, Step, answer, head};
use crate::sandbox::{Outcome, shown_on_terminal};

/// IAM's response to an overload.
const OVERLOAD: &str =
    r#"{"errorCode":"BXNIM0550E","errorMessage":"Too many requests.","context":{"requestId":"r-1"}}"#;

fn refusal(status: &str, headers: &[&str]) -> Step {
    Step::Answer(answer(status, headers, OVERLOAD))
}

/// The pauses between the requests to a service.
fn pauses(service: &Service) -> Vec<Duration> {
    service.requests().windows(2).map(|pair| pair[1].at - pair[0].at).collect()
}

/// Runs with a deadline, and checks that it held. The margin is for a busy machine.
#[track_caller]
fn run_until(client: &Client, timeout: Duration) -> (Outcome, Duration) {
    let start = Instant::now();
    let outcome = client.run(&format!("--timeout {}ms", timeout.as_millis()));
    assert!(start.elapsed() < timeout + Duration::from_secs(5), "took {:?}", start.elapsed());
    (outcome, start.elapsed())
}

#[track_caller]
fn assert_ends_at_deadline(client: &Client) {
    let timeout = Duration::from_millis(2500);
    let (outcome, elapsed) = run_until(client, timeout);
    assert_eq!(outcome.fails_with(7).error(), "`https://localhost` did not answer within 2s 500ms");
    assert!(outcome.hint().contains("--timeout"), "{outcome:?}");
    assert!(elapsed >= timeout, "gave up after {elapsed:?}");
}

#[test]
fn temporary_failure_is_retried_after_growing_pauses() {
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
fn five_statuses_are_retried() {
    let token = token();
    for status in [
        "429 Too Many Requests",
        "500 Internal Server Error",
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway Timeout",
    ] {
        // A gateway answers in HTML.
        let refusal = Step::Answer(answer(status, &["Retry-After: 0"], "<html>busy</html>"));
        let service = Service::new([refusal, Step::Answer(success(&token))]);
        assert_eq!(Client::of(&service).run("--format token").payload(), token, "{status}");
    }
}

#[test]
fn client_error_is_not_retried() {
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
fn permanent_overload_ends_after_six_requests() {
    let service = Service::new(vec![refusal("503 Service Unavailable", &["Retry-After: 0"]); 6]);
    let outcome = Client::of(&service).run("");
    assert!(outcome.fails_with(6).error().contains("503 Service Unavailable: BXNIM0550E: Too many requests"));
    assert!(outcome.hint().contains("try again later"), "{outcome:?}");
    let service = Service::new(vec![refusal("429 Too Many Requests", &["Retry-After: 0"]); 6]);
    let outcome = Client::of(&service).run("");
    assert!(outcome.fails_with(6).hint().contains("share one token"), "{outcome:?}");
}

#[test]
fn attempts_share_one_deadline() {
    let service = Service::repeating(refusal("503 Service Unavailable", &[]));
    let (outcome, _) = run_until(&Client::of(&service), Duration::from_millis(2500));
    assert!(outcome.fails_with(6).error().contains("503 Service Unavailable"), "{outcome:?}");
    let requests = service.requests().len();
    assert!((2..=5).contains(&requests), "{requests} requests");
}

#[test]
fn requested_pause_is_respected() {
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
fn pause_beyond_the_deadline_is_not_started() {
    let in_an_hour = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3600));
    for value in ["3600", "18446744073709551615", &in_an_hour] {
        let service = Service::answering(answer(
            "429 Too Many Requests",
            &[&format!("Retry-After: {value}")],
            OVERLOAD,
        ));
        let start = Instant::now();
        let outcome = Client::of(&service).run("--timeout 30s");
        assert!(outcome.fails_with(6).error().contains("429 Too Many Requests"), "{outcome:?}");
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    }
}

/// The backoff, which is longest at the end, is added to the requested pause, and the sum must not overflow.
#[test]
fn huge_pause_at_the_last_attempt_is_not_an_overflow() {
    let mut script = vec![refusal("503 Service Unavailable", &["Retry-After: 0"]); 4];
    script.push(refusal("503 Service Unavailable", &["Retry-After: 18446744073709551615"]));
    let service = Service::new(script);
    Client::of(&service).run("").fails_with(6);
}

#[test]
fn huge_timeout_is_accepted() {
    let token = token();
    let service = Service::answering(success(&token));
    assert_eq!(Client::of(&service).run("--format token --timeout 18446744073709551615").payload(), token);
}

/// A listener with a full queue drops new connections, so connecting hangs.
#[test]
fn service_that_does_not_accept_is_waited_for_until_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        queue.push(stream);
        assert!(queue.len() < 5000, "the queue does not fill up");
    }
    assert_ends_at_deadline(&Client::at(format!("https://localhost:{}", address.port())));
}

#[test]
fn silent_service_is_waited_for_until_the_deadline() {
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
    // All at once, because each takes until the deadline.
    thread::scope(|scope| {
        for step in steps {
            scope.spawn(|| {
                let service = Service::new([step]);
                assert_ends_at_deadline(&Client::of(&service));
            });
        }
    });
}

#[test]
fn slow_response_counts_if_it_ends_before_the_deadline() {
    let token = token();
    let slow = Step::Trickle(success(&token), 40, Duration::from_millis(40));
    let service = Service::new([slow]);
    let start = Instant::now();
    assert_eq!(Client::of(&service).run("--format token --timeout 60s").payload(), token);
    assert!(start.elapsed() > Duration::from_secs(1), "the response was not slow");

    let too_slow = Step::Trickle(success(&token), 4, Duration::from_millis(100));
    let service = Service::new([too_slow]);
    assert_ends_at_deadline(&Client::of(&service));
}

#[test]
fn broken_connection_is_retried() {
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
fn connection_that_always_breaks_is_a_network_failure() {
    let whole = success(&token());
    for step in [
        Step::RefuseConnection,
        Step::ThenReset(Vec::new()),
        Step::ThenClose(whole[..whole.len() - 1].to_vec()),
    ] {
        let service = Service::repeating(step);
        let outcome = Client::of(&service).run("--timeout 1s");
        assert!(outcome.fails_with(6).error().starts_with("the connection to `https://localhost` failed"));
    }
}

#[test]
fn refused_connection_and_unknown_host_have_different_errors() {
    // Nothing listens on port 1.
    let outcome = Client::at("https://localhost:1").run("--timeout 1s");
    let refused = "the connection to `https://localhost` failed: Connection refused";
    assert!(outcome.fails_with(6).error().starts_with(refused), "{outcome:?}");
    let outcome = Client::at("https://iam.invalid").run("--timeout 20s");
    assert_eq!(outcome.fails_with(6).error(), "cannot resolve the name of `https://iam.invalid`");
    assert!(outcome.hint().contains("DNS"), "{outcome:?}");
}

/// Runs with stderr on a terminal, and returns what appears there.
fn stderr_on_terminal(options: &str) -> String {
    let service = Service::new([refusal("503 Service Unavailable", &[]), Step::Answer(success(&token()))]);
    let client = Client::of(&service).with("TERM", "xterm");
    shown_on_terminal(client.program(options).stdout(Stdio::null()), Command::stderr)
}

#[test]
#[cfg_attr(windows, ignore = "needs a pseudo-terminal")]
fn pause_is_reported_in_one_line_on_a_terminal() {
    let shown = stderr_on_terminal("");
    assert_eq!(shown.lines().count(), 1, "{shown:?}");
    assert!(
        shown.contains("answered with 503 Service Unavailable") && shown.contains("trying again in"),
        "{shown:?}"
    );
    assert!(!shown.contains(KEY));
    assert_eq!(stderr_on_terminal("-q"), "");
}

#[test]
fn pause_is_not_reported_in_a_pipeline() {
    let service = Service::new([refusal("503 Service Unavailable", &[]), Step::Answer(success(&token()))]);
    let outcome = Client::of(&service).run_bare("");
    outcome.payload();
    assert_eq!(outcome.stderr, "");
}
