//! Checks that a curl command line can send the token only to IBM Cloud's hosts.
//!
//! An unknown option is refused, because its value could not be distinguished from a URL after it.

mod options;
mod url;

use std::borrow::Cow;
use std::ffi::OsString;

use options::Kind;
pub(crate) use url::Host;
use url::Url;

use crate::error::{Error, ErrorKind, Result};

/// The result for an allowed command line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Allowed {
    /// Whether a URL names this machine.
    pub(super) is_loopback: bool,
    /// The option that makes curl print the token.
    pub(super) shows_token: Option<String>,
}

/// Returns the error for a command line that is refused.
fn refusal(reason: impl Into<String>) -> Error {
    Error::new(ErrorKind::Usage, reason)
}

/// Checks the arguments of curl.
pub(super) fn check(arguments: &[OsString], hosts: &[Host]) -> Result<Allowed> {
    // A byte that is not UTF-8 becomes a character that no option name and no host contains.
    let mut arguments = arguments.iter().map(|argument| argument.to_string_lossy());
    let mut line = CurlLine::default();
    let mut are_options = true;
    while let Some(argument) = arguments.next() {
        match argument.strip_prefix('-') {
            Some("-") if are_options => are_options = false,
            Some(option) if are_options => match option.strip_prefix('-') {
                Some(name) => line.long_option(name, &mut arguments)?,
                None => line.short_options(option, &mut arguments)?,
            },
            _ => line.urls.push(argument.into_owned()),
        }
    }
    line.check_urls(hosts)
}

/// The part of a command line that has been read.
#[derive(Default)]
struct CurlLine {
    urls: Vec<String>,
    glob_off: bool,
    detour: Option<String>,
    shows_token: Option<String>,
}

impl CurlLine {
    fn long_option<'a>(&mut self, typed: &str, rest: &mut impl Iterator<Item = Cow<'a, str>>) -> Result<()> {
        let shown = format!("--{typed}");
        let name = typed.strip_prefix("no-").unwrap_or(typed);
        let is_on = name.len() == typed.len();
        match Kind::of(name) {
            Some(kind) if is_on || !kind.has_value() => {
                let value = if kind.has_value() { Some(value_of(&shown, rest.next())?) } else { None };
                self.option(&shown, kind, is_on, value.as_deref().unwrap_or_default())
            }
            _ => Err(unknown_long_option(typed)),
        }
    }

    fn short_options<'a>(
        &mut self,
        letters: &str,
        rest: &mut impl Iterator<Item = Cow<'a, str>>,
    ) -> Result<()> {
        if letters.is_empty() {
            return Err(refusal("curl has no option `-`"));
        }
        for (at, letter) in letters.char_indices() {
            let shown = format!("-{letter}");
            let Some(kind) = Kind::of_letter(letter) else {
                return Err(refusal(format!("`{shown}` is not a known option of curl")));
            };
            if kind.has_value() {
                let attached = &letters[at + letter.len_utf8()..];
                let value =
                    if attached.is_empty() { value_of(&shown, rest.next())? } else { attached.into() };
                return self.option(&shown, kind, true, &value);
            }
            self.option(&shown, kind, true, "")?;
        }
        Ok(())
    }

    fn option(&mut self, shown: &str, kind: Kind, is_on: bool, value: &str) -> Result<()> {
        if kind != Kind::Text && value.contains(['\r', '\n']) {
            return Err(refusal(format!("the value of `{shown}` has a line break")));
        }
        match kind {
            Kind::DetourFlag | Kind::Detour => self.detour = Some(shown.to_owned()),
            Kind::Refused(reason) => {
                return Err(refusal(format!("`{shown}` is refused because it {reason}")));
            }
            Kind::GlobOff => self.glob_off = is_on,
            Kind::Verbose | Kind::Trace => self.shows_token = is_on.then(|| shown.to_owned()),
            Kind::Header => check_header(value)?,
            Kind::Method if !is_method(value) => {
                return Err(refusal(format!("the value of `{shown}` is not the name of a method")));
            }
            Kind::RequestTarget if !value.starts_with('/') || value.contains(' ') => {
                return Err(refusal(format!("the value of `{shown}` is not a path")));
            }
            Kind::Url => self.urls.push(value.to_owned()),
            Kind::Flag | Kind::Value | Kind::Text | Kind::Method | Kind::RequestTarget => {}
        }
        Ok(())
    }

    fn check_urls(self, hosts: &[Host]) -> Result<Allowed> {
        if self.urls.is_empty() {
            return Err(refusal("there is no URL among the arguments of curl"));
        }
        let mut is_loopback = false;
        for url in &self.urls {
            let url = Url::parse(url, self.glob_off)?;
            url.check(hosts)?;
            if let Some(detour) = self.detour.as_ref().filter(|_| !url.is_https) {
                let reason = format!(
                    "`{detour}` is refused together with plain http because it may show the token to another machine"
                );
                return Err(refusal(reason));
            }
            is_loopback |= url.is_loopback();
        }
        Ok(Allowed { is_loopback, shows_token: self.shows_token })
    }
}

/// Returns whether a text is the name of a method. Anything longer could be a request line of its own.
fn is_method(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

fn value_of<'a>(option: &str, value: Option<Cow<'a, str>>) -> Result<Cow<'a, str>> {
    value.ok_or_else(|| refusal(format!("`{option}` needs a value")))
}

fn unknown_long_option(typed: &str) -> Error {
    // The text after the equals sign may be a secret.
    let name = typed.split('=').next().unwrap_or_default();
    let known = |name: &str| Kind::of(name.strip_prefix("no-").unwrap_or(name)).is_some();
    if name.starts_with("expand-") {
        return refusal(format!("`--{name}` is refused because the value of a variable cannot be checked"));
    }
    if name.len() < typed.len() && known(name) {
        return refusal(format!(
            "`--{name}=…` is refused, because most versions of curl do not know this form"
        ))
        .with_hint(format!("write `--{name} …`"));
    }
    refusal(format!("`--{name}` is not a known option of curl"))
        .with_hint("write the name in full, and in lower case")
}

/// Checks a header of the user. It must not replace ours, and must not send the request to another site at the same
/// address: a content delivery network chooses the site by the `Host` header.
fn check_header(header: &str) -> Result<()> {
    if header.starts_with('@') {
        return Err(refusal("`-H @…` is refused because the file may have a second `Authorization` header"));
    }
    let name = header.split([':', ';']).next().unwrap_or_default().trim();
    if name.is_empty() || header.starts_with(char::is_whitespace) {
        return Err(refusal("a header has no name"));
    }
    match name.to_ascii_lowercase().as_str() {
        "authorization" => Err(refusal("a second `Authorization` header is refused")),
        "host" => Err(refusal("a `Host` header is refused because it can lead the request to another site")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Splits at spaces. `␣` stands for a space inside an argument, `↵` for a line feed, `∅` for an empty argument.
    fn words(line: &str) -> Vec<OsString> {
        let word = |word: &str| word.replace('␣', " ").replace('↵', "\n").replace('∅', "").into();
        line.split_ascii_whitespace().map(word).collect()
    }

    fn checked(line: &str, hosts: &[&str]) -> Result<Allowed> {
        let hosts: Vec<Host> = hosts.iter().map(|host| host.parse().unwrap()).collect();
        check(&words(line), &hosts)
    }

    #[test]
    fn requests_to_ibm_cloud_are_allowed() {
        for line in [
            // The domains, and names under them.
            "https://cloud.ibm.com",
            "https://iam.cloud.ibm.com/v1/apikeys?pagesize=1",
            "https://us-south.iaas.cloud.ibm.com/v1/instances?version=2026-01-01&generation=2",
            "https://us-south.ml.cloud.ibm.com/ml/v1/text/chat?version=2026-01-01",
            "HTTPS://IAM.Cloud.IBM.com/",
            "https://private.iam.cloud.ibm.com#fragment",
            "https://iam.cloud.ibm.com?a=b@c",
            "https://us.icr.io/v2/",
            "https://icr.io/api/v1/namespaces",
            "https://s3.us-south.cloud-object-storage.appdomain.cloud/",
            "https://0a-1b.us-south.secrets-manager.appdomain.cloud/api/v2/secrets",
            // A service with a port of its own.
            "https://api.us-south.hs-crypto.cloud.ibm.com:9730/api/v2/keys",
            // Options before and after, attached and separate values, combined letters.
            "-s https://icr.io",
            "https://icr.io -s",
            "-sS https://icr.io",
            "-sSfL --max-redirs 3 https://icr.io",
            "-X POST https://icr.io",
            "-XPOST https://icr.io",
            "-sXPOST https://icr.io",
            "-sX POST https://icr.io",
            "--request PATCH https://icr.io",
            "--request-target /v2/?x=1 https://icr.io",
            "-o out https://icr.io",
            "-oout https://icr.io",
            "-so- https://icr.io",
            "-H Accept:␣application/json https://icr.io",
            "-HAccept: https://icr.io",
            "--header IBM-API-Version:␣2026-01-01 https://icr.io",
            "-H X-Authorization:␣x https://icr.io",
            // The body may be anything.
            "-d @- https://icr.io",
            "-d {\"a\":[1]} https://icr.io",
            "--json {↵\"a\":1} https://icr.io",
            "--data-binary @file https://icr.io",
            "-F file=@x https://icr.io",
            "-T file https://icr.io",
            "-w %{http_code}↵ https://icr.io",
            // The value of an option may look like an option or a URL.
            "-d -k https://icr.io",
            "-o http://evil.example https://icr.io",
            "-A --insecure https://icr.io",
            "--user-agent -u https://icr.io",
            // Several URLs; all of them are checked.
            "https://icr.io https://iam.cloud.ibm.com",
            "--url https://icr.io --url https://cloud.ibm.com",
            "-s -- https://icr.io",
            // TLS protects the token from detours.
            "-x http://proxy.example:3128 https://icr.io",
            "--noproxy * https://icr.io",
            "--resolve icr.io:443:192.0.2.1 https://icr.io",
            "--connect-to ::192.0.2.1: https://icr.io",
            "--unix-socket /run/x https://icr.io",
            "--cacert company.pem https://icr.io",
            "--cert client.pem --key client.key https://icr.io",
            // Off is not on.
            "--no-progress-meter --no-buffer --no-keepalive https://icr.io",
            "--no-verbose https://icr.io",
            // Without globs, brackets are literal.
            "-g https://icr.io/?filter={\"a\":[1]}",
            "https://icr.io/?ids[]=1 --globoff",
            "-gs https://icr.io/[1-2]",
            // The path is not judged.
            "https://icr.io/a@b:c//d\\e",
            "https://icr.io/%20%0a?x=http://evil.example",
            "https://icr.io/é",
        ] {
            assert_eq!(checked(line, &[]).expect(line), Allowed::default(), "{line}");
        }
    }

    #[test]
    fn other_hosts_are_refused() {
        for (line, reason) in [
            ("https://evil.example", "`evil.example` is not a host of IBM Cloud"),
            ("https://icr.io https://evil.example", "`evil.example` is not"),
            ("https://icr.io --url https://evil.example", "`evil.example` is not"),
            ("-o out https://icr.io https://evil.example", "`evil.example` is not"),
            ("-- https://evil.example", "`evil.example` is not"),
            // By whole labels.
            ("https://notcloud.ibm.com", "`notcloud.ibm.com` is not"),
            ("https://cloud.ibm.com.evil.example", "is not a host"),
            ("https://cloud.ibm.com-evil.example", "is not a host"),
            ("https://xicr.io", "`xicr.io` is not"),
            ("https://ibm.com", "`ibm.com` is not"),
            ("https://appdomain.cloud", "is not a host"),
            // Domains under which customers run programs.
            ("https://app.1a2b.us-south.codeengine.appdomain.cloud", "is not a host"),
            ("https://x.us-south.containers.appdomain.cloud", "is not a host"),
            ("https://x.lb.appdomain.cloud", "is not a host"),
            ("https://x.mybluemix.net", "is not a host"),
            // This machine has to be named too.
            ("https://localhost:8443", "`localhost` is not a host"),
            ("http://localhost:8080", "`localhost` is not a host"),
            ("https://127.0.0.1", "`127.0.0.1` is not a host"),
            // Forms that curl and this program could understand differently.
            ("https:///icr.io", "invalid host or port"),
            ("https://icr.io.", "invalid host or port"),
            ("https://.icr.io", "invalid host or port"),
            ("https://a..icr.io", "invalid host or port"),
            ("https://icr.io:", "invalid host or port"),
            ("https://icr.io:0", "invalid host or port"),
            ("https://icr.io:65536", "invalid host or port"),
            ("https://icr.io:+1", "invalid host or port"),
            ("https://icr.io:443:80", "invalid host or port"),
            ("https://evil.example\\.icr.io", "invalid host or port"),
            ("https://evil.example\\/.icr.io", "invalid host or port"),
            ("https://evil%2eexample.icr.io", "invalid host or port"),
            ("https://ev\u{ff0e}icr.io", "invalid host or port"),
            ("https://icr.io%00.evil.example", "invalid host or port"),
            ("https://[::1", "makes several URLs"),
            ("-g https://[icr.io]", "invalid host or port"),
            ("https://[::1]x", "invalid host or port"),
            ("https://icr.io␣evil", "space or a control character"),
            ("https://icr.io/␣x", "space or a control character"),
            ("https://icr.io/↵x", "space or a control character"),
            ("␣https://icr.io", "only `https` URLs"),
            ("https://evil.example#@icr.io", "`evil.example` is not"),
            ("https://evil.example?@icr.io", "`evil.example` is not"),
            ("https://evil.example/@icr.io", "`evil.example` is not"),
        ] {
            assert_refused(line, &[], reason);
        }
    }

    #[test]
    fn arguments_that_could_bypass_the_guard_are_refused() {
        for (line, reason) in [
            // No URL, or one that curl would complete.
            ("", "there is no URL"),
            ("-s", "there is no URL"),
            ("--", "there is no URL"),
            ("-o https://icr.io", "there is no URL"),
            ("icr.io", "has no scheme"),
            ("iam.cloud.ibm.com/v1", "has no scheme"),
            ("//icr.io", "has no scheme"),
            ("https:/icr.io", "has no scheme"),
            ("https:icr.io", "has no scheme"),
            ("∅", "has no scheme"),
            ("@urls", "has no scheme"),
            ("https://icr.io @urls", "has no scheme"),
            ("ftp://icr.io", "only `https` URLs"),
            ("file:///etc/passwd", "only `https` URLs"),
            ("gopher://icr.io", "only `https` URLs"),
            ("http://icr.io", "plain `http` is refused"),
            ("HTTP://iam.cloud.ibm.com", "plain `http` is refused"),
            // User info.
            ("https://user@icr.io", "user info"),
            ("https://user:password@icr.io", "user info"),
            ("https://icr.io@evil.example", "user info"),
            ("https://icr.io:443@evil.example", "user info"),
            // Globs make several URLs.
            ("https://{icr.io,evil.example}", "makes several URLs"),
            ("https://icr.io/[1-3]", "makes several URLs"),
            ("https://icr.io/{a,b}", "makes several URLs"),
            ("-g --no-globoff https://icr.io/{a,b}", "makes several URLs"),
            // Options, in every form.
            ("-K config https://icr.io", "`-K` is refused because it adds options"),
            ("-Kconfig https://icr.io", "`-K` is refused"),
            ("-sKconfig https://icr.io", "`-K` is refused"),
            ("--config config https://icr.io", "`--config` is refused"),
            (
                "-k https://icr.io",
                "`-k` is refused because it sends the token to a server whose identity is not checked",
            ),
            ("-sk https://icr.io", "`-k` is refused"),
            ("-ksS https://icr.io", "`-k` is refused"),
            ("https://icr.io --insecure", "`--insecure` is refused"),
            ("--location-trusted https://icr.io", "`--location-trusted` is refused"),
            ("--proto-redir =all https://icr.io", "`--proto-redir` is refused"),
            ("https://icr.io --next https://icr.io", "`--next` is refused"),
            ("https://icr.io -: https://icr.io", "`-:` is refused"),
            ("-s: https://icr.io", "`-:` is refused"),
            ("-u a:b https://icr.io", "`-u` is refused because it is a second way to authenticate"),
            ("-ua:b https://icr.io", "`-u` is refused"),
            ("--user a:b https://icr.io", "`--user` is refused"),
            ("--oauth2-bearer x https://icr.io", "`--oauth2-bearer` is refused"),
            ("--aws-sigv4 x https://icr.io", "`--aws-sigv4` is refused"),
            ("-n https://icr.io", "`-n` is refused"),
            ("--netrc-file x https://icr.io", "`--netrc-file` is refused"),
            ("--negotiate https://icr.io", "`--negotiate` is refused"),
            ("--libcurl x https://icr.io", "`--libcurl` is refused because it writes the token into a file"),
            ("--metalink https://icr.io", "`--metalink` is refused"),
            ("--tlsuser x https://icr.io", "`--tlsuser` is refused"),
            ("--variable a=b https://icr.io", "`--variable` is refused"),
            ("--expand-url {{x}} https://icr.io", "`--expand-url` is refused because"),
            ("--version", "`--version` is refused because it makes no request"),
            ("-V", "`-V` is refused"),
            ("https://icr.io --help", "`--help` is refused"),
            // Headers.
            ("-H Authorization:␣Basic␣x https://icr.io", "second `Authorization`"),
            ("-HAUTHORIZATION:x https://icr.io", "second `Authorization`"),
            ("-sHauthorization:x https://icr.io", "second `Authorization`"),
            ("--header authorization; https://icr.io", "second `Authorization`"),
            ("-H Authorization␣:x https://icr.io", "second `Authorization`"),
            ("-H Authorization https://icr.io", "second `Authorization`"),
            ("-H ␣Authorization:x https://icr.io", "has no name"),
            ("-H :authority:␣evil.example https://icr.io", "has no name"),
            ("-H @headers https://icr.io", "`-H @…` is refused"),
            ("-H @- https://icr.io", "`-H @…` is refused"),
            ("-H X:␣y↵Authorization:␣z https://icr.io", "line break"),
            ("-A x↵Authorization:␣z https://icr.io", "line break"),
            ("-e x↵y https://icr.io", "line break"),
            ("-b a=b↵Host:x https://icr.io", "line break"),
            ("-H Host:␣evil.example https://icr.io", "`Host` header"),
            ("-H host:evil.example https://icr.io", "`Host` header"),
            ("-X GET␣https://evil.example/␣HTTP/1.1 https://icr.io", "not the name of a method"),
            ("--request-target https://evil.example/ https://icr.io", "not a path"),
            ("--request-target /␣HTTP/1.1 https://icr.io", "not a path"),
            // Names that are abbreviated, unknown, or in another case.
            ("--insec https://icr.io", "`--insec` is not a known option"),
            ("--loc https://icr.io", "`--loc` is not a known option"),
            ("--INSECURE https://icr.io", "`--INSECURE` is not a known option"),
            ("--silent=x https://icr.io", "`--silent=…` is refused"),
            ("--header=Accept:x https://icr.io", "`--header=…` is refused"),
            ("--secret=value https://icr.io", "`--secret` is not a known option"),
            ("--no-header x https://icr.io", "`--no-header` is not a known option"),
            ("--no-insecure https://icr.io", "`--no-insecure` is refused"),
            ("--no-no-silent https://icr.io", "is not a known option"),
            ("--a-new-option https://icr.io", "`--a-new-option` is not a known option"),
            ("---silent https://icr.io", "is not a known option"),
            ("-@ https://icr.io", "`-@` is not a known option"),
            ("-s@ https://icr.io", "`-@` is not a known option"),
            ("-é https://icr.io", "`-é` is not a known option"),
            ("- https://icr.io", "no option `-`"),
            // A missing value.
            ("https://icr.io -o", "`-o` needs a value"),
            ("https://icr.io --output", "`--output` needs a value"),
            ("https://icr.io -so", "`-o` needs a value"),
            // After `--` everything is a URL.
            ("-- -k https://icr.io", "has no scheme"),
            ("-- -- https://icr.io", "has no scheme"),
        ] {
            assert_refused(line, &[], reason);
        }
    }

    #[test]
    fn named_host_gets_the_token_and_only_this_machine_by_http() {
        let hosts = ["api.example.org", "localhost", "[::1]", "127.0.0.1", "127.1"];
        for (line, is_loopback) in [
            ("https://api.example.org/v1", false),
            ("https://API.example.org:8443/v1", false),
            ("http://localhost", true),
            ("http://LOCALHOST:8080/x", true),
            ("https://localhost", true),
            ("http://127.0.0.1:1", true),
            ("http://[::1]:8080/x", true),
            ("-g http://[::1]/[x]", true),
            ("https://icr.io http://localhost", true),
            ("https://icr.io", false),
            ("https://127.1", false),
        ] {
            assert_eq!(
                checked(line, &hosts).expect(line),
                Allowed { is_loopback, shows_token: None },
                "{line}"
            );
        }
        for (line, reason) in [
            ("http://api.example.org", "plain `http` is refused"),
            ("http://127.1", "plain `http` is refused"),
            ("http://0x7f.1", "plain `http` is refused"),
            ("http://localhost.evil.example", "plain `http` is refused"),
            ("https://x.api.example.org", "`x.api.example.org` is not"),
            ("https://x.localhost", "`x.localhost` is not"),
            ("http://127.0.0.2", "`127.0.0.2` is not"),
            ("-x http://evil.example http://localhost", "`-x` is refused together with plain http"),
            ("--proxy http://evil.example http://localhost", "`--proxy` is refused together"),
            ("--socks5-hostname evil.example http://localhost", "`--socks5-hostname` is refused together"),
            ("--preproxy socks5://evil.example http://localhost", "`--preproxy` is refused together"),
            ("--noproxy x http://localhost", "`--noproxy` is refused together"),
            ("--resolve localhost:80:192.0.2.1 http://localhost", "`--resolve` is refused together"),
            ("http://localhost --connect-to ::evil.example:", "`--connect-to` is refused together"),
            ("--doh-url https://evil.example http://localhost", "`--doh-url` is refused together"),
            ("--dns-servers 192.0.2.1 http://localhost", "`--dns-servers` is refused together"),
            ("--unix-socket /run/x http://localhost", "`--unix-socket` is refused together"),
            ("-x http://evil.example https://icr.io http://localhost", "`-x` is refused together"),
            ("-p http://localhost", "`-p` is refused together"),
        ] {
            assert_refused(line, &hosts, reason);
        }
    }

    #[test]
    fn options_that_show_the_token_are_reported() {
        for (line, option) in [
            ("-v https://icr.io", "-v"),
            ("-sv https://icr.io", "-v"),
            ("-vv https://icr.io", "-v"),
            ("https://icr.io --verbose", "--verbose"),
            ("--trace - https://icr.io", "--trace"),
            ("--trace-ascii file https://icr.io", "--trace-ascii"),
            ("--stderr file -v https://icr.io", "-v"),
            ("-sSLvo out https://icr.io", "-v"),
            ("-vvvv https://icr.io", "-v"),
            ("--trace-config http/2 -v https://icr.io", "-v"),
            ("--no-verbose --trace - https://icr.io", "--trace"),
            ("--trace-ascii - --no-trace-time https://icr.io", "--trace-ascii"),
        ] {
            let expected = Allowed { is_loopback: false, shows_token: Some(option.to_owned()) };
            assert_eq!(checked(line, &[]).expect(line), expected, "{line}");
        }
        for line in [
            // The value of another option is not an option.
            "-d -v https://icr.io",
            // `--no-verbose` ends every kind of tracing (`parse_verbose` in `src/tool_getparam.c`).
            "-v --no-verbose https://icr.io",
            "--trace file --no-verbose https://icr.io",
            "--trace-ascii - --no-verbose https://icr.io",
            // These say what a trace contains, but do not start one.
            "--trace-config all https://icr.io",
            "--trace-ids --trace-time https://icr.io",
            // These print headers of the response.
            "-i -D - -w %{json}%{header_json} https://icr.io",
        ] {
            assert_eq!(checked(line, &[]).expect(line), Allowed::default(), "{line}");
        }
    }

    #[test]
    fn host_is_one_exact_name() {
        for name in ["localhost", "api.example.org", "A-1.example", "127.0.0.1", "::1", "[::1]", "a_b"] {
            assert!(name.parse::<Host>().is_ok(), "{name}");
        }
        for name in [
            "",
            "*",
            "*.example.org",
            ".example.org",
            "example.org.",
            "https://x",
            "x:80",
            "x/y",
            "a b",
            "[x]",
            "é",
        ] {
            assert!(name.parse::<Host>().is_err(), "{name}");
        }
    }

    #[track_caller]
    fn assert_refused(line: &str, hosts: &[&str], reason: &str) {
        let refusal = checked(line, hosts).expect_err(line);
        assert_eq!(refusal.kind(), ErrorKind::Usage, "{line}: {refusal:?}");
        let message = refusal.to_string();
        assert!(message.contains(reason), "{line}: {message}");
        assert!(!message.contains("a:b") && !message.contains("=value"), "it may be a secret: {message}");
    }
}
