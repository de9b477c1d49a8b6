//! The functions that the fuzz targets in `fuzz/` call. This module exists only under `cfg(fuzzing)`, which `cargo fuzz`
//! sets, so it is in no build of a user.

#![allow(missing_docs, reason = "each function is a call to the function that it is named after")]

use std::ffi::OsString;
use std::time::{Duration, SystemTime};

use ureq::http::{HeaderMap, HeaderValue, StatusCode};

use super::curl_guard::{self, Host};
use super::{command, docker_credential, registry_hosts};
use crate::error::{Error, Result};
use crate::format::{self, Format, Shell, Template, Variable};
use crate::iam::{self, Endpoint, Exchanged, Grant};
use crate::ibmcloud::oauth_tokens::ParseError;
use crate::ibmcloud::session_file::{SessionFile, Unusable};
use crate::ibmcloud::{failure, oauth_tokens};
use crate::sanitize;
use crate::secret::SecretBuffer;
use crate::token::{
    AccessToken, ApiKey, Claims, ComputeToken, DEFAULT_LIFETIME, IssuedToken, Origin, Requirements,
    is_complete,
};

pub const REGISTRY_HOSTS: [&str; 26] = registry_hosts::HOSTS;

pub fn parse_any_form(input: &[u8]) -> Result<AccessToken, ParseError> {
    oauth_tokens::parse_any_form(input)
}

pub fn has_failure_reason(text: &[u8]) -> bool {
    failure::reason([text]).is_some()
}

/// The content of a session file.
pub struct SessionContent {
    pub token: Option<AccessToken>,
    pub holds_refresh_token: bool,
    pub details: String,
}

/// Returns whether the file counts as torn if there is no session in it.
pub fn session_file(content: &[u8]) -> Result<SessionContent, bool> {
    match SessionFile::of_content(buffer(content)) {
        Ok(file) => {
            let details = format!("{:?}", file.details());
            Ok(SessionContent { token: file.token, holds_refresh_token: file.holds_refresh_token, details })
        }
        Err(reason) => Err(matches!(reason, Unusable::Torn)),
    }
}

pub fn is_complete_key(typed: &[u8]) -> bool {
    is_complete(typed)
}

pub fn compute_token(content: &[u8]) -> Option<String> {
    ComputeToken::read(content).ok().map(|token| token.expose().to_owned())
}

pub fn issued(token: AccessToken) -> IssuedToken {
    IssuedToken::new(token, Origin::Stdin)
}

pub fn check_requirements(
    token: &IssuedToken,
    min_ttl: Option<Duration>,
    account: Option<String>,
    now: SystemTime,
) -> Result<()> {
    Requirements { min_ttl, account }.ensure(token, now, &|_| ())
}

pub fn inspect(claims: &Claims, token: &IssuedToken, now: SystemTime) -> String {
    command::inspect::text(claims, token.freshness(now, DEFAULT_LIFETIME))
}

/// Returns what a template makes of a token, or nothing if it is not a template.
pub fn render_template(text: &str, token: &IssuedToken, now: SystemTime) -> Option<Result<Vec<u8>>> {
    let format = Format::Template(Template::parse(text).ok()?);
    Some(format::render(token, &format, &[], Shell::Sh, now).map(|text| text.to_vec()))
}

/// Returns a token in a format, or nothing if the names are unknown, a variable is invalid, or the format refuses it.
pub fn render(
    format: &str,
    shell: &str,
    variables: &[&str],
    token: &IssuedToken,
    now: SystemTime,
) -> Option<Result<Vec<u8>>> {
    let format: Format = format.parse().ok()?;
    let (_, shell) = Shell::ALL.into_iter().find(|(name, _)| *name == shell)?;
    let variables: Vec<Variable> = variables.iter().map(|text| text.parse().ok()).collect::<Option<_>>()?;
    if variables.iter().any(|variable| variable.refusal(&format, shell).is_some()) {
        return None;
    }
    Some(format::render(token, &format, &variables, shell, now).map(|text| text.to_vec()))
}

/// Returns the name and the value of a variable, or nothing if it is invalid.
pub fn variable(text: &str, token: &IssuedToken, now: SystemTime) -> Option<(String, Result<Vec<u8>>)> {
    let variable: Variable = text.parse().ok()?;
    Some((variable.name.clone(), variable.value(token, now).map(|value| value.to_vec())))
}

/// Returns whether curl is called for this machine, or the error of a refusal.
pub fn curl_guard(arguments: &[&str], hosts: &[&str]) -> Result<bool> {
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let hosts: Vec<Host> = hosts.iter().map(|host| host.parse().expect("it is the name of a host")).collect();
    curl_guard::check(&arguments, &hosts).map(|allowed| allowed.is_loopback)
}

pub fn sanitized_lines(text: &[u8], known: &[&str]) -> Vec<String> {
    sanitize::lines(text, known)
}

pub fn redact(text: &str) -> String {
    sanitize::redact(text)
}

pub fn sanitized_line(text: &str) -> String {
    sanitize::line(text)
}

pub fn sanitized_json(json: &str) -> String {
    sanitize::json(json)
}

pub fn is_registry(address: &str) -> bool {
    registry_hosts::is_registry(address)
}

/// Returns the address that a client of the credential helper wrote, or nothing if it is refused.
pub fn server_address(input: &[u8]) -> Option<String> {
    docker_credential::address(input).ok().flatten()
}

pub fn credentials(address: &str, token: &AccessToken) -> Vec<u8> {
    docker_credential::credentials(address, token).to_vec()
}

/// Returns the name of the session that a link to the credential helper selects, or nothing if it is invalid.
pub fn session_of_link(name: &str) -> Option<Option<String>> {
    docker_credential::session(name.as_ref()).ok().map(|session| session.map(|name| name.to_string()))
}

/// Returns the token in a response of IAM, and the response as it is passed on.
pub fn iam_response(body: &[u8], requested_at: SystemTime) -> Result<(IssuedToken, Vec<u8>), &'static str> {
    Exchanged::read(buffer(body), requested_at).map(|read| (read.token, read.response.to_vec()))
}

/// Returns the error for a rejection by IAM, or nothing if the status or the header are impossible.
pub fn iam_rejection(status: u16, transaction: &[u8], body: &[u8], key: &ApiKey) -> Option<Error> {
    let mut headers = HeaderMap::new();
    headers.insert("Transaction-Id", HeaderValue::from_bytes(transaction).ok()?);
    let status = StatusCode::from_u16(status).ok()?;
    Some(iam::rejection(&Endpoint::public(), status, &headers, body, &Grant::ApiKey(key)))
}

fn buffer(content: &[u8]) -> SecretBuffer {
    let mut buffer = SecretBuffer::default();
    buffer.push(content);
    buffer
}
