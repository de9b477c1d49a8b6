//! The options that several commands share, in groups. All of them are clap types, which hold what was typed.

#![expect(clippy::doc_markdown, reason = "the doc comments are help texts, which are plain text")]
#![cfg_attr(feature = "net", expect(rustdoc::bare_urls, reason = "the help of `exchange` names URLs"))]

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::format::{Format, NAMED, Shell, Variable};
use crate::program::values::{account_id, duration, positive_duration};
use crate::session::SessionName;

/// The options that may come before or after the command's name. A command that does not use a group has none of it, and
/// then the variables of the group are not read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Common {
    pub(crate) messages: MessageOptions,
    pub(crate) session: Option<SessionOptions>,
    pub(crate) time: Option<TimeOptions>,
}

impl Common {
    /// The options of a command that uses a session, of which only these were typed.
    pub(crate) fn of_session(session: SessionOptions) -> Self {
        Self { session: Some(session), time: Some(TimeOptions::default()), ..Self::default() }
    }
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
    /// Require a token of the account with this ID
    ///
    /// The account is that in the token (the claim `account.bss`), not the one that the CLI targets.
    #[arg(long, value_name = "ID", value_parser = account_id)]
    pub(crate) expect_account: Option<String>,
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
    /// Exchange the API key in a file, or `-` for stdin
    ///
    /// The token is requested from IAM over HTTPS, and neither the session nor the CLI is used. The file holds the key,
    /// or the JSON that the console and `ibmcloud iam api-key-create --file` write. `-` reads stdin to its end. The
    /// variable IBMCLOUD_API_KEY is not used. IBMCLOUD_TOKEN_APIKEY takes @FILE only.
    #[cfg(feature = "net")]
    #[arg(long, value_name = "@FILE|-")]
    pub(crate) apikey: Option<String>,
    #[cfg(feature = "net")]
    #[command(flatten)]
    pub(crate) identity: IdentityOptions,
}

// The options for another identity than that of the session or key. This is not a doc comment, because clap would show it
// as the description of the command.
#[cfg(feature = "net")]
#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
pub(crate) struct IdentityOptions {
    /// Get the token of this trusted profile instead
    ///
    /// The session's token, or that of the API key, is exchanged for a token of the profile (`Profile-…`, a CRN, or a
    /// name with --account). The session is not changed. Each call makes a request to IAM. For many calls, use `exec`
    /// or `watch`.
    #[arg(long, value_name = "PROFILE")]
    pub(crate) assume: Option<String>,
    /// Account of a profile that is given by name
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// In a pod or app: get the token of this profile
    ///
    /// The token of the compute resource, which the platform writes to a file, is exchanged for a token of the trusted
    /// profile (its ID or name). This works in Kubernetes Service, Red Hat OpenShift and Code Engine. The file is read
    /// at each use. The default is the first of /var/run/secrets/tokens/vault-token,
    /// /var/run/secrets/tokens/sa-token and /var/run/secrets/codeengine.cloud.ibm.com/compute-resource-token/token.
    #[arg(long, value_name = "PROFILE")]
    pub(crate) profile: Option<String>,
    /// With --profile: the file with the token
    #[arg(long, value_name = "@FILE")]
    pub(crate) cr_token: Option<String>,
    #[command(flatten)]
    pub(crate) iam: IamOptions,
}

#[cfg(feature = "net")]
#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
pub(crate) struct IamOptions {
    /// IAM's URL [default: https://iam.cloud.ibm.com]
    ///
    /// Without it, the variable IBMCLOUD_IAM_API_ENDPOINT is used, and with --assume the endpoint of the session.
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
    /// A regular file is replaced atomically and has mode 0600 from the first byte, or on Windows the permissions of its
    /// directory. A pipe, a device or `/dev/fd/N` is written through.
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
