//! Every recorded login.

use crate::goldens::assert_golden;
use crate::sandbox::{Sandbox, root, situations};

#[test]
fn every_recorded_login_runs_unattended() {
    for situation in situations("login-") {
        let sandbox =
            Sandbox::with_session().with("STAND_IN_LOGIN", &*situation).with("IBMCLOUD_API_KEY", "good-key");
        let outcome = sandbox.run("login");
        let works = root().join("fixtures").join(&situation).join("logs-in").exists()
            && !root().join("fixtures").join(&situation).join("stdout.2").exists();
        assert_eq!((outcome.status == Some(0), outcome.stdout.as_str()), (works, ""), "{situation}");
        assert_golden(&format!("login/{situation}"), "ibmcloud-token login", &outcome, &sandbox);
    }
}
