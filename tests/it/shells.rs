//! Real shells and curl read the formats back, and must get the token with every character that RFC 6750 allows.
//!
//! One shell reads many tokens, because starting the program is much faster than starting a shell.

use std::fs;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};

use crate::iam_service::{Service, Step, answer};
use crate::sandbox::{Sandbox, cli_output, has, jwt, token};

/// Tokens that a shell may misread: syntax of its own at the worst position.
const AWKWARD: [&str; 11] = ["~", "~root", "~+", "-", "-n", "--", "/", "a=", "a~b/~c", "+x-y._~+/", "0"];

/// Any `b64token` (RFC 6750, section 2.1) that does not start like a JWT, which would have to be valid.
fn any_token() -> impl Strategy<Value = String> {
    "[A-Za-z0-9._~+/-]{1,80}={0,3}".prop_filter("not a JWT", |token| !token.starts_with("eyJ"))
}

/// Runs a check with the awkward tokens and a realistic one, then with generated tokens.
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

/// Passes every token to a loop in a shell, which prints the `IAM_TOKEN` that it gets.
fn assert_round_trip(shell: &str, script: &str) {
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

/// `printenv` is a program, so it sees `IAM_TOKEN` only if the variable is exported.
const POSIX: &str = r#"while IFS= read -r token; do
    eval "$(printf 'IAM token:  Bearer %s\n' "$token" | ibmcloud-token parse -f env)"
    printenv IAM_TOKEN
    unset IAM_TOKEN
done <tokens"#;

#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn posix_shell_evals_the_token() {
    for shell in ["sh", "dash", "bash", "zsh"] {
        assert_round_trip(shell, POSIX);
    }
}

#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn fish_sources_the_token() {
    assert_round_trip(
        "fish",
        r"while read -l token
            printf 'IAM token:  Bearer %s\n' $token | ibmcloud-token parse -f env --shell fish | source
            printenv IAM_TOKEN
            set -e IAM_TOKEN
        end <tokens",
    );
}

#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn shell_sources_a_dotenv_file() {
    for shell in ["sh", "bash", "zsh"] {
        assert_round_trip(
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
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn common_shell_idioms_work_with_a_session() {
    let token = jwt(-10, 3600);
    for (shell, script) in [
        ("sh", r#"eval "$(ibmcloud-token -f env)"; printenv IAM_TOKEN"#),
        ("bash", r#"eval "$(ibmcloud-token -f env --env OTHER)"; printenv OTHER"#),
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
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn failure_prints_nothing_to_eval() {
    let sandbox = Sandbox::replaying("oauth-tokens-not-logged-in");
    let script = r#"IAM_TOKEN=old; assignment=$(ibmcloud-token -f env) || code=$?; eval "$assignment"
        printf '%s %s\n' "$code" "$IAM_TOKEN""#;
    assert_eq!(sandbox.shell("sh", script).stdout, "4 old\n");
}

// ---- curl --------------------------------------------------------------------------------------------------------

/// Checks that curl sends every token in the `Authorization` header.
fn assert_curl_sends(shell: &str, command: &str) {
    if !has("curl") || !has(shell) {
        return;
    }
    for_many_tokens(|tokens| {
        let service = Service::plain(vec![Step::Answer(answer("200 OK", &[], "")); tokens.len()]);
        let sandbox = Sandbox::new().with("URL", service.url()).with("NO_PROXY", "*");
        sandbox.write("tokens", tokens.join("\n") + "\n");
        let script = format!(
            r#"while IFS= read -r token; do
                printf 'IAM token:  Bearer %s\n' "$token" >printed
                {command} || exit 1
            done <tokens"#
        );
        let outcome = sandbox.shell(shell, &script);
        prop_assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
        let expected: Vec<String> = tokens.iter().map(|token| format!("Bearer {token}")).collect();
        let requests = service.requests();
        let sent: Vec<&str> = requests.iter().flat_map(|request| request.header("Authorization")).collect();
        prop_assert_eq!(sent, expected);
        Ok(())
    });
}

#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn curl_reads_its_configuration_from_the_program() {
    assert_curl_sends("sh", r#"ibmcloud-token parse -f curl <printed | curl -sS -m 30 -K - "$URL""#);
}

#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn curl_reads_a_header_from_the_program() {
    assert_curl_sends("bash", r#"curl -sS -m 30 -H @<(ibmcloud-token parse -f header <printed) "$URL""#);
}

// ---- shells that are not installed, by their documentation --------------------------------------------------------------

/// `PowerShell`, `about_Quoting_Rules`: between single quotation marks everything is literal except a doubled mark, and
/// typographic marks count as straight ones. `about_Environment_Variables`: `$env:NAME = 'value'`.
fn power_shell_reads(line: &str) -> Option<(&str, String)> {
    let (name, value) = line.strip_prefix("$env:")?.split_once(" = ")?;
    let value = value.strip_prefix('\'')?.strip_suffix('\'')?;
    let ends_early = value.replace("''", "").contains(['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}']);
    (!ends_early).then(|| (name, value.replace("''", "'")))
}

/// `cmd.exe`, `set /?` and `cmd /?`: between quotation marks around the whole of `NAME=VALUE` only `%` is special, and `!`
/// with `/V:ON`; the name ends at the first `=`.
fn cmd_reads(line: &str) -> Option<(&str, String)> {
    let (name, value) = line.strip_prefix("set \"")?.strip_suffix('"')?.split_once('=')?;
    (!value.contains(['%', '!', '"', '^'])).then(|| (name, value.to_owned()))
}

#[test]
fn powershell_and_cmd_read_the_token_by_their_rules() {
    type Reader = for<'a> fn(&'a str) -> Option<(&'a str, String)>;
    let shells: [(&str, Reader); 2] = [("powershell", power_shell_reads), ("cmd", cmd_reads)];
    for (shell, reads) in shells {
        for_many_tokens(|tokens| {
            let sandbox = Sandbox::new();
            for token in tokens {
                let line = format!("parse -f env --shell {shell}");
                let outcome = sandbox.run_with_input(&line, &cli_output(token));
                prop_assert_eq!(reads(outcome.payload()), Some(("IAM_TOKEN", token.clone())));
            }
            Ok(())
        });
    }
}

#[test]
fn token_with_shell_syntax_is_refused() {
    let sandbox = Sandbox::new();
    for character in "'\"`$\\;&|<>(){}[]!%^*?#,:@\u{2019}\u{7f}\u{0}\u{1b}é".chars() {
        let input = cli_output(&format!("abc{character}def"));
        sandbox.run_with_input("parse -f env", &input).fails_with(5);
    }
}

#[test]
fn every_token_can_be_written_to_a_file() {
    for_many_tokens(|tokens| {
        let sandbox = Sandbox::new();
        for token in tokens {
            let input = cli_output(&format!("{token}\r"));
            let outcome = sandbox.run_with_input("parse -f token -o file", &input);
            prop_assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(0), ""));
            prop_assert_eq!(fs::read_to_string(sandbox.home().join("file")).unwrap(), format!("{token}\n"));
        }
        Ok(())
    });
}
