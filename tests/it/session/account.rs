//! Another account.

use crate::sandbox::Sandbox;

#[test]
fn answer_after_a_switch_belongs_to_the_new_account() {
    let sandbox = Sandbox::with_session();
    let account = |sandbox: &Sandbox| sandbox.run("--format json").json()["account"].clone();
    sandbox.run("").fails_with(4);
    for (line, expected) in [
        ("login --apikey key -c first", "first"),
        ("target -c second", "second"),
        ("login --apikey other-key -c third", "third"),
        ("target -c first", "first"),
    ] {
        assert_eq!(sandbox.run_cli(line).status, Some(0));
        let runs = sandbox.calls();
        assert_eq!(account(&sandbox), expected, "{line}");
        assert_eq!(sandbox.run("inspect --format json").json()["account"]["bss"], expected, "{line}");
        assert_eq!(sandbox.run("status --format json").json()["account"]["id"], expected, "{line}");
        assert_eq!(sandbox.calls(), runs, "{line}");
    }
    assert_eq!(sandbox.run_cli("logout").status, Some(0));
    sandbox.run("").fails_with(4);
}
