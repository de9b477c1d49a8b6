//! Writes man(7) from plain text: the help texts, and the texts in this directory.
//!
//! Blank lines separate paragraphs. Two spaces before a line keep it as it is. `NAME :: text` is an entry of a list, and
//! backticks are around what is typed as it is.

use std::fmt::Write as _;

/// The length of a line of text. `mandoc -T lint` asks for at most 80 bytes.
const MAX_LINE: usize = 78;

/// Starts a section.
pub(super) fn heading(page: &mut String, name: &str) {
    let _ = writeln!(page, ".SH {name}");
}

/// Writes an entry of a list. The tag is roff already.
pub(super) fn tagged(page: &mut String, tag: &str, explanation: &str) {
    let _ = writeln!(page, ".TP\n{tag}");
    let mut body = String::new();
    text(&mut body, explanation);
    // What follows in the entry keeps its indentation.
    let body = body.replace(".PP\n.RS 4\n", ".sp\n.RS 11\n");
    page.push_str(&body.replace(".PP\n", ".IP\n"));
}

pub(super) fn bold(text: &str) -> String {
    format!("\\fB{}\\fR", escaped(text))
}

pub(super) fn italic(text: &str) -> String {
    format!("\\fI{}\\fR", escaped(text))
}

/// Writes text in paragraphs.
pub(super) fn text(page: &mut String, text: &str) {
    let mut lines = text.lines().peekable();
    let mut is_first = true;
    while let Some(line) = lines.next() {
        if line.trim().is_empty() {
            continue;
        }
        if is_verbatim(line) {
            page.push_str(if is_first { ".RS 4\n.EX\n" } else { ".PP\n.RS 4\n.EX\n" });
            let (indentation, _) = line.split_at(line.len() - line.trim_start().len());
            let mut next = Some(line);
            while let Some(line) = next {
                let line = line.strip_prefix(indentation).unwrap_or(line);
                let _ = writeln!(page, "{}", line_start(&escaped(line)));
                next = lines.next_if(|line| is_verbatim(line));
            }
            page.push_str(".EE\n.RE\n");
        } else {
            let (tag, first) = line.split_once(" :: ").map_or((None, line), |(tag, text)| (Some(tag), text));
            match tag {
                Some(tag) => {
                    let _ = writeln!(page, ".TP\n{}", bold(tag));
                }
                None if !is_first => page.push_str(".PP\n"),
                None => {}
            }
            let mut paragraph = first.to_owned();
            while let Some(line) = lines.next_if(|line| !line.trim().is_empty() && !is_verbatim(line)) {
                let _ = write!(paragraph, " {line}");
            }
            wrapped(page, &with_code(paragraph.trim()));
        }
        is_first = false;
    }
}

fn is_verbatim(line: &str) -> bool {
    line.starts_with("  ") && !line.trim().is_empty()
}

/// Shows what is between backticks as it is typed. A text with an odd number of them is left as it is.
fn with_code(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escaped(text);
    }
    let shown = parts.iter().enumerate();
    shown.map(|(at, part)| if at % 2 == 1 { bold(part) } else { escaped(part) }).collect()
}

/// Writes a paragraph in short lines.
pub(super) fn wrapped(page: &mut String, paragraph: &str) {
    let mut line = String::new();
    for word in paragraph.split(' ') {
        if !line.is_empty() && line.len() + 1 + word.len() > MAX_LINE {
            let _ = writeln!(page, "{}", line_start(&line));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(page, "{}", line_start(&line));
}

/// Protects the first character of a line, which could make it a request.
fn line_start(line: &str) -> String {
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.to_owned() }
}

/// Protects what roff would replace. A hyphen stays one that can be pasted into a shell.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => escaped.push_str("\\e"),
            '-' => escaped.push_str("\\-"),
            '\'' => escaped.push_str("\\(aq"),
            '`' => escaped.push_str("\\(ga"),
            '^' => escaped.push_str("\\(ha"),
            '~' => escaped.push_str("\\(ti"),
            '"' => escaped.push_str("\\(dq"),
            c if c.is_ascii() => escaped.push(c),
            c => {
                let _ = write!(escaped, "\\[u{:04X}]", u32::from(c));
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(source: &str) -> String {
        let mut page = String::new();
        text(&mut page, source);
        page
    }

    #[test]
    fn text_becomes_paragraphs_examples_and_lists() {
        assert_eq!(
            written("One\ntwo `-f x`.\n\n    a 'b'\n    .c\n\nThen.\n\nNAME :: what\nit is"),
            "One two \\fB\\-f x\\fR.\n.PP\n.RS 4\n.EX\na \\(aqb\\(aq\n\\&.c\n.EE\n.RE\n.PP\nThen.\n.TP\n\\fBNAME\\fR\nwhat it is\n"
        );
    }

    #[test]
    fn nothing_is_taken_for_a_request() {
        for source in [".so /etc/passwd", "'x", "  .so x", "\\*[x]"] {
            let page = written(source);
            assert!(!page.lines().any(|line| line.starts_with(['\'']) || line.starts_with(".so")), "{page}");
        }
        assert_eq!(escaped("a\\b …"), "a\\eb \\[u2026]");
    }
}
