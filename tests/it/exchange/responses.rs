//! Responses of IAM: tokens, errors, and unexpected content.

use std::fs;

use super::{Client, KEY, UNKNOWN_KEY, success, token, token_response};
use crate::iam_service::{Service, Step, TRANSACTION, answer, chunked_answer, head};
use crate::output::formats::formats;
use crate::sandbox::{inode, jwt, jwt_of, mode, names, now, set_mode};

#[test]
fn every_format_of_get_is_supported() {
    let token = token();
    let other_variable = ("--format dotenv --env IC_IAM_TOKEN", format!("IC_IAM_TOKEN={token}"));
    for (options, expected) in formats(&token).into_iter().chain([other_variable]) {
        let service = Service::answering(success(&token));
        assert_eq!(Client::of(&service).run(options).payload(), expected, "{options}");
    }
}

#[test]
fn json_describes_the_token() {
    let token = token();
    let service = Service::answering(success(&token));
    let outcome = Client::of(&service).run("--format json");
    let json = outcome.json();
    assert_eq!((json["access_token"].as_str(), json["origin"].as_str()), (Some(token.as_str()), Some("iam")));
    assert_eq!((json["account"].as_str(), json["iam_id"].as_str()), (Some("a1"), Some("IBMid-1")));
    assert!((3500..=3600).contains(&json["expires_in"].as_i64().unwrap()), "{json}");
}

#[test]
fn slow_clock_is_reported() {
    for (issued_in, is_reported) in [(3600, true), (0, false)] {
        let service = Service::answering(success(&jwt(issued_in, issued_in + 3600)));
        let outcome = Client::of(&service).run_bare("--format json");
        let json = outcome.json();
        assert_eq!(outcome.stderr.contains("clock is slow"), is_reported, "{outcome:?}");
        assert!(json["expires_in"].as_i64().unwrap() <= 3600, "{json}");
    }
}

#[test]
fn github_format_masks_and_writes_the_token() {
    let token = token();
    let service = Service::answering(success(&token));
    let client = Client::of(&service).with("GITHUB_OUTPUT", "output");
    client.sandbox.write("output", "");
    assert_eq!(client.run_bare("--format github").payload(), format!("::add-mask::{token}"));
    let output = fs::read_to_string(client.sandbox.home().join("output")).unwrap();
    assert_eq!(output, format!("IAM_TOKEN={token}\n"));

    let service = Service::new([]);
    Client::of(&service).run("--format github").fails_with(2);
    assert_eq!(service.connections(), 0);
}

#[test]
fn raw_response_has_the_same_bytes() {
    for line_end in ["", "\n", "\r\n\r\n"] {
        let body = format!(
            "\n{{ \"unknown\": [1e2, \"\\u00e9\u{e9}\"],\r\n{}{line_end}",
            &token_response(&token())[1..]
        );
        let service = Service::answering(answer("200 OK", &[], &body));
        let client = Client::of(&service);
        let outcome = client.run("--raw");
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), body.as_str()));

        let service = Service::answering(answer("200 OK", &[], &body));
        let client = Client::of(&service);
        let outcome = client.run("--raw -o token.json");
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""));
        assert_eq!(fs::read_to_string(client.sandbox.home().join("token.json")).unwrap(), body);
    }
}

#[test]
#[cfg_attr(windows, ignore = "no modes of files")]
fn file_is_private_and_replaced_atomically() {
    let service = Service::new([
        Step::Answer(success(&token())),
        Step::Answer(answer("400 Bad Request", &[], UNKNOWN_KEY)),
        Step::Answer(answer("200 OK", &[], token_response(&jwt(-7200, -3600)))),
        Step::Answer(answer("200 OK", &[], &token_response(&token())[..400])),
    ]);
    let client = Client::of(&service);
    let path = client.sandbox.write("token.json", "old");
    set_mode(&path, 0o644);
    let old = inode(&path);
    assert_eq!(client.run("--raw -o token.json").status, Some(0));
    assert_eq!(mode(&path), 0o600);
    assert_ne!(inode(&path), old, "the file was overwritten in place");
    let content = fs::read(&path).unwrap();
    for status in [4, 8, 6] {
        client.run("--raw -o token.json").fails_with(status);
        assert_eq!(fs::read(&path).unwrap(), content);
    }
    assert_eq!(names(client.sandbox.home()), ["ca.pem", "key", "token.json"]);
}

#[test]
fn earliest_of_three_expirations_counts() {
    for (lifetime, expires_in, expiration, expected) in [
        (Some(3600), 3600, 3600, 3600),
        (Some(900), 3600, 3600, 900),
        (Some(3600), 900, 3600, 900),
        (Some(3600), 3600, 900, 900),
        (None, 3600, 900, 900),
        (None, 900, 3600, 900),
    ] {
        let now = now();
        let token = lifetime.map_or("opaque-access-token".to_owned(), |lifetime| jwt(0, lifetime));
        let body = format!(
            r#"{{"access_token":"{token}","expires_in":{expires_in},"expiration":{}}}"#,
            now + expiration
        );
        let service = Service::new(vec![Step::Answer(answer("200 OK", &[], &body)); 3]);
        let client = Client::of(&service);
        let json = client.run("--format json").json();
        let lives_for = json["expiration"].as_i64().unwrap() - now;
        assert!((expected - 1..=expected + 30).contains(&lives_for), "{lives_for}, not {expected}");
        // --min-ttl counts in the same way, also for `--raw`.
        let half = format!("--raw --min-ttl {}s", expected / 2);
        assert_eq!(client.run(&half).stdout, body);
        let double = format!("--raw --min-ttl {}s", expected * 2);
        let outcome = client.run(&double);
        assert!(outcome.fails_with(8).error().starts_with("the token that IAM issued"), "{outcome:?}");
    }
}

#[test]
fn expired_token_is_not_printed() {
    let expired = jwt(-7200, -3600);
    let service = Service::answering(success(&expired));
    let outcome = Client::of(&service).run("");
    assert!(outcome.fails_with(8).error().contains("expired"), "{outcome:?}");
    assert!(outcome.hint().contains("clock"), "{outcome:?}");
}

#[test]
fn token_without_an_expiration_is_printed_but_meets_no_min_ttl() {
    let token = jwt_of(r#"{"iam_id":"IBMid-1"}"#);
    let body = format!(r#"{{"access_token":"{token}"}}"#);
    let service = Service::new(vec![Step::Answer(answer("200 OK", &[], &body)); 2]);
    let client = Client::of(&service);
    assert_eq!(client.run("--format token").payload(), token);
    client.run("--min-ttl 1s").fails_with(8);
}

#[test]
fn chunked_response_is_read() {
    let token = token();
    let service = Service::answering(chunked_answer("200 OK", &token_response(&token)));
    assert_eq!(Client::of(&service).run("--format token").payload(), token);
}

#[test]
fn rejected_key_error_has_the_code_message_and_transaction() {
    let service = Service::answering(answer("400 Bad Request", &[], UNKNOWN_KEY));
    let outcome = Client::of(&service).run("");
    assert_eq!(
        outcome.fails_with(4).error(),
        format!(
            "`https://localhost` answered with 400 Bad Request: BXNIM0415E: Provided API key could not be found \
             (transaction {TRANSACTION})"
        )
    );
    assert!(outcome.hint().starts_with("check the API key"), "{outcome:?}");
}

#[test]
fn rejected_key_is_not_retried_and_has_a_hint() {
    for (status, code, message) in [
        ("400 Bad Request", "BX0415EWQA", "Provided API key could not be found"),
        ("400 Bad Request", "BXNIM0109E", "Property 'apikey' either missing or empty"),
        ("400 Bad Request", "BXNIM0141E", "User is not member of the specified account"),
        ("401 Unauthorized", "BXNIM0407E", "Provided token is invalid"),
        ("400 Bad Request", "BXNIM0408E", "Provided refresh token is expired"),
        ("400 Bad Request", "BXNIM0439E", "Session 'C-bdc1fbe8' is invalidated due to inactivity"),
        ("403 Forbidden", "BXNIM0528E", "Login is disabled by the account's settings"),
    ] {
        let body =
            format!(r#"{{"errorCode":"{code}","errorMessage":"{message}.","context":{{"requestId":"r"}}}}"#);
        let service = Service::answering(answer(status, &["Retry-After: 0"], body));
        let outcome = Client::of(&service).run("");
        let expected = format!("answered with {status}: {code}: {message} (transaction {TRANSACTION})");
        assert!(outcome.fails_with(4).error().ends_with(&expected), "{outcome:?}");
        assert!(outcome.hint().starts_with("check the API key"), "{outcome:?}");
    }
}

#[test]
fn error_details_precede_the_message_and_are_redacted() {
    let body = format!(
        r#"{{"errorCode":"BXNIM0602E","errorMessage":"general","errorDetails":"the key '{KEY}' for Bearer eyJhbGciOi.e30.c2ln\u001b[31m is wrong","context":{{"requestId":"2512082279"}}}}"#
    );
    let bare = format!("HTTP/1.1 400 Bad Request\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let service = Service::answering(bare.into_bytes());
    let outcome = Client::of(&service).run("");
    let message = outcome.fails_with(4).error();
    assert!(message.contains("BXNIM0602E: the key '[REDACTED]' for [REDACTED]"), "{message}");
    assert!(message.ends_with("is wrong (transaction 2512082279)"), "{message}");
    assert!(!message.contains("general") && !message.contains('\u{1b}'), "{message}");
}

#[test]
fn unexpected_response_is_reported_without_its_body() {
    let token = token();
    let newline = r#"{"access_token":"MARKER\nX: y"}"#;
    for (status, body, message) in [
        ("200 OK", "<html>MARKER</html>", "answered with something that is not a token response"),
        ("200 OK", "", "answered with an empty body"),
        ("200 OK", " \r\n", "answered with an empty body"),
        ("200 OK", &token_response(&token)[..200], "answered with something that is not a token response"),
        ("200 OK", "{}", "answered with something that is not a token response"),
        ("200 OK", "[\"MARKER\"]", "answered with something that is not a token response"),
        ("200 OK", UNKNOWN_KEY, "answered with something that is not a token response"),
        ("200 OK", newline, "answered with something that is not an access token"),
        ("200 OK", r#"{"access_token":""}"#, "answered with something that is not an access token"),
        ("204 No Content", "", "answered with 204 No Content"),
        ("403 Forbidden", "<html>MARKER</html>", "answered with 403 Forbidden"),
        ("400 Bad Request", "MARKER", "answered with 400 Bad Request"),
        ("404 Not Found", "{\"error\":\"MARKER\"}", "answered with 404 Not Found"),
        ("407 Proxy Authentication Required", "", "answered with 407 Proxy Authentication Required"),
    ] {
        let service = Service::answering(if status.starts_with("204") {
            head(status, &[])
        } else {
            answer(status, &[], body)
        });
        let outcome = Client::of(&service).run("");
        assert!(outcome.fails_with(6).error().contains(message), "{status} {body} {outcome:?}");
        assert!(outcome.hint().contains("is IAM's address"), "{outcome:?}");
        assert!(!outcome.stderr.contains("MARKER") && !outcome.stderr.contains("BXNIM"), "{outcome:?}");
    }
}

#[test]
fn response_is_read_up_to_a_cap() {
    for answered in [
        answer("200 OK", &[], "x".repeat(10_000_000)),
        answer("400 Bad Request", &[], "x".repeat(10_000_000)),
        chunked_answer("200 OK", &" ".repeat(2_000_000)),
        [b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), "y".repeat(10_000_000).as_bytes()].concat(),
    ] {
        let service = Service::answering(answered);
        let outcome = Client::of(&service).run("");
        assert!(outcome.fails_with(6).error().ends_with("answered with more than 1 MiB"), "{outcome:?}");
    }
}

#[test]
fn response_that_is_not_http_is_an_error() {
    for bytes in ["SSH-2.0-OpenSSH_9.2\r\n\r\n", "\r\n\r\n\r\n", "HTTP/1.1 200 OK\r\nMARKER\r\n\r\n"] {
        let service = Service::repeating(Step::ThenClose(bytes.as_bytes().to_vec()));
        let outcome = Client::of(&service).run("--timeout 1s");
        assert!(outcome.fails_with(6).error().contains("`https://localhost`"), "{outcome:?}");
        assert!(!outcome.stderr.contains("MARKER") && !outcome.stderr.contains("OpenSSH"), "{outcome:?}");
    }
}

#[test]
fn refresh_token_is_in_the_raw_response_only() {
    let body = token_response(&token()).replace("not_supported", "rEfReSh-MARKER");
    for options in
        ["-f bearer", "-f token", "-f header", "-f json", "-f env", "-f dotenv", "-f curl", "--raw"]
    {
        let service = Service::answering(answer("200 OK", &[], &body));
        let client = Client::of(&service);
        let outcome = client.run(options);
        assert_eq!(outcome.status, Some(0));
        assert_eq!(outcome.stdout.contains("MARKER"), options == "--raw", "{options}");
        assert!(!outcome.stderr.contains("MARKER"), "{outcome:?}");
    }
    let service = Service::new([]);
    let help = Client::of(&service).sandbox.run("exchange --help").stdout;
    let line =
        help.lines().find(|line| line.contains("IAM's response")).expect("the help explains the option");
    assert!(line.contains("may hold a refresh token"), "{line}");
}
