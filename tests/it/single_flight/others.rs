//! Other users: their links, their folders, and their locks on what they can open.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use super::{Run, expired_session};
use crate::sandbox::{Sandbox, has, names, timed};

const DATA: &str = ".local/share/ibmcloud-token";

/// The user and group ID of another user.
const OTHER: u32 = 12345;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A sandbox whose lock file exists, and its path.
fn sandbox_with_lock_file() -> (Sandbox, PathBuf) {
    let sandbox = expired_session();
    assert!(sandbox.run("").payload().starts_with("Bearer eyJ"));
    let locks = sandbox.home().join(DATA).join("locks");
    let [name] = names(&locks).try_into().unwrap();
    (sandbox, locks.join(name as String))
}

/// Runs the CLI, which takes the lock, and checks that the file was not used for it.
#[track_caller]
fn continues_without_the_lock_file(sandbox: &Sandbox, lock: &Path) {
    let outcome = sandbox.run("-v --fresh");
    assert!(outcome.payload().starts_with("Bearer eyJ"), "{outcome:?}");
    let held = format!("holding the lock `{}`", lock.display());
    assert!(!outcome.stderr.contains(&held), "{outcome:?}");
}

#[test]
fn lock_file_is_not_opened_through_a_link() {
    let (sandbox, lock) = sandbox_with_lock_file();
    let theirs = sandbox.write("theirs", "theirs");
    let before = fs::metadata(&theirs).unwrap();
    for target in [theirs.as_path(), Path::new("/dev/null"), &sandbox.home().join("created")] {
        fs::remove_file(&lock).unwrap();
        symlink(target, &lock).unwrap();
        continues_without_the_lock_file(&sandbox, &lock);
    }
    fs::remove_file(&lock).unwrap();
    fs::hard_link(&theirs, &lock).unwrap();
    continues_without_the_lock_file(&sandbox, &lock);
    assert_eq!(fs::read_to_string(&theirs).unwrap(), "theirs");
    assert_eq!(fs::metadata(&theirs).unwrap().mtime_nsec(), before.mtime_nsec());
    assert!(!sandbox.home().join("created").exists());
    // Without the link, the lock file is used again.
    fs::remove_file(&lock).unwrap();
    assert!(sandbox.run("-v --fresh").stderr.contains(&format!("holding the lock `{}`", lock.display())));
}

#[test]
fn folder_that_others_can_change_is_not_used_for_the_lock() {
    let (sandbox, lock) = sandbox_with_lock_file();
    let locks = lock.parent().unwrap();
    for mode in [0o777, 0o1777, 0o770] {
        set_mode(locks, mode);
        continues_without_the_lock_file(&sandbox, &lock);
    }
    set_mode(locks, 0o700);
    let elsewhere = sandbox.home().join("elsewhere");
    fs::rename(locks, &elsewhere).unwrap();
    symlink(&elsewhere, locks).unwrap();
    continues_without_the_lock_file(&sandbox, &lock);
}

#[test]
fn root_writes_nothing_in_the_home_of_another_user() {
    if !geteuid().is_root() {
        return;
    }
    let (sandbox, lock) = sandbox_with_lock_file();
    let victim = sandbox.write("victim", "root's");
    let locks = lock.parent().unwrap();
    // The user prepares every name that root would use.
    let setups: [&dyn Fn(); 4] = [
        &|| chown(&lock, Some(OTHER), Some(OTHER)).unwrap(),
        &|| {
            fs::remove_file(&lock).unwrap();
            symlink(&victim, &lock).unwrap();
        },
        &|| chown(locks, Some(OTHER), Some(OTHER)).unwrap(),
        &|| {
            fs::remove_file(&lock).unwrap();
            fs::hard_link(&victim, &lock).unwrap();
        },
    ];
    for set_up in setups {
        set_up();
        continues_without_the_lock_file(&sandbox, &lock);
        assert_eq!(fs::read_to_string(&victim).unwrap(), "root's");
    }
}

#[test]
fn lock_that_another_user_can_hold_does_not_stop_the_program() {
    let sandbox = expired_session();
    let directory = sandbox.home().join(".bluemix");
    for (mode, timeout) in [(0o755, "8s"), (0o750, "2s")] {
        set_mode(&directory, mode);
        let held = File::open(&directory).unwrap();
        held.lock().unwrap();
        let outcome = sandbox.run(&format!("--fresh --timeout {timeout}"));
        assert!(outcome.payload().starts_with("Bearer eyJ"), "{outcome:?}");
    }
    // Only we can open this one, so the holder is a run of ours.
    set_mode(&directory, 0o700);
    let held = File::open(&directory).unwrap();
    held.lock().unwrap();
    let (outcome, took) = timed(|| sandbox.run("--fresh --timeout 1s"));
    outcome.fails_with(7);
    assert!(took.as_secs() < 20);
}

#[test]
fn processes_still_share_one_run_if_others_can_open_the_directory() {
    let sandbox = expired_session().with("STAND_IN_DELAY", "0.5");
    set_mode(&sandbox.home().join(".bluemix"), 0o755);
    let runs: Vec<Run> = (0..10).map(|number| Run::start(&sandbox, &number.to_string(), "")).collect();
    for run in runs {
        assert!(run.end().payload().starts_with("Bearer eyJ"));
    }
    assert_eq!(sandbox.calls(), 1);
}

#[test]
fn home_of_a_named_session_that_others_can_change_is_refused() {
    let (sandbox, _) = Sandbox::logged_in();
    let data = sandbox.home().join(DATA);
    let home = data.join("sessions/prod");
    fs::create_dir_all(home.join(".bluemix")).unwrap();
    fs::copy(sandbox.session_file(), home.join(".bluemix/config.json")).unwrap();
    let directories = [home.as_path(), home.parent().unwrap(), &data];
    for directory in directories {
        set_mode(directory, 0o700);
    }
    assert!(sandbox.run("--session prod").payload().starts_with("Bearer eyJ"));
    for directory in directories {
        for mode in [0o777, 0o770, 0o702] {
            set_mode(directory, mode);
            for (line, status) in [
                ("get", 1),
                ("get --fresh", 1),
                ("login", 1),
                ("logout", 1),
                ("inspect", 1),
                ("status", 1),
                ("exec true", 125),
                ("curl https://iam.cloud.ibm.com", 125),
            ] {
                if line.starts_with("curl") && !has("curl") {
                    continue;
                }
                let outcome = sandbox.run(&format!("--session prod {line}"));
                outcome.fails_with(status);
                assert_eq!(
                    outcome.hint(),
                    format!("fix it with `chmod go-w {}`", directory.display()),
                    "{line}"
                );
            }
            let all = sandbox.run("status --all");
            let unsafe_home =
                format!("the directory `{}` is not safe: others may write to it", directory.display());
            assert!(all.payload().ends_with(&format!("prod            {unsafe_home}")), "{all:?}");
            assert!(sandbox.run("status --all -f json").json()[1]["status"].is_null());
        }
        set_mode(directory, 0o755);
        assert!(sandbox.run("--session prod").payload().starts_with("Bearer eyJ"));
        if geteuid().is_root() {
            chown(directory, Some(OTHER), Some(OTHER)).unwrap();
            let outcome = sandbox.run("--session prod");
            assert!(outcome.fails_with(1).error().contains("another user"), "{outcome:?}");
            chown(directory, Some(0), Some(0)).unwrap();
        }
    }
    // A new one is created for the user alone.
    sandbox.run("--session new").fails_with(4);
    assert_eq!(fs::metadata(data.join("sessions/new")).unwrap().mode() & 0o777, 0o700);
}
