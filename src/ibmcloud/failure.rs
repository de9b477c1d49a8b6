//! Classifies a failed run of the CLI by what is not translated: `BXNIM` codes, commands in quotation marks, and Go's
//! network errors. The CLI speaks ten languages, so its sentences are matched only where that costs nothing.

use std::sync::LazyLock;

use regex::bytes::RegexSet;

use crate::error::{Error, ErrorKind, Hint};
use crate::sanitize;

/// The reason of a failed run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Nobody is logged in, or the session has ended.
    LoginNeeded,
    /// The user ID is federated and needs a one-time passcode or an API key.
    FederatedId,
    /// The API key, password or passcode was not accepted.
    CredentialsRejected,
    /// The network, a proxy, TLS, or the IAM service.
    Network,
    /// The CLI itself broke down.
    Crashed,
    /// The CLI asked a question, and nobody answered.
    Asked,
    /// The CLI did not understand its command line. Its exit status is 0 then (ibm-cloud-cli-release#144).
    IncorrectUsage,
}

/// Returns what to do if nobody is logged in.
pub(crate) fn log_in_hint() -> Hint {
    Hint::from("log in with ")
        .command("login")
        .text(" (for a federated ID: ")
        .command("login --sso")
        .text(")")
}

/// The signs, strongest first. IAM's codes are listed in `ibm-cloud-cli-sdk`, `authentication/iam/iam.go`,
/// and in public error reports.
const SIGNS: &[(Reason, &str)] = &[
    // 0608: "is federated and must use an API key or one-time passcode"; 0528: "either with an API key or the option --sso".
    (Reason::FederatedId, r"BXNIM(?:0608|0528)E|BMXLS0202E|login --sso \)"),
    // 0415: API key not found; 0602: wrong password; 0109: no username given.
    (Reason::CredentialsRejected, r"BXNIM(?:0415|0602|0109)E|BX0415EWQA"),
    // 429 and 5xx, as the SDK's translated sentence writes them: a number behind a colon, then a comma.
    (
        Reason::Network,
        r"(?::|\xef\xbc\x9a)\s*(?:429|5\d\d)\s*(?:[,;.]|\xef\xbc\x8c|\xe3\x80\x81|$)|X-RateLimit",
    ),
    // Every other code: session inactive (0439), refresh token expired (0408), token invalid (0407), …
    (Reason::LoginNeeded, r"BXNIM\d{4}E|error code: invalid_token|\binvalid_token\b"),
    // Go's net, net/http, crypto/tls and crypto/x509, and what its JSON decoder says to a proxy's HTML.
    (
        Reason::Network,
        r"dial tcp|i/o timeout|no such host|connection (?:refused|reset)|x509:|tls: |proxyconnect|connectex:|wsarecv:|network is unreachable|no route to host|context deadline exceeded|Client\.Timeout exceeded|server misbehaving|unexpected EOF|(?:\x22|://\S+): EOF\b|unsupported protocol scheme|invalid character '<' looking for",
    ),
    // The SDK's prompts at the end of the input (`terminal/prompt.go`): `Could not read from input: EOF`, translated.
    (Reason::Asked, r": EOF\b"),
    // The command to run, in quotation marks of any kind. On Windows with its whole path.
    (
        Reason::LoginNeeded,
        r#"(?:['"`]|\xe2\x80[\x98-\x9f]|\xc2[\xab\xbb]|\xe3\x80[\x8c-\x8f])[^'"`\n]{0,200}\b(?:ibmcloud|bluemix|bx)(?:\.exe)? login\b"#,
    ),
    // IAM's own English, which the SDK prints without the code.
    (
        Reason::LoginNeeded,
        r"(?i)refresh token is expired|refresh token expired|invalidated due to inactivity|not logged in|unable to authenticate",
    ),
    // `Invalid token: ` and `Session inactive: ` as the SDK translates them (`i18n/resources/all.*.json`).
    (
        Reason::LoginNeeded,
        "Invalid token: |Ungültiges Token: |Señal no válida: |Jeton non valide : |Token non valido: |トークンが無効です: |올바르지 않은 토큰: |Token inválido: |令牌无效：|無效的記號：",
    ),
    (
        Reason::LoginNeeded,
        "Session inactive: |Sitzung inaktiv: |Sesión inactiva: |Session inactive : |Sessione inattiva: |セッションは不活発：|세션이 비활성 상태입니다: |Sessão inativa: |会议非活动：|會議非主動：",
    ),
    (Reason::Crashed, r"^panic: |^goroutine \d|^fatal error: "),
    (Reason::IncorrectUsage, r"(?i)incorrect usage|is not a registered command"),
];

static SIGN_SET: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSet::new(SIGNS.iter().map(|(_, pattern)| format!("(?m-u){pattern}")))
        .expect("the patterns are constants")
});

/// Returns the reason that a text gives, if any.
pub(crate) fn reason(text: &[u8]) -> Option<Reason> {
    strongest_reason([text])
}

/// The most bytes that are looked at, at the beginning and at the end of a text. Of junk without an end, only those are
/// looked at, because a megabyte takes most of a second.
const MAX_PART: usize = 32 * 1024;

/// Returns the reason that these texts give together. After a failed login, stderr says "Unable to authenticate" and
/// stdout says why.
pub(crate) fn strongest_reason<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> Option<Reason> {
    let sign = |text| SIGN_SET.matches(&sanitize::without_escapes(text)).iter().next();
    texts.into_iter().flat_map(ends).filter_map(sign).min().map(|index| SIGNS[index].0)
}

/// Returns the beginning and the end of a text, which are all of it unless it is large.
fn ends(text: &[u8]) -> [&[u8]; 2] {
    if text.len() <= 2 * MAX_PART {
        return [text, b""];
    }
    [&text[..MAX_PART], &text[text.len() - MAX_PART..]]
}

impl Reason {
    /// Returns the error for a run (`` `ibmcloud iam oauth-tokens` ``) that failed for this reason.
    pub(crate) fn error(self, run: &str) -> Error {
        match self {
            Self::LoginNeeded => Error::new(
                ErrorKind::LoginNeeded,
                format!("not logged in, or the session has ended: {run} failed"),
            )
            .with_hint(log_in_hint()),
            Self::FederatedId => Error::new(
                ErrorKind::LoginNeeded,
                format!("this user ID cannot log in with a password: {run} failed"),
            )
            .with_hint(
                Hint::from("log in with ")
                    .command("login --sso")
                    .text(", or with an API key: ")
                    .command("login --apikey @FILE"),
            ),
            Self::CredentialsRejected => Error::new(
                ErrorKind::LoginNeeded,
                format!("the credentials were rejected: {run} failed"),
            )
            .with_hint(
                "check the API key, password or passcode: was it deleted, or meant for another account?",
            ),
            Self::Network => {
                Error::new(ErrorKind::Network, format!("IBM Cloud could not be reached: {run} failed"))
                    .with_hint("check the network, HTTPS_PROXY, and `ibmcloud api`; then try again")
            }
            Self::Crashed => Error::new(ErrorKind::IbmcloudFailed, format!("{run} crashed")).with_hint(
                "update the CLI with `ibmcloud update`, or set LANG to a locale that is installed",
            ),
            Self::Asked => Error::new(
                ErrorKind::IbmcloudFailed,
                format!("{run} asked a question, and nobody was there to answer"),
            )
            .with_hint(
                Hint::from("run it at a terminal, or answer in advance: ")
                    .command("login -c ACCOUNT_ID -r REGION"),
            ),
            Self::IncorrectUsage => Error::new(
                ErrorKind::IbmcloudFailed,
                format!("this version of the CLI does not understand {run}"),
            )
            .with_hint("update the CLI with `ibmcloud update`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_is_found_in_any_language() {
        use Reason::{
            Asked, Crashed, CredentialsRejected, FederatedId, IncorrectUsage, LoginNeeded, Network,
        };
        for (text, expected) in [
            ("FAILED\nNot logged in. Use 'ibmcloud login' to log in.", Some(LoginNeeded)),
            ("FEHLGESCHLAGEN\nNicht angemeldet. Verwenden Sie „ibmcloud login“.", Some(LoginNeeded)),
            ("失敗\n「ibmcloud login」を使用してください", Some(LoginNeeded)),
            ("Use 'C:\\Program Files\\IBM\\Cloud\\bin\\ibmcloud.exe login' to log in.", Some(LoginNeeded)),
            ("Código de estado: 400, código de error: BXNIM0439E, mensaje: x", Some(LoginNeeded)),
            ("Provided refresh token is expired", Some(LoginNeeded)),
            (
                "Could not refresh. Please login again: Post \"https://x\": dial tcp 1.2.3.4:443: i/o timeout",
                Some(Network),
            ),
            ("Statuscode: 503, Fehlercode: BXNIM0001E, Nachricht: x", Some(Network)),
            ("状态码：429，x", Some(Network)),
            ("Post \"https://iam.cloud.ibm.com/identity/token\": EOF", Some(Network)),
            ("Get https://iam.cloud.ibm.com: EOF", Some(Network)),
            ("Could not read from input: EOF", Some(Asked)),
            ("connectex: Se produjo un error", Some(Network)),
            ("Code: BXNIM0608E, message: Your user id is federated", Some(FederatedId)),
            ("( C:\\bin\\ibmcloud.exe login --sso ), or use API key", Some(FederatedId)),
            ("Status code: 400, error code: BXNIM0415E, message: x", Some(CredentialsRejected)),
            ("Incorrect Usage: flag provided but not defined: -output", Some(IncorrectUsage)),
            ("panic: detect: not detected", Some(Crashed)),
            ("セッションは不活発：x", Some(LoginNeeded)),
            ("実行できません", None),
            ("", None),
        ] {
            assert_eq!(reason(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn reason_is_found_at_both_ends_of_junk() {
        let failure = "Status code: 400, error code: BXNIM0439E, message: x\n";
        for junk in ["x", "'", "ab cd ", "\x1b[", "\x1b]", "5, ", "{\"a\":", "\n"] {
            let junk = junk.repeat(16 * 1024 * 1024 / junk.len());
            assert_eq!(ends(junk.as_bytes()).map(<[u8]>::len), [MAX_PART; 2]);
            for text in [format!("{failure}{junk}"), format!("{junk}\n{failure}")] {
                assert_eq!(reason(text.as_bytes()), Some(Reason::LoginNeeded), "{}", &junk[..4]);
            }
        }
        let whole = vec![b'x'; 2 * MAX_PART];
        assert_eq!(ends(&whole), [&whole[..], b""]);
    }
}
