//! The encodings that banks' channels use.

use super::malformed;
use crate::Error;
use std::borrow::Cow;

/// The text in the bytes: by its mark, by how `<` is written, else by the declaration.
pub(super) fn decoded(bytes: &[u8]) -> Result<Cow<'_, str>, Error> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [b'<', 0, ..] => utf16(bytes, u16::from_le_bytes),
        [0, b'<', ..] => utf16(bytes, u16::from_be_bytes),
        _ => match declared_encoding(bytes).as_deref() {
            None | Some("utf-8" | "utf8" | "us-ascii") => utf8(bytes),
            Some("iso-8859-1" | "latin1" | "iso_8859-1") => Ok(Cow::Owned(bytes.iter().copied().map(char::from).collect())),
            Some(_) => Err(malformed(0, "the declared encoding is not UTF-8, UTF-16 or ISO-8859-1, or not that of the bytes")),
        },
    }
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, Error> {
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| malformed(error.valid_up_to() as u64, "not UTF-8"))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'static, str>, Error> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(malformed(bytes.len() as u64, "half a character of UTF-16 at the end"));
    }
    let text: Result<String, _> = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
    text.map(Cow::Owned).map_err(|_| malformed(0, "not UTF-16"))
}

/// The encoding that an XML declaration at the start names, in lower case.
pub(super) fn declared_encoding(bytes: &[u8]) -> Option<String> {
    /// Longer than any declaration.
    const DECLARATION_BYTES_MAX: usize = 256;
    let start = bytes.get(..DECLARATION_BYTES_MAX).unwrap_or(bytes);
    let start = start.strip_prefix(b"<?xml")?;
    let end = start.windows(2).position(|pair| pair == b"?>")?;
    let declaration = std::str::from_utf8(&start[..end]).ok()?;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    value[1..].split_once(quote).map(|(name, _)| name.to_ascii_lowercase())
}
