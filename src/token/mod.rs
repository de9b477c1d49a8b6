//! Tokens and keys: their syntax, their lifetime, and the requirements on them.
//!
//! This module knows nothing of files, processes or networks.

mod access_token;
mod api_key;
mod claims;
#[cfg(feature = "net")]
mod compute_token;
mod freshness;
mod issued;
mod requirements;

pub use access_token::{AccessToken, InvalidToken};
pub(crate) use access_token::{bearer_credentials, is_token_byte, trim_space, trim_space_end};
pub use api_key::{ApiKey, InvalidApiKey};
pub(crate) use api_key::{cleaned, is_complete};
pub use claims::Claims;
#[cfg(feature = "net")]
pub(crate) use compute_token::ComputeToken;
#[cfg(feature = "program")]
pub(crate) use freshness::CLOCK_TOLERANCE;
pub use freshness::Freshness;
pub use issued::{IssuedToken, Origin};
pub(crate) use requirements::{DEFAULT_LIFETIME, Requirements, judge};
