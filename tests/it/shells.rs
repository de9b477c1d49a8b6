//! What comes back when a real shell, or curl, reads what we print: the token, whatever characters RFC 6750 allows in it.
//!
//! A shell reads many tokens in one run, so that a run costs what a process of ours costs and not a shell.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};

use crate::sandbox::{Sandbox, has, jwt, token};

/// Tokens with something that a shell could take for its own at the worst place.
const AWKWARD: [&str; 11] = ["~", "~root", "~+", "-", "-n", "--", "/", "a=", "a~b/~c", "+x-y._~+/", "0"];

/// Any `b64token` (RFC 6750, section 2.1) that does not start as a JWT does: that would have to be one.
fn any_token() -> impl Strategy<Value = String> {
    "[A-Za-z0-9._~+/-]{1,80}={0,3}".prop_filter("no JWT", |token| !token.starts_with("eyJ"))
}

/// Runs a check with the awkward tokens and a real one, then with whatever there may be.
#[track_caller]
fn for_many_tokens(check: impl Fn(&[String]) -> TestCaseResult) {
    let mut tokens = AWKWARD.map(str::to_owned).to_vec();
    tokens.push(token("passcode-mfa"));
    check(&tokens).unwrap();
    let config = Config { cases: 4, max_shrink_iters: 40, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&prop::collection::vec(any_token(), 1..30), |tokens| check(&tokens))
        .unwrap_or_else(|error| panic!("{error}"));
}

/// Hands every token to a loop of a shell, which prints what it has in `IAM_TOKEN` afterwards.
fn assert_comes_back(shell: &str, script: &str) {
    if !has(shell) {
        return;
    }
    for_many_tokens(|tokens| {
        let sandbox = Sandbox::new().with("SHELL", format!("/usr/bin/{shell}"));
        sandbox.write("tokens", tokens.join("\n") + "\n");
        let outcome = sandbox.shell(shell, script);
        let back: Vec<&str> = outcome.stdout.lines().collect();
        prop_assert_eq!((outcome.stderr.as_str(), back), ("", tokens.iter().map(String::as_str).collect()));
        Ok(())
    });
}

/// `IAM_TOKEN` is looked at by a program, so it has to be exported.
const POSIX: &str = r#"while IFS= read -r token; do
    eval "$(printf 'IAM token:  Bearer %s\n' "$token" | ibmcloud-token parse -f env)"
    printenv IAM_TOKEN
    unset IAM_TOKEN
done <tokens"#;

#[test]
fn a_posix_shell_evals_the_token() {
    for shell in ["sh", "dash", "bash", "zsh"] {
        assert_comes_back(shell, POSIX);
    }
}

#[test]
fn fish_sources_the_token() {
    for options in ["--shell fish", ""] {
        let script = format!(
            "while read -l token
                printf 'IAM token:  Bearer %s\\n' $token | ibmcloud-token parse -f env {options} | source
                printenv IAM_TOKEN
                set -e IAM_TOKEN
            end <tokens"
        );
        assert_comes_back("fish", &script);
    }
}

#[test]
fn a_shell_sources_a_dotenv_file() {
    for shell in ["sh", "bash", "zsh"] {
        assert_comes_back(
            shell,
            r#"while IFS= read -r token; do
                printf 'IAM token:  Bearer %s\n' "$token" | ibmcloud-token parse -f dotenv -o token.env
                set -a; . ./token.env; set +a
                printenv IAM_TOKEN
                unset IAM_TOKEN
            done <tokens"#,
        );
    }
}

#[test]
fn what_people_type_works_with_a_session() {
    let token = jwt(-10, 3600);
    for (shell, script) in [
        ("sh", r#"eval "$(ibmcloud-token -f env)"; printenv IAM_TOKEN"#),
        ("bash", r#"eval "$(ibmcloud-token -f env --name OTHER)"; printenv OTHER"#),
        ("zsh", "token=$(ibmcloud-token -f token); print -r -- $token"),
        ("bash", ". <(ibmcloud-token -f env); printenv IAM_TOKEN"),
        ("fish", "ibmcloud-token -f env --shell fish | source; printenv IAM_TOKEN"),
        ("fish", "set -x IAM_TOKEN (ibmcloud-token -f token); printenv IAM_TOKEN"),
    ] {
        if has(shell) {
            let sandbox = Sandbox::new();
            sandbox.write_session(&token);
            assert_eq!(sandbox.shell(shell, script).payload(), token, "{shell}: {script}");
        }
    }
}

#[test]
fn a_failure_leaves_nothing_to_eval() {
    let sandbox = Sandbox::replaying("oauth-tokens-not-logged-in");
    let script = r#"IAM_TOKEN=old; assignment=$(ibmcloud-token -f env) || code=$?; eval "$assignment"
        printf '%s %s\n' "$code" "$IAM_TOKEN""#;
    assert_eq!(sandbox.shell("sh", script).stdout, "4 old\n");
}

// ---- curl --------------------------------------------------------------------------------------------------------

/// Answers so many requests on loopback, and returns their `Authorization` headers in the end.
fn server(requests: usize) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let answers = thread::spawn(move || {
        let mut authorizations = Vec::new();
        for _ in 0..requests {
            let (mut connection, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(connection.try_clone().unwrap()).lines();
            let head: Vec<String> =
                lines.by_ref().map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
            authorizations.extend(head.into_iter().filter(|line| line.starts_with("Authorization:")));
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            connection.write_all(answer.as_bytes()).unwrap();
        }
        authorizations
    });
    (url, answers)
}

fn assert_curl_sends(shell: &str, command: &str) {
    if !has("curl") || !has(shell) {
        return;
    }
    for_many_tokens(|tokens| {
        let (url, answers) = server(tokens.len());
        let sandbox = Sandbox::new().with("URL", url).with("NO_PROXY", "*");
        sandbox.write("tokens", tokens.join("\n") + "\n");
        let script = format!(
            r#"while IFS= read -r token; do
                printf 'IAM token:  Bearer %s\n' "$token" >printed
                {command} || exit 1
            done <tokens"#
        );
        let outcome = sandbox.shell(shell, &script);
        prop_assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
        let expected: Vec<String> =
            tokens.iter().map(|token| format!("Authorization: Bearer {token}")).collect();
        prop_assert_eq!(answers.join().unwrap(), expected);
        Ok(())
    });
}

#[test]
fn curl_reads_its_configuration_from_us() {
    assert_curl_sends("sh", r#"ibmcloud-token parse -f curl <printed | curl -sS -m 30 -K - "$URL""#);
}

#[test]
fn curl_reads_a_header_from_us() {
    assert_curl_sends("bash", r#"curl -sS -m 30 -H @<(ibmcloud-token parse -f header <printed) "$URL""#);
}

// ---- shells that are not here, by their documentation --------------------------------------------------------------

/// `PowerShell`, `about_Quoting_Rules`: between single quotation marks all is literal but a doubled mark, and typographic
/// marks count as straight ones. `about_Environment_Variables`: `$env:NAME = 'value'`.
fn power_shell_reads(line: &str) -> Option<(&str, String)> {
    let (name, value) = line.strip_prefix("$env:")?.split_once(" = ")?;
    let value = value.strip_prefix('\'')?.strip_suffix('\'')?;
    let ends_early = value.replace("''", "").contains(['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}']);
    (!ends_early).then(|| (name, value.replace("''", "'")))
}

/// Nushell's book, "Working with strings": between single quotation marks nothing is escaped, and none can stand there.
fn nu_reads(line: &str) -> Option<(&str, String)> {
    let (name, value) = line.strip_prefix("$env.")?.split_once(" = ")?;
    let value = value.strip_prefix('\'')?.strip_suffix('\'')?;
    (!value.contains('\'')).then(|| (name, value.to_owned()))
}

/// `cmd.exe`, `set /?` and `cmd /?`: between the quotation marks around the whole of `NAME=VALUE` only `%` is special, and
/// `!` under `/V:ON`; the name ends at the first `=`.
fn cmd_reads(line: &str) -> Option<(&str, String)> {
    let (name, value) = line.strip_prefix("set \"")?.strip_suffix('"')?.split_once('=')?;
    (!value.contains(['%', '!', '"', '^'])).then(|| (name, value.to_owned()))
}

#[test]
fn power_shell_nu_and_cmd_read_the_token_by_their_rules() {
    type Reader = for<'a> fn(&'a str) -> Option<(&'a str, String)>;
    let shells: [(&str, Reader); 3] =
        [("powershell", power_shell_reads), ("nu", nu_reads), ("cmd", cmd_reads)];
    for (shell, reads) in shells {
        for_many_tokens(|tokens| {
            let sandbox = Sandbox::new();
            for token in tokens {
                let printed = format!("IAM token:  Bearer {token}\n");
                let line = format!("parse -f env --shell {shell}");
                let outcome = sandbox.run_with_input(&line, printed.as_bytes());
                prop_assert_eq!(reads(outcome.payload()), Some(("IAM_TOKEN", token.clone())));
            }
            Ok(())
        });
    }
}

#[test]
fn no_token_can_hold_what_a_shell_would_obey() {
    let sandbox = Sandbox::new();
    for character in "'\"`$\\;&|<>(){}[]!%^*?#,:@\u{2019}\u{7f}\u{0}\u{1b}é".chars() {
        let printed = format!("IAM token:  Bearer abc{character}def\n");
        sandbox.run_with_input("parse -f env", printed.as_bytes()).fails_with(5);
    }
}

#[test]
fn every_token_survives_a_file() {
    for_many_tokens(|tokens| {
        let sandbox = Sandbox::new();
        for token in tokens {
            let printed = format!("IAM token:  Bearer {token}\r\n");
            let outcome = sandbox.run_with_input("parse -f token -o file", printed.as_bytes());
            prop_assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""));
            prop_assert_eq!(fs::read_to_string(sandbox.home().join("file")).unwrap(), format!("{token}\n"));
        }
        Ok(())
    });
}
