//! The options of curl 7.55.0 to 8.22.0 (`src/tool_getparam.c`), sorted by what they mean for the guard.
//!
//! In these releases no option other than `--help` changed whether it takes a value, and no name became a prefix of
//! another one that older releases would complete.

/// Options without a value that cannot bypass the guard.
const FLAGS: &str = "\
    alpn append buffer ca-native cert-status clobber compressed compressed-ssh create-dirs crlf disable disable-eprt \
    disable-epsv disallow-username-in-url eprt epsv fail fail-early fail-with-body false-start follow form-escape \
    ftp-create-dirs ftp-pasv ftp-pret ftp-skip-pasv-ip ftp-ssl ftp-ssl-ccc ftp-ssl-control ftp-ssl-reqd get head \
    http0.9 http1.0 http1.1 http2 http2-prior-knowledge http3 http3-only ignore-content-length include ipv4 ipv6 \
    junk-session-cookies keepalive list-only location mail-rcpt-allowfails mptcp npn out-null parallel \
    parallel-immediate path-as-is post301 post302 post303 progress-bar progress-meter raw remote-header-name \
    remote-name remote-name-all remote-time remove-on-error retry-all-errors retry-connrefused sasl-ir sessionid \
    show-error show-headers silent skip-existing ssl ssl-allow-beast ssl-auto-client-cert ssl-no-revoke ssl-reqd \
    ssl-revoke-best-effort sslv2 sslv3 styled-output tcp-fastopen tcp-nodelay tftp-no-options tls-earlydata tlsv1 \
    tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3 tr-encoding trace-ids trace-time use-ascii xattr";

/// Options with a value of one line that cannot bypass the guard.
const VALUES: &str = "\
    alt-svc cacert capath cert cert-type ciphers connect-timeout continue-at cookie cookie-jar create-file-mode \
    crlfile curves delegation dump-header ech egd-file engine etag-compare etag-save expect100-timeout ftp-account \
    ftp-alternative-to-user ftp-method ftp-port ftp-ssl-ccc-mode happy-eyeballs-timeout-ms hostpubmd5 hostpubsha256 \
    hsts ip-tos ipfs-gateway keepalive-cnt keepalive-time key key-type knownhosts krb krb4 limit-rate local-port \
    login-options mail-auth mail-from mail-rcpt max-filesize max-redirs max-time output output-dir parallel-max \
    parallel-max-host pass pinnedpubkey proto proto-default pubkey quote random-file range rate referer retry \
    retry-delay retry-max-time sasl-authzid service-name sigalgs speed-limit speed-time ssl-sessions stderr \
    telnet-option tftp-blksize time-cond tls-max tls13-ciphers trace-config upload-file upload-flags url-query \
    user-agent vlan-priority";

/// Options with a value of any number of lines: the body of the request, and the output format.
const TEXTS: &str = "data data-ascii data-binary data-raw data-urlencode form form-string json write-out";

/// Options that route a request through another machine or to another address. TLS makes that harmless, so they are
/// refused together with plain http only. The first list has no values.
const DETOUR_FLAGS: &str = "\
    doh-cert-status doh-insecure haproxy-protocol proxy-anyauth proxy-basic proxy-ca-native proxy-digest proxy-http2 \
    proxy-http3 proxy-insecure proxy-negotiate proxy-ntlm proxy-ssl-allow-beast proxy-ssl-auto-client-cert \
    proxy-tlsv1 proxytunnel socks5-basic socks5-gssapi socks5-gssapi-nec suppress-connect-headers";
const DETOURS: &str = "\
    abstract-unix-socket connect-to dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url haproxy-clientip \
    interface noproxy preproxy proxy proxy-cacert proxy-capath proxy-cert proxy-cert-type proxy-ciphers \
    proxy-crlfile proxy-header proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name \
    proxy-tls13-ciphers proxy-tlsauthtype proxy-tlspassword proxy-tlsuser proxy-user proxy1.0 resolve socks4 socks4a \
    socks5 socks5-gssapi-service socks5-hostname unix-socket";

/// Options that are refused, and why.
const REFUSED: [(&str, &str); 9] = [
    ("insecure", "sends the token to a server whose identity is not checked"),
    ("tlsauthtype tlspassword tlsuser", "checks the server by a password instead of its certificate"),
    ("location-trusted proto-redir", "sends the token to the target of a redirect"),
    ("metalink", "lets the server name further URLs"),
    ("next", "starts a request with options of its own"),
    ("config variable", "adds options or values that cannot be checked here"),
    (
        "anyauth aws-sigv4 basic digest httpsig-algo httpsig-headers httpsig-key httpsig-keyid negotiate netrc \
         netrc-file netrc-optional ntlm ntlm-wb oauth2-bearer user",
        "is a second way to authenticate",
    ),
    ("libcurl", "writes the token into a file"),
    ("dump-ca-embed help manual version", "makes no request, so it needs no token"),
];

/// A letter, and the long name of the same option.
const SHORT: &str = "\
    #progress-bar 0http1.0 1tlsv1 2sslv2 3sslv3 4ipv4 6ipv6 :next Auser-agent Buse-ascii Ccontinue-at Ddump-header \
    Ecert Fform Gget Hheader Ihead Jremote-header-name Kconfig Llocation Mmanual Nbuffer Oremote-name Pftp-port \
    Qquote Rremote-time Sshow-error Tupload-file Uproxy-user Vversion Xrequest Yspeed-limit Zparallel aappend bcookie \
    ccookie-jar ddata ereferer ffail ggloboff hhelp iinclude jjunk-session-cookies kinsecure llist-only mmax-time \
    nnetrc ooutput pproxytunnel qdisable rrange ssilent ttelnet-option uuser vverbose wwrite-out xproxy yspeed-time \
    ztime-cond";

/// The way in which the guard treats an option.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Flag,
    Value,
    Text,
    DetourFlag,
    Detour,
    Refused(&'static str),
    GlobOff,
    Verbose,
    Trace,
    Header,
    Method,
    RequestTarget,
    Url,
}

impl Kind {
    /// Returns the kind of the option with this long name, if it is known.
    pub(super) fn of(name: &str) -> Option<Self> {
        let lists = |names: &str| names.split_ascii_whitespace().any(|known| known == name);
        Some(match name {
            "globoff" => Self::GlobOff,
            "verbose" => Self::Verbose,
            "trace" | "trace-ascii" => Self::Trace,
            "header" => Self::Header,
            "request" => Self::Method,
            "request-target" => Self::RequestTarget,
            "url" => Self::Url,
            _ if lists(FLAGS) => Self::Flag,
            _ if lists(VALUES) => Self::Value,
            _ if lists(TEXTS) => Self::Text,
            _ if lists(DETOUR_FLAGS) => Self::DetourFlag,
            _ if lists(DETOURS) => Self::Detour,
            _ => Self::Refused(REFUSED.iter().find(|(names, _)| lists(names))?.1),
        })
    }

    /// Returns the kind of the option with this letter, if it is known.
    pub(super) fn of_letter(letter: char) -> Option<Self> {
        Self::of(SHORT.split_ascii_whitespace().find_map(|option| option.strip_prefix(letter))?)
    }

    pub(super) fn has_value(self) -> bool {
        !matches!(self, Self::Flag | Self::DetourFlag | Self::Refused(_) | Self::GlobOff | Self::Verbose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of curl 8.22.0 has 287 options. Three of them are only in builds for debugging (`test-duphandle`,
    /// `test-event`) and for DOS (`wdebug`). Each of the others is in one list only.
    #[test]
    fn every_option_of_curl_is_known() {
        let lists = [FLAGS, VALUES, TEXTS, DETOUR_FLAGS, DETOURS];
        let refused = REFUSED.iter().map(|(names, _)| *names);
        let mut names: Vec<&str> =
            lists.into_iter().chain(refused).flat_map(str::split_ascii_whitespace).collect();
        names.extend([
            "globoff",
            "verbose",
            "trace",
            "trace-ascii",
            "header",
            "request",
            "request-target",
            "url",
        ]);
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert_eq!(count, 284);
        for name in names {
            assert!(Kind::of(name).is_some(), "{name}");
        }
        for option in SHORT.split_ascii_whitespace() {
            let letter = option.chars().next().unwrap();
            assert!(Kind::of_letter(letter).is_some(), "{option}");
        }
    }
}
