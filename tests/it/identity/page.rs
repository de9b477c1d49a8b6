//! The examples of `docs/identities.md`, as they stand there.

use super::{ACCOUNT, Iam, PROFILE_ACCOUNT, sandbox};
use crate::readme::page;

#[test]
#[cfg_attr(windows, ignore = "needs a POSIX shell")]
fn every_example_prints_a_token() {
    let iam = Iam::start();
    let (sandbox, session) = sandbox(&iam);
    let iam = iam.accepting(&session);
    let sandbox = sandbox.with("ACCOUNT", PROFILE_ACCOUNT).with("KEY_ACCOUNT", ACCOUNT);
    let path = sandbox.path_with_program();
    let sandbox = sandbox.with("PATH", path);
    let page = page("docs/identities.md");
    let examples: Vec<&str> =
        page.split("```sh\n").skip(1).flat_map(|block| block.split("```").next().unwrap().lines()).collect();
    assert!(examples.len() >= 6, "{examples:?}");
    for example in examples {
        let outcome = sandbox.shell("sh", example);
        assert!(outcome.payload().trim_start_matches("Bearer ").starts_with("eyJ"), "{example}: {outcome:?}");
    }
    assert!(iam.forms().len() >= 6);
}
