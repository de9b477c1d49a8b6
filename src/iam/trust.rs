//! Whom a TLS connection trusts: the platform's certificate authorities, and one more if the user names it. There is
//! no way to trust everybody.

use std::fs;
use std::path::Path;

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use super::Endpoint;
use crate::error::{Error, Kind, Result};

/// Returns the TLS configuration that trusts the platform, and the authorities in `ca_file`.
pub(super) fn config(ca_file: Option<&Path>) -> Result<TlsConfig> {
    let roots = match ca_file {
        None => RootCerts::PlatformVerifier,
        Some(path) => {
            let mut roots = read(path)?;
            // What cannot be read of the platform's own is left out, as its verifier does.
            let platform = rustls_native_certs::load_native_certs().certs;
            roots.extend(platform.iter().map(|der| Certificate::from_der(der).to_owned()));
            RootCerts::from(roots)
        }
    };
    Ok(TlsConfig::builder().root_certs(roots).build())
}

fn read(path: &Path) -> Result<Vec<Certificate<'static>>> {
    let unusable = |why: String| {
        Error::new(Kind::Usage, format!("the CA file `{}` is of no use: {why}", path.display()))
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
        return Err(unusable("there is no certificate in it".to_owned()));
    }
    Ok(certificates)
}

/// Returns the error for a connection that TLS refused, in words that a person can act on.
pub(super) fn failure(endpoint: &Endpoint, error: &dyn std::error::Error) -> Error {
    let text = error.to_string();
    let has = |word: &str| text.to_ascii_lowercase().contains(word);
    // The name comes first: only that fault repeats names, and a name may hold any word.
    let (what, hint) = if has("notvalidforname") || has("not valid for name") {
        ("is for another host name", "check `--endpoint`: does its name lead to IAM?")
    } else if has("unknownissuer") {
        (
            "is signed by an authority that this machine does not trust",
            "if a proxy inspects TLS here, trust its CA: `--ca-file FILE`",
        )
    } else if has("expired") {
        ("has expired", "check this machine's clock; else the service has to renew it")
    } else if has("notvalidyet") || has("not valid before") {
        ("is not valid yet", "check this machine's clock")
    } else if has("no ca certificates") {
        (
            "could not be checked: this machine has no certificate authorities",
            "install them (`ca-certificates`), or name one: `--ca-file FILE`",
        )
    } else if has("certificate") {
        ("was not accepted", "check `--endpoint`, and whether a proxy stands in between")
    } else {
        return Error::new(
            Kind::Network,
            format!("no encrypted connection to {endpoint} came about (TLS: {text})"),
        )
        .with_hint("check `--endpoint` (does it speak TLS?), and whether a proxy stands in between");
    };
    Error::new(Kind::Network, format!("the certificate of {endpoint} {what}")).with_hint(hint)
}
