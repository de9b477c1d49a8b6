//! The options, in groups, and the arguments of each command. All of them are clap types, which hold what was typed.

#![expect(clippy::doc_markdown, reason = "the doc comments are help texts, which are plain text")]
#![cfg_attr(feature = "net", expect(rustdoc::bare_urls, reason = "the help of `exchange` names URLs"))]

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::format::{Format, NAMED, Shell, Variable};
use crate::program::curl_guard::Host;
use crate::program::recipes::Recipe;
use crate::program::settings::{duration, positive_duration};
use crate::session::SessionName;

/// The options that may come before or after the command's name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Common {
    pub(crate) messages: MessageOptions,
    pub(crate) session: SessionOptions,
    pub(crate) time: TimeOptions,
}

#[derive(Args, Clone, Debug, Default, PartialEq)]
#[group(skip)]
#[command(next_help_heading = "Common options")]
pub(crate) struct MessageOptions {
    /// Print nothing but errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Explain every decision
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

#[derive(Args, Clone, Debug, Default, PartialEq)]
#[group(skip)]
#[command(next_help_heading = "Common options")]
pub(crate) struct SessionOptions {
    /// Use the session of this name instead of your own
    #[arg(long, value_name = "NAME")]
    pub(crate) session: Option<SessionName>,
    /// Run this CLI: a path, or a name such as `bx`
    ///
    /// It must use the session that this program reads. A wrapper that chooses another session, for example with
    /// IBMCLOUD_HOME, is not run at all while the token in the usual session file is good. Set IBMCLOUD_HOME for this
    /// program too, or use `--session`.
    #[arg(long, value_name = "PATH")]
    pub(crate) ibmcloud: Option<OsString>,
}

#[derive(Args, Clone, Debug, Default, PartialEq)]
#[group(skip)]
#[command(next_help_heading = "Common options")]
pub(crate) struct TimeOptions {
    /// Give up after this time [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub(crate) timeout: Option<Duration>,
}

#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
pub(crate) struct TokenOptions {
    /// Require this remaining lifetime: 90s, 5m, 1h
    ///
    /// By default, a token in the session file must live for at least another minute, but any unexpired token that the
    /// CLI prints is accepted.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) min_ttl: Option<Duration>,
}

#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
pub(crate) struct SourceOptions {
    /// Always run the CLI to get the token
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Log in first if needed
    ///
    /// Without a terminal, this works only if the CLI can log in without prompts, for example with IBMCLOUD_API_KEY.
    #[arg(long)]
    pub(crate) login: bool,
}

#[cfg(feature = "net")]
#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
pub(crate) struct IamOptions {
    /// IAM's URL [default: https://iam.cloud.ibm.com]
    ///
    /// Without it, the variable IBMCLOUD_IAM_API_ENDPOINT is used.
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Use IAM's private endpoint
    #[arg(long, conflicts_with = "endpoint")]
    pub(crate) private: bool,
    /// Also trust the CA certificates in this PEM file
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
pub(crate) struct OutputOptions {
    /// A format or a template [default: bearer]
    #[arg(short, long, value_name = "FORMAT", long_help = format_help())]
    pub(crate) format: Option<Format>,
    /// Write to this file (0600); `-` is stdout
    ///
    /// A regular file is replaced atomically and has mode 0600 from the first byte. A pipe, a device or `/dev/fd/N` is
    /// written through.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Set this variable, with -f env, dotenv or github
    ///
    /// NAME=TEMPLATE sets it to a template with the placeholders of `--format`; NAME alone means NAME=%{token}. The option
    /// can be repeated. [default: IAM_TOKEN]
    #[arg(long, value_name = "NAME")]
    pub(crate) env: Vec<Variable>,
    /// Shell for -f env: sh, fish, powershell or cmd
    #[arg(long, value_parser = shell)]
    pub(crate) shell: Option<Shell>,
}

#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
pub(crate) struct JsonOptions {
    /// `json`: one JSON object instead of text
    #[arg(short, long, value_name = "json", value_parser = json)]
    pub(crate) format: Option<()>,
}

// ---- commands ------------------------------------------------------------------------------------------------------

#[derive(Args, Debug, Default)]
#[group(skip)]
pub(crate) struct Get {
    #[command(flatten)]
    pub(crate) output: OutputOptions,
    #[command(flatten)]
    pub(crate) token: TokenOptions,
    #[command(flatten)]
    pub(crate) source: SourceOptions,
}

#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct Exec {
    /// Set this variable [default: IAM_TOKEN]
    ///
    /// NAME means NAME=%{token}. The template may use %{bearer} and the other placeholders of `get --format`. The option
    /// can be repeated.
    #[arg(long, value_name = "NAME[=TEMPLATE]")]
    pub(crate) env: Vec<Variable>,
    /// Set the variables of a tool; see --list-recipes
    ///
    /// The recipes are terraform, sdk:SERVICE (such as sdk:secrets-manager) and watsonx.
    ///
    /// Other credentials of the same service are removed from the environment. The option can be repeated.
    #[arg(long = "for", value_name = "RECIPE")]
    pub(crate) recipes: Vec<Recipe>,
    /// Print what each recipe sets and removes
    #[arg(long)]
    pub(crate) list_recipes: bool,
    #[command(flatten)]
    pub(crate) token: TokenOptions,
    #[command(flatten)]
    pub(crate) source: SourceOptions,
    /// The program and its arguments
    #[arg(value_name = "PROGRAM", trailing_var_arg = true, required_unless_present = "list_recipes")]
    pub(crate) program: Vec<OsString>,
}

#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct Curl {
    /// Also send the token to this host
    ///
    /// NAME is one exact host name and matches any port. Plain http is accepted only for localhost, 127.0.0.1 and ::1.
    /// The option can be repeated.
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Vec<Host>,
    #[command(flatten)]
    pub(crate) token: TokenOptions,
    #[command(flatten)]
    pub(crate) source: SourceOptions,
    /// The arguments of curl
    #[arg(value_name = "ARGUMENT", trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    pub(crate) arguments: Vec<OsString>,
}

#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct Login {
    /// Use a one-time passcode from the browser
    #[arg(long, group = "credentials")]
    pub(crate) sso: bool,
    /// Use the API key in a file, or `-` for stdin
    ///
    /// The file holds the key, or the JSON that the console and `ibmcloud iam api-key-create --file` write. At a
    /// terminal, `-` prompts for the key and does not show it. The variable IBMCLOUD_API_KEY may hold the key, or
    /// @FILE, instead.
    #[arg(long, value_name = "@FILE|-", group = "credentials")]
    pub(crate) apikey: Option<String>,
    /// Use a one-time passcode from stdin
    ///
    /// At a terminal, this prompts for the passcode and does not show it. The passcode answers only the CLI's prompt
    /// for it.
    #[arg(long, value_name = "-", group = "credentials")]
    pub(crate) passcode: Option<String>,
    /// API endpoint
    #[arg(short = 'a', value_name = "API_ENDPOINT")]
    pub(crate) api_endpoint: Option<String>,
    /// Region to target
    #[arg(short = 'r', value_name = "REGION", conflicts_with = "no_region")]
    pub(crate) region: Option<String>,
    /// Target no region
    #[arg(long)]
    pub(crate) no_region: bool,
    /// Account to target
    #[arg(short = 'c', value_name = "ACCOUNT_ID", conflicts_with = "no_account")]
    pub(crate) account: Option<String>,
    /// Target no account
    #[arg(long)]
    pub(crate) no_account: bool,
    /// Resource group to target
    #[arg(short = 'g', value_name = "RESOURCE_GROUP")]
    pub(crate) resource_group: Option<String>,
    /// Further arguments, passed to `ibmcloud login` unchanged
    #[arg(last = true, value_name = "ARGUMENT")]
    pub(crate) arguments: Vec<String>,
}

#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct Parse {
    #[command(flatten)]
    pub(crate) output: OutputOptions,
    #[command(flatten)]
    pub(crate) token: TokenOptions,
}

#[cfg(feature = "net")]
#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct ExchangeOptions {
    /// The API key: `@FILE`, or `-` for stdin
    ///
    /// The file holds the key, or the JSON that the console and `ibmcloud iam api-key-create --file` write. At a
    /// terminal, `-` prompts for the key and does not show it. The variable IBMCLOUD_API_KEY or IC_API_KEY may hold
    /// the key, or @FILE, instead.
    #[arg(long, value_name = "@FILE|-")]
    pub(crate) apikey: Option<String>,
    #[command(flatten)]
    pub(crate) iam: IamOptions,
    /// Print IAM's response; it may hold a refresh token
    #[arg(long, conflicts_with_all = ["format", "env", "shell"])]
    pub(crate) raw: bool,
    #[command(flatten)]
    pub(crate) output: OutputOptions,
    #[command(flatten)]
    pub(crate) token: TokenOptions,
}

#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct Status {
    /// Show your own session and every named one
    #[arg(long, conflicts_with = "session")]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) json: JsonOptions,
}

#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct Inspect {
    /// Read a token, or `oauth-tokens` output, from stdin
    #[arg(value_name = "-")]
    pub(crate) input: Option<String>,
    #[command(flatten)]
    pub(crate) json: JsonOptions,
}

#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct Configure {
    /// The program to configure; others read its file too
    #[arg(value_name = "docker", value_parser = ["docker"], hide_possible_values = true)]
    pub(crate) program: String,
    /// Change this file, such as podman's auth.json
    #[arg(long, value_name = "PATH")]
    pub(crate) file: Option<PathBuf>,
    /// Print what would be changed, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Remove our helper, and no other
    ///
    /// With --session, only the helper of that session is removed.
    #[arg(long)]
    pub(crate) remove: bool,
    /// Use the helper of the session with this name
    ///
    /// The helper is `docker-credential-ibmcloud-NAME`, a link to `docker-credential-ibmcloud`.
    #[arg(long, value_name = "NAME")]
    pub(crate) session: Option<SessionName>,
}

fn format_help() -> String {
    let mut help = "The format: one of these names, or a template.\n\n".to_owned();
    for named in &NAMED {
        let _ = writeln!(help, "  {:<8}{}", named.name, named.about);
    }
    help + "\nA template has placeholders in the style of curl's -w: %{token}, %{bearer}, %{expires_at} (RFC 3339), \
            %{expiration} (epoch seconds), %{expires_in} (seconds), %{account} and %{iam_id}. %% is a percent sign, \
            and \\n, \\t and \\\\ are escapes. [default: bearer]"
}

pub(in crate::program) fn shell(name: &str) -> Result<Shell, String> {
    Shell::ALL
        .into_iter()
        .find_map(|(known, shell)| (known == name).then_some(shell))
        .ok_or_else(|| format!("not one of {}", Shell::ALL.map(|(name, _)| format!("`{name}`")).join(", ")))
}

fn json(name: &str) -> Result<(), String> {
    if name == "json" { Ok(()) } else { Err("only `json` is supported here".to_owned()) }
}
