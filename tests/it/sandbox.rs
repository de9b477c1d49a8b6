//! A home of its own, a cleared environment, the program and the stand-in CLI.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_ibmcloud-token");

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names of the recorded situations that start with a prefix, sorted.
pub(crate) fn situations(prefix: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join("fixtures"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "no situation starts with {prefix}");
    names
}

/// A file of a situation; nothing where there is none.
pub(crate) fn recorded(situation: &str, file: &str) -> Vec<u8> {
    fs::read(root().join("fixtures").join(situation).join(file)).unwrap_or_default()
}

/// The right answer in a situation, nothing where a run must fail.
pub(crate) fn right_token(situation: &str) -> Option<String> {
    let name = String::from_utf8(recorded(situation, "token")).unwrap();
    let name = name.trim();
    (!name.is_empty()).then(|| token(name))
}

/// One of the synthetic tokens.
pub(crate) fn token(name: &str) -> String {
    fs::read_to_string(root().join("fixtures/tokens").join(name)).unwrap()
}

/// A JWT of realistic length that was issued and expires so many seconds from now.
pub(crate) fn jwt(issued_in: i64, expires_in: i64) -> String {
    let now = i64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
    jwt_of(&format!(
        r#"{{"iam_id":"IBMid-1","id":"IBMid-1","sub":"ada@example.org","account":{{"bss":"a1"}},"iat":{},"exp":{},"pad":"{}"}}"#,
        now + issued_in,
        now + expires_in,
        "x".repeat(500)
    ))
}

/// A JWT with this payload.
pub(crate) fn jwt_of(payload: &str) -> String {
    format!(
        "{}.{}.{}",
        URL_SAFE_NO_PAD.encode(r#"{"kid":"202110180819","alg":"RS256"}"#),
        URL_SAFE_NO_PAD.encode(payload),
        "c2lnbmF0dXJl".repeat(28)
    )
}

/// What a finished program left.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        }
    }
}

impl Outcome {
    /// The payload of a run that has to have worked.
    #[track_caller]
    pub(crate) fn payload(&self) -> &str {
        assert_eq!(self.status, Some(0), "{self:?}");
        self.stdout.strip_suffix('\n').expect("the payload ends in a line end")
    }

    /// Checks a failure: this exit status, an empty stdout, an error and a hint on lines of their own.
    #[track_caller]
    pub(crate) fn fails_with(&self, status: i32) -> &Self {
        assert_eq!((self.status, self.stdout.as_str()), (Some(status), ""), "{self:?}");
        assert!(self.stderr.lines().any(|line| line.starts_with("error: ")), "{self:?}");
        self
    }
}

/// A home of its own and a cleared environment.
pub(crate) struct Sandbox {
    home: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Sandbox {
    /// An empty home; on PATH the stand-in and the system's own tools.
    pub(crate) fn new() -> Self {
        let home = tempfile::Builder::new().prefix("ibmcloud-token-test-").tempdir().unwrap();
        let stand_in = root().join("tests/stand-in");
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", stand_in.display());
        let variables = [("HOME", home.path().to_str().unwrap()), ("PATH", &path), ("LC_ALL", "C.UTF-8")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { home, variables: variables.into() }
    }

    /// A sandbox in which the stand-in says what it says in a situation.
    pub(crate) fn replaying(situation: &str) -> Self {
        Self::new().with("STAND_IN_REPLAY", situation)
    }

    /// A sandbox in which the stand-in keeps a session, as the CLI does, and records its calls.
    pub(crate) fn with_session() -> Self {
        let sandbox = Self::new().with("STAND_IN_SESSION", "1");
        let log = sandbox.log();
        fs::create_dir(&log).unwrap();
        sandbox.with("STAND_IN_LOG", log.to_str().unwrap())
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

    /// Where the stand-in records its calls.
    pub(crate) fn log(&self) -> PathBuf {
        self.home().join("log")
    }

    /// How often the stand-in was run.
    pub(crate) fn calls(&self) -> usize {
        fs::read_to_string(self.log().join("calls")).map_or(0, |calls| calls.lines().count())
    }

    /// Where the CLI keeps its session.
    pub(crate) fn session_file(&self) -> PathBuf {
        self.home().join(".bluemix/config.json")
    }

    /// Writes a file into the home, and its folders.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Writes a session file with a token, beside the CLI's usual members.
    pub(crate) fn write_session(&self, token: &str) {
        let recorded = String::from_utf8(recorded("session-user", "config.json")).unwrap();
        let session = recorded.replace(&crate::sandbox::token("passcode-mfa"), token);
        assert!(session.contains(token), "the recorded session holds that token");
        self.write(".bluemix/config.json", session);
    }

    /// A program in this environment.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.home());
        command
    }

    /// The program under test, about to be run without input.
    pub(crate) fn program<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = self.command(PROGRAM);
        command.args(arguments).stdin(Stdio::null());
        command
    }

    /// Runs the program with the words of a line.
    pub(crate) fn run(&self, line: &str) -> Outcome {
        self.program(line.split_whitespace()).output().unwrap().into()
    }

    /// Runs the program with something on its standard input.
    pub(crate) fn run_with_input(&self, line: &str, input: &[u8]) -> Outcome {
        let mut child = spawn(self.program(line.split_whitespace()).stdin(Stdio::piped()));
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        output.into()
    }

    /// Runs a line of shell, with the program under test as `ibmcloud-token`.
    pub(crate) fn shell(&self, shell: &str, line: &str) -> Outcome {
        let path = self.variables.iter().find(|(name, _)| name == "PATH").unwrap().1.clone();
        let folder = Path::new(PROGRAM).parent().unwrap().display();
        self.command(shell)
            .args(["-c", line])
            .env("PATH", format!("{folder}:{path}"))
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{shell}: {error}"))
            .into()
    }
}

/// Starts a program with both outputs captured.
pub(crate) fn spawn(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Whether a tool is there. Where the tests have to be complete, as in CI, it has to be.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub(crate) fn has(tool: &str) -> bool {
    let found = which::which(tool).is_ok();
    let required = std::env::var_os("IBMCLOUD_TOKEN_TEST_ALL").is_some();
    assert!(found || !required, "`{tool}` is not installed");
    if !found {
        eprintln!("skipped: `{tool}` is not installed");
    }
    found
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
