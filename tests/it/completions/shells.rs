//! Real shells complete command lines. bash and zsh do it at a terminal, where a key inserts every completion; fish has
//! a command for it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};

use super::{commands, options};
use crate::sandbox::{PROGRAM, Pty, Sandbox, has, run_with_input, soon};

/// The start-up file of bash. Ctrl-T inserts every completion, Ctrl-B writes the line to a file and empties it, and
/// Ctrl-N ends the shell.
const BASHRC: &str = r#"
source <(ibmcloud-token completions bash)
bind '"\C-t": insert-completions'
dump() { printf '%s\n' "$READLINE_LINE" >>"$HOME/lines"; READLINE_LINE=; READLINE_POINT=0; }
bind -x '"\C-b": dump'
bind -x '"\C-n": exit'
"#;

/// The same for zsh.
const ZSHRC: &str = r#"
autoload -Uz compinit && compinit -u -D
source <(ibmcloud-token completions zsh)
all() { compstate[insert]=all; compstate[list]= }
complete-all() { comppostfuncs=(all); zle complete-word }
dump() { print -r -- "$BUFFER" >>"$HOME/lines"; BUFFER= }
leave() { exit }
zle -N complete-all; zle -N dump; zle -N leave
bindkey '^T' complete-all '^B' dump '^N' leave
"#;

/// Lines up to the cursor, and what may stand there. A line that ends in a space has an empty word at the cursor.
const LINES: [(&str, &[&str]); 28] = [
    ("files/ibmcloud-token st", &["status"]),
    ("ibmcloud-token st", &["status"]),
    ("ibmcloud-token --ses", &["--session"]),
    ("ibmcloud-token -q st", &["status"]),
    ("ibmcloud-token --timeout 5s st", &["status"]),
    ("ibmcloud-token --session ", &["prod", "stage"]),
    ("ibmcloud-token --session prod get --sh", &["--shell"]),
    ("ibmcloud-token --session=pr", &["--session=prod"]),
    ("ibmcloud-token -f ", &["bearer", "curl", "dotenv", "env", "github", "header", "json", "token"]),
    ("ibmcloud-token -qf j", &["json"]),
    ("ibmcloud-token get --format=j", &["--format=json"]),
    ("ibmcloud-token get --shell ", &["cmd", "fish", "powershell", "sh"]),
    ("ibmcloud-token get -o k", &["key.json"]),
    ("ibmcloud-token get -o ", &["files/", "key.json"]),
    ("ibmcloud-token get --output=k", &["--output=key.json"]),
    ("ibmcloud-token status -f ", &["json"]),
    ("ibmcloud-token inspect ", &["-"]),
    ("ibmcloud-token login --apikey ", &["-", "@files/", "@key.json"]),
    ("ibmcloud-token login --apikey @", &["@files/", "@key.json"]),
    ("ibmcloud-token login --apikey @k", &["@key.json"]),
    ("ibmcloud-token login --apikey=@k", &["--apikey=@key.json"]),
    ("ibmcloud-token exec --for ", &["sdk:", "terraform", "watsonx"]),
    ("ibmcloud-token exec --for=s", &["--for=sdk:"]),
    ("ibmcloud-token exec -- printen", &["printenv"]),
    ("ibmcloud-token exec --env A cat k", &["key.json"]),
    ("ibmcloud-token configure ", &["docker"]),
    ("ibmcloud-token completions ", &["bash", "fish", "powershell", "zsh"]),
    ("ibmcloud-token man conf", &["configure"]),
];

/// A home with two sessions, a file, and a directory with a trap.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new().with("TERM", "dumb");
    for session in ["prod", "stage"] {
        fs::create_dir_all(sandbox.named_home(session)).unwrap();
    }
    sandbox.write("work/key.json", "{}");
    // What the script runs, with its arguments.
    let program = format!("#!/bin/sh\necho \"$*\" >>\"$HOME/arguments\"\nexec {PROGRAM} \"$@\"\n");
    let program = sandbox.write("bin/ibmcloud-token", program);
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", sandbox.home().join("bin").display());
    let sandbox = sandbox.with("PATH", path);
    // A program at a path that is being typed must not run.
    let trap = sandbox.write("work/files/ibmcloud-token", "#!/bin/sh\n: >\"$HOME/trapped\"\n");
    fs::set_permissions(trap, fs::Permissions::from_mode(0o755)).unwrap();
    sandbox
}

/// The words that a shell offers at the end of each line.
fn completions(shell: &str, lines: &[String]) -> Vec<Vec<String>> {
    let sandbox = sandbox();
    let completed =
        if shell == "fish" { with_fish(&sandbox, lines) } else { with_keys(shell, &sandbox, lines) };
    assert_eq!(completed.len(), lines.len(), "{shell}: {completed:?}");
    assert!(!sandbox.home().join("trapped").exists(), "{shell}");
    // Everybody can read the arguments of a process, and a command line may hold a secret.
    let arguments = fs::read_to_string(sandbox.home().join("arguments")).unwrap();
    let script = format!("completions {shell}");
    assert!(arguments.lines().all(|line| line == "completions --words" || line == script), "{arguments}");
    completed
}

fn with_fish(sandbox: &Sandbox, lines: &[String]) -> Vec<Vec<String>> {
    let script = "ibmcloud-token completions fish | source\nwhile read -l line\ncomplete -C $line\necho\nend";
    let mut fish = sandbox.command("fish");
    fish.args(["-c", script]).current_dir(sandbox.home().join("work"));
    let input = lines.join("\n") + "\n";
    let outcome = run_with_input(&mut fish, input.as_bytes());
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
    let answers = outcome.stdout.split_terminator("\n\n").map(|answer| answer.trim_start_matches('\n'));
    answers
        .map(|answer| answer.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect())
        .collect()
}

/// Types the lines at a terminal, with the keys of [`BASHRC`] and [`ZSHRC`] after each.
fn with_keys(shell: &str, sandbox: &Sandbox, lines: &[String]) -> Vec<Vec<String>> {
    let rc = sandbox.write("bashrc", BASHRC);
    sandbox.write(".zshrc", ZSHRC);
    let mut pty = Pty::open();
    let stream = || std::process::Stdio::from(pty.stream());
    let mut command = sandbox.command("setsid");
    command.args(["--ctty", "--wait", shell]);
    if shell == "bash" {
        command.arg("--noprofile").arg("--rcfile").arg(rc);
    }
    command.arg("-i").current_dir(sandbox.home().join("work"));
    let mut child = command.stdin(stream()).stdout(stream()).stderr(stream()).spawn().unwrap();
    // The screen is read until the shell ends, or it would block.
    let screen = Arc::new(Mutex::new(Vec::new()));
    let (mut shown, seen) = (pty.controller.try_clone().unwrap(), Arc::clone(&screen));
    std::thread::spawn(move || {
        let mut chunk = [0; 4096];
        while let Ok(length @ 1..) = shown.read(&mut chunk) {
            seen.lock().unwrap().extend_from_slice(&chunk[..length]);
        }
    });
    for line in lines {
        // A terminal has little room for what is typed ahead.
        let written = || fs::read_to_string(sandbox.home().join("lines")).unwrap_or_default().lines().count();
        let before = written();
        pty.controller.write_all(format!("{line}\x14\x02").as_bytes()).unwrap();
        let is_done = soon(|| written() > before);
        assert!(is_done, "{shell}: {line}: {}", String::from_utf8_lossy(&screen.lock().unwrap()));
    }
    pty.controller.write_all(b"\x0e").unwrap();
    child.wait().unwrap();
    let completed = fs::read_to_string(sandbox.home().join("lines")).unwrap_or_default();
    let completed = completed.lines().zip(lines).map(|(completed, line)| {
        let start = line.rfind(' ').unwrap() + 1;
        completed[start..].split_whitespace().map(str::to_owned).collect()
    });
    completed.collect()
}

/// The order, and the slash after a directory, are up to the shell.
fn sorted(words: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut words: Vec<String> =
        words.into_iter().map(|word| word.trim_end_matches('/').to_owned()).collect();
    words.sort();
    words
}

fn completes(shell: &str) {
    if !has(shell) || !has("setsid") {
        return;
    }
    let mut lines: Vec<(String, Vec<String>)> = vec![("ibmcloud-token ".to_owned(), commands())];
    for command in commands() {
        lines.push((format!("ibmcloud-token {command} -"), options(&command).into_iter().collect()));
    }
    for (line, words) in LINES {
        lines.push((line.to_owned(), words.iter().map(|word| (*word).to_owned()).collect()));
    }
    let (lines, expected): (Vec<String>, Vec<Vec<String>>) = lines.into_iter().unzip();
    for ((line, words), expected) in lines.iter().zip(completions(shell, &lines)).zip(expected) {
        assert_eq!(sorted(words), sorted(expected), "{shell}: {line}");
    }
}

#[test]
fn bash_completes() {
    completes("bash");
}

#[test]
fn zsh_completes() {
    completes("zsh");
}

#[test]
fn fish_completes() {
    completes("fish");
}
