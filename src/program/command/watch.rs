//! `watch`: keep a file with a valid token in it, until a signal ends the program.
//!
//! The token of a session can be renewed only by the CLI, and only in its last 10 s. Another program may renew it
//! earlier, so the session file is looked at now and then. IAM issues a new token at any time, so a token of a key or a
//! trusted profile is renewed well before it expires.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::error::{Error, ErrorKind, Result};
use crate::format::Format;
use crate::note::Note;
use crate::program::arguments::Get;
use crate::program::context::Context;
use crate::program::report;
use crate::program::settings::OutputSettings;
use crate::program::source::Source;
use crate::system::signals;
use crate::time::Deadline;
use crate::token::{Freshness, IssuedToken};

/// How often the clock, the session file and the file with the token are looked at. This bounds the time until a changed
/// clock, or the end of a suspension, is noticed: a sleeping program does not see either.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// When a session's token is renewed, before it expires. The CLI refuses to renew it earlier than 10 s before.
const BEFORE_END: Duration = Duration::from_secs(8);

/// The share of its lifetime after which a token that IAM issues is renewed.
const RENEWAL_SHARE: f64 = 0.8;

/// The pause after the first failed attempt. Each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause between attempts.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// The shortest time between two renewals.
const MIN_WAIT: Duration = Duration::from_millis(500);

pub(in crate::program) fn run(arguments: &Get, context: &Context) -> Result<()> {
    let output = context.settings().output(&arguments.output)?;
    let path = regular_file(&output)?;
    let mut source = Source::new(&arguments.token, &arguments.source, context)?;
    signals::end_well();
    let token = source.token(context)?;
    source.renew();
    let mut file = WatchedFile::new(path, &output, &source, token, context)?;
    file.write(context)?;
    let freshness = file.token.freshness(context.task().now(), Duration::ZERO);
    context.say(&format!("`{}` holds a valid token; the token {freshness}", file.path.display()));
    loop {
        file.wait(context);
        file.update(context)?;
    }
}

/// Returns the path of the file. A pipe or a device cannot hold a token.
fn regular_file(output: &OutputSettings) -> Result<PathBuf> {
    let usage =
        |what: String| Err(Error::new(ErrorKind::Usage, what).with_hint("name a file with `-o FILE`"));
    match &output.file {
        None => usage("`watch` needs a file to keep the token in".to_owned()),
        Some(_) if output.format == Format::Github => {
            usage("`--format github` appends to files, and `watch` replaces one".to_owned())
        }
        Some(path) if path.metadata().is_ok_and(|found| !found.is_file()) => {
            usage(format!("`{}` is not a regular file", path.display()))
        }
        Some(path) => Ok(path.clone()),
    }
}

/// The file, the token in it, and the next renewal.
struct WatchedFile<'a> {
    path: PathBuf,
    output: &'a OutputSettings,
    source: &'a Source<'a>,
    /// The newest token.
    token: IssuedToken,
    /// The token in the file, which may be older if the newest one could not be written.
    written: Option<IssuedToken>,
    /// A token in the session file that does not meet the requirements.
    refused: Option<IssuedToken>,
    renewal: Renewal,
}

impl<'a> WatchedFile<'a> {
    fn new(
        path: PathBuf,
        output: &'a OutputSettings,
        source: &'a Source<'a>,
        token: IssuedToken,
        context: &Context,
    ) -> Result<Self> {
        let renewal = Renewal::of(&token, source, context)?;
        Ok(Self { path, output, source, token, written: None, refused: None, renewal })
    }

    /// Waits until there is something to do.
    fn wait(&mut self, context: &Context) {
        while !self.renewal.is_due(context.task().now()) && self.is_in_place() {
            if let Some(newer) = self.newer(context) {
                self.token = newer;
                return;
            }
            thread::sleep(self.renewal.wait(context.task().now()).min(POLL_INTERVAL));
        }
    }

    /// Renews the token if that is due, and writes the file. A failed attempt is repeated while the token in the file is valid.
    fn update(&mut self, context: &Context) -> Result<()> {
        // A suspension that outlasted the token has left no time for a second attempt, and the network may need some.
        let is_over_already = self.remaining(context).is_zero();
        let patience =
            if is_over_already { context.deadline().restarted() } else { Deadline::after(Duration::ZERO) };
        let mut pause = FIRST_PAUSE;
        loop {
            context.restart_deadline();
            let Err(error) = self.attempt(context) else { return Ok(()) };
            if self.remaining(context).is_zero() && patience.has_passed() {
                return Err(error);
            }
            // The last attempt is made when the token in the file expires.
            let wait = match self.remaining(context) {
                Duration::ZERO => pause,
                remaining => pause.min(remaining),
            };
            let wait = wait.mul_f64(1.0 - fastrand::f64() / 4.0);
            context.task().note(Note::CannotUpdate { reason: report::message(&error), pause: wait });
            thread::sleep(wait);
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    fn attempt(&mut self, context: &Context) -> Result<()> {
        if self.renewal.is_due(context.task().now()) {
            self.token = self.source.token(context)?;
        }
        self.renewal = Renewal::of(&self.token, self.source, context)?;
        self.write(context)
    }

    fn write(&mut self, context: &Context) -> Result<()> {
        self.output.hand_over(&self.token, context)?;
        self.written = Some(self.token.clone());
        let freshness = self.token.freshness(context.task().now(), Duration::ZERO);
        context.task().note(Note::WroteFile(self.path.clone(), freshness));
        Ok(())
    }

    /// Returns whether the file holds the newest token.
    fn is_in_place(&self) -> bool {
        let is_written = self.written.as_ref().is_some_and(|written| written.token() == self.token.token());
        is_written && self.path.exists()
    }

    /// Returns how long the token in the file lives.
    fn remaining(&self, context: &Context) -> Duration {
        let freshness =
            self.written.as_ref().map(|written| written.freshness(context.task().now(), Duration::ZERO));
        freshness.and_then(Freshness::remaining).unwrap_or_default()
    }

    /// Returns a token in the session file that was issued later, if it meets the requirements.
    fn newer(&mut self, context: &Context) -> Option<IssuedToken> {
        let found = self.source.present_token(context)?;
        let is_known = |known: &IssuedToken| known.token() == found.token();
        let is_later =
            (found.issued_at(), found.expiration()) > (self.token.issued_at(), self.token.expiration());
        if !is_later || is_known(&self.token) || self.refused.as_ref().is_some_and(is_known) {
            return None;
        }
        match self.source.ensure_wanted(&found, context) {
            Ok(()) => Some(found),
            Err(error) => {
                let pause = self.renewal.wait(context.task().now());
                context.task().note(Note::CannotUpdate { reason: report::message(&error), pause });
                self.refused = Some(found);
                None
            }
        }
    }
}

/// The time of the next renewal, by the system's clock and by one that nobody can set. The first that comes counts.
#[derive(Clone, Copy)]
struct Renewal {
    by_clock: SystemTime,
    by_time: Instant,
}

impl Renewal {
    fn of(token: &IssuedToken, source: &Source, context: &Context) -> Result<Self> {
        let now = context.task().now();
        let remaining = token.freshness(now, Duration::ZERO).remaining().ok_or_else(|| {
            let what = "the lifetime of the token is unknown, so the program cannot know when to renew it";
            Error::new(ErrorKind::RequirementUnmet, what)
                .with_hint("old versions of the CLI print such tokens; update it with `ibmcloud update`")
        })?;
        let wait = wait_for_renewal(remaining, source.is_session(), fastrand::f64());
        Ok(Self { by_clock: now + wait, by_time: Instant::now() + wait })
    }

    fn is_due(&self, now: SystemTime) -> bool {
        self.wait(now).is_zero()
    }

    fn wait(&self, now: SystemTime) -> Duration {
        let by_clock = self.by_clock.duration_since(now).unwrap_or_default();
        by_clock.min(self.by_time.saturating_duration_since(Instant::now()))
    }
}

/// Returns the time until a token that lives for another `remaining` is renewed. The `random` number, from 0 to 1, keeps
/// programs that were started together from renewing together.
fn wait_for_renewal(remaining: Duration, is_of_session: bool, random: f64) -> Duration {
    let wait = if is_of_session {
        remaining.saturating_sub(BEFORE_END + Duration::from_secs(1).mul_f64(random)).max(remaining / 2)
    } else {
        remaining.mul_f64(RENEWAL_SHARE + (random - 0.5) / 10.0)
    };
    wait.max(MIN_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renewal_comes_before_the_end_and_at_different_times() {
        for (remaining, is_of_session, earliest, latest) in [
            // From 75 % to 85 %.
            (3600, false, 2_700_000, 3_060_000),
            // In the last 10 seconds, when the CLI can renew it.
            (3600, true, 3_591_000, 3_592_000),
            // Not before the half of a short life, and not at once.
            (12, true, 6_000, 6_000),
            (0, true, 500, 500),
            (0, false, 500, 500),
        ] {
            let wait =
                |random| wait_for_renewal(Duration::from_secs(remaining), is_of_session, random).as_millis();
            let mut waits = [wait(0.0), wait(1.0)];
            waits.sort_unstable();
            assert_eq!(waits, [earliest, latest], "{remaining} {is_of_session}");
        }
    }
}
