//! The longer texts of the help, each wrapped for 80 columns.

pub(super) const ABOUT: &str = "Print the IBM Cloud IAM access token of the ibmcloud CLI's session";

pub(super) const LONG_ABOUT: &str = "\
Print the IBM Cloud IAM access token of the ibmcloud CLI's session.

The token is read from the CLI's session file if it lives long enough. Otherwise
`ibmcloud iam oauth-tokens` is run. An expired token is never printed, and on
any failure the standard output stays empty.";

pub(super) const NOTES: &str = "\
The default command is `get`. `ibmcloud-token COMMAND -h` lists the options of a
command, including `ibmcloud-token get -h`.";

pub(super) const DETAILS: &str = "\
The default command is `get`. `ibmcloud-token COMMAND --help` explains the
options of a command, including `ibmcloud-token get --help`.

Every option with a long name except --login, --output and --list-recipes has a
variable, named IBMCLOUD_TOKEN_ and the option in upper case, such as
IBMCLOUD_TOKEN_MIN_TTL=5m. An option overrides its variable. An empty variable
counts as unset, and one that a command does not use is ignored.
IBMCLOUD_TOKEN_APIKEY takes @FILE only.

Exit codes:
  0  done
  1  I/O or internal error
  2  usage error
  3  `ibmcloud` is missing or cannot be run
  4  login needed, or a key or passcode was rejected
  5  `ibmcloud` failed, or its output was not understood
  6  network, TLS, proxy or IAM service
  7  timed out
  8  no token with the wanted lifetime, account or profile
125  `exec` and `curl`: the program was not started
126  `exec` and `curl`: the program cannot be executed
127  `exec` and `curl`: the program was not found";

pub(super) const EXEC: &str = "\
Run a program with a token in its environment.

The program replaces ibmcloud-token, so it has the terminal, receives signals
and sets the exit status. (On Windows, ibmcloud-token waits for the program and
returns its status.) --timeout applies only until the program starts. The program
gets one token, which is not renewed.

If it is not started, the exit status is 125, or 126 if it cannot be executed
and 127 if it is not found.";

pub(super) const CURL: &str = "\
Run curl with the token in the `Authorization` header.

The options of ibmcloud-token end at the first argument that is not one of them.
Everything from there on is passed to curl. A URL must be `https` and name a
host of IBM Cloud, or one given with --host. Arguments that could send the token
elsewhere are refused, and ~/.curlrc is not read. The token never appears in the
process list.

If nobody is logged in, curl is not started. If it is not started, the exit
status is 125, or 126 if it cannot be executed and 127 if it is not found.";

pub(super) const WATCH: &str = "\
Keep a file with a valid token in it, until SIGTERM or SIGINT ends the program.
On Windows, Ctrl-C ends it.

The file (-o) is replaced atomically and has mode 0600 (on Windows, the
permissions of its directory). It stays when the program ends. If it is removed,
it is written again.

A token of an API key or a trusted profile is renewed after about 80 % of its
lifetime. A token of a session can be renewed only by the CLI, and only in its
last 10 seconds, so in these seconds the file may hold a token that is about to
expire. A newer token in the session file is used as soon as it appears.

While the token in the file is valid, a failed renewal is a warning, and is tried
again. After that, a failure ends the program. --login logs in only at the start. --min-ttl
applies to each token when it is written.";

pub(super) const DOCTOR: &str = "\
Check this machine's set-up, and say how to fix what is wrong.

Each check has a verdict, what was found, and what to do. No secret is shown, no
session is started or changed, and `ibmcloud` is run only for its version, except
for a record (`--report`).

The exit status is 0 if `get` would print a token, and otherwise the one that
`get` would end with. If the CLI has to renew the token, that is judged by its
session file. A warning does not change the exit status.";

pub(super) const CONFIGURE: &str = "\
Let docker, podman, skopeo and helm get their icr.io tokens from ibmcloud-token.

`configure docker` names the credential helper `docker-credential-ibmcloud` in
`credHelpers` of $DOCKER_CONFIG/config.json or ~/.docker/config.json, for every
host of IBM Cloud Container Registry. A host with another helper keeps it. The
rest of the file is not changed. The changes are printed.";

pub(super) const COMPLETIONS: &str = "\
Print a script that lets your shell complete the command lines of ibmcloud-token.

At each Tab, the script asks the ibmcloud-token in PATH what may follow, so it
need not be renewed with the program. To load it in every shell, add the line to
the file:

  bash        ~/.bashrc                   eval \"$(ibmcloud-token completions bash)\"
  zsh         ~/.zshrc, after compinit    eval \"$(ibmcloud-token completions zsh)\"
  fish        ~/.config/fish/config.fish  ibmcloud-token completions fish | source
  powershell  $PROFILE                    ibmcloud-token completions powershell |
                                            Out-String | Invoke-Expression";

pub(super) const MAN: &str = "\
Print a manual page in the format of man(7): that of the program, or that of a
command. Read it with `ibmcloud-token man get | man -l -`.

The pages of docker-credential-ibmcloud and of every command can be printed.";
