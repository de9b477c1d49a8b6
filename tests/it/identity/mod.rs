//! Other identities than that of the session: an API key, a compute resource, and a trusted profile, against a stand-in
//! for IAM that checks every field of a request.
//!
//! - `account`: `--expect-account`
//! - `clients`: the same requests as IBM's SDKs for Python and Node.js
//! - `leaks`: where keys and tokens must not appear
//! - `options`: combinations of options and variables
//! - `page`: the examples of `docs/identities.md`
//! - `rejections`: what IAM refuses, and the exit status
//! - `sources`: which token comes out of which source

mod account;
// Not on Windows: it needs the clients of `sdks`.
#[cfg(unix)]
mod clients;
mod leaks;
mod options;
mod page;
mod rejections;
mod sources;

use std::sync::{Arc, Mutex};

use crate::iam_service::{Received, Service, answer};
use crate::sandbox::{Sandbox, jwt_of, now};

/// A key in the form of IAM: 44 characters of base64url.
const KEY: &str = "1b-2c_3dTESTKEYx4e5f6g7h8i9j0kBlCmDnEoFpGqHr";

/// The token of a compute resource.
const COMPUTE_TOKEN: &str =
    "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQifQ.Y29tcHV0ZS1NQVJLRVI";

const PROFILE_ID: &str = "Profile-94497d0d-2ac3-41bf-a993-a49d1b14627c";
const PROFILE_CRN: &str =
    "crn:v1:bluemix:public:iam-identity::a/b2::profile:Profile-94497d0d-2ac3-41bf-a993-a49d1b14627c";
const PROFILE_NAME: &str = "My Profile & Co";

/// The accounts of the key's owner and of the profile.
const ACCOUNT: &str = "a1";
const PROFILE_ACCOUNT: &str = "b2";

/// A stand-in for IAM with one key, one compute resource and one trusted profile.
struct Iam {
    service: Service,
    accepted: Arc<Mutex<Vec<String>>>,
}

impl Iam {
    fn start() -> Self {
        Self::with_lifetime(3600)
    }

    /// The tokens that it issues for the profile live for so many seconds.
    fn with_lifetime(lifetime: i64) -> Self {
        let accepted = Arc::new(Mutex::new(Vec::new()));
        let known = Arc::clone(&accepted);
        let service = Service::plain_answering_with(move |request| {
            respond(request, &known, lifetime).unwrap_or_else(|rejection| rejection)
        });
        Self { service, accepted }
    }

    /// Accepts an access token that IAM issued earlier, such as that of a session.
    fn accepting(self, token: &str) -> Self {
        self.accepted.lock().unwrap().push(token.to_owned());
        self
    }

    /// The forms of the requests so far.
    fn forms(&self) -> Vec<Vec<(String, String)>> {
        self.service.requests().iter().map(Received::form).collect()
    }
}

/// A token that IAM issues.
fn token(iam_id: &str, account: &str, lifetime: i64) -> String {
    let (from, until) = (now(), now() + lifetime);
    jwt_of(&format!(
        r#"{{"iam_id":"{iam_id}","id":"{iam_id}","account":{{"bss":"{account}"}},"iat":{from},"exp":{until}}}"#
    ))
}

fn rejection(code: &str, message: &str) -> Vec<u8> {
    answer("400 Bad Request", &[], format!(r#"{{"errorCode":"{code}","errorMessage":"{message}"}}"#))
}

/// Answers a request, or rejects it unless it has exactly the fields of its grant.
fn respond(request: &Received, accepted: &Mutex<Vec<String>>, lifetime: i64) -> Result<Vec<u8>, Vec<u8>> {
    assert_eq!(request.line, "POST /identity/token HTTP/1.1");
    assert_eq!(request.header("Content-Type"), ["application/x-www-form-urlencoded"]);
    assert!(request.header("Authorization").is_empty());
    let form = request.form();
    let names: Vec<&str> = form.iter().map(|(name, _)| name.as_str()).collect();
    let value = |wanted: &str| {
        let found = form.iter().find_map(|(name, value)| (name == wanted).then_some(value.as_str()));
        let missing = || rejection("BXNIM0109E", &format!("Property '{wanted}' either missing or empty"));
        found.filter(|value| !value.is_empty()).ok_or_else(missing)
    };
    let unexpected =
        || rejection("BXNIM0109E", &format!("these properties do not belong together: {names:?}"));
    // There is no public sample of the codes for trusted profiles, so these two are made up.
    let profile = |allowed: &[&[&str]]| {
        if !allowed.contains(&names.as_slice()) {
            return Err(unexpected());
        }
        let is_known = match form.iter().find(|(name, _)| name.starts_with("profile_")).unwrap() {
            (name, id) if name == "profile_id" => id == PROFILE_ID,
            (name, crn) if name == "profile_crn" => crn == PROFILE_CRN,
            (_, name) => name == PROFILE_NAME && value("account").map_or(true, |id| id == PROFILE_ACCOUNT),
        };
        if is_known { Ok(()) } else { Err(rejection("BXNIM9901E", "The profile could not be found.")) }
    };
    let issued = match value("grant_type")?.strip_prefix("urn:ibm:params:oauth:grant-type:") {
        Some("apikey") => {
            let is_known = value("apikey")? == KEY;
            if names != ["apikey", "grant_type"] && names != ["apikey", "grant_type", "response_type"] {
                return Err(unexpected());
            }
            if !is_known {
                return Err(rejection("BXNIM0415E", "Provided API key could not be found."));
            }
            token("IBMid-key", ACCOUNT, 3600)
        }
        Some("cr-token") => {
            let is_known = value("cr_token")? == COMPUTE_TOKEN;
            profile(&[
                &["cr_token", "grant_type", "profile_crn"],
                &["cr_token", "grant_type", "profile_id"],
                &["cr_token", "grant_type", "profile_name"],
            ])?;
            if !is_known {
                return Err(rejection("BXNIM0407E", "Provided token is invalid."));
            }
            token("iam-Profile-of-resource", PROFILE_ACCOUNT, lifetime)
        }
        Some("assume") => {
            let is_known =
                accepted.lock().unwrap().iter().any(|known| Ok(known.as_str()) == value("access_token"));
            profile(&[
                &["access_token", "grant_type", "profile_crn"],
                &["access_token", "grant_type", "profile_id"],
                &["access_token", "account", "grant_type", "profile_name"],
            ])?;
            if !is_known {
                return Err(rejection("BXNIM0407E", "Provided token is invalid."));
            }
            token("iam-Profile-assumed", PROFILE_ACCOUNT, lifetime)
        }
        grant => panic!("there is no such grant: {grant:?}"),
    };
    accepted.lock().unwrap().push(issued.clone());
    let body = format!(
        r#"{{"access_token":"{issued}","refresh_token":"not_supported","token_type":"Bearer","expires_in":3600,"scope":"ibm openid"}}"#
    );
    Ok(answer("200 OK", &[], body))
}

/// A home with a session, an API key in a file and the token of a compute resource in another, whose programs use this
/// IAM.
fn sandbox(iam: &Iam) -> (Sandbox, String) {
    let (sandbox, session) = Sandbox::logged_in();
    sandbox.write_private("key.json", format!("{{\"name\":\"k\",\"apikey\":\"{KEY}\"}}"));
    sandbox.write("compute-token", COMPUTE_TOKEN);
    (sandbox.with("IBMCLOUD_IAM_API_ENDPOINT", iam.service.url()), session)
}
