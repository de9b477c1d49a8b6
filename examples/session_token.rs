//! Gets the token of the current session and shows whose it is and how long it lives.
//!
//!     cargo run --example session_token

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::process::ExitCode;
use std::time::Duration;

use ibmcloud_token::{Claims, Request, Session};

fn main() -> ExitCode {
    let request = Request::new().min_ttl(Duration::from_secs(30));
    let token =
        Session::from_env().and_then(|session| session.access_token(&request, Duration::from_secs(30)));
    match token {
        Ok(token) => {
            let owner = token.claims().and_then(Claims::owner).unwrap_or("an unknown user");
            let end = token.expires_at().unwrap_or_else(|| "an unknown time".to_owned());
            println!("the token of {owner} (from {}) expires at {end}", token.origin());
            // A request would send `format!("Bearer {}", token.token().expose())` as its `Authorization` header.
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}\n{}", error.hint().unwrap_or_default());
            ExitCode::from(error.kind().exit_code())
        }
    }
}
