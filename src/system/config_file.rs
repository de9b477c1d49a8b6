//! Changes the configuration file of another program. The file is replaced as a whole. Its owner and mode are kept, and
//! so are symbolic links to it.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::{ownership, private_directory, private_file};
use crate::secret::{SecretBuffer, USUAL_SIZE, read_limited};
use crate::time::Deadline;

/// The most that is read. A configuration is a few KiB.
const MAX_SIZE: usize = 1024 * 1024;

/// The most symbolic links in a row, as in Linux.
const MAX_LINKS: usize = 40;

/// A file as it was read.
pub(crate) struct ConfigFile {
    /// The path behind the symbolic links.
    target: PathBuf,
    /// The content. It may hold passwords.
    content: Option<SecretBuffer>,
    metadata: Option<Metadata>,
}

impl ConfigFile {
    /// Reads a file, which need not exist. Symbolic links are followed, also to a file that does not exist yet.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let target = target(path)?;
        let metadata = match target.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { target, content: None, metadata: None });
            }
            metadata => metadata?,
        };
        // Opening a pipe would wait for a writer.
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let content = read_limited(File::open(&target)?, USUAL_SIZE, MAX_SIZE)?
            .ok_or_else(|| io::Error::other("it is larger than 1 MiB"))?;
        Ok(Self { target, content: Some(content), metadata: Some(metadata) })
    }

    /// Returns the content, or nothing if the file does not exist.
    pub(crate) fn content(&self) -> Option<&[u8]> {
        self.content.as_deref()
    }

    /// Replaces the file as a whole, or creates it with mode 0600. The mode and the owner are kept.
    pub(crate) fn replace(&self, content: &[u8], deadline: Deadline) -> io::Result<()> {
        if let Some(directory) = self.target.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            private_directory::ensure_not_in_another_home(directory)?;
            private_directory::create(directory)?;
        }
        private_file::write(&self.target, content, deadline)?;
        self.metadata.as_ref().map_or(Ok(()), |before| ownership::restore(&self.target, before))
    }
}

/// Returns the path that symbolic links lead to. Nothing has to exist there.
fn target(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(target) = path.read_link() else { return Ok(path) };
        path = path.parent().unwrap_or(Path::new("/")).join(target);
    }
    Err(io::Error::other("it is a symbolic link that leads in a circle"))
}
