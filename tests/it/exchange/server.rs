//! A stand-in for the IAM service, on loopback. It follows a script, a step for each request, records what it was
//! asked, and checks when it goes that the script was played to its end: no request too few, none too many.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The id that every answer carries, as IAM's do.
pub(crate) const TRANSACTION: &str = "bTlidjk-91c2c5d491364775817d4e78ad5d8d00";

/// What the service does next.
#[derive(Clone)]
pub(crate) enum Step {
    /// Accepts a connection and resets it.
    RefuseConnection,
    /// Accepts a connection and says nothing, not even for TLS.
    IgnoreConnection,
    /// Answers a request.
    Answer(Vec<u8>),
    /// Answers, so many bytes at a time, with a pause after each.
    Trickle(Vec<u8>, usize, Duration),
    /// Says this much and no more, while the connection stays open.
    ThenSilence(Vec<u8>),
    /// Says this much and closes the connection.
    ThenClose(Vec<u8>),
    /// Says this much and resets the connection.
    ThenReset(Vec<u8>),
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) at: Instant,
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    /// Every value of a header.
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

/// Decodes a part of a form.
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

/// An answer of IAM with this status, these further header lines, and a body.
pub(crate) fn answer(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = format!("Content-Length: {}", body.len());
    [head(status, &[headers, &[length.as_str()]].concat()), body.to_vec()].concat()
}

/// The same in chunks of seven bytes.
pub(crate) fn chunked_answer(status: &str, body: &str) -> Vec<u8> {
    let mut answer = head(status, &["Transfer-Encoding: chunked"]);
    for chunk in body.as_bytes().chunks(7) {
        answer.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        answer.extend([chunk, b"\r\n"].concat());
    }
    answer.extend(b"0\r\n\r\n");
    answer
}

/// The head of an answer.
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

/// A certificate authority that only these tests know.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// The authority that the tests trust by `--ca-file`.
pub(crate) static AUTHORITY: LazyLock<Authority> = LazyLock::new(Authority::new);

impl Authority {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let mut parameters = CertificateParams::default();
        // An authority of the same name with another key would be a forger, and not an unknown one.
        let name = format!("Stand-in {}", COUNT.fetch_add(1, Ordering::Relaxed));
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server's certificate for these names, valid from the first day of one year to that of another.
    pub(crate) fn certify(&self, names: &[&str], from: i32, until: i32) -> Tls {
        let names: Vec<String> = names.iter().copied().map(str::to_owned).collect();
        let mut parameters = CertificateParams::new(names).unwrap();
        parameters.not_before = date_time_ymd(from, 1, 1);
        parameters.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.signed_by(&key, &self.0).unwrap();
        let config = ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();
        Tls(Arc::new(config))
    }
}

/// The TLS of a server.
#[derive(Clone)]
pub(crate) struct Tls(Arc<ServerConfig>);

impl Tls {
    /// As it should be.
    pub(crate) fn sound() -> Self {
        static SOUND: LazyLock<Tls> =
            LazyLock::new(|| AUTHORITY.certify(&["localhost", "127.0.0.1"], 2020, 2090));
        SOUND.clone()
    }
}

/// The service. Dropping it checks that the script was played.
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

    /// Returns the next step, unless it is one for a connection and a request is to be answered, or the reverse.
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
    /// A sound service with a script.
    pub(crate) fn new(script: impl Into<Vec<Step>>) -> Self {
        Self::start(Some(Tls::sound()), script.into(), false)
    }

    /// A service that answers a single request.
    pub(crate) fn answering(answer: Vec<u8>) -> Self {
        Self::new([Step::Answer(answer)])
    }

    /// A service that does the same again and again, at least once.
    pub(crate) fn repeating(step: Step) -> Self {
        Self::start(Some(Tls::sound()), vec![step], true)
    }

    /// A service without encryption.
    pub(crate) fn plain(script: impl Into<Vec<Step>>) -> Self {
        Self::start(None, script.into(), false)
    }

    /// A service with TLS of its own that nobody gets to send a request to.
    pub(crate) fn untrusted(tls: Tls) -> Self {
        Self::with_tls(tls, [])
    }

    /// A service with TLS of its own, and a script.
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
                // A client that goes away early is the client's affair.
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

    /// What was asked so far.
    pub(crate) fn requests(&self) -> Vec<Received> {
        self.shared.state().requests.clone()
    }

    /// How many connections there were.
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
            assert!(is_played, "the service was to do {script} things, and did {steps}");
        }
    }
}

fn serve(stream: &TcpStream, tls: Option<Tls>, shared: &Shared) -> io::Result<()> {
    match shared.take(true) {
        Some(Step::RefuseConnection) => return reset(stream),
        Some(_) => return wait_for_the_end(stream),
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
        shared.state().requests.push(request);
        let step = shared.take(false);
        let mut say = |bytes: &[u8]| {
            channel.get_mut().write_all(bytes)?;
            channel.get_mut().flush()
        };
        match step {
            Some(Step::Answer(answer)) => say(&answer)?,
            Some(Step::Trickle(answer, amount, pause)) => {
                for part in answer.chunks(amount) {
                    say(part)?;
                    thread::sleep(pause);
                }
            }
            Some(Step::ThenSilence(part)) => {
                say(&part)?;
                return wait_for_the_end(stream);
            }
            Some(Step::ThenClose(part)) => {
                say(&part)?;
                return stream.shutdown(Shutdown::Both);
            }
            Some(Step::ThenReset(part)) => {
                say(&part)?;
                return reset(stream);
            }
            Some(Step::RefuseConnection | Step::IgnoreConnection) | None => return reset(stream),
        }
    }
    Ok(())
}

fn reset(stream: &TcpStream) -> io::Result<()> {
    // The connection is reset when the last handle is closed: a lingering time of zero.
    Ok(rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO))?)
}

fn wait_for_the_end(mut stream: &TcpStream) -> io::Result<()> {
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
