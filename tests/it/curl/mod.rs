//! `curl`: the real curl against a server on loopback, and the guard that checks its arguments.
//!
//! - `guard`: refused arguments, and the limits of a configuration, a redirect and a proxy
//! - `requests`: the requests that the server gets, and how curl is started
//! - `shells`: curl from real shells, and after a login

mod guard;
mod requests;
mod shells;

use crate::iam_service::{AUTHORITY, Service, Step, answer};
use crate::sandbox::{Outcome, Sandbox, has};

/// A session with a token, and a file with the certificate authority of the servers. Nothing if curl is missing.
fn logged_in() -> Option<(Sandbox, String)> {
    let (sandbox, token) = Sandbox::logged_in();
    sandbox.write("ca.pem", AUTHORITY.pem());
    has("curl").then_some((sandbox, token))
}

/// A server without encryption that answers this many requests.
fn server(requests: usize) -> Service {
    Service::plain(vec![Step::Answer(answer("200 OK", &[], "answer\n")); requests])
}

/// Runs a line with the URL of the server in place of `URL`.
fn run(sandbox: &Sandbox, service: &Service, line: &str) -> Outcome {
    sandbox.run(&line.replace("URL", &service.url()))
}

/// The value of the header in each request.
fn authorizations(service: &Service) -> Vec<Vec<String>> {
    let values = |request: &crate::iam_service::Received| {
        request.header("Authorization").into_iter().map(str::to_owned).collect()
    };
    service.requests().iter().map(values).collect()
}
