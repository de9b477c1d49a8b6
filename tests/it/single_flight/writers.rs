//! Other programs write the session file meanwhile.

use std::fs::{self, File};
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::{crowd, expired_session, token_of_whole_session};
use crate::sandbox::jwt;

/// Rewrites the session file in place, in two halves, again and again until `work` is done.
///
/// With `locked`, each rewrite holds the lock that the SDK takes; the program reads without it. Before each rewrite the
/// session must still be whole: a CLI that had read a torn file would have left a blank one.
fn during_rewrites<T>(path: &Path, content: &str, locked: bool, work: impl FnOnce() -> T) -> (T, usize) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut file = File::options().read(true).write(true).open(path).unwrap();
            let (first, second) = content.as_bytes().split_at(content.len() / 2);
            let mut times = 0;
            while !done.load(Ordering::Relaxed) {
                if locked {
                    file.lock().unwrap();
                }
                token_of_whole_session(path);
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
        (result, writer.join().expect("the session was whole before every rewrite"))
    })
}

#[test]
#[cfg_attr(windows, ignore = "there is no `flock`, and the CLI takes no lock")]
fn concurrent_rewrites_of_the_session_file_log_nobody_out() {
    let sandbox = expired_session();
    let path = sandbox.session_file();
    let expired = fs::read_to_string(&path).unwrap();
    let (outcomes, times) =
        during_rewrites(&path, &expired, true, || crowd(&sandbox, 100, "--timeout 60s --min-ttl 50m"));
    for outcome in &outcomes {
        assert!(outcome.payload().starts_with("Bearer eyJ"), "{outcome:?}");
    }
    assert!((1..=100).contains(&sandbox.calls()) && times > 5, "{} runs, {times} times", sandbox.calls());

    let good = jwt(-60, 3540);
    sandbox.write_session(&good);
    let before = sandbox.calls();
    let content = fs::read_to_string(&path).unwrap();
    let (outcomes, times) =
        during_rewrites(&path, &content, false, || crowd(&sandbox, 1000, "--timeout 60s"));
    for outcome in &outcomes {
        assert_eq!(outcome.payload(), format!("Bearer {good}"));
    }
    assert_eq!(sandbox.calls(), before);
    assert!(times > 5, "{times} times");
}
