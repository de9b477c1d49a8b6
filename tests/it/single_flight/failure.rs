//! The shared run of the CLI fails, hangs or is killed.

use std::fs::File;
use std::thread;
use std::time::{Duration, Instant};

use super::{LONG_RUN, Run, crowd, expired_session, holder_and_waiters, token_of_whole_session};
use crate::sandbox::{eventually, test_program};

#[test]
fn waiters_share_a_failure_and_later_runs_ask_again() {
    let sandbox = expired_session().with("STAND_IN_REFRESH", "network").with("STAND_IN_DELAY", LONG_RUN);
    let (holder, waiters) = holder_and_waiters(&sandbox, 20, "--timeout 30s");
    let first = holder.end();
    first.fails_with(6);
    let report = &first.stderr;
    for run in waiters {
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
fn hundred_processes_share_a_few_failures() {
    let sandbox = expired_session().with("STAND_IN_REFRESH", "BXNIM0439E").with("STAND_IN_DELAY", "1");
    // Wine needs many seconds to start a hundred programs.
    let size = if cfg!(windows) { 20 } else { 100 };
    for outcome in crowd(&sandbox, size, "--timeout 60s") {
        outcome.fails_with(4);
    }
    // If all of them start within one second, it is a single run.
    assert!(sandbox.calls() <= 10, "{} runs of the CLI", sandbox.calls());
}

#[test]
fn hung_cli_delays_every_process_until_its_deadline() {
    let sandbox = expired_session().with("STAND_IN_HANG", "1");
    let start = Instant::now();
    let outcomes = crowd(&sandbox, 20, "--timeout 2s");
    let elapsed = start.elapsed();
    for outcome in outcomes {
        outcome.fails_with(7);
        assert!(outcome.stderr.contains("within 2s\nhint: allow more time with `--timeout`"), "{outcome:?}");
    }
    // One after the other, they would take 40 seconds.
    let most = if cfg!(windows) { 30 } else { 8 };
    assert!((Duration::from_secs(2)..Duration::from_secs(most)).contains(&elapsed), "{elapsed:?}");
}

#[test]
fn next_waiter_continues_at_once_if_the_holder_is_killed() {
    let sandbox = expired_session();
    let mut holder = Run::start_with(&sandbox, "holder", "", &[("STAND_IN_HANG", "1")]);
    eventually("the CLI is run", || sandbox.calls() == 1);
    let calls = sandbox.call_log();
    let orphan = Orphan(calls.split_whitespace().next().unwrap().parse().unwrap());
    let next = Run::start(&sandbox, "next", "-v --timeout 60s");
    eventually("the next run waits", || next.waits());
    let killed = Instant::now();
    holder.child.kill().unwrap();
    holder.child.wait().unwrap();
    let outcome = next.end();
    assert!(killed.elapsed() < Duration::from_secs(15), "{:?}", killed.elapsed());
    let token = token_of_whole_session(&sandbox.session_file());
    assert_eq!((outcome.payload(), sandbox.calls()), (format!("Bearer {token}").as_str(), 2));
    drop(orphan);
}

/// The hung CLI of a killed program, which nobody else ends.
struct Orphan(i32);

impl Drop for Orphan {
    fn drop(&mut self) {
        // On Windows, the CLI is in a job that ends with the program.
        #[cfg(unix)]
        {
            use rustix::process::{Pid, Signal, kill_process_group};
            let _ = kill_process_group(Pid::from_raw(self.0).unwrap(), Signal::KILL);
        }
        #[cfg(not(unix))]
        let _ = self.0;
    }
}

#[test]
#[cfg_attr(windows, ignore = "its CLI is a shell script")]
fn failure_of_a_different_cli_is_not_shared() {
    let other = test_program("notes-its-runs");
    let failing =
        [("IBMCLOUD_TOKEN_IBMCLOUD", other.as_str()), ("RUNS", "/dev/null"), ("STAND_IN_REFRESH", "network")];
    for (variables, shares) in [(&failing[..], true), (&[], false)] {
        let sandbox = expired_session().with("STAND_IN_DELAY", "2");
        let first = Run::start_with(&sandbox, "first", "", &failing);
        eventually("the CLI is run", || sandbox.calls() == 1);
        let second = Run::start_with(&sandbox, "second", "-v", variables);
        eventually("the second run waits", || second.waits());
        first.end().fails_with(6);
        let second = second.end();
        assert_eq!(second.status, Some(if shares { 6 } else { 0 }), "{second:?}");
        assert_eq!(second.stderr.contains("the run that we waited for failed"), shares, "{second:?}");
        assert_eq!(sandbox.calls(), if shares { 1 } else { 2 });
    }
}

#[test]
fn fast_clock_causes_one_run_of_the_cli_in_total() {
    let sandbox = expired_session()
        .with("STAND_IN_IAT_OFFSET", "-7200")
        .with("STAND_IN_DELAY", if cfg!(windows) { LONG_RUN } else { "2" });
    let (holder, waiters) = holder_and_waiters(&sandbox, 5, "--timeout 30s");
    for run in waiters.into_iter().chain([holder]) {
        assert!(run.end().fails_with(8).stderr.contains("hint: check this machine's clock"));
    }
    assert_eq!(sandbox.calls(), 1);
}

#[test]
fn cli_is_not_started_just_before_the_deadline() {
    let sandbox = expired_session();
    let directory = sandbox.session_file().parent().unwrap().to_owned();
    // Windows cannot lock a directory, so a file in it stands for it.
    let held = if cfg!(windows) {
        File::create(directory.join("ibmcloud-token.lock")).unwrap()
    } else {
        File::open(directory).unwrap()
    };
    held.lock().unwrap();
    let started = Instant::now();
    let run = Run::start(&sandbox, "run", "-v --timeout 3s");
    eventually("the run waits", || run.waits());
    // Less than a second is left, or nothing at all on a busy machine.
    thread::sleep(Duration::from_millis(2700).saturating_sub(started.elapsed()));
    drop(held);
    let outcome = run.end();
    assert!(outcome.fails_with(7).stderr.contains("other run"), "{outcome:?}");
    assert_eq!(sandbox.calls(), 0);
}
