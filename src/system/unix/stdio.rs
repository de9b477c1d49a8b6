//! The standard streams as the operating system knows them.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use rustix::fs::{OFlags, fcntl_getfl, fstat, stat};
use rustix::io::Errno;
use rustix::stdio;

/// Writes all bytes to the standard output.
///
/// [`std::io::stdout`] would report a standard output that is not writable as success.
pub(crate) fn write_stdout(mut bytes: &[u8]) -> io::Result<()> {
    ensure_stdout_is_open()?;
    while !bytes.is_empty() {
        match rustix::io::write(stdio::stdout(), bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(length) => bytes = &bytes[length..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Returns an error if the standard output was closed when the program started (`>&-`).
///
/// Rust's start-up opens `/dev/null` for reading and writing in place of a closed stream, so every write would succeed.
/// A shell opens `>/dev/null` only for writing. Some programs that discard a child's output open it for both (Python,
/// Node.js, `daemon(3)`). If they discard the standard error too, nobody would see the error, so there is none.
pub(crate) fn ensure_stdout_is_open() -> io::Result<()> {
    if is_null_for_both(stdio::stdout())? && !is_null_for_both(stdio::stderr())? {
        return Err(Errno::BADF.into());
    }
    Ok(())
}

fn is_null_for_both(stream: impl AsFd) -> io::Result<bool> {
    if fcntl_getfl(&stream)? & OFlags::ACCMODE != OFlags::RDWR {
        return Ok(false);
    }
    let device = fstat(stream)?.st_rdev;
    Ok(stat("/dev/null").is_ok_and(|null| null.st_rdev == device))
}

/// Returns the standard input as a file, without the buffer of [`std::io::stdin`], which would keep a copy of a secret.
pub(crate) fn stdin() -> io::Result<File> {
    io::stdin().as_fd().try_clone_to_owned().map(File::from)
}

/// Returns an error unless `/dev/null` can be opened as a child's standard input is.
pub(crate) fn null_device() -> io::Result<()> {
    File::open("/dev/null").map(drop)
}
