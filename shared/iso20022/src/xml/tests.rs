//! Unit tests of `xml`.
use super::*;
use proptest::prelude::*;

/// Validates a document against one of the official schemas.
pub fn validate(schema: &std::path::Path, document: &str) {
    use std::{
        io::Write as _,
        process::{Command, Stdio},
    };
    let mut command = Command::new("xmllint");
    command.args(["--noout", "--nonet", "--schema"]).arg(schema).arg("-");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("xmllint, of libxml2-utils");
    child.stdin.take().unwrap().write_all(document.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}\n{document}", String::from_utf8_lossy(&output.stderr));
}

const NS: &str = "urn:test";

fn read_str(text: &str) -> Result<Element, Error> {
    read(text.as_bytes(), NS)
}

fn document(inside: &str) -> String {
    format!("<Document xmlns=\"urn:test\">{inside}</Document>")
}

#[test]
fn escapes_and_character_data_are_read() {
    let tree = read_str(&document("<A>&lt;x&gt; &amp; &#233;<![CDATA[<y>]]></A>")).unwrap();
    assert_eq!(tree.text_of("A").unwrap(), "<x> & é<y>");
}

#[test]
fn written_text_is_read_back() {
    let message = Element::new("M").with(Element::leaf("A", "a<b>&\"'é").attribute("Ccy", "\"&<"));
    let text = write(message.clone(), NS);
    assert_eq!(read_str(&text).unwrap().one("M").unwrap(), &message);
}

#[test]
fn document_types_and_entities_are_refused() {
    let bomb = "<!DOCTYPE d [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><Document xmlns=\"urn:test\"><A>&b;</A></Document>";
    assert_eq!(read_str(bomb), Err(Error::Forbidden("a document type declaration")));
    assert_eq!(read_str(&document("<A>&b;</A>")), Err(Error::Forbidden("an entity")));
    assert!(matches!(read_str(&document("<A x=\"&b;\"/>")), Err(Error::Malformed { .. })));
}

#[test]
fn limits_hold() {
    let deep = document(&format!("{}{}", "<A>".repeat(DEPTH_MAX), "</A>".repeat(DEPTH_MAX)));
    assert_eq!(read_str(&deep), Err(Error::TooLarge { what: "the depth", max: DEPTH_MAX }));
    let skipped = document(&format!("<SplmtryData>{}{}</SplmtryData>", "<A>".repeat(100_000), "</A>".repeat(100_000)));
    assert_eq!(read_str(&skipped), Err(Error::TooLarge { what: "the depth", max: DEPTH_MAX }));
    let wide = document(&"<A/>".repeat(ELEMENTS_MAX));
    assert_eq!(read_str(&wide), Err(Error::TooLarge { what: "the number of elements", max: ELEMENTS_MAX }));
    assert!(matches!(read(&vec![b' '; DOCUMENT_BYTES_MAX + 1], NS), Err(Error::TooLarge { .. })));
}

#[test]
fn foreign_and_broken_documents_are_refused() {
    for text in [
        "",
        "   ",
        "<Document xmlns=\"urn:other\"/>",
        "<Document/>",
        "<x:Document xmlns=\"urn:test\"/>",
        "<Other xmlns=\"urn:test\"/>",
        "<Document xmlns=\"urn:test\"><A>",
        "<Document xmlns=\"urn:test\"><A></B></Document>",
        "<Document xmlns=\"urn:test\"/><Document xmlns=\"urn:test\"/>",
        "<Document xmlns=\"urn:test\"/>tail",
        "<Document xmlns=\"urn:test\"><A xmlns=\"urn:other\"/></Document>",
        "<Document xmlns=\"urn:test\">text<A/></Document>",
        "<Document xmlns=\"urn:test\"><A>&#1;</A></Document>",
        "<Document xmlns=\"urn:test\"><A>a & b</A></Document>",
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><Document xmlns=\"urn:test\"/>",
    ] {
        assert!(read_str(text).is_err(), "{text}");
    }
    assert!(read(b"<Document xmlns=\"urn:test\">\xff</Document>", NS).is_err());
}

#[test]
fn a_repeated_element_is_named() {
    let tree = read_str(&document("<A>1</A><A>2</A>")).unwrap();
    assert_eq!(tree.text_of("A"), Err(Error::Duplicate { parent: "Document".into(), element: "A" }));
    assert_eq!(tree.text_of("B"), Err(Error::Missing { parent: "Document".into(), element: "B" }));
}

#[test]
fn prefixes_and_supplementary_data_are_passed_over() {
    let text = "<p:Document xmlns:p=\"urn:test\"><p:A>1</p:A><p:SplmtryData><x xmlns=\"urn:other\"/></p:SplmtryData></p:Document>";
    assert_eq!(read_str(text).unwrap().text_of("A").unwrap(), "1");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = read(&bytes, NS);
    }

    #[test]
    fn arbitrary_markup_never_panics(text in "(<|>|/|A|&|;|#|x|!|\\[|\\]|--|\\?| |\"|=|xmlns|Document|urn:test|CDATA){0,60}") {
        let _ = read(document(&text).as_bytes(), NS);
    }
}
