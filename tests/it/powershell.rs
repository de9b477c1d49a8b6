//! PowerShell cannot be installed from a package registry. A grammar for editors reads what we print for it instead, which
//! finds errors of syntax, and runs nothing.

use std::fs;
use std::path::PathBuf;

use crate::sandbox::{Outcome, Sandbox, jwt, root, run_with_input, token};
use crate::sdks::{installed, works};

/// Parses a script, and returns what `tests/interop/powershell.py` prints of it.
fn parsed(script: &str) -> Option<Outcome> {
    let sandbox = Sandbox::new();
    let python: PathBuf = installed("IBMCLOUD_TOKEN_TEST_PYTHON", "python/bin/python");
    let mut probe = sandbox.command(&python);
    if !works("tree-sitter-powershell", probe.args(["-c", "import tree_sitter_powershell"])) {
        return None;
    }
    let mut command = sandbox.command(python);
    Some(run_with_input(command.arg(root().join("tests/interop/powershell.py")), script.as_bytes()))
}

#[test]
fn completion_script_has_no_syntax_error() {
    let script = Sandbox::new().run("completions powershell").stdout;
    let Some(outcome) = parsed(&script) else { return };
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    // The same check finds an error, or it proves nothing.
    let broken = script.replacen('}', "", 1);
    assert_eq!(parsed(&broken).unwrap().status, Some(1));
}

/// The grammar reads only straight quotation marks. `shells` has a test for the others.
#[test]
fn assignment_is_one_literal_with_the_token() {
    for token in [jwt(0, 3600), token("opaque"), token("long")] {
        let input = format!("IAM token:  Bearer {token}\n");
        let sandbox = Sandbox::new().with("IBMCLOUD_TOKEN_SHELL", "powershell");
        let template = "B=it's $x` %{token}";
        let mut command = sandbox.program(["parse", "-f", "env", "--env", "A", "--env", template]);
        let printed = run_with_input(&mut command, input.as_bytes());
        let Some(outcome) = parsed(printed.payload()) else { return };
        assert_eq!(outcome.payload(), format!("$env:A {token}\n$env:B it's $x` {token}"), "{printed:?}");
    }
}

#[test]
fn documented_lines_have_no_syntax_error() {
    for page in ["README.md", "docs/platforms.md", "docs/recipes.md", "docs/install.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        for block in text.split("```powershell\n").skip(1) {
            // The grammar does not know `--`, which PowerShell passes on to programs (`about_Parsing`).
            let block = block.split("```").next().unwrap().replace(" -- ", " ");
            let Some(outcome) = parsed(&block) else { return };
            assert_eq!(outcome.status, Some(0), "{page}: {outcome:?}");
        }
    }
}
