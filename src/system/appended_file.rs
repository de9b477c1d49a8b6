//! Appending lines to a file that others append to as well, such as those of a GitHub Actions runner.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::ownership;
use super::stream::{self, Stream};
use crate::time::Deadline;

/// A file, or something else that is written through.
pub(crate) enum AppendedFile {
    /// A regular file, its path, and the length before and after our lines.
    Regular(File, PathBuf, Option<(u64, u64)>),
    /// A pipe, a device, or a file that the caller has opened.
    Stream(Stream),
}

impl AppendedFile {
    /// Opens an existing file.
    pub(crate) fn open(path: &Path, deadline: Deadline) -> io::Result<Self> {
        if let Some(stream) = stream::open(path, deadline)? {
            return Ok(Self::Stream(stream));
        }
        Ok(Self::Regular(ownership::open_to_append(path)?, path.to_owned(), None))
    }

    /// Appends lines. If the last line of the file has no end, it gets one first.
    pub(crate) fn append(&mut self, lines: &[u8], deadline: Deadline) -> io::Result<()> {
        match self {
            Self::Stream(stream) => stream.write(lines, deadline),
            Self::Regular(file, _, appended) => {
                let before = file.metadata()?.len();
                let mut last = [b'\n'];
                if before > 0 {
                    file.seek(SeekFrom::Start(before - 1))?;
                    file.read_exact(&mut last)?;
                }
                // One write, so that lines of other programs do not end up in the middle.
                let mut text = zeroize::Zeroizing::new(Vec::with_capacity(lines.len() + 1));
                text.extend(b"\n".iter().filter(|&&end| last != [end]));
                text.extend_from_slice(lines);
                *appended = Some((before, before + text.len() as u64));
                let result = file.write_all(&text);
                if result.is_err() {
                    // A part of the lines may be there.
                    *appended = Some((before, file.metadata()?.len()));
                    self.undo();
                }
                result
            }
        }
    }

    /// Removes the lines that were appended, unless another program has appended more.
    pub(crate) fn undo(&self) {
        if let Self::Regular(file, path, Some((before, after))) = self
            && file.metadata().is_ok_and(|found| found.len() == *after)
        {
            let _ = ownership::shorten(file, path, *before);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    #[test]
    fn missing_line_end_is_added_and_undone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for (before, after) in [("", "x\n"), ("a=b", "a=b\nx\n"), ("a=b\n", "a=b\nx\n"), ("\n", "\nx\n")] {
            fs::write(&path, before).unwrap();
            let deadline = Deadline::after(Duration::from_millis(50));
            let mut file = AppendedFile::open(&path, deadline).unwrap();
            file.undo();
            assert_eq!(fs::read_to_string(&path).unwrap(), before);
            file.append(b"x\n", deadline).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), after);
            file.undo();
            assert_eq!(fs::read_to_string(&path).unwrap(), before);
            file.append(b"x\n", deadline).unwrap();
            fs::write(&path, "of another program").unwrap();
            file.undo();
            assert_eq!(fs::read_to_string(&path).unwrap(), "of another program");
        }
    }
}
