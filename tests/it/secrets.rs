//! Marker secrets through every failure, with `-v`: they must turn up in no message, no argv, and no file that the
//! user did not name. A part of one counts too.
//!
//! Who has which argv is looked up in /proc, so all of this is for Linux.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::process::{every_process, nothing_is_left, program};
use crate::sandbox::{Outcome, PROGRAM, Sandbox, jwt, recorded, right_token, situations};

/// An API key's length.
const KEY: &str = "M4rkerApiKey_0f-F0rty-F0ur_Characters-abcdEF";

/// A one-time passcode: too short to be told from a word, so only the one that went through our hands is recognised.
const PASSCODE: &str = "m4RkErPcOd";

/// An old CLI's token, and what a refresh token looks like today.
const OPAQUE: &str = "0paqueM4rker-kZ3mB9qT7vW1xY5cD2fG8hJ4-lP6nR0sU_tA9bE3iO7";

/// How many characters of a secret in a row are a leak.
const PART: usize = 16;

/// The secrets of a test. The session's refresh token is always among them.
struct Secrets(Vec<String>);

impl Secrets {
    fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let session = String::from_utf8(recorded("session-user", "config.json")).unwrap();
        let refresh = session.split_once("\"IAMRefreshToken\": \"").unwrap().1.split('"').next().unwrap();
        assert!(refresh.contains("REFRESH-TOKEN-MARKER"));
        Self(secrets.into_iter().map(str::to_owned).chain([refresh.to_owned()]).collect())
    }

    /// The first part of a secret that is in a text.
    fn part_in(&self, text: &[u8]) -> Option<String> {
        let text = String::from_utf8_lossy(text);
        let parts = self.0.iter().flat_map(|secret| {
            let size = PART.min(secret.len());
            (0..=secret.len() - size).step_by(PART / 2).map(move |start| &secret[start..start + size])
        });
        parts.into_iter().find(|part| text.contains(part)).map(str::to_owned)
    }

    /// Checks what a run said and left. Files under `named` are the user's, or the test's own.
    #[track_caller]
    fn stay_secret(&self, what: &str, outcome: &Outcome, sandbox: &Sandbox, named: &[&Path]) {
        assert_eq!(self.part_in(outcome.stderr.as_bytes()), None, "{what}: {outcome:?}");
        assert!(!outcome.stderr.contains("panicked"), "{what}: {outcome:?}");
        for file in files(sandbox.home()) {
            if !named.iter().any(|named| file.starts_with(named)) && file != sandbox.session_file() {
                let content = fs::read(&file).unwrap();
                assert_eq!(self.part_in(&content), None, "{what}: {}", file.display());
                assert_eq!(self.part_in(file.as_os_str().as_encoded_bytes()), None, "{what}");
            }
        }
    }

    /// Checks a failure.
    #[track_caller]
    fn stay_secret_in_failure(&self, what: &str, outcome: &Outcome, sandbox: &Sandbox, named: &[&Path]) {
        assert_ne!(outcome.status, Some(0), "{what}: {outcome:?}");
        assert!(outcome.status.is_some() && outcome.stdout.is_empty(), "{what}: {outcome:?}");
        self.stay_secret(what, outcome, sandbox, named);
    }
}

/// Every file in a folder and those in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Looks at the argv of every process in a home, again and again.
struct ArgvWatch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<String>>,
}

impl ArgvWatch {
    /// Watches what runs in this home.
    fn start(home: &Path) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, home) = (Arc::clone(&stop), format!("HOME={}\0", home.display()));
        let thread = thread::spawn(move || {
            let mut seen = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                for (id, environment) in every_process("environ") {
                    if String::from_utf8_lossy(&environment).contains(&home) {
                        let arguments = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
                        let arguments = String::from_utf8_lossy(&arguments).into_owned();
                        if !seen.contains(&arguments) {
                            seen.push(arguments);
                        }
                    }
                }
                thread::sleep(Duration::from_millis(3));
            }
            seen
        });
        Self { stop, thread }
    }

    /// Checks what was seen: us and the CLI, for otherwise nobody has looked, and no secret.
    #[track_caller]
    fn saw_no_secret(self, secrets: &Secrets, cli: &str) {
        self.stop.store(true, Ordering::Relaxed);
        let seen = self.thread.join().unwrap();
        for program in [PROGRAM, cli] {
            assert!(seen.iter().any(|arguments| arguments.contains(program)), "{seen:?}");
        }
        assert_eq!(secrets.part_in(seen.join("\n").as_bytes()), None, "{seen:?}");
    }
}

/// A home with a session that has expired, and a CLI that says what is in a folder.
struct Replay {
    sandbox: Sandbox,
    expired: String,
}

impl Replay {
    fn new(stdout: &[u8], stderr: &[u8], status: i32) -> Self {
        let sandbox = Sandbox::new();
        let folder = sandbox.home().join("replay");
        sandbox.write("replay/stdout", stdout);
        sandbox.write("replay/stderr", stderr);
        sandbox.write("replay/status", format!("{status}\n"));
        let expired = jwt(-7200, -3600);
        sandbox.write_session(&expired);
        let sandbox = sandbox
            .with("REPLAY", folder.to_str().unwrap())
            .with("IBMCLOUD_TOKEN_IBMCLOUD", program("replay"))
            .with("RUST_BACKTRACE", "1");
        Self { sandbox, expired }
    }

    fn folder(&self) -> PathBuf {
        self.sandbox.home().join("replay")
    }

    fn calls(&self) -> usize {
        fs::read_to_string(self.folder().join("calls")).map_or(0, |calls| calls.lines().count())
    }
}

/// Ways in which a secret may stand in a message. Whatever stands on a line of its own on stdout is an answer, so there
/// is always something around it.
fn phrases(secret: &str) -> [String; 10] {
    let (start, end) = secret.split_at(secret.len() / 2);
    [
        format!(" x={secret};"),
        format!(" 'Bearer {secret}'"),
        format!(" \"{secret}\" <{secret}>"),
        format!(" https://example.org/?token={secret}&y"),
        format!(" {{\"t\":\"{secret}\"}}"),
        format!(" \x1b[36;1m{secret}\x1b[0m"),
        format!(" {start}\x07{end}"),
        format!(" {start}\x1b[0m{end}"),
        format!(" {start}\u{200b}{end}"),
        format!(" {start}\0{end}"),
    ]
}

/// A text with one of the phrases at the end of every line, and all of them on lines before it.
fn spliced(text: &[u8], secrets: &[&str]) -> Vec<u8> {
    let phrases: Vec<[String; 10]> = secrets.iter().map(|secret| phrases(secret)).collect();
    let mut spliced: Vec<u8> =
        phrases.iter().flat_map(|phrases| format!("{}\n", phrases.concat()).into_bytes()).collect();
    let every_phrase = phrases.iter().flatten().cycle();
    for (line, phrase) in text.split_inclusive(|&byte| byte == b'\n').zip(every_phrase) {
        let (line, end) = line.strip_suffix(b"\n").map_or((line, ""), |line| (line, "\n"));
        spliced.extend([line, phrase.as_bytes(), end.as_bytes()].concat());
    }
    spliced
}

fn failing_situations() -> impl Iterator<Item = String> {
    let all = situations("oauth-tokens-").into_iter().chain(situations("bearer-token-"));
    all.filter(|situation| right_token(situation).is_none())
}

#[test]
fn no_failure_of_the_cli_repeats_a_secret() {
    let jwt = jwt(0, 3600);
    let secrets = [jwt.as_str(), OPAQUE, KEY];
    for situation in failing_situations() {
        let [stdout, stderr] =
            ["stdout", "stderr"].map(|stream| spliced(&recorded(&situation, stream), &secrets));
        let status = String::from_utf8(recorded(&situation, "status")).unwrap().trim().parse().unwrap_or(0);
        let replay = Replay::new(&stdout, &stderr, status);
        let secrets = Secrets::new(secrets.into_iter().chain([replay.expired.as_str()]));
        let outcome = replay.sandbox.run("-v");
        secrets.stay_secret_in_failure(&situation, &outcome, &replay.sandbox, &[&replay.folder()]);
        // It was said.
        assert_eq!(replay.calls(), 1, "{situation}: {outcome:?}");
        // It is not shown where what the CLI said was understood.
        let is_shown = outcome.status != Some(8);
        assert_eq!(outcome.stderr.contains("[REDACTED]"), is_shown, "{situation}: {outcome:?}");
    }
}

#[test]
fn no_failure_to_parse_repeats_a_secret() {
    let jwt = jwt(0, 3600);
    let texts = [jwt.as_str(), OPAQUE, KEY];
    let secrets = Secrets::new(texts);
    let sandbox = Sandbox::new().with("RUST_BACKTRACE", "1");
    for situation in failing_situations() {
        for stream in ["stdout", "stderr"] {
            let input = spliced(&recorded(&situation, stream), &texts);
            let outcome = sandbox.run_with_input("-v parse", &input);
            secrets.stay_secret_in_failure(&situation, &outcome, &sandbox, &[]);
        }
    }
}

/// What stands where the token should, and is none, or not a good one.
fn broken_outputs(marker: &str, other: &str) -> Vec<(&'static str, String)> {
    let in_the_middle =
        |text: &str| format!("IAM token:  Bearer {}{text}{}\n", &marker[..100], &marker[100..]);
    vec![
        ("cut off", format!("IAM token:  Bearer {}", &marker[..100])),
        ("cut off in JSON", format!("{{\"iam_token\": \"Bearer {}", &marker[..100])),
        ("two different", format!("IAM token:  Bearer {marker}\nIAM token:  Bearer {other}\n")),
        ("expired", format!("IAM token:  Bearer {}\n", jwt(-7200, -3600))),
        ("UAA", format!("UAA token:  Bearer {OPAQUE}\n")),
        ("without a label", format!("Bearer {OPAQUE}\n")),
        ("another scheme", format!("IAM token:  Basic {OPAQUE}\n")),
        ("another member", format!("{{\"access_token\": \"{marker}\"}}\n")),
        ("no text", format!("{{\"iam_token\": [\"{marker}\"]}}\n")),
        ("in quotation marks", format!("IAM token:  \"Bearer {marker}\"\n")),
        ("percent", in_the_middle("%20")),
        ("CR", in_the_middle("\r")),
        ("NUL", in_the_middle("\0")),
        ("BEL", in_the_middle("\x07")),
        ("quotation mark", in_the_middle("'")),
        ("umlaut", in_the_middle("ü")),
    ]
}

#[test]
fn no_broken_token_is_repeated() {
    let (marker, other) = (jwt(-5, 3600), jwt(-6, 3600));
    for (what, output) in broken_outputs(&marker, &other) {
        let replay = Replay::new(output.as_bytes(), b"", 0);
        let expired = output.trim().rsplit(' ').next().unwrap();
        let secrets = Secrets::new([&marker, &other, &replay.expired, OPAQUE, expired]);
        for line in ["-v", "-v -f json", "-v inspect"] {
            let outcome = replay.sandbox.run(line);
            secrets.stay_secret_in_failure(what, &outcome, &replay.sandbox, &[&replay.folder()]);
        }
        assert_eq!(replay.calls(), 3, "{what}");
        for line in ["-v parse", "-v parse --min-ttl 2h", "-v inspect -"] {
            if line == "-v inspect -" && what == "expired" {
                continue; // Its claims can be looked at.
            }
            let outcome = replay.sandbox.run_with_input(line, output.as_bytes());
            secrets.stay_secret_in_failure(what, &outcome, &replay.sandbox, &[&replay.folder()]);
        }
    }
    // The very same, whole, is an answer.
    let replay = Replay::new(format!("IAM token:  Bearer {marker}\n").as_bytes(), b"", 0);
    assert_eq!(replay.sandbox.run("get").payload(), format!("Bearer {marker}"));
}

#[test]
fn a_promise_that_cannot_be_kept_shows_no_token() {
    let marker = jwt(0, 3600);
    let secrets = Secrets::new([marker.as_str(), OPAQUE]);
    for token in [marker.as_str(), OPAQUE] {
        let replay = Replay::new(format!("IAM token:  Bearer {token}\n").as_bytes(), b"", 0);
        replay.sandbox.write_session(token);
        let outcome = replay.sandbox.run("-v --min-ttl 2h");
        outcome.fails_with(8);
        secrets.stay_secret_in_failure("--min-ttl", &outcome, &replay.sandbox, &[&replay.folder()]);
    }
}

#[test]
fn no_mishap_of_the_cli_brings_a_secret_to_light() {
    let marker = jwt(0, 3600);
    let secrets = Secrets::new([marker.as_str()]);
    let said = format!("IAM token:  Bearer {marker}\n");
    // Long enough for more than both caps, so that one of the lines is cut.
    let flood = said.repeat(2000);
    for (what, stdout, stderr, line, status) in [
        ("timeout", said.as_str(), said.as_str(), "-v --timeout 1s", 7),
        ("flood", &flood, &said, "-v", 5),
        ("flood on stderr", "", &flood, "-v", 5),
    ] {
        let replay = Replay::new(stdout.as_bytes(), stderr.as_bytes(), 9);
        let delay = if what == "timeout" { "60" } else { "0" };
        let sandbox = replay.sandbox.with("REPLAY_DELAY", delay);
        let outcome = sandbox.run(line);
        outcome.fails_with(status);
        secrets.stay_secret_in_failure(what, &outcome, &sandbox, &[&sandbox.home().join("replay")]);
        nothing_is_left(&sandbox);
    }

    let sandbox = Sandbox::new()
        .with("TOKEN", &marker)
        .with("IBMCLOUD_TOKEN_IBMCLOUD", program("dies-within-the-token"))
        .with("RUST_BACKTRACE", "1");
    secrets.stay_secret_in_failure("killed", &sandbox.run("-v"), &sandbox, &[]);
}

#[test]
fn a_line_of_stderr_that_the_cap_cuts_is_not_shown() {
    let secrets = Secrets::new([KEY]);
    // Blank lines are not shown, so the key is among the first lines, and the cap of 64 KiB is in the middle of it.
    for shown in [20, 30, 40] {
        let stderr = format!("{} {KEY}\n", "\n".repeat(64 * 1024 - shown - 1));
        let replay = Replay::new(b"", stderr.as_bytes(), 9);
        let outcome = replay.sandbox.run("-v");
        secrets.stay_secret_in_failure("cap", &outcome, &replay.sandbox, &[&replay.folder()]);
    }
}

#[test]
fn no_torn_session_file_is_shown() {
    let marker = jwt(0, 3600);
    let secrets = Secrets::new([marker.as_str()]);
    let whole = {
        let sandbox = Sandbox::new();
        sandbox.write_session(&marker);
        assert_eq!(sandbox.run("get").payload(), format!("Bearer {marker}"));
        fs::read_to_string(sandbox.session_file()).unwrap()
    };
    let in_the_token = whole.find(&marker).unwrap() + 100;
    let in_the_refresh_token = whole.find("REFRESH-TOKEN").unwrap() + 5;
    for (what, content) in [
        ("in the token", &whole[..in_the_token]),
        ("in the refresh token", &whole[..in_the_refresh_token]),
        ("at the end", &whole[..whole.len() - 3]),
        ("no JSON", &whole.replace(':', "=")),
        ("an array", &format!("[{whole}]")),
        ("a number", &whole.replace("\"IAMToken\": \"", "\"IAMToken\": 1, \"x\": \"")),
    ] {
        let sandbox = Sandbox::replaying("oauth-tokens-not-logged-in").with("RUST_BACKTRACE", "1");
        sandbox.write(".bluemix/config.json", content);
        for line in ["-v --timeout 100ms", "-v status --timeout 100ms", "-v inspect --timeout 100ms"] {
            let outcome = sandbox.run(line);
            secrets.stay_secret_in_failure(what, &outcome, &sandbox, &[]);
        }
    }
}

#[test]
fn no_failure_to_write_shows_the_token() {
    let marker = jwt(0, 3600);
    let secrets = Secrets::new([marker.as_str()]);
    let sandbox = Sandbox::new().with("RUST_BACKTRACE", "1");
    sandbox.write_session(&marker);
    fs::create_dir(sandbox.home().join("folder")).unwrap();
    for file in ["none/token", "folder", "/proc/token", "/dev/full/token", "."] {
        let outcome = sandbox.run(&format!("-v -o {file}"));
        outcome.fails_with(1);
        secrets.stay_secret_in_failure(file, &outcome, &sandbox, &[]);
    }
    for line in ["-v", "-v -f json", "-v -f curl"] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = sandbox.program(line.split(' ')).stdout(full).stderr(Stdio::piped()).output().unwrap();
        secrets.stay_secret_in_failure(line, &output.into(), &sandbox, &[]);
    }
}

#[test]
fn a_secret_in_a_wrong_place_is_not_repeated() {
    let marker = jwt(0, 3600);
    let secrets = Secrets::new([marker.as_str(), OPAQUE, KEY]);
    let sandbox = Sandbox::new().with("RUST_BACKTRACE", "1");
    for secret in [marker.as_str(), OPAQUE, KEY] {
        for line in [
            "login @",
            "login --apikey @",
            "login --apikey=@",
            "login --apikey @@",
            "login --passcode @",
            "login --apikey - @",
            "login --key=@",
            "login --@",
            "login -@",
            "@",
            "get @",
            "parse @",
            "inspect @",
            "inspect Bearer @",
            "status @",
            "--format @",
            "--shell @",
            "--min-ttl @",
            "--timeout @",
            "--name @-",
            "--login=@",
            "--apikey @",
        ] {
            let line = line.replace("@@", "\0").replace('@', secret).replace('\0', &format!("@{secret}"));
            let outcome = sandbox.run(&format!("-v {line}"));
            assert!([Some(1), Some(2)].contains(&outcome.status), "{line}: {outcome:?}");
            secrets.stay_secret_in_failure(&line, &outcome, &sandbox, &[]);
        }
    }
    // A secret may well be short. What is known to be one is not repeated either.
    for line in [format!("login --passcode {PASSCODE}"), format!("login --apikey {PASSCODE}")] {
        let outcome = sandbox.run(&format!("-v {line}"));
        outcome.fails_with(2);
        Secrets::new([PASSCODE]).stay_secret_in_failure(&line, &outcome, &sandbox, &[]);
    }
}

#[test]
fn the_user_s_own_arguments_of_a_login_are_not_repeated() {
    let secrets = Secrets::new([KEY, PASSCODE]);
    let replay = Replay::new(b"", b"", 1);
    let sandbox = replay.sandbox.with("IBMCLOUD_API_KEY", "some-other-key");
    for arguments in [format!("-u passcode -p {PASSCODE}"), format!("--apikey {KEY}")] {
        let outcome = sandbox.run(&format!("-v login -a https://cloud.example.org -- {arguments}"));
        let folder = sandbox.home().join("replay");
        secrets.stay_secret_in_failure(&arguments, &outcome, &sandbox, &[&folder]);
        // The CLI got them.
        let calls = fs::read_to_string(folder.join("calls")).unwrap();
        assert!(calls.ends_with(&format!("login -a https://cloud.example.org {arguments}\n")), "{calls}");
    }
}

#[test]
fn no_bad_key_file_is_shown() {
    let secrets = Secrets::new([KEY]);
    let sandbox = Sandbox::new().with("RUST_BACKTRACE", "1");
    let (start, end) = KEY.split_at(20);
    for (what, content) in [
        ("two-lines", format!("{KEY}\n{KEY}\n").into_bytes()),
        ("space", format!("{start} {end}").into_bytes()),
        ("control", format!("{start}\x07{end}").into_bytes()),
        ("placeholder", format!("{{{KEY}}}").into_bytes()),
        ("quotation", format!("\"{KEY}\"").into_bytes()),
        ("no-field", format!("{{\"name\": \"k\", \"key\": \"{KEY}\"}}").into_bytes()),
        ("cut-off", format!("{{\"name\": \"k\", \"apikey\": \"{KEY}").into_bytes()),
        ("not-utf8", [KEY.as_bytes(), b"\xff"].concat()),
        ("large", format!("{KEY}\n").repeat(2000).into_bytes()),
    ] {
        let file = sandbox.write(&format!("{what}.key"), &content);
        for mode in [0o600, 0o644] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let outcome = sandbox.run(&format!("-v login --apikey @{}", file.display()));
            secrets.stay_secret_in_failure(what, &outcome, &sandbox, &[&file]);
        }
        let outcome = sandbox.run_with_input("-v login --apikey -", &content);
        secrets.stay_secret_in_failure(what, &outcome, &sandbox, &[&file]);
        fs::remove_file(file).unwrap();
    }
    for file in ["none", "."] {
        sandbox.run(&format!("-v login --apikey @{file}")).fails_with(1);
    }
    let secrets = Secrets::new([PASSCODE]);
    for input in [format!("{PASSCODE} {PASSCODE}\n"), format!("{PASSCODE}\x07\n"), format!("{PASSCODE}ü\n")]
    {
        let outcome = sandbox.run_with_input("-v login --passcode -", input.as_bytes());
        outcome.fails_with(2);
        secrets.stay_secret_in_failure("passcode", &outcome, &sandbox, &[]);
    }
}

#[test]
fn an_answer_is_on_the_standard_output_alone() {
    let marker = jwt(0, 3600);
    for from_the_cli in [false, true] {
        for line in ["get", "-f token", "-f header", "-f json", "-f env", "-f dotenv", "-f curl", "--fresh"] {
            let replay = Replay::new(
                format!("IAM token:  Bearer {marker}\n").as_bytes(),
                format!("{marker}\n").as_bytes(),
                0,
            );
            if !from_the_cli {
                replay.sandbox.write_session(&marker);
            }
            let secrets = Secrets::new([marker.as_str(), replay.expired.as_str()]);
            let (folder, sandbox) = (replay.folder(), replay.sandbox);
            let outcome = sandbox.run(&format!("-v {line}"));
            assert!(outcome.payload().contains(&marker), "{line}: {outcome:?}");
            assert!(outcome.stderr.contains("ibmcloud-token: "), "{line}: {outcome:?}");
            secrets.stay_secret(line, &outcome, &sandbox, &[&folder]);
            let outcome = sandbox.run(&format!("-v -o token {line}"));
            assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""), "{line}: {outcome:?}");
            let file = sandbox.home().join("token");
            assert!(fs::read_to_string(&file).unwrap().contains(&marker));
            secrets.stay_secret(line, &outcome, &sandbox, &[&folder, &file]);
        }
    }
}

#[test]
fn no_token_is_in_any_argv() {
    let marker = jwt(0, 3600);
    let secrets = Secrets::new([marker.as_str()]);
    for (status, line) in [(0, "-v"), (0, "-v -f curl"), (0, "-v -o token"), (1, "-v")] {
        let replay = Replay::new(format!("IAM token:  Bearer {marker}\n").as_bytes(), b"", status);
        let sandbox = replay.sandbox.with("REPLAY_DELAY", "1");
        let watch = ArgvWatch::start(sandbox.home());
        assert_eq!(sandbox.run(line).status == Some(0), status == 0);
        watch.saw_no_secret(&secrets, "\0iam\0oauth-tokens\0");
    }
}

/// A way in which a secret comes in for a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    KeyFile,
    KeyOnStdin,
    KeyInEnvironment,
    PasscodeOnStdin,
}

const WAYS: [Way; 4] = [Way::KeyFile, Way::KeyOnStdin, Way::KeyInEnvironment, Way::PasscodeOnStdin];

/// Logs in with the passcode or a key; the key's file is `key`.
fn log_in(sandbox: Sandbox, way: Way, key: &str) -> (Sandbox, Outcome) {
    let file = sandbox.write("key", key);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    match way {
        Way::KeyFile => {
            let outcome = sandbox.run(&format!("-v login --apikey @{}", file.display()));
            (sandbox, outcome)
        }
        Way::KeyOnStdin => {
            let outcome = sandbox.run_with_input("-v login --apikey -", format!("{key}\n").as_bytes());
            (sandbox, outcome)
        }
        Way::KeyInEnvironment => {
            let sandbox = sandbox.with("IBMCLOUD_API_KEY", key);
            let outcome = sandbox.run("-v login");
            (sandbox, outcome)
        }
        Way::PasscodeOnStdin => {
            let outcome = sandbox.run_with_input("-v login --passcode -", format!("{PASSCODE}\n").as_bytes());
            (sandbox, outcome)
        }
    }
}

#[test]
fn what_one_logs_in_with_is_in_no_argv_and_no_message() {
    let secrets = Secrets::new([KEY, PASSCODE]);
    for way in WAYS {
        let sandbox = Sandbox::with_session().with("STAND_IN_DELAY", "1").with("RUST_BACKTRACE", "1");
        let watch = ArgvWatch::start(sandbox.home());
        let (sandbox, outcome) = log_in(sandbox, way, KEY);
        watch.saw_no_secret(&secrets, "\0login\0");
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""), "{way:?}: {outcome:?}");
        assert!(outcome.stderr.contains("logged in as"), "{way:?}: {outcome:?}");
        secrets.stay_secret("login", &outcome, &sandbox, &[&sandbox.log(), &sandbox.home().join("key")]);
        let session = fs::read(sandbox.session_file()).unwrap();
        assert_eq!(Secrets(vec![KEY.to_owned(), PASSCODE.to_owned()]).part_in(&session), None);

        // It got there.
        let noted = |prefix: &str| {
            let files = files(&sandbox.log()).into_iter();
            let named = files.filter(|file| file.file_name().unwrap().to_str().unwrap().starts_with(prefix));
            named.map(|file| fs::read_to_string(file).unwrap()).collect::<String>()
        };
        assert_eq!(secrets.part_in(noted("argv.").as_bytes()), None);
        match way {
            Way::KeyFile => assert!(noted("argv.").contains("@/")),
            Way::KeyOnStdin | Way::KeyInEnvironment => {
                assert!(noted("environment.").contains(&format!("IBMCLOUD_API_KEY={KEY}\n")));
            }
            Way::PasscodeOnStdin => {
                assert!(outcome.stderr.contains("One-time code > [REDACTED]"), "it is echoed: {outcome:?}");
            }
        }
    }
}

#[test]
fn no_login_that_fails_repeats_what_one_logs_in_with() {
    let secrets = Secrets::new([KEY, PASSCODE]);
    for way in WAYS {
        // With 0 the CLI says that all is well, but there is no new session.
        for status in [0, 1] {
            let secret = if way == Way::PasscodeOnStdin { PASSCODE } else { KEY };
            let said = spliced(b"", &[secret]);
            let replay = Replay::new(&said, &said, status);
            let folder = replay.folder();
            let (sandbox, outcome) = log_in(replay.sandbox.with("REPLAY_FOR", "login"), way, KEY);
            assert!(outcome.stderr.contains("[REDACTED]"), "{way:?}: {outcome:?}");
            let named = [folder.as_path(), &sandbox.home().join("key")];
            secrets.stay_secret_in_failure("login", &outcome, &sandbox, &named);
        }
    }
    // The CLI itself rejects it.
    for (situation, way) in
        [("login-wrong-passcode", Way::PasscodeOnStdin), ("login-api-key-wrong", Way::KeyOnStdin)]
    {
        let sandbox = Sandbox::with_session().with("STAND_IN_LOGIN", situation);
        let (sandbox, outcome) = log_in(sandbox, way, KEY);
        outcome.fails_with(4);
        let named = [sandbox.log(), sandbox.home().join("key")];
        secrets.stay_secret_in_failure(situation, &outcome, &sandbox, &[&named[0], &named[1]]);
    }
}

#[test]
fn a_key_that_is_too_short_for_the_patterns_is_known_by_heart() {
    let key = "sh0rt-k3y-0123456789";
    let secrets = Secrets::new([key]);
    for way in [Way::KeyFile, Way::KeyOnStdin, Way::KeyInEnvironment] {
        let said = spliced(b"", &[key]);
        let replay = Replay::new(&said, &said, 1);
        let folder = replay.folder();
        let (sandbox, outcome) = log_in(replay.sandbox, way, key);
        assert!(outcome.stderr.contains("[REDACTED]"), "{way:?}: {outcome:?}");
        let named = [folder.as_path(), &sandbox.home().join("key")];
        secrets.stay_secret_in_failure("login", &outcome, &sandbox, &named);
    }
}
