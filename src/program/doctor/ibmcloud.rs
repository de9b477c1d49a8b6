//! The checks of the CLI: which one is used, its version, and its settings.

use std::collections::BTreeSet;

use super::{Check, Facts, Verdict};
use crate::ibmcloud::all_programs;
use crate::sanitize;
use crate::system::environment::Environment;

/// The settings that change what the CLI prints, each with its variables (the new name first) and the values that make
/// no difference.
const SETTINGS: [(&str, [&str; 2], &[&str]); 3] = [
    ("color", ["IBMCLOUD_COLOR", "BLUEMIX_COLOR"], &["false"]),
    ("trace", ["IBMCLOUD_TRACE", "BLUEMIX_TRACE"], &["false"]),
    ("version check", ["IBMCLOUD_VERSION_CHECK", "BLUEMIX_VERSION_CHECK"], &["false", "true"]),
];

/// The variables that tell the locale, in the order of POSIX.
const LOCALE: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

impl Facts<'_> {
    /// Every `ibmcloud` in PATH, and the one that is used.
    pub(super) fn programs(&self) -> Check {
        const ID: &str = "ibmcloud";
        let ibmcloud = match &self.ibmcloud {
            Ok(ibmcloud) => ibmcloud.program(),
            Err(error) if self.needs_no_session => return self.failed(ID, error).milder(Verdict::Skipped),
            Err(error) => return self.failed(ID, error),
        };
        let used = format!("`{}` is used", ibmcloud.display());
        // `/bin` may be a link to `/usr/bin`.
        let real = |path: &std::path::Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut seen = BTreeSet::from([real(ibmcloud)]);
        let others: Vec<String> = all_programs(self.context.environment())
            .into_iter()
            .filter(|path| seen.insert(real(path)))
            .map(|path| format!("`{}`", path.display()))
            .collect();
        if others.is_empty() {
            return Check::ok(ID, used);
        }
        Check::new(ID, Verdict::Advice, format!("{used}, and PATH has others too: {}", others.join(", ")))
            .with_remedy("remove those that you do not use, or name one with `--ibmcloud PATH`")
    }

    pub(super) fn version(&self) -> Check {
        const ID: &str = "version";
        match &self.version {
            None => Check::skipped(ID, "there is no `ibmcloud` to ask"),
            Some(Ok(Some(number))) => Check::ok(ID, format!("the CLI says that it is {number}")),
            Some(Ok(None)) => {
                Check::new(ID, Verdict::Warning, "`ibmcloud --version` did not print the version of the CLI")
                    .with_remedy("check that it is the IBM Cloud CLI: run `ibmcloud --version` yourself")
            }
            Some(Err(error)) => self.failed(ID, error),
        }
    }

    /// Whether the messages of the CLI are translated.
    pub(super) fn locale(&self) -> Check {
        const ID: &str = "locale";
        let environment = self.context.environment();
        let set = value(environment, &LOCALE);
        let evidence = match (&set, &self.details.locale) {
            (_, Some(locale)) => format!("the CLI's own setting is `{}`", sanitize::redact(locale)),
            (Some((name, locale)), None) => format!("{name} is `{locale}`"),
            (None, None) => {
                return Check::new(
                    ID,
                    Verdict::Advice,
                    "none of LC_ALL, LC_MESSAGES and LANG is set, and some plug-ins of `ibmcloud` crash then",
                )
                .with_remedy("set one, such as `export LANG=C.UTF-8`");
            }
        };
        let locale = self.details.locale.clone().or_else(|| set.map(|(_, locale)| locale));
        let language = locale.unwrap_or_default().to_ascii_lowercase();
        if ["c", "posix", "en"].iter().any(|known| {
            language
                .strip_prefix(known)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '_', '-']))
        }) {
            return Check::ok(ID, evidence);
        }
        Check::new(
            ID,
            Verdict::Advice,
            format!("{evidence}, so `ibmcloud` translates its output, which is understood here"),
        )
        .with_remedy("for scripts that search its output: `ibmcloud config --locale en_US`")
    }

    /// The settings that add something to the output of the CLI. They do not apply to a run for a token.
    pub(super) fn settings(&self) -> Check {
        const ID: &str = "settings";
        let environment = self.context.environment();
        let mut found = Vec::new();
        let mut remedies = Vec::new();
        for (what, [name, old], harmless) in SETTINGS {
            let set = value(environment, &[name, old]);
            let stored = match what {
                "color" => self.details.color_enabled.as_deref(),
                "trace" => self.details.trace.as_deref(),
                _ => None,
            };
            if let Some((name, value)) = set {
                if !harmless.contains(&value.to_ascii_lowercase().as_str()) {
                    // The value of a trace is a path.
                    found.push(if what == "trace" {
                        format!("{name} is set")
                    } else {
                        format!("{name} is `{value}`")
                    });
                    remedies.push(format!("`unset {name}`"));
                }
            } else if stored.is_some_and(|stored| !harmless.contains(&stored.to_ascii_lowercase().as_str())) {
                found.push(format!("its setting `{what}` is on"));
                remedies.push(format!("`ibmcloud config --{what} false`"));
            }
        }
        if found.is_empty() {
            let check = if self.details.version_check_is_off == Some(true) { "off" } else { "on" };
            return Check::ok(ID, format!("color and trace are off, the version check is {check}"));
        }
        let evidence = format!(
            "{}, which adds to the output of `ibmcloud`; runs for a token turn it off",
            found.join(" and ")
        );
        Check::new(ID, Verdict::Advice, evidence).with_remedy(remedies.join(" and "))
    }

    /// Whether the CLI could get the passcode itself.
    pub(super) fn sso(&self) -> Check {
        const ID: &str = "sso";
        if self.details.type_of_sso.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("auto")) {
            return Check::ok(ID, "`ibmcloud login --sso` opens the browser and needs no passcode (auto)");
        }
        let claims = self.token.as_ref().and_then(|token| token.claims());
        match claims.map(|claims| claims.text("grant_type").is_some_and(|grant| grant.ends_with(":passcode"))) {
            None => Check::skipped(ID, "it is not known how you log in"),
            Some(false) => Check::ok(ID, "the login used no one-time passcode"),
            Some(true) => Check::new(ID, Verdict::Advice, "you log in with a one-time passcode (federated ID)")
                .with_remedy(
                    "since 2.24, the CLI can get the passcode from the browser itself: `ibmcloud config --sso-otp auto`, or `ibmcloud login --sso --sso-otp auto` once",
                ),
        }
    }
}

/// Returns the first of these variables that is set, and its value to be shown. Somebody may have put a key into the wrong
/// variable.
fn value(environment: &Environment, names: &[&'static str]) -> Option<(&'static str, String)> {
    let (name, value) = environment.first_named(names)?;
    Some((name, sanitize::redact(&value.to_string_lossy())))
}
