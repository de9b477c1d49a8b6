//! IBM's SDKs for Python and Node.js, constructed from the environment of a recipe.

use std::process::Command;

use crate::sandbox::{Outcome, PROGRAM, Sandbox, root};
use crate::sdks::{node, python};

/// A session, and credentials in the environment that the SDKs would prefer.
fn sandbox_with_other_credentials() -> (Sandbox, String) {
    let (sandbox, token) = Sandbox::logged_in();
    let file = sandbox.write("credentials", "MY_SERVICE_AUTH_TYPE=noAuth\nWATSONX_AI_AUTH_TYPE=noAuth\n");
    let sandbox = sandbox
        .with("IBM_CREDENTIALS_FILE", file.to_str().unwrap())
        .with("MY_SERVICE_AUTH_TYPE", "iam")
        .with("MY_SERVICE_AUTHTYPE", "iam")
        .with("MY_SERVICE_APIKEY", "key")
        .with("MY_SERVICE_USERNAME", "user")
        .with("WATSONX_AI_AUTH_TYPE", "iam")
        .with("WATSONX_AI_APIKEY", "key");
    (sandbox, token)
}

/// Runs an SDK as a program of `exec` for each recipe and service, and checks that it sends the token.
#[track_caller]
fn assert_sdk_sends_the_token(sdk: fn(&Sandbox) -> Option<Command>, script: &str, cases: [(&str, &str); 3]) {
    let (sandbox, token) = sandbox_with_other_credentials();
    let Some(sdk) = sdk(&sandbox) else { return };
    let script = root().join("tests/interop").join(script);
    for (recipe, service) in cases {
        let mut command = sandbox.command(PROGRAM);
        command.args(["exec", "--for", recipe, "--"]).arg(sdk.get_program()).arg(&script).arg(service);
        command.envs(sdk.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let outcome: Outcome = command.output().unwrap().into();
        let shown = outcome.payload().to_ascii_lowercase();
        assert_eq!(shown, format!("bearertoken Bearer {token}").to_ascii_lowercase(), "{outcome:?}");
        assert!(outcome.payload().ends_with(&token));
    }
}

#[test]
fn python_sdk_sends_the_token() {
    let cases =
        [("sdk:my-service", "my-service"), ("sdk:my_service", "my_service"), ("watsonx", "watsonx_ai")];
    assert_sdk_sends_the_token(python, "environment.py", cases);
}

#[test]
fn node_sdk_sends_the_token() {
    let cases =
        [("sdk:my-service", "my-service"), ("sdk:MY-SERVICE", "my_service"), ("watsonx", "watsonx_ai")];
    assert_sdk_sends_the_token(node, "environment.js", cases);
}

/// The file that the warning is about.
#[test]
fn sdk_prefers_the_file_of_the_warning() {
    let (sandbox, _) = Sandbox::logged_in();
    sandbox.write("ibm-credentials.env", "MY_SERVICE_AUTH_TYPE=noAuth\n");
    let Some(python) = python(&sandbox) else { return };
    let script = "from ibm_cloud_sdk_core import get_authenticator_from_environment as get; print(get('my_service').authentication_type())";
    let mut command = sandbox.command(PROGRAM);
    command.args(["exec", "--for", "sdk:my-service"]).arg(python.get_program()).args(["-c", script]);
    let outcome: Outcome = command.output().unwrap().into();
    assert_eq!(outcome.payload(), "noAuth");
    assert!(outcome.stderr.starts_with("warning: `./ibm-credentials.env`"), "{outcome:?}");
}
