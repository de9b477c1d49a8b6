//! A set-up without a fault, and the shape of the output.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use super::{check, examine, findings, program};
use crate::sandbox::{Sandbox, root, situations, spawn, stand_in};

/// A session whose file is for the user alone, as the CLI writes it.
fn healthy() -> Sandbox {
    let (sandbox, _) = Sandbox::logged_in();
    fs::set_permissions(sandbox.session_file(), fs::Permissions::from_mode(0o600)).unwrap();
    sandbox
}

#[test]
fn healthy_set_up_says_so_on_one_screen() {
    let outcome = examine(&healthy(), "");
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert!(lines.len() <= 24, "{} lines: {}", lines.len(), outcome.stdout);
    for line in &lines {
        let fits = line.chars().count() <= 80 || !line.trim_start().contains(' ');
        // The path of the stand-in CLI is as long as it is.
        assert!(fits || line.contains(stand_in().to_str().unwrap()), "{line}");
    }
    assert!(!outcome.stdout.contains("->"), "{}", outcome.stdout);
    assert!(lines.iter().any(|line| line.starts_with("A token is available")), "{}", outcome.stdout);
    let verdicts = lines.iter().filter_map(|line| line.split(' ').next()).filter(|word| !word.is_empty());
    let bad: Vec<&str> = verdicts.filter(|word| ["advice", "warning", "failure"].contains(word)).collect();
    assert!(bad.is_empty(), "{bad:?}: {}", outcome.stdout);
}

#[test]
fn json_has_a_stable_shape() {
    for sandbox in [healthy(), Sandbox::with_session(), Sandbox::with_session().with("HOME", "")] {
        let findings = findings(&sandbox, "");
        let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let mut names = members(&findings);
        names.sort();
        assert_eq!(names, ["checks", "exit_code", "program", "summary"]);
        let checks = findings["checks"].as_array().unwrap();
        let mut ids: Vec<&str> = checks.iter().map(|check| check["id"].as_str().unwrap()).collect();
        let mut expected = vec![
            "ibmcloud",
            "version",
            "path",
            "variables",
            "session-file",
            "login",
            "lock",
            "clock",
            "locale",
            "settings",
            "sso",
            "docker",
        ];
        if cfg!(feature = "net") {
            expected.extend(["proxy", "certificates", "iam"]);
        }
        assert_eq!(ids, expected);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), checks.len());
        for check in checks {
            let mut names = members(check);
            names.sort();
            assert_eq!(names, ["evidence", "id", "remedy", "verdict"]);
            let verdict = check["verdict"].as_str().unwrap();
            assert!(["ok", "advice", "warning", "failure", "skipped"].contains(&verdict), "{check}");
            assert!(check["evidence"].as_str().is_some_and(|text| !text.is_empty()), "{check}");
            let needs_remedy = ["advice", "warning", "failure"].contains(&verdict);
            assert_eq!(check["remedy"].is_string(), needs_remedy, "{check}");
        }
    }
}

#[test]
fn version_is_understood_in_every_recorded_form() {
    for situation in situations("version-") {
        let sandbox = healthy();
        let recorded = root().join("fixtures").join(&situation).join("stdout");
        program(&sandbox, "bin/ibmcloud", &format!("cat {}", recorded.display()));
        let path = format!("{}:/usr/bin:/bin", sandbox.home().join("bin").display());
        let found = findings(&sandbox.with("PATH", path), "");
        let (verdict, evidence, _) = check(&found, "version");
        let number = situation.trim_start_matches("version-");
        assert!(verdict == "ok" && evidence.ends_with(number), "{situation}: {evidence}");
    }
}

#[test]
fn report_is_written_although_there_is_no_token() {
    let outcome = examine(&Sandbox::with_session(), "");
    assert_eq!(outcome.status, Some(4));
    assert!(outcome.stdout.lines().count() > 10 && !outcome.stdout.contains("A token can"), "{outcome:?}");
    assert!(outcome.stderr.starts_with("error: not logged in"), "{outcome:?}");
    assert!(outcome.hint().contains("login"), "{outcome:?}");
}

#[test]
fn several_examinations_at_once_do_not_disturb_each_other_or_get() {
    let sandbox = healthy().with("IBMCLOUD_TOKEN_FRESH", "");
    let runs: Vec<_> = (0..8)
        .map(|number| spawn(&mut sandbox.program([if number % 2 == 0 { "doctor" } else { "get" }])))
        .collect();
    for run in runs {
        assert!(run.wait_with_output().unwrap().status.success());
    }
}
