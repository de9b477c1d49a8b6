//! Runs the one-liners of IBM's documentation and of public code in every recorded situation, next to this program.
//!
//! The program replaces them. The tests run them in their original spelling, with the real shells and tools and with
//! the stand-in as `ibmcloud`. The one-liners are in `tests/one-liners/list.txt`; the results are in
//! `docs/one-liners.md`, which `SNAPSHOTS=overwrite cargo test` renews.
//!
//! - `page`: the text of that page

mod page;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::{Mutex, OnceLock};
use std::thread;

use snapbox::{Data, assert_data_eq};

use crate::sandbox::{
    PROGRAM, Sandbox, has, is_available, recorded, right_token, root, situations, stand_in_directory, token,
};

/// One way to get the token.
struct OneLiner {
    /// The shell or language that runs it.
    interpreter: String,
    expected: Expected,
    source: String,
    program: String,
}

/// The output of a one-liner that works.
#[derive(Clone, Copy)]
enum Expected {
    Token,
    Bearer,
    /// `Bearer` and the token, after blanks that do no harm in a header.
    BlanksBearer,
}

/// The result of one run.
#[derive(Clone, Copy, PartialEq)]
enum Mark {
    Ok,
    Empty,
    Other,
    Junk,
    Fails,
}

/// A situation, and the mark of each one-liner; `None` if the one-liner does not apply to it.
struct Row {
    situation: String,
    has_token: bool,
    marks: Vec<Option<Mark>>,
}

/// Every one-liner in every situation. The last column is this program.
struct Table {
    one_liners: Vec<OneLiner>,
    rows: Vec<Row>,
}

/// A count and the total it belongs to.
#[derive(Default)]
struct Share {
    count: usize,
    of: usize,
}

/// The totals of one column.
#[derive(Default)]
struct Tally {
    /// Prints the right token when there is one.
    prints: Share,
    /// Fails when there is no token.
    fails: Share,
    /// Prints nothing or the wrong thing, and exits with 0.
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
        let [interpreter, expected, source] = head.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
        let expected = match expected {
            "token" => Expected::Token,
            "bearer" => Expected::Bearer,
            "blanks-bearer" => Expected::BlanksBearer,
            _ => panic!("{head}"),
        };
        let lines: Vec<_> = program.lines().map(|line| line.strip_prefix("    ").unwrap()).collect();
        Self {
            interpreter: interpreter.to_owned(),
            expected,
            source: source.to_owned(),
            program: lines.join("\n"),
        }
    }

    fn this_program() -> Self {
        Self::read("sh bearer this program\n    ibmcloud-token")
    }

    fn is_this_program(&self) -> bool {
        self.program == "ibmcloud-token"
    }

    fn asks_for_json(&self) -> bool {
        self.program.contains("json")
    }

    /// Returns whether this one-liner can meet a situation. This program must cope with all of them.
    fn applies_to(&self, situation: &str) -> bool {
        let says = |prefix: &str| situation.starts_with(&format!("oauth-tokens-{prefix}"));
        // The CLI prints JSON, or rejects the flag, only if `--output` is passed.
        let in_json_only = says("json") || says("incorrect-usage");
        // The stand-in replays colours unconditionally; the real CLI would print none here.
        let forbidden = says("colour") && self.program.contains("IBMCLOUD_COLOR=false");
        // Failures and silence are the same in text and in JSON.
        let in_both = right_token(situation).is_none() && !prints_a_token_line(situation);
        self.is_this_program()
            || (!forbidden && if self.asks_for_json() { in_json_only || in_both } else { !in_json_only })
    }

    fn run(&self, sandbox: &Sandbox) -> Output {
        let flag = if matches!(self.interpreter.as_str(), "perl" | "node") { "-e" } else { "-c" };
        sandbox
            .command(&self.interpreter)
            .args([flag, &self.program])
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}", self.interpreter))
    }

    /// Compares the output with the expected one.
    fn judge(&self, output: &Output, right: Option<&str>) -> Mark {
        if !output.status.success() {
            return Mark::Fails;
        }
        let printed = self.as_consumed(&output.stdout);
        let is = |token: &str| match self.expected {
            Expected::Token => printed == token,
            Expected::Bearer | Expected::BlanksBearer => printed == format!("Bearer {token}"),
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

    /// Returns the output as its consumer sees it: `$(…)` strips final newlines, and `print` in other languages has
    /// added one.
    fn as_consumed(&self, stdout: &[u8]) -> String {
        let text = String::from_utf8_lossy(stdout);
        match (self.expected, self.interpreter.as_str()) {
            (Expected::BlanksBearer, _) => text.trim_matches([' ', '\n']),
            (_, "sh" | "bash") => text.trim_end_matches('\n'),
            _ => text.strip_suffix('\n').unwrap_or(&text),
        }
        .to_owned()
    }
}

impl Table {
    /// Runs everything once per test process; `None` if a tool is missing.
    fn get() -> Option<&'static Self> {
        static TABLE: OnceLock<Option<Table>> = OnceLock::new();
        TABLE.get_or_init(|| has_tools().then(Self::run)).as_ref()
    }

    fn run() -> Self {
        let one_liners: Vec<_> = OneLiner::all().into_iter().chain([OneLiner::this_program()]).collect();
        // One-liners see stdout and the exit status only, so situations that differ in stderr alone are run once.
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
}

impl Row {
    /// Runs situations that look alike to the one-liners: the one-liners in the first only, this program in each.
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
            one_liner.applies_to(&situation).then(|| match like {
                Some(row) if !one_liner.is_this_program() => row.marks[column].expect("it applies to both"),
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

/// A sandbox with the stand-in on PATH as `ibmcloud` and `bx`, and with the program under test.
fn sandbox(situation: &str) -> Sandbox {
    let sandbox = Sandbox::replaying(situation);
    let stand_in = stand_in_directory();
    let bin = sandbox.home().join("bin");
    fs::create_dir(&bin).unwrap();
    symlink(stand_in.join("ibmcloud"), bin.join("bx")).unwrap();
    symlink(PROGRAM, bin.join("ibmcloud-token")).unwrap();
    let path = format!("{}:{}:/usr/local/bin:/usr/bin:/bin", bin.display(), stand_in.display());
    sandbox.with("PATH", path)
}

/// All synthetic tokens, valid or not.
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

fn prints_a_token_line(situation: &str) -> bool {
    let stdout = recorded(situation, "stdout");
    stdout.windows(7).any(|bytes| bytes == b"Bearer ")
}

fn has_tools() -> bool {
    let probe = Sandbox::new().shell("sh", "echo x | grep -qP x");
    if !is_available(probe.status == Some(0), "the one-liners need the GNU tools, and this `grep` has no -P")
    {
        return false;
    }
    ["bash", "awk", "sed", "cut", "tr", "head", "jq", "perl", "python3", "node"].into_iter().all(has)
}

#[test]
fn program_prints_the_same_bytes_as_the_documented_pipeline() {
    let documented = OneLiner::all().remove(0);
    assert_eq!(documented.program, r"ibmcloud iam oauth-tokens | grep IAM | cut -d \: -f 2 | sed 's/^ *//'");
    let mut same = Vec::new();
    for situation in situations("oauth-tokens-") {
        let Some(right) = right_token(&situation) else { continue };
        let sandbox = sandbox(&situation);
        let theirs = documented.run(&sandbox);
        if documented.judge(&theirs, Some(&right)) == Mark::Ok {
            assert_eq!(OneLiner::this_program().run(&sandbox).stdout, theirs.stdout, "{situation}");
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
fn program_is_right_in_every_situation() {
    let Some(table) = Table::get() else { return };
    for row in &table.rows {
        let mark = row.marks.last().unwrap().unwrap();
        assert!(row.is_right(mark), "{}: {mark}", row.situation);
    }
}

/// A one-liner that fails here was copied wrongly, or its interpreter is broken.
#[test]
fn every_one_liner_works_when_logged_in() {
    let Some(table) = Table::get() else { return };
    for (column, one_liner) in table.one_liners.iter().enumerate() {
        let row = table.row(if one_liner.asks_for_json() { "json" } else { "one-line" });
        assert!(row.marks[column] == Some(Mark::Ok), "{}", one_liner.program);
    }
}

#[test]
fn one_liners_page_is_current() {
    let Some(table) = Table::get() else { return };
    assert_data_eq!(table.page(), Data::read_from(&root().join("docs/one-liners.md"), None).raw());
}
