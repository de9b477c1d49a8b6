//! Answers the CLI's prompts during a login without a terminal, for any kind of credentials.
//!
//! A reply depends on the prompt and not on the kind of login. A choice from a numbered list is skipped with Enter.
//! The offer to open a browser is declined, and the passcode answers only the prompt that follows the CLI's passcode
//! URL. Any other question is left unanswered and reported.
//!
//! The words of a prompt are translated, so they are not matched. A prompt is output that ends in `>` without a line
//! feed (`ibm-cloud-cli-sdk`, `terminal/prompt.go`), and `[Y/n]` and the URL are the same in every language.

use zeroize::Zeroizing;

use crate::error::Hint;
use crate::sanitize;
use crate::system::process::Reply;

/// The maximum number of skipped choices. The CLI repeats a mandatory choice forever.
const MAX_SKIPS: usize = 3;

/// The answers of one login.
pub(super) struct LoginScript<'a> {
    passcode: Option<&'a str>,
    expects: Expects,
    skips: usize,
    choice: Option<Question>,
    unanswered: Option<Question>,
}

/// The question that is expected after the previous output, apart from choices.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expects {
    Nothing,
    /// The URL was printed, so the CLI offers the browser or asks for the passcode.
    BrowserOrPasscode,
    /// The browser was declined.
    Passcode,
}

/// A question of the CLI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// The prompt, not sanitized.
    prompt: String,
    about: About,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Account,
    Region,
    OtherChoice,
    Passcode,
    /// Yes or no, or another question.
    Consent,
    /// There is a passcode, but the prompt does not follow the CLI's URL.
    PromptWithoutUrl,
    /// E-mail address, password, …
    Other,
}

impl<'a> LoginScript<'a> {
    pub(super) fn new(passcode: Option<&'a str>) -> Self {
        Self { passcode, expects: Expects::Nothing, skips: 0, choice: None, unanswered: None }
    }

    /// Replies to the output since the last reply.
    pub(super) fn reply(&mut self, output: &[u8]) -> Reply {
        // Most output is not a prompt, and may be long.
        if self.unanswered.is_some() || !ends_like_a_prompt(output) {
            return Reply::Wait;
        }
        let output = Zeroizing::new(String::from_utf8_lossy(&sanitize::without_escapes(output)).into_owned());
        let (before, prompt) = output.rsplit_once('\n').unwrap_or(("", &output));
        let prompt = prompt.trim();
        if let Some(about) = self.choice_about(before, prompt) {
            self.choice = Some(Question { prompt: prompt.to_owned(), about });
            self.skips += 1;
            self.expects = Expects::Nothing;
            return if self.skips <= MAX_SKIPS { line("") } else { self.leave(prompt, about) };
        }
        if output.split_whitespace().any(is_passcode_url) {
            self.expects = Expects::BrowserOrPasscode;
        }
        match std::mem::replace(&mut self.expects, Expects::Nothing) {
            Expects::BrowserOrPasscode if prompt.contains("[Y/n]") => {
                self.expects = Expects::Passcode;
                line("n")
            }
            Expects::BrowserOrPasscode | Expects::Passcode if !asks_for_consent(prompt) => {
                match self.passcode.take() {
                    Some(passcode) => line(passcode),
                    None => self.leave(prompt, About::Passcode),
                }
            }
            _ if asks_for_consent(prompt) => self.leave(prompt, About::Consent),
            _ if self.passcode.is_some() => self.leave(prompt, About::PromptWithoutUrl),
            _ => self.leave(prompt, About::Other),
        }
    }

    /// Returns the question that was left without an answer, if any. `reached_the_end` says that the CLI failed at the
    /// end of its input, so a choice that was skipped had to be made.
    pub(super) fn unanswered(self, reached_the_end: bool) -> Option<Question> {
        self.unanswered.or(self.choice.filter(|_| reached_the_end))
    }

    /// Returns the subject of a choice. A choice follows a numbered list, or repeats a prompt that did.
    fn choice_about(&self, before: &str, prompt: &str) -> Option<About> {
        let items = before.lines().rev().skip_while(|line| line.trim().is_empty()).map_while(item);
        let items: Vec<_> = items.collect();
        if items.is_empty() {
            return self.choice.as_ref().filter(|choice| choice.prompt == prompt).map(|choice| choice.about);
        }
        Some(if items.iter().all(|item| is_region(item)) {
            About::Region
        } else if items.iter().all(|item| names_an_account(item)) {
            About::Account
        } else {
            About::OtherChoice
        })
    }

    fn leave(&mut self, prompt: &str, about: About) -> Reply {
        self.unanswered = Some(Question { prompt: prompt.to_owned(), about });
        Reply::Close
    }
}

fn line(text: &str) -> Reply {
    Reply::Line(Zeroizing::new(text.to_owned()))
}

fn ends_like_a_prompt(output: &[u8]) -> bool {
    let last_line = output.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
    let last_line = sanitize::without_escapes(last_line);
    last_line.trim_ascii_end().ends_with(b">") || last_line.trim_ascii_end().ends_with("\u{ff1e}".as_bytes())
}

/// Returns the text of a line such as `2. us-south`.
fn item(line: &str) -> Option<&str> {
    let (number, text) = line.trim().split_once(['.', ')'])?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && text.starts_with(' ')).then(|| text.trim())
}

/// `us-south`, `au-syd`, …
fn is_region(item: &str) -> bool {
    item.split_once('-').is_some_and(|(area, place)| {
        let is_lower = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase());
        area.len() == 2 && is_lower(area) && is_lower(place)
    })
}

/// `Example's Account (85da0dbb4df1f7cc296659f418714a9e) <-> 1234567`
fn names_an_account(item: &str) -> bool {
    item.split(['(', ')']).any(|part| part.len() == 32 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// `https://identity-1.us-south.iam.cloud.ibm.com/identity/passcode`, with any punctuation around it.
fn is_passcode_url(word: &str) -> bool {
    word.find("://").is_some_and(|scheme| word[scheme..].contains("/passcode"))
}

/// Returns whether a prompt is a question, such as one for yes or no. Prompts for a passcode, an e-mail address or a
/// password are not.
fn asks_for_consent(prompt: &str) -> bool {
    let words = prompt.split_whitespace().filter(|word| !word.contains("://"));
    words.into_iter().any(|word| word.contains(['?', '\u{ff1f}', '\u{37e}']) || word.contains('['))
}

impl Question {
    /// Returns the prompt so that it is safe to show.
    pub(super) fn shown(&self, known: &[&str]) -> String {
        sanitize::lines(self.prompt.as_bytes(), known).join(" ")
    }

    /// Returns how to answer it in advance. `has_credentials` says that a key or a passcode was given.
    pub(super) fn hint(&self, has_credentials: bool) -> Hint {
        match self.about {
            About::Account => Hint::from("choose the account in advance with `-c ACCOUNT_ID` or `--no-account`"),
            About::Region => Hint::from("choose the region in advance with `-r REGION` or `--no-region`"),
            About::OtherChoice => Hint::from(
                "choose in advance with `-c ACCOUNT_ID`, `-r REGION` or `-g RESOURCE_GROUP`, or log in at a terminal",
            ),
            About::Passcode => Hint::from("open the page that the CLI names, and pipe the passcode into ")
                .command("login --passcode -"),
            About::Consent => Hint::from(
                "log in at a terminal, or answer in advance with an option of `ibmcloud login`, such as `--accept` for an invitation: ",
            )
            .command("login … -- --accept"),
            About::PromptWithoutUrl => Hint::from(
                "the passcode is sent only after the CLI has printed its URL; make the CLI print it: ",
            )
            .command("login --passcode - -- --sso-otp manual"),
            About::Other if has_credentials => Hint::from("log in at a terminal and answer it there"),
            About::Other => Hint::from(
                "log in with `--apikey @FILE`, `--apikey -` or IBMCLOUD_API_KEY, with `--passcode -`, or at a terminal",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "Get a one-time code from https://x/identity/passcode to proceed.\n";

    /// The replies to these outputs, and the question that is left.
    fn replies(passcode: Option<&str>, outputs: &[&str]) -> (Vec<String>, Option<About>) {
        let mut script = LoginScript::new(passcode);
        let replies = outputs.iter().map(|output| match script.reply(output.as_bytes()) {
            Reply::Wait => "(wait)".to_owned(),
            Reply::Line(line) => line.to_string(),
            Reply::Close => "(close)".to_owned(),
        });
        let replies = replies.collect();
        (replies, script.unanswered(false).map(|question| question.about))
    }

    #[track_caller]
    fn check(passcode: Option<&str>, outputs: &[&str], expected: &[&str], left: Option<About>) {
        let (replies, unanswered) = replies(passcode, outputs);
        assert_eq!(
            (replies.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), unanswered),
            (expected, left)
        );
    }

    #[test]
    fn passcode_answers_only_the_prompt_after_its_url() {
        let browser = format!("{URL}Open the URL in the default browser? [Y/n] > ");
        check(
            Some("code"),
            &["API endpoint: x\n", &browser, "n\nOne-time code > ", "\nOK\n"],
            &["(wait)", "n", "code", "(wait)"],
            None,
        );
        let coloured = format!("{URL}\x1b[36;1mOne Time Code\x1b[0m \x1b[36;1m>\x1b[0m ");
        check(Some("code"), &[&coloured], &["code"], None);
        check(Some("code"), &["One Time Code (Get one at https://x/identity/passcode)> "], &["code"], None);
        for (question, left) in [
            ("Email> ", About::PromptWithoutUrl),
            ("One-time code > ", About::PromptWithoutUrl),
            ("Do you want to update? [y/N]> ", About::Consent),
            ("You are invited to 'x'. Join? [Y/n] > ", About::Consent),
            ("Aktualisieren? [J/n] > ", About::Consent),
            ("\u{66f4}\u{65b0}\u{ff1f} > ", About::Consent),
        ] {
            check(Some("code"), &[question], &["(close)"], Some(left));
            // Nor between the URL and its prompt, nor afterwards.
            check(
                Some("code"),
                &[&browser, question],
                if left == About::PromptWithoutUrl { &["n", "code"] } else { &["n", "(close)"] },
                Some(left).filter(|left| *left == About::Consent),
            );
            let (replies, _) = replies(Some("code"), &[&browser, "One-time code > ", question]);
            assert_eq!(replies, ["n", "code", "(close)"], "{question}");
        }
        let german = format!("{URL}Im Browser \u{f6}ffnen? [J/n] > ");
        check(Some("code"), &[&german], &["(close)"], Some(About::Consent));
        check(None, &[&browser, "One-time code > "], &["n", "(close)"], Some(About::Passcode));
    }

    #[test]
    fn choice_is_skipped_at_most_three_times() {
        let region =
            "OK\nSelect a region (or press enter to skip):\n1. au-syd\n2. us-south\nEnter a number> ";
        let again = "\nPlease enter a number between 1 to 2.\nEnter a number> ";
        check(None, &[region, again, again, again], &["", "", "", "(close)"], Some(About::Region));
        let account = "1. Example's Account (85da0dbb4df1f7cc296659f418714a9e) <-> 1\n\u{8f38}\u{5165}> ";
        check(None, &[account, region, account, region], &["", "", "", "(close)"], Some(About::Region));
        check(None, &["1. default\n2) other\n\nEnter a number>"], &[""], None);
        // The same words without a list before them are another question.
        check(None, &["Enter a number> "], &["(close)"], Some(About::Other));
        let mut script = LoginScript::new(None);
        script.reply(account.as_bytes());
        assert_eq!(script.unanswered(true).map(|question| question.about), Some(About::Account));
    }

    #[test]
    fn output_that_is_not_a_prompt_gets_no_reply() {
        for output in ["", "Email", "a > b", "<->\n", "1. us-south\n", "OK\n\n"] {
            check(Some("code"), &[output], &["(wait)"], None);
        }
    }
}
