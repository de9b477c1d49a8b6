//! Faults around the file: its directory disappears, the disk is full, and SIGKILL comes at any moment.

use std::fs;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

#[cfg(feature = "net")]
use super::remaining;
use super::{Watched, command, whole_token};
use crate::sandbox::{
    MOUNT_NAMESPACE, Sandbox, can_unshare, eventually, has, jwt, mode, names, run_with_input,
};

#[test]
fn removed_file_is_written_again() {
    let (sandbox, token) = Sandbox::logged_in();
    let watched = Watched::ready(&sandbox, "");
    fs::remove_file(&watched.file).unwrap();
    eventually("the file is back", || watched.file.exists());
    assert_eq!((watched.token(), mode(&watched.file)), (token, 0o600));
    watched.stop();
}

#[test]
fn directory_that_disappears_is_a_warning_until_it_is_back() {
    let (sandbox, token) = Sandbox::logged_in();
    let watched = Watched::ready(&sandbox, "");
    let directory = watched.file.parent().unwrap().to_owned();
    fs::remove_dir_all(&directory).unwrap();
    watched.says("warning: cannot write `directory/token`", 1);
    fs::create_dir(&directory).unwrap();
    eventually("the file is back", || watched.file.exists());
    assert_eq!(watched.token(), token);
    watched.stop();
    assert_eq!(sandbox.calls(), 0);
}

#[test]
fn full_disk_leaves_the_old_token_until_there_is_room() {
    // A file system of one page needs a namespace.
    if !can_unshare(&MOUNT_NAMESPACE) || !has("dd") {
        return;
    }
    let (sandbox, before) = Sandbox::logged_in();
    let renewed = jwt(0, 3600);
    sandbox.write_session(&renewed);
    let newer = fs::read(sandbox.session_file()).unwrap();
    sandbox.write("newer", newer);
    sandbox.write_session(&before);
    fs::create_dir(sandbox.home().join("directory")).unwrap();
    let script = "mount -t tmpfs -o size=16k none directory
        ibmcloud-token watch -f token -o directory/token 2>messages & watch=$!
        await() { n=0; until \"$@\"; do n=$((n+1)); [ $n -lt 200 ] || exit 9; sleep 0.1; done; }
        await test -s directory/token
        cp directory/token before
        dd if=/dev/zero of=directory/fill bs=1k count=64 2>dd.log
        cat newer >\"$SESSION\"
        await grep -q 'warning: cannot write .directory/token.: ' messages
        cat directory/token; ls directory
        rm directory/fill
        await eval '! cmp -s directory/token before'
        cat directory/token; ls directory
        kill $watch; wait $watch";
    let mut command = sandbox.command("unshare");
    command.args(MOUNT_NAMESPACE).args(["sh", "-c", script]);
    command.env("PATH", sandbox.path_with_program()).env("SESSION", sandbox.session_file());
    let outcome = run_with_input(&mut command, b"");
    assert_eq!(outcome.payload(), format!("{before}\nfill\ntoken\n{renewed}\ntoken"), "{outcome:?}");
}

/// A suspended program sees neither the time that passes nor the end of its token.
#[cfg(feature = "net")]
#[test]
fn suspension_that_outlasts_the_token_is_followed_by_a_renewal() {
    use super::renewals::{iam, with_key};
    let service = iam(4);
    let sandbox = with_key(&service);
    let watched = Watched::ready(&sandbox, "--apikey @key");
    watched.signal(Signal::STOP);
    let expired = watched.token();
    eventually("the token expires", || remaining(&expired) < 0);
    let requests = service.requests().len();
    watched.signal(Signal::CONT);
    watched.next(&expired);
    assert!(service.requests().len() > requests);
    let outcome = watched.stop();
    assert!(!outcome.stderr.contains("error"), "{outcome:?}");
}

/// After a suspension, the network may need some time. The token has expired meanwhile.
#[cfg(feature = "net")]
#[test]
fn first_failure_after_a_suspension_does_not_end_it() {
    use super::renewals::{iam, with_key};
    let service = iam(4);
    let sandbox = with_key(&service);
    let watched = Watched::ready(&sandbox, "--apikey @key --timeout 10s");
    let key = fs::read(sandbox.home().join("key")).unwrap();
    watched.signal(Signal::STOP);
    let expired = watched.token();
    eventually("the token expires", || remaining(&expired) < 0);
    fs::remove_file(sandbox.home().join("key")).unwrap();
    watched.signal(Signal::CONT);
    watched.says("warning: cannot read the key file", 1);
    sandbox.write_private("key", key);
    watched.next(&expired);
    watched.stop();
}

/// Watches the token of a key that lives for so many seconds, and sets the program's clock to another time. The token must
/// be renewed. libfaketime shifts the clock, but not the time that the program sleeps.
#[cfg(all(target_os = "linux", not(target_env = "musl"), feature = "net"))]
fn clock_is_set(lifetime: i64, offset: &str) {
    use super::renewals::{iam, with_key};
    let library = [
        "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
        "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
    ]
    .into_iter()
    .find(|path| std::path::Path::new(path).exists());
    if !crate::sandbox::is_available(library.is_some(), "libfaketime is not installed") {
        return;
    }
    let service = iam(lifetime);
    let sandbox = with_key(&service);
    let file = sandbox.write("offset", "+0");
    let sandbox = sandbox
        .with("LD_PRELOAD", library.unwrap())
        .with("FAKETIME_TIMESTAMP_FILE", file.to_str().unwrap())
        .with("FAKETIME_NO_CACHE", "1")
        .with("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let watched = Watched::ready(&sandbox, "--apikey @key");
    let before = watched.token();
    sandbox.write("offset", offset);
    watched.next(&before);
    assert_eq!(service.requests().len(), 2);
    watched.stop();
}

/// The stand-in for IAM has the right time, so the token that it issues still counts as valid.
#[cfg(all(target_os = "linux", not(target_env = "musl"), feature = "net"))]
#[test]
fn clock_that_is_set_forward_is_noticed() {
    clock_is_set(3600, "+3000");
}

/// By the clock, the token is valid for almost another hour when it expires.
#[cfg(all(target_os = "linux", not(target_env = "musl"), feature = "net"))]
#[test]
fn clock_that_is_set_back_does_not_delay_the_renewal() {
    clock_is_set(10, "-3000");
}

/// Kills `count` programs, each at another moment of its life.
fn kills(count: u32) {
    let (sandbox, _) = Sandbox::logged_in();
    let directory = sandbox.home().join("directory");
    fs::create_dir(&directory).unwrap();
    let file = directory.join("token");
    let mut killed = 0;
    for number in 0..count {
        // A start takes about 3 ms on a machine at rest.
        let token = jwt(-i64::from(number % 1000), 3600);
        sandbox.write_session(&token);
        let mut child = crate::sandbox::spawn(&mut command(&sandbox, "token", ""));
        thread::sleep(Duration::from_micros(u64::from(number * 7919 % 9973)));
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
        if file.exists() {
            whole_token(&file);
            assert_eq!(mode(&file), 0o600);
        }
        // The one that was killed, and none before it, may have left a temporary file behind.
        assert!(names(&directory).len() <= 2, "{:?}", names(&directory));
    }
    assert_eq!(killed, count as usize);
    let watched = Watched::ready(&sandbox, "");
    eventually("what is left over is removed", || names(&directory) == ["token"]);
    watched.stop();
}

#[test]
fn kill_at_any_moment_leaves_a_whole_file_and_nothing_else() {
    kills(100);
}

/// Run it with `cargo test --release --test it a_thousand -- --ignored`.
#[test]
#[ignore = "it takes a minute"]
fn kill_at_a_thousand_moments_leaves_a_whole_file_and_nothing_else() {
    kills(1000);
}

#[test]
fn hang_up_in_the_middle_of_a_write_leaves_nothing_behind() {
    let (sandbox, _) = Sandbox::logged_in();
    for wait in [1, 2, 3, 4, 5, 6, 8, 10] {
        let watched = Watched::start(&sandbox, "");
        thread::sleep(Duration::from_millis(wait));
        watched.signal(Signal::HUP);
        let directory = watched.file.parent().unwrap().to_owned();
        watched.end();
        assert!(names(&directory).iter().all(|name| name == "token"), "{:?}", names(&directory));
    }
}
