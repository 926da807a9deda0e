//! Unit tests of `source`.
use super::*;

fn all(bytes: &[u8], allowed: usize) -> io::Result<String> {
    let mut source = TextSource::new(bytes);
    source.allow(allowed);
    let mut text = String::new();
    source.read_to_string(&mut text)?;
    Ok(text)
}

/// Longer than several chunks, with letters of two and four bytes at every position.
fn long() -> String {
    "<a>ä€𝄞x</a>".repeat(40_000)
}

#[test]
fn every_encoding_gives_the_same_text() {
    let text = long();
    let utf16 = |unit: fn(u16) -> [u8; 2], mark: bool| -> Vec<u8> {
        mark.then_some(0xfeff).into_iter().chain(text.encode_utf16()).flat_map(unit).collect()
    };
    let forms = [
        text.clone().into_bytes(),
        [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        utf16(u16::to_le_bytes, true),
        utf16(u16::to_be_bytes, true),
        utf16(u16::to_le_bytes, false),
    ];
    for form in forms {
        assert!(all(&form, usize::MAX).unwrap() == text);
    }
    let latin = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xe4</a>";
    assert!(all(latin, usize::MAX).unwrap().ends_with("<a>ä</a>"));
}

#[test]
fn broken_encodings_are_named() {
    let named = |bytes: &[u8]| all(bytes, usize::MAX).unwrap_err().to_string();
    assert!(named(b"<?xml version=\"1.0\" encoding=\"EBCDIC\"?><a/>").contains("the declared encoding is not"));
    assert!(named(b"\xff\xfe<").contains("half a character"));
    assert!(named(b"\xff\xfe\x00\xdc\x00\x00").contains("not UTF-16"));
}

#[test]
fn no_more_is_given_out_than_was_allowed() {
    let mut source = TextSource::new(&b"<a>12345678</a>"[..]);
    source.allow(5);
    assert!(source.read_to_string(&mut String::new()).is_err() && source.is_exceeded());
    assert!(all(b"12345", 6).is_ok());
}
