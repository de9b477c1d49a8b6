//! Disables core dumps, which would write secrets to a file that nobody named.

/// Keeps the kernel from writing the memory of this process to a file if it crashes, and other processes of the user
/// from reading it. It does not survive `exec`, unlike a limit on the size of core files, which the program that is
/// run would inherit.
pub(crate) fn forbid() {
    // If the kernel refuses, the program still works, without this protection.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}
