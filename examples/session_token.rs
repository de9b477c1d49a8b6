//! Gets the token of a session and shows whose it is and how long it lives.
//!
//!     cargo run --example session_token [SESSION [ACCOUNT]]

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use ibmcloud_token::{Claims, Request, Session};

fn main() -> ExitCode {
    match show() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            // An error of the library says what to do, and has the exit code of the program.
            let error = error.downcast_ref::<ibmcloud_token::Error>();
            if let Some(hint) = error.and_then(ibmcloud_token::Error::hint) {
                eprintln!("{hint}");
            }
            error.map_or(ExitCode::FAILURE, |error| ExitCode::from(error.kind().exit_code()))
        }
    }
}

fn show() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let session = match arguments.next() {
        Some(name) => Session::named(&name.parse()?)?,
        None => Session::from_env()?,
    };
    let mut request = Request::new().min_ttl(Duration::from_secs(30));
    if let Some(account) = arguments.next() {
        request = request.account(account);
    }
    let token = session.access_token(&request, Duration::from_secs(30))?;
    let owner = token.claims().and_then(Claims::owner).unwrap_or("an unknown user");
    let end = token.expires_at().unwrap_or_else(|| "an unknown time".to_owned());
    println!("the token of {owner} (from {}) expires at {end}", token.origin());
    // A request would send `format!("Bearer {}", token.token().expose())` as its `Authorization` header.
    Ok(())
}
