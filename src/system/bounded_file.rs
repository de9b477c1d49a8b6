//! Reads a file that the user named, until a deadline and up to a size. The file may be a pipe that nobody writes to.

use std::fs::File;
use std::io;
use std::path::Path;

use super::{blocking, ownership};
use crate::error::{Error, Result};
use crate::secret::{SecretBuffer, USUAL_SIZE, read_limited};
use crate::time::Deadline;

/// The content of a file.
pub(crate) struct Content {
    /// Nothing if the file is larger than the limit.
    pub(crate) bytes: Option<SecretBuffer>,
    /// It is a regular file that other users can read.
    pub(crate) is_exposed: bool,
}

/// Reads a file. If the deadline passes, the message of the error starts with `late`. `failed` makes the error of any other
/// failure.
pub(crate) fn read(
    path: &Path,
    limit: usize,
    deadline: Deadline,
    late: &str,
    failed: impl FnOnce(io::Error) -> Error,
) -> Result<Content> {
    let path = path.to_owned();
    let content = blocking::within(deadline, move || {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        let bytes = read_limited(&file, USUAL_SIZE, limit)?;
        Ok(Content { bytes, is_exposed: metadata.is_file() && ownership::is_exposed(&metadata) })
    });
    content.map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => deadline.error(late),
        // No thread could be started. A read that blocks never returns this kind.
        io::ErrorKind::WouldBlock => blocking::no_thread(error),
        _ => failed(error),
    })
}
