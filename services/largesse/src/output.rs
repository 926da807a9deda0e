//! The standard output of every command. Whoever reads it may have had enough: then the rest goes nowhere, and the command ends as it would have, with its
//! own exit code. A disk that is full is an error.
use money::text::shown_lines;
use std::{
    fmt::Arguments,
    io::{ErrorKind, Write as _},
    process::exit,
};

/// As the library's `println!`, which would panic.
macro_rules! println {
    ($($text:tt)*) => { $crate::output::print(format_args!("{}\n", format_args!($($text)*))) };
}

/// As the library's `print!`, which would panic.
macro_rules! print {
    ($($text:tt)*) => { $crate::output::print(format_args!($($text)*)) };
}

/// Writes to the standard output.
pub fn print(text: Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    // Whatever a bank, a user or a service wrote: a terminal is told nothing but letters, lines and tabs.
    let text = text.to_string();
    let Err(error) = out.write_all(shown_lines(&text).as_bytes()).and_then(|()| out.flush()) else { return };
    if error.kind() != ErrorKind::BrokenPipe {
        eprintln!("largesse: the standard output could not be written: {error}");
        exit(1);
    }
}
