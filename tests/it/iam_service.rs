//! A stand-in for the IAM service, on loopback.
//!
//! It follows a script with one step for each request, and records the requests. When it is dropped, it checks that
//! the whole script was used, without a missing or an extra request. It also serves plain HTTP, and other services
//! that a test needs.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The transaction ID in every response.
pub(crate) const TRANSACTION: &str = "bTlidjk-91c2c5d491364775817d4e78ad5d8d00";

/// A function that returns the response to a request.
type Handler = Arc<dyn Fn(&Received) -> Vec<u8> + Send + Sync>;

/// The next action of the service.
#[derive(Clone)]
pub(crate) enum Step {
    /// Accepts a connection and resets it.
    RefuseConnection,
    /// Accepts a connection and sends nothing, not even a TLS handshake.
    IgnoreConnection,
    /// Answers a request.
    Answer(Vec<u8>),
    /// Answers in parts of this many bytes, with a pause after each part.
    Trickle(Vec<u8>, usize, Duration),
    /// Answers a request with the result of a function.
    AnswerWith(Handler),
    /// Sends this and keeps the connection open.
    ThenSilence(Vec<u8>),
    /// Sends this and closes the connection.
    ThenClose(Vec<u8>),
    /// Sends this and resets the connection.
    ThenReset(Vec<u8>),
}

/// A request, as received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) at: Instant,
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    /// The values of a header.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let is_it = |(known, value)| (name.eq_ignore_ascii_case(known)).then_some(value);
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).filter_map(is_it).collect()
    }

    /// The fields of the form, decoded and sorted.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        let mut fields: Vec<_> = self
            .body
            .split('&')
            .map(|field| field.split_once('=').expect("a field has a value"))
            .map(|(name, value)| (decoded(name), decoded(value)))
            .collect();
        fields.sort();
        fields
    }
}

/// Decodes a name or a value of a form.
fn decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).unwrap()
}

/// A response with this status, these additional header lines, and this body.
pub(crate) fn answer(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = format!("Content-Length: {}", body.len());
    [head(status, &[headers, &[length.as_str()]].concat()), body.to_vec()].concat()
}

/// A response in chunks of seven bytes.
pub(crate) fn chunked_answer(status: &str, body: &str) -> Vec<u8> {
    let mut answer = head(status, &["Transfer-Encoding: chunked"]);
    for chunk in body.as_bytes().chunks(7) {
        answer.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        answer.extend([chunk, b"\r\n"].concat());
    }
    answer.extend(b"0\r\n\r\n");
    answer
}

/// The head of a response.
pub(crate) fn head(status: &str, headers: &[&str]) -> Vec<u8> {
    let mut head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nibm-cloud-service-name: iam-identity\r\n\
         Transaction-Id: {TRANSACTION}\r\n"
    );
    for header in headers {
        let _ = write!(head, "{header}\r\n");
    }
    (head + "\r\n").into_bytes()
}

/// A certificate authority for the tests.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// The authority that the tests trust with `--ca-file`.
pub(crate) static AUTHORITY: LazyLock<Authority> = LazyLock::new(Authority::new);

impl Authority {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let mut parameters = CertificateParams::default();
        // With the same name and another key, a certificate would have a bad signature instead of an unknown issuer.
        let name = format!("Stand-in {}", COUNT.fetch_add(1, Ordering::Relaxed));
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for these names, valid from January 1 of one year to January 1 of another, and its key.
    pub(crate) fn issue(&self, names: &[&str], from: i32, until: i32) -> (Certificate, KeyPair) {
        let names: Vec<String> = names.iter().copied().map(str::to_owned).collect();
        let mut parameters = CertificateParams::new(names).unwrap();
        parameters.not_before = date_time_ymd(from, 1, 1);
        parameters.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        (parameters.signed_by(&key, &self.0).unwrap(), key)
    }

    /// The same for a server.
    pub(crate) fn certify(&self, names: &[&str], from: i32, until: i32) -> Tls {
        let (certificate, key) = self.issue(names, from, until);
        Tls::presenting(&certificate, &key)
    }
}

/// The TLS configuration of a server.
#[derive(Clone)]
pub(crate) struct Tls(Arc<ServerConfig>);

impl Tls {
    fn presenting(certificate: &Certificate, key: &KeyPair) -> Self {
        let config = ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();
        Self(Arc::new(config))
    }

    /// A certificate for `localhost` that signs itself, as an authority's or as a server's, and its PEM.
    pub(crate) fn self_signed(is_ca: bool) -> (Self, String) {
        let mut parameters = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        if is_ca {
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        (Self::presenting(&certificate, &key), certificate.pem())
    }

    /// A valid certificate.
    pub(crate) fn valid() -> Self {
        static VALID: LazyLock<Tls> =
            LazyLock::new(|| AUTHORITY.certify(&["localhost", "127.0.0.1"], 2020, 2090));
        VALID.clone()
    }
}

/// The service. Dropping it checks that the whole script was used.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    tls: Option<Tls>,
    shared: Arc<Shared>,
}

struct Shared {
    script: Vec<Step>,
    repeats: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    steps: usize,
    connections: usize,
    requests: Vec<Received>,
    is_over: bool,
}

impl Shared {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next step. For a connection, only a step that concerns the connection is taken.
    fn take(&self, for_connection: bool) -> Option<Step> {
        let mut state = self.state();
        let next = if self.repeats { self.script.last() } else { self.script.get(state.steps) };
        let is_for_connection = matches!(next, Some(Step::RefuseConnection | Step::IgnoreConnection));
        if for_connection && !is_for_connection {
            return None;
        }
        state.steps += 1;
        next.cloned()
    }
}

impl Service {
    /// A service with a valid certificate and a script.
    pub(crate) fn new(script: impl Into<Vec<Step>>) -> Self {
        Self::start(Some(Tls::valid()), script.into(), false)
    }

    /// A service that answers one request.
    pub(crate) fn answering(answer: Vec<u8>) -> Self {
        Self::new([Step::Answer(answer)])
    }

    /// A service that repeats a step, at least once.
    pub(crate) fn repeating(step: Step) -> Self {
        Self::start(Some(Tls::valid()), vec![step], true)
    }

    /// The same with this certificate.
    pub(crate) fn repeating_with_tls(tls: Tls, step: Step) -> Self {
        Self::start(Some(tls), vec![step], true)
    }

    /// A service without encryption.
    pub(crate) fn plain(script: impl Into<Vec<Step>>) -> Self {
        Self::start(None, script.into(), false)
    }

    /// A service without encryption that answers every request, at least one, with the result of a function.
    pub(crate) fn plain_answering_with(
        answer: impl Fn(&Received) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        Self::start(None, vec![Step::AnswerWith(Arc::new(answer))], true)
    }

    /// A service whose certificate the clients must refuse.
    pub(crate) fn untrusted(tls: Tls) -> Self {
        Self::with_tls(tls, [])
    }

    /// A service with this certificate and a script.
    pub(crate) fn with_tls(tls: Tls, script: impl Into<Vec<Step>>) -> Self {
        Self::start(Some(tls), script.into(), false)
    }

    fn start(tls: Option<Tls>, script: Vec<Step>, repeats: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { script, repeats, state: Mutex::default() });
        let service = Self { address, tls: tls.clone(), shared: Arc::clone(&shared) };
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.state().is_over {
                    break;
                }
                shared.state().connections += 1;
                let (tls, shared) = (tls.clone(), Arc::clone(&shared));
                // A client may disconnect early.
                thread::spawn(move || drop(serve(&stream.unwrap(), tls, &shared)));
            }
        });
        service
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://localhost:{}", if self.tls.is_some() { "https" } else { "http" }, self.port())
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<Received> {
        self.shared.state().requests.clone()
    }

    /// The number of connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.shared.state().connections
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shared.state().is_over = true;
        drop(TcpStream::connect(self.address));
        if !thread::panicking() {
            let (steps, script) = (self.shared.state().steps, self.shared.script.len());
            let is_played = if self.shared.repeats { steps >= script } else { steps == script };
            assert!(is_played, "the script has {script} steps, but the service took {steps}");
        }
    }
}

fn serve(stream: &TcpStream, tls: Option<Tls>, shared: &Shared) -> io::Result<()> {
    match shared.take(true) {
        Some(Step::RefuseConnection) => return reset(stream),
        Some(_) => return wait_for_end(stream),
        None => {}
    }
    match tls {
        Some(Tls(config)) => {
            let connection = ServerConnection::new(config).map_err(io::Error::other)?;
            converse(StreamOwned::new(connection, stream.try_clone()?), stream, shared)
        }
        None => converse(stream.try_clone()?, stream, shared),
    }
}

/// Answers the requests of one connection.
fn converse(channel: impl Read + Write, stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    let mut channel = BufReader::new(channel);
    while let Some(request) = read_request(&mut channel)? {
        shared.state().requests.push(request.clone());
        let step = shared.take(false);
        let mut send = |bytes: &[u8]| {
            channel.get_mut().write_all(bytes)?;
            channel.get_mut().flush()
        };
        match step {
            Some(Step::Answer(answer)) => send(&answer)?,
            Some(Step::AnswerWith(function)) => send(&function(&request))?,
            Some(Step::Trickle(answer, amount, pause)) => {
                for part in answer.chunks(amount) {
                    send(part)?;
                    thread::sleep(pause);
                }
            }
            Some(Step::ThenSilence(part)) => {
                send(&part)?;
                return wait_for_end(stream);
            }
            Some(Step::ThenClose(part)) => {
                send(&part)?;
                return stream.shutdown(Shutdown::Both);
            }
            Some(Step::ThenReset(part)) => {
                send(&part)?;
                return reset(stream);
            }
            Some(Step::RefuseConnection | Step::IgnoreConnection) | None => return reset(stream),
        }
    }
    Ok(())
}

fn reset(stream: &TcpStream) -> io::Result<()> {
    // With a linger time of zero, closing the last handle resets the connection.
    Ok(rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO))?)
}

fn wait_for_end(mut stream: &TcpStream) -> io::Result<()> {
    io::copy(&mut stream, &mut io::sink()).map(drop)
}

fn read_request(channel: &mut impl BufRead) -> io::Result<Option<Received>> {
    let mut next_line = || {
        let mut line = String::new();
        channel.read_line(&mut line)?;
        io::Result::Ok(line.trim_end().to_owned())
    };
    let line = next_line()?;
    if line.is_empty() {
        return Ok(None);
    }
    let at = Instant::now();
    let mut headers = Vec::new();
    loop {
        let header = next_line()?;
        let Some((name, value)) = header.split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut received = Received { at, line, headers, body: String::new() };
    let length = received.header("Content-Length").first().map_or(0, |length| length.parse().unwrap());
    channel.take(length).read_to_string(&mut received.body)?;
    Ok(Some(received))
}
