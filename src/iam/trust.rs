//! The certificate authorities that a TLS connection trusts: the platform's, and those that the user adds. Verification
//! cannot be turned off.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::path::Path;
use std::{env, io};

use rustls::{CertificateError, Error as TlsError};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::error::{Error, ErrorKind, Result};
use crate::system::environment::Environment;
use crate::system::{blocking, bounded_file};
use crate::time::Deadline;

/// The size limit of a file with certificates. The bundles of operating systems have a quarter of a MiB.
const MAX_CA_FILE: usize = 4 * 1024 * 1024;

/// The size limit of the files in the directories with the platform's authorities. A file counts for each of its links
/// there.
const MAX_CA_DIRECTORIES: u64 = 16 * 1024 * 1024;

/// The variables that name the platform's authorities, which the platform's verifier reads (`rustls-native-certs`), and
/// the check of each.
const PLATFORM: [(&str, FileCheck); 2] = [("SSL_CERT_FILE", check_file), ("SSL_CERT_DIR", check_directories)];

/// Returns why the verifier cannot read what a variable names, if so.
type FileCheck = fn(&OsStr) -> Option<&'static str>;

/// Returns the TLS configuration that trusts the platform, and the authorities in `ca_file`.
pub(super) fn config(
    ca_file: Option<&Path>,
    environment: &Environment,
    deadline: Deadline,
) -> Result<TlsConfig> {
    ensure_platform_is_bounded(environment, deadline)?;
    let roots = match ca_file {
        None => RootCerts::PlatformVerifier,
        Some(path) => {
            let mut roots = read(path, deadline)?;
            // Unreadable platform certificates are ignored, as the platform verifier does.
            let platform = within(deadline, || rustls_native_certs::load_native_certs().certs)?;
            roots.extend(platform.iter().map(|der| Certificate::from_der(der).to_owned()));
            RootCerts::from(roots)
        }
    };
    Ok(TlsConfig::builder().root_certs(roots).build())
}

/// Returns how many certificates of the platform and of the file are trusted.
pub(super) fn count(
    ca_file: Option<&Path>,
    environment: &Environment,
    deadline: Deadline,
) -> Result<(usize, usize)> {
    ensure_platform_is_bounded(environment, deadline)?;
    let of_file = ca_file.map_or(Ok(0), |path| read(path, deadline).map(|found| found.len()))?;
    let of_platform = within(deadline, || rustls_native_certs::load_native_certs().certs.len())?;
    Ok((of_platform, of_file))
}

/// Returns an error if the platform's verifier would block on a pipe, or read until memory runs out.
fn ensure_platform_is_bounded(environment: &Environment, deadline: Deadline) -> Result<()> {
    for (variable, check) in PLATFORM {
        let Some(value) = environment.get(variable) else { continue };
        let owned = value.to_owned();
        if let Some(why) = within(deadline, move || check(&owned))? {
            return Err(Error::new(
                ErrorKind::Usage,
                format!("cannot use `{}`, which {variable} names: {why}", value.display()),
            )
            .with_hint(format!("unset {variable}, and name the certificates with `--ca-file FILE`")));
        }
    }
    Ok(())
}

/// Returns why the verifier cannot read a file. A missing file is not an error here. If the machine has no authorities at
/// all, the TLS error says so.
fn check_file(path: &OsStr) -> Option<&'static str> {
    match Path::new(path).metadata().ok()? {
        metadata if !metadata.is_file() => Some("it is not a regular file"),
        metadata if metadata.len() > MAX_CA_FILE as u64 => Some("it is larger than 4 MiB"),
        _ => None,
    }
}

/// Returns why the verifier cannot read the directories in a list. It skips everything that is not a regular file.
fn check_directories(list: &OsStr) -> Option<&'static str> {
    let directories = env::split_paths(list).filter_map(|directory| directory.read_dir().ok());
    let found = directories.flatten().flatten().filter_map(|entry| entry.path().metadata().ok());
    let mut sizes = found.filter(Metadata::is_file).map(|file| file.len());
    let left = sizes.try_fold(MAX_CA_DIRECTORIES, u64::checked_sub);
    left.is_none().then_some("the files there are larger than 16 MiB together")
}

/// Runs a call that reads the platform's certificates.
fn within<T: Send + 'static>(deadline: Deadline, call: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    blocking::within(deadline, || Ok(call())).map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => deadline.error("this machine's certificate authorities were not read"),
        _ => blocking::no_thread(error),
    })
}

fn read(path: &Path, deadline: Deadline) -> Result<Vec<Certificate<'static>>> {
    let unusable = |why: String| {
        Error::new(ErrorKind::Usage, format!("cannot use the CA file `{}`: {why}", path.display()))
            .with_hint("name a file with certificates in PEM form (`-----BEGIN CERTIFICATE-----`)")
    };
    let late = format!("the CA file `{}` did not end", path.display());
    let content =
        bounded_file::read(path, MAX_CA_FILE, deadline, &late, |error| unusable(error.to_string()))?;
    let pem = content.bytes.ok_or_else(|| unusable("it is larger than 4 MiB".to_owned()))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|_| unusable("it is damaged".to_owned()))? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(unusable("it has no certificate".to_owned()));
    }
    Ok(certificates)
}

/// Returns the error of the TLS library behind an error of the HTTP client.
pub(super) fn tls_error(error: &ureq::Error) -> Option<&TlsError> {
    match error {
        ureq::Error::Rustls(error) => Some(error),
        ureq::Error::Io(error) => error.get_ref()?.downcast_ref(),
        _ => None,
    }
}

/// A server with a certificate.
#[derive(Clone, Copy)]
pub(super) struct Peer<'a> {
    /// Its name for a message.
    pub(super) name: &'a str,
    /// The setting that names it.
    pub(super) setting: &'a str,
    /// The hint if it does not speak TLS at all, if there is a better one than to check the setting.
    pub(super) no_tls_hint: Option<&'a str>,
}

/// Explains a failed TLS handshake in terms that the user can act on.
pub(super) fn failure(peer: Peer<'_>, error: &TlsError) -> Error {
    let Peer { name, setting, .. } = peer;
    let network = |what: String, hint: String| Error::new(ErrorKind::Network, what).with_hint(hint);
    match error {
        TlsError::InvalidCertificate(error) => {
            let (what, hint) = refusal(error, setting);
            network(format!("the certificate of {name} {what}"), hint)
        }
        TlsError::NoCertificatesPresented => {
            network(format!("{name} has no certificate"), format!("check {setting}"))
        }
        // The platform's verifier has no error type for this (`rustls-platform-verifier`).
        TlsError::General(text) if text.contains("No CA certificates") => network(
            format!(
                "the certificate of {name} could not be checked: this machine has no certificate authorities"
            ),
            "install them (`ca-certificates`), or name one with `--ca-file FILE`".to_owned(),
        ),
        TlsError::InvalidMessage(_) => network(
            format!("the TLS handshake with {name} failed: it does not speak TLS"),
            peer.no_tls_hint
                .map_or_else(|| format!("check that {setting} names a port with TLS"), str::to_owned),
        ),
        error => network(
            format!("the TLS handshake with {name} failed: {error}"),
            format!("check that {setting} speaks TLS, and whether a proxy is in between"),
        ),
    }
}

/// Returns why a certificate was refused, as the end of a sentence about it, and what to do.
fn refusal(error: &CertificateError, setting: &str) -> (String, String) {
    let own = |(what, hint): (&str, &str)| (what.to_owned(), hint.to_owned());
    let renew = "ask the operator of the service for a new certificate";
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => own((
            "has expired",
            "check this machine's clock; if it is right, the service must renew its certificate",
        )),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            own(("is not valid yet", "check this machine's clock"))
        }
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => own((
            "has no subject alternative name, and its common name is not used",
            "the service needs a certificate with its host name as a subject alternative name",
        )),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            ("is for another host name".to_owned(), format!("check the host name in {setting}"))
        }
        CertificateError::UnknownIssuer => own((
            "is self-signed, or signed by an authority that this machine does not trust",
            "if a proxy inspects TLS here, trust its CA with `--ca-file FILE`",
        )),
        CertificateError::Revoked => own(("was revoked", renew)),
        CertificateError::BadEncoding => own(("is damaged", renew)),
        CertificateError::BadSignature => own((
            "has a signature that does not belong to its authority",
            "check whether `--ca-file` names the current certificate of the authority",
        )),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            own(("is not meant for a server", renew))
        }
        // The error types of `webpki` and of the platform's verifier cannot be named here.
        CertificateError::Other(other) if is_of_authority(&other.to_string()) => own((
            "is a self-signed CA certificate, which a server cannot use",
            "give the service a certificate signed by a CA, and trust that CA with `--ca-file FILE`",
        )),
        error => (
            format!("was not accepted: {error}"),
            format!("check {setting}, and whether a proxy is in between"),
        ),
    }
}

fn is_of_authority(text: &str) -> bool {
    text.contains("CaUsedAsEndEntity")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_of_tls_names_the_peer_and_says_what_to_do() {
        use CertificateError::{
            BadEncoding, BadSignature, Expired, InvalidPurpose, NotValidForName, NotValidYet, Revoked,
            UnhandledCriticalExtension, UnknownIssuer,
        };
        let certificate = TlsError::InvalidCertificate;
        for (error, what, hint) in [
            (certificate(Expired), "the certificate of `https://x` has expired", "clock"),
            (certificate(NotValidYet), "is not valid yet", "clock"),
            (certificate(NotValidForName), "is for another host name", "`--endpoint`"),
            (certificate(UnknownIssuer), "does not trust", "`--ca-file FILE`"),
            (certificate(Revoked), "was revoked", "ask the operator"),
            (certificate(BadEncoding), "is damaged", "ask the operator"),
            (certificate(BadSignature), "does not belong to its authority", "`--ca-file`"),
            (certificate(InvalidPurpose), "is not meant for a server", "ask the operator"),
            (certificate(UnhandledCriticalExtension), "was not accepted: ", "check `--endpoint`"),
            (TlsError::NoCertificatesPresented, "`https://x` has no certificate", "check `--endpoint`"),
            (TlsError::General("No CA certificates".to_owned()), "has no certificate authorities", "install"),
            (TlsError::DecryptError, "the TLS handshake with `https://x` failed", "speaks TLS"),
        ] {
            let peer = Peer { name: "`https://x`", setting: "`--endpoint`", no_tls_hint: None };
            let failure = failure(peer, &error);
            assert_eq!(failure.kind(), ErrorKind::Network);
            assert!(failure.to_string().contains(what), "{failure}");
            assert!(failure.hint().is_some_and(|shown| shown.contains(hint)), "{failure:?}");
        }
    }
}
