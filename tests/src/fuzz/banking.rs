//! Targets for what comes from banks and authorities: their files, records of rails, accounts of payees, sanctions lists.

use accounts::{AddressField, AddressKind, AddressRules, PayoutAddress};
use bankfiles::nacha;
use screening::{ListFiles, import::import};

const BAI2: &str = "01,BANK,US,261126,0600,1,80,,2/\n02,US,BANK,1,261125,0600,USD,2/\n03,900001,USD,010,100000,,,015,75000,,/\n16,475,25000,Z,REF1,REF2,CHECK\n88,NUMBER 7/\n49,200000,4/\n98,200000,1,6/\n99,200000,1,8/\n";
const MT940: &str = "{1:F01BANKBEBBAXXX0000000000}{4:\r\n:20:1\r\n:25:BANK/7\r\n:28C:12/1\r\n:60F:C261125EUR1000,00\r\n:61:2611251126D250,5NTRFREF//BANKREF\r\n:86:166?00TRANSFER?20TEXT?32NAME\r\n:62F:C261125EUR749,50\r\n-}";
const CAMT054: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>1</MsgId><CreDtTm>2026-11-25T10:00:00Z</CreDtTm></GrpHdr><Ntfctn><Id>N1</Id><Acct><Id><IBAN>DE08500105170900000001</IBAN></Id></Acct><Ntry><Amt Ccy="EUR">1.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><NtryDtls><TxDtls><Refs><EndToEndId>E1</EndToEndId></Refs><RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls></NtryDtls></Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"#;
const ALIASES: &str = "1,1,\"aka\",\"EXAMPLESON, Quirin\",-0- \r\n1,2,\"fka\",\"EKSAMPLESON, Kvirinius\",\"weak\"\r\n\u{1a}";
const ADDRESSES: &str = "1,1,\"7 Example Street\",\"Freetown 1000\",\"Freedonia\",-0- \r\n1,2,-0- ,-0- ,\"Sylvania\",-0- \r\n\u{1a}";
const COMMENTS: &str = "1,\"; alt. DOB 01 Feb 1970; Passport X0000000 (Freedonia).\"\r\n\u{1a}";
const PERSON: &str = "1,\"EXAMPLESON, Quirinius\",\"individual\",\"TEST\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"DOB 31 Jan 1970; nationality Freedonia.\"\r\n\u{1a}";

/// An ACH file of one batch: headers, an entry, controls and padding, as the writer orders them.
fn ach() -> String {
    let lines = [
        "101 121000248 1234567802611261200A094101BANK                   LARGESSE                       ".to_owned(),
        "5220LARGESSE                            1234567890PPDPAYOUT          261127   1121000240000001".to_owned(),
        "622121000248123456789        0000000150E1             ANA EXAMPLE             0121000240000001".to_owned(),
        "822000000100121000240000000000000000000001501234567890                         121000240000001".to_owned(),
        "9000001000001000000010012100024000000000000000000000150                                       ".to_owned(),
    ];
    let padding = vec!["9".repeat(94); 5];
    lines.into_iter().chain(padding).map(|line| line + "\n").collect()
}

/// Any file of a bank: it is read within bounds, and an ACH file that is taken is written back to the byte.
pub(super) fn file(bytes: &[u8]) {
    let reading = bankfiles::read(bytes);
    assert!(reading.format != "unknown" || !reading.is_sound());
    if let Ok(read) = nacha::read(bytes) {
        assert_eq!(nacha::write(&read).as_deref().ok(), Some(bytes), "one file, one spelling");
    }
}

/// The same file as treasury takes it in, line by line: the second reading, from which it books, gives the lines of the first, which said whether the file is sound;
/// and a reading of the whole file agrees.
pub(super) fn lines(bytes: &[u8]) {
    let read = || {
        let mut lines = Vec::new();
        let file = matching::stream(bytes, 1, &mut |part, line| lines.push((part.statement, line)));
        (file, lines)
    };
    let (file, lines) = read();
    assert_eq!((&file, &lines), (&read().0, &read().1), "read twice");
    for (part, content) in &file.statements {
        assert_eq!(lines.iter().filter(|(statement, _)| *statement == part.statement).count(), content.lines, "{part:?}");
    }
    let whole = matching::read(bytes, 1);
    assert_eq!(file.is_sound(), whole.is_sound(), "{:?} {:?}", file.problems, whole.problems);
    if whole.is_sound() {
        assert!(lines.iter().map(|(_, line)| line).eq(&whole.lines), "{:?}", whole.lines);
    }
}

pub(super) fn files() -> Vec<Vec<u8>> {
    let xml = [include_str!("seeds/pain002.xml"), include_str!("seeds/camt053.xml"), CAMT054];
    xml.iter().copied().chain([BAI2, MT940]).map(|text| text.as_bytes().to_vec()).chain([ach().into_bytes()]).collect()
}

/// An operator's records of rails: a file that is taken differs from itself in nothing.
pub(super) fn rails(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(book) = rails::check(text)
    {
        assert!(rails::diff(&book, &book).is_empty());
    }
}

pub(super) fn rail_files() -> Vec<Vec<u8>> {
    // The first two records are enough: mutations of a long file say little.
    let two = rails::book::BUILT_IN.splitn(4, "[[rail]]").take(3).collect::<Vec<_>>().join("[[rail]]");
    vec![
        two.into_bytes(),
        b"[[calendar]]\nid = \"JP\"\nfrom = \"2026-01-01\"\nuntil = \"2026-12-31\"\ndays = [\"2026-01-01\"]\nsource = \"x\"\n".to_vec(),
    ]
}

/// A kind, and a line for each field: what is taken has one canonical text, which leads back to it.
pub(super) fn account(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some((kind, lines)) = text.split_once('\n') else { return };
    let Some(kind) = AddressKind::from_name(kind) else { return };
    let given: Vec<(AddressField, &str)> = lines
        .lines()
        .filter_map(|line| line.split_once('='))
        .filter_map(|(name, value)| Some((AddressField::from_name(name)?, value)))
        .collect();
    let rules = AddressRules::default();
    if let Ok(address) = PayoutAddress::parse(kind, &given, &rules) {
        let canonical = address.canonical();
        let back = PayoutAddress::from_canonical(&canonical, &rules).expect("a canonical text is an address");
        assert_eq!(back.canonical(), canonical);
    }
}

pub(super) fn account_fields() -> Vec<Vec<u8>> {
    let texts = [
        "iban\niban=DE08500105170900000001",
        "us-account\nrouting_number=121000248\naccount_number=123456789\naccount_type=checking",
        "uk-account\nsort_code=089999\naccount_number=66374958",
        "clabe\nclabe=032180000118359719",
        "pix-key\nalias_type=email\nalias=ana@example.org",
        "upi\nupi_id=ana@upi",
    ];
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// The four files of a sanctions list, one after the other, each of which ends with the byte by which such files end.
pub(super) fn sanctions(bytes: &[u8]) {
    const END: u8 = 0x1a;
    let day = jiff::civil::date(2026, 11, 27);
    let mut parts = bytes.split_inclusive(|byte| *byte == END);
    let mut next = || parts.next().unwrap_or(&[END]);
    let files = ListFiles { primary: next(), alternate: next(), address: next(), comments: next() };
    if let Ok(edition) = import("TEST", day, &files) {
        assert!(!edition.entries().is_empty());
    }
}

pub(super) fn sanctions_files() -> Vec<Vec<u8>> {
    let all = format!("{PERSON}{ALIASES}{ADDRESSES}{COMMENTS}");
    let files = ListFiles {
        primary: PERSON.as_bytes(),
        alternate: ALIASES.as_bytes(),
        address: ADDRESSES.as_bytes(),
        comments: COMMENTS.as_bytes(),
    };
    import("TEST", jiff::civil::date(2026, 11, 27), &files).expect("the seed is a list");
    vec![PERSON.as_bytes().to_vec(), all.into_bytes()]
}
