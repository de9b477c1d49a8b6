//! The standard streams as the operating system knows them.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::os::windows::io::{AsHandle as _, AsRawHandle as _};

/// Writes all bytes to the standard output. A console gets text, whatever its code page is.
///
/// [`std::io::stdout`] would report a standard output that is closed as success.
pub(crate) fn write_stdout(bytes: &[u8]) -> io::Result<()> {
    ensure_stdout_is_open()?;
    let mut stdout = io::stdout();
    if stdout.is_terminal() {
        stdout.write_all(bytes)?;
        return stdout.flush();
    }
    File::from(stdout.as_handle().try_clone_to_owned()?).write_all(bytes)
}

/// Returns an error if the program was started without a standard output.
pub(crate) fn ensure_stdout_is_open() -> io::Result<()> {
    let handle = io::stdout().as_raw_handle();
    // A missing handle is null, or the invalid one, which is -1.
    if handle.is_null() || handle.addr() == usize::MAX {
        return Err(io::Error::other("the program was started without one"));
    }
    Ok(())
}

/// Returns the standard input as a file, without the buffer of [`std::io::stdin`], which would keep a copy of a secret.
pub(crate) fn stdin() -> io::Result<File> {
    io::stdin().as_handle().try_clone_to_owned().map(File::from)
}
