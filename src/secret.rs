//! Buffers for secrets. They are read up to a limit, and wiped.
//!
//! One policy applies to the whole crate: every buffer that holds a token, a key or a passcode is wiped when it is
//! dropped, and leaves no copy behind when it grows. The environment (the process itself holds a copy of every
//! variable), the kernel's pipes and the TLS library's buffers are out of reach.

use std::io::{self, Read, Write};
use std::ops::Deref;

use zeroize::Zeroizing;

/// The expected size of an input whose size is not known in advance. It is enough for what the CLI prints.
pub(crate) const USUAL_SIZE: usize = 8 * 1024;

/// Bytes that may hold a secret.
#[derive(Clone, Default)]
pub(crate) struct SecretBuffer(Zeroizing<Vec<u8>>);

impl SecretBuffer {
    /// Appends bytes. `Vec`'s own growth would leave an unwiped copy behind.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.next_power_of_two()));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
    }

    /// Appends text.
    pub(crate) fn push_str(&mut self, text: &str) {
        self.push(text.as_bytes());
    }

    /// Shortens the buffer to `length` bytes.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }
}

impl Deref for SecretBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Write for SecretBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a whole input of up to `limit` bytes. Returns nothing if there is more.
///
/// `expected` is the approximate size. The whole buffer is wiped in the end, so an overestimate costs time.
pub(crate) fn read_limited(
    mut input: impl Read,
    expected: usize,
    limit: usize,
) -> io::Result<Option<SecretBuffer>> {
    // One extra byte, so that the end of the input is found without growing the buffer.
    let mut content = Zeroizing::new(vec![0; expected.min(limit) + 1]);
    let mut length = 0;
    loop {
        match input.read(&mut content[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if length > limit {
            return Ok(None);
        }
        if length == content.len() {
            let mut larger = Zeroizing::new(vec![0; length * 2]);
            larger[..length].copy_from_slice(&content);
            content = larger;
        }
    }
    content.truncate(length);
    Ok(Some(SecretBuffer(content)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_is_read_whole_or_not_at_all() {
        let input = vec![7; 100_000];
        for expected in [0, 1, USUAL_SIZE, 99_999, 100_000, usize::MAX] {
            assert_eq!(*read_limited(&input[..], expected, 100_000).unwrap().unwrap(), *input);
            assert!(read_limited(&input[..], expected, 99_999).unwrap().is_none());
            assert!(read_limited(io::empty(), expected, 0).unwrap().unwrap().is_empty());
        }
    }

    #[test]
    fn buffer_grows_with_what_is_appended() {
        let mut buffer = SecretBuffer::default();
        for _ in 0..1000 {
            buffer.push_str("abc");
        }
        assert_eq!(*buffer, *"abc".repeat(1000).as_bytes());
        buffer.truncate(2);
        assert_eq!(*buffer, *b"ab");
    }
}
