//! The reasons why a program could not be started.

use std::io;

use crate::system::process::Obstacle;

/// It is missing, may not be run, is not a program, is one for another processor, or needs to run as administrator.
const PROGRAM: [i32; 7] = [2, 3, 5, 11, 193, 216, 740];

/// Returns the reason why a program could not be started.
pub(crate) fn of(error: &io::Error) -> Obstacle {
    match error.raw_os_error() {
        Some(code) if PROGRAM.contains(&code) => Obstacle::Program,
        // std refuses an argument that `cmd.exe` would not pass on unchanged to a batch file.
        None if error.kind() == io::ErrorKind::InvalidInput => Obstacle::Arguments,
        _ => Obstacle::Machine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn argument_that_cannot_be_passed_is_not_the_fault_of_the_program() {
        assert!(matches!(of(&io::ErrorKind::InvalidInput.into()), Obstacle::Arguments));
        assert!(matches!(of(&io::Error::from_raw_os_error(193)), Obstacle::Program));
        assert!(matches!(of(&io::Error::from_raw_os_error(8)), Obstacle::Machine));
    }
}
