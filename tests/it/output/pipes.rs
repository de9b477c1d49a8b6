//! `-o` to something that is not a regular file: it is written through, and only until the deadline.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::thread;

use rustix::fs::OFlags;

use super::assert_failure;
use crate::sandbox::{Sandbox, has, is_built, make_pipe, names};

/// A sandbox with a session and a named pipe, the token, and the path of the pipe.
fn with_pipe() -> (Sandbox, String, PathBuf) {
    let (sandbox, token) = Sandbox::logged_in();
    let pipe = sandbox.home().join("pipe");
    make_pipe(&pipe);
    (sandbox, token, pipe)
}

#[test]
fn named_pipe_gets_the_token_and_stays_a_pipe() {
    let (sandbox, token, pipe) = with_pipe();
    symlink("pipe", sandbox.home().join("link")).unwrap();
    for target in ["pipe", "./link"] {
        let reader = thread::spawn({
            let pipe = pipe.clone();
            move || fs::read_to_string(pipe).unwrap()
        });
        let outcome = sandbox.run(&format!("-o {target}"));
        assert_eq!((outcome.status, outcome.stdout.as_str(), outcome.stderr.as_str()), (Some(0), "", ""));
        assert_eq!(reader.join().unwrap(), format!("Bearer {token}\n"));
        assert!(!fs::metadata(&pipe).unwrap().is_file());
    }
    assert!(sandbox.home().join("link").is_symlink());
}

#[test]
fn pipe_that_nobody_reads_times_out() {
    let (sandbox, _, pipe) = with_pipe();
    assert_failure(&sandbox.run("-o pipe --timeout 300ms"), 7);

    // Somebody has it open, and it is full.
    let flags = (OFlags::NONBLOCK).bits().cast_signed();
    let mut reader = File::options().read(true).custom_flags(flags).open(&pipe).unwrap();
    let filler = File::options().write(true).custom_flags(flags).open(&pipe).unwrap();
    while std::io::Write::write(&mut &filler, &[0; 4096]).is_ok() {}
    let outcome = sandbox.run("-o pipe --timeout 300ms");
    assert_failure(&outcome, 7);
    assert!(outcome.error().contains("nobody read from `pipe` within 300ms"), "{outcome:?}");
    let mut content = Vec::new();
    let _ = reader.read_to_end(&mut content);
    assert!(content.iter().all(|&byte| byte == 0));
}

#[test]
fn pipe_of_another_user_is_refused() {
    let (sandbox, _, pipe) = with_pipe();
    if !rustix::process::geteuid().is_root() {
        return;
    }
    chown(&pipe, Some(12345), None).unwrap();
    let reader = File::options().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(&pipe);
    let outcome = sandbox.run("-o pipe");
    assert_failure(&outcome, 1);
    assert!(outcome.error().contains("another user"), "{outcome:?}");
    let mut content = String::new();
    assert_eq!(reader.unwrap().read_to_string(&mut content).unwrap(), 0);
}

#[test]
fn name_of_stdout_writes_to_stdout() {
    let (sandbox, token) = Sandbox::logged_in();
    let line = format!("Bearer {token}\n");
    assert_eq!(sandbox.run("get -o -").stdout, line);
    assert!(!sandbox.home().join("-").exists());
    symlink("/dev/stdout", sandbox.home().join("link")).unwrap();
    for name in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/proc/thread-self/fd/1", "./link"] {
        if name.starts_with("/proc") && !Path::new("/proc/self").exists() {
            continue;
        }
        assert_eq!(sandbox.run(&format!("get -o {name}")).stdout, line, "{name}");
        // A file that stdout was redirected to is written where stdout stands.
        let script = format!("{{ echo before; ibmcloud-token -o {name}; echo after; }} >file");
        assert_eq!(sandbox.shell("sh", &script).status, Some(0), "{name}");
        let file = sandbox.home().join("file");
        assert_eq!(fs::read_to_string(&file).unwrap(), format!("before\n{line}after\n"), "{name}");
        let script = format!("ibmcloud-token -o {name} >>file");
        assert_eq!(sandbox.shell("sh", &script).status, Some(0), "{name}");
        assert_eq!(fs::read_to_string(&file).unwrap(), format!("before\n{line}after\n{line}"), "{name}");
    }
    assert!(sandbox.home().join("link").is_symlink());
    assert_eq!(names(sandbox.home()), [".bluemix", "file", "link", "log"]);
}

#[test]
fn any_open_descriptor_can_be_named() {
    if !has("bash") {
        return;
    }
    let (sandbox, token) = Sandbox::logged_in();
    let line = format!("Bearer {token}\n");
    let script = "{ echo before >&3; ibmcloud-token -o /dev/fd/3; echo after >&3; } 3>file";
    assert_eq!(sandbox.shell("bash", script).status, Some(0));
    assert_eq!(fs::read_to_string(sandbox.home().join("file")).unwrap(), format!("before\n{line}after\n"));
    // A process substitution is a pipe with such a name.
    let outcome = sandbox.shell("bash", "ibmcloud-token -o >(cat) | cat");
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), line.as_str()), "{outcome:?}");
    assert_failure(&sandbox.run("get -o /dev/fd/987"), 1);
    assert_failure(&sandbox.shell("sh", "ibmcloud-token -o /dev/fd/3 3</dev/null"), 1);
}

#[test]
fn closed_pipe_is_not_an_error() {
    if !has("bash") {
        return;
    }
    let (sandbox, _) = Sandbox::logged_in();
    let outcome = sandbox.shell("bash", "{ ibmcloud-token -o /dev/stdout; echo $? >&2; } | head -c 0");
    assert_eq!(outcome.stderr, "0\n", "{outcome:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn device_is_written_through_and_stays_a_device() {
    let (sandbox, _) = Sandbox::logged_in();
    let before = fs::metadata("/dev/null").unwrap();
    symlink("/dev/null", sandbox.home().join("link")).unwrap();
    for target in ["/dev/null", "./link"] {
        let outcome = sandbox.run(&format!("get -o {target}"));
        assert_eq!((outcome.status, outcome.stdout.as_str(), outcome.stderr.as_str()), (Some(0), "", ""));
    }
    let after = fs::metadata("/dev/null").unwrap();
    assert_eq!((before.ino(), before.mode()), (after.ino(), after.mode()));
    assert!(sandbox.home().join("link").is_symlink());
    assert!(sandbox.run("get -o /dev/full").fails_with(1).stderr.contains("No space left"));
    assert_eq!(names(sandbox.home()), [".bluemix", "link", "log"]);
}

#[test]
fn output_flag_of_the_cli_creates_no_file() {
    let (sandbox, _) = Sandbox::logged_in();
    for option in ["-o json", "-o JSON", "-ojson", "-o=json", "--output JSON", "--output=Json", "-o token"] {
        for command in ["", "get ", "exchange ", "parse "].into_iter().filter(is_built) {
            let outcome = sandbox.run(&format!("{command}{option}"));
            assert_failure(&outcome, 2);
            assert!(outcome.hint().contains("`-f "), "{outcome:?}");
        }
    }
    assert_eq!(names(sandbox.home()), [".bluemix", "log"]);
    assert_eq!(sandbox.run("-o ./json").status, Some(0));
    assert_eq!(names(sandbox.home()), [".bluemix", "json", "log"]);
}
