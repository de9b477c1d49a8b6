//! Clients from PyPI and npm: IBM's SDKs for Python and Node.js, and the tools of the recipes.
//!
//! `tests/interop/install` installs them. `IBMCLOUD_TOKEN_TEST_PYTHON` and `IBMCLOUD_TOKEN_TEST_NODE_MODULES` are other
//! places for them. Without them the tests that need them are skipped, unless `IBMCLOUD_TOKEN_TEST_ALL` is set.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::sandbox::{PROGRAM, Sandbox, is_available};

/// The path of a client: from a variable, or in `interop` in the target directory.
pub(crate) fn installed(variable: &str, default: &str) -> PathBuf {
    // The program under test is in target/debug, or in target/TRIPLE/debug.
    let in_target = || {
        let mut directories = Path::new(PROGRAM).ancestors().skip(2).map(|parent| parent.join("interop"));
        directories.find(|directory| directory.exists()).unwrap_or_default().join(default)
    };
    env::var_os(variable).map_or_else(in_target, PathBuf::from)
}

/// Whether a client works here.
pub(crate) fn works(client: &str, probe: &mut Command) -> bool {
    let works =
        probe.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    is_available(works, &format!("{client} is not installed: run tests/interop/install"))
}

/// Python with ibm-cloud-sdk-core, if it is installed.
pub(crate) fn python(sandbox: &Sandbox) -> Option<Command> {
    let own = installed("IBMCLOUD_TOKEN_TEST_PYTHON", "python/bin/python");
    let python = if own.exists() { own } else { PathBuf::from("python3") };
    let mut probe = sandbox.command(&python);
    works("ibm-cloud-sdk-core for Python", probe.args(["-c", "import ibm_cloud_sdk_core"]))
        .then(|| sandbox.command(python))
}

/// Node.js with ibm-cloud-sdk-core, if it is installed.
pub(crate) fn node(sandbox: &Sandbox) -> Option<Command> {
    let modules = installed("IBMCLOUD_TOKEN_TEST_NODE_MODULES", "node/node_modules");
    let node = || {
        let mut node = sandbox.command("node");
        node.env("NODE_PATH", &modules);
        node
    };
    let mut probe = node();
    works("ibm-cloud-sdk-core for Node.js", probe.args(["-e", "require('ibm-cloud-sdk-core')"])).then(node)
}
