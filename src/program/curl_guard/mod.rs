//! Decides whether a command line of curl can send the token to IBM Cloud's hosts only.
//!
//! An option that is not known is refused, because its value and the URLs after it could not be told apart.

mod options;
#[cfg(test)]
mod tests;
mod url;

use std::borrow::Cow;
use std::ffi::OsString;

use options::Kind;
pub(crate) use url::Host;
use url::Url;

/// What follows from a command line that is allowed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Allowed {
    /// Whether a URL leads to this machine.
    pub(super) is_loopback: bool,
    /// The option that makes curl print the token.
    pub(super) shows_token: Option<String>,
}

/// Why a command line is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) reason: String,
    pub(super) hint: Option<String>,
}

impl Refusal {
    fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), hint: None }
    }

    fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// Checks the arguments of curl.
pub(super) fn check(arguments: &[OsString], hosts: &[Host]) -> Result<Allowed, Refusal> {
    // A byte that is not UTF-8 becomes a character that no name and no host has.
    let mut arguments = arguments.iter().map(|argument| argument.to_string_lossy());
    let mut line = Line::default();
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

/// A command line as far as it has been read.
#[derive(Default)]
struct Line {
    urls: Vec<String>,
    glob_off: bool,
    detour: Option<String>,
    shows_token: Option<String>,
}

impl Line {
    fn long_option<'a>(
        &mut self,
        typed: &str,
        rest: &mut impl Iterator<Item = Cow<'a, str>>,
    ) -> Result<(), Refusal> {
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
    ) -> Result<(), Refusal> {
        if letters.is_empty() {
            return Err(Refusal::new("curl has no option `-`"));
        }
        for (at, letter) in letters.char_indices() {
            let shown = format!("-{letter}");
            let Some(kind) = Kind::of_letter(letter) else {
                return Err(Refusal::new(format!("`{shown}` is not a known option of curl")));
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

    fn option(&mut self, shown: &str, kind: Kind, is_on: bool, value: &str) -> Result<(), Refusal> {
        if kind != Kind::Text && value.contains(['\r', '\n']) {
            return Err(Refusal::new(format!("the value of `{shown}` has a line break")));
        }
        match kind {
            Kind::Flag | Kind::Value | Kind::Text => {}
            Kind::DetourFlag | Kind::Detour => self.detour = Some(shown.to_owned()),
            Kind::Refused(reason) => return Err(Refusal::new(format!("`{shown}` is refused: it {reason}"))),
            Kind::GlobOff => self.glob_off = is_on,
            Kind::Verbose | Kind::Trace => self.shows_token = is_on.then(|| shown.to_owned()),
            Kind::Header => check_header(value)?,
            Kind::Method
                if !value
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') =>
            {
                return Err(Refusal::new(format!("the value of `{shown}` is not the name of a method")));
            }
            Kind::Method => {}
            Kind::RequestTarget if !value.starts_with('/') || value.contains(' ') => {
                return Err(Refusal::new(format!("the value of `{shown}` is not a path")));
            }
            Kind::RequestTarget => {}
            Kind::Url => self.urls.push(value.to_owned()),
        }
        Ok(())
    }

    fn check_urls(self, hosts: &[Host]) -> Result<Allowed, Refusal> {
        if self.urls.is_empty() {
            return Err(Refusal::new("there is no URL among the arguments of curl"));
        }
        let mut is_loopback = false;
        for url in &self.urls {
            let url = Url::parse(url, self.glob_off)?;
            url.check(hosts)?;
            if let Some(detour) = self.detour.as_ref().filter(|_| !url.is_https) {
                let reason = format!(
                    "`{detour}` is refused together with plain http: it may show the token to another machine"
                );
                return Err(Refusal::new(reason));
            }
            is_loopback |= url.is_loopback();
        }
        Ok(Allowed { is_loopback, shows_token: self.shows_token })
    }
}

fn value_of<'a>(option: &str, value: Option<Cow<'a, str>>) -> Result<Cow<'a, str>, Refusal> {
    value.ok_or_else(|| Refusal::new(format!("`{option}` needs a value")))
}

fn unknown_long_option(typed: &str) -> Refusal {
    // What follows the equals sign may be a secret.
    let name = typed.split('=').next().unwrap_or_default();
    let known = |name: &str| Kind::of(name.strip_prefix("no-").unwrap_or(name)).is_some();
    if name.starts_with("expand-") {
        return Refusal::new(format!(
            "`--{name}` is refused: what a variable becomes cannot be checked here"
        ));
    }
    if name.len() < typed.len() && known(name) {
        return Refusal::new(format!(
            "`--{name}=…` is refused, because most versions of curl do not know this form"
        ))
        .with_hint(format!("write `--{name} …`"));
    }
    Refusal::new(format!("`--{name}` is not a known option of curl"))
        .with_hint("write the name in full, and in lower case")
}

/// Checks a header of the user. It must not compete with ours, and not lead the request to another site at the same
/// address, as a content delivery network does by the header `Host`.
fn check_header(header: &str) -> Result<(), Refusal> {
    if header.starts_with('@') {
        return Err(Refusal::new(
            "`-H @…` is refused: a second `Authorization` in it could not be seen here",
        ));
    }
    let name = header.split([':', ';']).next().unwrap_or_default().trim();
    if name.is_empty() || header.starts_with(char::is_whitespace) {
        return Err(Refusal::new("a header has no name"));
    }
    match name.to_ascii_lowercase().as_str() {
        "authorization" => Err(Refusal::new("a second `Authorization` header is refused")),
        "host" => Err(Refusal::new("a `Host` header is refused: it can lead the request to another site")),
        _ => Ok(()),
    }
}
