//! Floods of output, and too few file descriptors.

use std::thread;
use std::time::Duration;

use crate::sandbox::processes::{kibibytes, nothing_is_left};
use crate::sandbox::{Outcome, Sandbox, has, spawn, token};

/// Runs the program, and also returns its peak memory in KiB.
fn run_and_measure(sandbox: &Sandbox, line: &str) -> (Outcome, u64) {
    let child = spawn(&mut sandbox.program(line.split(' ')));
    let id = child.id();
    let watcher = thread::spawn(move || {
        let mut peak = 0;
        // The field disappears when the process ends.
        while let Some(now) = kibibytes(id, "VmHWM") {
            peak = peak.max(now);
            thread::sleep(Duration::from_millis(2));
        }
        peak
    });
    let outcome = child.wait_with_output().unwrap().into();
    (outcome, watcher.join().unwrap())
}

#[test]
fn flood_on_stdout_is_stopped_in_constant_memory() {
    for (name, value) in [("STAND_IN_BYTES", "1073741824"), ("STAND_IN_ENDLESS", "1")] {
        // It ignores SIGTERM, so it lives for half a second more, which is long enough to see the peak.
        let sandbox = Sandbox::logging().with(name, value).with("STAND_IN_IGNORE_TERM", "1");
        let (outcome, peak) = run_and_measure(&sandbox, "--timeout 60s");
        outcome.fails_with(5);
        assert!(outcome.stderr.contains("printed more than 1 MiB and was stopped"), "{outcome:?}");
        assert!((1024..16 * 1024).contains(&peak), "{name}: {peak} KiB");
        nothing_is_left(&sandbox);
    }
}

#[test]
fn endless_stderr_ends_at_the_deadline_in_constant_memory() {
    let sandbox = Sandbox::logging().with("STAND_IN_ENDLESS", "stderr");
    let (outcome, peak) = run_and_measure(&sandbox, "--timeout 1s");
    outcome.fails_with(7);
    assert_eq!(outcome.stderr.matches("again and again").count(), 12, "{outcome:?}");
    assert!((1024..16 * 1024).contains(&peak), "{peak} KiB");
    nothing_is_left(&sandbox);
}

#[test]
fn low_descriptor_limit_is_an_error_and_leaves_nothing_behind() {
    /// The limit counts descriptors that the tests have inherited, too, so the shell closes them first.
    const CLOSE_INHERITED: &str =
        r#"for file in /proc/$$/fd/*; do fd=${file##*/}; [ "$fd" -le 2 ] || eval "exec $fd>&-"; done"#;
    if !has("bash") {
        return;
    }
    let mut statuses = Vec::new();
    for limit in 4..=20 {
        let sandbox = Sandbox::logging();
        let outcome = sandbox.shell(
            "bash",
            &format!("{CLOSE_INHERITED}; ulimit -n {limit}; exec ibmcloud-token get --timeout 5s"),
        );
        if outcome.status == Some(0) {
            assert_eq!(outcome.payload(), format!("Bearer {}", token("passcode-mfa")));
        } else {
            let status = outcome.status.unwrap();
            assert!(outcome.fails_with(status).stderr.contains("\nhint: "), "{outcome:?}");
            statuses.push(status);
        }
        nothing_is_left(&sandbox);
    }
    // If the program runs out of descriptors, it exits with 1. If only the CLI does, that is a failed CLI: 5.
    assert!(statuses.contains(&1) && statuses.iter().all(|status| [1, 5].contains(status)), "{statuses:?}");
}
