//! The command line: every clap type, no behaviour.
//!
//! Conventions: an option's first line is its short help; an option that makes sense for more than one command is
//! global, so it is accepted before and after the command's name, and has an `IBMCLOUD_TOKEN_…` variable; a secret is
//! never an argument, so `--apikey` and `--passcode` take a place to read it from.

#![expect(clippy::doc_markdown, reason = "the doc comments are the help texts, which are plain text")]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::{FalseyValueParser, Resettable};
use clap::parser::ValueSource;
use clap::{Arg, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use ibmcloud_token::directories::SessionName;
use ibmcloud_token::environment::Environment;
use ibmcloud_token::format::{Shell, VariableName};

/// Print the IBM Cloud IAM access token of the ibmcloud CLI's session
///
/// Answers from the CLI's session file when the token there is good, else runs `ibmcloud iam oauth-tokens` and reads
/// what it says. Never prints an expired token. On any failure the standard output stays empty.
#[derive(Debug, Parser)]
#[command(name = "ibmcloud-token", version, after_help = EXIT_CODES, disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(flatten)]
    pub(crate) get: GetOptions,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// [`Cli`] when no command is named. Clap copies the global options into every command there is; an answer from the
/// session file takes less time than that.
#[derive(Parser)]
#[command(disable_help_flag = true, disable_version_flag = true)]
struct WithoutCommand {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    get: GetOptions,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  reading or writing failed, or an internal error
  2  the command line makes no sense
  3  ibmcloud is missing or cannot be run
  4  a login is needed, or a key or passcode was rejected
  5  ibmcloud failed, or its output was not understood
  6  network, TLS, proxy or the IAM service
  7  timed out
  8  there is no token with the wanted lifetime";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the token of the current session (the default command)
    Get(GetOptions),
    /// Log in with the CLI: plain, with a one-time passcode, or with an API key
    ///
    /// Runs `ibmcloud login`. What the CLI says goes to the standard error. It counts as done when a new token can be
    /// had afterwards.
    Login(LoginOptions),
    /// Filter: the output of `ibmcloud iam oauth-tokens` in, the token out
    Parse,
    /// Turn an API key into a token over HTTPS, without the CLI
    #[cfg(feature = "net")]
    Exchange(ExchangeOptions),
    /// Show who is logged in, where, and for how long; without network and CLI
    Status,
    /// Show the claims of a token: decoded, not verified
    Inspect(InspectOptions),
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Options for every command")]
pub(crate) struct Options {
    /// How to write the token
    #[arg(short, long, global = true, value_enum, default_value_t = FormatName::Bearer, env = "IBMCLOUD_TOKEN_FORMAT")]
    pub(crate) format: FormatName,
    /// The shell that `--format env` is for [default: from $SHELL, else sh]
    #[arg(long, global = true, value_enum, env = "IBMCLOUD_TOKEN_SHELL")]
    pub(crate) shell: Option<ShellName>,
    /// The variable of the formats `env`, `dotenv` and `github`
    #[arg(long, global = true, default_value = VariableName::DEFAULT, env = "IBMCLOUD_TOKEN_NAME")]
    pub(crate) name: VariableName,
    /// Write to a file instead: for you alone (0600), whole or not at all; `-` is the standard output
    #[arg(short, long, global = true, value_name = "FILE", env = "IBMCLOUD_TOKEN_OUTPUT")]
    pub(crate) output: Option<PathBuf>,
    /// Promise that the token lives for so long, or fail: 90s, 5m, 1h
    ///
    /// Without it, the session file answers with a token that lives for another minute at least, and whatever unexpired
    /// token the CLI prints is taken.
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration, env = "IBMCLOUD_TOKEN_MIN_TTL")]
    pub(crate) min_ttl: Option<Duration>,
    /// Ask the CLI, whatever the session file holds
    #[arg(long, global = true, value_parser = FalseyValueParser::new(), env = "IBMCLOUD_TOKEN_FRESH")]
    pub(crate) fresh: bool,
    /// How long all of it may take
    #[arg(long, global = true, value_name = "DURATION", value_parser = positive_duration, default_value = "30s", env = "IBMCLOUD_TOKEN_TIMEOUT")]
    pub(crate) timeout: Duration,
    /// The CLI: a path, or a name such as `bx` to look up in PATH
    #[arg(long, global = true, value_name = "PATH", env = "IBMCLOUD_TOKEN_IBMCLOUD")]
    pub(crate) ibmcloud: Option<OsString>,
    /// A session of its own with this name, apart from the user's
    #[arg(long, global = true, value_name = "NAME", env = "IBMCLOUD_TOKEN_SESSION")]
    pub(crate) session: Option<SessionName>,
    /// Say nothing but errors
    #[arg(short, long, global = true, value_parser = FalseyValueParser::new(), env = "IBMCLOUD_TOKEN_QUIET")]
    pub(crate) quiet: bool,
    /// Explain every decision
    #[arg(short, long, global = true, value_parser = FalseyValueParser::new(), env = "IBMCLOUD_TOKEN_VERBOSE")]
    pub(crate) verbose: bool,
}

/// What clap makes of an empty command line.
impl Default for Options {
    fn default() -> Self {
        Self {
            format: FormatName::Bearer,
            shell: None,
            name: VariableName::default(),
            output: None,
            min_ttl: None,
            fresh: false,
            timeout: Duration::from_secs(30),
            ibmcloud: None,
            session: None,
            quiet: false,
            verbose: false,
        }
    }
}

#[derive(Args, Debug, Default)]
pub(crate) struct GetOptions {
    /// Log in first if that is needed and there is a terminal
    #[arg(long)]
    pub(crate) login: bool,
}

#[derive(Args, Debug)]
pub(crate) struct LoginOptions {
    /// With a one-time passcode from the browser: for federated IDs
    #[arg(long, group = "credentials")]
    pub(crate) sso: bool,
    /// With an API key: `@FILE`, or `-` for the standard input; or set IBMCLOUD_API_KEY
    #[arg(long, value_name = "@FILE|-", group = "credentials")]
    pub(crate) apikey: Option<String>,
    /// With a one-time passcode that you have: `-`, from the standard input
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
    /// Further arguments of `ibmcloud login`, unchanged
    #[arg(last = true, value_name = "ARGUMENT")]
    pub(crate) arguments: Vec<String>,
}

#[cfg(feature = "net")]
#[derive(Args, Debug)]
pub(crate) struct ExchangeOptions {
    /// The API key: `@FILE`, or `-` for the standard input; or set IBMCLOUD_API_KEY
    ///
    /// The file holds the bare key, or the JSON that the console and `ibmcloud iam api-key-create --file` write.
    #[arg(long, value_name = "@FILE|-")]
    pub(crate) apikey: Option<String>,
    /// The IAM service [env: IBMCLOUD_IAM_API_ENDPOINT=] [default: https://iam.cloud.ibm.com]
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Use IAM's private endpoint (https://private.iam.cloud.ibm.com)
    #[arg(long, conflicts_with = "endpoint")]
    pub(crate) private: bool,
    /// Trust this CA too (PEM)
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct InspectOptions {
    /// `-`: the token on the standard input, or `oauth-tokens` output, instead of the session's
    #[arg(value_name = "-")]
    pub(crate) input: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatName {
    /// `Bearer eyJ…`, as the documented pipeline prints it
    Bearer,
    /// `eyJ…`
    Token,
    /// `Authorization: Bearer eyJ…`, for `curl -H @<(…)`
    Header,
    /// One object with the token and everything known about it
    Json,
    /// An assignment for a shell to eval
    Env,
    /// `IAM_TOKEN=eyJ…`
    Dotenv,
    /// A line for `curl -K -`
    Curl,
    /// Mask the token in a GitHub Actions log, then hand it on by $GITHUB_OUTPUT and $GITHUB_ENV
    Github,
    /// (exchange) IAM's answer, unchanged; it may hold a refresh token
    #[cfg(feature = "net")]
    Response,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShellName {
    /// dash, bash, zsh, ksh
    Sh,
    /// fish
    Fish,
    /// `PowerShell`
    #[value(name = "powershell")]
    PowerShell,
    /// Nushell
    Nu,
    /// cmd.exe
    Cmd,
}

impl From<ShellName> for Shell {
    fn from(name: ShellName) -> Self {
        match name {
            ShellName::Sh => Self::Sh,
            ShellName::Fish => Self::Fish,
            ShellName::PowerShell => Self::PowerShell,
            ShellName::Nu => Self::Nu,
            ShellName::Cmd => Self::Cmd,
        }
    }
}

/// Returns what was typed, and whether the format was among it: a format from the environment is meant for tokens.
pub(crate) fn parse(
    arguments: impl Iterator<Item = OsString>,
    environment: &Environment,
) -> Result<(Cli, bool), clap::Error> {
    let arguments: Vec<OsString> = arguments.collect();
    if let Some(options) = plain(&arguments, environment) {
        return Ok((Cli { options, get: GetOptions::default(), command: None }, arguments.len() > 1));
    }
    let get_matches = |command: clap::Command| {
        let command = command.mut_args(|argument| without_empty_variable(argument, environment));
        command.try_get_matches_from(&arguments)
    };
    // Many calls name no command. What goes wrong then, or asks for help, is told by the whole definition.
    let (matches, mut cli) = if let Ok(matches) = get_matches(WithoutCommand::command()) {
        let WithoutCommand { options, get } = WithoutCommand::from_arg_matches(&matches)?;
        (matches, Cli { options, get, command: None })
    } else {
        let matches = get_matches(Cli::command())?;
        let cli = Cli::from_arg_matches(&matches)?;
        (matches, cli)
    };
    let innermost = matches.subcommand().map_or(&matches, |(_, matches)| matches);
    let was_typed = |option| innermost.value_source(option) == Some(ValueSource::CommandLine);
    let format_was_typed = was_typed("format");
    // A file from the environment is meant for tokens, as a format is.
    let shows_no_token = matches!(cli.command, Some(Command::Status | Command::Inspect(_)));
    let is_stdout = cli.options.output.as_deref() == Some(Path::new("-"));
    if is_stdout || (shows_no_token && !was_typed("output")) {
        cli.options.output = None;
    }
    // For clap, `IBMCLOUD_TOKEN_VERBOSE=0` would be in conflict with `-q`: the variable is there. What was typed counts
    // more than a variable.
    if cli.options.quiet && cli.options.verbose {
        match (was_typed("quiet"), was_typed("verbose")) {
            (true, false) => cli.options.verbose = false,
            (false, true) => cli.options.quiet = false,
            _ => {
                let problem = "`--quiet` and `--verbose` cannot be used together\n";
                return Err(Cli::command().error(clap::error::ErrorKind::ArgumentConflict, problem));
            }
        }
    }
    if cli.get.login && !matches!(cli.command, None | Some(Command::Get(_))) {
        let problem = "`--login` is an option of `get`\n";
        return Err(Cli::command().error(clap::error::ErrorKind::ArgumentConflict, problem));
    }
    Ok((cli, format_was_typed))
}

/// Returns what clap would, for the calls that scripts make all the time: nothing is typed but, perhaps, a format, and
/// no variable of ours is set. Telling clap of every option takes as long as an answer from the session file.
fn plain(arguments: &[OsString], environment: &Environment) -> Option<Options> {
    let format = match arguments {
        [_] => FormatName::Bearer,
        [_, option, name] if option == "-f" || option == "--format" => {
            FormatName::from_str(name.to_str()?, false).ok()?
        }
        _ => return None,
    };
    let is_ours = |name: &OsString| name.as_encoded_bytes().starts_with(b"IBMCLOUD_TOKEN_");
    let has_variable = environment.iter().any(|(name, _)| is_ours(name));
    (!has_variable).then(|| Options { format, ..Options::default() })
}

/// Returns an argument that does not look at its variable if that is empty: an empty one counts as not set.
fn without_empty_variable(argument: Arg, environment: &Environment) -> Arg {
    match argument.get_env() {
        Some(name) if environment.is_empty(name) => argument.env(Resettable::Reset),
        _ => argument,
    }
}

/// A duration as people type it; a bare number is seconds.
fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse() {
        return Ok(Duration::from_secs(seconds));
    }
    humantime::parse_duration(text).map_err(|error| format!("{error}; write it like `90s`, `5m` or `1h`"))
}

fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it has to be more than zero".to_owned()),
        duration => Ok(duration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<(Cli, bool), clap::Error> {
        parse(line.split(' ').map(OsString::from), &Environment::default())
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_options_stand_before_or_after_the_command() {
        for line in
            ["ibmcloud-token --format json --timeout 5 status", "ibmcloud-token status --timeout 5s -f json"]
        {
            let (cli, format_was_typed) = parsed(line).unwrap();
            assert_eq!(cli.options.format, FormatName::Json);
            assert_eq!(cli.options.timeout, Duration::from_secs(5));
            assert!(format_was_typed);
        }
        assert!(!parsed("ibmcloud-token status").unwrap().1);
    }

    #[test]
    fn what_is_plain_is_read_as_clap_reads_it() {
        // Any variable of ours is reason enough to ask clap.
        let by_clap: Environment = [("IBMCLOUD_TOKEN_", "1")].into_iter().collect();
        let mut lines = vec!["ibmcloud-token".to_owned()];
        for name in FormatName::value_variants().iter().filter_map(FormatName::to_possible_value) {
            lines.extend(
                ["-f", "--format"].map(|option| format!("ibmcloud-token {option} {}", name.get_name())),
            );
        }
        for line in lines {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert!(plain(&arguments, &Environment::default()).is_some(), "{line}");
            assert!(plain(&arguments, &by_clap).is_none(), "{line}");
            // The variables of whoever runs the tests are none of its business.
            let command = WithoutCommand::command().mut_args(|argument| argument.env(Resettable::Reset));
            let options = Options::from_arg_matches(&command.get_matches_from(&arguments)).unwrap();
            let (cli, format_was_typed) = parsed(&line).unwrap();
            assert_eq!(format!("{:?}", cli.options), format!("{options:?}"), "{line}");
            assert_eq!(
                (cli.command.is_none(), cli.get.login, format_was_typed),
                (true, false, arguments.len() > 1)
            );
        }
        for line in ["ibmcloud-token -f none", "ibmcloud-token -q", "ibmcloud-token get", "ibmcloud-token -f"]
        {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert!(plain(&arguments, &Environment::default()).is_none(), "{line}");
        }
    }

    #[test]
    fn login_is_an_option_of_get_alone() {
        assert!(parsed("ibmcloud-token --login").unwrap().0.get.login);
        assert!(parsed("ibmcloud-token --login get").is_ok());
        assert!(parsed("ibmcloud-token --login status").is_err());
        assert!(parsed("ibmcloud-token status --login").is_err());
    }

    #[test]
    fn durations_are_read_as_people_type_them() {
        for (text, seconds) in
            [("90s", 90), ("5m", 300), ("1h", 3600), ("1h 30m", 5400), ("45", 45), ("0", 0)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "-5", "5 parsecs", "soon"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(positive_duration("0s").is_err());
    }
}
