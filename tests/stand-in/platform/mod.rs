//! What differs between platforms.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::{
    create_private_directory, die, grandchild, home, ignore_term, private, show_life, unbuffered_stdin,
    without_echo,
};
#[cfg(windows)]
pub(crate) use windows::{
    create_private_directory, die, grandchild, home, ignore_term, private, show_life, unbuffered_stdin,
    without_echo,
};
