//! New tokens, and the expiry of old ones.

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::Step;
use crate::environment::{fixtures, number, variable};

/// The claims of a login with a one-time code and a second factor.
const WHO: &str = r#""iam_id":"IBMid-6660015AAA","name":"Ada Doe","given_name":"Ada","family_name":"Doe","email":"ada@example.org""#;

fn now() -> i64 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs().cast_signed())
}

/// A new bearer value. Its header is `{"kid":"202110180819","alg":"RS256"}`, and its signature is copied from a recorded
/// token.
pub(crate) fn mint(grant: &str, account: &str) -> Step<String> {
    let iat = now() + number("STAND_IN_IAT_OFFSET")?;
    let lifetime =
        if variable("STAND_IN_EXPIRES_IN").is_some() { number("STAND_IN_EXPIRES_IN")? } else { 3600 };
    let exp = iat + lifetime;
    let [a, b] = [random(), random()];
    let jti = format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        a >> 32,
        a >> 16 & 0xffff,
        a & 0xfff,
        b >> 48 & 0xfff,
        b & 0xffff_ffff_ffff
    );
    let claims = format!(
        r#"{{{WHO},"id":"IBMid-6660015AAA","realmid":"IBMid","session_id":"C-00000000-0000-4000-8000-000000000000","jti":"{jti}","identifier":"6660015AAA","sub":"ada@example.org","authn":{{"sub":"ada@example.org",{WHO}}},"account":{{"boundary":"global","valid":true,"bss":"{account}"}},"iat":{iat},"exp":{exp},"iss":"https://iam.cloud.ibm.com/identity","grant_type":"{grant}","scope":"ibm openid","client_id":"bx","acr":3,"amr":["totp","mfa","otp","pwd"]}}"#
    );
    let recorded = fs::read_to_string(fixtures().join("tokens/passcode-mfa")).unwrap_or_default();
    let signature = recorded.rsplit('.').next().unwrap_or_default();
    let claims = URL_SAFE_NO_PAD.encode(claims);
    Ok(format!("Bearer eyJraWQiOiIyMDIxMTAxODA4MTkiLCJhbGciOiJSUzI1NiJ9.{claims}.{signature}"))
}

/// Random bits, from the keys that std gives to a hash map.
fn random() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

/// Whether the SDK considers a token expired. A token is expired if it has less than 10 seconds left, cannot be decoded,
/// or has no id. A token without exp is not expired.
pub(crate) fn is_expired(token: &str) -> bool {
    let mut parts = token.split('.').skip(1);
    let (Some(claims), Some(_)) = (parts.next(), parts.next()) else { return true };
    let claims = URL_SAFE_NO_PAD.decode(claims).ok().and_then(|claims| String::from_utf8(claims).ok());
    let Some(claims) = claims else { return true };
    if !claims.starts_with('{') || !claims.ends_with('}') || !claims.contains("\"id\":") {
        return true;
    }
    let Some((_, exp)) = claims.rsplit_once("\"exp\":") else { return false };
    let digits = exp.find(|c: char| !c.is_ascii_digit()).map_or(exp, |end| &exp[..end]);
    digits.parse().unwrap_or(0) < now() + 10
}
