//! `inspect`.

use crate::sandbox::{Outcome, Sandbox, cli_output, jwt, jwt_of, now, recorded, renewable, token};

#[test]
fn inspect_uses_the_token_that_get_would_print() {
    let sandbox = Sandbox::with_session();
    sandbox.run("inspect").fails_with(4);
    let sandbox = Sandbox::with_token(&renewable(-3600, -5));
    let claims = sandbox.run("inspect --format json").json();
    assert!(claims["exp"].as_i64().unwrap() > now(), "{claims}");
    assert_eq!(sandbox.calls(), 1);
    assert_eq!(sandbox.run("inspect --format json").json(), claims);
    assert_eq!(sandbox.calls(), 1);
}

#[test]
fn long_claims_are_shown_in_reasonable_space() {
    let token = jwt_of(&format!(
        r#"{{"{}":1,"{}":2,"exp":4102444800.5,"empty":{{}},"sub":"ada"}}"#,
        "n".repeat(66_000),
        "\u{ad}".repeat(100)
    ));
    let shown = Sandbox::new().run_with_input("inspect -", token.as_bytes());
    let lines: Vec<&str> = shown.payload().lines().collect();
    assert!(lines.contains(&"empty         {}"), "{lines:?}");
    assert!(lines.contains(&"exp           4102444800.5 (2100-01-01T00:00:00Z)"), "{lines:?}");
    assert!(shown.stdout.len() < 67_000, "{}", shown.stdout.len());
}

#[test]
fn inspect_reads_a_token_or_cli_output_from_stdin() {
    let token = token("passcode-mfa");
    let sandbox = Sandbox::with_session();
    let signature = token.rsplit('.').next().unwrap();
    for input in [
        token.clone(),
        format!("{token}\r\n"),
        format!("Bearer {token}\n"),
        String::from_utf8(recorded("oauth-tokens-one-line", "stdout")).unwrap(),
        String::from_utf8(recorded("oauth-tokens-json", "stdout")).unwrap(),
    ] {
        let shown = sandbox.run_with_input("inspect -", input.as_bytes());
        let line = |name: &str| {
            let of_name = |line: &&str| line.split_whitespace().next() == Some(name);
            shown.payload().lines().find(of_name).unwrap_or_else(|| panic!("{name}: {shown:?}")).to_owned()
        };
        assert!(line("exp").ends_with("4102444800 (2100-01-01T00:00:00Z)"), "{shown:?}");
        assert!(line("email").ends_with(" ada@example.org"), "{shown:?}");
        assert!(line("account.bss").ends_with(" 85da0dbb4df1f7cc296659f418714a9e"), "{shown:?}");
        assert!(!shown.stdout.contains(signature) && !shown.stdout.contains("eyJ"), "{shown:?}");
        let claims = sandbox.run_with_input("inspect - -f json", input.as_bytes()).json();
        assert_eq!((&claims["exp"], &claims["sub"]), (&4_102_444_800_u64.into(), &"ada@example.org".into()));
    }
    let expired = sandbox.run_with_input("inspect -", crate::sandbox::token("expired").as_bytes());
    assert!(expired.payload().contains("expired "), "{expired:?}");
    sandbox.run_with_input("inspect -", b"nothing useful").fails_with(5);
    sandbox.run_with_input("inspect -", b"").fails_with(5);
    sandbox.run_with_input("inspect -", &cli_output(&crate::sandbox::token("opaque"))).fails_with(5);
    assert_eq!(sandbox.calls(), 0);
}

#[test]
fn token_as_an_argument_is_refused_and_not_echoed() {
    let token = token("passcode-mfa");
    for arguments in [
        vec!["inspect", &token],
        vec!["inspect", "-", &token],
        vec!["parse", &token],
        vec!["get", &token],
        vec![token.as_str()],
        vec!["status", &token],
    ] {
        let sandbox = Sandbox::with_token(&jwt(-60, 3540));
        let outcome = Outcome::from(sandbox.program(arguments.iter().copied()).output().unwrap());
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""), "{outcome:?}");
        for segment in token.split('.') {
            assert!(!outcome.stderr.contains(segment), "{outcome:?}");
        }
        assert_eq!(sandbox.calls(), 0);
    }
}
