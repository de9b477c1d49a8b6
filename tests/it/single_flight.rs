//! Many processes at once: one run of the CLI for all of them, and what happens when that run fails, hangs, saves
//! nothing, or dies; and others that write the session file meanwhile.
//!
//! The stand-in truncates the session file before it writes it, and takes a torn one for a logout, as the CLI's SDK
//! does (ibm-cloud-cli-sdk#239). So a wrong answer here is what users get when many CLIs run at once.

use std::fs::{self, File};
use std::io::{Seek as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::sandbox::{Outcome, Sandbox, eventually, jwt, jwt_of, recorded, root, token};

/// A sandbox whose session can be renewed, and has to be.
fn expired_session() -> Sandbox {
    let sandbox = Sandbox::with_session();
    sandbox.write_session(&jwt(-3600, -5));
    sandbox
}

/// A token that the stand-in reads as the SDK does: without an `id` it would count as expired.
fn renewable(expires_in: u64) -> String {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    jwt_of(&format!(r#"{{"id":"IBMid-1","iam_id":"IBMid-1","iat":{},"exp":{}}}"#, now - 60, now + expires_in))
}

/// The session, which has to be whole and logged in, and its token.
#[track_caller]
fn session(path: &Path) -> (Value, String) {
    let session: Value = serde_json::from_slice(&fs::read(path).unwrap()).expect("it is whole");
    let token = session["IAMToken"].as_str().unwrap().trim_start_matches("Bearer ").to_owned();
    assert!(session["IAMRefreshToken"].as_str().unwrap().contains("REFRESH-TOKEN-MARKER"), "{session}");
    (session, token)
}

/// One of many runs. Its output goes to files: a thousand pipes would be too many.
struct Run {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Run {
    fn start(sandbox: &Sandbox, name: &str, line: &str) -> Self {
        Self::start_with(sandbox, name, line, &[])
    }

    /// Starts it with variables of its own.
    fn start_with(sandbox: &Sandbox, name: &str, line: &str, variables: &[(&str, &str)]) -> Self {
        let path = |stream| sandbox.home().join(format!("{name}.{stream}"));
        let (stdout, stderr) = (path("stdout"), path("stderr"));
        let child = sandbox
            .program(line.split_whitespace())
            .envs(variables.iter().copied())
            .stdout(File::create(&stdout).unwrap())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        Self { child, stdout, stderr }
    }

    /// What it has said so far.
    fn said(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap()
    }

    /// Whether it has come to the lock and found it taken. It has to have been started with `-v`.
    fn waits(&self) -> bool {
        self.said().contains("another run of the CLI is under way")
    }

    fn end(mut self) -> Outcome {
        let status = self.child.wait().unwrap().code();
        Outcome { status, stdout: fs::read_to_string(&self.stdout).unwrap(), stderr: self.said() }
    }
}

/// Starts many runs as fast as a few threads can, and returns how they ended.
fn crowd(sandbox: &Sandbox, size: usize, line: &str) -> Vec<Outcome> {
    const THREADS: usize = 8;
    thread::scope(|scope| {
        let starters: Vec<_> = (0..THREADS)
            .map(|starter| {
                scope.spawn(move || {
                    let runs: Vec<Run> = (starter..size)
                        .step_by(THREADS)
                        .map(|number| Run::start(sandbox, &number.to_string(), line))
                        .collect();
                    runs.into_iter().map(Run::end).collect::<Vec<_>>()
                })
            })
            .collect();
        starters.into_iter().flat_map(|starter| starter.join().unwrap()).collect()
    })
}

/// Starts one run, waits until it has started the CLI, then starts more, and waits until they wait for it.
fn one_and_waiting(sandbox: &Sandbox, waiting: usize, line: &str) -> (Run, Vec<Run>) {
    let before = sandbox.calls();
    let first = Run::start(sandbox, "first", line);
    eventually("the CLI is run", || sandbox.calls() == before + 1);
    let others: Vec<Run> =
        (0..waiting).map(|number| Run::start(sandbox, &number.to_string(), &format!("-v {line}"))).collect();
    eventually("the others wait", || others.iter().all(Run::waits));
    (first, others)
}

// ---- one run for all ---------------------------------------------------------------------------

fn one_run_answers(size: usize, delay: &str) {
    let sandbox = expired_session().with("STAND_IN_DELAY", delay).with("STAND_IN_WRITE_GAP", "0.05");
    let outcomes = crowd(&sandbox, size, "-v --timeout 60s");
    let (_, token) = session(&sandbox.session_file());
    for outcome in &outcomes {
        assert_eq!(outcome.payload(), format!("Bearer {token}"));
    }
    let waited = outcomes
        .iter()
        .filter(|outcome| outcome.stderr.contains("another run of the CLI is under way"))
        .count();
    assert_eq!((outcomes.len(), sandbox.calls()), (size, 1));
    assert!(waited > 1, "{waited} of {size} met the run that was under way");
}

#[test]
fn a_hundred_at_once_on_an_expired_session_are_one_run_of_the_cli() {
    one_run_answers(100, "0.5");
}

#[test]
fn a_thousand_at_once_on_an_expired_session_are_one_run_of_the_cli() {
    one_run_answers(1000, "1.5");
}

#[test]
fn who_waited_takes_the_token_that_the_cli_has_just_printed_even_if_it_is_short() {
    let token = renewable(45);
    let sandbox = Sandbox::with_session().with("STAND_IN_DELAY", "1");
    sandbox.write_session(&token);
    let (first, others) = one_and_waiting(&sandbox, 10, "--format token");
    assert_eq!(first.end().payload(), token);
    for run in others {
        assert_eq!(run.end().payload(), token);
    }
    assert_eq!(sandbox.calls(), 1);
    // Who comes later does not know that, and asks.
    assert_eq!(sandbox.run("--format token").payload(), token);
    assert_eq!(sandbox.calls(), 2);
}

#[test]
fn who_waited_still_keeps_a_promise_and_still_asks_if_told_to() {
    let sandbox = Sandbox::with_session().with("STAND_IN_DELAY", "0.5");
    sandbox.write_session(&renewable(45));
    let (first, others) = one_and_waiting(&sandbox, 2, "--min-ttl 50s");
    for run in others.into_iter().chain([first]) {
        run.end().fails_with(8);
    }
    // Nobody asks again for what the CLI does not have.
    let before = sandbox.calls();
    assert_eq!(before, 1);
    let (first, others) = one_and_waiting(&sandbox, 2, "--fresh");
    for run in others.into_iter().chain([first]) {
        run.end().payload();
    }
    assert_eq!(sandbox.calls(), before + 3);
}

#[test]
fn a_cli_that_saves_nothing_is_run_for_one_after_the_other() {
    const SIZE: usize = 12;
    let sandbox = expired_session();
    let log = sandbox.home().join("runs");
    let program = root().join("tests/programs/notes-its-runs");
    let before = fs::read(sandbox.session_file()).unwrap();
    let sandbox = sandbox
        .with("STAND_IN_NO_SAVE", "1")
        .with("STAND_IN_DELAY", "0.05")
        .with("RUNS", log.to_str().unwrap())
        .with("IBMCLOUD_TOKEN_IBMCLOUD", program.to_str().unwrap());
    for outcome in crowd(&sandbox, SIZE, "--timeout 60s --min-ttl 50m --format json") {
        let answer: Value = serde_json::from_str(outcome.payload()).unwrap();
        assert_eq!((&answer["source"], &answer["iam_id"]), (&"cli".into(), &"IBMid-6660015AAA".into()));
    }
    assert_eq!(fs::read_to_string(log).unwrap(), "start\nend\n".repeat(SIZE));
    assert_eq!(fs::read(sandbox.session_file()).unwrap(), before);
}

// ---- others write meanwhile --------------------------------------------------------------------

/// Writes the session file in place and in two halves, over and over while `work` is done.
///
/// With `as_the_cli_does`, under the lock on that file that the SDK takes, for other CLIs; we read without it. It is
/// also the moment to see that no CLI has read a torn file: it would have left a blank session.
fn while_it_is_rewritten<T>(
    path: &Path,
    content: &str,
    as_the_cli_does: bool,
    work: impl FnOnce() -> T,
) -> (T, usize) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut file = File::options().read(true).write(true).open(path).unwrap();
            let (first, second) = content.as_bytes().split_at(content.len() / 2);
            let mut times = 0;
            while !done.load(Ordering::Relaxed) {
                if as_the_cli_does {
                    file.lock().unwrap();
                }
                session(path);
                file.set_len(0).unwrap();
                file.rewind().unwrap();
                file.write_all(first).unwrap();
                thread::sleep(Duration::from_millis(1));
                file.write_all(second).unwrap();
                file.unlock().unwrap();
                thread::sleep(Duration::from_millis(4));
                times += 1;
            }
            times
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        (result, writer.join().expect("no CLI has seen a torn file"))
    })
}

#[test]
fn while_another_program_rewrites_the_session_file_nobody_is_logged_out() {
    let sandbox = expired_session();
    let path = sandbox.session_file();
    let expired = fs::read_to_string(&path).unwrap();
    let (outcomes, times) =
        while_it_is_rewritten(&path, &expired, true, || crowd(&sandbox, 100, "--timeout 60s --min-ttl 50m"));
    for outcome in &outcomes {
        assert!(outcome.payload().starts_with("Bearer eyJ"), "{outcome:?}");
    }
    assert!((1..=100).contains(&sandbox.calls()) && times > 5, "{} runs, {times} times", sandbox.calls());

    let good = jwt(-60, 3540);
    sandbox.write_session(&good);
    let before = sandbox.calls();
    let content = fs::read_to_string(&path).unwrap();
    let (outcomes, times) =
        while_it_is_rewritten(&path, &content, false, || crowd(&sandbox, 1000, "--timeout 60s"));
    for outcome in &outcomes {
        assert_eq!(outcome.payload(), format!("Bearer {good}"));
    }
    assert_eq!(sandbox.calls(), before);
    assert!(times > 5, "{times} times");
}

#[test]
fn a_login_is_waited_for_and_its_token_is_the_answer() {
    let sandbox = expired_session().with("STAND_IN_DELAY", "1.5").with("STAND_IN_WRITE_GAP", "0.05");
    let key = sandbox.write("key", "k-1");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let login = Run::start(&sandbox, "login", &format!("login --apikey @{} -c other", key.display()));
    eventually("the CLI is run", || sandbox.calls() == 1);
    let gets: Vec<Run> =
        (0..5).map(|number| Run::start(&sandbox, &number.to_string(), "-v --format json")).collect();
    eventually("they wait", || gets.iter().all(Run::waits));
    assert_eq!(login.end().status, Some(0));
    let (_, token) = session(&sandbox.session_file());
    for get in gets {
        let answer: Value = serde_json::from_str(get.end().payload()).unwrap();
        assert_eq!((&answer["access_token"], &answer["account"]), (&token.as_str().into(), &"other".into()));
    }
    assert_eq!(sandbox.calls(), 1);
}

// ---- when the one run goes wrong ---------------------------------------------------------------

#[test]
fn who_waits_shares_a_failure_and_who_comes_later_asks_anew() {
    let sandbox = expired_session().with("STAND_IN_REFRESH", "network").with("STAND_IN_DELAY", "1");
    let (first, others) = one_and_waiting(&sandbox, 20, "--timeout 30s");
    let first = first.end();
    first.fails_with(6);
    let report = &first.stderr;
    for run in others {
        let outcome = run.end();
        outcome.fails_with(6);
        assert!(outcome.stderr.ends_with(report), "{outcome:?}\nand not {report}");
    }
    assert_eq!(sandbox.calls(), 1);
    sandbox.run("").fails_with(6);
    assert_eq!(sandbox.calls(), 2);
    let sandbox = sandbox.with("STAND_IN_REFRESH", "ok");
    assert!(sandbox.run("").payload().starts_with("Bearer eyJ"));
    assert_eq!(sandbox.calls(), 3);
}

#[test]
fn a_hundred_at_once_share_a_few_failures() {
    let sandbox = expired_session().with("STAND_IN_REFRESH", "BXNIM0439E").with("STAND_IN_DELAY", "1");
    for outcome in crowd(&sandbox, 100, "--timeout 60s") {
        outcome.fails_with(4);
    }
    // One, if all are there within its second.
    assert!(sandbox.calls() <= 10, "{} runs of the CLI", sandbox.calls());
}

#[test]
fn a_hung_cli_holds_everybody_up_to_the_deadline_and_not_longer() {
    let sandbox = expired_session().with("STAND_IN_HANG", "1");
    let start = Instant::now();
    let outcomes = crowd(&sandbox, 20, "--timeout 2s");
    let elapsed = start.elapsed();
    for outcome in outcomes {
        outcome.fails_with(7);
        assert!(outcome.stderr.contains("within 2s\nhint: wait longer with `--timeout`"), "{outcome:?}");
    }
    assert!((Duration::from_secs(2)..Duration::from_secs(8)).contains(&elapsed), "{elapsed:?}");
}

#[test]
fn when_the_one_who_runs_the_cli_is_killed_the_next_goes_on_at_once() {
    let sandbox = expired_session();
    let mut holder = sandbox.program([]).env("STAND_IN_HANG", "1").spawn().unwrap();
    eventually("the CLI is run", || sandbox.calls() == 1);
    let calls = fs::read_to_string(sandbox.log().join("calls")).unwrap();
    let orphan = Orphan(calls.split_whitespace().next().unwrap().parse().unwrap());
    let next = Run::start(&sandbox, "next", "-v --timeout 60s");
    eventually("the next waits", || next.waits());
    let killed = Instant::now();
    holder.kill().unwrap();
    holder.wait().unwrap();
    let outcome = next.end();
    assert!(killed.elapsed() < Duration::from_secs(15), "{:?}", killed.elapsed());
    let (_, token) = session(&sandbox.session_file());
    assert_eq!((outcome.payload(), sandbox.calls()), (format!("Bearer {token}").as_str(), 2));
    drop(orphan);
}

/// The hung CLI of a program that was killed: nobody else ends it.
struct Orphan(i32);

impl Drop for Orphan {
    fn drop(&mut self) {
        use rustix::process::{Pid, Signal, kill_process_group};
        let _ = kill_process_group(Pid::from_raw(self.0).unwrap(), Signal::KILL);
    }
}

#[test]
fn without_a_place_for_the_lock_it_goes_on_and_says_so() {
    for place in ["/dev/null", "/proc/none"] {
        // Nobody has logged in yet: there is no directory either.
        let sandbox = Sandbox::new().with("XDG_DATA_HOME", place);
        let outcome = sandbox.run("-v --format token");
        assert_eq!(outcome.payload(), token("passcode-mfa"));
        assert!(outcome.stderr.contains(&format!("going on without a lock: `{place}/")), "{outcome:?}");
        assert_eq!(sandbox.run("").stderr, "");
    }
}

#[test]
fn who_shares_a_session_shares_its_lock_wherever_their_own_data_lies() {
    let sandbox = expired_session().with("STAND_IN_DELAY", "1").with("STAND_IN_WRITE_GAP", "0.05");
    let runs: Vec<Run> = ["/dev/null", "relative", "elsewhere"]
        .into_iter()
        .cycle()
        .take(30)
        .enumerate()
        .map(|(number, place)| {
            let place = sandbox.home().join(place).join(number.to_string());
            Run::start_with(&sandbox, &number.to_string(), "", &[("XDG_DATA_HOME", place.to_str().unwrap())])
        })
        .collect();
    let outcomes: Vec<Outcome> = runs.into_iter().map(Run::end).collect();
    let (_, token) = session(&sandbox.session_file());
    for outcome in outcomes {
        assert_eq!(outcome.payload(), format!("Bearer {token}"));
    }
    assert_eq!(sandbox.calls(), 1);
}

#[test]
fn root_makes_no_folders_in_another_s_home() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let sandbox = expired_session().with("STAND_IN_DELAY", "0.5");
    std::os::unix::fs::chown(sandbox.home(), Some(12345), None).unwrap();
    let (first, second) = (Run::start(&sandbox, "first", "-v"), Run::start(&sandbox, "second", "-v"));
    assert_eq!(first.end().payload(), second.end().payload());
    assert_eq!(sandbox.calls(), 1);
    assert!(!sandbox.home().join(".local").exists());
}

#[test]
fn a_failure_of_another_program_is_not_taken_over() {
    let other = root().join("tests/programs/notes-its-runs");
    let failing = [
        ("IBMCLOUD_TOKEN_IBMCLOUD", other.to_str().unwrap()),
        ("RUNS", "/dev/null"),
        ("STAND_IN_REFRESH", "network"),
    ];
    for (variables, takes_over) in [(&failing[..], true), (&[], false)] {
        let sandbox = expired_session().with("STAND_IN_DELAY", "2");
        let first = Run::start_with(&sandbox, "first", "", &failing);
        eventually("the CLI is run", || sandbox.calls() == 1);
        let second = Run::start_with(&sandbox, "second", "-v", variables);
        eventually("it waits", || second.waits());
        first.end().fails_with(6);
        let second = second.end();
        assert_eq!(second.status, Some(if takes_over { 6 } else { 0 }), "{second:?}");
        assert_eq!(second.stderr.contains("the run that was waited for failed"), takes_over, "{second:?}");
        assert_eq!(sandbox.calls(), if takes_over { 1 } else { 2 });
    }
}

#[test]
fn a_clock_that_is_fast_costs_one_run_of_the_cli_and_not_one_for_each() {
    let sandbox = expired_session().with("STAND_IN_IAT_OFFSET", "-7200").with("STAND_IN_DELAY", "2");
    let (first, others) = one_and_waiting(&sandbox, 5, "--timeout 30s");
    for run in others.into_iter().chain([first]) {
        assert!(run.end().fails_with(8).stderr.contains("hint: check this machine's clock"));
    }
    assert_eq!(sandbox.calls(), 1);
}

#[test]
fn after_a_wait_the_cli_is_not_started_only_to_be_killed() {
    let sandbox = expired_session();
    let held = File::open(sandbox.session_file().parent().unwrap()).unwrap();
    held.lock().unwrap();
    let started = Instant::now();
    let run = Run::start(&sandbox, "run", "-v --timeout 3s");
    eventually("it waits", || run.waits());
    // Less than a second is left, or nothing on a busy machine.
    thread::sleep(Duration::from_millis(2700).saturating_sub(started.elapsed()));
    drop(held);
    let outcome = run.end();
    assert!(outcome.fails_with(7).stderr.contains("other run"), "{outcome:?}");
    assert_eq!(sandbox.calls(), 0);
}

#[test]
fn sessions_of_their_own_do_not_wait_for_each_other() {
    let sandbox = expired_session();
    let mut named: Value = serde_json::from_slice(&recorded("session-user", "config.json")).unwrap();
    named["IAMToken"] = format!("Bearer {}", token("expired")).into();
    sandbox.write(
        ".local/share/ibmcloud-token/sessions/other/.bluemix/config.json",
        serde_json::to_string_pretty(&named).unwrap(),
    );
    let mut holder = sandbox
        .program(["--timeout", "4s"])
        .env("STAND_IN_HANG", "1")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("the CLI is run", || sandbox.calls() == 1);
    let outcome = sandbox.run("-v --session other");
    assert!(outcome.payload().starts_with("Bearer eyJ"), "{outcome:?}");
    assert!(!outcome.stderr.contains("another run of the CLI is under way"), "{outcome:?}");
    assert_eq!(holder.wait().unwrap().code(), Some(7));
}
