//! The two forms of the stand-in CLI: the program that the tests use, and the script that needs no build. They must answer
//! with the same bytes and the same status.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use regex::Regex;

use crate::sandbox::{
    Sandbox, files_below, jwt, names, recorded, renewable, run_with_input, session_with, situations,
    stand_in, stand_in_script, symlink, token,
};

/// The behavior of one form: its outputs, its status, and the files that it leaves in the home.
#[derive(Debug, PartialEq)]
struct Answer {
    status: Option<i32>,
    stdout: String,
    stderr: String,
    files: Vec<(PathBuf, String)>,
}

/// Something that both forms are asked.
#[derive(Clone, Default)]
struct Question<'a> {
    arguments: Vec<&'a str>,
    variables: Vec<(&'a str, &'a str)>,
    input: &'a str,
    session: Option<String>,
    name: Option<&'a str>,
    /// Whether there is a folder for `STAND_IN_FOLDER`.
    made_up: bool,
}

impl<'a> Question<'a> {
    fn new(line: &'a str) -> Self {
        Self { arguments: line.split(' ').filter(|word| !word.is_empty()).collect(), ..Self::default() }
    }

    fn with(mut self, name: &'a str, value: &'a str) -> Self {
        self.variables.push((name, value));
        self
    }

    fn input(mut self, input: &'a str) -> Self {
        self.input = input;
        self
    }

    fn session(self, text: impl Into<String>) -> Self {
        Self { session: Some(text.into()), ..self.with("STAND_IN_SESSION", "1") }
    }

    fn ask(&self, form: &Path) -> Answer {
        let sandbox = Sandbox::new();
        sandbox.write("key.json", r#"{"name":"demo","apikey":"demo-key"}"#);
        sandbox.write("key.txt", "wrong\n");
        if self.made_up {
            sandbox.write("made-up/stdout", "made up\n");
            sandbox.write("made-up/stderr", "FAILED\n\n");
            sandbox.write("made-up/status", "9\n");
        }
        if let Some(session) = &self.session {
            sandbox.write(".bluemix/config.json", session);
        }
        let called = sandbox.home().join("bin").join(self.name.unwrap_or("ibmcloud"));
        fs::create_dir(called.parent().unwrap()).unwrap();
        symlink(form, &called);
        let mut command = sandbox.command(&called);
        command.args(&self.arguments).envs(self.variables.iter().copied());
        let output = run_with_input(&mut command, self.input.as_bytes());
        let mut files: Vec<PathBuf> = files_below(sandbox.home());
        files.retain(|file| file != &called);
        files.sort();
        let read = |file: PathBuf| {
            let text = fs::read_to_string(&file).unwrap();
            (file.strip_prefix(sandbox.home()).unwrap().to_owned(), without_times(&text))
        };
        let home = sandbox.home().to_str().unwrap();
        Answer {
            status: output.status,
            stdout: without_times(&output.stdout),
            stderr: output.stderr.replace(home, "<home>"),
            files: files.into_iter().map(read).collect(),
        }
    }

    /// Asks both forms, and returns their answer.
    #[track_caller]
    fn agree(&self) -> Answer {
        let [program, script] = [self.ask(stand_in()), self.ask(&stand_in_script())];
        assert_eq!(program, script, "{:?} {:?} {:?}", self.arguments, self.variables, self.session);
        program
    }
}

/// Replaces the parts of a new token that differ from run to run, after decoding it, and the time of a login.
fn without_times(text: &str) -> String {
    let token = Regex::new(r"eyJraWQiOiIyMDIxMTAxODA4MTkiLCJhbGciOiJSUzI1NiJ9\.([A-Za-z0-9_-]+)").unwrap();
    let text = token.replace_all(text, |found: &regex::Captures<'_>| {
        // A recording may have cut a token off.
        let claims = URL_SAFE_NO_PAD.decode(&found[1]).ok().and_then(|claims| String::from_utf8(claims).ok());
        claims.unwrap_or_else(|| found[0].to_owned())
    });
    let jti = r#""jti":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}""#;
    let mut text = Regex::new(jti).unwrap().replace_all(&text, "<jti>").into_owned();
    // The two runs may be on both sides of a second.
    for pattern in [r#""(?:iat|exp)":\d+"#, r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"] {
        text = Regex::new(pattern).unwrap().replace_all(&text, "<time>").into_owned();
    }
    text
}

#[test]
fn both_forms_replay_every_run_with_the_same_bytes() {
    for situation in situations("oauth-tokens-").into_iter().chain(situations("bearer-token-")) {
        let question = Question::new("iam oauth-tokens").with("STAND_IN_REPLAY", &situation);
        // Some recordings are not UTF-8, so the bytes are compared with the recording.
        for form in [stand_in(), &stand_in_script()] {
            let sandbox = Sandbox::new();
            let mut command = sandbox.command(form);
            command.args(["iam", "oauth-tokens"]).env("STAND_IN_REPLAY", &situation).stdin(Stdio::null());
            let output = command.output().unwrap();
            let status = String::from_utf8(recorded(&situation, "status")).unwrap();
            let expected = (status.trim().parse().unwrap_or(0), recorded(&situation, "stderr"));
            let dialogue = recorded(&situation, "stdout.1");
            assert_eq!(
                (output.status.code().unwrap(), &output.stderr),
                (expected.0, &expected.1),
                "{situation}"
            );
            if dialogue.is_empty() {
                assert_eq!(output.stdout, recorded(&situation, "stdout"), "{situation}");
            }
        }
        if String::from_utf8(recorded(&situation, "stdout")).is_ok() {
            question.clone().with("IBMCLOUD_QUIET", "true").agree();
            question.input("y\n").agree();
        }
    }
}

#[test]
fn both_forms_hold_every_dialogue() {
    let answers = "1\nada@example.org\nsecret\n1\n5\n";
    for situation in situations("login-") {
        for input in ["", "\n", "no newline", "y\n", " code \t\r\n1\n", answers, "n\nx\ny\nz\n1\n1\n"] {
            let question = Question::new("login").with("STAND_IN_LOGIN", &situation).input(input);
            question.clone().agree();
            if !recorded(&situation, "logs-in").is_empty() {
                question.with("STAND_IN_REGIONS", "1").with("STAND_IN_SESSION", "1").agree();
            }
        }
    }
}

#[test]
fn both_forms_read_the_same_command_line() {
    for line in [
        "",
        "--version",
        "-v",
        "version",
        "target",
        "target -c",
        "target -c a1",
        "target -g a1",
        "logout",
        "iam",
        "iam nothing",
        "iam bearer-token",
        "iam oauth-tokens",
        "iam oauth-tokens -q",
        "iam oauth-tokens --output json",
        "iam oauth-tokens -o JSON",
        "iam oauth-tokens -output Json",
        "iam oauth-tokens --output=json -o=JSON",
        "iam oauth-tokens --output",
        "iam oauth-tokens -output",
        "iam oauth-tokens -o",
        "iam oauth-tokens --output yaml",
        "iam oauth-tokens --nothing",
        "iam oauth-tokens -n",
        "iam oauth-tokens more",
        "nothing",
        "login --nothing",
        "login nothing",
        "login --sso",
        "login --sso --sso-otp auto",
        "login --sso-otp auto --sso",
        "login --sso-otp none",
        "login -u passcode -p abc",
        "login -u ada@example.org -p abc -c a1 --no-region",
        "login -a https://cloud.ibm.com --apikey k1 -r us-south",
        "login --apikey=wrong",
        "login --apikey=k1 -q",
        "login -apikey k1",
        "login --apikey",
        "login --apikey -k1",
        "login -apikey -k1",
        "login -c",
        "login --apikey @key.json",
        "login --apikey @key.txt",
        "login --apikey @none",
        "login --cr-token @key.txt --profile p1",
        "login --vpc-cri --vpc",
        "login --no-account --accept --skip-ssl-validation -g g1 -s s1 -o o1",
    ] {
        for session in [false, true] {
            let question = Question::new(line).input("y\n1\n1\n1\n");
            let question = if session { question.with("STAND_IN_SESSION", "1") } else { question };
            question.clone().agree();
            question.clone().with("IBMCLOUD_QUIET", "true").agree();
            question.clone().with("BLUEMIX_COLOR", "true").agree();
            question.clone().with("STAND_IN_FEDERATED", "1").with("STAND_IN_REGIONS", "1").agree();
            question.with("BLUEMIX_API_KEY", "key").agree();
        }
    }
    let mut renamed = Question::new("nothing");
    renamed.name = Some("bx");
    assert!(renamed.agree().stderr.contains("See 'bx help'"));
}

#[test]
fn both_forms_keep_the_same_session() {
    let session = |token: &str| session_with(token);
    let one_line = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap().to_string();
    let live = session(&renewable(-10, 3600));
    let expired = session(&renewable(-3600, 5));
    let mut texts = vec![
        String::new(),
        "{}".to_owned(),
        "{".to_owned(),
        "not json\n".to_owned(),
        "\0\0".to_owned(),
        live[..live.len() / 2].to_owned(),
        format!("{live}\n\n"),
        one_line(&live),
        one_line(&expired),
        r#"{"IAMToken":"Bearer a.b.c"}"#.to_owned(),
        session("opaque"),
        session(&token("expired")),
        session(&jwt(-3600, 9)),
        live,
        expired,
    ];
    texts.extend(
        situations("session-")
            .iter()
            .map(|name| String::from_utf8_lossy(&recorded(name, "config.json")).into_owned()),
    );
    for text in &texts {
        for line in ["iam oauth-tokens", "iam bearer-token", "logout", "target -c a2", "login --apikey k1"] {
            let question = Question::new(line).session(text);
            question.agree();
        }
        for (name, value) in [
            ("STAND_IN_REFRESH", "ok"),
            ("STAND_IN_REFRESH", "BXNIM0439E"),
            ("STAND_IN_REFRESH", "BXNIM0408E"),
            ("STAND_IN_REFRESH", "network"),
            ("STAND_IN_REFRESH", "503"),
            ("STAND_IN_REFRESH", "oauth-tokens-429"),
            ("STAND_IN_EXPIRES_IN", "60"),
            ("STAND_IN_IAT_OFFSET", "-90"),
            ("STAND_IN_NO_SAVE", "1"),
            ("STAND_IN_NO_FLOCK", "1"),
        ] {
            Question::new("iam oauth-tokens --output json").session(text).with(name, value).agree();
        }
    }
    for name in ["IBMCLOUD_CONFIG_HOME", "IBMCLOUD_HOME", "BLUEMIX_HOME"] {
        let answer =
            Question::new("login --apikey k1").with("STAND_IN_SESSION", "1").with(name, "elsewhere").agree();
        assert!(answer.files.iter().any(|(file, _)| file.starts_with("elsewhere")), "{answer:?}");
    }
}

#[test]
fn both_forms_behave_alike_before_they_answer() {
    let line = "iam oauth-tokens";
    let misused = Question::new(line).with("STAND_IN_REPLAY", "no-such-situation").agree();
    assert_eq!((misused.status, misused.stdout.as_str()), (Some(64), ""));
    Question::new(line).with("STAND_IN_BYTES", "1000").agree();
    Question::new("iam nothing").with("STAND_IN_SLOW", "0.001").agree();
    Question::new("iam")
        .with("STAND_IN_SLOW", "0.001")
        .with("STAND_IN_REPLAY", "oauth-tokens-not-logged-in")
        .agree();
    for input in ["", "y\n", "n"] {
        let question = Question::new(line).with("STAND_IN_UPDATE", "1").input(input);
        assert!(question.agree().stdout.contains("Do you want to update?"));
        question.clone().with("IBMCLOUD_VERSION_CHECK", "false").agree();
        question.with("BLUEMIX_VERSION_CHECK", "false").agree();
    }
    let folder = Question::new(line).with("STAND_IN_FOLDER", "made-up");
    assert_eq!(folder.agree().status, Some(0));
    for start in ["", "iam oauth", "login"] {
        let folder = Question { made_up: true, ..folder.clone() }.with("STAND_IN_FOLDER_FOR", start);
        let answer = folder.with("STAND_IN_LINGER", "0.01").agree();
        let expected = if start == "login" { (Some(1), "") } else { (Some(9), "made up\n") };
        assert_eq!((answer.status, answer.stdout.as_str()), expected, "{start}");
    }
    for signal in ["KILL", "TERM", "PIPE"] {
        let answer = Question::new(line).with("STAND_IN_SIGNAL", signal).agree();
        assert_eq!((answer.status, answer.stdout.as_str()), (None, ""), "{signal}");
    }
}

#[test]
fn both_forms_log_the_same_call() {
    let logs = [stand_in().to_owned(), stand_in_script()].map(|form| {
        let sandbox = Sandbox::logging();
        let mut command = sandbox.command(form);
        command.args(["iam", "oauth-tokens", "--output", "two words"]).env("EMPTY", "");
        let outcome = run_with_input(&mut command, b"");
        let id = sandbox.call_log().split(' ').next().unwrap().to_owned();
        let read = |file: &str| fs::read_to_string(sandbox.log().join(file)).unwrap().replace(&id, "<id>");
        let [(arguments, environment)] = &sandbox.recorded_calls()[..] else { panic!("one call") };
        let environment =
            environment.replace(&id, "<id>").replace(sandbox.home().to_str().unwrap(), "<home>");
        let mut environment: Vec<_> = environment.lines().map(str::to_owned).collect();
        // The shell sets these itself.
        environment
            .retain(|line| !["PWD=", "OLDPWD=", "_=", "SHLVL="].iter().any(|name| line.starts_with(name)));
        environment.sort();
        let names: Vec<_> = names(&sandbox.log()).iter().map(|name| name.replace(&id, "<id>")).collect();
        (outcome.status, read("calls"), read("ended"), arguments.replace(&id, "<id>"), environment, names)
    });
    assert_eq!(logs[0], logs[1]);
    assert!(logs[0].4.contains(&"EMPTY=".to_owned()));
}
