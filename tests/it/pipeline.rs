//! The documented pipeline, `grep IAM | cut -d \: -f 2 | sed 's/^ *//'`, in Rust. The fuzz target `pipeline` compares it
//! with the parser; the test here compares it with the real tools.

use ibmcloud_token::AccessToken;

/// Returns whether `grep IAM` selects a line.
pub(crate) fn is_selected(line: &[u8]) -> bool {
    line.windows(3).any(|part| part == b"IAM")
}

/// Returns what the pipeline prints in the locale `C`, or nothing for a text that `grep` takes for binary.
pub(crate) fn printed(text: &[u8]) -> Option<Vec<u8>> {
    if text.contains(&0) {
        return None;
    }
    let mut output = Vec::new();
    for line in text.split(|byte| *byte == b'\n').filter(|line| is_selected(line)) {
        // `cut` prints a line without the delimiter as it is.
        let field = line.split(|byte| *byte == b':').nth(1).unwrap_or(line);
        let spaces = field.iter().take_while(|byte| **byte == b' ').count();
        output.extend_from_slice(&field[spaces..]);
        output.push(b'\n');
    }
    Some(output)
}

/// Returns the token if the pipeline prints exactly one line, and that is `Bearer` with a token.
pub(crate) fn token(text: &[u8]) -> Option<AccessToken> {
    let output = printed(text)?;
    let line = std::str::from_utf8(output.strip_suffix(b"\n")?).ok()?;
    AccessToken::new(line.strip_prefix("Bearer ")?).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::{printed, token};
    use crate::sandbox::root;

    fn really_printed(text: &[u8]) -> Vec<u8> {
        let mut shell = Command::new("sh")
            .args(["-c", r"grep IAM | cut -d \: -f 2 | sed 's/^ *//'"])
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        shell.stdin.take().unwrap().write_all(text).unwrap();
        shell.wait_with_output().unwrap().stdout
    }

    #[test]
    fn pipeline_in_rust_prints_what_the_real_one_prints() {
        let mut with_token = 0;
        let recorded = std::fs::read_dir(root().join("fixtures")).unwrap();
        let recorded = recorded.filter_map(|entry| std::fs::read(entry.unwrap().path().join("stdout")).ok());
        let made = [
            "IAM token: Bearer abc:def\n",
            "IAM\nno IAM: a: b\n:IAM\n",
            "IAM:\n",
            "xIAMx:\tBearer a\r\n",
            "IAM token:   Bearer abc",
            "",
            "\n\n",
            "iam token: Bearer abc\n",
            "\u{a0}IAM:\u{a0} x\u{ff1a}y\n",
        ];
        let damaged = [b"IAM \xff\xfe: Bearer a\xc3\n".to_vec(), b"\x1b[1mIAM: \x07x\n".to_vec()];
        for text in recorded.chain(made.map(|text| text.as_bytes().to_vec())).chain(damaged) {
            let Some(output) = printed(&text) else { continue };
            assert_eq!(
                really_printed(&text).escape_ascii().to_string(),
                output.escape_ascii().to_string(),
                "{}",
                text.escape_ascii()
            );
            with_token += usize::from(token(&text).is_some());
        }
        assert!(with_token >= 10, "{with_token}");
    }
}
