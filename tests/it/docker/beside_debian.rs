//! The same inputs to `docker-credential-secretservice`, from Docker's own repository as Debian packages it.
//!
//! It runs on a message bus and with a keyring of its own. `docker-credential-pass` of the same version is no use here:
//! it answers an unknown server with empty credentials.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use super::{HELPER, ask};
use crate::sandbox::{Outcome, Sandbox, has, run_with_input};

/// Starts a keyring on a bus of its own, runs every action on the files in `in`, and writes the answers to `out`.
const SCRIPT: &str = r#"
    export XDG_RUNTIME_DIR="$HOME/run"
    printf '\n' | gnome-keyring-daemon --unlock --components=secrets >keyring 2>&1
    docker-credential-secretservice store <credentials
    for file in in/*; do
        docker-credential-secretservice get <"$file" >"out/${file#in/}" 2>"out/${file#in/}.stderr"
        echo "$?" >"out/${file#in/}.status"
    done
    docker-credential-secretservice list >list
    docker-credential-secretservice frob >frob
    docker-credential-secretservice >usage
"#;

/// The inputs of `get`, by name.
fn inputs() -> [(&'static str, Vec<u8>); 9] {
    [
        ("known", b"us.icr.io".to_vec()),
        ("known with a line end", b"us.icr.io\n".to_vec()),
        ("known with a CRLF", b"us.icr.io\r\n".to_vec()),
        ("empty", b"".to_vec()),
        ("line end", b"\n".to_vec()),
        ("unknown", b"registry.example".to_vec()),
        ("unknown with a line end", b"https://registry.example/v1/\n".to_vec()),
        ("1 MiB of lines", b"us.icr.io\n".repeat(104_858)),
        ("1 MiB in one line", vec![b'a'; 1024 * 1024]),
    ]
}

#[test]
fn answers_are_those_of_the_helper_of_debian() {
    let tools = ["docker-credential-secretservice", "dbus-run-session", "gnome-keyring-daemon"];
    if !tools.into_iter().all(has) {
        return;
    }
    let (sandbox, token) = Sandbox::logged_in();
    for (name, input) in inputs() {
        sandbox.write(&format!("in/{name}"), input);
    }
    for directory in ["out", "run"] {
        std::fs::create_dir(sandbox.home().join(directory)).unwrap();
    }
    std::fs::set_permissions(sandbox.home().join("run"), std::fs::Permissions::from_mode(0o700)).unwrap();
    let credentials = format!(r#"{{"ServerURL":"us.icr.io","Username":"iambearer","Secret":"{token}"}}"#);
    sandbox.write("credentials", &credentials);
    let mut command = sandbox.command("timeout");
    let outcome = Outcome::from(
        command
            .args(["60", "dbus-run-session", "--", "sh", "-c", SCRIPT])
            .stdin(Stdio::null())
            .output()
            .unwrap(),
    );
    let theirs = |file: &str| {
        let file = sandbox.home().join(file);
        std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}: {outcome:?}", file.display()))
    };

    for (name, input) in inputs() {
        let ours = ask(&sandbox, "get", input);
        let status: i32 = theirs(&format!("out/{name}.status")).trim().parse().unwrap();
        let stdout = theirs(&format!("out/{name}"));
        assert_eq!((ours.status, ours.stderr.as_str()), (Some(status), ""), "{name}: {ours:?}");
        assert_eq!(theirs(&format!("out/{name}.stderr")), "", "{name}");
        if name == "1 MiB in one line" {
            // Theirs fails with an error of its own, in the same form; ours says that there are no credentials.
            assert_eq!((stdout.lines().count(), ours.stdout.lines().count()), (1, 1), "{name}: {stdout}");
        } else {
            assert_eq!(ours.stdout, stdout, "{name}");
        }
    }
    assert_eq!(theirs("list"), "{\"us.icr.io\":\"iambearer\"}\n");
    let ours = ask(&sandbox, "list", "").stdout;
    assert!(ours.contains("\"us.icr.io\":\"iambearer\"") && ours.ends_with("}\n"), "{ours}");
    assert_eq!(ask(&sandbox, "frob", "").stdout.to_lowercase(), theirs("frob").to_lowercase());
    let ours = run_with_input(&mut sandbox.command(HELPER), b"").stdout;
    let theirs = theirs("usage").replace("secretservice", "ibmcloud");
    assert_eq!(ours.to_lowercase(), theirs.to_lowercase());
}
