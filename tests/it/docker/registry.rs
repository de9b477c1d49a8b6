//! Debian's `docker-registry` on loopback, with token authentication, and clients that get their credentials from the
//! helper by a configuration that `configure docker` has written.
//!
//! The clients believe that they talk to `us.icr.io`: an HTTPS proxy leads them to the registry and to the token
//! service, whose certificates are for that name. So the names, the configuration and the helper are the real ones.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{KeyPair, SigningKey as _};
use rustix::process::{Pid, Signal, kill_process};

use super::helper_directory;
use crate::iam_service::{AUTHORITY, Received, Service, Step, answer};
use crate::sandbox::processes::ArgumentWatch;
use crate::sandbox::{Outcome, Sandbox, eventually, has, jwt, names, now, token_in};

const IMAGE: &str = "us.icr.io/namespace/image";

/// The configuration of an image with one empty layer, and its manifest, named by their SHA-256.
const BLOBS: [(&str, &[u8]); 3] = [
    (
        "83656ea199d8d74b56ef7fe4a0bef9dd10aa412ec632f8ccdf3e0c903471c0a2",
        br#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"]}}"#,
    ),
    ("5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef", &[0; 1024]),
    (
        "2610400cbe43690060eb8b4d0cbea3941c77c51ffee5a11b9b4683499e74f649",
        br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:83656ea199d8d74b56ef7fe4a0bef9dd10aa412ec632f8ccdf3e0c903471c0a2","size":151},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef","size":1024}]}"#,
    ),
];

/// Writes an image that `oci:image` names.
fn write_image(sandbox: &Sandbox) {
    for (name, content) in BLOBS {
        sandbox.write(&format!("image/blobs/sha256/{name}"), content);
    }
    sandbox.write("image/oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
    let manifest = BLOBS[2];
    let descriptor = format!(
        r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:{}","size":{}}}"#,
        manifest.0,
        manifest.1.len()
    );
    sandbox.write("image/index.json", format!(r#"{{"schemaVersion":2,"manifests":[{descriptor}]}}"#));
}

/// A registry, its token service, and the proxy in front of both.
struct Registry {
    server: Child,
    tokens: Service,
    proxy: SocketAddr,
}

impl Registry {
    fn start(sandbox: &Sandbox) -> Self {
        let (certificate, key) = AUTHORITY.issue(&["us.icr.io"], 2020, 2090);
        sandbox.write("ca.pem", AUTHORITY.pem());
        sandbox.write("registry/certificate.pem", certificate.pem());
        sandbox.write_private("registry/key.pem", key.serialize_pem());
        let directory = sandbox.home().join("registry").display().to_string();
        let socket = format!("{directory}/socket");
        let config = sandbox.write(
            "registry/config.yml",
            format!(
                "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n\
                 storage: {{filesystem: {{rootdirectory: {directory}/storage}}}}\n\
                 http:\n  net: unix\n  addr: {socket}\n  relativeurls: true\n\
                 \x20 tls: {{certificate: {directory}/certificate.pem, key: {directory}/key.pem}}\n\
                 auth:\n  token:\n    realm: https://us.icr.io:8443/oauth/token\n    service: registry\n\
                 \x20   issuer: stand-in\n    rootcertbundle: {}/ca.pem\n",
                sandbox.home().display()
            ),
        );
        let mut command = sandbox.command("docker-registry");
        command.arg("serve").arg(config).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(fs::File::create(sandbox.home().join("registry/log")).unwrap());
        let server = command.spawn().unwrap();
        eventually("the registry listens", || UnixStream::connect(&socket).is_ok());

        let tokens = token_service(sandbox.session_file());
        let proxy = proxy(socket.into(), tokens.address);
        Self { server, tokens, proxy }
    }

    /// A client in the sandbox that reaches the registry by the proxy.
    fn client(&self, sandbox: &Sandbox, line: &str) -> Command {
        let mut words = line.split_whitespace();
        let mut command = sandbox.command(words.next().unwrap());
        command.args(words).stdin(Stdio::null());
        command
            .env("HTTPS_PROXY", format!("http://{}", self.proxy))
            .env("SSL_CERT_FILE", sandbox.home().join("ca.pem"))
            .env("XDG_RUNTIME_DIR", sandbox.home().join("run"));
        command
    }

    fn run(&self, sandbox: &Sandbox, line: &str) -> Outcome {
        self.client(sandbox, line).output().unwrap().into()
    }

    #[track_caller]
    fn succeeds(&self, sandbox: &Sandbox, line: &str) {
        let outcome = self.run(sandbox, line);
        assert_eq!(outcome.status, Some(0), "{line}: {outcome:?}");
    }

    /// The credentials of the requests so far, without repetitions.
    fn credentials(&self) -> Vec<String> {
        let requests = self.tokens.requests();
        let mut seen: Vec<String> =
            requests.iter().map(|request| basic(request).unwrap_or_default()).collect();
        seen.dedup();
        seen
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        kill_process(Pid::from_child(&self.server), Signal::KILL).unwrap();
        let _ = self.server.wait();
    }
}

/// The decoded credentials of a request (`Authorization: Basic`).
fn basic(request: &Received) -> Option<String> {
    let value = *request.header("Authorization").first()?;
    String::from_utf8(STANDARD.decode(value.strip_prefix("Basic ")?).unwrap()).ok()
}

/// A service that issues tokens for the registry, as that of icr.io does, to `iambearer` with the token that is in the
/// session file at that moment.
fn token_service(session_file: PathBuf) -> Service {
    let (certificate, key) = AUTHORITY.issue(&["stand-in"], 2020, 2090);
    let chain = STANDARD.encode(certificate.der());
    let answer_to = move |request: &Received| {
        if basic(request) == Some(format!("iambearer:{}", token_in(&session_file))) {
            let token = registry_token(&chain, &key);
            answer("200 OK", &[], format!(r#"{{"token":"{token}","expires_in":3600}}"#))
        } else {
            answer("401 Unauthorized", &[], r#"{"errors":[{"code":"UNAUTHORIZED","message":"wrong"}]}"#)
        }
    };
    let tls = AUTHORITY.certify(&["us.icr.io"], 2020, 2090);
    Service::repeating_with_tls(tls, Step::AnswerWith(Arc::new(answer_to)))
}

/// A JWT with which the registry allows everything (<https://distribution.github.io/distribution/spec/auth/jwt/>).
fn registry_token(chain: &str, key: &KeyPair) -> String {
    let header = format!(r#"{{"typ":"JWT","alg":"ES256","x5c":["{chain}"]}}"#);
    let claims = format!(
        r#"{{"iss":"stand-in","sub":"x","aud":"registry","jti":"1","iat":{0},"nbf":{0},"exp":{1},
        "access":[{{"type":"repository","name":"namespace/image","actions":["pull","push"]}}]}}"#,
        now() - 60,
        now() + 3600
    );
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = raw_signature(&key.sign(signed.as_bytes()).unwrap());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The two numbers of an ECDSA signature in DER, each in 32 bytes, as a JWT has them (RFC 7518, section 3.4).
fn raw_signature(der: &[u8]) -> Vec<u8> {
    let (mut rest, mut raw) = (&der[2..], Vec::new());
    for _ in 0..2 {
        let (number, after) = rest[2..].split_at(usize::from(rest[1]));
        let number = number.strip_prefix(&[0]).unwrap_or(number);
        raw.extend(vec![0; 32 - number.len()]);
        raw.extend_from_slice(number);
        rest = after;
    }
    raw
}

/// An HTTPS proxy that knows two servers: `us.icr.io` at its ports 443 and 8443.
fn proxy(registry: PathBuf, tokens: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let registry = registry.clone();
            thread::spawn(move || tunnel(&client.unwrap(), &registry, tokens));
        }
    });
    address
}

fn tunnel(client: &TcpStream, registry: &Path, tokens: SocketAddr) -> io::Result<()> {
    let mut head = BufReader::new(client.try_clone()?);
    let (mut request, mut line) = (String::new(), String::new());
    head.read_line(&mut request)?;
    while head.read_line(&mut line)? > 2 {
        line.clear();
    }
    match request.split(' ').nth(1) {
        Some("us.icr.io:443") => {
            let server = UnixStream::connect(registry)?;
            let close = server.try_clone()?;
            join(client, server.try_clone()?, server, move || close.shutdown(Shutdown::Both))
        }
        Some("us.icr.io:8443") => {
            let server = TcpStream::connect(tokens)?;
            let close = server.try_clone()?;
            join(client, server.try_clone()?, server, move || close.shutdown(Shutdown::Both))
        }
        _ => client.shutdown(Shutdown::Both),
    }
}

/// Passes on bytes in both directions until one side ends.
fn join(
    client: &TcpStream,
    mut from_server: impl Read,
    mut to_server: impl Write + Send + 'static,
    close: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> io::Result<()> {
    let (mut from_client, mut to_client) = (client.try_clone()?, client.try_clone()?);
    to_client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        close()
    });
    let _ = io::copy(&mut from_server, &mut to_client);
    client.shutdown(Shutdown::Both)
}

/// Checks that a client was seen, or the check proves nothing, and that no arguments contained the token or a part of it.
#[track_caller]
fn token_is_in_no_arguments(watch: ArgumentWatch, client: &str, token: &str) {
    let seen = watch.end();
    assert!(seen.iter().any(|arguments| arguments.starts_with(client)), "{seen:?}");
    let (claims, _) = token.rsplit_once('.').unwrap();
    for part in [claims, &token[token.len() - 40..]] {
        assert!(!seen.iter().any(|arguments| arguments.contains(part)), "{seen:?}");
    }
}

/// A home with a session, the helper in PATH, and a policy that accepts images without signatures.
fn sandbox() -> (Sandbox, String) {
    let (sandbox, token) = Sandbox::logged_in();
    let path = format!("{}:{}", helper_directory().display(), sandbox.path_with_program());
    let sandbox = sandbox.with("PATH", path);
    sandbox.write(".config/containers/policy.json", r#"{"default":[{"type":"insecureAcceptAnything"}]}"#);
    fs::create_dir(sandbox.home().join("run")).unwrap();
    write_image(&sandbox);
    (sandbox, token)
}

#[test]
fn skopeo_pushes_and_pulls_with_the_token_of_the_session() {
    if !(has("docker-registry") && has("skopeo")) {
        return;
    }
    let (sandbox, token) = sandbox();
    let registry = Registry::start(&sandbox);
    let push = format!("skopeo copy oci:image docker://{IMAGE}:1");

    let outcome = registry.run(&sandbox, &push);
    assert_ne!(outcome.status, Some(0), "the registry must not accept an anonymous push: {outcome:?}");
    assert_eq!(registry.credentials(), [""]);

    let configured = sandbox.run("configure docker");
    assert_eq!((configured.status, configured.stderr.as_str()), (Some(0), ""), "{configured:?}");
    let watch = ArgumentWatch::start(sandbox.home());
    registry.succeeds(&sandbox, &push);
    registry.succeeds(&sandbox, &format!("skopeo copy docker://{IMAGE}:1 oci:pulled"));
    token_is_in_no_arguments(watch, "skopeo", &token);
    assert!(names(&sandbox.home().join("pulled/blobs/sha256")).contains(&BLOBS[0].0.to_owned()));
    assert_eq!(registry.credentials(), [String::new(), format!("iambearer:{token}")]);

    // Without the configuration, the client has no credentials.
    assert_eq!(sandbox.run("configure docker --remove").status, Some(0));
    assert_ne!(registry.run(&sandbox, &format!("skopeo inspect docker://{IMAGE}:1")).status, Some(0));
    assert_eq!(registry.credentials().last().map(String::as_str), Some(""));
}

#[test]
fn expired_token_is_renewed_during_a_push_and_a_missing_one_stops_it() {
    if !(has("docker-registry") && has("skopeo")) {
        return;
    }
    let (sandbox, _) = sandbox();
    sandbox.write_session(&jwt(-7200, -3600));
    let registry = Registry::start(&sandbox);
    sandbox.run("configure docker");
    let push = format!("skopeo copy oci:image docker://{IMAGE}:1");

    let sandbox = sandbox.with("STAND_IN_REFRESH", "BXNIM0439E");
    let outcome = registry.run(&sandbox, &push);
    assert_ne!(outcome.status, Some(0), "{outcome:?}");
    assert!(outcome.stderr.contains("docker-credential-ibmcloud: "), "{outcome:?}");
    assert!(outcome.stderr.contains("ibmcloud-token login"), "{outcome:?}");
    // The client does not go on without credentials, so a pull that needs none would be stopped too.
    assert!(registry.tokens.requests().is_empty());

    let sandbox = sandbox.with("STAND_IN_REFRESH", "ok");
    registry.succeeds(&sandbox, &push);
    let renewed = token_in(&sandbox.session_file());
    assert_eq!(registry.credentials(), [format!("iambearer:{renewed}")]);
}

#[test]
fn buildah_and_podman_pull_and_push_with_the_token_of_the_session() {
    for tool in ["buildah", "podman"] {
        if !(has("docker-registry") && has("skopeo") && has(tool)) {
            continue;
        }
        let (sandbox, token) = sandbox();
        let registry = Registry::start(&sandbox);
        // Its own file, and nothing in docker's.
        let file = "configure docker --file run/containers/auth.json";
        assert_eq!(sandbox.run(file).status, Some(0));
        registry.succeeds(&sandbox, &format!("skopeo copy oci:image docker://{IMAGE}:1"));
        let store = |line: &str| {
            let home = sandbox.home().display();
            format!("{tool} --root {home}/store --runroot {home}/runroot --storage-driver vfs {line}")
        };
        let watch = ArgumentWatch::start(sandbox.home());
        registry.succeeds(&sandbox, &store(&format!("pull {IMAGE}:1")));
        registry.succeeds(&sandbox, &store(&format!("push {IMAGE}:1 docker://{IMAGE}:2")));
        token_is_in_no_arguments(watch, tool, &token);
        registry.succeeds(&sandbox, &format!("skopeo inspect docker://{IMAGE}:2"));
        assert_eq!(registry.credentials(), [format!("iambearer:{token}")], "{tool}");
    }
}

#[test]
fn docker_asks_with_the_token_of_the_session_and_shows_why_there_is_none() {
    if !(has("docker-registry") && has("skopeo") && has("docker")) {
        return;
    }
    let (sandbox, token) = sandbox();
    let registry = Registry::start(&sandbox);
    assert_eq!(sandbox.run("configure docker").status, Some(0));
    registry.succeeds(&sandbox, &format!("skopeo copy oci:image docker://{IMAGE}:1"));
    // Pushes and pulls need docker's daemon. This request is made by the client itself.
    let inspect = format!("docker manifest inspect {IMAGE}:1");
    let outcome = registry.run(&sandbox, &inspect);
    assert!(outcome.payload().contains(BLOBS[0].0), "{outcome:?}");
    assert_eq!(registry.credentials(), [format!("iambearer:{token}")]);

    sandbox.write_session(&jwt(-7200, -3600));
    let sandbox = sandbox.with("STAND_IN_REFRESH", "BXNIM0439E");
    let outcome = registry.run(&sandbox, &inspect);
    assert_ne!(outcome.status, Some(0), "{outcome:?}");
    assert!(outcome.hint().contains("ibmcloud-token login"), "{outcome:?}");
}
