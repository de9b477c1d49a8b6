//! The hosts of IBM Cloud Container Registry, and the spellings of them that clients use.
//!
//! A token goes to these hosts and to no other, so they are listed one by one. A pattern such as "ends in `.icr.io`"
//! would also match hosts that somebody else runs, and `cp.icr.io`, which takes entitlement keys instead of tokens.

/// The global registry, and that of each region, with the private endpoint of each.
///
/// Source: <https://cloud.ibm.com/docs/Registry?topic=Registry-registry_overview#registry_regions>, and
/// `GetServiceURLForRegion` of <https://github.com/IBM/container-registry-go-sdk> for the private names.
pub(super) const HOSTS: [&str; 26] = [
    "icr.io",
    "au.icr.io",
    "br.icr.io",
    "ca.icr.io",
    "ca2.icr.io",
    "de.icr.io",
    "es.icr.io",
    "in.icr.io",
    "in2.icr.io",
    "jp.icr.io",
    "jp2.icr.io",
    "uk.icr.io",
    "us.icr.io",
    "private.icr.io",
    "private.au.icr.io",
    "private.br.icr.io",
    "private.ca.icr.io",
    "private.ca2.icr.io",
    "private.de.icr.io",
    "private.es.icr.io",
    "private.in.icr.io",
    "private.in2.icr.io",
    "private.jp.icr.io",
    "private.jp2.icr.io",
    "private.uk.icr.io",
    "private.us.icr.io",
];

/// Returns whether a server address, as clients write it, means one of the hosts: `https://` or no scheme, the host in
/// any case and with or without a final dot, port 443 or none, and any path of plain characters.
pub(super) fn is_registry(address: &str) -> bool {
    let rest = match address.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => rest,
        Some(_) => return false,
        None => address,
    };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = authority.strip_suffix(":443").unwrap_or(authority);
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    path.bytes().all(is_plain) && HOSTS.iter().any(|known| known.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_has_a_public_and_a_private_host() {
        let (public, private) = HOSTS.split_at(HOSTS.len() / 2);
        for (public, private) in public.iter().zip(private) {
            assert_eq!(format!("private.{public}"), *private);
        }
    }

    #[test]
    fn hosts_are_recognized_in_every_accepted_spelling() {
        for host in HOSTS {
            let upper = host.to_ascii_uppercase();
            for address in [
                host.to_owned(),
                upper.clone(),
                format!("https://{host}"),
                format!("HTTPS://{upper}"),
                format!("{host}."),
                format!("{host}:443"),
                format!("{host}.:443"),
                format!("{host}/"),
                format!("{host}/namespace"),
                format!("https://{host}:443/v2/name-space/image_1"),
            ] {
                assert!(is_registry(&address), "{address}");
            }
        }
    }
}
