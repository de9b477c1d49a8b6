//! Classifies failed runs of the CLI by text that is not translated: `BXNIM` codes, commands in quotation marks, and
//! Go's network errors. The CLI's sentences are translated into ten languages, so they are only a fallback.

use std::sync::LazyLock;

use regex::bytes::RegexSet;

use crate::error::{Error, ErrorKind, Hint};
use crate::sanitize;

/// The number of bytes that are searched at each end of a text. The CLI gives the reason first or last, and searching
/// 1 MiB of other text would take seconds.
const SEARCHED: usize = 32 * 1024;

/// The reason of a failed run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The CLI cannot read, write or lock its configuration.
    ConfigurationUnusable,
    /// The CLI crashed.
    Crashed,
    /// The user ID is federated and needs a one-time passcode or an API key.
    FederatedId,
    /// The API key, password or passcode was not accepted.
    CredentialsRejected,
    /// The account requires another factor (MFA).
    FactorMissing,
    /// IAM refused and gave a reason: the session has ended, or the login is not allowed.
    Refused,
    /// The CLI says that nobody is logged in. Its SDK says so too if it could not reach IAM to renew the session.
    NotLoggedIn,
    /// The network, a proxy, TLS, or the IAM service.
    Network,
    /// The response came from something other than IAM, such as a proxy with an HTML page.
    AnswerNotFromIam,
    /// The CLI asked a question that nobody answered.
    Asked,
    /// The CLI did not understand its command line. Its exit status is 0 then (ibm-cloud-cli-release#144).
    IncorrectUsage,
}

/// The purpose of a run of the CLI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The token of the session.
    Token,
    /// A login.
    Login,
}

/// Returns the hint for an error that says nobody is logged in.
pub(crate) fn log_in_hint() -> Hint {
    Hint::from("log in with ")
        .command("login")
        .text(" (for a federated ID: ")
        .command("login --sso")
        .text(")")
}

/// Returns the hint if the CLI says that nobody is logged in although its session file still holds a session.
pub(crate) fn out_of_reach_hint() -> Hint {
    Hint::from(
        "the session file still holds a session, so IAM may be unreachable; check the network and HTTPS_PROXY, and try again; if that does not help, log in with ",
    )
    .command("login")
}

/// The patterns, in order of precedence. IAM's codes are listed in `ibm-cloud-cli-sdk`, `authentication/iam/iam.go`,
/// and in public error reports.
const SIGNS: &[(Reason, &str)] = &[
    // The SDK panics if it cannot open or lock a file (`configuration/persistor.go`). The last form is cf's.
    (Reason::ConfigurationUnusable, r"^(?:panic: )?(?i:configuration error): |^Error read/writing config: "),
    // This comes before the rest, because a stack trace contains numbers and words that the other patterns match.
    (Reason::Crashed, r"^panic: |^goroutine \d|^fatal error: "),
    // 0608: "is federated and must use an API key or one-time passcode"; 0528: "either with an API key or the option --sso".
    (Reason::FederatedId, r"BXNIM(?:0608|0528)E|BMXLS0202E|login --sso \)"),
    // 0415: API key not found; 0602: wrong password; 0109: no username given.
    (Reason::CredentialsRejected, r"BXNIM(?:0415|0602|0109)E|BX0415EWQA"),
    // 0400: another factor. The SDK replaces the code by that of the requirement, in a translated sentence.
    (
        Reason::FactorMissing,
        "BXNIM0400E|External authentication failed|externe Authentifizierung ist fehlgeschlagen|fallado la autenticación externa|Échec d'authentification externe|Autenticazione esterna non riuscita|外部認証に失敗しました|외부 인증에 실패했습니다|Falha na autenticação externa|外部认证失败|外部鑑別失敗",
    ),
    // The session is inactive (0439), its refresh token expired (0408), a token invalid (0407). The text after the
    // code does not matter.
    (Reason::Refused, r"BXNIM04(?:07|08|39)E"),
    // 429 and 5xx, as the SDK's translated sentence writes them: a number behind a colon, then a comma.
    (
        Reason::Network,
        r"(?::[ \t]+|\xef\xbc\x9a\s*)(?:429|5\d\d)\s*(?:[,;.]|\xef\xbc\x8c|\xe3\x80\x81|$)|X-RateLimit",
    ),
    // Every other code.
    (Reason::Refused, r"BXNIM\d{4}E|error code: invalid_token|\binvalid_token\b"),
    // Go's net/http: the method and the URL, in quotation marks since Go 1.14, then any reason.
    (Reason::Network, r"\b(?:Get|Head|Post|Put|Patch|Delete) (?:\x22[a-z]+://[^\x22\s]+\x22|[a-z]+://\S+): "),
    // Go's net, net/http, crypto/tls and crypto/x509.
    (
        Reason::Network,
        r"dial tcp|(?:read|write) tcp |i/o timeout|no such host|connection (?:refused|reset)|x509:|tls: |proxyconnect|socks connect|connectex:|wsarecv:|network is unreachable|no route to host|context deadline exceeded|Client\.Timeout exceeded|server misbehaving|unexpected EOF|(?:\x22|://\S+): EOF\b|unsupported protocol scheme|net/http: |http: server gave HTTP response|malformed HTTP|http2: |stopped after \d+ redirects|Proxy Authentication Required",
    ),
    // Responses that are not IAM's. The SDK parses text that does not look like JSON as YAML
    // (`common/rest/client.go`).
    (
        Reason::AnswerNotFromIam,
        r"yaml: (?:unmarshal errors|line \d|[a-z])|json: cannot unmarshal|invalid character '.{1,8}' (?:looking for|after|in) |empty response body|Error response from server\.|Error reading response: |(?i:<!doctype html|<html)",
    ),
    // The SDK's prompts at the end of the input (`terminal/prompt.go`): `Could not read from input: EOF`, translated.
    (Reason::Asked, r"(?::|\xef\xbc\x9a|\xe3\x80\x82)\s*EOF\b"),
    // The command to run, in quotation marks of any kind. On Windows with its whole path.
    (
        Reason::NotLoggedIn,
        r#"(?:['"`]|\xe2\x80[\x98-\x9f]|\xc2[\xab\xbb]|\xe3\x80[\x8c-\x8f])[^'"`\n]{0,200}\b(?:ibmcloud|bluemix|bx|ic)(?:\.exe)? login\b"#,
    ),
    // IAM's own English, which the SDK prints without the code.
    (Reason::Refused, r"(?i)refresh token is expired|refresh token expired|invalidated due to inactivity"),
    (Reason::NotLoggedIn, r"(?i)not logged in|unable to authenticate"),
    // `Invalid token: ` and `Session inactive: ` as the SDK translates them (`i18n/resources/all.*.json`).
    (
        Reason::Refused,
        "Invalid token: |Ungültiges Token: |Señal no válida: |Jeton non valide : |Token non valido: |トークンが無効です: |올바르지 않은 토큰: |Token inválido: |令牌无效：|無效的記號：",
    ),
    (
        Reason::Refused,
        "Session inactive: |Sitzung inaktiv: |Sesión inactiva: |Session inactive : |Sessione inattiva: |セッションは不活発：|세션이 비활성 상태입니다: |Sessão inativa: |会议非活动：|會議非主動：",
    ),
    (Reason::IncorrectUsage, r"(?i)incorrect usage|is not a registered command"),
];

static SIGN_SET: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSet::new(SIGNS.iter().map(|(_, pattern)| format!("(?m-u){pattern}")))
        .expect("the patterns are constants")
});

/// Returns the reason that these texts give together, if any. After a failed login, stderr says "Unable to authenticate"
/// and stdout says why.
pub(crate) fn reason<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> Option<Reason> {
    let sign = |text| SIGN_SET.matches(&sanitize::without_escapes(text)).iter().next();
    texts.into_iter().flat_map(ends).filter_map(sign).min().map(|index| SIGNS[index].0)
}

/// Returns the beginning and the end of a text. Together they are the whole text unless it is large.
fn ends(text: &[u8]) -> [&[u8]; 2] {
    if text.len() <= 2 * SEARCHED {
        return [text, b""];
    }
    [&text[..SEARCHED], &text[text.len() - SEARCHED..]]
}

impl Reason {
    /// Returns the error for a run (`` `ibmcloud iam oauth-tokens` ``) that failed for this reason.
    pub(crate) fn error(self, run: &str, purpose: Purpose) -> Error {
        use ErrorKind::{IbmcloudFailed, LoginNeeded, Network};
        let (kind, what) = match self {
            Self::ConfigurationUnusable => {
                (IbmcloudFailed, format!("{run} failed: the CLI cannot use its configuration directory"))
            }
            Self::Crashed => (IbmcloudFailed, format!("{run} crashed")),
            Self::FederatedId => {
                (LoginNeeded, format!("{run} failed: this user ID cannot log in with a password"))
            }
            Self::CredentialsRejected => {
                (LoginNeeded, format!("{run} failed: the credentials were rejected"))
            }
            Self::FactorMissing => {
                (LoginNeeded, format!("{run} failed: the account requires multifactor authentication"))
            }
            Self::Refused | Self::NotLoggedIn if purpose == Purpose::Login => {
                (LoginNeeded, format!("{run} failed: the login was refused"))
            }
            Self::Refused | Self::NotLoggedIn => {
                (LoginNeeded, format!("{run} failed: not logged in, or the session has ended"))
            }
            Self::Network => (Network, format!("{run} failed: IBM Cloud could not be reached")),
            Self::AnswerNotFromIam => (Network, format!("{run} failed: the response did not come from IAM")),
            Self::Asked => {
                (IbmcloudFailed, format!("{run} asked a question, and nobody was there to answer"))
            }
            Self::IncorrectUsage => {
                (IbmcloudFailed, format!("this version of the CLI does not understand {run}"))
            }
        };
        Error::new(kind, what).with_hint(self.hint(purpose))
    }

    fn hint(self, purpose: Purpose) -> Hint {
        match self {
            Self::ConfigurationUnusable => Hint::from(
                "check its permissions, the free disk space, and whether another run holds its lock; or set IBMCLOUD_HOME to a directory that you may write to",
            ),
            Self::Crashed => {
                Hint::from("update the CLI with `ibmcloud update`, or set LANG to a locale that is installed")
            }
            Self::FederatedId => Hint::from("log in with ")
                .command("login --sso")
                .text(", or with an API key: ")
                .command("login --apikey @FILE"),
            Self::CredentialsRejected => Hint::from(
                "check the API key, password or passcode; it may have been deleted, or belong to another account",
            ),
            Self::FactorMissing if purpose == Purpose::Login => {
                Hint::from("set up the factor at https://cloud.ibm.com, or use an API key: ")
                    .command("login --apikey @FILE")
            }
            Self::FactorMissing => Hint::from("complete it in a browser: ").command("login --sso"),
            // "Log in" would not help after a login.
            Self::Refused | Self::NotLoggedIn if purpose == Purpose::Login => Hint::from(
                "check the account, the endpoint and the credentials against what the CLI says; an administrator can tell whether this login is allowed",
            ),
            Self::Refused | Self::NotLoggedIn => log_in_hint(),
            Self::Network => Hint::from("check the network, HTTPS_PROXY, and `ibmcloud api`; then try again"),
            Self::AnswerNotFromIam => Hint::from(
                "check that no proxy or sign-in page of the network answers in place of IAM, and check `ibmcloud api`",
            ),
            Self::Asked => Hint::from("run it at a terminal, or answer in advance: ")
                .command("login -c ACCOUNT_ID -r REGION"),
            Self::IncorrectUsage => Hint::from("update the CLI with `ibmcloud update`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_reason(expected: Option<Reason>, texts: &[&str]) {
        for text in texts {
            assert_eq!(reason([text.as_bytes()]), expected, "{text}");
        }
    }

    #[test]
    fn missing_login_is_found_in_any_language() {
        assert_reason(
            Some(Reason::NotLoggedIn),
            &[
                "FAILED\nNot logged in. Use 'ibmcloud login' to log in.",
                "FAILED\nNot logged in. Use 'ic login' to log in.",
                "FAILED\nUse 'ic login' to log in.",
                "FEHLGESCHLAGEN\nNicht angemeldet. Verwenden Sie „ibmcloud login“.",
                "失敗\n「ibmcloud login」を使用してください",
                "使用“ic login”",
                "Use 'C:\\Program Files\\IBM\\Cloud\\bin\\ibmcloud.exe login' to log in.",
            ],
        );
        assert_reason(None, &["'magic login' is a word", "実行できません", "", "see topic login"]);
    }

    #[test]
    fn code_of_iam_decides_whatever_surrounds_it() {
        assert_reason(
            Some(Reason::Refused),
            &[
                "Código de estado: 400, código de error: BXNIM0439E, mensaje: x",
                "Provided refresh token is expired",
                "BXNIM0408E: Provided refresh token is expired, transaction: 503.",
                "error code: BXNIM0408E, message: Post \"https://x\": dial tcp: i/o timeout",
                "BXNIM0407E\nX-RateLimit-Limit: 5",
                "Status code: 400, error code: BXNIM0141E, message: x",
                "セッションは不活発：x",
            ],
        );
        assert_reason(
            Some(Reason::CredentialsRejected),
            &["Status code: 400, error code: BXNIM0415E, message: x"],
        );
        assert_reason(
            Some(Reason::FederatedId),
            &[
                "Code: BXNIM0608E, message: Your user id is federated",
                "( C:\\bin\\ibmcloud.exe login --sso ), or use API key",
            ],
        );
    }

    /// The sentences are those of `i18n/resources/all.*.json` in the CLI's SDK.
    #[test]
    fn missing_factor_is_found_in_any_language() {
        assert_reason(
            Some(Reason::FactorMissing),
            &[
                "External authentication failed. Error code: BXNIM0400E, message: MFA",
                "External authentication failed. Error code: ENROLL_MFA, message: 503.",
                "Die externe Authentifizierung ist fehlgeschlagen. Fehlercode: X, Meldung: m",
                "Ha fallado la autenticación externa. Código de error: X mensaje: m",
                "Échec d'authentification externe. Code d'erreur : X, message : m",
                "Autenticazione esterna non riuscita. Codice di errore: X, messaggio: m",
                "外部認証に失敗しました。 エラーコード X メッセージ m",
                "외부 인증에 실패했습니다. 오류 코드: X, 메시지: m",
                "Falha na autenticação externa. Código de erro: X, mensagem: m",
                "外部认证失败。 错误代码： X 信息： m",
                "外部鑑別失敗。 錯誤代碼： X, 訊息： m",
            ],
        );
    }

    /// The sentences are those of Go and of the CLI's SDK, which do not translate them.
    #[test]
    fn network_failure_is_found_in_any_language() {
        assert_reason(
            Some(Reason::Network),
            &[
                "Could not refresh. Please login again: Post \"https://x\": dial tcp 1.2.3.4:443: i/o timeout",
                "Statuscode: 503, Fehlercode: BXNIM0001E, Nachricht: x",
                "Code de statut : 503, x",
                "状态码：429，x",
                "Post \"https://iam.cloud.ibm.com/identity/token\": EOF",
                "Post \"https://iam.cloud.ibm.com/identity/token\": Proxy Authentication Required",
                "Post \"https://iam.cloud.ibm.com/identity/token\": Forbidden",
                "Post \"https://iam.cloud.ibm.com/identity/token\": Bad Gateway",
                "Put \"http://169.254.169.254/instance_identity/v1/token\": anything",
                "Get https://iam.cloud.ibm.com: EOF",
                "Post https://iam.cloud.ibm.com/identity/token: Proxy Authentication Required",
                "net/http: HTTP/1.x transport connection broken: malformed HTTP response \"x\"",
                "read tcp 10.0.0.1:5->1.2.3.4:443: read: connection reset by peer",
                "dial tcp: lookup public.dhe.ibm.com: no such host",
            ],
        );
        // Go's own words are enough without the request before them. Each of these matches in one way only.
        assert_reason(
            Some(Reason::Network),
            &[
                "dial tcp 104.95.208.175:443: connect: permission denied",
                "read tcp 10.0.0.1:5->104.95.208.175:443: use of closed network connection",
                "write tcp 10.0.0.1:5->104.95.208.175:443: write: broken pipe",
                "lookup iam.cloud.ibm.com on 10.0.0.1:53: read udp 10.0.0.2:5->10.0.0.1:53: i/o timeout",
                "lookup public.dhe.ibm.com: no such host",
                "connect: connection refused",
                "read: connection reset by peer",
                "x509: certificate signed by unknown authority",
                "remote error: tls: handshake failure",
                "proxyconnect tcp: EOF",
                "socks connect tcp 127.0.0.1:1080->iam.cloud.ibm.com:443: unknown error",
                "connectex: Se produjo un error",
                "wsarecv: An existing connection was forcibly closed by the remote host.",
                "connect: network is unreachable",
                "connect: no route to host",
                "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
                "lookup iam.cloud.ibm.com on 10.0.0.1:53: server misbehaving",
                "unexpected EOF",
                "Post \"iam.cloud.ibm.com/identity/token\": unsupported protocol scheme \"\"",
                "net/http: TLS handshake timeout",
                "http: server gave HTTP response to HTTPS client",
                "http2: client connection lost",
                "stopped after 10 redirects",
            ],
        );
        assert_reason(
            Some(Reason::AnswerNotFromIam),
            &[
                "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!str `<html>` into iam.Token",
                "yaml: line 4: mapping values are not allowed in this context",
                "json: cannot unmarshal array into Go value of type iam.Token",
                "invalid character '<' looking for beginning of value",
                "invalid character '\\x00' in string literal",
                "empty response body",
                "Error response from server. Status code: 403; message: <HTML><body>no</body>",
                "Error response from server. Status code: 407; message: ",
            ],
        );
        // The path of a source file in a stack trace ends in digits, too.
        assert_reason(None, &["bx_config.go:593", "at 10:30:503 x"]);
    }

    #[test]
    fn crash_is_recognized_before_anything_else() {
        assert_reason(
            Some(Reason::Crashed),
            &[
                "panic: detect: not detected",
                "panic: x\n\ngoroutine 1 [running]:\nmain.main()\n\t/go/bx_config.go:593\n",
                "panic: Post \"https://x\": dial tcp: i/o timeout\nBXNIM0415E",
                "fatal error: runtime: out of memory",
            ],
        );
        assert_reason(
            Some(Reason::ConfigurationUnusable),
            &[
                "panic: configuration error: context deadline exceeded\n\ngoroutine 1 [running]:",
                "Configuration error: mkdir /output/.bluemix/plugins: permission denied",
                "Error read/writing config:  unexpected end of JSON input",
            ],
        );
    }

    #[test]
    fn unanswered_question_is_found_in_any_language() {
        assert_reason(
            Some(Reason::Asked),
            &[
                "Could not read from input: EOF",
                "入力から読み取れませんでした。 EOF",
                "无法从输入进行读取： EOF",
                "無法從輸入讀取： EOF",
                "Lecture impossible à partir de l'entrée : EOF",
            ],
        );
        assert_reason(
            Some(Reason::IncorrectUsage),
            &["Incorrect Usage: flag provided but not defined: -output"],
        );
    }

    #[test]
    fn reason_is_at_one_end_of_a_long_text() {
        let junk = "x y: 1\n".repeat(200_000);
        for text in [format!("{junk}Not logged in\n"), format!("Not logged in\n{junk}")] {
            assert_eq!(reason([text.as_bytes()]), Some(Reason::NotLoggedIn));
        }
        assert_eq!(reason([format!("{junk}Not logged in\n{junk}").as_bytes()]), None);
    }

    #[test]
    fn failed_login_is_not_answered_with_log_in() {
        for reason in [Reason::Refused, Reason::NotLoggedIn] {
            let error = reason.error("`ibmcloud login`", Purpose::Login);
            assert_eq!(error.kind(), ErrorKind::LoginNeeded);
            assert!(error.to_string().contains("the login was refused"), "{error}");
            let hint = error.hint().unwrap_or_default();
            assert!(!hint.contains("log in") && !hint.contains("ibmcloud-token"), "{hint}");
            let error = reason.error("`ibmcloud iam oauth-tokens`", Purpose::Token);
            assert!(error.hint().unwrap_or_default().starts_with("log in with"), "{error:?}");
        }
    }

    #[test]
    fn reason_is_found_at_both_ends_of_junk() {
        let failure = "Status code: 400, error code: BXNIM0439E, message: x\n";
        for junk in ["x", "'", "ab cd ", "\x1b[", "\x1b]", "5, ", "{\"a\":", "\n"] {
            let junk = junk.repeat(16 * 1024 * 1024 / junk.len());
            assert_eq!(ends(junk.as_bytes()).map(<[u8]>::len), [SEARCHED; 2]);
            for text in [format!("{failure}{junk}"), format!("{junk}\n{failure}")] {
                assert_eq!(reason([text.as_bytes()]), Some(Reason::Refused), "{}", &junk[..4]);
            }
        }
        let whole = vec![b'x'; 2 * SEARCHED];
        assert_eq!(ends(&whole), [&whole[..], b""]);
    }

    #[test]
    fn every_reason_has_an_error_of_its_kind_and_a_hint() {
        use ErrorKind::{IbmcloudFailed, LoginNeeded, Network};
        for (reason, kind, hint, hint_after_a_login) in [
            (Reason::ConfigurationUnusable, IbmcloudFailed, "permissions", "permissions"),
            (Reason::Crashed, IbmcloudFailed, "ibmcloud update", "ibmcloud update"),
            (Reason::FederatedId, LoginNeeded, "login --sso", "login --sso"),
            (Reason::CredentialsRejected, LoginNeeded, "check the API key", "check the API key"),
            (Reason::FactorMissing, LoginNeeded, "login --sso", "login --apikey @FILE"),
            (Reason::Refused, LoginNeeded, "ibmcloud-token login", "check the account"),
            (Reason::NotLoggedIn, LoginNeeded, "ibmcloud-token login", "check the account"),
            (Reason::Network, Network, "HTTPS_PROXY", "HTTPS_PROXY"),
            (Reason::AnswerNotFromIam, Network, "sign-in page", "sign-in page"),
            (Reason::Asked, IbmcloudFailed, "login -c ACCOUNT_ID", "login -c ACCOUNT_ID"),
            (Reason::IncorrectUsage, IbmcloudFailed, "update", "update"),
        ] {
            for (purpose, hint) in [(Purpose::Token, hint), (Purpose::Login, hint_after_a_login)] {
                let error = reason.error("`ibmcloud x`", purpose);
                assert!(error.kind() == kind && error.to_string().contains("`ibmcloud x`"), "{error}");
                assert!(error.hint().is_some_and(|shown| shown.contains(hint)), "{reason:?}: {error:?}");
            }
        }
    }
}
