//! Gets the IBM Cloud IAM access token of your `ibmcloud` login, in the form that a tool needs.
//!
//! This is the library behind the program `ibmcloud-token`. It returns the token in the session file of the `ibmcloud`
//! CLI if that token lives long enough. Otherwise it runs `ibmcloud iam oauth-tokens`, one run at a time for each
//! session, and parses the output. It never returns an expired token.
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
//! bin/ibmcloud-token.rs        the program, which calls the library
//! bin/docker-credential-ibmcloud.rs  the credential helper, which does the same
//! program/mod.rs               the programs, behind the feature `program`
//!   arguments/mod.rs           parsing of the command line
//!   arguments/commands.rs      the commands and their options
//!   arguments/options.rs       the arguments of each command as clap types
//!   arguments/groups.rs        the options that commands share, in groups
//!   arguments/documentation.rs the arguments of `completions` and `man`
//!   arguments/usage.rs         usage errors
//!   help.rs                    the longer texts of the help
//!   settings.rs                each setting: the option, else its variable, else the default
//!   values.rs                  parses the values of options and variables
//!   context.rs                 settings, environment, clock and deadline of a command
//!   dispatch.rs                runs the command that was named
//!   source.rs                  the source of a command's token: the session, or IAM
//!   iam_source.rs              IAM as the source: a key, a compute resource, a trusted profile
//!   input.rs                   reads secrets from files, standard input and variables
//!   output.rs                  writes standard output and output files
//!   report.rs                  writes errors, notes and hints to standard error
//!   docker_config.rs           docker's `config.json`, edited as text
//!   docker_credential.rs       the credential helper for IBM Cloud Container Registry
//!   fuzzing.rs                 what the fuzz targets call, under `cfg(fuzzing)` only
//!   json_object.rs             a JSON object, edited as text
//!   recipes.rs                 the variables that tools read, for `exec --for`
//!   registry_hosts.rs          the registry's hosts, one by one
//!   command/mod.rs             the commands
//!   command/completions.rs
//!   command/configure.rs
//!   command/curl.rs
//!   command/doctor.rs
//!   command/exchange.rs
//!   command/exec.rs
//!   command/get.rs
//!   command/inspect.rs
//!   command/login.rs
//!   command/logout.rs
//!   command/man.rs
//!   command/parse.rs
//!   command/status.rs
//!   command/watch.rs
//! program/doctor/mod.rs        the checks of `doctor`
//!   findings.rs                what was found, and how it is shown
//!   ibmcloud.rs                the CLI, its version and its settings
//!   session.rs                 the session: its place, file, login and lock, and the clock
//!   machine.rs                 the search path, and the credential helper of docker
//!   network.rs                 the way to IAM
//!   no_network.rs              the same in a build without network code
//!   record.rs                  the record for a bug report
//!   mask.rs                    the shape of a text without its words
//! program/completion/mod.rs    answers the completion script of a shell
//!   ibmcloud-token.bash        the scripts
//!   ibmcloud-token.fish
//!   ibmcloud-token.ps1
//!   ibmcloud-token.zsh
//! program/manual/mod.rs        the manual pages
//!   roff.rs                    writes man(7) from plain text
//!   ibmcloud-token.txt         what the pages have besides the help: examples, files, variables
//!   docker-credential-ibmcloud.txt
//!   completions.txt
//!   configure.txt
//!   curl.txt
//!   doctor.txt
//!   exchange.txt
//!   exec.txt
//!   get.txt
//!   inspect.txt
//!   login.txt
//!   logout.txt
//!   man.txt
//!   parse.txt
//!   status.txt
//!   watch.txt
//!   session.txt                the files and variables of every command with a session
//!   login_option.txt           the variables of every command that can log in for a token
//!   online.txt                 the variables and the example of a command that can ask IAM
//!   identity.txt               the files and variables of every command that requests tokens from IAM
//! program/curl_guard/mod.rs    checks that curl can send the token only to IBM Cloud's hosts
//!   options.rs                 the options of curl
//!   url.rs                     the hosts that may receive the token
//! session/mod.rs               gets a session's token: session file, lock, CLI
//!   place.rs                   the paths of a session and its lock
//!   name.rs                    named sessions
//!   observation.rs             runs of the CLI for the record of `doctor`
//!   outlook.rs                 predicts the result of a request, without running the CLI
//!   single_flight.rs           one run of the CLI at a time, and its outcome shared with waiters
//!   login.rs                   a login, inside the lock
//!   aftermath.rs               detects changes to the session during a CLI run
//!   logout.rs                  a logout, inside the lock
//! ibmcloud/mod.rs              finds and runs the CLI, and interprets its output
//!   locate.rs                  the absolute path of the program
//!   config_directory.rs        where the CLI keeps its files
//!   session_file.rs            the CLI's `config.json`, read only
//!   oauth_tokens.rs            the parser of `oauth-tokens` output
//!   forms.rs                   other forms of a token, such as a header or an assignment
//!   damaged_tokens.rs          a fuzzer for the parser of `oauth-tokens` output
//!   failure.rs                 classifies failed runs
//!   login.rs                   `ibmcloud login`
//!   observed_run.rs            a run whose output is kept as it is
//!   version.rs                 `ibmcloud --version`
//!   login_script.rs            answers the CLI's prompts during a login without a terminal
//! iam/mod.rs                   the IAM service over HTTPS, behind the feature `net`
//!   service.rs                 one request, with its retries
//!   grant.rs                   what is exchanged for a token, and what a rejection means for it
//!   profile.rs                 a trusted profile, which a request names
//!   client.rs                  the HTTP client, on a thread with a deadline
//!   connection.rs              the connection as the settings describe it
//!   endpoint.rs                the address of the service
//!   proxy.rs                   the HTTPS proxy
//!   trust.rs                   the trusted certificate authorities
//!   response.rs                parses a token response or a rejection
//!   retry.rs                   which failures are retried, and when
//! system/mod.rs                the operating system
//!   process.rs                 the only place that spawns processes
//!   transcript.rs              the output of a captured run, and the replies to it
//!   interaction.rs             an interactive run at the terminal
//!   hold.rs                    holds back the end of the program while a file is being replaced
//!   blocking.rs                a blocking call with a deadline
//!   bounded_file.rs            reading a file until a deadline and up to a size
//!   lock.rs                    takes a lock with a deadline
//!   modes.rs                   the modes of the terminal, restored even if a signal ends the program
//!   lookup.rs                  which entries of PATH are searched, and why a program cannot be run
//!   environment.rs             the environment variables, passed as a value
//!   config_file.rs             another program's configuration file, replaced in place
//!   appended_file.rs           lines at the end of a file
//!   temporary_names.rs         the names under which a file is written before it replaces another one
//! system/unix/mod.rs           Linux, macOS and other Unix systems
//!   run.rs                     a captured run, in a process group of its own
//!   group.rs                   a child and its process group
//!   poll.rs                    waiting for several descriptors
//!   signals.rs                 ends children and writes when a signal ends the program
//!   exec.rs                    replaces this process with another program
//!   programs.rs                finds a program
//!   obstacle.rs                why a program could not be started
//!   ownership.rs               who owns a file and who may use it
//!   private_directory.rs       a directory for the user alone, and the files in it
//!   private_file.rs            a file for the user alone, replaced as a whole
//!   stream.rs                  a pipe, a device or an open file, written through
//!   lock_file.rs               what is locked (`flock`)
//!   stdio.rs                   the standard streams
//!   terminal.rs                the terminal's echo and its background jobs
//!   core_dump.rs               disables core dumps, which would contain secrets
//!   platform.rs                values and words that differ
//!   testing.rs                 the parts of unit tests that differ
//! system/windows/mod.rs        Windows
//!   run.rs                     a captured run, in a job
//!   group.rs                   a child and its job
//!   signals.rs                 ends children and writes when an event of the console ends the program
//!   exec.rs                    runs another program in place of this one
//!   programs.rs                finds a program (PATHEXT)
//!   obstacle.rs                why a program could not be started
//!   ownership.rs               who may use a file
//!   private_directory.rs       directories in the profile, and the files in them
//!   private_file.rs            a file that is replaced as a whole
//!   stream.rs                  a named pipe or a device, written through
//!   lock_file.rs               what is locked (`LockFileEx`)
//!   stdio.rs                   the standard streams
//!   terminal.rs                the console's echo
//!   core_dump.rs               crash dumps
//!   platform.rs                values and words that differ
//!   testing.rs                 the parts of unit tests that differ
//! format/mod.rs                the output formats
//!   template.rs                placeholders and escapes
//!   shell.rs                   assignments, and how each shell quotes
//! token/mod.rs                 tokens and keys
//!   access_token.rs            the access token
//!   api_key/mod.rs             the API key
//!   api_key/text.rs            cleans the text around a key, and rejects text that is not a key
//!   compute_token.rs           the token of a compute resource
//!   claims.rs                  the claims of a JWT
//!   issued.rs                  a token with its origin, claims and expiry
//!   freshness.rs               the remaining lifetime of a token
//!   requirements.rs            checks a token against the caller's requirements
//! task.rs                      deadline, clock and notes of a piece of work
//! note.rs                      warnings and explanations
//! sanitize.rs                  makes external text safe to print
//! secret.rs                    buffers that are wiped when dropped
//! time.rs                      deadline, clock and dates
//! error.rs                     the error type
//! ```

#![cfg_attr(
    not(feature = "program"),
    expect(
        dead_code,
        unused_imports,
        reason = "the program uses more of these modules than the library does"
    )
)]

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
pub use iam::{Endpoint, Exchange, TrustedProfile};
pub use ibmcloud::oauth_tokens::{ParseError, parse};
pub use session::{InvalidSessionName, Request, Session, SessionName};
pub use token::{AccessToken, ApiKey, Claims, Freshness, InvalidApiKey, InvalidToken, IssuedToken, Origin};
