//! A program that watches a file costs nothing while nothing happens.
#![cfg(target_os = "linux")]

use std::thread;
use std::time::Duration;

use super::Watched;
use crate::sandbox::Sandbox;
use crate::sandbox::processes::{kibibytes, stat_fields};

/// The CPU time in ticks of 10 ms, and the memory in KiB.
fn usage(id: u32) -> (u64, u64) {
    let fields = stat_fields(id);
    // The 14th and 15th fields are the times. The first of these is the third.
    let ticks = [11, 12].map(|field| fields[field].parse::<u64>().unwrap());
    (ticks.iter().sum(), kibibytes(id, "VmRSS").unwrap())
}

/// Returns the CPU time in ticks that it used, and its memory in KiB before and after.
fn at_rest(time: Duration) -> (u64, u64, u64) {
    let (sandbox, _) = Sandbox::logged_in();
    let watched = Watched::ready(&sandbox, "");
    thread::sleep(Duration::from_secs(1));
    let (ticks_before, memory_before) = usage(watched.child.id());
    thread::sleep(time);
    let (ticks_after, memory_after) = usage(watched.child.id());
    watched.stop();
    (ticks_after - ticks_before, memory_before, memory_after)
}

#[test]
fn rest_takes_no_cpu_time_and_little_memory() {
    let (ticks, before, after) = at_rest(Duration::from_secs(12));
    assert!(ticks <= 1, "{ticks} ticks");
    // A debug build is larger than what is released, whose bound of 8 MiB the benchmark checks.
    assert!(after <= before + 256 && after < 16 * 1024, "{before} KiB, {after} KiB");
}

/// Run it with `cargo test --release --test it rest_for_minutes -- --ignored --nocapture`.
#[test]
#[ignore = "it takes five minutes"]
#[expect(clippy::print_stderr, reason = "the figures are the result")]
fn rest_for_minutes_takes_no_cpu_time_and_no_more_memory() {
    let (ticks, before, after) = at_rest(Duration::from_secs(300));
    eprintln!("in 300 s: {ticks} ticks of CPU time, {before} KiB at the start, {after} KiB at the end");
    assert!(ticks <= 2 && after <= before + 64 && after < 8 * 1024);
}
