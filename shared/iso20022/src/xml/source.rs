//! Bytes as UTF-8, whatever of the known encodings they are in, without having all of them in memory.

use super::encoding::declared_encoding;
use std::io::{self, BufRead, Read};

/// How much is read at once.
const CHUNK_BYTES: usize = 64 << 10;
/// How far the encoding is looked for: a mark and an XML declaration.
const START_BYTES: usize = 256;

/// How bytes become text.
#[derive(Debug, Clone, Copy)]
enum TextEncoding {
    Utf8,
    Latin1,
    Utf16(fn([u8; 2]) -> u16),
    /// Declared, and none of the above.
    Unknown,
}

/// A source of UTF-8. What it gives out between two calls of [`Self::allow`] is bounded, so that no part of a document can fill the memory.
pub(crate) struct TextSource<R> {
    input: R,
    encoding: Option<TextEncoding>,
    /// Bytes that are no whole character yet.
    raw: Vec<u8>,
    text: Vec<u8>,
    at: usize,
    allowed: usize,
    is_exceeded: bool,
}

impl<R: Read> TextSource<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, encoding: None, raw: Vec::new(), text: Vec::new(), at: 0, allowed: 0, is_exceeded: false }
    }

    /// Allows so many bytes from here on.
    pub(crate) fn allow(&mut self, bytes: usize) {
        self.allowed = bytes;
    }

    /// Whether more was asked for than was allowed.
    pub(crate) fn is_exceeded(&self) -> bool {
        self.is_exceeded
    }

    fn refill(&mut self) -> io::Result<()> {
        let start = self.raw.len();
        self.raw.resize(start + CHUNK_BYTES, 0);
        let mut filled = start;
        // The start must be long enough to tell the encoding.
        loop {
            let count = self.input.read(&mut self.raw[filled..])?;
            filled += count;
            if count == 0 || self.encoding.is_some() || filled >= START_BYTES {
                break;
            }
        }
        self.raw.truncate(filled);
        let is_end = filled == start;
        if self.encoding.is_none() {
            let (encoding, mark) = encoding_of(&self.raw);
            self.encoding = Some(encoding);
            self.raw.drain(..mark);
        }
        self.text.clear();
        self.at = 0;
        match self.encoding.unwrap_or(TextEncoding::Utf8) {
            TextEncoding::Utf8 => std::mem::swap(&mut self.text, &mut self.raw),
            TextEncoding::Latin1 => {
                let text: String = self.raw.drain(..).map(char::from).collect();
                self.text = text.into_bytes();
            }
            TextEncoding::Utf16(unit) => self.decode_utf16(unit, is_end)?,
            TextEncoding::Unknown => {
                return Err(wrong("the declared encoding is not UTF-8, UTF-16 or ISO-8859-1, or not that of the bytes"));
            }
        }
        Ok(())
    }

    fn decode_utf16(&mut self, unit: fn([u8; 2]) -> u16, is_end: bool) -> io::Result<()> {
        let (pairs, _) = self.raw.as_chunks::<2>();
        let mut units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        // The second half of a character may be in the next chunk.
        if !is_end && units.last().is_some_and(|last| (0xd800..0xdc00).contains(last)) {
            units.pop();
        }
        let text = String::from_utf16(&units).map_err(|_| wrong("not UTF-16"))?;
        self.raw.drain(..units.len() * 2);
        if is_end && !self.raw.is_empty() {
            return Err(wrong("half a character of UTF-16 at the end"));
        }
        self.text = text.into_bytes();
        Ok(())
    }
}

fn wrong(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The encoding that the first bytes say, and how long its mark is.
fn encoding_of(start: &[u8]) -> (TextEncoding, usize) {
    match start {
        [0xef, 0xbb, 0xbf, ..] => (TextEncoding::Utf8, 3),
        [0xff, 0xfe, ..] => (TextEncoding::Utf16(u16::from_le_bytes), 2),
        [0xfe, 0xff, ..] => (TextEncoding::Utf16(u16::from_be_bytes), 2),
        [b'<', 0, ..] => (TextEncoding::Utf16(u16::from_le_bytes), 0),
        [0, b'<', ..] => (TextEncoding::Utf16(u16::from_be_bytes), 0),
        _ => match declared_encoding(start).as_deref() {
            None | Some("utf-8" | "utf8" | "us-ascii") => (TextEncoding::Utf8, 0),
            Some("iso-8859-1" | "latin1" | "iso_8859-1") => (TextEncoding::Latin1, 0),
            Some(_) => (TextEncoding::Unknown, 0),
        },
    }
}

impl<R: Read> Read for TextSource<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let count = ready.len().min(buffer.len());
        buffer[..count].copy_from_slice(&ready[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for TextSource<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.allowed == 0 {
            self.is_exceeded = true;
            return Err(wrong("a part of the document is too large"));
        }
        // A chunk of UTF-16 may end before its first whole character.
        let mut reads = 0;
        while self.at >= self.text.len() && reads < 2 {
            self.refill()?;
            reads += 1;
        }
        let end = self.text.len().min(self.at.saturating_add(self.allowed));
        Ok(&self.text[self.at..end])
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
        self.allowed = self.allowed.saturating_sub(count);
    }
}

#[cfg(test)]
mod tests;
