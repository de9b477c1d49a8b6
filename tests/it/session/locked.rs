//! A session file whose writer holds `flock` on it, as the CLI does since SDK 1.0.2.

use std::fs::{self, File};
use std::io::{Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::sandbox::{Outcome, PROGRAM, Sandbox, can_trace, eventually, session_with, spawn};

/// The session file in the middle of a write, with the writer's lock.
struct Writer(File);

impl Writer {
    fn start(path: &Path) -> Self {
        let file = File::options().write(true).open(path).unwrap();
        file.lock().unwrap();
        file.set_len(0).unwrap();
        Self(file)
    }

    fn finish(mut self, content: &str) {
        self.0.rewind().unwrap();
        self.0.write_all(content.as_bytes()).unwrap();
    }
}

#[test]
fn slow_writer_is_waited_for() {
    let (sandbox, token) = Sandbox::logged_in();
    let writer = Writer::start(&sandbox.session_file());
    let runs = ["-f token", "--fresh -f token", "status", "inspect"]
        .map(|line| (line, spawn(&mut sandbox.program(line.split_whitespace()))));
    // Longer than a torn file is read again if nobody writes it.
    thread::sleep(Duration::from_millis(2500));
    writer.finish(&session_with(&token));
    for (line, child) in runs {
        let outcome = Outcome::from(child.wait_with_output().unwrap());
        assert_eq!(outcome.status, Some(0), "{line}: {outcome:?}");
    }
}

#[test]
fn writer_that_does_not_finish_is_a_timeout_and_not_a_login_failure() {
    let (sandbox, _) = Sandbox::logged_in();
    let writer = Writer::start(&sandbox.session_file());
    for line in ["--timeout 300ms", "--fresh --timeout 300ms", "status --timeout 300ms"] {
        let outcome = sandbox.run(line);
        assert!(
            outcome.fails_with(7).error().contains("did not finish writing the session file"),
            "{outcome:?}"
        );
    }
    drop(writer);
    sandbox.run("--timeout 300ms").fails_with(4);
    assert_eq!(sandbox.calls(), 0);
}

/// The file is whole for a few milliseconds in every 300, which a reader that polls it would miss.
#[test]
fn frequent_writer_does_not_starve_readers() {
    let (sandbox, token) = Sandbox::logged_in();
    let (path, content) = (sandbox.session_file(), session_with(&token));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let writer = Writer::start(&path);
                thread::sleep(Duration::from_millis(300));
                writer.finish(&content);
                thread::sleep(Duration::from_millis(3));
            }
        });
        let runs: Vec<_> =
            (0..40).map(|_| spawn(&mut sandbox.program(["-f", "token", "--timeout", "60s"]))).collect();
        let outcomes: Vec<Outcome> =
            runs.into_iter().map(|run| run.wait_with_output().unwrap().into()).collect();
        done.store(true, Ordering::Relaxed);
        for outcome in outcomes {
            assert_eq!(outcome.payload(), token);
        }
    });
    assert_eq!(sandbox.calls(), 0);
}

/// The CLI waits 30 s for the lock and then writes a blank session.
#[test]
fn lock_is_held_for_one_read_and_nothing_else() {
    if !can_trace() {
        return;
    }
    let (sandbox, token) = Sandbox::logged_in();
    let (path, log) = (sandbox.session_file(), sandbox.home().join("strace"));
    let writer = Writer::start(&path);
    let mut command = sandbox.command("strace");
    command.args(["-f", "-o"]).arg(&log).args([PROGRAM, "-f", "token"]).stdin(Stdio::null());
    let child = spawn(&mut command);
    // `1: -> FLOCK  ADVISORY  READ PID MAJOR:MINOR:INODE 0 EOF`
    let inode = format!(":{} ", fs::metadata(&path).unwrap().ino());
    let waits = |line: &str| line.contains("-> FLOCK") && line.contains(" READ ") && line.contains(&inode);
    eventually("it waits for the lock", || fs::read_to_string("/proc/locks").unwrap().lines().any(waits));
    writer.finish(&session_with(&token));
    let outcome = Outcome::from(child.wait_with_output().unwrap());
    assert_eq!(outcome.payload(), token);
    let log = fs::read_to_string(&log).unwrap();
    // `PID name(arguments…) = result`, or `PID <... name resumed>…`. The first process is the program's main thread.
    let main = log.split_whitespace().next().unwrap();
    let granted = log.lines().position(|line| line.contains("flock") && line.ends_with("= 0"));
    let locked: Vec<&str> = log
        .lines()
        .skip(granted.expect("it takes the lock") + 1)
        .filter_map(|line| line.strip_prefix(main))
        .map(str::trim_start)
        .take_while(|call| !call.starts_with("close("))
        .collect();
    // The main thread wakes up, checks whose file it is, and reads it. The C library may take memory for the buffer. A
    // debug build checks the descriptor in the end.
    let names = ["futex", "fstat", "statx", "geteuid", "mmap", "read(", "read resumed", "fcntl"];
    let belongs = |call: &&str| {
        let call = call.trim_start_matches("<... ");
        names.iter().any(|name| call.starts_with(name))
    };
    assert!(
        locked.iter().any(|call| call.starts_with("read")) && locked.iter().all(belongs),
        "{locked:?}\n{log}"
    );
    assert!(!log.contains("LOCK_EX"), "{log}");
}
