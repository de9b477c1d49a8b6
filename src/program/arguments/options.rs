//! The arguments of each command. All of them are clap types, which hold what was typed.

#![expect(clippy::doc_markdown, reason = "the doc comments are help texts, which are plain text")]

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

#[cfg(feature = "net")]
use super::groups::IdentityOptions;
use super::groups::{JsonOptions, OutputOptions, SourceOptions, TokenOptions};
use crate::format::Variable;
use crate::program::curl_guard::Host;
use crate::program::recipes::Recipe;
use crate::session::SessionName;

// The arguments of `get` and of `watch`. This is not a doc comment, because clap would show it as the description of the
// command.
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
    #[arg(long, value_name = "@FILE|-", conflicts_with = "profile")]
    pub(crate) apikey: Option<String>,
    #[command(flatten)]
    pub(crate) identity: IdentityOptions,
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
pub(crate) struct Doctor {
    /// Also ask IAM whether it can be reached
    ///
    /// One request without credentials is sent, through the proxy if there is one.
    #[cfg(feature = "net")]
    #[arg(long)]
    pub(crate) online: bool,
    /// Write a record for a bug report to this file
    ///
    /// The record shows what `ibmcloud --version` and `ibmcloud iam oauth-tokens` print (each word that could be a secret
    /// or a name is masked), how they end and how long they take, the names of the members of the session file, and the
    /// verdict of each check. It holds no token and no value of the session file. As for `get`, the CLI renews the
    /// session if its token is about to expire.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
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
