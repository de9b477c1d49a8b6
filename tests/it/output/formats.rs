//! The formats that show a token.

use crate::sandbox::{Outcome, Sandbox, cli_output, is_built, jwt_of, token};

/// Every format, and the payload for a token.
pub(crate) fn formats(token: &str) -> Vec<(&'static str, String)> {
    vec![
        ("-f bearer", format!("Bearer {token}")),
        ("-f token", token.to_owned()),
        ("--format=header", format!("Authorization: Bearer {token}")),
        ("-fenv --shell sh", format!("export IAM_TOKEN='{token}'")),
        ("--format env --shell fish", format!("set -gx IAM_TOKEN '{token}'")),
        ("--format env --shell powershell", format!("$env:IAM_TOKEN = '{token}'")),
        ("-f %{token}", token.to_owned()),
        ("-f IAM=%{bearer};", format!("IAM=Bearer {token};")),
        (
            "-f env --env A=%{bearer} --env B",
            format!("{}\n{}", assignment("A", &format!("Bearer {token}")), assignment("B", token)),
        ),
        ("--format env --shell cmd", format!("set \"IAM_TOKEN={token}\"")),
        ("--format env --shell sh --env MY_1", format!("export MY_1='{token}'")),
        ("--format dotenv", format!("IAM_TOKEN={token}")),
        ("--format dotenv --env _x", format!("_x={token}")),
        ("-f dotenv --env A=x:%{token} --env B", format!("A=x:{token}\nB={token}")),
        ("--format curl", format!("header = \"Authorization: Bearer {token}\"")),
    ]
}

/// An assignment for the shell that is the default of the platform.
pub(crate) fn assignment(name: &str, value: &str) -> String {
    if cfg!(windows) { format!("$env:{name} = '{value}'") } else { format!("export {name}='{value}'") }
}

#[test]
fn every_format_works_with_every_command_that_prints_a_token() {
    let (sandbox, session) = Sandbox::logged_in();
    let input = token("user-apikey");
    for (options, expected) in formats(&session) {
        for line in [options.to_owned(), format!("get {options}")] {
            assert_eq!(sandbox.run(&line).payload(), expected, "{line}");
        }
    }
    for (options, expected) in formats(&input) {
        let line = format!("parse {options}");
        assert_eq!(sandbox.run_with_input(&line, &cli_output(&input)).payload(), expected, "{line}");
    }
}

#[test]
fn json_is_one_object_with_null_for_unknown_values() {
    let (sandbox, session) = Sandbox::logged_in();
    for (outcome, token, source) in [
        (sandbox.run("get -f json"), &session, "session-file"),
        (sandbox.run_with_input("parse -f json", &cli_output(&session)), &session, "stdin"),
    ] {
        let json = outcome.json();
        assert_eq!(json["access_token"], **token);
        assert_eq!(json["token_type"], "Bearer");
        assert_eq!((&json["account"], &json["iam_id"]), (&"a1".into(), &"IBMid-1".into()));
        assert_eq!(json["origin"], source);
        let left = json["expires_in"].as_i64().unwrap();
        assert!((3400..=3600).contains(&left), "{left}");
        let expires_at = humantime::parse_rfc3339(json["expires_at"].as_str().unwrap()).unwrap();
        let expiration = expires_at.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        assert_eq!(json["expiration"], expiration);
    }
    let opaque = sandbox.run_with_input("parse -f json", &cli_output(&token("opaque")));
    let json = opaque.json();
    for name in ["expires_at", "expiration", "expires_in", "account", "iam_id"] {
        assert_eq!(json.get(name), Some(&serde_json::Value::Null), "{name}");
    }
}

#[test]
fn refused_format_is_answered_with_the_formats() {
    let sandbox = Sandbox::logging();
    let lines = ["get -f response", "exchange --apikey @no-such-key -f response", "parse --format=JSON"];
    for line in lines.into_iter().filter(is_built) {
        let outcome = sandbox.run(line);
        let shown = outcome.fails_with(2).stderr.clone();
        for name in ["bearer", "token", "header", "curl", "json", "env", "dotenv", "github", "%{…}"] {
            assert!(shown.contains(&format!("`{name}`")), "{line}: {name} is not in {shown}");
        }
    }
    assert_eq!(sandbox.calls(), 0);
}

#[test]
fn login_shell_does_not_affect_the_assignment() {
    let (sandbox, token) = Sandbox::logged_in();
    let mut sandbox = sandbox;
    for shell in ["/usr/bin/fish", "/usr/bin/pwsh", "/opt/nu", "/bin/zsh", ""] {
        sandbox = sandbox.with("SHELL", shell);
        assert_eq!(sandbox.run("-f env").payload(), assignment("IAM_TOKEN", &token), "{shell}");
    }
}

#[test]
fn unknown_value_in_a_template_prints_nothing() {
    let (sandbox, _) = Sandbox::logged_in();
    let opaque = cli_output(&token("opaque"));
    for line in ["parse -f %{account}", "parse -f %{token}:%{expires_at}", "parse -f env --env A=%{iam_id}"] {
        sandbox.run_with_input(line, &opaque).fails_with(8);
    }
}

#[test]
fn claim_outside_the_charset_of_values_is_unknown() {
    for account in ["a\\u0022b", "a b", "a\\u001b[31m", "a\\u009b", "a\\u202eb", "\\u00e9", ""] {
        let token = jwt_of(&format!(r#"{{"iam_id":"IBMid-1","account":{{"bss":"{account}"}}}}"#));
        let sandbox = Sandbox::new();
        let json = sandbox.run_with_input("parse -f json", &cli_output(&token)).json();
        assert!(json["account"].is_null() && json["iam_id"] == "IBMid-1", "{json}");
        sandbox.run_with_input("parse -f %{account}", &cli_output(&token)).fails_with(8);
    }
}

#[test]
fn output_never_contains_an_escape_sequence() {
    let (sandbox, _) = Sandbox::logged_in();
    let mut sandbox = sandbox;
    for (name, value) in [("TERM", "xterm-256color"), ("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")] {
        sandbox = sandbox.with(name, value);
        for line in
            ["--help", "get -v", "get -v --fresh", "get --formt", "status", "inspect", "status -f json"]
        {
            let Outcome { stdout, stderr, .. } = sandbox.run(line);
            assert!(!stdout.contains('\x1b') && !stderr.contains('\x1b'), "{line}: {stdout}{stderr}");
        }
    }
    let coloured = Sandbox::replaying("oauth-tokens-colours").run("get -v");
    assert!(!coloured.payload().contains('\x1b') && !coloured.stderr.contains('\x1b'), "{coloured:?}");
}
