//! The requests that the server gets, and how curl is started.

use super::{authorizations, logged_in, run, server};
use crate::iam_service::{Service, Step, answer};
use crate::sandbox::{Outcome, Sandbox, jwt, renewable, set_mode};

#[test]
fn request_has_the_header_once() {
    let Some((sandbox, token)) = logged_in() else { return };
    let service = server(1);
    let outcome = run(&sandbox, &service, "curl --host localhost -sS -H Accept:text/plain URL/path?query");
    assert_eq!((outcome.payload(), outcome.stderr.as_str()), ("answer", ""));
    let request = &service.requests()[0];
    assert_eq!(request.line, "GET /path?query HTTP/1.1");
    assert_eq!(request.header("Authorization"), [format!("Bearer {token}")]);
    assert_eq!(request.header("Accept"), ["text/plain"]);
    assert_eq!(sandbox.calls(), 0);
}

#[test]
fn https_request_has_the_header() {
    let Some((sandbox, token)) = logged_in() else { return };
    let service = Service::answering(answer("200 OK", &[], "answer\n"));
    let outcome = run(&sandbox, &service, "curl --host localhost -sS --cacert ca.pem URL");
    assert_eq!(outcome.payload(), "answer");
    assert_eq!(authorizations(&service), [[format!("Bearer {token}")]]);
}

#[test]
fn every_url_of_the_line_gets_the_header() {
    let Some((sandbox, token)) = logged_in() else { return };
    let service = server(3);
    let outcome = run(&sandbox, &service, "curl --host localhost -sS URL/1 --url URL/2 -- URL/3");
    assert_eq!(outcome.payload(), "answer\nanswer\nanswer");
    assert_eq!(authorizations(&service), vec![[format!("Bearer {token}")]; 3]);
}

#[test]
fn request_that_is_repeated_has_the_header_again() {
    let Some((sandbox, token)) = logged_in() else { return };
    let script = [answer("503 Busy", &["Retry-After: 0"], ""), answer("200 OK", &[], "answer\n")];
    let service = Service::plain(script.map(Step::Answer));
    let outcome = run(&sandbox, &service, "curl --host localhost -sS --retry 1 URL");
    assert_eq!(outcome.payload(), "answer");
    assert_eq!(authorizations(&service), vec![[format!("Bearer {token}")]; 2]);
}

#[test]
fn input_is_left_to_curl() {
    let Some((sandbox, _)) = logged_in() else { return };
    let service = server(1);
    let line = format!("curl --host localhost -sS --data-binary @- {}", service.url());
    assert_eq!(sandbox.run_with_input(&line, b"{\"a\": 1}\n").payload(), "answer");
    assert_eq!(service.requests()[0].body, "{\"a\": 1}\n");
}

#[test]
fn exit_status_is_that_of_curl() {
    let Some((sandbox, _)) = logged_in() else { return };
    let service = Service::plain([Step::Answer(answer("404 Not Found", &[], ""))]);
    assert_eq!(run(&sandbox, &service, "curl --host localhost -sf URL").status, Some(22));
    // An option of another version is refused by curl itself.
    assert_eq!(run(&sandbox, &server(0), "curl --host localhost -s --max-time x URL").status, Some(2));
}

/// A program in place of curl that counts its runs and records its arguments.
fn sandbox_with_false_curl(token: Option<&str>) -> Sandbox {
    let sandbox = match token {
        Some(token) => Sandbox::with_token(token),
        None => Sandbox::with_session(),
    };
    let script = "#!/bin/sh\nprintf '%s\\n' \"$#\" \"$@\" >>\"$HOME/curl-runs\"\ncat \"${7#@}\" >\"$HOME/curl-header\"\n";
    let curl = sandbox.write("bin/curl", script);
    set_mode(&curl, 0o755);
    let path = format!("{}:{}", curl.parent().unwrap().display(), sandbox.path_with_program());
    sandbox.with("PATH", path)
}

fn runs(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.home().join("curl-runs")).unwrap_or_default()
}

#[test]
#[cfg_attr(windows, ignore = "its curl is a shell script")]
fn curl_is_not_started_without_a_token() {
    let url = "https://iam.cloud.ibm.com/v1/apikeys";
    let logged_out = sandbox_with_false_curl(None);
    let outcome = logged_out.run(&format!("curl {url}"));
    assert!(outcome.fails_with(125).hint().contains("`ibmcloud-token login`"), "{outcome:?}");
    let expired =
        sandbox_with_false_curl(Some(&renewable(-7200, -3600))).with("STAND_IN_REFRESH", "BXNIM0439E");
    expired.run(&format!("curl {url}")).fails_with(125);
    let short = sandbox_with_false_curl(Some(&jwt(-10, 300)));
    short.run(&format!("curl --min-ttl 1h {url}")).fails_with(125);
    let refused = sandbox_with_false_curl(Some(&jwt(-10, 3600)));
    for arguments in
        ["https://evil.example", "-k https://icr.io", "--host x https://y", "-sK x https://icr.io", "--fresh"]
    {
        refused.run(&format!("curl {arguments}")).fails_with(125);
    }
    assert_eq!(refused.calls(), 0);
    for sandbox in [logged_out, expired, short, refused] {
        assert_eq!(runs(&sandbox), "");
    }
}

#[test]
#[cfg_attr(windows, ignore = "its curl is a shell script")]
fn header_comes_through_a_descriptor() {
    let token = jwt(-10, 3600);
    let sandbox = sandbox_with_false_curl(Some(&token));
    let outcome = sandbox.run("curl --host localhost -s http://localhost/ -v -d x");
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let runs = runs(&sandbox);
    let arguments: Vec<&str> = runs.lines().collect();
    let header = arguments[7].strip_prefix('@').unwrap();
    assert!(header.starts_with("/dev/fd/"), "{header}");
    let expected = [
        "12",
        "-q",
        "--proto-redir",
        "=https",
        "--noproxy",
        "*",
        "-H",
        arguments[7],
        "-s",
        "http://localhost/",
        "-v",
        "-d",
    ];
    assert_eq!(arguments[..12], expected);
    assert_eq!(
        std::fs::read_to_string(sandbox.home().join("curl-header")).unwrap(),
        format!("Authorization: Bearer {token}\n")
    );
    assert!(!runs.contains("eyJ"));
}

#[test]
#[cfg_attr(windows, ignore = "its curl is a shell script")]
fn proxies_are_left_alone_unless_the_url_leads_to_this_machine() {
    let sandbox = sandbox_with_false_curl(Some(&jwt(-10, 3600)));
    sandbox.run("curl -x http://proxy.example -s https://icr.io a b").fails_with(125);
    sandbox.run("curl -x http://proxy.example https://icr.io");
    assert!(runs(&sandbox).contains("=https\n-H\n@/dev/fd/"), "{}", runs(&sandbox));
    assert!(!runs(&sandbox).contains("--noproxy"));
}

#[test]
#[cfg_attr(windows, ignore = "its curl is a shell script")]
fn curl_comes_from_an_absolute_entry_of_path() {
    let sandbox = sandbox_with_false_curl(Some(&jwt(-10, 3600)));
    let run = |path: &str| -> Outcome {
        let mut command = sandbox.program(["curl", "https://icr.io"]);
        command.env("PATH", path).output().unwrap().into()
    };
    for path in ["/nowhere", "bin", ":/nowhere", "./bin"] {
        assert_eq!(run(path).fails_with(127).error(), "`curl` is not in PATH", "{path}");
    }
    assert_eq!(runs(&sandbox), "");
}

#[test]
fn option_that_shows_the_token_is_a_warning() {
    let Some((sandbox, token)) = logged_in() else { return };
    let service = server(4);
    for (options, option) in
        [("-sv", "-v"), ("-s --verbose", "--verbose"), ("-s --trace-ascii -", "--trace-ascii")]
    {
        let outcome = run(&sandbox, &service, &format!("curl --host localhost {options} URL"));
        let warning = format!(
            "warning: curl prints the token because of `{option}`; remove it before you share the output\n"
        );
        assert!(outcome.stderr.starts_with(&warning), "{outcome:?}");
        // This is the output that the warning is about.
        assert!((outcome.stdout + &outcome.stderr).contains(&token[..40]));
    }
    let outcome = run(&sandbox, &service, "curl -v --host localhost -s URL");
    assert!(!outcome.stderr.contains("prints the token") && !outcome.stderr.contains("eyJ"), "{outcome:?}");
}

/// The guard and curl must agree on which options print the token.
#[test]
fn warning_is_given_exactly_if_curl_prints_the_request() {
    let Some((sandbox, _)) = logged_in() else { return };
    let service = Service::plain_answering_with(|_| answer("200 OK", &[], ""));
    for (options, is_printed) in [
        ("-s", false),
        ("-v", true),
        ("-sSv", true),
        ("-vvv", true),
        ("--trace -", true),
        ("--trace trace", true),
        ("--trace-ascii trace", true),
        ("--no-verbose --trace trace", true),
        ("--trace trace --no-verbose", false),
        ("--trace-ascii - --no-verbose", false),
        ("-v --no-verbose", false),
        ("--trace-time", false),
        ("--trace-ids", false),
        ("--trace-config all", false),
        ("-i -D -", false),
        ("-w %{json}%{header_json}", false),
    ] {
        let file = sandbox.write("trace", "");
        let outcome = run(&sandbox, &service, &format!("curl --host localhost -s {options} URL"));
        let is_warned = outcome.stderr.contains("curl prints the token");
        let printed = outcome.stdout + &outcome.stderr + &std::fs::read_to_string(file).unwrap();
        // A trace in hexadecimal cuts the token into pieces.
        let shows_request =
            printed.contains("> Authorization: Bearer eyJ") || printed.contains("Send header");
        assert_eq!((is_warned, shows_request), (is_printed, is_printed), "{options}: {printed}");
    }
}

#[test]
// Not on Windows: it reads /proc.
#[cfg(target_os = "linux")]
fn no_token_in_any_argument_or_variable_meanwhile() {
    use crate::sandbox::processes::{arguments, ids_with};
    use crate::sandbox::{eventually, spawn};
    let Some((sandbox, _)) = logged_in() else { return };
    // Other tests must not have the same token at the same moment.
    let token = jwt(-12, 3602);
    sandbox.write_session(&token);
    let service = Service::plain([Step::ThenSilence(Vec::new())]);
    let line = format!("curl --host localhost -sS {}", service.url());
    let mut child = spawn(&mut sandbox.program(line.split_whitespace()));
    eventually("the request arrives", || service.requests().len() == 1);
    for file in ["cmdline", "environ"] {
        assert_eq!(ids_with(file, &token), Vec::<u32>::new(), "{file}");
    }
    assert!(arguments(child.id()).starts_with("curl\0-q\0"), "curl did not replace our process");
    child.kill().unwrap();
    child.wait().unwrap();
}
