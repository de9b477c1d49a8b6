//! Which token comes out of which source.

use std::fs;

use super::{
    ACCOUNT, COMPUTE_TOKEN, Iam, KEY, PROFILE_ACCOUNT, PROFILE_CRN, PROFILE_ID, PROFILE_NAME, sandbox,
};
use crate::iam_service::{Service, answer};
#[cfg(target_os = "linux")]
use crate::sandbox::{MOUNT_NAMESPACE, can_unshare};
use crate::sandbox::{Sandbox, has, jwt, run_with_input};

const KEY_GRANT: &str = "urn:ibm:params:oauth:grant-type:apikey";
const COMPUTE_GRANT: &str = "urn:ibm:params:oauth:grant-type:cr-token";
const ASSUME_GRANT: &str = "urn:ibm:params:oauth:grant-type:assume";

/// The fields of a form, sorted.
fn form(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut fields: Vec<_> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    fields.sort();
    fields
}

#[test]
#[cfg_attr(windows, ignore = "needs the program printenv")]
fn key_replaces_the_session_for_every_command() {
    let iam = Iam::start();
    let (sandbox, _) = sandbox(&iam);
    for line in [
        "--apikey @key.json -f %{iam_id}",
        "get -f %{iam_id} --apikey=@key.json",
        "exec --apikey @key.json --env ID=%{iam_id} -- printenv ID",
        "exchange --apikey @key.json -f %{iam_id}",
    ] {
        assert_eq!(sandbox.run(line).payload(), "IBMid-key", "{line}");
    }
    let of_variable = sandbox.with("IBMCLOUD_TOKEN_APIKEY", "@key.json");
    assert_eq!(of_variable.run("-f %{iam_id}").payload(), "IBMid-key");
    assert_eq!(of_variable.run("-f json").json()["origin"], "iam");
    assert_eq!(iam.forms(), vec![form(&[("grant_type", KEY_GRANT), ("apikey", KEY)]); 6]);
    assert_eq!(of_variable.calls(), 0, "the CLI was run");
}

#[test]
fn curl_sends_the_token_of_the_key_and_of_the_profile() {
    if !has("curl") {
        return;
    }
    let iam = Iam::start();
    let (sandbox, _) = sandbox(&iam);
    let service = Service::plain_answering_with(|_| answer("200 OK", &[], ""));
    for (options, iam_id) in [
        ("--apikey @key.json", "IBMid-key"),
        (&format!("--apikey @key.json --assume {PROFILE_ID}"), "iam-Profile-assumed"),
    ] {
        let line = format!("curl {options} --host localhost -s {}", service.url());
        assert_eq!(sandbox.run(&line).status, Some(0), "{line}");
        let received = service.requests().pop().unwrap();
        let token = received.header("Authorization")[0].strip_prefix("Bearer ").unwrap().to_owned();
        let shown = sandbox.run_with_input("inspect - -f json", token.as_bytes());
        assert_eq!(shown.json()["iam_id"], iam_id);
    }
}

#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn key_on_the_standard_input_is_used_up() {
    let iam = Iam::start();
    let (sandbox, _) = sandbox(&iam);
    let mut command =
        sandbox.program(["exec", "--apikey", "-", "--", "sh", "-c", "cat; echo \"$IAM_TOKEN\" | cut -c 1-3"]);
    let outcome = run_with_input(&mut command, KEY.as_bytes());
    assert_eq!(outcome.payload(), "eyJ");
}

#[test]
fn key_in_the_variable_of_the_cli_does_not_replace_the_session() {
    let (sandbox, token) = Sandbox::logged_in();
    let sandbox = sandbox.with("IBMCLOUD_API_KEY", KEY).with("IC_API_KEY", KEY);
    assert_eq!(sandbox.run("-f token").payload(), token);
}

#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn key_needs_neither_a_home_nor_the_cli() {
    let iam = Iam::start();
    let (sandbox, _) = sandbox(&iam);
    let key = sandbox.home().join("key.json");
    let mut command = sandbox.program(["-f", "%{iam_id}", "--apikey"]);
    command.arg(format!("@{}", key.display())).env_remove("HOME").env("PATH", "/nowhere");
    assert_eq!(run_with_input(&mut command, b"").payload(), "IBMid-key");
}

#[test]
fn profile_is_named_by_id_crn_or_name() {
    let iam = Iam::start();
    let (sandbox, session) = sandbox(&iam);
    let iam = iam.accepting(&session);
    let before = fs::read(sandbox.session_file()).unwrap();
    for (options, fields) in [
        (vec!["--assume", PROFILE_ID], vec![("profile_id", PROFILE_ID)]),
        (vec!["--assume", PROFILE_CRN], vec![("profile_crn", PROFILE_CRN)]),
        (
            vec!["--assume", PROFILE_NAME, "--account", PROFILE_ACCOUNT],
            vec![("profile_name", PROFILE_NAME), ("account", PROFILE_ACCOUNT)],
        ),
    ] {
        let arguments = [&["-f", "%{iam_id} %{account}"], options.as_slice()].concat();
        let outcome = run_with_input(&mut sandbox.program(arguments), b"");
        assert_eq!(outcome.payload(), format!("iam-Profile-assumed {PROFILE_ACCOUNT}"));
        let common = [("grant_type", ASSUME_GRANT), ("access_token", session.as_str())];
        assert_eq!(iam.forms().pop().unwrap(), form(&[common.as_slice(), &fields].concat()));
    }
    assert_eq!(sandbox.calls(), 0, "the CLI was run");
    assert_eq!(fs::read(sandbox.session_file()).unwrap(), before);
}

#[test]
fn session_is_renewed_before_the_profile_is_assumed() {
    let iam = Iam::start();
    let (sandbox, _) = sandbox(&iam);
    // The stand-in CLI prints the token of its situation, because the session is expired.
    let renewed = sandbox.run("-f token --fresh").payload().to_owned();
    let _iam = iam.accepting(&renewed);
    let outcome = sandbox.run(&format!("--fresh --assume {PROFILE_ID} -f %{{iam_id}}"));
    assert_eq!(outcome.payload(), "iam-Profile-assumed");
    assert_eq!(sandbox.calls(), 2);
}

#[test]
fn profile_can_be_assumed_with_a_key_over_one_connection() {
    let iam = Iam::start();
    let (sandbox, _) = sandbox(&iam);
    for line in ["get", "exchange"] {
        let line = format!("{line} --apikey @key.json --assume {PROFILE_ID} -f %{{iam_id}}");
        assert_eq!(sandbox.run(&line).payload(), "iam-Profile-assumed", "{line}");
    }
    let forms = iam.forms();
    assert_eq!(forms.len(), 4);
    assert_eq!(forms[0], form(&[("grant_type", KEY_GRANT), ("apikey", KEY)]));
    let of_key = iam.accepted.lock().unwrap()[0].clone();
    assert_eq!(
        forms[1],
        form(&[("grant_type", ASSUME_GRANT), ("access_token", &of_key), ("profile_id", PROFILE_ID)])
    );
    assert_eq!(iam.service.connections(), 2);
}

#[test]
fn raw_response_is_that_of_the_profile() {
    let iam = Iam::start();
    let (sandbox, _) = sandbox(&iam);
    let raw = sandbox.run(&format!("exchange --raw --apikey @key.json --assume {PROFILE_ID}"));
    let raw: serde_json::Value = serde_json::from_str(&raw.stdout).unwrap();
    assert_eq!(raw["access_token"], iam.accepted.lock().unwrap().last().unwrap().as_str());
}

#[test]
fn compute_resource_uses_a_profile() {
    let iam = Iam::start();
    let (sandbox, _) = sandbox(&iam);
    for (arguments, field) in [
        (vec!["get", "--profile", PROFILE_ID], ("profile_id", PROFILE_ID)),
        (vec!["get", "--profile", PROFILE_CRN], ("profile_crn", PROFILE_CRN)),
        (vec!["exchange", "--profile", PROFILE_NAME], ("profile_name", PROFILE_NAME)),
    ] {
        let options = ["--cr-token", "@compute-token", "-f", "%{iam_id}"];
        let outcome = run_with_input(&mut sandbox.program([arguments.as_slice(), &options].concat()), b"");
        assert_eq!(outcome.payload(), "iam-Profile-of-resource");
        let expected = form(&[("grant_type", COMPUTE_GRANT), ("cr_token", COMPUTE_TOKEN), field]);
        assert_eq!(iam.forms().pop().unwrap(), expected);
    }
    // A profile may be assumed with the token of another one.
    let line =
        format!("--profile {PROFILE_ID} --cr-token @compute-token --assume {PROFILE_ID} -f %{{iam_id}}");
    assert_eq!(sandbox.run(&line).payload(), "iam-Profile-assumed");
    assert_eq!(sandbox.calls(), 0, "the CLI was run");
}

// Not on Windows: the files are those of a container of Linux.
#[cfg(target_os = "linux")]
#[test]
fn compute_token_is_in_the_first_file_of_the_platform_that_exists() {
    let iam = Iam::start();
    let (sandbox, _) = sandbox(&iam);
    sandbox.write("other-token", "eyJhbGciOiJSUzI1NiJ9.e30.b3RoZXI");
    if !can_unshare(&MOUNT_NAMESPACE) {
        return;
    }
    // A private /run, because /var/run is a link to it.
    let script = "mount -t tmpfs none /run
        put() { mkdir -p \"$(dirname \"$2\")\" && cp \"$1\" \"$2\"; }
        for file in $LATER; do put other-token \"$file\"; done
        put compute-token \"$FILE\" && exec ibmcloud-token --profile $PROFILE -f '%{iam_id}'";
    let in_namespace = |file: &str, later: &[&str]| {
        let mut command = sandbox.command("unshare");
        command.args(MOUNT_NAMESPACE).args(["sh", "-c", script]);
        command.env("PATH", sandbox.path_with_program()).env("PROFILE", PROFILE_ID);
        command.env("FILE", file).env("LATER", later.join(" "));
        run_with_input(&mut command, b"")
    };
    let files = [
        "/var/run/secrets/tokens/vault-token",
        "/var/run/secrets/tokens/sa-token",
        "/var/run/secrets/codeengine.cloud.ibm.com/compute-resource-token/token",
    ];
    for (number, file) in files.into_iter().enumerate() {
        for later in [&[], &files[number + 1..]] {
            assert_eq!(in_namespace(file, later).payload(), "iam-Profile-of-resource", "{file} {later:?}");
        }
    }
    let outcome = in_namespace("/var/run/secrets/other", &[]);
    assert!(outcome.fails_with(4).error().contains("/var/run/secrets/tokens/sa-token"), "{outcome:?}");
}

#[test]
fn endpoint_is_an_option_or_a_variable_or_that_of_the_session() {
    let session = jwt(-10, 3600);
    let [by_option, by_variable, of_session] = [(); 3].map(|()| Iam::start().accepting(&session));
    let sandbox = Sandbox::with_token(&session);
    let text = fs::read_to_string(sandbox.session_file()).unwrap();
    let mut content: serde_json::Value = serde_json::from_str(&text).unwrap();
    content["IAMEndpoint"] = of_session.service.url().into();
    fs::write(sandbox.session_file(), content.to_string()).unwrap();
    let line = format!("--assume {PROFILE_ID} -f %{{iam_id}}");
    assert_eq!(sandbox.run(&line).payload(), "iam-Profile-assumed");
    let sandbox = sandbox.with("IBMCLOUD_IAM_API_ENDPOINT", by_variable.service.url());
    assert_eq!(sandbox.run(&line).payload(), "iam-Profile-assumed");
    let line = format!("{line} --endpoint {}", by_option.service.url());
    assert_eq!(sandbox.run(&line).payload(), "iam-Profile-assumed");
    for iam in [by_option, by_variable, of_session] {
        assert_eq!(iam.forms().len(), 1);
    }
}

#[test]
fn lifetime_is_that_of_the_token_that_comes_out() {
    let iam = Iam::with_lifetime(120);
    let (sandbox, session) = sandbox(&iam);
    let _iam = iam.accepting(&session);
    let line = format!("--assume {PROFILE_ID} --min-ttl");
    let outcome = sandbox.run(&format!("{line} 3m"));
    assert!(outcome.fails_with(8).error().contains("the token that IAM issued"), "{outcome:?}");
    assert!(sandbox.run(&format!("{line} 1m")).payload().starts_with("Bearer eyJ"));
    assert_eq!(sandbox.run(&format!("{line} 1m -f %{{account}}")).payload(), PROFILE_ACCOUNT);
    assert_ne!(PROFILE_ACCOUNT, ACCOUNT);
}
