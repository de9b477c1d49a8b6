//! A session file that another program is writing.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::thread;
use std::time::{Duration, Instant};

use crate::sandbox::{Outcome, Sandbox, jwt, session_with, spawn, trace_of_writing};

#[test]
fn torn_file_that_becomes_whole_answers_without_the_cli() {
    for torn_length in [0, 1, 1000] {
        let token = jwt(-60, 3540);
        let whole = session_with(&token);
        let sandbox = Sandbox::with_session();
        let path = sandbox.write(".bluemix/config.json", &whole[..torn_length]);
        let child = spawn(&mut sandbox.program(["--format", "token"]));
        thread::sleep(Duration::from_millis(300));
        let mut file = File::options().write(true).open(&path).unwrap();
        file.seek(std::io::SeekFrom::Start(torn_length as u64)).unwrap();
        file.write_all(&whole.as_bytes()[torn_length..]).unwrap();
        let outcome = Outcome::from(child.wait_with_output().unwrap());
        assert_eq!((outcome.payload(), sandbox.calls()), (token.as_str(), 0), "{torn_length} bytes");
    }
}

#[test]
fn cli_is_not_started_on_a_torn_file() {
    let whole = session_with(&jwt(-60, 3540));
    for torn in ["", " ", "{", "{}x", "\0\0\0\0", &whole[..1000], &whole[..whole.len() - 1]] {
        for line in ["--timeout 200ms", "--fresh --timeout 200ms", "status --timeout 200ms"] {
            let sandbox = Sandbox::with_session();
            let path = sandbox.write(".bluemix/config.json", torn);
            let before = trace_of_writing(&path);
            let outcome = sandbox.run(line);
            outcome.fails_with(4);
            assert!(outcome.stderr.contains("empty, cut off or not JSON"), "{torn:?}: {}", outcome.stderr);
            assert_eq!((sandbox.calls(), trace_of_writing(&path)), (0, before), "{line} {torn:?}");
        }
    }
}

#[test]
fn wait_for_a_torn_file_is_bounded() {
    let sandbox = Sandbox::with_session();
    sandbox.write(".bluemix/config.json", "");
    let start = Instant::now();
    sandbox.run("").fails_with(4);
    let waited = start.elapsed();
    assert!((Duration::from_millis(500)..Duration::from_secs(10)).contains(&waited), "{waited:?}");
    assert_eq!(sandbox.calls(), 0);
}
