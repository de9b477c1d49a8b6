//! The certificate authorities that a TLS connection trusts: the platform's, and those that the user adds. Verification
//! cannot be turned off.

use std::fs;
use std::path::Path;

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use super::Endpoint;
use crate::error::{Error, ErrorKind, Result};

/// Returns the TLS configuration that trusts the platform, and the authorities in `ca_file`.
pub(super) fn config(ca_file: Option<&Path>) -> Result<TlsConfig> {
    let roots = match ca_file {
        None => RootCerts::PlatformVerifier,
        Some(path) => {
            let mut roots = read(path)?;
            // Unreadable platform certificates are ignored, as the platform verifier does.
            let platform = rustls_native_certs::load_native_certs().certs;
            roots.extend(platform.iter().map(|der| Certificate::from_der(der).to_owned()));
            RootCerts::from(roots)
        }
    };
    Ok(TlsConfig::builder().root_certs(roots).build())
}

fn read(path: &Path) -> Result<Vec<Certificate<'static>>> {
    let unusable = |why: String| {
        Error::new(ErrorKind::Usage, format!("cannot use the CA file `{}`: {why}", path.display()))
            .with_hint("name a file with certificates in PEM form (`-----BEGIN CERTIFICATE-----`)")
    };
    let pem = fs::read(path).map_err(|error| unusable(error.to_string()))?;
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

/// Explains a failed TLS handshake in terms that the user can act on.
pub(super) fn failure(endpoint: &Endpoint, error: &dyn std::error::Error) -> Error {
    let text = error.to_string();
    let has = |word: &str| text.to_ascii_lowercase().contains(word);
    // The name is checked first, because only that error quotes names, and a name may contain any word.
    let (what, hint) = if has("notvalidforname") || has("not valid for name") {
        ("is for another host name", "check the host name in `--endpoint`")
    } else if has("unknownissuer") {
        (
            "is signed by an authority that this machine does not trust",
            "if a proxy inspects TLS here, trust its CA: `--ca-file FILE`",
        )
    } else if has("expired") {
        ("has expired", "check this machine's clock; if it is right, the service must renew its certificate")
    } else if has("notvalidyet") || has("not valid before") {
        ("is not valid yet", "check this machine's clock")
    } else if has("no ca certificates") {
        (
            "could not be checked: this machine has no certificate authorities",
            "install them (`ca-certificates`), or name one: `--ca-file FILE`",
        )
    } else if has("certificate") {
        ("was not accepted", "check `--endpoint`, and whether a proxy is in between")
    } else {
        return Error::new(ErrorKind::Network, format!("the TLS handshake with {endpoint} failed: {text}"))
            .with_hint("check that `--endpoint` speaks TLS, and whether a proxy is in between");
    };
    Error::new(ErrorKind::Network, format!("the certificate of {endpoint} {what}")).with_hint(hint)
}
