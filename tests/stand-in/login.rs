//! `ibmcloud login`.

use std::fs;

use crate::dialogue::play;
use crate::environment::{first_of, is_set, variable};
use crate::screen::{ask, be_quiet, fail, incorrect_usage, put};
use crate::{Step, one_dash, session};

/// What the options and the environment ask for.
#[derive(Default)]
struct Login {
    /// The situation that shows this kind of login.
    how: &'static str,
    key: String,
    account: String,
    region_is_chosen: bool,
}

pub(crate) fn login(words: &[String]) -> Step {
    let mut login = Login::default();
    if let Some(key) = first_of(&["IBMCLOUD_API_KEY", "BLUEMIX_API_KEY"]) {
        (login.how, login.key) = ("login-api-key-environment", key);
    }
    login.read_options(words)?;
    if login.how.starts_with("login-api-key") {
        login.read_key()?;
    }
    if is_set("STAND_IN_FEDERATED") && ["", "login-password"].contains(&login.how) {
        login.how = "login-federated";
    }
    let how = if login.how.is_empty() { "login-password" } else { login.how };
    let recording = play(&variable("STAND_IN_LOGIN").unwrap_or_else(|| how.to_owned()))?;
    if is_set("STAND_IN_SESSION") {
        session::start(&login.account, &recording.grant())?;
    }
    if is_set("STAND_IN_REGIONS") && !login.region_is_chosen {
        choose_region()?;
    }
    Err(recording.conclude())
}

impl Login {
    fn read_options(&mut self, words: &[String]) -> Step {
        let mut rest = words;
        while let [flag, others @ ..] = rest {
            rest = others;
            let (mut flag, mut value) = (flag.as_str(), others.first().map_or("", String::as_str));
            match (flag, flag.split_once('=')) {
                (_, Some((name, text))) if flag.starts_with("--") => (flag, value) = (name, text),
                (
                    "--apikey" | "-apikey" | "--cr-token" | "--profile" | "--sso-otp" | "-a" | "-c" | "-g"
                    | "-p" | "-r" | "-s" | "-o" | "-u",
                    _,
                ) => {
                    if others.is_empty() {
                        play("login-flag-needs-argument")?;
                    }
                    if flag.ends_with("-apikey") && value.starts_with('-') {
                        play("login-key-with-dash")?;
                    }
                    rest = &others[1..];
                }
                _ => {}
            }
            self.set(flag, value)?;
        }
        Ok(())
    }

    fn set(&mut self, flag: &str, value: &str) -> Step {
        match flag {
            "--sso" if self.how == "login-sso-otp-auto" => {}
            "--sso" => self.how = "login-sso",
            "--apikey" | "-apikey" => (self.how, self.key) = ("login-api-key", value.to_owned()),
            "-u" if value == "passcode" => self.how = "login-passcode",
            "-u" => self.how = "login-password",
            "--cr-token" | "--vpc-cri" => self.how = "login-cr-token",
            "-c" => value.clone_into(&mut self.account),
            "-r" | "--no-region" => self.region_is_chosen = true,
            "-q" | "--quiet" => be_quiet(),
            "--sso-otp" if value == "auto" => self.how = "login-sso-otp-auto",
            "--sso-otp"
            | "--profile"
            | "--no-account"
            | "--accept"
            | "--skip-ssl-validation"
            | "--vpc"
            | "-a"
            | "-g"
            | "-p"
            | "-s"
            | "-o" => {}
            _ => {
                let what = format!("flag provided but not defined: {}", one_dash(flag));
                return Err(incorrect_usage(&what, "login", "Log user in"));
            }
        }
        Ok(())
    }

    /// Reads the key from the file if it is `@FILE`. The file may be the JSON that the console offers for download.
    fn read_key(&mut self) -> Step {
        if let Some(file) = self.key.strip_prefix('@') {
            let Ok(text) = fs::read_to_string(file) else {
                return Err(fail(&format!("open {file}: no such file or directory")));
            };
            let member = text.split_once("\"apikey\"").and_then(|(_, rest)| rest.split('"').nth(1));
            member.unwrap_or_else(|| text.trim_end_matches('\n')).clone_into(&mut self.key);
        }
        if ["wrong", ""].contains(&self.key.as_str()) {
            self.how = "login-api-key-wrong";
        }
        Ok(())
    }
}

/// Asks for a region as in ibm-cloud-docs/containers, and fails at the end of the input as the SDK does (prompt.go).
fn choose_region() -> Step {
    put(
        "\nSelect a region (or press enter to skip):\n1. au-syd\n2. jp-tok\n3. eu-de\n4. eu-gb\n5. us-south\n\
         6. us-east\nEnter a number> ",
    )?;
    let Some(answer) = ask(false)? else { return Err(fail("Could not read from input: EOF")) };
    if answer.is_empty() {
        return Ok(());
    }
    put(&format!("Targeted region {}\n", String::from_utf8_lossy(&answer)))
}
