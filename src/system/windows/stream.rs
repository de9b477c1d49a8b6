//! Writing to something that is not replaced: a named pipe or a device, such as `\\.\pipe\x`, `NUL` or `CON`.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Component, Path, Prefix};
use std::thread;
use std::time::Duration;

use winapi_util::file::typ;

use crate::secret::SecretBuffer;
use crate::system::blocking;
use crate::time::Deadline;

/// All instances of a named pipe are in use (`ERROR_PIPE_BUSY`).
const PIPE_BUSY: i32 = 231;

/// The pause between two attempts to open such a pipe.
const PAUSE: Duration = Duration::from_millis(10);

/// A pipe or a device.
pub(crate) struct Stream(File);

/// Opens what is at a path, or returns nothing if a regular file, a directory or nothing is there.
pub(crate) fn open(path: &Path, deadline: Deadline) -> io::Result<Option<Stream>> {
    let is_device = is_device(path);
    // Asking for the metadata of a pipe would connect to it. Devices such as `NUL` have none.
    if !is_device
        && match path.symlink_metadata() {
            Ok(found) => found.is_file() || found.is_dir() || found.is_symlink(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    {
        return Ok(None);
    }
    loop {
        match File::options().write(true).open(path) {
            Ok(file) if is_device || !typ(&file)?.is_disk() => return Ok(Some(Stream(file))),
            Err(error) if error.raw_os_error() == Some(PIPE_BUSY) => {
                if deadline.has_passed() {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                thread::sleep(PAUSE.min(deadline.remaining()));
            }
            Err(error) if is_device => return Err(error),
            // Replacing it reports what is wrong.
            Ok(_) | Err(_) => return Ok(None),
        }
    }
}

/// Returns whether a path is in the namespace of devices (`\\.\`), except on a drive (`\\.\C:\file`).
fn is_device(path: &Path) -> bool {
    let Some(Component::Prefix(prefix)) = path.components().next() else { return false };
    matches!(prefix.kind(), Prefix::DeviceNS(name) if !name.as_encoded_bytes().ends_with(b":"))
}

impl Stream {
    /// Writes all bytes, and waits for the reader until the deadline.
    pub(crate) fn write(&self, content: &[u8], deadline: Deadline) -> io::Result<()> {
        let mut file = self.0.try_clone()?;
        let mut copy = SecretBuffer::default();
        copy.push(content);
        blocking::within(deadline, move || file.write_all(&copy))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn regular_file_is_not_a_stream_and_the_null_device_is() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        let soon = || Deadline::after(Duration::from_millis(50));
        let by_namespace = PathBuf::from(format!(r"\\.\{}", file.display()));
        for path in [&file, directory.path(), &directory.path().join("none"), &by_namespace] {
            assert!(open(path, soon()).unwrap().is_none(), "{}", path.display());
        }
        for name in ["NUL", r"\\.\NUL"] {
            let stream = open(Path::new(name), soon()).unwrap().expect(name);
            stream.write(b"secret", Deadline::after(Duration::from_secs(5))).unwrap();
        }
        assert!(open(Path::new(r"\\.\pipe\ibmcloud-token-none"), soon()).is_err());
    }
}
