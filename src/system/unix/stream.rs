//! Writing to something that is not replaced: a pipe, a device, or a file that the caller has opened already.

use std::fs::{File, Metadata};
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::{geteuid, getpid};

use super::{poll, stdio};
use crate::time::Deadline;

/// The most that is written at once: what a pipe takes without blocking once it is writable (`PIPE_BUF`).
const CHUNK: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// The pause between two attempts to open a pipe that nobody reads yet.
const PAUSE: Duration = Duration::from_millis(10);

/// The most links that are followed, as on Linux.
const MAX_LINKS: usize = 40;

/// A pipe, a device, or an open file.
pub(crate) struct Stream(File);

/// Opens what is at a path, or returns nothing if a regular file, a directory or nothing is there.
///
/// A pipe is opened when somebody reads it, and waiting ends at the deadline. A pipe of another user is refused, because
/// that user would get the secret.
pub(crate) fn open(path: &Path, deadline: Deadline) -> io::Result<Option<Stream>> {
    if let Some(number) = descriptor(path) {
        return duplicate(number, path).map(|file| Some(Stream(file)));
    }
    let is_stream = |found: &Metadata| !found.is_file() && !found.is_dir();
    if !path.metadata().is_ok_and(|found| is_stream(&found)) {
        return Ok(None);
    }
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    loop {
        match File::options().write(true).custom_flags(flags).open(path) {
            Ok(file) => {
                let found = file.metadata()?;
                if !is_stream(&found) {
                    return Err(io::Error::other("it was replaced while it was opened"));
                }
                if found.file_type().is_fifo() && ![0, geteuid().as_raw()].contains(&found.uid()) {
                    return Err(io::Error::other("the pipe belongs to another user"));
                }
                return Ok(Some(Stream(file)));
            }
            Err(error) if is_waiting_for_a_reader(&error, path) => {
                if deadline.has_passed() {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                thread::sleep(PAUSE.min(deadline.remaining()));
            }
            Err(error) => return Err(error),
        }
    }
}

impl Stream {
    /// Writes all bytes, and waits for the reader until the deadline.
    pub(crate) fn write(&self, content: &[u8], deadline: Deadline) -> io::Result<()> {
        let mut rest = content;
        while !rest.is_empty() {
            // The descriptor may be shared, so it cannot be made non-blocking.
            if !poll::writable(self.0.as_fd(), deadline)? {
                if deadline.has_passed() {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                continue;
            }
            match (&self.0).write(&rest[..rest.len().min(CHUNK)]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(length) => rest = &rest[length..],
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn is_waiting_for_a_reader(error: &io::Error, path: &Path) -> bool {
    error.raw_os_error() == Some(Errno::NXIO.raw_os_error())
        && path.metadata().is_ok_and(|found| found.file_type().is_fifo())
}

/// Returns the number of our descriptor that a path names, if it does: `/dev/stdout`, `/dev/fd/3`, or a link to one.
fn descriptor(path: &Path) -> Option<i32> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = parent.unwrap_or(Path::new(".")).canonicalize().ok()?;
        if is_descriptor_directory(&directory) {
            return path.file_name()?.to_str()?.parse().ok();
        }
        path = directory.join(path.read_link().ok()?);
    }
    None
}

/// Returns whether the names in a directory, which has no links in its path, are those of our descriptors.
fn is_descriptor_directory(directory: &Path) -> bool {
    let ours = Path::new("/proc").join(getpid().as_raw_nonzero().to_string());
    directory == Path::new("/dev/fd")
        || directory
            .strip_prefix(ours)
            .is_ok_and(|rest| rest == Path::new("fd") || rest.starts_with("task") && rest.ends_with("fd"))
}

/// Returns another descriptor of the same open file. Opening its name instead would start a regular file from its
/// beginning.
fn duplicate(number: i32, path: &Path) -> io::Result<File> {
    let duplicated = match number {
        0 => rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 0),
        1 => {
            stdio::ensure_stdout_is_open()?;
            rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 0)
        }
        2 => rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stderr(), 0),
        _ => duplicate_inherited(number),
    };
    match duplicated {
        Ok(descriptor) => Ok(descriptor.into()),
        Err(Errno::BADF) => Err(Errno::BADF.into()),
        // The sandbox or the kernel does not support it.
        Err(_) => {
            let not_waiting = OFlags::NONBLOCK.bits().cast_signed();
            File::options().append(true).custom_flags(not_waiting).open(path)
        }
    }
}

/// Duplicates a descriptor that is known only by its number.
#[cfg(target_os = "linux")]
fn duplicate_inherited(number: i32) -> rustix::io::Result<OwnedFd> {
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

    pidfd_getfd(pidfd_open(getpid(), PidfdFlags::empty())?, number, PidfdGetfdFlags::empty())
}

/// Elsewhere, opening `/dev/fd/N` duplicates the descriptor.
#[cfg(not(target_os = "linux"))]
fn duplicate_inherited(_: i32) -> rustix::io::Result<OwnedFd> {
    Err(Errno::NOSYS)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read as _;
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::symlink;

    use super::super::testing::make_pipe;
    use super::*;

    fn soon() -> Deadline {
        Deadline::after(Duration::from_millis(50))
    }

    #[test]
    fn regular_file_is_not_a_stream() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        for path in [&file, directory.path(), &directory.path().join("none")] {
            assert!(open(path, soon()).unwrap().is_none(), "{}", path.display());
        }
        assert!(open(Path::new("/dev/null"), soon()).unwrap().is_some());
    }

    #[test]
    fn pipe_without_a_reader_or_with_one_that_does_not_read_times_out() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pipe");
        make_pipe(&path);
        assert_eq!(open(&path, soon()).err().unwrap().kind(), io::ErrorKind::TimedOut);

        let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
        let mut reader = File::options().read(true).custom_flags(nonblocking).open(&path).unwrap();
        let stream = open(&path, soon()).unwrap().unwrap();
        assert_eq!(stream.write(&vec![b'x'; 1 << 20], soon()).unwrap_err().kind(), io::ErrorKind::TimedOut);
        let mut content = Vec::new();
        let _ = reader.read_to_end(&mut content);
        assert!(content.len() > 4096 && content.len() < 1 << 20);
        stream.write(b"secret", soon()).unwrap();
    }

    #[test]
    fn descriptor_shares_the_position_of_the_open_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("open");
        let mut file = File::create(&path).unwrap();
        file.write_all(b"before ").unwrap();
        let (name, link) = (directory.path().join("stdout"), directory.path().join("link"));
        symlink(format!("/dev/fd/{}", file.as_raw_fd()), &name).unwrap();
        symlink("stdout", &link).unwrap();
        for path in [&name, &link] {
            open(path, soon()).unwrap().unwrap().write(b"secret ", soon()).unwrap();
        }
        file.write_all(b"after").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "before secret secret after");
        assert!(open(Path::new("/dev/fd/987654"), soon()).is_err());
    }
}
