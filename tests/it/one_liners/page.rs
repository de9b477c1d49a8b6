//! The text of `docs/one-liners.md`.

use std::fmt::Write as _;

use super::{OneLiner, Share, Table, Tally};

/// The one-liners in the overview, by number.
const OVERVIEW_COLUMNS: [usize; 5] = [1, 2, 3, 19, 31];

/// The rows of the overview: a description, and the situation in which the CLI is asked for text and for JSON. `None`
/// means that the case cannot occur with that kind of output.
const OVERVIEW_ROWS: [(&str, Option<&str>, Option<&str>); 13] = [
    ("logged in", Some("one-line"), Some("json")),
    ("a UAA token on the next line", Some("iam-then-uaa"), None),
    ("a notice comes first", Some("notice-before"), Some("json-notices-before")),
    ("an update prompt comes first", Some("version-prompt"), Some("json-after-version-prompt")),
    ("the label is Korean", Some("korean"), None),
    ("the label does not say IAM", Some("translated-label"), None),
    ("colours are on", Some("colours"), None),
    ("CRLF line ends", Some("crlf"), None),
    ("not logged in", Some("not-logged-in"), Some("not-logged-in")),
    ("the session has ended", Some("session-inactive"), Some("session-inactive")),
    ("the printed token has expired", Some("expired"), None),
    ("the token is cut off", Some("token-cut-off"), Some("json-cut-off")),
    ("the JSON says `null`", None, Some("json-null")),
];

/// The start of the page.
const INTRODUCTION: &str = "\
# The one-liners, compared

Scripts extract the token from `ibmcloud iam oauth-tokens` with one-liners from IBM's documentation and from other scripts.
This page shows how these one-liners and `ibmcloud-token` handle every recorded output of the CLI.
`tests/it/one_liners` runs each of them with the real tools, and fails if this page is out of date.
`SNAPSHOTS=overwrite cargo test` renews it.

The situations are the directories `fixtures/oauth-tokens-*`. Each one states how reliable its source is, but not how
often the situation occurs, so the totals count situations, not incidents.

## Overview

Bold marks are wrong. An empty cell means that the one-liner does not apply.

";

const LEGEND: &str = "
## The marks

| mark | meaning |
|---|---|
| ok | the expected output: the right token, bare or after `Bearer ` |
| empty | nothing, and exit status 0 |
| other | a token, but not the right one, and exit status 0 |
| junk | other text, such as the token and a carriage return, and exit status 0 |
| fails | an exit status other than 0 |
| | does not apply, for example JSON output for a one-liner that asks for text |

`empty`, `other` and `junk` are silently wrong: the next command in the script uses the output as a token.
In a situation without a token, only `fails` is right.
";

impl Table {
    /// The content of `docs/one-liners.md`.
    pub(super) fn page(&self) -> String {
        let mut page = INTRODUCTION.to_owned();
        self.write_overview(&mut page);
        page.push_str(LEGEND);
        for (title, has_token) in [("Situations with a token", true), ("Situations without a token", false)] {
            let _ = write!(page, "\n## {title}\n\n| situation |");
            for column in 0..self.one_liners.len() {
                let _ = write!(page, " {} |", self.heading(column));
            }
            let _ = writeln!(page, "\n|---|{}", "---|".repeat(self.one_liners.len()));
            for row in self.rows.iter().filter(|row| row.has_token == has_token) {
                let _ = write!(page, "| {} |", row.situation.trim_start_matches("oauth-tokens-"));
                for mark in &row.marks {
                    let _ = write!(page, " {} |", mark.map_or(String::new(), |mark| mark.to_string()));
                }
                page.push('\n');
            }
        }
        page.push_str("\n## The one-liners\n");
        for (column, one_liner) in self.one_liners.iter().enumerate() {
            let OneLiner { interpreter, source, program, .. } = one_liner;
            let heading = self.heading(column);
            let Tally { prints, fails, silently_wrong } = self.tally(column);
            let _ = write!(page, "\n**{heading}** · {source}\n\n```{interpreter}\n{program}\n```\n\n");
            let _ = write!(page, "Prints the token in {prints} situations with a token, fails in {fails} ");
            let _ = writeln!(page, "without one, and is silently wrong in {silently_wrong}.");
        }
        page
    }

    fn write_overview(&self, page: &mut String) {
        let columns: Vec<_> = OVERVIEW_COLUMNS
            .map(|number| number - 1)
            .into_iter()
            .chain([self.one_liners.len() - 1])
            .collect();
        page.push_str("| situation | right |");
        for &column in &columns {
            let _ = write!(page, " {} |", self.heading(column));
        }
        let _ = writeln!(page, "\n|---|---|{}", "---|".repeat(columns.len()));
        for (description, text, json) in OVERVIEW_ROWS {
            let rows = [text, json].map(|situation| situation.map(|situation| self.row(situation)));
            let has_token = rows.iter().flatten().all(|row| row.has_token);
            let _ = write!(page, "| {description} | {} |", if has_token { "ok" } else { "fails" });
            for &column in &columns {
                let one_liner = &self.one_liners[column];
                let row = if one_liner.asks_for_json() { rows[1] } else { rows[0] };
                let row = if one_liner.is_this_program() { rows[0].or(rows[1]) } else { row };
                let cell = row.and_then(|row| row.marks[column].map(|mark| (mark, row.is_right(mark))));
                let _ = match cell {
                    None => write!(page, " |"),
                    Some((mark, true)) => write!(page, " {mark} |"),
                    Some((mark, false)) => write!(page, " **{mark}** |"),
                };
            }
            page.push('\n');
        }
        for (what, share) in [
            ("all with a token: ok", (|tally| tally.prints) as fn(Tally) -> Share),
            ("all without a token: fails", |tally| tally.fails),
            ("all: silently wrong", |tally| tally.silently_wrong),
        ] {
            let _ = write!(page, "| {what} | |");
            for &column in &columns {
                let _ = write!(page, " {} |", share(self.tally(column)));
            }
            page.push('\n');
        }
        page.push('\n');
        for &column in &columns {
            let _ = writeln!(page, "- {}: `{}`", self.heading(column), self.one_liners[column].program);
        }
    }

    /// The heading of a column.
    fn heading(&self, column: usize) -> String {
        if self.one_liners[column].is_this_program() { "ours".to_owned() } else { (column + 1).to_string() }
    }
}
