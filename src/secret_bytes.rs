//! Bytes that may hold a secret: read up to a cap, and without an unwiped copy of them left in memory.

use std::io::{self, Read};

use zeroize::Zeroizing;

/// What is taken for the size of an input that does not tell: room for what the CLI prints.
pub const USUAL_SIZE: usize = 8 * 1024;

/// Reads a whole input, up to `cap` bytes; nothing if there is more.
///
/// `expected` is about how much there is: all room is wiped in the end, so too much of it costs time.
pub fn read_capped(
    mut input: impl Read,
    expected: usize,
    cap: usize,
) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    // One byte more, so that the end is seen without more room.
    let mut content = Zeroizing::new(vec![0; expected.min(cap) + 1]);
    let mut length = 0;
    loop {
        match input.read(&mut content[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if length > cap {
            return Ok(None);
        }
        if length == content.len() {
            // The old one is wiped as it is dropped; `Vec`'s own growth would not do that.
            let mut larger = Zeroizing::new(vec![0; length * 2]);
            larger[..length].copy_from_slice(&content);
            content = larger;
        }
    }
    content.truncate(length);
    Ok(Some(content))
}

/// Appends to a buffer without leaving an unwiped copy behind, as `Vec`'s own growth would.
pub(crate) fn append(buffer: &mut Zeroizing<Vec<u8>>, bytes: &[u8]) {
    let needed = buffer.len() + bytes.len();
    if needed > buffer.capacity() {
        let mut larger = Zeroizing::new(Vec::with_capacity(needed.next_power_of_two()));
        larger.extend_from_slice(buffer);
        *buffer = larger;
    }
    buffer.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_read_whole_or_not_at_all() {
        let input = vec![7; 100_000];
        for expected in [0, 1, USUAL_SIZE, 99_999, 100_000, usize::MAX] {
            assert_eq!(read_capped(&input[..], expected, 100_000).unwrap().unwrap().as_slice(), input);
            assert!(read_capped(&input[..], expected, 99_999).unwrap().is_none());
            assert!(read_capped(io::empty(), expected, 0).unwrap().unwrap().is_empty());
        }
    }
}
