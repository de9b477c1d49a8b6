//! The time and memory of `exchange`, compared with the alternatives: the documented cURL command with jq, and IBM's
//! SDK for Python. Each gets one token, or the token of a trusted profile, from the same TLS server on loopback.
//!
//! All of them trust the platform's authorities and the server's own, from one file. They run in turns, so other load on
//! the machine affects all of them. The memory is the peak that GNU time reports, added up over a pipeline.

#![expect(clippy::disallowed_methods, reason = "a benchmark runs programs and reads its environment")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot continue has failed")]

#[expect(dead_code, reason = "only the tests use all of it")]
#[path = "../../tests/it/iam_service.rs"]
mod iam_service;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use iam_service::{AUTHORITY, Service, Step, answer};

use super::{Row, in_turns, median, milliseconds};

const KEY: &str = "0a-1b_2cTESTKEYx3d4e5f6g7h8i9jAkBlCmDnEoFpGq";

/// How many times each contender runs for its time, and for its memory.
const RUNS: usize = 31;
const MEMORY_RUNS: usize = 5;

/// One way to get a token.
struct Contender {
    name: &'static str,
    /// A line of shell with `TIME` before every program.
    line: String,
}

/// Returns a row for each way to get a token, with the medians of its time and its peak memory.
pub(crate) fn rows(program: &Path) -> Vec<Row> {
    // The SDK reads the claims.
    let claims = format!(r#"{{"iat":1700000000,"exp":4102444800,"pad":"{}"}}"#, "x".repeat(1000));
    let token = format!("eyJhbGciOiJSUzI1NiJ9.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
    let body = format!(
        r#"{{"access_token":"{token}","refresh_token":"not_supported","token_type":"Bearer","expires_in":3600,"expiration":4102444800,"scope":"ibm openid"}}"#
    );
    let service = Service::repeating(Step::Answer(answer("200 OK", &[], body)));
    let home = tempfile::tempdir().unwrap();
    let platform = fs::read_to_string("/etc/ssl/certs/ca-certificates.crt").unwrap_or_default();
    fs::write(home.path().join("ca.pem"), platform + &AUTHORITY.pem()).unwrap();
    fs::write(home.path().join("key"), KEY).unwrap();
    fs::set_permissions(home.path().join("key"), fs::Permissions::from_mode(0o600)).unwrap();

    let mut contenders = contenders(program, &service.url());
    contenders.retain(|contender| {
        let output = shell(&contender.line.replace("TIME ", ""), home.path()).output().unwrap();
        let is_installed = output.status.code() != Some(127);
        let errors = String::from_utf8_lossy(&output.stderr);
        let is_right = String::from_utf8_lossy(&output.stdout).trim() == token;
        assert!(is_right || !is_installed, "{}: {errors}", contender.name);
        is_installed
    });
    let command = |contender: &Contender| shell(&contender.line.replace("TIME ", "exec "), home.path());
    let mut commands: Vec<_> = contenders.iter().map(command).collect();
    let times = in_turns(RUNS, &mut commands);
    let is_memory_known = Path::new("/usr/bin/time").exists();
    let row = |(contender, times): (&Contender, Vec<_>)| {
        let memory = if is_memory_known {
            let peaks = (0..MEMORY_RUNS).map(|_| peak(&contender.line, home.path()));
            format!(", {:.0} KiB", median(peaks.collect()))
        } else {
            String::new()
        };
        Row {
            case: contender.name.replace('|', r"\|"),
            must: String::new(),
            measured: format!("{:.1} ms{memory}", milliseconds(&times)),
            kept: None,
        }
    };
    contenders.iter().zip(times).map(row).collect()
}

fn contenders(program: &Path, url: &str) -> Vec<Contender> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // `tests/interop/install` installs it here.
    let installed = root.join("target/interop/python/bin/python");
    let python = std::env::var_os("IBMCLOUD_TOKEN_TEST_PYTHON").map_or(installed, PathBuf::from);
    let python = python.display();
    let [client, profile] = ["client.py", "profile.py"].map(|file| root.join("tests/interop").join(file));
    [
        (
            "exchange",
            format!("TIME '{}' exchange --format token --endpoint {url} --apikey @key", program.display()),
        ),
        (
            "curl | jq",
            format!(
                "TIME curl -sS -X POST {url}/identity/token \
                 -H 'content-type: application/x-www-form-urlencoded' -H 'accept: application/json' \
                 -d 'grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey={KEY}' | \
                 TIME jq -r .access_token"
            ),
        ),
        ("ibm-cloud-sdk-core (Python)", format!("TIME '{python}' '{}' {url} <key", client.display())),
        (
            "exec --apikey --assume",
            format!(
                "TIME '{}' exec --endpoint {url} --apikey @key --assume Profile-1 -- printenv IAM_TOKEN",
                program.display()
            ),
        ),
        (
            "ibm-cloud-sdk-core (Python), assuming a profile",
            format!("TIME '{python}' '{}' {url} assume id Profile-1 <key", profile.display()),
        ),
    ]
    .map(|(name, line)| Contender { name, line })
    .into()
}

fn shell(line: &str, home: &Path) -> Command {
    let mut command = Command::new("/bin/sh");
    let variables = ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"].map(|name| (name, "ca.pem"));
    command.args(["-c", line]).env_clear().envs(variables).current_dir(home).stdin(Stdio::null());
    command.env("HOME", home).env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command
}

/// The peak memory in KiB of the programs in a line, together.
fn peak(line: &str, home: &Path) -> f64 {
    let record = home.join("peaks");
    drop(fs::remove_file(&record));
    let line = line.replace("TIME ", "/usr/bin/time -f %M -a -o peaks ");
    assert!(shell(&line, home).stdout(Stdio::null()).status().unwrap().success());
    fs::read_to_string(record).unwrap().lines().map(|peak| peak.parse::<f64>().unwrap()).sum()
}
