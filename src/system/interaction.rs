//! An interactive run at the terminal.

use std::io::{self, Read, Write as _};
use std::process::{ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use zeroize::Zeroizing;

use super::group;
use super::modes::KeepModes;
use super::process::{self, CHUNK, Extent, GRACE, Invocation, MAX_STDERR};
use crate::secret::SecretBuffer;

/// Runs an interactive program at the terminal. All of its output goes to our stderr. Its stderr may be a pipe,
/// because prompts are not written to it, and is also returned.
pub(crate) fn interact(invocation: &Invocation) -> io::Result<(ExitStatus, SecretBuffer)> {
    let _restored = KeepModes::of_stdin();
    let (pipe, stderr) = io::pipe()?;
    let kept = Arc::new(Mutex::new(SecretBuffer::default()));
    let copy = Arc::clone(&kept);
    let (sender, ended) = channel();
    thread::Builder::new().spawn(move || {
        pass_on(pipe, &copy);
        let _ = sender.send(());
    })?;
    let (mut child, running) = {
        // Dropped at the end of the block, so that only the child keeps the pipe open.
        let mut command = process::command(invocation);
        command.stdin(Stdio::inherit()).stdout(io::stderr()).stderr(stderr);
        group::spawn(&mut command, Extent::Process)?
    };
    running.wait_for_exit();
    let status = running.reap(|| child.wait())?;
    let _ = ended.recv_timeout(GRACE);
    let text = std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((status, text))
}

/// Copies a pipe to our stderr, and keeps the first [`MAX_STDERR`] bytes.
fn pass_on(mut pipe: impl Read, kept: &Mutex<SecretBuffer>) {
    let mut chunk = Zeroizing::new([0; CHUNK]);
    loop {
        let length = match pipe.read(&mut *chunk) {
            Ok(0) => return,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        let _ = io::stderr().write_all(&chunk[..length]);
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MAX_STDERR - kept.len();
        kept.push(&chunk[..length.min(room)]);
    }
}
