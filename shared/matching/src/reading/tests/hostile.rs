//! Files that are broken, forged or made to hurt.
use super::*;
use proptest::prelude::*;

fn refused(bytes: &[u8]) -> BankFileLines {
    let file = read(bytes, 1);
    assert!(!file.is_sound() && file.lines.is_empty(), "{:?}", file.problems);
    file
}

fn statements() -> [String; 3] {
    let detail = format!("<NtryDtls>{}</NtryDtls>", payment(ID, "<Amt Ccy=\"EUR\">5.00</Amt>"));
    [
        camt("camt.053", &entry("5.00", "DBIT", &detail), "95.00"),
        mt940(":61:2611241124D5,00NTRFNONREF//BK1\r\n:86:/EREF/0192F0C0A1B27C3D8E4F5A6B7C8D9E01/REMI/x\r\n", "95,00"),
        bai2("1", "2", &["16,495,500,0,BK1,0192f0c0a1b27c3d8e4f5a6b7c8d9e01,wire /"]),
    ]
}

#[test]
fn what_does_not_add_up_has_no_lines() {
    for (text, from, to) in [
        (0, "95.00", "95.01"),
        (0, "Ccy=\"EUR\">5.00<", "Ccy=\"USD\">5.00<"),
        (0, "Ccy=\"EUR\">5.00<", "Ccy=\"EUR\">-5.00<"),
        (0, "<Ccy>EUR", "<Ccy>XXX"),
        (1, "95,00", "95,01"),
        (1, "EUR95", "USD95"),
        (2, "015,99500", "015,99501"),
        (2, "99,200000,1,7/", "99,200000,1,8/"),
        (2, "49,200000", "49,200001"),
    ] {
        let wrong = statements()[text].replace(from, to);
        assert_ne!(wrong, statements()[text], "{from}");
        refused(wrong.as_bytes());
    }
    statements().iter().for_each(|text| assert_eq!(lines(text).len(), 1, "{text}"));
}

#[test]
fn nothing_and_other_files_have_no_lines() {
    for bytes in [&b""[..], b" ", b"\xff\xfe", b"{\"a\":1}", b"%PDF-1.7", b"<Document/>", b":20:", b"01,"] {
        refused(bytes);
    }
    let pain = "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.001.001.09\"><CstmrCdtTrfInitn/></Document>";
    assert_eq!(refused(pain.as_bytes()).format, "pain.001.001.09");
}

#[test]
fn a_statement_that_is_cut_off_anywhere_has_all_lines_or_none() {
    for text in statements() {
        for end in 0..text.len() {
            let file = read(&text.as_bytes()[..end], 1);
            assert!(file.lines.is_empty() || file.lines.len() == 1, "{end}");
            // Only line ends, what follows a message and the decimals of `95,00` may be missing.
            assert!(file.lines.is_empty() || end + 7 >= text.len(), "{end}: {}", &text[..end]);
        }
    }
}

#[test]
fn amounts_beyond_any_money_are_refused() {
    refused(camt("camt.053", &entry("90071992547409.93", "DBIT", ""), "95.00").as_bytes());
    refused(mt940(":61:2611241124D90071992547409,93NTRFNONREF\r\n", "95,00").as_bytes());
    refused(bai2("1", "2", &["16,495,9007199254740993,0,BK1,X,/"]).as_bytes());
}

proptest! {
    #[test]
    fn a_changed_statement_is_read_or_refused(which in 0..3_usize, at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = statements()[which].clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let file = read(&bytes, 1);
        prop_assert!(file.is_sound() || file.lines.is_empty());
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes, 1);
    }
}
