//! Answers one question: *what is my IBM Cloud IAM access token, right now, in the form my tool wants?*
//!
//! This is the library behind the program `ibmcloud-token`. It answers from the session file of the `ibmcloud` CLI if the
//! token there is good. Otherwise it runs `ibmcloud iam oauth-tokens`, one run at a time for each session, and reads the
//! answer with a parser. It never returns an expired token.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use ibmcloud_token::{Request, Session};
//!
//! let request = Request::new().min_ttl(Duration::from_secs(300));
//! let token = Session::from_env()?.access_token(&request, Duration::from_secs(30))?;
//! println!("expires at {}", token.expires_at().as_deref().unwrap_or("an unknown time"));
//! // Pass `token.token().expose()` to whatever needs it.
//! # Ok::<(), ibmcloud_token::Error>(())
//! ```
//!
//! With the feature `net`, an API key is exchanged for a token over HTTPS, without the CLI:
//!
//! ```no_run
//! # #[cfg(feature = "net")] {
//! use std::time::Duration;
//!
//! use ibmcloud_token::{ApiKey, Endpoint, Exchange};
//!
//! let key = ApiKey::new("0a-1b…")?;
//! let token = Exchange::new(&key, Endpoint::public()).access_token(Duration::from_secs(30))?;
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source layout
//!
//! Imports run one way: `bin` → `program` → `session` → `ibmcloud`, `iam` → `system` → `format`, `token`, `task`, `note`,
//! `sanitize`, `secret`, `time`, `error`. Nothing below `program` prints, exits, reads the clock on its own or handles a
//! signal.
//!
//! ```text
//! bin/ibmcloud-token.rs        the program: one call into the library
//! bin/docker-credential-ibmcloud.rs  the same for the credential helper
//! program/mod.rs               the programs, behind the feature `program`
//!   arguments.rs               the command line: every clap type, and the one reading of it
//!   help.rs                    the longer texts of the help
//!   settings.rs                what was typed, else a variable, else the default
//!   context.rs                 settings, environment, clock and deadline of a command
//!   dispatch.rs                from a command's name to its code
//!   input.rs                   how a secret comes in
//!   output.rs                  the only writer of the standard output, and of files
//!   report.rs                  errors, notes and hints on the standard error
//!   docker_config.rs           docker's `config.json`, edited as text
//!   docker_credential.rs       the credential helper for IBM Cloud Container Registry
//!   json_object.rs             a JSON object, edited as text
//!   recipes.rs                 the variables that tools read, for `exec --for`
//!   registry_hosts.rs          the registry's hosts, one by one
//!   command/mod.rs             the commands
//!   command/configure.rs
//!   command/curl.rs
//!   command/exchange.rs
//!   command/exec.rs
//!   command/get.rs
//!   command/inspect.rs
//!   command/login.rs
//!   command/logout.rs
//!   command/parse.rs
//!   command/status.rs
//! program/curl_guard/mod.rs    whether a command line of curl can send the token to IBM Cloud's hosts only
//!   options.rs                 the options of curl
//!   url.rs                     the hosts that get the token
//! session/mod.rs               the order in which a session's token is obtained
//!   place.rs                   where a session and its lock are
//!   name.rs                    named sessions
//!   single_flight.rs           one run of the CLI at a time, and its outcome shared with waiters
//!   login.rs                   a login, inside the lock
//!   aftermath.rs               what happened to the session around a run of the CLI
//!   logout.rs                  a logout, inside the lock
//! ibmcloud/mod.rs              the CLI: found, run and understood
//!   locate.rs                  the absolute path of the program
//!   config_directory.rs        where the CLI keeps its files
//!   session_file.rs            the CLI's `config.json`, read only
//!   oauth_tokens.rs            the parser
//!   forms.rs                   other forms in which a token is passed on
//!   damaged_tokens.rs          a fuzzer for the parser
//!   failure.rs                 why a run failed
//!   login.rs                   `ibmcloud login`
//!   login_script.rs            the answers of a login without a terminal
//! iam/mod.rs                   the IAM service over HTTPS, behind the feature `net`
//!   client.rs                  the HTTP client, on a thread with a deadline
//!   endpoint.rs                its address
//!   proxy.rs                   the proxy on the way
//!   trust.rs                   the certificate authorities that are trusted
//!   response.rs                a token or a rejection
//!   retry.rs                   what is retried, and when
//! system/mod.rs                the operating system
//!   process.rs                 the only place that spawns processes
//!   obstacle.rs                what keeps a program from being started
//!   ownership.rs               whose file something is
//!   group.rs                   a child and its process group
//!   interaction.rs             a run that talks with the person at the terminal
//!   exec.rs                    becoming another program
//!   poll.rs                    waiting for several descriptors
//!   blocking.rs                a blocking call with a deadline
//!   bounded_file.rs            reading a file until a deadline and up to a size
//!   lock.rs                    `flock` with a deadline
//!   signals.rs                 ends children and writes when a signal ends the program
//!   stdio.rs                   the standard streams
//!   terminal.rs                the terminal's echo and its background jobs
//!   environment.rs             variables as an argument
//!   core_dump.rs               no core dumps, because they would hold secrets
//!   private_file.rs            a file for the user alone, replaced as a whole
//!   config_file.rs             another program's configuration file, replaced in place
//!   stream.rs                  a pipe, a device or an open file, written through
//!   appended_file.rs           lines at the end of a file
//!   private_directory.rs       a directory for the user alone, and the files in it
//! format/mod.rs                the formats in which a token is handed over
//!   template.rs                placeholders and escapes
//!   shell.rs                   assignments, and how each shell quotes
//! token/mod.rs                 tokens and keys
//!   access_token.rs            the access token
//!   api_key/mod.rs             the API key
//!   api_key/text.rs            the text around it, and texts that are mistaken for one
//!   claims.rs                  the claims of a JWT
//!   issued.rs                  a token with its origin and its times
//!   freshness.rs               how long a token still lives
//!   requirements.rs            the one place where a token is judged
//! task.rs                      deadline, clock and notes of a piece of work
//! note.rs                      warnings and explanations
//! sanitize.rs                  text from elsewhere, made safe to show
//! secret.rs                    memory that is wiped
//! time.rs                      deadline, clock and dates
//! error.rs                     the error type
//! ```

#![cfg_attr(
    not(feature = "program"),
    expect(
        dead_code,
        unused_imports,
        reason = "the programs use more of these modules than the library does"
    )
)]

#[cfg(not(unix))]
compile_error!("ibmcloud-token needs process groups, flock and file modes; on Windows, use it in WSL");

mod error;
#[cfg(feature = "program")]
mod format;
#[cfg(feature = "net")]
mod iam;
mod ibmcloud;
mod note;
#[cfg(feature = "program")]
#[doc(hidden)]
pub mod program;
mod sanitize;
mod secret;
mod session;
mod system;
mod task;
mod time;
mod token;

pub use error::{Error, ErrorKind, Result};
#[cfg(feature = "net")]
pub use iam::{Endpoint, Exchange};
pub use ibmcloud::oauth_tokens::{ParseError, parse};
pub use session::{InvalidSessionName, Request, Session, SessionName};
pub use token::{AccessToken, ApiKey, Claims, Freshness, InvalidApiKey, InvalidToken, IssuedToken, Origin};
