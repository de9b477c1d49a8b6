//! Every bound on speed and size, measured side by side with its reference.
//!
//!     cargo bench --bench speed                a Markdown table
//!     cargo bench --bench speed -- --check     the same, and fails if a bound is not met
//!
//! The benchmark measures what users run. The program that Cargo builds for a benchmark is larger, because the
//! dependencies of the tests enable more features. So it first builds a release. It then copies the release, as
//! `cargo install` does: a file that was just linked is cached in single pages, so an answer from it takes a tenth longer.
//!
//! The program is linked dynamically, so the loader runs at every start: an empty Rust program takes 1.2 × the time of
//! `/bin/true`, but 0.4 × with musl. To measure the static program:
//!
//!     cargo build --release --target x86_64-unknown-linux-musl
//!     cargo bench --bench speed -- --program target/x86_64-unknown-linux-musl/release/ibmcloud-token
//!
//! Contenders run in turns (A B A B …) within one run, so a machine that slows down affects all of them, and the median
//! counts. The CLI is the stand-in of the tests: a program that takes a few milliseconds, while the real CLI takes
//! hundreds. The time added to the CLI is therefore given in milliseconds and not as a ratio.

#![expect(clippy::print_stdout, reason = "the table is the output")]
#![expect(clippy::disallowed_methods, reason = "a benchmark runs programs and reads its environment")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot continue has failed")]

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

#[path = "../../tests/it/sandbox/mod.rs"]
#[expect(dead_code, reason = "only the tests use all of it")]
mod sandbox;

#[cfg(feature = "net")]
mod exchange;

use sandbox::{PROGRAM, Sandbox, jwt};

/// A line of the table.
struct Row {
    case: String,
    must: String,
    measured: String,
    /// `None` if the row is only a comparison.
    kept: Option<bool>,
}

/// The measurements. Add new bounds here.
const CASES: &[fn(&Path) -> Vec<Row>] = &[
    answer_from_the_session_file,
    exec_from_the_session_file,
    through_the_cli,
    a_hundred_at_once,
    endless_output,
    #[cfg(target_os = "linux")]
    watch_at_rest,
    #[cfg(feature = "net")]
    exchange::rows,
    size,
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let named = arguments.iter().position(|argument| argument == "--program");
    let built = match named {
        Some(at) => arguments.get(at + 1).expect("--program PATH"),
        None => build_release(),
    };
    let installed = tempfile::tempdir().unwrap();
    let program = installed.path().join("ibmcloud-token");
    fs::copy(built, &program).expect("--program PATH");
    println!("{}\n", machine());
    println!("| case | must reach | measured | |\n|---|---|---|---|");
    let mut all_kept = true;
    for case in CASES {
        for Row { case, must, measured, kept } in case(&program) {
            let verdict = kept.map_or("", |kept| if kept { "yes" } else { "**no**" });
            println!("| {case} | {must} | {measured} | {verdict} |");
            all_kept &= kept != Some(false);
        }
    }
    if !all_kept && arguments.iter().any(|argument| argument == "--check") {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Builds the program that users install. It replaces the one that Cargo built for the benchmark.
fn build_release() -> &'static str {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let features: &[&str] =
        if cfg!(feature = "net") { &[] } else { &["--no-default-features", "--features", "program"] };
    let build = ["build", "--quiet", "--release", "--bin", "ibmcloud-token"];
    let folder = env!("CARGO_MANIFEST_DIR");
    assert!(Command::new(cargo).args(build).args(features).current_dir(folder).status().unwrap().success());
    PROGRAM
}

fn machine() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let cpu_info = read("/proc/cpuinfo");
    let model = cpu_info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown CPU", |(_, model)| model);
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    let features = if cfg!(feature = "net") { "all features" } else { "the plain wrapper" };
    format!(
        "{model}, {cores} cores, {} {}, load {}; {features}",
        std::env::consts::OS,
        kernel.trim(),
        read("/proc/loadavg").split(' ').next().unwrap_or("unknown")
    )
}

// ---- measuring

/// Runs a command with its streams discarded, and returns how long it took.
fn time(command: &mut Command) -> Duration {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.spawn().unwrap().wait().unwrap();
    let elapsed = start.elapsed();
    assert!(status.success(), "{command:?}: {status}");
    elapsed
}

/// Runs commands in turns, and returns the times of each command by round.
fn in_turns(rounds: usize, commands: &mut [Command]) -> Vec<Vec<Duration>> {
    for command in &mut *commands {
        time(command);
    }
    let mut times = vec![Vec::with_capacity(rounds); commands.len()];
    for _ in 0..rounds {
        for (command, times) in commands.iter_mut().zip(&mut times) {
            times.push(time(command));
        }
    }
    times
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn milliseconds(times: &[Duration]) -> f64 {
    median(times.iter().map(|time| time.as_secs_f64() * 1e3).collect())
}

/// The median of the difference between two commands in the same round, in milliseconds.
fn added(times: &[Duration], bare: &[Duration]) -> f64 {
    median(
        times.iter().zip(bare).map(|(time, bare)| (time.as_secs_f64() - bare.as_secs_f64()) * 1e3).collect(),
    )
}

/// The peak memory of a program in KiB, as the kernel counts it, and its exit status.
fn peak_memory(command: &mut Command) -> (u64, Option<i32>) {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let path = format!("/proc/{}/status", child.id());
    let name = Path::new(command.get_program()).file_name().unwrap().to_string_lossy().into_owned();
    let mut peak = 0;
    loop {
        let status = fs::read_to_string(&path).unwrap_or_default();
        // Until `execve` the child is a copy of this process. The kernel keeps 15 characters of a name.
        let running = status.lines().next().and_then(|line| line.strip_prefix("Name:\t"));
        let is_program = running.is_some_and(|running| name.starts_with(running));
        let high = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        if let Some(high) = high.filter(|_| is_program) {
            peak = peak.max(high.parse().unwrap());
        }
        if let Some(status) = child.try_wait().unwrap() {
            return (peak, status.code());
        }
        thread::yield_now();
    }
}

// ---- the cases

/// The command lines that are measured beside the bare call. Each may cost a little more.
const OPTIONS: [&[&str]; 4] =
    [&["get"], &["-f", "token"], &["get", "--timeout", "5s", "-q"], &["-f", "A %{token}", "--min-ttl", "1m"]];

fn answer_from_the_session_file(program: &Path) -> Vec<Row> {
    const ROUNDS: usize = 1000;
    let sandbox = Sandbox::new();
    sandbox.write_session(&jwt(-60, 3540));
    let mut commands = vec![sandbox.command("/bin/true"), sandbox.command(program)];
    commands.extend(OPTIONS.map(|options| {
        let mut command = sandbox.command(program);
        command.args(options);
        command
    }));
    let times = in_turns(ROUNDS, &mut commands);
    let [reference, bare] = [milliseconds(&times[0]), milliseconds(&times[1])];
    let is_static = is_static(program);
    let most = if is_static { 0.8 } else { 1.5 };
    let mut rows = vec![Row {
        case: "answer from the session file".to_owned(),
        must: format!("at most {most} × the time of spawning `/bin/true`"),
        measured: format!(
            "{:.2} × ({bare:.2} ms against {reference:.2} ms; {ROUNDS} rounds)",
            bare / reference
        ),
        kept: Some(bare / reference <= most),
    }];
    for (options, times) in OPTIONS.iter().zip(&times[2..]) {
        let more = (milliseconds(times) - bare) / reference;
        rows.push(Row {
            case: format!("– the same with `{}`", options.join(" ")),
            must: if is_static { "at most 0.3 × more".to_owned() } else { String::new() },
            measured: format!("{more:+.2} ×"),
            kept: is_static.then_some(more <= 0.3),
        });
    }
    rows
}

fn exec_from_the_session_file(program: &Path) -> Vec<Row> {
    const ROUNDS: usize = 1000;
    let sandbox = Sandbox::new();
    sandbox.write_session(&jwt(-60, 3540));
    let [mut get, mut exec] = [sandbox.command(program), sandbox.command(program)];
    get.arg("get");
    exec.args(["exec", "/bin/true"]);
    let times = in_turns(ROUNDS, &mut [sandbox.command("/bin/true"), get, exec]);
    let [bare, get, exec] = [0, 1, 2].map(|contender| milliseconds(&times[contender]));
    let ratio = exec / (get + bare);
    vec![Row {
        case: "`exec /bin/true` from the session file".to_owned(),
        must: "at most 1.1 × `get` and `/bin/true`".to_owned(),
        measured: format!(
            "{ratio:.2} × ({exec:.2} ms against {get:.2} ms and {bare:.2} ms; {ROUNDS} rounds)"
        ),
        kept: Some(ratio <= 1.1),
    }]
}

/// Returns whether a program needs no loader.
fn is_static(program: &Path) -> bool {
    let content = fs::read(program).unwrap();
    !content.windows(8).any(|window| window == b"/ld-linu" || window == b"/ld-musl")
}

fn through_the_cli(program: &Path) -> Vec<Row> {
    const ROUNDS: usize = 200;
    const BARE: &str = "ibmcloud iam oauth-tokens";
    const DOCUMENTED: &str = r"ibmcloud iam oauth-tokens | grep IAM | cut -d \: -f 2 | sed 's/^ *//'";
    const OTHERS: [(&str, &str); 2] = [
        ("awk", "ibmcloud iam oauth-tokens | awk '{print $4}'"),
        ("jq", "ibmcloud iam oauth-tokens --output json | jq -r .iam_token"),
    ];
    let sandbox = Sandbox::new();
    sandbox.write_session(&jwt(-3600, -5));
    // Each contender is a line of a script, run by the same shell.
    let script = |line: &str| {
        let mut command = sandbox.command("/bin/sh");
        command.args(["-c", line]);
        command
    };
    let others: Vec<_> = OTHERS.into_iter().filter(|(tool, _)| which::which(tool).is_ok()).collect();
    let mut commands = vec![script(BARE), script(&format!("'{}'", program.display())), script(DOCUMENTED)];
    commands.extend(others.iter().map(|(_, line)| script(line)));
    let times = in_turns(ROUNDS, &mut commands);
    let bare = &times[0];
    let added: Vec<f64> = times.iter().map(|times| added(times, bare)).collect();
    let on_top = |added: f64| format!("{added:+.2} ms on top of {:.2} ms", milliseconds(bare));
    let mut rows = vec![
        Row {
            case: "through the CLI".to_owned(),
            must: "less on top of the bare `ibmcloud iam oauth-tokens` than the documented pipeline adds"
                .to_owned(),
            measured: format!("{} ({ROUNDS} rounds)", on_top(added[1])),
            kept: Some(added[1] < added[2]),
        },
        compared("the documented pipeline: `grep`, `cut`, `sed`", on_top(added[2])),
    ];
    for ((tool, line), added) in others.iter().zip(&added[3..]) {
        let line = line.replace('|', "\\|");
        rows.push(compared(&format!("with `{tool}`: `{line}`"), on_top(*added)));
    }
    rows
}

fn compared(case: &str, measured: String) -> Row {
    Row { case: format!("– {case}"), must: String::new(), measured, kept: None }
}

fn a_hundred_at_once(program: &Path) -> Vec<Row> {
    const SIZE: usize = 100;
    const ROUNDS: usize = 7;
    const DELAY: &str = "0.5";
    let (mut alone, mut all, mut runs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        // Each run needs a fresh session, because it renews the session.
        let expired = || Sandbox::with_token(&jwt(-3600, -5)).with("STAND_IN_DELAY", DELAY);
        let sandbox = expired();
        let mut cli = sandbox.command(sandbox::stand_in());
        alone.push(time(cli.args(["iam", "oauth-tokens"])));

        let sandbox = expired();
        let start = Instant::now();
        let children: Vec<_> = (0..SIZE)
            .map(|_| {
                let mut command = sandbox.command(program);
                command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
            })
            .collect();
        for mut child in children {
            assert!(child.wait().unwrap().success(), "every process gets an answer");
        }
        all.push(start.elapsed());
        runs.push(sandbox.calls());
    }
    let (alone, all) = (milliseconds(&alone), milliseconds(&all));
    let (ratio, most) = (all / alone, runs.into_iter().max().unwrap_or(0));
    vec![Row {
        case: format!("{SIZE} processes at once on an expired session (a CLI of {DELAY} s)"),
        must: "exactly 1 CLI run; all answered within 1.5 × that run".to_owned(),
        measured: format!(
            "{most} CLI run; {ratio:.2} × ({all:.0} ms against {alone:.0} ms; {ROUNDS} rounds)"
        ),
        kept: Some(most == 1 && ratio <= 1.5),
    }]
}

fn endless_output(program: &Path) -> Vec<Row> {
    let cases = [
        ("stdout", "1", "stops at the cap; peak memory under 16 MiB"),
        ("stderr", "stderr", "peak memory under 16 MiB"),
    ];
    let row = |(stream, how, must): (&str, &str, &str)| {
        let sandbox = Sandbox::new().with("STAND_IN_ENDLESS", how);
        let (peak, status) = peak_memory(sandbox.command(program).args(["--timeout", "2s"]));
        let (end, expected) =
            if stream == "stdout" { ("stopped at the cap", 5) } else { ("stopped at the deadline", 7) };
        let end = if status == Some(expected) { end } else { "not stopped as expected" };
        Row {
            case: format!("hostile CLI output: endless {stream}"),
            must: must.to_owned(),
            measured: format!("{end}; {:.1} MiB", mebibytes(peak)),
            kept: Some(status == Some(expected) && (1..16 * 1024).contains(&peak)),
        }
    };
    cases.into_iter().map(row).collect()
}

/// The figures in `/proc` of a program that has nothing to do. Its CPU time is in hundredths of a second.
#[cfg(target_os = "linux")]
fn watch_at_rest(program: &Path) -> Vec<Row> {
    const TIME: Duration = Duration::from_secs(30);
    let (sandbox, _) = Sandbox::logged_in();
    let mut watch = sandbox.command(program);
    watch.args(["watch", "-q", "-o", "file"]);
    let mut child = watch.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    while !sandbox.home().join("file").exists() {
        assert!(start.elapsed() < TIME, "the file is not written");
        thread::sleep(Duration::from_millis(10));
    }
    thread::sleep(Duration::from_secs(1));
    let used = || {
        let line = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        let fields: Vec<&str> = line.rsplit_once(')').unwrap().1.split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    let before = used();
    thread::sleep(TIME);
    let hundredths = used() - before;
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let memory = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let memory: u64 = memory.trim().trim_end_matches(" kB").parse().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    vec![Row {
        case: "`watch` at rest".to_owned(),
        must: "no CPU, under 8 MiB".to_owned(),
        measured: format!(
            "{} ms of CPU time in {} s; {:.1} MiB",
            hundredths * 10,
            TIME.as_secs(),
            mebibytes(memory)
        ),
        kept: Some(hundredths == 0 && memory < 8 * 1024),
    }]
}

fn size(program: &Path) -> Vec<Row> {
    let (what, most) = if cfg!(feature = "net") { ("all features", 4) } else { ("the plain wrapper", 2) };
    let size = fs::metadata(program).unwrap().len() / 1024;
    vec![Row {
        case: format!("binary, {what}, stripped"),
        must: format!("under {most} MiB"),
        measured: format!("{:.2} MiB", mebibytes(size)),
        kept: Some(size < most * 1024),
    }]
}

#[expect(clippy::cast_precision_loss, reason = "the result is rounded to a tenth of a MiB")]
fn mebibytes(kibibytes: u64) -> f64 {
    kibibytes as f64 / 1024.0
}
