//! Everything that an exchange waits for ends at the deadline, and everything that it reads has a limit.

use std::fs;
use std::time::Duration;

use super::{Client, success, token};
use crate::iam_service::{AUTHORITY, Authority, Service, Step};
use crate::sandbox::{Outcome, Sandbox, can_trace, make_pipe, symlink, timed};

/// The separator of the directories in a list.
const LIST_SEPARATOR: &str = if cfg!(windows) { ";" } else { ":" };

/// Much more than a busy machine needs, much less than a bug would cost.
const MARGIN: Duration = Duration::from_secs(10);

/// Runs an exchange that must end at its deadline of a second.
#[track_caller]
fn ends_in_time(client: &Client, options: &str) -> Outcome {
    let (outcome, time) = timed(|| client.run(&format!("--timeout 1s {options}")));
    assert!(time < Duration::from_secs(1) + MARGIN, "{time:?}: {outcome:?}");
    outcome
}

/// A client that trusts the certificates in this file.
fn trusting(service: &Service, ca_file: &str) -> Client {
    let mut client = Client::of(service);
    ca_file.clone_into(&mut client.ca_file);
    client
}

/// A header that takes a minute at three bytes in half a second, which is never slow enough for the timeout of a read.
fn drip(status_line: &str) -> Step {
    Step::Trickle(
        format!("{status_line}X: {}\r\n\r\n", "x".repeat(360)).into_bytes(),
        3,
        Duration::from_millis(500),
    )
}

#[test]
fn proxy_that_drips_its_answer_ends_at_the_deadline() {
    let service = Service::new([]);
    for status_line in ["HTTP/1.1 200 Connection established\r\n", "HTTP/1.1 403 Forbidden\r\n"] {
        let proxy = Service::plain([drip(status_line)]);
        let client = Client::of(&service).with("HTTPS_PROXY", proxy.url());
        let message =
            format!("`https://localhost` did not answer through the proxy `{}` within 1s", proxy.url());
        assert_eq!(ends_in_time(&client, "").fails_with(7).error(), message);
    }
    assert_eq!(service.connections(), 0);
}

#[test]
fn service_that_drips_its_answer_ends_at_the_deadline() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".to_owned() + &"y".repeat(1000);
    for step in [
        drip("HTTP/1.1 200 OK\r\n"),
        Step::Trickle(head.into_bytes(), 50, Duration::from_millis(500)),
        Step::IgnoreConnection,
    ] {
        let service = Service::new([step]);
        let outcome = ends_in_time(&Client::of(&service), "");
        assert_eq!(outcome.fails_with(7).error(), "`https://localhost` did not answer within 1s");
    }
}

#[test]
#[cfg_attr(windows, ignore = "no named pipes in the file system")]
fn pipe_that_nobody_writes_to_is_waited_for_until_the_deadline() {
    let service = Service::new([]);
    // Not in the client's home, where every file is searched for secrets.
    let elsewhere = Sandbox::new();
    let pipe = elsewhere.home().join("pipe");
    make_pipe(&pipe);
    let pipe = pipe.display();
    let outcome = ends_in_time(&trusting(&service, &pipe.to_string()), "");
    assert_eq!(outcome.fails_with(7).error(), format!("the CA file `{pipe}` did not end within 1s"));

    let client = Client::of(&service).with("SSL_CERT_FILE", pipe.to_string());
    let outcome = ends_in_time(&client, "");
    let message = format!("cannot use `{pipe}`, which SSL_CERT_FILE names: it is not a regular file");
    assert_eq!(outcome.fails_with(2).error(), message);
    assert!(outcome.hint().contains("--ca-file"), "{outcome:?}");
    assert_eq!(service.connections(), 0);
}

#[test]
#[cfg_attr(windows, ignore = "no named pipes in the file system")]
fn pipe_and_device_among_the_platform_authorities_are_skipped() {
    let token = token();
    let elsewhere = Sandbox::new();
    elsewhere.write("authorities/ours.pem", AUTHORITY.pem());
    let directory = elsewhere.home().join("authorities");
    make_pipe(&directory.join("pipe"));
    symlink("/dev/zero", directory.join("endless.pem"));
    symlink("ours.pem", directory.join("01234567.0"));
    let directories = format!(":/dev/zero:{}", directory.display());
    let service = Service::repeating(Step::Answer(success(&token)));
    // The file of this client has another authority, so only the directory makes the server trusted.
    let client = Client::of(&service).with("SSL_CERT_DIR", &directories);
    client.sandbox.write("ca.pem", Authority::new().pem());
    assert_eq!(client.run("--format token").payload(), token);
    let alone = Sandbox::new().with("IBMCLOUD_API_KEY", super::KEY).with("SSL_CERT_DIR", directories);
    assert_eq!(alone.run(&format!("exchange --endpoint {} --format token", service.url())).payload(), token);
}

#[test]
fn directories_with_certificates_are_read_up_to_a_limit() {
    let service = Service::new([]);
    let elsewhere = Sandbox::new();
    let sparse = |name: &str, size: u64| {
        let file = elsewhere.write(name, "");
        fs::File::options().write(true).open(&file).unwrap().set_len(size).unwrap();
        file.parent().unwrap().display().to_string()
    };
    let large = sparse("large/large.pem", 1 << 40);
    let many = sparse("many/1.pem", 9 << 20);
    let more = sparse("more/2.pem", 9 << 20);
    for directories in [large, many + LIST_SEPARATOR + &more] {
        for ca_file in ["--ca-file ca.pem", ""] {
            let client = Client::of(&service).with("SSL_CERT_DIR", &directories);
            let outcome = client.sandbox.run(&client.line("").replace("--ca-file ca.pem", ca_file));
            let message = format!(
                "cannot use `{directories}`, which SSL_CERT_DIR names: the files there are larger than 16 MiB together"
            );
            assert_eq!(outcome.fails_with(2).error(), message);
            assert!(outcome.hint().contains("unset SSL_CERT_DIR"), "{outcome:?}");
        }
    }
    assert_eq!(service.connections(), 0);
}

#[test]
#[cfg_attr(windows, ignore = "needs a device of Unix")]
fn endless_file_with_certificates_is_read_up_to_a_limit() {
    let service = Service::new([]);
    let outcome = trusting(&service, "/dev/zero").run("");
    assert_eq!(outcome.fails_with(2).error(), "cannot use the CA file `/dev/zero`: it is larger than 4 MiB");
    let elsewhere = Sandbox::new();
    let large = elsewhere.write("large.pem", "");
    fs::File::options().write(true).open(&large).unwrap().set_len(1 << 40).unwrap();
    for (file, why) in
        [("/dev/zero", "it is not a regular file"), (large.to_str().unwrap(), "it is larger than 4 MiB")]
    {
        let outcome = Client::of(&service).with("SSL_CERT_FILE", file).run("");
        assert!(outcome.fails_with(2).error().ends_with(why), "{outcome:?}");
    }
    assert_eq!(service.connections(), 0);
}

/// Simulates `ulimit -u`. That limit does not apply to root, so strace makes the system call fail.
#[test]
#[cfg_attr(windows, ignore = "needs strace")]
fn missing_thread_is_an_error_and_not_a_panic() {
    if !can_trace() {
        return;
    }
    for host in ["localhost", "127.0.0.1"] {
        let service = Service::new([]);
        let client =
            Client::at(format!("https://{host}:{}", service.port())).with("IBMCLOUD_API_KEY", super::KEY);
        // Files are read on a thread as well, so the key is in the variable.
        let with_file = client.line("").replace("--apikey @key", "");
        for line in [with_file.replace("--ca-file ca.pem", ""), with_file] {
            let mut command = client.sandbox.command("strace");
            command.args(["-f", "-o", "/dev/null", "-e", "inject=clone,clone3:error=EAGAIN"]);
            command.arg(crate::sandbox::PROGRAM);
            let outcome = Outcome::from(command.args(line.split_whitespace()).output().unwrap());
            let is_explained = outcome.stderr.contains("Resource temporarily unavailable");
            assert!(is_explained && !outcome.stderr.contains("panicked"), "{outcome:?}");
            outcome.fails_with(1);
            assert!(outcome.hint().contains("ulimit -u"), "{outcome:?}");
        }
        assert_eq!(service.connections(), 0);
    }
}
