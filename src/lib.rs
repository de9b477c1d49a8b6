//! Answers one question: *what is my IBM Cloud IAM access token, right now, in the form my tool wants?*
//!
//! The library behind the program `ibmcloud-token`. It runs `ibmcloud iam oauth-tokens` (or answers from the CLI's
//! session file, when the token in it is good), reads the answer with a parser, and hands the token over.
//!
//! # How data flows
//!
//! A token comes from one of three places: the CLI's session file ([`ibmcloud::session_file`]), a run of the CLI
//! ([`ibmcloud::process`] and [`ibmcloud::oauth_tokens`]), or the IAM service (`iam`, with the feature `net`).
//! [`source`] decides which, in that order, and [`lock`] lets one process at a time start the CLI. From there on the
//! token is a [`token::AccessToken`], a value that cannot be printed by accident, until [`format`](mod@format) makes
//! the text of it that the user asked for, and [`private_file`] or the standard output takes that.
//!
//! Imports run one way: the commands of the program → [`source`] → [`ibmcloud`], `iam` → [`token`], [`error`].
//! Time and environment are arguments. Nothing here prints, ends the process, or handles signals; what is worth saying
//! goes to a [`note::Notes`].
//!
//! # Example
//!
//! ```
//! use ibmcloud_token::ibmcloud::oauth_tokens;
//!
//! let token = oauth_tokens::parse(b"IAM token:  Bearer djn.._l_HW\nUAA token:  Bearer eyJ\n")?;
//! assert_eq!(token.expose(), "djn.._l_HW");
//! # Ok::<(), oauth_tokens::ParseError>(())
//! ```

#[cfg(not(unix))]
compile_error!("ibmcloud-token needs process groups, flock and file modes: on Windows, use it in WSL");

pub mod deadline;
pub mod directories;
pub mod environment;
pub mod error;
pub mod format;
#[cfg(feature = "net")]
pub mod iam;
pub mod ibmcloud;
pub mod lock;
pub mod note;
mod poll;
pub mod private_file;
pub mod secret_bytes;
pub mod source;
pub mod token;
pub mod words;
