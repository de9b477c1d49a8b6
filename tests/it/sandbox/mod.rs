//! A home directory per test, a cleared environment, the program under test and the stand-in CLI.
//!
//! The tests and the benchmarks share this module.

mod files;
mod outcome;
// Not on Windows: it reads /proc.
#[cfg(target_os = "linux")]
pub(crate) mod processes;
mod session_file;
// Not on Windows: it is about signals.
#[cfg(unix)]
mod signals;
mod situation;
mod stand_in;
// Not on Windows: it is about pseudo-terminals.
#[cfg(unix)]
mod terminal;
mod token;
mod unix_files;

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

#[cfg(not(unix))]
pub(crate) use self::unix_files::shown_on_terminal;
#[allow(unused_imports, reason = "the benchmarks use only a part of it")]
pub(crate) use self::{
    files::{files_below, make_private, names, trace_of_writing},
    outcome::Outcome,
    session_file::{bearer_in, session_with, token_in},
    situation::{recorded, right_token, situations},
    stand_in::{stand_in, stand_in_directory},
    token::{cli_output, jwt, jwt_of, now, renewable, token},
    unix_files::{chown, inode, is_root, make_pipe, mode, set_mode, symlink},
};
#[cfg(unix)]
#[allow(unused_imports, reason = "the benchmarks use only a part of it")]
pub(crate) use self::{
    stand_in::{build_example, stand_in_script},
    terminal::{Pty, shown_on_terminal},
};

/// A path that Cargo knows when it builds the tests. If Linux has built them for Windows, they run under Wine, which shows
/// the root of the file system as drive Z.
macro_rules! built_path {
    ($variable:literal) => {
        if cfg!(windows) && env!($variable).as_bytes()[0] == b'/' {
            concat!("Z:", env!($variable))
        } else {
            env!($variable)
        }
    };
}
#[allow(unused_imports, reason = "the benchmarks use it only here")]
pub(crate) use built_path;

/// The program under test.
pub(crate) const PROGRAM: &str = built_path!("CARGO_BIN_EXE_ibmcloud-token");

/// The directories of the system's own tools. The caller's PATH plays no part, because it may contain anything.
#[cfg(unix)]
pub(crate) const SYSTEM_PATH: &str = "/usr/local/bin:/usr/bin:/bin";
#[cfg(windows)]
pub(crate) const SYSTEM_PATH: &str = r"C:\windows\system32;C:\windows";

/// The variable that names the home directory.
pub(crate) const HOME: &str = if cfg!(windows) { "USERPROFILE" } else { "HOME" };

/// A program that does nothing that matters, and succeeds.
pub(crate) const TRUE: &str = if cfg!(windows) { "hostname" } else { "true" };

/// A program that prints its environment, with its arguments.
pub(crate) const ENV: &str = if cfg!(windows) { "cmd /d /c set" } else { "env" };

/// A program that creates a file or a directory `started`, with its arguments.
#[cfg(feature = "net")]
pub(crate) const START: &str = if cfg!(windows) { "cmd /d /c mkdir started" } else { "touch started" };

/// Variables of the system that a program needs.
const SYSTEM_VARIABLES: &[&str] = if cfg!(windows) { &["SystemRoot", "PATHEXT"] } else { &[] };

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(built_path!("CARGO_MANIFEST_DIR"))
}

/// An executable in `tests/programs`, for behaviour that the stand-in does not have.
pub(crate) fn test_program(name: &str) -> String {
    root().join("tests/programs").join(name).to_str().unwrap().to_owned()
}

/// A home directory and an environment that contain nothing else.
pub(crate) struct Sandbox {
    home: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Sandbox {
    /// An empty home, with the stand-in and the system's tools in PATH.
    pub(crate) fn new() -> Self {
        #[cfg(unix)]
        signals::restore_ignored();
        // The temporary directory may be a symbolic link (macOS), but the tests compare paths that the kernel reports.
        let parent = std::env::temp_dir();
        let parent = if cfg!(windows) { parent } else { fs::canonicalize(parent).unwrap() };
        let home = tempfile::Builder::new().prefix("ibmcloud-token-test-").tempdir_in(parent).unwrap();
        let path = search_path(&[stand_in_directory()], SYSTEM_PATH);
        let variables = [(HOME, home.path().to_str().unwrap()), ("PATH", &path), ("LC_ALL", "C.UTF-8")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let of_system =
            SYSTEM_VARIABLES.iter().filter_map(|&name| Some((name.into(), std::env::var(name).ok()?)));
        Self { home, variables: variables.into_iter().chain(of_system).collect() }
    }

    /// A sandbox in which the stand-in replays a situation.
    pub(crate) fn replaying(situation: &str) -> Self {
        Self::new().with("STAND_IN_REPLAY", situation)
    }

    /// A sandbox in which the stand-in records its calls.
    pub(crate) fn logging() -> Self {
        let sandbox = Self::new();
        let log = sandbox.log();
        fs::create_dir(&log).unwrap();
        sandbox.with("STAND_IN_LOG", log.to_str().unwrap())
    }

    /// A sandbox in which the stand-in keeps a session, as the CLI does, and records its calls.
    pub(crate) fn with_session() -> Self {
        Self::logging().with("STAND_IN_SESSION", "1")
    }

    /// The same, with a session file that contains this token.
    pub(crate) fn with_token(token: &str) -> Self {
        let sandbox = Self::with_session();
        sandbox.write_session(token);
        sandbox
    }

    /// A sandbox with a session whose token is valid for an hour, and that token.
    pub(crate) fn logged_in() -> (Self, String) {
        let token = jwt(-10, 3600);
        (Self::with_token(&token), token)
    }

    /// Sets a variable.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The directory in which the stand-in records its calls.
    pub(crate) fn log(&self) -> PathBuf {
        self.home().join("log")
    }

    /// Every call of the stand-in, one per line: the process ID and the arguments.
    pub(crate) fn call_log(&self) -> String {
        fs::read_to_string(self.log().join("calls")).unwrap_or_default()
    }

    /// The arguments, one per line, and the environment of every call of the stand-in.
    pub(crate) fn recorded_calls(&self) -> Vec<(String, String)> {
        let read = |file: String| fs::read_to_string(self.log().join(file)).unwrap();
        let calls = self.call_log();
        let ids = calls.lines().map(|call| call.split(' ').next().unwrap());
        ids.map(|id| (read(format!("argv.{id}")), read(format!("environment.{id}")))).collect()
    }

    /// How many times the stand-in was run.
    pub(crate) fn calls(&self) -> usize {
        self.call_log().lines().count()
    }

    /// The file in which the CLI keeps its session.
    pub(crate) fn session_file(&self) -> PathBuf {
        self.home().join(".bluemix").join("config.json")
    }

    /// The home that the CLI gets for a named session.
    pub(crate) fn named_home(&self, name: &str) -> PathBuf {
        let data: &[&str] = match std::env::consts::OS {
            "macos" => &["Library", "Application Support"],
            "windows" => &["AppData", "Local"],
            _ => &[".local", "share"],
        };
        let parts = data.iter().copied().chain(["ibmcloud-token", "sessions", name]);
        parts.fold(self.home().to_owned(), |path, part| path.join(part))
    }

    /// Writes a file in the home, and creates its parent directories.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Writes a file that only its owner can read.
    pub(crate) fn write_private(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.write(path, content);
        make_private(&path);
        path
    }

    /// Writes a session file that contains this token beside the CLI's usual members.
    pub(crate) fn write_session(&self, token: &str) {
        self.write(".bluemix/config.json", session_with(token));
    }

    /// A program in this environment.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            // Only a measurement of the coverage sets it.
            .envs(std::env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file)))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.home());
        command
    }

    /// The program under test, without input.
    pub(crate) fn program<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = self.command(PROGRAM);
        command.args(arguments).stdin(Stdio::null());
        command
    }

    /// Runs the program with the words of a line as its arguments.
    pub(crate) fn run(&self, line: &str) -> Outcome {
        spawn(&mut self.program(line.split_whitespace())).wait_with_output().unwrap().into()
    }

    /// Runs the program with this on its standard input.
    pub(crate) fn run_with_input(&self, line: &str, input: &[u8]) -> Outcome {
        run_with_input(&mut self.program(line.split_whitespace()), input)
    }

    /// Runs the stand-in itself, as a user would run the CLI beside the program.
    pub(crate) fn run_cli(&self, line: &str) -> Outcome {
        let mut command = self.command(stand_in());
        command.args(line.split_whitespace()).stdin(Stdio::null()).output().unwrap().into()
    }

    /// Runs a line of shell, with the program under test as `ibmcloud-token`.
    pub(crate) fn shell(&self, shell: &str, line: &str) -> Outcome {
        self.command(shell)
            .args(["-c", line])
            .env("PATH", self.path_with_program())
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{shell}: {error}"))
            .into()
    }

    /// PATH with the program under test before everything else.
    pub(crate) fn path_with_program(&self) -> String {
        let (_, path) = self.variables.iter().find(|(name, _)| name == "PATH").unwrap();
        search_path(&[Path::new(PROGRAM).parent().unwrap()], path)
    }
}

/// A value of PATH: these directories before the others.
pub(crate) fn search_path(first: &[&Path], others: &str) -> String {
    let first = first.iter().map(|directory| directory.to_path_buf());
    std::env::join_paths(first.chain(std::env::split_paths(others))).unwrap().into_string().unwrap()
}

/// Starts a program with both outputs captured.
pub(crate) fn spawn(command: &mut Command) -> Child {
    // Wine now and then fails to start a program on a busy machine (`ERROR_INTERNAL_ERROR`).
    const INTERNAL_ERROR: i32 = 1359;
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    for _ in 0..5 {
        match command.spawn() {
            Err(error) if cfg!(windows) && error.raw_os_error() == Some(INTERNAL_ERROR) => {
                std::thread::sleep(Duration::from_millis(200));
            }
            child => return child.unwrap(),
        }
    }
    panic!("no program can be started");
}

/// Whether a tool is installed where the sandbox finds it. In CI, where no test may be skipped, it must be.
pub(crate) fn has(tool: &str) -> bool {
    let found = which::which_in(tool, Some(SYSTEM_PATH), root()).is_ok();
    is_available(found, &format!("`{tool}` is not installed"))
}

/// Whether the build has the command that a command line starts with: `exchange` needs the feature `net`.
pub(crate) fn is_built(line: &&str) -> bool {
    cfg!(feature = "net") || !line.starts_with("exchange")
}

/// Whether `strace` is installed and may trace processes, which a container or a debugger can forbid.
pub(crate) fn can_trace() -> bool {
    if !has("strace") {
        return false;
    }
    let mut probe = Command::new("strace");
    probe.args(["-o", "/dev/null", "true"]).stdin(Stdio::null());
    let traces = probe.output().is_ok_and(|Output { status, .. }| status.success());
    is_available(traces, "`strace` may not trace processes here")
}

/// The arguments of `unshare` for a program that is root in a mount namespace of its own.
#[cfg(unix)]
pub(crate) const MOUNT_NAMESPACE: [&str; 2] = ["--mount", "--map-root-user"];

/// Whether `unshare` is allowed to start a program with these arguments, which a container can forbid.
#[cfg(unix)]
pub(crate) fn can_unshare(namespaces: &[&str]) -> bool {
    let mut probe = Command::new("unshare");
    probe.args(namespaces).arg("true").stdin(Stdio::null());
    let unshares = probe.output().is_ok_and(|Output { status, .. }| status.success());
    is_available(unshares, &format!("`unshare {}` is not allowed here", namespaces.join(" ")))
}

/// Reports why a test is skipped, or panics if no test may be.
#[expect(clippy::print_stderr, reason = "a skipped test should say so")]
pub(crate) fn is_available(available: bool, reason: &str) -> bool {
    let required = std::env::var_os("IBMCLOUD_TOKEN_TEST_ALL").is_some();
    assert!(available || !required, "{reason}");
    if !available {
        eprintln!("skipped: {reason}");
    }
    available
}

/// Waits until a condition holds.
#[track_caller]
pub(crate) fn eventually(what: &str, holds: impl Fn() -> bool) {
    assert!(soon(holds), "this never happened: {what}");
}

/// Waits until a condition holds, and returns whether it ever did.
pub(crate) fn soon(holds: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while !holds() {
        if start.elapsed() > Duration::from_secs(20) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

/// Runs something, and returns how long it took.
pub(crate) fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    (run(), start.elapsed())
}

/// Runs a program with this standard input.
pub(crate) fn run_with_input(command: &mut Command, input: &[u8]) -> Outcome {
    let mut child = spawn(command.stdin(Stdio::piped()));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output.into()
}
