//! The program `ibmcloud-token`. All of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ibmcloud_token::program::ibmcloud_token()
}
