//! Unit tests of `xml::envelope`.
use super::*;
use proptest::prelude::*;

const KNOWN: &[&str] = &["urn:iso:std:iso:20022:tech:xsd:test.001.001.01"];
const DOC: &str = "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:test.001.001.01\"><M><A>ü</A></M></Document>";
const HEADER: &str = "<AppHdr xmlns=\"urn:iso:std:iso:20022:tech:xsd:head.001.001.02\"><BizMsgIdr>B</BizMsgIdr></AppHdr>";

fn text_of(bytes: &[u8]) -> String {
    read(bytes, KNOWN).unwrap().message.text_of("A").unwrap().to_owned()
}

#[test]
fn headers_envelopes_and_prefixes_are_passed() {
    let enveloped = format!("<Env xmlns=\"urn:net\"><Hint>text</Hint>{HEADER}{DOC}</Env>");
    let found = read(enveloped.as_bytes(), KNOWN).unwrap();
    assert_eq!(found.name, "test.001.001.01");
    assert_eq!(found.header.unwrap().text_of("BizMsgIdr").unwrap(), "B");
    assert_eq!(found.message.name(), "M");
    let bare = "<Message xmlns=\"urn:net\"><Credit xmlns:c=\"urn:iso:std:iso:20022:tech:xsd:test.001.001.01\"><c:M><c:A>ü</c:A></c:M></Credit></Message>";
    assert_eq!(text_of(bare.as_bytes()), "ü");
    assert_eq!(message_name(bare.as_bytes()).as_deref(), Some("test.001.001.01"));
    assert_eq!(text_of(format!("{HEADER}{DOC}").as_bytes()), "ü");
}

#[test]
fn the_encodings_of_channels_are_read() {
    assert_eq!(text_of(format!("\u{feff}{DOC}").as_bytes()), "ü");
    let mut little = vec![0xff, 0xfe];
    little.extend(DOC.encode_utf16().flat_map(u16::to_le_bytes));
    let big: Vec<u8> = DOC.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let mut latin = b"<?xml version=\"1.0\" encoding='ISO-8859-1'?>".to_vec();
    latin.extend(DOC.chars().map(|c| u8::try_from(u32::from(c)).unwrap()));
    for bytes in [&little, &big, &latin] {
        assert_eq!(text_of(bytes), "ü");
        assert_eq!(message_name(bytes).as_deref(), Some("test.001.001.01"));
    }
    little.pop();
    assert!(read(&little, KNOWN).is_err());
    assert!(matches!(read(b"<?xml version=\"1.0\" encoding=\"EBCDIC\"?><a/>", KNOWN), Err(Error::Malformed { .. })));
}

#[test]
fn what_is_no_single_whole_known_message_is_refused() {
    let other = DOC.replace("test.001.001.01", "test.001.001.99");
    assert_eq!(read(other.as_bytes(), KNOWN), Err(Error::Version { found: "test.001.001.99".into() }));
    let twice = format!("<Env>{DOC}{DOC}</Env>");
    assert!(matches!(read(twice.as_bytes(), KNOWN), Err(Error::Duplicate { element: "Document", .. })));
    assert!(matches!(read(b"<Document xmlns=\"urn:x\"/>", KNOWN), Err(Error::Namespace { .. })));
    let bomb = format!("<!DOCTYPE d [<!ENTITY a \"b\">]>{DOC}");
    assert!(matches!(read(bomb.as_bytes(), KNOWN), Err(Error::Forbidden(_))));
    let entity = DOC.replace('ü', "&a;");
    assert!(matches!(read(entity.as_bytes(), KNOWN), Err(Error::Forbidden(_))));
    for text in ["", "x", "<Env/>", &DOC[..DOC.len() - 3], &DOC[..DOC.len() - 11], &"<e>".repeat(9), "<Env>", &format!("{DOC}tail")] {
        assert!(read(text.as_bytes(), KNOWN).is_err(), "{text}");
    }
    let deep = DOC.replace("<A>ü</A>", &format!("{}{}", "<A>".repeat(40), "</A>".repeat(40)));
    assert!(matches!(read(deep.as_bytes(), KNOWN), Err(Error::TooLarge { .. })));
}

#[test]
fn a_tag_full_of_attributes_is_refused_before_they_are_compared() {
    let attributes: String = (0..200_000).map(|at| format!(" a{at}=\"\"")).collect();
    for text in [DOC.replace("<A>", &format!("<A{attributes}>")), format!("<Env{attributes}>{DOC}</Env>")] {
        assert!(matches!(read(text.as_bytes(), KNOWN), Err(Error::TooLarge { what: "the size of a tag in bytes", .. })));
    }
}

#[test]
fn skipped_supplementary_data_is_counted() {
    let text = DOC.replace("<A>", "<SplmtryData><x xmlns=\"urn:own\"><y/></x></SplmtryData><A>");
    assert_eq!(read(text.as_bytes(), KNOWN).unwrap().supplementary_skipped, 1);
}

#[test]
fn signatures_are_skipped_and_counted() {
    let signed = HEADER
        .replace("</AppHdr>", "<Sgntr><s:Signature xmlns:s=\"http://www.w3.org/2000/09/xmldsig#\"><s:A/></s:Signature></Sgntr></AppHdr>");
    let found = read(format!("<Env>{signed}{DOC}</Env>").as_bytes(), KNOWN).unwrap();
    assert!(found.amounts_skipped.is_empty());
    let with_amount = signed.replace("<s:A/>", "<s:A Ccy=\"EUR\"/>");
    assert_eq!(read(format!("<Env>{with_amount}{DOC}</Env>").as_bytes(), KNOWN).unwrap().amounts_skipped, BTreeSet::from(["Sgntr"]));
    assert_eq!((found.signatures_skipped, found.header.unwrap().text_of("BizMsgIdr").unwrap()), (1, "B"));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = (read(&bytes, KNOWN), message_name(&bytes), first_element(&bytes));
    }

    #[test]
    fn no_cut_or_changed_message_panics(at in 0usize..400, byte in any::<u8>(), cut in 0usize..400) {
        let mut bytes = format!("<Env>{HEADER}{DOC}</Env>").into_bytes();
        let length = bytes.len();
        bytes[at % length] = byte;
        let _ = (read(&bytes, KNOWN), message_name(&bytes));
        bytes.truncate(cut % length);
        prop_assert!(read(&bytes, KNOWN).is_err());
    }
}
