//! What the one-liners of the documentation and of public code make of every recorded situation, beside ours.
//!
//! They are the reason for this program, so they are not described but run: by the real shells and tools, in their
//! original spelling, with the stand-in as `ibmcloud`. The list is `tests/one-liners/list.txt`, the table that comes
//! out of it `tests/goldens/one-liners.md`, and the README shows a part of it. `SNAPSHOTS=overwrite cargo test`
//! writes both anew.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::{Mutex, OnceLock};
use std::thread;

use snapbox::{Data, assert_data_eq};

use crate::sandbox::{PROGRAM, Sandbox, has, recorded, right_token, root, situations, token};

/// The columns of the README's table, by number.
const IN_README: [usize; 5] = [1, 2, 3, 19, 31];

/// The rows of the README's table: what happens, and the situations in which the CLI is asked for text and for JSON.
/// No situation: it cannot happen then.
const README_ROWS: [(&str, Option<&str>, Option<&str>); 13] = [
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
    ("the token printed has expired", Some("expired"), None),
    ("the token is cut off", Some("token-cut-off"), Some("json-cut-off")),
    ("the JSON says `null`", None, Some("json-null")),
];

/// One way to get at the token.
struct OneLiner {
    /// What runs it: a shell or another language.
    interpreter: String,
    promise: Promise,
    source: String,
    program: String,
}

/// What a one-liner prints when all is well.
#[derive(Clone, Copy)]
enum Promise {
    Token,
    Bearer,
    /// Blanks before it do no harm in a header.
    BlanksBearer,
}

/// What came of it.
#[derive(Clone, Copy, PartialEq)]
enum Mark {
    Ok,
    Empty,
    Other,
    Junk,
    Fails,
}

/// A situation, and what each one-liner makes of it; nothing where it would not have asked for this.
struct Row {
    situation: String,
    has_token: bool,
    marks: Vec<Option<Mark>>,
}

/// Every one-liner in every situation. The last column is ours.
struct Table {
    one_liners: Vec<OneLiner>,
    rows: Vec<Row>,
}

/// So many of so many.
#[derive(Default)]
struct Share {
    count: usize,
    of: usize,
}

/// How often a one-liner is what.
#[derive(Default)]
struct Tally {
    /// The right token, where there is one.
    prints: Share,
    /// A failure, where there is none.
    fails: Share,
    /// Nothing or the wrong thing, and exit status 0.
    silently_wrong: Share,
}

impl OneLiner {
    /// Reads `tests/one-liners/list.txt`.
    fn all() -> Vec<Self> {
        let list = fs::read_to_string(root().join("tests/one-liners/list.txt")).unwrap();
        list.split("\n\n").filter(|paragraph| !paragraph.starts_with('#')).map(Self::read).collect()
    }

    fn read(paragraph: &str) -> Self {
        let (head, program) = paragraph.split_once('\n').unwrap();
        let [interpreter, promise, source] = head.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
        let promise = match promise {
            "token" => Promise::Token,
            "bearer" => Promise::Bearer,
            "blanks-bearer" => Promise::BlanksBearer,
            _ => panic!("{head}"),
        };
        let lines: Vec<_> = program.lines().map(|line| line.strip_prefix("    ").unwrap()).collect();
        Self {
            interpreter: interpreter.to_owned(),
            promise,
            source: source.to_owned(),
            program: lines.join("\n"),
        }
    }

    fn ours() -> Self {
        Self::read("sh bearer this program\n    ibmcloud-token")
    }

    fn is_ours(&self) -> bool {
        self.program == "ibmcloud-token"
    }

    fn asks_for_json(&self) -> bool {
        self.program.contains("json")
    }

    /// Whether the CLI could have answered it so. Ours has to understand whatever the CLI says.
    fn meets(&self, situation: &str) -> bool {
        let says = |prefix: &str| situation.starts_with(&format!("oauth-tokens-{prefix}"));
        // Only who passes `--output` gets JSON, or is told that there is no such flag.
        let to_json_only = says("json") || says("incorrect-usage");
        // The stand-in replays the colours whatever it is told; the CLI would not print them.
        let forbidden = says("colour") && self.program.contains("IBMCLOUD_COLOR=false");
        // Failures and silence are the same in text and in JSON.
        let to_both = right_token(situation).is_none() && !prints_a_token_line(situation);
        self.is_ours()
            || (!forbidden && if self.asks_for_json() { to_json_only || to_both } else { !to_json_only })
    }

    /// Runs it.
    fn run(&self, sandbox: &Sandbox) -> Output {
        let flag = if matches!(self.interpreter.as_str(), "perl" | "node") { "-e" } else { "-c" };
        sandbox
            .command(&self.interpreter)
            .args([flag, &self.program])
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}", self.interpreter))
    }

    /// Compares what it printed with what it should have.
    fn judge(&self, output: &Output, right: Option<&str>) -> Mark {
        if !output.status.success() {
            return Mark::Fails;
        }
        let printed = self.as_taken(&output.stdout);
        let is = |token: &str| match self.promise {
            Promise::Token => printed == token,
            Promise::Bearer | Promise::BlanksBearer => printed == format!("Bearer {token}"),
        };
        if printed.trim().is_empty() {
            Mark::Empty
        } else if right.is_some_and(is) {
            Mark::Ok
        } else if tokens().iter().any(|token| Some(token.as_str()) != right && is(token)) {
            Mark::Other
        } else {
            Mark::Junk
        }
    }

    /// What arrives at who uses it: `$(…)` takes the line ends off, another language's print has put one there.
    fn as_taken(&self, stdout: &[u8]) -> String {
        let text = String::from_utf8_lossy(stdout);
        match (self.promise, self.interpreter.as_str()) {
            (Promise::BlanksBearer, _) => text.trim_matches([' ', '\n']),
            (_, "sh" | "bash") => text.trim_end_matches('\n'),
            _ => text.strip_suffix('\n').unwrap_or(&text),
        }
        .to_owned()
    }
}

impl Table {
    /// Runs everything, once; nothing if the tools are not there.
    fn get() -> Option<&'static Self> {
        static TABLE: OnceLock<Option<Table>> = OnceLock::new();
        TABLE.get_or_init(|| tools_are_there().then(Self::run)).as_ref()
    }

    fn run() -> Self {
        let one_liners: Vec<_> = OneLiner::all().into_iter().chain([OneLiner::ours()]).collect();
        // They see stdout and the exit status, and most failures differ on stderr alone.
        assert!(one_liners.iter().all(|one_liner| !one_liner.program.contains("2>&1")));
        let mut alike: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for situation in situations("oauth-tokens-") {
            let seen = ["stdout", "status"].map(|file| recorded(&situation, file));
            alike.entry(seen).or_default().push(situation);
        }
        let left = Mutex::new(alike.into_values());
        let rows = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
                scope.spawn(|| {
                    loop {
                        let Some(alike) = left.lock().unwrap().next() else { break };
                        let done = Row::run_all(alike, &one_liners);
                        rows.lock().unwrap().extend(done);
                    }
                });
            }
        });
        let mut rows = rows.into_inner().unwrap();
        rows.sort_by(|a, b| a.situation.cmp(&b.situation));
        Self { one_liners, rows }
    }

    fn tally(&self, column: usize) -> Tally {
        let mut tally = Tally::default();
        for row in &self.rows {
            let Some(mark) = row.marks[column] else { continue };
            let right = if row.has_token { &mut tally.prints } else { &mut tally.fails };
            right.add(row.is_right(mark));
            tally.silently_wrong.add(matches!(mark, Mark::Empty | Mark::Other | Mark::Junk));
        }
        tally
    }

    fn row(&self, situation: &str) -> &Row {
        let name = format!("oauth-tokens-{situation}");
        self.rows.iter().find(|row| row.situation == name).unwrap_or_else(|| panic!("{name}"))
    }

    /// How a column is called.
    fn heading(&self, column: usize) -> String {
        if self.one_liners[column].is_ours() { "ours".to_owned() } else { (column + 1).to_string() }
    }

    /// The whole table.
    fn page(&self) -> String {
        let mut page = PAGE.to_owned();
        for (title, has_token) in [("There is a token", true), ("There is none, and to fail is right", false)]
        {
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
            let _ = write!(page, "Prints the token in {prints} situations, fails without one in {fails}, ");
            let _ = writeln!(page, "is silently wrong in {silently_wrong}.");
        }
        page
    }

    /// The part of it that the README shows.
    fn part(&self) -> String {
        let columns: Vec<_> =
            IN_README.map(|number| number - 1).into_iter().chain([self.rows[0].marks.len() - 1]).collect();
        let mut part = String::from("| what happens | right is |");
        for &column in &columns {
            let _ = write!(part, " {} |", self.heading(column));
        }
        let _ = writeln!(part, "\n|---|---|{}", "---|".repeat(columns.len()));
        for (what, text, json) in README_ROWS {
            let rows = [text, json].map(|situation| situation.map(|situation| self.row(situation)));
            let has_token = rows.iter().flatten().all(|row| row.has_token);
            let _ = write!(part, "| {what} | {} |", if has_token { "ok" } else { "fails" });
            for &column in &columns {
                let one_liner = &self.one_liners[column];
                let row = if one_liner.asks_for_json() { rows[1] } else { rows[0] };
                let row = if one_liner.is_ours() { rows[0].or(rows[1]) } else { row };
                let cell = row.and_then(|row| row.marks[column].map(|mark| (mark, row.is_right(mark))));
                let _ = match cell {
                    None => write!(part, " |"),
                    Some((mark, true)) => write!(part, " {mark} |"),
                    Some((mark, false)) => write!(part, " **{mark}** |"),
                };
            }
            part.push('\n');
        }
        for (what, share) in [
            ("all situations with a token: ok", (|tally| tally.prints) as fn(Tally) -> Share),
            ("all without one: fails", |tally| tally.fails),
            ("all: silently wrong", |tally| tally.silently_wrong),
        ] {
            let _ = write!(part, "| {what} | |");
            for &column in &columns {
                let _ = write!(part, " {} |", share(self.tally(column)));
            }
            part.push('\n');
        }
        part.push_str(PART_LEGEND);
        for &column in &columns {
            let _ = writeln!(part, "- {}: `{}`", self.heading(column), self.one_liners[column].program);
        }
        part
    }
}

impl Row {
    /// Situations in which every one-liner sees the same: theirs are run in the first, ours in each.
    fn run_all(alike: Vec<String>, one_liners: &[OneLiner]) -> Vec<Self> {
        let mut rows: Vec<Self> = Vec::new();
        for situation in alike {
            let row = Self::run(situation, one_liners, rows.first());
            rows.push(row);
        }
        rows
    }

    fn run(situation: String, one_liners: &[OneLiner], like: Option<&Self>) -> Self {
        let sandbox = sandbox(&situation);
        let right = right_token(&situation);
        let mark = |column: usize| {
            let one_liner: &OneLiner = &one_liners[column];
            one_liner.meets(&situation).then(|| match like {
                Some(row) if !one_liner.is_ours() => row.marks[column].expect("it meets both"),
                _ => one_liner.judge(&one_liner.run(&sandbox), right.as_deref()),
            })
        };
        let marks = (0..one_liners.len()).map(mark).collect();
        Self { situation, has_token: right.is_some(), marks }
    }

    fn is_right(&self, mark: Mark) -> bool {
        mark == if self.has_token { Mark::Ok } else { Mark::Fails }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Empty => "empty",
            Self::Other => "other",
            Self::Junk => "junk",
            Self::Fails => "fails",
        })
    }
}

impl Share {
    fn add(&mut self, counts: bool) {
        self.count += usize::from(counts);
        self.of += 1;
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.count, self.of)
    }
}

/// How the page begins.
const PAGE: &str = "\
# What one-liners make of every recorded situation

Written by `tests/it/one_liners.rs`, which runs each of them: `SNAPSHOTS=overwrite cargo test` renews this page.
The situations are the folders `fixtures/oauth-tokens-*`; each says how far to trust it, and none says how often it
happens.

| mark | what came of it |
|---|---|
| ok | exactly what the one-liner promises: the right token, bare or after `Bearer ` |
| empty | nothing, and exit status 0 |
| other | a token, but not the right one, and exit status 0 |
| junk | something else, or the right token with something around it, and exit status 0 |
| fails | an exit status that is not 0 |
| | does not apply: JSON for who asks for text, text for who asks for JSON, colours for who switches them off |

`empty`, `other` and `junk` are silently wrong: what runs next takes the answer for a token.
";

/// What the README says below its table.
const PART_LEGEND: &str = "
`ok` is the right token. `empty`, `other` and `junk` are silently wrong, with exit status 0: nothing, another token, or
something else, such as the token and a carriage return. `fails` is any other exit status. What is bold is not right;
an empty cell does not apply. The counts are over all recorded situations, not over how often they happen:
[the whole table](tests/goldens/one-liners.md).

";

/// A sandbox in which the stand-in answers to both its names, and the program under test is on PATH.
fn sandbox(situation: &str) -> Sandbox {
    let sandbox = Sandbox::replaying(situation);
    let stand_in = root().join("tests/stand-in");
    let bin = sandbox.home().join("bin");
    fs::create_dir(&bin).unwrap();
    symlink(stand_in.join("ibmcloud"), bin.join("bx")).unwrap();
    symlink(PROGRAM, bin.join("ibmcloud-token")).unwrap();
    let path = format!("{}:{}:/usr/local/bin:/usr/bin:/bin", bin.display(), stand_in.display());
    sandbox.with("PATH", path)
}

/// The synthetic tokens, right and wrong ones.
fn tokens() -> &'static [String] {
    static TOKENS: OnceLock<Vec<String>> = OnceLock::new();
    TOKENS.get_or_init(|| {
        fs::read_dir(root().join("fixtures/tokens"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| Path::new(name).extension().is_none())
            .map(|name| token(&name))
            .collect()
    })
}

/// Whether the recorded stdout has something in it that looks like a token.
fn prints_a_token_line(situation: &str) -> bool {
    let stdout = recorded(situation, "stdout");
    stdout.windows(7).any(|bytes| bytes == b"Bearer ")
}

/// Whether the tools are there, in the kind that the table is about.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn tools_are_there() -> bool {
    if !Sandbox::new().command("sh").args(["-c", "echo x | grep -qP x"]).status().unwrap().success() {
        eprintln!("skipped: the table is about the GNU tools, and `grep` here has no -P");
        return false;
    }
    ["bash", "awk", "sed", "cut", "tr", "head", "jq", "perl", "python3", "node"].into_iter().all(has)
}

#[test]
fn the_documented_pipeline_prints_the_same_bytes() {
    let documented = OneLiner::all().remove(0);
    assert_eq!(documented.program, r"ibmcloud iam oauth-tokens | grep IAM | cut -d \: -f 2 | sed 's/^ *//'");
    let mut same = Vec::new();
    for situation in situations("oauth-tokens-") {
        let Some(right) = right_token(&situation) else { continue };
        let sandbox = sandbox(&situation);
        let theirs = documented.run(&sandbox);
        if documented.judge(&theirs, Some(&right)) == Mark::Ok {
            assert_eq!(OneLiner::ours().run(&sandbox).stdout, theirs.stdout, "{situation}");
            same.push(situation);
        }
    }
    for expected in
        ["one-line", "single-space", "iam-then-uaa", "uaa-then-iam", "opaque-and-uaa", "notice-before"]
    {
        assert!(same.contains(&format!("oauth-tokens-{expected}")), "{expected}: {same:?}");
    }
    assert!(same.len() >= 10, "{same:?}");
}

#[test]
fn ours_is_right_in_every_situation() {
    let Some(table) = Table::get() else { return };
    for row in &table.rows {
        let ours = row.marks.last().unwrap().unwrap();
        assert!(row.is_right(ours), "{}: {ours}", row.situation);
    }
}

/// A one-liner that is right nowhere was copied wrongly, or its interpreter does not run.
#[test]
fn every_one_liner_is_right_where_all_is_well() {
    let Some(table) = Table::get() else { return };
    for (column, one_liner) in table.one_liners.iter().enumerate() {
        let row = table.row(if one_liner.asks_for_json() { "json" } else { "one-line" });
        assert!(row.marks[column] == Some(Mark::Ok), "{}", one_liner.program);
    }
}

#[test]
fn the_page_of_one_liners_is_up_to_date() {
    let Some(table) = Table::get() else { return };
    let golden = root().join("tests/goldens/one-liners.md");
    assert_data_eq!(table.page(), Data::read_from(&golden, None).raw());
}

#[test]
fn the_readme_shows_a_part_of_it() {
    const START: &str = "<!-- one-liners: generated -->\n";
    const END: &str = "<!-- /one-liners -->\n";

    let Some(table) = Table::get() else { return };
    let path = root().join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(START).expect("the README has the first marker");
    let (_, after) = rest.split_once(END).expect("the README has the second marker");
    let expected = format!("{before}{START}{}{END}{after}", table.part());
    // The README is no golden: only what stands between the markers is written.
    if std::env::var("SNAPSHOTS").as_deref() == Ok("overwrite") {
        fs::write(&path, expected).unwrap();
    } else {
        assert_data_eq!(readme, Data::text(expected).raw());
    }
}
