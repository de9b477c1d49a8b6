//! The token of a trusted profile. It is renewed as that of a key is, with the session or the compute resource's token of
//! that moment.

use std::fs;

use super::renewals::{assert_is_four_fifths_of_20_s, issue};
use super::{Watched, session_token};
use crate::iam_service::Service;
use crate::sandbox::{Sandbox, eventually};

const PROFILE: &str = "Profile-94497d0d-2ac3-41bf-a993-a49d1b14627c";

/// Tokens of a compute resource.
const FIRST: &str = "eyJhbGciOiJSUzI1NiJ9.e30.Zmlyc3Q";
const SECOND: &str = "eyJhbGciOiJSUzI1NiJ9.e30.c2Vjb25k";

/// A service that issues a new token at each request, for so many seconds, and a home that uses it.
fn iam(lifetime: i64, sandbox: Sandbox) -> (Service, Sandbox) {
    let service = Service::plain_answering_with(move |request| issue(request, lifetime));
    let sandbox = sandbox.with("IBMCLOUD_IAM_API_ENDPOINT", service.url());
    (service, sandbox)
}

/// The values of a field in every request so far.
fn sent(service: &Service, field: &str) -> Vec<String> {
    let forms = service.requests().into_iter().map(|request| request.form());
    forms.flatten().filter(|(name, _)| name == field).map(|(_, value)| value).collect()
}

#[test]
fn token_of_a_profile_is_renewed_after_four_fifths_of_its_lifetime() {
    let (session, token) = Sandbox::logged_in();
    let resource = Sandbox::new();
    resource.write("token", FIRST);
    let (of_session, session) = iam(20, session);
    let (of_resource, resource) = iam(20, resource);
    let running = [
        (Watched::ready(&session, &format!("--assume {PROFILE}")), &of_session),
        (Watched::ready(&resource, &format!("--profile {PROFILE} --cr-token @token")), &of_resource),
    ];
    for (watched, service) in running {
        eventually("the token is renewed", || service.requests().len() == 2);
        let requests = service.requests();
        assert_is_four_fifths_of_20_s(requests[1].at - requests[0].at);
        assert_eq!(sent(service, "profile_id"), [PROFILE; 2]);
        watched.stop();
    }
    assert_eq!(sent(&of_session, "access_token"), [token.as_str(); 2]);
    assert_eq!(sent(&of_resource, "cr_token"), [FIRST; 2]);
    assert_eq!(session.calls(), 0);
}

#[test]
fn token_of_the_session_is_that_of_the_moment() {
    let (sandbox, before) = Sandbox::logged_in();
    let (service, sandbox) = iam(4, sandbox);
    let watched = Watched::ready(&sandbox, &format!("--assume {PROFILE}"));
    let after = session_token(3600);
    sandbox.write_session(&after);
    watched.next(&watched.token());
    assert_eq!(sent(&service, "access_token"), [before, after]);
    watched.stop();
}

#[test]
fn login_for_a_profile_is_for_the_start_only() {
    // Nobody is logged in, but the CLI can log in with a key.
    let (service, sandbox) = iam(4, Sandbox::with_session().with("IBMCLOUD_API_KEY", "demo-key"));
    let watched = Watched::ready(&sandbox, &format!("--login --timeout 2s --assume {PROFILE}"));
    watched.next(&watched.token());
    let logins = || sandbox.call_log().lines().filter(|call| call.contains(" login")).count();
    assert_eq!(logins(), 1);
    let session = crate::sandbox::token_in(&sandbox.session_file());
    assert!(sent(&service, "access_token").iter().all(|sent| *sent == session));
    // The session ends.
    fs::remove_file(sandbox.session_file()).unwrap();
    watched.says("error: ", 1);
    watched.end().fails_with(4);
    assert_eq!(logins(), 1, "{}", sandbox.call_log());
}

#[test]
fn token_of_the_compute_resource_is_read_at_each_renewal() {
    let sandbox = Sandbox::new();
    sandbox.write("token", FIRST);
    let (service, sandbox) = iam(10, sandbox);
    let watched = Watched::ready(&sandbox, &format!("--profile {PROFILE} --cr-token @token --timeout 10s"));
    let first = watched.token();
    fs::remove_file(sandbox.home().join("token")).unwrap();
    watched.says("warning: cannot read the file `token`", 1);
    // A platform replaces the file as a whole.
    fs::rename(sandbox.write("new", SECOND), sandbox.home().join("token")).unwrap();
    watched.next(&first);
    assert_eq!(sent(&service, "cr_token"), [FIRST, SECOND]);
    watched.stop();
}

/// When the CLI is run again, the program already has a token of the profile.
#[test]
fn cli_never_sees_the_token_of_the_profile() {
    // The CLI is asked if the session file's token lives for less than a minute. It prints the same one.
    let session = session_token(50);
    let (service, sandbox) = iam(3, Sandbox::with_token(&session));
    let watched = Watched::ready(&sandbox, &format!("-v --assume {PROFILE}"));
    let mut tokens = vec![watched.token()];
    for number in 0..2 {
        tokens.push(watched.next(&tokens[number]));
    }
    let outcome = watched.stop();
    assert!(sent(&service, "access_token").iter().all(|sent| *sent == session));
    let calls = sandbox.recorded_calls();
    assert!(calls.len() >= 3, "{calls:?}");
    for (arguments, environment) in calls {
        assert_eq!(arguments, "iam\noauth-tokens\n");
        assert!(
            environment.contains("IBMCLOUD_COLOR=false") && !environment.contains("eyJ"),
            "{environment}"
        );
    }
    assert!(!outcome.stderr.contains("eyJ"), "{outcome:?}");
}
