//! Files that commands read whole, within bounds.
use runtime::command::UntypedError;
use std::{io::Read as _, path::Path};

/// A file's bytes. Its length is not asked for, because a device or a pipe does not say.
pub fn bytes(file: &Path, bytes_max: usize) -> Result<Vec<u8>, UntypedError> {
    let of_file = |error: std::io::Error| format!("{}: {error}", file.display());
    let open = std::fs::File::open(file).map_err(of_file)?;
    let mut bytes = Vec::new();
    open.take(bytes_max as u64 + 1).read_to_end(&mut bytes).map_err(of_file)?;
    if bytes.len() > bytes_max {
        return Err(format!("{}: must have at most {bytes_max} bytes", file.display()).into());
    }
    Ok(bytes)
}

/// A file's text.
pub fn text(file: &Path, bytes_max: usize) -> Result<String, UntypedError> {
    String::from_utf8(bytes(file, bytes_max)?).map_err(|error| {
        let line = 1 + error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        format!("{}: line {line} is not UTF-8", file.display()).into()
    })
}

/// A count with its noun: `1 hit`, `2 hits`.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
