//! Exchanges the API key in a file for a token, and shows for which account it is.
//!
//!     cargo run --example exchange_key KEY_FILE [URL [PROFILE]]

#![expect(clippy::print_stdout, reason = "an example talks to a person")]

use std::error::Error;
use std::time::Duration;
use std::{env, fs};

use ibmcloud_token::{ApiKey, Claims, Endpoint, Exchange, TrustedProfile};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let file = arguments.next().ok_or("name the file with the key")?;
    let key = ApiKey::new(fs::read_to_string(file)?.trim())?;
    let endpoint = arguments.next().map_or_else(|| Ok(Endpoint::public()), |url| Endpoint::new(&url))?;
    let mut exchange = Exchange::new(&key, endpoint);
    if let Some(profile) = arguments.next() {
        exchange = exchange.assuming(TrustedProfile::new(&profile)?)?;
    }
    let token = exchange.access_token(Duration::from_secs(30))?;
    let account = token.claims().and_then(Claims::account).unwrap_or("an unknown account");
    println!("the token is for the account {account}");
    Ok(())
}
