//! Unit tests of how a file's format is recognised.
mod codes_page;

use super::*;

/// The beginnings of the formats, and what each is recognised as.
const BEGINNINGS: [(&str, &str); 6] = [
    ("<?xml version=\"1.0\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.10\"><CstmrPmtStsRpt>", "pain.002.001.10"),
    ("\u{feff}<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\">", "camt.053.001.08"),
    ("101 121000248 1234567892611261200A094101", "NACHA"),
    ("01,BANK,US,261126,0600,1,80,,2/\n", "BAI2"),
    (":20:1\r\n:25:1/2\r\n:28C:1/1\r\n:60F:C261125EUR1,\r\n", "MT940"),
    ("{1:F01BANKBEBBAXXX0000000000}{4:\r\n:20:1\r\n:25:1\r\n:28C:1\r\n:60F:C261125EUR1,\r\n", "MT940"),
];

#[test]
fn each_format_is_recognised_from_its_first_bytes_and_what_is_cut_touches_money() {
    for (text, format) in BEGINNINGS {
        let reading = read(text.as_bytes());
        assert_eq!(reading.format, format, "{reading:?}");
        assert!(!reading.is_sound(), "{text}: {reading:?}");
    }
    for nothing in [&b""[..], b"Dear customer", b"{\"amount\": 1}", b"\0\xff", b"\n\n"] {
        let reading = read(nothing);
        assert_eq!((reading.format.as_str(), reading.is_sound(), reading.problems.len()), ("unknown", false, 1), "{nothing:?}");
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_end_the_program(at in 0..BEGINNINGS.len(), bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
        let _any = read(&bytes);
        let _begun = read(&[BEGINNINGS[at].0.as_bytes(), &bytes].concat());
    }
}
