//! The README is tested: every example in it runs, and what it says of exit codes is what the program says.

use std::fs;

use crate::sandbox::{PROGRAM, Sandbox, jwt, root};

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

/// The lines of all code blocks in a language, without their comments.
fn examples(language: &str) -> Vec<String> {
    let (mut inside, mut lines) = (false, Vec::new());
    for line in readme().lines() {
        match line.strip_prefix("```") {
            Some(info) => inside = info == language,
            None if inside => lines.push(line.split("  #").next().unwrap().trim().to_owned()),
            None => {}
        }
    }
    lines
}

/// A sandbox in which somebody is logged in, and the tools of the examples show what they are handed.
fn sandbox(token: &str) -> Sandbox {
    let sandbox = Sandbox::with_session();
    sandbox.write_session(token);
    sandbox.write("key.json", r#"{"name":"demo","apikey":"demo-key"}"#);
    let folders = [
        root().join("tests/programs/readme"),
        root().join("tests/stand-in"),
        PROGRAM.replace("/ibmcloud-token", "").into(),
    ];
    let path = folders.map(|folder| folder.display().to_string()).join(":");
    sandbox.with("PATH", format!("{path}:/usr/local/bin:/usr/bin:/bin")).with("URL", "https://example.org")
}

fn run(sandbox: &Sandbox, line: &str) -> crate::sandbox::Outcome {
    let script = format!(
        "set -euo pipefail; {line}\ntest -z \"${{token-}}\" || echo \"$token\"\nenv | grep ^IAM_TOKEN= || true"
    );
    sandbox.command("bash").args(["-c", &script]).stdin(std::process::Stdio::null()).output().unwrap().into()
}

#[test]
fn every_use_of_a_token_hands_it_over() {
    let lines = examples("bash");
    assert!(lines.len() >= 7, "{lines:?}");
    for line in lines {
        let token = jwt(-60, 3540);
        let sandbox = sandbox(&token);
        let outcome = run(&sandbox, &line);
        assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{line}");
        let file = fs::read_to_string(sandbox.home().join("token.sh")).unwrap_or_default();
        assert!((outcome.stdout + &file).contains(&token), "{line}");
    }
}

#[test]
fn the_commands_for_people_work_or_say_that_they_need_a_terminal() {
    for line in examples("sh").into_iter().filter(|line| !line.contains("exchange")) {
        let outcome = run(&sandbox(&jwt(-60, 3540)), &line);
        let expected = if line.contains("--apikey") { 0 } else { 4 };
        assert_eq!(outcome.status, Some(expected), "{line}: {outcome:?}");
    }
}

#[cfg(feature = "net")]
#[test]
fn the_exchange_works() {
    use std::io::{Read as _, Write as _};

    let lines: Vec<String> = examples("sh").into_iter().filter(|line| line.contains("exchange")).collect();
    assert!(!lines.is_empty());
    for line in lines {
        let token = jwt(0, 3600);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let body = format!(r#"{{"access_token":"{token}","expires_in":3600,"token_type":"Bearer"}}"#);
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"apikey=demo-key") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.extend(byte);
            }
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        });
        let sandbox = sandbox(&jwt(-60, 3540)).with("IBMCLOUD_IAM_API_ENDPOINT", format!("http://{address}"));
        let outcome = run(&sandbox, &line);
        server.join().unwrap();
        assert_eq!(outcome.payload(), format!("Bearer {token}"), "{line}");
    }
}

#[test]
fn every_option_that_it_names_exists() {
    let help = Sandbox::new().run("--help").stdout + &Sandbox::new().run("login --help").stdout;
    for option in readme()
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .filter(|word| word.starts_with("--") && !word.trim_matches('-').is_empty())
    {
        let of_other_programs =
            ["--no-default-features", "--path", "--quiet", "--password-stdin", "--bench", "--target"];
        assert!(of_other_programs.contains(&option) || help.contains(option), "{option}");
    }
}
