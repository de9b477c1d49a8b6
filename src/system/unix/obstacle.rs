//! The reasons why a program could not be started.

use std::io;

use rustix::io::Errno;

use super::stdio;
use crate::system::process::Obstacle;

/// Returns the reason why a program could not be started. The error alone is not enough, because opening `/dev/null`
/// fails with the same errors as a program that is missing or not executable.
pub(crate) fn of(error: &io::Error) -> Obstacle {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        // A seccomp profile returns `EPERM` or `ENOSYS`. A program that may not be run gives `EACCES`.
        Some(Errno::PERM | Errno::NOSYS) => Obstacle::Sandbox,
        Some(Errno::NOENT | Errno::ACCESS | Errno::NOTDIR | Errno::NXIO) => match stdio::null_device() {
            Ok(()) => Obstacle::Program,
            Err(error) => Obstacle::NullDevice(error),
        },
        Some(Errno::NOEXEC) => Obstacle::Program,
        None if error.kind() == io::ErrorKind::InvalidInput => Obstacle::Arguments,
        _ => Obstacle::Machine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_system_call_is_not_the_fault_of_the_program() {
        let obstacle = |errno: Errno| of(&errno.into());
        for errno in [Errno::PERM, Errno::NOSYS] {
            assert!(matches!(obstacle(errno), Obstacle::Sandbox), "{errno:?}");
        }
        for errno in [Errno::NOENT, Errno::ACCESS, Errno::NOEXEC] {
            assert!(matches!(obstacle(errno), Obstacle::Program), "{errno:?}");
        }
        for errno in [Errno::AGAIN, Errno::NOMEM, Errno::MFILE] {
            assert!(matches!(obstacle(errno), Obstacle::Machine), "{errno:?}");
        }
    }
}
