//! The standard streams as the operating system knows them.

use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;

use rustix::io::Errno;

/// Writes all bytes to the standard output.
///
/// [`std::io::stdout`] would report a standard output that is not writable as success.
pub(crate) fn write_stdout(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(rustix::stdio::stdout(), bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(length) => bytes = &bytes[length..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Returns the standard input as a file, without the buffer of [`std::io::stdin`], which would keep a copy of a secret.
pub(crate) fn stdin() -> io::Result<File> {
    io::stdin().as_fd().try_clone_to_owned().map(File::from)
}

/// Returns an error unless `/dev/null` can be opened as a child's standard input is.
pub(crate) fn null_device() -> io::Result<()> {
    File::open("/dev/null").map(drop)
}
