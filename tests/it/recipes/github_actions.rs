//! GitHub Actions, by its documentation of workflow commands and environment files.

use std::fs;

use super::{recipe, run_by_shell};
use crate::exchange::success;
use crate::iam_service::{Service, Step};
use crate::sandbox::{Sandbox, jwt};

#[test]
fn later_steps_have_the_token_and_the_log_masks_it() {
    let workflow = &recipe("GitHub Actions")[0];
    let step = workflow.lines().find_map(|line| line.strip_prefix("- run: ")).unwrap();
    let token = jwt(0, 3600);
    let service = Service::plain([Step::Answer(success(&token))]);
    let sandbox = Sandbox::new();
    let env = sandbox.write("env", "");
    let output = sandbox.write("output", "");
    let sandbox = sandbox
        .with("GITHUB_ENV", env.to_str().unwrap())
        .with("GITHUB_OUTPUT", output.to_str().unwrap())
        .with("IBMCLOUD_API_KEY", "demo-key")
        .with("IBMCLOUD_IAM_API_ENDPOINT", service.url());
    assert_eq!(run_by_shell(&sandbox, step).payload(), format!("::add-mask::{token}"));
    for file in [env, output] {
        assert_eq!(fs::read_to_string(file).unwrap(), format!("IAM_TOKEN={token}\n"));
    }
}
