//! Whether a token lives long enough.

use super::logging_with_answer;
use crate::sandbox::{Sandbox, cli_output, jwt, jwt_of, now, renewable, token, token_in, trace_of_writing};

/// The source of the token.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    /// The session file, without a run of the CLI.
    File,
    /// The CLI, with the token of the file: the CLI renews a token only in its last 10 s.
    CliSame,
    /// The CLI, with a new token.
    CliNew,
    /// There is no answer: exit 8 after a run of the CLI.
    Refused,
}

#[test]
fn token_answers_if_it_lives_long_enough() {
    use Answer::{CliNew, CliSame, File, Refused};
    // (remaining seconds of the token in the file, arguments, answer). New tokens live for 15 minutes.
    for (left, arguments, expected) in [
        // Without --min-ttl, the file answers if a minute is left, and any unexpired token of the CLI is accepted.
        (3600, "", File),
        (75, "", File),
        (50, "", CliSame),
        (30, "", CliSame),
        (1, "", CliNew),
        (-5, "", CliNew),
        // With --min-ttl, the file or the CLI must meet it.
        (30, "--min-ttl 10s", File),
        (30, "--min-ttl 0s", File),
        (30, "--min-ttl 45s", Refused),
        (3600, "--min-ttl 30m", File),
        (3600, "--min-ttl 2h", Refused),
        (-5, "--min-ttl 0s", CliNew),
        (-5, "--min-ttl 14m", CliNew),
        (-5, "--min-ttl 16m", Refused),
        // With --fresh, the CLI always answers.
        (3600, "--fresh", CliSame),
        (3600, "--fresh --min-ttl 30m", CliSame),
        (3600, "--fresh --min-ttl 2h", Refused),
        (-5, "--fresh", CliNew),
    ] {
        let token = renewable(-60, left);
        let sandbox = Sandbox::with_token(&token).with("STAND_IN_EXPIRES_IN", "900");
        let before = trace_of_writing(&sandbox.session_file());
        let outcome = sandbox.run(&format!("--format token {arguments}"));
        let case = format!("{left} s left, `{arguments}`: {outcome:?}");
        if expected == Refused {
            outcome.fails_with(8);
        } else {
            let answer = outcome.payload();
            assert_eq!(answer, token_in(&sandbox.session_file()), "{case}");
            assert_eq!(answer == token, expected != CliNew, "{case}");
        }
        assert_eq!(sandbox.calls(), usize::from(expected != File), "{case}");
        if matches!(expected, File | CliSame) {
            assert_eq!(trace_of_writing(&sandbox.session_file()), before, "{case}");
        }
    }
}

#[test]
fn min_ttl_and_fresh_can_be_set_by_variables() {
    let sandbox = Sandbox::with_token(&renewable(-60, 1800)).with("IBMCLOUD_TOKEN_MIN_TTL", "1h");
    sandbox.run("").fails_with(8);
    assert_eq!(sandbox.run("--min-ttl 20m").status, Some(0));
    let sandbox = Sandbox::with_token(&renewable(-60, 1800)).with("IBMCLOUD_TOKEN_FRESH", "1");
    assert_eq!((sandbox.run("").status, sandbox.calls()), (Some(0), 1));
}

#[test]
fn expired_token_is_never_printed() {
    let expired = token("expired");
    let outcome = Sandbox::replaying("oauth-tokens-expired").run("");
    assert!(outcome.fails_with(8).stderr.contains("clock"), "{outcome:?}");
    for line in ["", "--min-ttl 0s", "--format json"] {
        Sandbox::new().run_with_input(&format!("parse {line}"), &cli_output(&expired)).fails_with(8);
    }
    // A token that expires in this second has expired.
    let ends_now = jwt(-3600, 0);
    Sandbox::new().run_with_input("parse", ends_now.as_bytes()).fails_with(8);
    // If the CLI fails to renew the token, the old one is not used.
    let sandbox = Sandbox::with_token(&renewable(-3600, -5)).with("STAND_IN_REFRESH", "network");
    sandbox.run("").fails_with(6);
    assert_eq!(sandbox.calls(), 1);
}

#[test]
fn tokens_with_odd_claims_are_judged_as_documented() {
    /// How the token in the file, and `parse`, are judged.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Lifetime {
        /// The file answers; `parse` prints it; JSON has its expiration.
        Known(i64),
        /// The CLI is asked; `parse` prints it; JSON has null; no `--min-ttl` is met, not even 0 s.
        Unknown,
        /// The CLI is asked; `parse` exits with 8.
        Expired,
        /// The file is skipped; `parse` exits with 5.
        TooLarge,
    }
    use Lifetime::{Expired, Known, TooLarge, Unknown};
    let (past, future) = (now() - 100, now() + 3000);
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    // (claims, lifetime)
    for (claims, outcome) in [
        (format!(r#""exp":{future}"#), Known(future)),
        (format!(r#""exp":{future}.9"#), Known(future)),
        (format!(r#""exp":{future},"iat":"now","nbf":{{}}"#), Known(future)),
        // Of duplicate keys the last one counts.
        (format!(r#""exp":{past},"exp":{future}"#), Known(future)),
        (format!(r#""exp":{future},"exp":{past}"#), Expired),
        (format!(r#""exp":{future},"exp":null"#), Unknown),
        (r#""iss":"no exp""#.to_owned(), Unknown),
        (format!(r#""exp":"{future}""#), Unknown),
        (r#""exp":9223372036854775808"#.to_owned(), Unknown),
        (r#""exp":9223372036854775807"#.to_owned(), Unknown),
        (r#""exp":1e300"#.to_owned(), Unknown),
        (r#""exp":-1e300"#.to_owned(), Unknown),
        (r#""exp":-5"#.to_owned(), Expired),
        (r#""exp":-0.5"#.to_owned(), Expired),
        (r#""exp":0"#.to_owned(), Expired),
        // The parser stops at this depth, so there are no claims.
        (format!(r#""exp":{future},"deep":{deep}"#), Unknown),
        (format!(r#""exp":{future},"pad":"{}""#, "x".repeat(500_000)), Known(future)),
        (format!(r#""exp":{future},"pad":"{}""#, "x".repeat(10_000_000)), TooLarge),
    ] {
        let token = jwt_of(&format!(r#"{{"iam_id":"IBMid-1",{claims}}}"#));
        let case = format!("{outcome:?} {}", &claims[..claims.len().min(80)]);

        let (sandbox, cli_answer) = logging_with_answer();
        sandbox.write_session(&token);
        let answer = sandbox.run("--format token");
        let from_file = matches!(outcome, Known(_));
        assert!(answer.payload() == if from_file { &token } else { &cli_answer }, "{case}");
        assert_eq!(sandbox.calls(), usize::from(!from_file), "{case}");

        let parse = |arguments| sandbox.run_with_input(&format!("parse {arguments}"), &cli_output(&token));
        match outcome {
            Known(exp) => {
                let json = parse("-f json --min-ttl 5m").json();
                assert!(json["access_token"] == token.as_str(), "{case}");
                assert_eq!(json["expiration"], exp, "{case}");
            }
            Unknown => {
                let json = parse("-f json").json();
                assert!(json["access_token"] == token.as_str(), "{case}");
                for key in ["expiration", "expires_at", "expires_in"] {
                    assert!(json[key].is_null(), "{case}: {json}");
                }
                parse("--min-ttl 0s").fails_with(8);
            }
            Expired => drop(parse("").fails_with(8)),
            TooLarge => drop(parse("").fails_with(5)),
        }
    }
}

#[test]
fn opaque_token_is_printed_but_meets_no_min_ttl() {
    let opaque = token("opaque");
    let cli_prints = || Sandbox::replaying("oauth-tokens-opaque-and-uaa");
    assert_eq!(cli_prints().run("--format token").payload(), opaque);
    let json = cli_prints().run("--format json").json();
    assert_eq!((&json["access_token"], &json["origin"]), (&opaque.as_str().into(), &"cli".into()));
    for key in ["expires_at", "expiration", "expires_in", "account", "iam_id"] {
        assert!(json[key].is_null(), "{key}: {json}");
    }
    for min_ttl in ["0s", "1s", "1h"] {
        cli_prints().run(&format!("--min-ttl {min_ttl}")).fails_with(8);
    }
    // In the session file its lifetime is unknown, so the CLI is asked.
    let sandbox = cli_prints();
    sandbox.write_session(&opaque);
    assert!(sandbox.run("-v").stderr.contains("has an unknown lifetime"));
    assert_eq!(sandbox.run("--format json").json()["origin"], "cli");
    let status = sandbox.run("status --format json").json();
    assert!(status["expires_in"].is_null(), "{status}");
}

#[test]
fn fifteen_minute_token_is_renewed_in_time() {
    let sandbox = Sandbox::with_token(&renewable(-900, -1)).with("STAND_IN_EXPIRES_IN", "900");
    let first = sandbox.run("").payload().to_owned();
    let again = sandbox.run("--min-ttl 10m").payload().to_owned();
    assert_eq!((again, sandbox.calls()), (first, 1));
}

#[test]
fn expired_token_can_be_inspected() {
    let expired = format!("Bearer {}", crate::sandbox::token("expired"));
    assert_eq!(Sandbox::new().run_with_input("inspect -", expired.as_bytes()).status, Some(0));
}
