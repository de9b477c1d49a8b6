//! The arguments that reach the CLI.

use super::{assert_logged_in, last_login};
use crate::sandbox::Sandbox;

#[test]
fn arguments_reach_the_cli_exactly() {
    for (line, expected) in [
        (
            "-a https://test.cloud.ibm.com -r eu-de -c 85da0dbb -g my-group",
            "-a https://test.cloud.ibm.com -r eu-de -c 85da0dbb -g my-group",
        ),
        ("--no-region --no-account", "--no-region --no-account"),
        ("-g default --no-account -r us-east", "-r us-east -g default --no-account"),
        (
            "-c 85da0dbb --timeout 1m -- --skip-ssl-validation --accept -r jp-tok",
            "-c 85da0dbb --skip-ssl-validation --accept -r jp-tok",
        ),
    ] {
        let sandbox = Sandbox::with_session();
        sandbox.write_private("key", "good-key");
        assert_logged_in(&sandbox, &sandbox.run(&format!("login --apikey @key {line}")));
        let (arguments, _) = last_login(&sandbox);
        assert_eq!(arguments.join(" "), format!("login {expected}"));
    }
    // An argument with a space stays one argument.
    let sandbox = Sandbox::with_session().with("IBMCLOUD_API_KEY", "good-key");
    let mut command = sandbox.program(["login", "-g", "my group", "--", "--profile", "a 'b' $c *"]);
    assert_logged_in(&sandbox, &command.output().unwrap().into());
    assert_eq!(last_login(&sandbox).0, ["login", "-g", "my group", "--profile", "a 'b' $c *"]);
}
