//! The program replaces our process: it has its own signals, terminal, descriptors and arguments.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::{exec, run};
use crate::login::terminal::{CTRL_C, Terminal};
use crate::sandbox::processes::{ids_with, stat_fields};
use crate::sandbox::{Outcome, PROGRAM, Sandbox, eventually, has, jwt, renewable, spawn};

/// A session whose token is good, and one for which the CLI has to be run.
fn sandboxes() -> [Sandbox; 2] {
    [Sandbox::with_token(&jwt(-10, 3600)), Sandbox::with_token(&renewable(-7200, -3600))]
}

#[test]
fn exit_status_is_that_of_the_program() {
    for sandbox in sandboxes() {
        for status in [0, 1, 2, 4, 7, 125, 126, 127, 128, 255] {
            let outcome = run(&sandbox, &["sh", "-c", &format!("exit {status}")]);
            assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(status), ""));
        }
        for signal in [1, 2, 9, 13, 15] {
            let status = exec(&sandbox, &["sh", "-c", &format!("kill -{signal} $$")]).status().unwrap();
            assert_eq!(status.signal(), Some(signal));
        }
    }
}

/// Starts a script, and waits until it has written `ready`.
fn start(command: &mut Command) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = spawn(command.stdin(Stdio::piped()));
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    (child, output)
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

fn state(child: &Child) -> char {
    stat_fields(child.id())[0].parse().unwrap()
}

#[test]
fn signals_reach_the_program_that_replaced_ours() {
    for sandbox in sandboxes() {
        let script =
            "trap 'echo term; exit 5' TERM; trap 'echo usr1' USR1; echo ready; while :; do sleep 0.01; done";
        let mut command = exec(&sandbox, &["sh", "-c", script]);
        // SIGTSTP does not stop a member of an orphaned process group, which that of the test runner may be.
        let (mut child, mut output) = start(command.process_group(0));
        send(&child, Signal::USR1);
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "usr1\n");
        // Job control: a stopped program, and one that goes on.
        send(&child, Signal::TSTP);
        eventually("it stops", || state(&child) == 'T');
        send(&child, Signal::CONT);
        eventually("it goes on", || state(&child) != 'T');
        send(&child, Signal::TERM);
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        assert_eq!((rest.as_str(), child.wait().unwrap().code()), ("term\n", Some(5)));
    }
}

/// No signal is lost at any moment before or after the program replaces ours.
#[test]
fn signal_at_any_moment_ends_it() {
    let sandbox = Sandbox::with_session();
    for round in 0..40 {
        sandbox.write_session(&renewable(-7200, -3600));
        let mut child = spawn(&mut exec(&sandbox, &["sleep", "1000"]));
        std::thread::sleep(std::time::Duration::from_millis(round));
        send(&child, Signal::TERM);
        eventually("it ends", || state(&child) == 'Z');
        assert_eq!(child.wait().unwrap().signal(), Some(15));
    }
}

/// The signals of a process and everything else that a program inherits, as the kernel reports them.
const FACTS: &str = r"
grep -E '^(SigBlk|SigIgn|SigCgt|Umask|NoNewPrivs)' /proc/self/status
ulimit -a
ls /proc/self/fd
pwd
cut -d' ' -f4-8 /proc/$$/stat
nice
";

#[test]
fn program_inherits_the_original_process_state() {
    for sandbox in sandboxes() {
        let session = fs::read(sandbox.session_file()).unwrap();
        // The caller's own limits, umask and descriptors, and signals ignored as under `nohup` or in a background job.
        for setup in [
            ":",
            "trap '' HUP TERM INT QUIT USR1",
            "umask 027; ulimit -c 0; ulimit -n 100",
            "exec 7</dev/null 9>/dev/null",
            "cd /usr",
        ] {
            fs::write(sandbox.session_file(), &session).unwrap();
            sandbox.write("facts", FACTS);
            // One shell, because other tests may open a descriptor that it inherits.
            let line = format!("{setup}; ibmcloud-token exec sh ~/facts >~/with; env sh ~/facts >~/without");
            let outcome = sandbox.shell("bash", &line);
            assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
            let [with, without] =
                ["with", "without"].map(|file| fs::read_to_string(sandbox.home().join(file)).unwrap());
            assert_eq!(with, without, "{setup}");
        }
    }
}

#[test]
fn blocked_signals_stay_blocked() {
    if !has("perl") {
        return;
    }
    let block =
        "use POSIX; sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGUSR1, SIGTERM)) or die; exec @ARGV or die";
    for sandbox in sandboxes() {
        let run = |program: &[&str]| -> String {
            let mut command = sandbox.command("perl");
            command.args(["-e", block]).args(program).args(["grep", "SigBlk", "/proc/self/status"]);
            let outcome: Outcome = command.output().unwrap().into();
            outcome.payload().to_owned()
        };
        assert_eq!(run(&[PROGRAM, "exec"]), run(&["env"]));
    }
}

#[test]
fn terminal_belongs_to_the_program() {
    for sandbox in sandboxes() {
        let script = "trap 'echo interrupted; exit 9' INT; test -t 0 && test -t 1 && test -t 2 && echo terminal; read line; echo \"got $line\"; read line";
        let mut terminal = Terminal::start(&sandbox, PROGRAM, &["exec", "sh", "-c", script]);
        terminal.wait_for("terminal");
        terminal.press("hello\n");
        terminal.wait_for("got hello");
        terminal.press(CTRL_C);
        terminal.wait_for("interrupted");
        assert_eq!(terminal.end().code(), Some(9));
    }
}

#[test]
fn closed_streams_do_not_matter() {
    for sandbox in sandboxes() {
        for closed in ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"] {
            let outcome = sandbox.shell("sh", &format!("ibmcloud-token exec sh -c 'exit 3' {closed}"));
            assert_eq!(outcome.status, Some(3), "{closed}");
        }
        // What the program opens first must not become its standard output, where others would write into it.
        let outcome =
            sandbox.shell("sh", "ibmcloud-token exec sh -c 'exec 5>file; echo lost; echo kept >&5' 1>&-");
        assert_eq!(outcome.status, Some(0));
        assert_eq!(fs::read_to_string(sandbox.home().join("file")).unwrap(), "kept\n");
    }
}

#[test]
fn arguments_arrive_unchanged() {
    let (sandbox, _) = Sandbox::logged_in();
    let script = "printf '<%s>' \"$@\"";
    for arguments in
        [vec!["", " ", "a b", "--env", "-v", "--", "$HOME", "'", "\"", "\\", "*", "é", "a\nb"], vec![]]
    {
        let all: Vec<&str> =
            ["sh", "-c", script, "name"].into_iter().chain(arguments.iter().copied()).collect();
        let outcome = run(&sandbox, &all);
        let expected = format!("<{}>", arguments.join("><"));
        // `printf` without an argument writes its format once.
        assert_eq!(outcome.stdout, expected);
    }
}

#[test]
fn many_arguments_arrive() {
    let (sandbox, _) = Sandbox::logged_in();
    let large = "x".repeat(1024);
    let arguments: Vec<&str> = ["sh", "-c", "echo $#; printf %s \"$*\" | wc -c", "sh"]
        .into_iter()
        .chain([large.as_str(); 128])
        .collect();
    let outcome = run(&sandbox, &arguments);
    assert_eq!(outcome.payload(), format!("128\n{}", 128 * 1024 + 127));
    // The longest argument that Linux accepts.
    let largest = "x".repeat(128 * 1024 - 1);
    let outcome = run(&sandbox, &["sh", "-c", "printf %s \"$1\" | wc -c", "sh", &largest]);
    assert_eq!(outcome.payload(), "131071");
}

#[test]
fn arguments_that_are_not_unicode_arrive() {
    use std::os::unix::ffi::OsStrExt as _;
    let (sandbox, _) = Sandbox::logged_in();
    let mut command = exec(&sandbox, &["sh", "-c", "printf %s \"$1\" | od -An -tx1", "sh"]);
    let outcome: Outcome = command.arg(std::ffi::OsStr::from_bytes(b"a\xff")).output().unwrap().into();
    assert_eq!(outcome.payload().trim(), "61 ff");
}

#[test]
fn no_token_in_any_argument_meanwhile() {
    // Other tests must not have the same token at the same moment.
    let token = jwt(-11, 3601);
    let sandbox = Sandbox::with_token(&token);
    let arguments = ["--for", "sdk:x", "--env", "A=%{bearer}", "sh", "-c", "echo ready; read line"];
    let (mut child, _output) = start(&mut exec(&sandbox, &arguments));
    assert_eq!(ids_with("cmdline", &token), Vec::<u32>::new());
    assert_eq!(ids_with("environ", &token), [child.id()]);
    drop(child.stdin.take());
    child.wait().unwrap();
}

#[test]
fn timeout_ends_when_the_program_starts() {
    let (sandbox, _) = Sandbox::logged_in();
    let outcome = run(&sandbox, &["--timeout", "1s", "sh", "-c", "sleep 1.2; echo done"]);
    assert_eq!(outcome.payload(), "done");
}

#[test]
fn input_is_left_to_the_program() {
    for sandbox in sandboxes() {
        assert_eq!(sandbox.run_with_input("exec cat", b"input\n").payload(), "input");
    }
}

/// A pipeline ends when its reader closes the pipe, as with any other program.
#[test]
fn closed_pipe_ends_the_program() {
    if !has("bash") {
        return;
    }
    let (sandbox, _) = Sandbox::logged_in();
    let outcome = sandbox.shell("bash", "ibmcloud-token exec yes | head -n 1; echo \"${PIPESTATUS[0]}\"");
    assert_eq!((outcome.payload(), outcome.stderr.as_str()), ("y\n141", ""));
}
