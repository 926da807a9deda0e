//! The standard output of every command. If its reader closes it, the rest is discarded, and the command ends with the exit code that it would have had. A full
//! disk is an error.
use money::text::shown_lines;
use std::{
    fmt::Arguments,
    io::{ErrorKind, Write as _},
    process::exit,
};

/// Like the standard library's `println!`, which would panic.
macro_rules! println {
    ($($text:tt)*) => { $crate::output::print(format_args!("{}\n", format_args!($($text)*))) };
}

/// Like the standard library's `print!`, which would panic.
macro_rules! print {
    ($($text:tt)*) => { $crate::output::print(format_args!($($text)*)) };
}

/// Writes to the standard output.
pub fn print(text: Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    // Text from banks, users and services: control characters must not reach a terminal, except newlines and tabs.
    let text = text.to_string();
    let Err(error) = out.write_all(shown_lines(&text).as_bytes()).and_then(|()| out.flush()) else { return };
    if error.kind() != ErrorKind::BrokenPipe {
        eprintln!("largesse: the standard output could not be written: {error}");
        exit(1);
    }
}
