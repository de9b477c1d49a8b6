//! The exit status and the message if the program is not started.

use super::{exec, run};
use crate::sandbox::{Outcome, Sandbox, TRUE, jwt, renewable, set_mode};

#[test]
fn own_failures_exit_with_125() {
    let (sandbox, _) = Sandbox::logged_in();
    for line in [
        "exec",
        "exec --",
        "exec --nope true",
        "exec --env 1 true",
        "exec --name T true",
        "exec --env A=%{nope} true",
        "exec --for nope true",
        "exec --for sdk: true",
        "exec --min-ttl soon true",
        "exec --timeout 0 true",
        "exec -f json true",
        "exec -o file true",
        "exec --min-ttl 2h true",
        "exec --session a/b true",
    ] {
        sandbox.run(&line.replace("true", TRUE)).fails_with(125);
    }
    // A value in the environment is checked before the command starts.
    sandbox.with("IBMCLOUD_TOKEN_TIMEOUT", "soon").run(&format!("exec {TRUE}")).fails_with(125);
    let outcome = Sandbox::with_session().run(&format!("exec {TRUE}"));
    assert!(outcome.fails_with(125).hint().contains("`ibmcloud-token login`"), "{outcome:?}");
    Sandbox::logged_in().0.run(&format!("exec --fresh --ibmcloud /nowhere/ibmcloud {TRUE}")).fails_with(125);
    Sandbox::with_token(&jwt(-7200, -3600))
        .with("STAND_IN_REFRESH", "network")
        .run(&format!("exec {TRUE}"))
        .fails_with(125);
    // Another command keeps its own statuses.
    Sandbox::with_session().run("get").fails_with(4);
}

#[test]
fn program_that_is_not_found_is_127() {
    let (sandbox, _) = Sandbox::logged_in();
    for (program, error) in [
        ("no-such-program", "`no-such-program` is not in PATH"),
        ("./no-such-program", "there is no program `./no-such-program`"),
        ("/no/such/program", "there is no program `/no/such/program`"),
    ] {
        let outcome = sandbox.run(&format!("exec {program}"));
        assert_eq!(outcome.fails_with(127).error(), error);
    }
    run(&sandbox, &[""]).fails_with(127);
}

#[test]
#[cfg_attr(windows, ignore = "no modes of files")]
fn program_that_cannot_be_executed_is_126() {
    let (sandbox, _) = Sandbox::logged_in();
    sandbox.write("text", "echo a shell ran this\n");
    sandbox.write("no-shebang", "echo a shell ran this\n");
    sandbox.write("no-interpreter", "#!/no/such/interpreter\n");
    sandbox.write("garbage", b"\x7fELF\x02\x01\x01\0echo a shell ran this\n");
    sandbox.write("directory/file", "");
    let set_mode = |name: &str, mode| {
        set_mode(sandbox.home().join(name), mode);
    };
    set_mode("text", 0o644);
    for name in ["no-shebang", "no-interpreter", "garbage"] {
        set_mode(name, 0o755);
    }
    let home = sandbox.home().display().to_string();
    for name in ["text", "directory", "no-shebang", "no-interpreter", "garbage"] {
        let outcome = sandbox.run(&format!("exec ./{name} argument"));
        let error = outcome.fails_with(126).error().to_owned();
        assert!(error.starts_with(&format!("cannot execute `./{name}`: ")), "{error}");
    }
    // The same holds in PATH, where such a file does not hide another one.
    set_mode("text", 0o000);
    let in_path = |path: &str, program: &str| -> Outcome {
        exec(&sandbox, &[program]).env("PATH", path).output().unwrap().into()
    };
    in_path(&home, "text").fails_with(126);
    sandbox.write("first/printenv", "");
    assert_eq!(in_path(&format!("{home}/first:/usr/bin:/bin"), "printenv").status, Some(0));
}

/// The kernel reads a program that its user may only execute, but the interpreter of a script cannot.
// Not on Windows: it needs modes of files.
#[cfg(target_os = "linux")]
#[test]
fn unreadable_program_runs_and_unreadable_script_fails_in_its_interpreter() {
    use crate::sandbox::{PROGRAM, has, is_root};

    // Root may read everything, except without these capabilities.
    const WITHOUT_PRIVILEGE: [&str; 2] = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"];
    let is_root = is_root();
    if is_root && !has("setpriv") {
        return;
    }
    let (sandbox, _) = Sandbox::logged_in();
    let program = which::which_in("true", Some("/usr/bin:/bin"), "/").unwrap();
    std::fs::copy(program, sandbox.home().join("program")).unwrap();
    sandbox.write("script", "#!/bin/sh\necho it was read\n");
    for name in ["program", "script"] {
        set_mode(sandbox.home().join(name), 0o111);
    }
    let run = |words: &[&str]| -> Outcome {
        let mut words: Vec<&str> = words.to_vec();
        if is_root {
            words.splice(0..0, WITHOUT_PRIVILEGE);
        }
        sandbox.command(words[0]).args(&words[1..]).output().unwrap().into()
    };
    let outcome = run(&[PROGRAM, "exec", "./program"]);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
    let (outcome, direct) = (run(&[PROGRAM, "exec", "./script"]), run(&["./script"]));
    assert_ne!(direct.status, Some(0), "the script was read: {direct:?}");
    assert_eq!((outcome.status, outcome.stderr), (direct.status, direct.stderr));
}

#[test]
#[cfg_attr(windows, ignore = "no modes of files")]
fn path_is_followed_as_a_shell_follows_it() {
    let (sandbox, _) = Sandbox::logged_in();
    let tool = sandbox.write("tools/tool", "#!/bin/sh\necho \"$0\"\n");
    set_mode(&tool, 0o755);
    for (path, name, shown) in [
        ("tools", "tool", "./tools/tool"),
        (tool.parent().unwrap().to_str().unwrap(), "tool", tool.to_str().unwrap()),
        ("/nowhere", "tools/tool", "tools/tool"),
    ] {
        let outcome: Outcome = exec(&sandbox, &[name]).env("PATH", path).output().unwrap().into();
        assert_eq!(outcome.payload(), shown, "{path}");
    }
}

#[test]
fn program_is_looked_up_before_a_token_is_fetched() {
    let sandbox = Sandbox::with_token(&renewable(-7200, -3600));
    sandbox.run("exec no-such-program").fails_with(127);
    sandbox.run("exec .").fails_with(126);
    assert_eq!(sandbox.calls(), 0);
    assert_eq!(sandbox.run(&format!("exec {TRUE}")).status, Some(0));
    assert_eq!(sandbox.calls(), 1);
}

/// With a stack of 512 KiB, Linux accepts 128 KiB of arguments and variables.
// Not on Windows: it needs `ulimit`.
#[cfg(target_os = "linux")]
#[test]
fn too_large_environment_is_126() {
    let (sandbox, _) = Sandbox::logged_in();
    let variables: Vec<String> = (0..200).map(|number| format!("--env A{number}")).collect();
    let line = format!("ulimit -s 512; ibmcloud-token exec {} /bin/true", variables.join(" "));
    let outcome = sandbox.shell("sh", &line);
    assert!(outcome.fails_with(126).error().contains("Argument list too long"), "{outcome:?}");
}
