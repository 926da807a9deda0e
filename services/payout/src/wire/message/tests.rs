//! Unit tests of messages for people.
use super::*;

const SENT: &str = "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.001.001.09\"><CstmrCdtTrfInitn><GrpHdr><MsgId>0199aa11bb22cc33</MsgId>\
    <InitgPty><Nm>House &amp; Co</Nm></InitgPty></GrpHdr><PmtInf><CdtTrfTxInf><PmtId><EndToEndId>0199aabbccdd</EndToEndId></PmtId>\
    <Amt><InstdAmt Ccy=\"USD\">5.00</InstdAmt></Amt><CdtrAgt><FinInstnId><ClrSysMmbId><MmbId>121000248</MmbId></ClrSysMmbId></FinInstnId></CdtrAgt>\
    <Cdtr><Nm>Jose Garcia</Nm><PstlAdr><StrtNm>Long Street</StrtNm><Ctry>US</Ctry></PstlAdr></Cdtr>\
    <CdtrAcct><Id><Othr><Id>9000000001</Id></Othr></Id></CdtrAcct><RmtInf><Ustrd>for Jose Garcia, 9000000001</Ustrd></RmtInf>\
    </CdtTrfTxInf></PmtInf></CstmrCdtTrfInitn></Document>";

fn known() -> KnownPayment {
    KnownPayment { personal: vec!["Jose Garcia".to_owned(), "9000000001".to_owned()], ids: vec!["0199aabbccdd".to_owned()] }
}

fn shown_of(body: &[u8]) -> pb::BankMessage {
    message(&BankMessage::received(200, 1, body.to_vec()), &known())
}

fn of<'a>(shown: &'a pb::BankMessage, end: &str) -> (&'a str, &'a str, &'a str) {
    let field = shown.fields.iter().find(|field| field.path.ends_with(end)).unwrap_or_else(|| panic!("{end} of {shown:?}"));
    (&field.name, &field.text, &field.meaning)
}

#[track_caller]
fn assert_masked(shown: &pb::BankMessage) {
    let all = format!("{shown:?}");
    for secret in ["Jose", "Garcia", "9000000001", "Long Street"] {
        assert!(!all.contains(secret), "{secret}: {all}");
    }
}

#[test]
fn a_payment_is_told_in_words_and_names_nobody() {
    let shown = shown_of(SENT.as_bytes());
    assert_masked(&shown);
    assert_eq!(shown.kind, "pain.001.001.09");
    assert_eq!(of(&shown, "PmtId/EndToEndId"), ("End-to-end id", "0199aabbccdd", ""));
    assert_eq!(of(&shown, "InstdAmt"), ("Amount to pay", "5.00 USD", ""));
    assert_eq!(of(&shown, "Cdtr/Nm"), ("Name (person paid)", "J*** G*****", ""));
    assert_eq!(of(&shown, "CdtrAcct/Id/Othr/Id"), ("Number (account paid)", "******0001", ""));
    assert_eq!(of(&shown, "MmbId"), ("Bank's number in the clearing (bank of the person paid)", "121000248", ""));
    assert_eq!(of(&shown, "InitgPty/Nm"), ("Name (sender)", "House & Co", ""));
    assert!(
        shown.text.contains("<Id>******0001</Id>") && shown.text.contains("House &amp; Co") && shown.text.contains("<Ctry>US"),
        "{}",
        shown.text
    );
}

#[test]
fn codes_of_an_answer_have_their_meaning() {
    let answer = "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.10\"><CstmrPmtStsRpt><OrgnlPmtInfAndSts><TxInfAndSts>\
        <OrgnlEndToEndId>0199aabbccdd</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AC04</Cd></Rsn>\
        <AddtlInf>account 9000000001 of Jose Garcia is closed, see 123456789</AddtlInf></StsRsnInf></TxInfAndSts></OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>";
    let shown = shown_of(answer.as_bytes());
    assert_masked(&shown);
    let (name, text, meaning) = of(&shown, "Rsn/Cd");
    assert!((name, text) == ("Reason", "AC04") && meaning.contains("closed"), "{shown:?}");
    assert!(of(&shown, "TxSts").0 == "Status of the payment" && !of(&shown, "TxSts").2.is_empty(), "{shown:?}");
    let words = of(&shown, "AddtlInf").1;
    assert!(words.contains("is closed") && !words.contains("123456789"), "{words}");
}

#[test]
fn json_is_masked_by_its_names() {
    let body = r#"{"payments": [{"endToEndId": "0199aabbccdd", "paymentAmount": 5.00, "creditor": {"name": "Jose Garcia",
        "creditorAccount": {"accountNumber": "9000000001"}, "postalAddress": {"streetName": "Long Street", "country": "US"}}, "reasonCode": "AC04"}]}"#;
    let shown = shown_of(body.as_bytes());
    assert_masked(&shown);
    assert_eq!(of(&shown, "endToEndId"), ("End-to-end id", "0199aabbccdd", ""));
    assert!(of(&shown, "reasonCode").2.contains("closed") && shown.text.contains("\"country\": \"US\""), "{shown:?}");
}

#[test]
fn of_what_cant_be_read_every_longer_number_is_masked_but_the_payments_ids() {
    let entry = format!("627121000248{:<17}0000000500{:<15}{:<22}  0{:<15}", "9000000001", "REF1", "GARCIA JOSE", "121000240000001");
    assert_eq!(entry.len(), 94);
    for body in [
        "<oops account 9000000001, payment 0199aabbccdd",
        "Jose Garcia has 12 3456 and DE89370400440532013000",
        entry.as_str(),
        "{\"a\": \"9000000001\"",
    ] {
        let shown = shown_of(body.as_bytes());
        assert_masked(&shown);
        assert!(shown.fields.is_empty(), "{shown:?}");
        assert!(!shown.text.contains("370400440532") && !shown.text.contains("GARCIA"), "{}", shown.text);
    }
    assert!(shown_of(b"<oops 0199aabbccdd").text.contains("0199aabbccdd"));
}

#[test]
fn hostile_messages_are_bounded_and_have_no_hidden_characters() {
    let huge = format!("<a>{}</a>", "<b>1</b>".repeat(1_500));
    for body in [
        huge.into_bytes(),
        vec![0xff; 300_000],
        b"a\x00b\xe2\x80\xaec".to_vec(),
        "\u{feff}<a><b>\u{202e}x</b></a>".as_bytes().to_vec(),
        Vec::new(),
    ] {
        let shown = shown_of(&body);
        assert!(shown.text.len() <= 4 * TEXT_BYTES_MAX && shown.fields.len() <= FIELDS_MAX, "{}", shown.text.len());
        assert!(!shown.text.contains(['\0', '\u{202e}']) && shown.fields.iter().all(|field| !field.text.contains('\u{202e}')), "{shown:?}");
    }
    let many = format!("[{}]", vec!["{\"a\":{\"b\":1}}"; 5_000].join(","));
    assert_eq!(shown_of(many.as_bytes()).fields.len(), FIELDS_MAX);
}
