//! How the CLI is run: its deadline, its floods, its end and ours, what it is given, and that nothing is left behind.
//!
//! What runs is looked up in /proc, so all of this is for Linux.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::sandbox::{Outcome, PROGRAM, Sandbox, eventually, has, jwt, recorded, root, spawn, token};

/// Far less than what is waited for where something goes wrong, far more than a busy machine adds.
const SOON: Duration = Duration::from_secs(8);

/// An executable of the tests, for what the stand-in cannot do.
pub(crate) fn program(name: &str) -> String {
    root().join("tests/programs").join(name).to_str().unwrap().to_owned()
}

/// A file of every process, `cmdline` or `environ`, with the process's id. Of a zombie it is empty.
pub(crate) fn every_process(file: &str) -> Vec<(u32, Vec<u8>)> {
    let ids =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    ids.filter_map(|id: u32| Some((id, fs::read(format!("/proc/{id}/{file}")).ok()?))).collect()
}

/// The processes that were started in this home, and with which arguments.
fn running_in(sandbox: &Sandbox) -> Vec<(u32, String)> {
    let home = [b"HOME=", sandbox.home().as_os_str().as_bytes()].concat();
    let lives_there = |environment: &[u8]| environment.split(|&byte| byte == 0).any(|entry| entry == home);
    let found = every_process("environ").into_iter().filter(|(_, environment)| lives_there(environment));
    found.map(|(id, _)| (id, fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default())).collect()
}

/// The processes that the stand-in noted: itself, and what it left behind.
fn noted_by_the_stand_in(sandbox: &Sandbox) -> Vec<u32> {
    let files = ["calls", "grandchildren"].map(|file| sandbox.log().join(file));
    let text = files.iter().filter_map(|file| fs::read_to_string(file).ok()).collect::<String>();
    text.lines().filter_map(|line| line.split(' ').next()?.parse().ok()).collect()
}

/// Whether a process is still there; as a zombie too, unless it waits for nobody but init.
fn is_there(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.starts_with(" Z 1 "))
}

#[track_caller]
pub(crate) fn nothing_is_left(sandbox: &Sandbox) {
    eventually("something still runs", || {
        running_in(sandbox).is_empty() && !noted_by_the_stand_in(sandbox).into_iter().any(is_there)
    });
}

/// A sandbox whose stand-in notes what it starts.
fn noting() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.log()).unwrap();
    let log = sandbox.log().to_str().unwrap().to_owned();
    sandbox.with("STAND_IN_LOG", log)
}

fn timed(run: impl FnOnce() -> Outcome) -> (Outcome, Duration) {
    let start = Instant::now();
    (run(), start.elapsed())
}

/// Runs the program, and returns its peak memory in KiB too.
fn watched(sandbox: &Sandbox, line: &str) -> (Outcome, u64) {
    let child = spawn(&mut sandbox.program(line.split(' ')));
    let status = format!("/proc/{}/status", child.id());
    let watcher = thread::spawn(move || {
        let mut peak = 0;
        // Once it has ended, there is no such line any more.
        while let Some(now) = fs::read_to_string(&status).ok().and_then(|status| {
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
            line.trim().strip_suffix(" kB")?.parse::<u64>().ok()
        }) {
            peak = peak.max(now);
            thread::sleep(Duration::from_millis(2));
        }
        peak
    });
    let outcome = child.wait_with_output().unwrap().into();
    (outcome, watcher.join().unwrap())
}

/// The open files in a process's folder `fd`, by number.
fn open_files(folder: &Path) -> BTreeMap<String, PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .filter_map(|entry| Some((entry.file_name().into_string().ok()?, fs::read_link(entry.path()).ok()?)))
        .collect()
}

/// Whether a signal is in a set of signals of a process's file `status`.
fn is_in(signal: Signal, set: &str, status: &Path) -> bool {
    let status = fs::read_to_string(status).unwrap();
    let set = status.lines().find_map(|line| line.strip_prefix(set)?.strip_prefix(":\t")).unwrap();
    let bit = signal.as_raw() - 1;
    u64::from_str_radix(set, 16).unwrap() >> bit & 1 == 1
}

/// The program, waiting for a CLI that does not answer.
struct Waiting {
    program: Child,
    cli: u32,
}

impl Waiting {
    fn start(sandbox: &Sandbox, command: &mut Command) -> Self {
        let program = spawn(command);
        let noted = if command.get_envs().any(|(name, _)| name == "STAND_IN_GRANDCHILD") { 2 } else { 1 };
        eventually("the CLI does not run", || noted_by_the_stand_in(sandbox).len() == noted);
        Self { program, cli: noted_by_the_stand_in(sandbox)[0] }
    }

    /// A file about the CLI.
    fn of_cli(&self, file: &str) -> PathBuf {
        format!("/proc/{}/{file}", self.cli).into()
    }

    fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(i32::try_from(self.program.id()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
    }
}

impl Drop for Waiting {
    /// Ends the program, and by it the CLI.
    fn drop(&mut self) {
        if matches!(self.program.try_wait(), Ok(None)) {
            self.signal(Signal::TERM);
        }
        let _ = self.program.wait();
    }
}

#[test]
fn a_cli_that_ignores_term_is_killed_with_all_that_it_started() {
    let sandbox = noting()
        .with("STAND_IN_HANG", "1")
        .with("STAND_IN_IGNORE_TERM", "1")
        .with("STAND_IN_GRANDCHILD", "1");
    let (outcome, took) = timed(|| sandbox.run("--timeout 1s"));
    outcome.fails_with(7);
    assert!(outcome.stderr.contains("gave no answer within 1s"), "{outcome:?}");
    assert!(Duration::from_secs(1) <= took && took < SOON, "{took:?}");
    assert_eq!(noted_by_the_stand_in(&sandbox).len(), 2);
    nothing_is_left(&sandbox);
}

#[test]
fn who_keeps_the_pipe_open_does_not_hold_up_the_answer() {
    let sandbox = noting().with("STAND_IN_GRANDCHILD", "1");
    let (outcome, took) = timed(|| sandbox.run("get"));
    assert_eq!(outcome.payload(), format!("Bearer {}", token("passcode-mfa")));
    assert!(took < SOON, "{took:?}");
    assert_eq!(noted_by_the_stand_in(&sandbox).len(), 2);
    nothing_is_left(&sandbox);
}

#[test]
fn who_goes_on_talking_does_not_hold_up_the_answer() {
    let token = jwt(0, 3600);
    let sandbox =
        Sandbox::new().with("TOKEN", &token).with("IBMCLOUD_TOKEN_IBMCLOUD", program("leaves-a-talker"));
    let (outcome, took) = timed(|| sandbox.run("get"));
    assert_eq!(outcome.payload(), format!("Bearer {token}"));
    assert!(took < SOON, "{took:?}");
    nothing_is_left(&sandbox);
}

#[test]
fn who_has_left_the_group_does_not_hold_up_the_answer_either() {
    let token = jwt(0, 3600);
    let sandbox = Sandbox::new()
        .with("TOKEN", &token)
        .with("LEAVES_GROUP", "1")
        .with("IBMCLOUD_TOKEN_IBMCLOUD", program("leaves-a-talker"));
    let (outcome, took) = timed(|| sandbox.run("get"));
    assert_eq!(outcome.payload(), format!("Bearer {token}"));
    assert!(took < SOON, "{took:?}");
    // It is out of reach, but its pipe is gone.
    nothing_is_left(&sandbox);
}

#[test]
fn a_flood_is_stopped_and_costs_no_memory() {
    for (name, value) in [("STAND_IN_BYTES", "1073741824"), ("STAND_IN_ENDLESS", "1")] {
        // Half a second passes until it is killed: time to see the peak.
        let sandbox = noting().with(name, value).with("STAND_IN_IGNORE_TERM", "1");
        let (outcome, peak) = watched(&sandbox, "--timeout 60s");
        outcome.fails_with(5);
        assert!(outcome.stderr.contains("printed more than 1 MiB and was stopped"), "{outcome:?}");
        assert!((1024..16 * 1024).contains(&peak), "{name}: {peak} KiB");
        nothing_is_left(&sandbox);
    }
}

#[test]
fn endless_complaints_end_at_the_deadline_and_cost_no_memory() {
    let sandbox = noting().with("STAND_IN_ENDLESS", "stderr");
    let (outcome, peak) = watched(&sandbox, "--timeout 1s");
    outcome.fails_with(7);
    assert_eq!(outcome.stderr.matches("again and again").count(), 12, "{outcome:?}");
    assert!((1024..16 * 1024).contains(&peak), "{peak} KiB");
    nothing_is_left(&sandbox);
}

#[test]
fn a_slow_answer_counts_if_it_comes_in_time() {
    let sandbox = noting().with("STAND_IN_SLOW", "1");
    let (outcome, took) = timed(|| sandbox.run("--timeout 2s"));
    outcome.fails_with(7);
    assert!(took < SOON, "{took:?}");
    nothing_is_left(&sandbox);

    let sandbox = Sandbox::replaying("oauth-tokens-single-space").with("STAND_IN_SLOW", "0");
    let output = String::from_utf8(recorded("oauth-tokens-single-space", "stdout")).unwrap();
    let token = output.trim().rsplit(' ').next().unwrap();
    // Longer than the kernel, or a clock, can count is as good.
    for timeout in ["60s", "100d", "1000000y", "18446744073709551615"] {
        assert_eq!(sandbox.run(&format!("--timeout {timeout}")).payload(), format!("Bearer {token}"));
    }
}

#[test]
fn what_was_written_in_time_counts_though_we_were_stopped_meanwhile() {
    let sandbox = noting().with("STAND_IN_BYTES", "30000").with("STAND_IN_DELAY", "1");
    let mut waiting = Waiting::start(&sandbox, &mut sandbox.program(["get", "--timeout", "2s"]));
    waiting.signal(Signal::STOP);
    thread::sleep(Duration::from_millis(3500));
    waiting.signal(Signal::CONT);
    let mut output = String::new();
    waiting.program.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    assert_eq!(output, format!("Bearer {}\n", token("passcode-mfa")));
    nothing_is_left(&sandbox);
}

#[test]
fn whoever_keeps_the_pipe_open_costs_no_time_past_the_deadline() {
    let sandbox = Sandbox::new().with("IBMCLOUD_TOKEN_IBMCLOUD", program("leaves-the-group"));
    // With one of the graces more it would take 800 ms each time. On a busy machine it may, but not every time.
    let is_in_time = (0..20).any(|_| {
        let (outcome, took) = timed(|| sandbox.run("get --timeout 300ms"));
        let is_answered = outcome.stdout == format!("Bearer {}\n", token("passcode-mfa"));
        is_answered && took < Duration::from_millis(700)
    });
    assert!(is_in_time);
}

#[test]
fn the_exit_status_is_known_though_our_parent_ignores_such_signals() {
    if has("perl") {
        let sandbox = noting();
        let mut command = sandbox.command("perl");
        command.args(["-e", "$SIG{CHLD} = 'IGNORE'; exec @ARGV", PROGRAM, "get"]).stdin(Stdio::null());
        let outcome = Outcome::from(command.output().unwrap());
        assert_eq!(outcome.payload(), format!("Bearer {}", token("passcode-mfa")));
    }
}

#[test]
fn a_kernel_that_has_no_pidfd_will_do() {
    if has("strace") {
        let sandbox = noting().with("STAND_IN_GRANDCHILD", "1");
        let mut command = sandbox.command("strace");
        command.args(["-f", "-o", "strace", "-e", "inject=pidfd_open:error=ENOSYS", PROGRAM, "get"]);
        let outcome = Outcome::from(command.stdin(Stdio::null()).output().unwrap());
        assert_eq!(outcome.payload(), format!("Bearer {}", token("passcode-mfa")));
        let calls = fs::read_to_string(sandbox.home().join("strace")).unwrap();
        assert!(calls.contains("pidfd_open(") && calls.contains("(INJECTED)"), "it was not asked for");
        nothing_is_left(&sandbox);
    }
}

#[test]
fn a_cli_that_is_killed_is_a_failure_that_names_the_signal() {
    for (signal, name) in [("KILL", "SIGKILL"), ("SEGV", "SIGSEGV")] {
        let outcome = Sandbox::new().with("STAND_IN_SIGNAL", signal).run("get");
        outcome.fails_with(5);
        assert!(outcome.stderr.contains(name), "{outcome:?}");
    }
}

#[test]
fn a_token_from_a_cli_that_was_killed_is_not_believed() {
    let sandbox = Sandbox::new()
        .with("TOKEN", jwt(0, 3600))
        .with("IBMCLOUD_TOKEN_IBMCLOUD", program("dies-within-the-token"));
    let outcome = sandbox.run("get");
    outcome.fails_with(5);
    assert!(outcome.stderr.contains("SIGKILL"), "{outcome:?}");
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    let sandbox = Sandbox::new();
    sandbox.write_session(&jwt(0, 3600));
    for line in ["get", "get --fresh", "-f json", "-f env", "status", "inspect", "--help", "--version"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = sandbox.program(line.split(' ')).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()), "{line}");
        let closed = sandbox.shell("sh", &format!("ibmcloud-token {line} >&-"));
        assert_eq!((closed.status, closed.stderr.as_str()), (Some(0), ""), "{line}");
    }
    let piped = sandbox.shell("sh", "{ ibmcloud-token; echo $? >&2; } | head -c 0");
    assert_eq!((piped.stdout.as_str(), piped.stderr.as_str()), ("", "0\n"));
}

#[test]
fn a_full_disk_is_an_error() {
    let sandbox = Sandbox::new();
    sandbox.write_session(&jwt(0, 3600));
    for line in ["get", "get --fresh", "-f json", "status", "inspect"] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = sandbox.program(line.split(' ')).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let outcome = Outcome::from(output);
        assert!(outcome.fails_with(1).stderr.contains("No space left"), "{line}: {outcome:?}");
    }
}

#[test]
fn an_error_that_nobody_can_read_keeps_its_exit_status() {
    let sandbox = Sandbox::replaying("oauth-tokens-not-logged-in");
    for redirection in ["2>&-", ">&- 2>&-", "2>/dev/full", "2>&1 >/dev/null"] {
        let outcome = sandbox.shell("sh", &format!("ibmcloud-token -v {redirection}"));
        assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(4), ""), "{redirection}");
    }
}

#[test]
fn the_cli_gets_the_user_s_environment_with_few_changes() {
    let quiet = ["COLOR", "VERSION_CHECK", "ANALYTICS", "TRACE"];
    let sandbox = noting().with("STAND_IN_DELAY", "60");
    let mut command = sandbox.program(["get"]);
    for name in quiet {
        command.env(format!("IBMCLOUD_{name}"), "true").env(format!("BLUEMIX_{name}"), "/tmp/trace");
    }
    command
        .env("IAM_ENDPOINT", "https://evil.example.org")
        .env("IBMCLOUD_IAM_API_ENDPOINT", "https://kept.example.org")
        .env("HTTPS_PROXY", "http://proxy.example.org:8080")
        .env("EMPTY", "")
        .env("LINES", "two\nlines")
        .env("not a name", "x")
        .env("BYTES", OsStr::from_bytes(b"\xff=\xfe"));
    let mut expected: BTreeMap<Vec<u8>, Vec<u8>> = command
        .get_envs()
        .map(|(name, value)| (name.as_bytes().to_owned(), value.unwrap().as_bytes().to_owned()))
        .filter(|(name, _)| name != b"IAM_ENDPOINT")
        .collect();
    for (prefix, name) in quiet.iter().flat_map(|name| [("IBMCLOUD_", name), ("BLUEMIX_", name)]) {
        expected.insert(format!("{prefix}{name}").into_bytes(), b"false".to_vec());
    }

    let waiting = Waiting::start(&sandbox, &mut command);
    let environment = fs::read(waiting.of_cli("environ")).unwrap();
    let environment: BTreeMap<Vec<u8>, Vec<u8>> = environment
        .split(|&byte| byte == 0)
        .filter(|entry| !entry.is_empty())
        .map(|entry| {
            let end = entry.iter().position(|&byte| byte == b'=').unwrap();
            (entry[..end].to_owned(), entry[end + 1..].to_owned())
        })
        .collect();
    assert_eq!(environment, expected);
}

#[test]
fn the_cli_gets_its_arguments_and_nothing_else_of_ours() {
    let sandbox = noting().with("STAND_IN_HANG", "1");
    let mut waiting = Waiting::start(&sandbox, sandbox.program(["-v", "get"]).stdin(Stdio::piped()));
    let arguments = fs::read_to_string(sandbox.log().join(format!("argv.{}", waiting.cli))).unwrap();
    assert_eq!(arguments, "iam\noauth-tokens\n");

    // The shell of the stand-in has its script open until it becomes `sleep`.
    eventually("it hangs", || fs::read(waiting.of_cli("cmdline")).unwrap().starts_with(b"sleep"));
    let descriptors = open_files(&waiting.of_cli("fd"));
    assert_eq!(descriptors["0"], Path::new("/dev/null"));
    assert_ne!(descriptors["1"], descriptors["2"], "two pipes");
    // Whoever runs the tests may have left files open to all of us.
    let inherited = open_files(Path::new("/proc/self/fd"));
    let further = |(number, file): &(&String, &PathBuf)| {
        !["0", "1", "2"].contains(&number.as_str()) && inherited.get(*number) != Some(*file)
    };
    let leaked: Vec<_> = descriptors.iter().filter(further).collect();
    assert!(leaked.is_empty(), "{leaked:?}");
    let ours = open_files(Path::new(&format!("/proc/{}/fd", waiting.program.id())));
    assert!(ours.values().any(|path| path.extension().is_some_and(|e| e == "lock")), "we have it: {ours:?}");

    let our_status = PathBuf::from(format!("/proc/{}/status", waiting.program.id()));
    assert!(is_in(Signal::PIPE, "SigIgn", &our_status));
    assert!(!is_in(Signal::PIPE, "SigIgn", &waiting.of_cli("status")));
    assert!(!is_in(Signal::PIPE, "SigBlk", &waiting.of_cli("status")));

    let group = fs::read_to_string(waiting.of_cli("stat")).unwrap();
    assert_eq!(group.rsplit_once(')').unwrap().1.split(' ').nth(3).unwrap(), waiting.cli.to_string());
    // We have not touched what may come on our own standard input.
    waiting.program.stdin.take().unwrap().write_all(b"x").unwrap();
}

#[test]
fn a_question_is_answered_by_the_end_of_the_input() {
    let sandbox = Sandbox::replaying("login-sso");
    sandbox.write_session(&jwt(-7200, -3600));
    let mut child = spawn(sandbox.program(["--timeout", "20s"]).stdin(Stdio::piped()));
    let stdin = child.stdin.take();
    let outcome = Outcome::from(child.wait_with_output().unwrap());
    drop(stdin);
    assert!(outcome.fails_with(5).stderr.contains("Could not read from input: EOF"), "{outcome:?}");
}

#[test]
fn the_question_about_an_update_is_not_asked() {
    let sandbox = Sandbox::new().with("STAND_IN_UPDATE", "1");
    let asked = Outcome::from(
        sandbox
            .command(root().join("tests/stand-in/ibmcloud"))
            .args(["iam", "oauth-tokens"])
            .stdin(Stdio::null())
            .output()
            .unwrap(),
    );
    assert!(asked.payload().contains("Do you want to update?"));
    assert_eq!(sandbox.run("get").payload(), format!("Bearer {}", token("passcode-mfa")));
}

#[test]
fn a_cli_in_the_current_folder_is_not_run() {
    let stand_in = root().join("tests/stand-in");
    let system = "/usr/local/bin:/usr/bin:/bin";
    for path in [
        format!(":{system}"),
        format!("{system}:"),
        format!(".:{system}"),
        format!("bin:{system}"),
        "..//".into(),
    ] {
        let sandbox = noting().with("PATH", &path);
        fs::create_dir(sandbox.home().join("bin")).unwrap();
        symlink(stand_in.join("ibmcloud"), sandbox.home().join("ibmcloud")).unwrap();
        symlink(stand_in.join("ibmcloud"), sandbox.home().join("bin/ibmcloud")).unwrap();
        let mut command = sandbox.program(["get"]);
        if path.starts_with("..") {
            command.current_dir(sandbox.home().join("bin"));
        }
        let outcome = Outcome::from(command.output().unwrap());
        assert!(
            outcome.fails_with(3).stderr.contains("empty or relative entry of PATH"),
            "{path}: {outcome:?}"
        );
        assert_eq!(sandbox.calls(), 0);
        // One that stands in a proper place is taken, behind those.
        let sandbox = sandbox.with("PATH", format!("{path}:{}", stand_in.display()));
        assert_eq!(sandbox.run("get").payload(), format!("Bearer {}", token("passcode-mfa")), "{path}");
        assert_eq!(sandbox.calls(), 1);
    }
}

#[test]
fn only_an_executable_file_is_the_cli() {
    let sandbox = Sandbox::new();
    let nothing = sandbox.home().join("nothing");
    fs::create_dir_all(sandbox.home().join("folder/ibmcloud")).unwrap();
    let file = sandbox.write("file/ibmcloud", "#!/bin/sh\n");
    fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    fs::create_dir(&nothing).unwrap();
    symlink("nowhere", nothing.join("ibmcloud")).unwrap();
    let folders =
        ["folder", "file", "nothing"].map(|name| sandbox.home().join(name).display().to_string()).join(":");

    let sandbox = sandbox.with("PATH", &folders);
    let outcome = sandbox.run("get");
    assert!(outcome.fails_with(3).stderr.contains("`ibmcloud` is not in PATH"), "{outcome:?}");
    let sandbox =
        sandbox.with("PATH", format!("{folders}:{}:/usr/bin:/bin", root().join("tests/stand-in").display()));
    assert_eq!(sandbox.run("get").payload(), format!("Bearer {}", token("passcode-mfa")));

    for (path, why) in [
        ("folder/ibmcloud", "it is not an executable file"),
        ("file/ibmcloud", "it is not an executable file"),
        ("./nothing/ibmcloud", "No such file"),
        ("/nothing/ibmcloud", "No such file"),
        ("none", "`none` is not in PATH"),
        (".", "is not in PATH"),
    ] {
        let outcome = sandbox.run(&format!("--ibmcloud {path}"));
        assert!(outcome.fails_with(3).stderr.contains(why), "{path}: {outcome:?}");
    }
}

#[test]
fn the_cli_can_be_named() {
    let stand_in = root().join("tests/stand-in/ibmcloud");
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.home().join("bin")).unwrap();
    symlink(&stand_in, sandbox.home().join("bin/bx")).unwrap();
    let path = format!("{}/bin:/usr/bin:/bin", sandbox.home().display());
    let sandbox = sandbox.with("PATH", path);
    sandbox.run("get").fails_with(3);
    let right = format!("Bearer {}\n", token("passcode-mfa"));
    for name in ["bx", "bin/bx", "./bin/bx", stand_in.to_str().unwrap()] {
        let outcome = sandbox.run(&format!("-v --ibmcloud {name}"));
        assert_eq!(outcome.stdout, right, "{name}: {outcome:?}");
        // However it was named, it is run by its absolute path.
        assert!(outcome.stderr.contains("running `/"), "{name}: {outcome:?}");
        let mut command = sandbox.program(["get"]);
        let outcome = Outcome::from(command.env("IBMCLOUD_TOKEN_IBMCLOUD", name).output().unwrap());
        assert_eq!(outcome.stdout, right, "{name}: {outcome:?}");
    }
}

#[test]
fn what_is_no_program_cannot_be_run_and_no_shell_tries() {
    for name in ["text-without-a-shebang", "garbage"] {
        let outcome = Sandbox::new().with("IBMCLOUD_TOKEN_IBMCLOUD", program(name)).run("get");
        assert!(outcome.fails_with(3).stderr.contains("cannot be run: Exec format error"), "{outcome:?}");
    }
}

#[test]
fn without_room_for_another_open_file_it_fails_and_leaves_nothing() {
    let mut statuses = Vec::new();
    for most in 4..=20 {
        let sandbox = noting();
        let outcome = sandbox.shell("sh", &format!("ulimit -n {most}; exec ibmcloud-token get --timeout 5s"));
        if outcome.status == Some(0) {
            assert_eq!(outcome.payload(), format!("Bearer {}", token("passcode-mfa")));
        } else {
            let status = outcome.status.unwrap();
            assert!(outcome.fails_with(status).stderr.contains("\nhint: "), "{outcome:?}");
            statuses.push(status);
        }
        nothing_is_left(&sandbox);
    }
    // Ours is 1. Where only the CLI has no room, it says so itself, and that is 5.
    assert!(statuses.contains(&1) && statuses.iter().all(|status| [1, 5].contains(status)), "{statuses:?}");
}

#[test]
fn a_signal_that_ends_us_ends_the_cli() {
    for (signal, ignores_term) in [
        (Signal::INT, false),
        (Signal::INT, true),
        (Signal::TERM, true),
        (Signal::HUP, true),
        (Signal::QUIT, true),
    ] {
        // What the tests were started with (`nohup`) is handed on, and stays ignored.
        if is_in(signal, "SigIgn", Path::new("/proc/self/status")) {
            continue;
        }
        let mut sandbox = noting().with("STAND_IN_HANG", "1").with("STAND_IN_GRANDCHILD", "1");
        if ignores_term {
            sandbox = sandbox.with("STAND_IN_IGNORE_TERM", "1");
        }
        let mut waiting = Waiting::start(&sandbox, &mut sandbox.program(["get"]));
        waiting.signal(signal);
        let start = Instant::now();
        let status = waiting.program.wait().unwrap();
        assert_eq!(status.signal(), Some(signal.as_raw()), "{status}");
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
        let mut output = String::new();
        waiting.program.stdout.take().unwrap().read_to_string(&mut output).unwrap();
        waiting.program.stderr.take().unwrap().read_to_string(&mut output).unwrap();
        assert_eq!(output, "");
        nothing_is_left(&sandbox);
    }
}

#[test]
fn a_signal_that_was_ignored_stays_ignored() {
    let sandbox = noting().with("STAND_IN_DELAY", "2");
    let mut command = sandbox.command("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" get", PROGRAM]).stdin(Stdio::null());
    let mut waiting = Waiting::start(&sandbox, &mut command);
    waiting.signal(Signal::HUP);
    let mut output = String::new();
    waiting.program.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    assert_eq!(output, format!("Bearer {}\n", token("passcode-mfa")));
    assert!(waiting.program.wait().unwrap().success());
}
