//! Foreign CLIs renew and rewrite the session at the same moment.
//!
//! The model of a foreign CLI does what the SDK was seen to do: it takes `flock` on the session file to read and to write
//! it, tries that every 100 ms, writes by truncating first, refreshes with three such writes, and treats a torn file as a
//! logout. IAM accepts each refresh token once. One thing is left out, because it ends a session without our help: a CLI
//! that writes back a session which another CLI has renewed meanwhile.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Run, token_of_whole_session};
use crate::sandbox::{Sandbox, jwt, renewable, soon};

const CALLERS: usize = 50;
const NEIGHBORS: usize = 10;

/// When IAM answers the next request: after the session is written, or at once.
#[derive(Clone, Copy)]
enum Iam {
    WaitsForTheWriter,
    AnswersAtOnce,
}

/// The session file and the stand-in's directory of IAM.
struct World {
    session: PathBuf,
    iam: PathBuf,
}

impl World {
    fn new(sandbox: &Sandbox) -> Self {
        let world = Self { session: sandbox.session_file(), iam: sandbox.home().join("iam") };
        fs::create_dir(&world.iam).unwrap();
        let first = "REFRESH-TOKEN-MARKER.0";
        fs::write(world.iam.join("refresh-token"), first).unwrap();
        fs::write(world.iam.join("issued"), "").unwrap();
        world.save(&world.changed("IAMRefreshToken", first));
        world
    }

    fn held(&self, name: &str) -> File {
        let path = self.iam.join(name);
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path).unwrap();
        file.lock().unwrap();
        file
    }

    /// Takes the lock on the session file as the SDK does.
    fn locked_session(&self) -> File {
        let file = File::options().read(true).write(true).open(&self.session).unwrap();
        let start = Instant::now();
        while file.try_lock().is_err() {
            assert!(start.elapsed() < Duration::from_secs(30), "here the SDK writes a blank session");
            thread::sleep(Duration::from_millis(100));
        }
        file
    }

    fn load(&self) -> Value {
        let mut content = String::new();
        self.locked_session().read_to_string(&mut content).unwrap();
        serde_json::from_str(&content).expect("here the SDK writes a blank session")
    }

    fn changed(&self, name: &str, value: &str) -> Value {
        let mut session = self.load();
        session[name] = value.into();
        session
    }

    fn save(&self, session: &Value) {
        let locked = self.locked_session();
        let mut file = File::options().write(true).truncate(true).open(&self.session).unwrap();
        // The SDK's writes were torn for 58 µs at the median, and for up to 7 ms.
        thread::sleep(Duration::from_millis(1));
        file.write_all(serde_json::to_string_pretty(session).unwrap().as_bytes()).unwrap();
        drop(locked);
    }

    /// Writes the session back, as `ibmcloud target -r` does.
    fn rewrite(&self) {
        let _writer = self.held("writer");
        self.save(&self.load());
    }

    /// Renews the session, as `ibmcloud target -c` does. Does nothing if IAM refuses the refresh token.
    fn renew(&self, iam: Iam) {
        let mut session = self.load();
        let (answer, token) = (self.held("refresh-token"), jwt(0, 3600));
        let accepted = fs::read_to_string(self.iam.join("refresh-token")).unwrap();
        let accepted = accepted.trim();
        if session["IAMRefreshToken"] != accepted {
            return;
        }
        let (name, number) = accepted.rsplit_once('.').unwrap();
        let next = format!("{name}.{}", number.parse::<u64>().unwrap() + 1);
        fs::write(self.iam.join("refresh-token"), &next).unwrap();
        self.issue(&token);
        let answer = match iam {
            Iam::WaitsForTheWriter => Some(answer),
            Iam::AnswersAtOnce => None,
        };
        let _writer = self.held("writer");
        session["IAMToken"] = format!("Bearer {token}").into();
        self.save(&session);
        session["IAMRefreshToken"] = next.into();
        self.save(&session);
        self.save(&session);
        drop(answer);
    }

    fn issue(&self, token: &str) {
        let mut issued = File::options().append(true).open(self.iam.join("issued")).unwrap();
        issued.write_all(format!("{token}\n").as_bytes()).unwrap();
    }

    /// Lets the time pass until the token in the session has expired.
    fn expire(&self) {
        let _writer = self.held("writer");
        self.save(&self.changed("IAMToken", &format!("Bearer {}", renewable(-3600, -5))));
    }
}

/// The figures of a test.
#[derive(Debug, Default)]
struct Figures {
    rounds: usize,
    answers: usize,
    wrong: Vec<String>,
    refused: usize,
    renewals: usize,
    rewrites: usize,
}

/// How often IAM refused the CLI that the program ran. Otherwise the test would show nothing.
fn refusals(sandbox: &Sandbox) -> usize {
    fs::read_to_string(sandbox.home().join("iam/refused")).unwrap_or_default().lines().count()
}

/// Runs rounds while `goes_on` says so. In each the session has just expired, and 50 callers and 10 foreign CLIs see
/// that at once.
fn rounds(iam: Iam, goes_on: impl Fn(usize) -> bool) -> Figures {
    let sandbox = super::expired_session();
    let world = World::new(&sandbox);
    let sandbox = sandbox.with("STAND_IN_IAM", world.iam.to_str().unwrap()).with("STAND_IN_IAM_DELAY", "0.1");
    let (renewals, rewrites) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let mut figures = Figures::default();
    while goes_on(figures.rounds) {
        world.expire();
        let calls = sandbox.calls();
        let done = AtomicBool::new(false);
        let outcomes: Vec<_> = thread::scope(|scope| {
            for neighbor in 0..NEIGHBORS {
                let (world, sandbox, done) = (&world, &sandbox, &done);
                let (renewals, rewrites) = (&renewals, &rewrites);
                scope.spawn(move || {
                    // Our CLI has read the expired session, and asks IAM in a moment.
                    soon(|| sandbox.calls() > calls || done.load(Ordering::Relaxed));
                    thread::sleep(Duration::from_millis(30 + neighbor as u64 * 7));
                    while !done.load(Ordering::Relaxed) {
                        if neighbor % 2 == 0 {
                            world.renew(iam);
                            renewals.fetch_add(1, Ordering::Relaxed);
                        } else {
                            world.rewrite();
                            rewrites.fetch_add(1, Ordering::Relaxed);
                        }
                        thread::sleep(Duration::from_millis(20));
                    }
                });
            }
            let line = |caller: usize| if caller.is_multiple_of(5) { "--fresh -f token" } else { "-f token" };
            let runs: Vec<Run> = (0..CALLERS)
                .map(|caller| {
                    Run::start(&sandbox, &caller.to_string(), &format!("{} --timeout 60s", line(caller)))
                })
                .collect();
            let outcomes = runs.into_iter().map(Run::end).collect();
            done.store(true, Ordering::Relaxed);
            outcomes
        });
        let issued = fs::read_to_string(world.iam.join("issued")).unwrap();
        for outcome in outcomes {
            if outcome.status == Some(0) && issued.lines().any(|token| outcome.stdout.trim_end() == token) {
                figures.answers += 1;
            } else {
                figures.wrong.push(format!("{outcome:?}"));
            }
        }
        // The session is whole, and IAM accepts its refresh token.
        token_of_whole_session(&world.session);
        let accepted = fs::read_to_string(world.iam.join("refresh-token")).unwrap();
        assert_eq!(world.load()["IAMRefreshToken"], accepted.trim());
        figures.rounds += 1;
    }
    figures.refused = refusals(&sandbox);
    figures.renewals = renewals.into_inner();
    figures.rewrites = rewrites.into_inner();
    figures
}

#[test]
#[cfg_attr(windows, ignore = "there is no `flock`, and the CLI takes no lock")]
fn foreign_clis_that_renew_at_the_same_moment_cause_no_wrong_answer() {
    let figures = rounds(Iam::WaitsForTheWriter, |round| round < 4);
    assert!(figures.wrong.is_empty() && figures.answers == 4 * CALLERS, "{figures:#?}");
    assert!(figures.renewals > 4 && figures.rewrites > 4, "{figures:?}");
}

/// Run it with `cargo test --release --test it for_minutes -- --ignored --nocapture`.
#[test]
#[ignore = "it takes three minutes"]
#[expect(clippy::print_stderr, reason = "the figures are the result")]
fn foreign_clis_that_renew_for_minutes_cause_no_wrong_answer() {
    for iam in [Iam::WaitsForTheWriter, Iam::AnswersAtOnce] {
        let start = Instant::now();
        let figures = rounds(iam, |_| start.elapsed() < Duration::from_secs(90));
        eprintln!("{figures:?}");
        assert!(figures.wrong.is_empty(), "{figures:#?}");
    }
}
