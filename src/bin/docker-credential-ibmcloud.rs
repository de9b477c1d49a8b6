//! The credential helper for IBM Cloud Container Registry. All of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ibmcloud_token::program::docker_credential_ibmcloud()
}
