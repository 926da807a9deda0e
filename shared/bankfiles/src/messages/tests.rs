//! Unit tests of `messages`.
mod documents;
mod initiations;
mod reference;
mod schema;
mod statements;

use super::*;
use proptest::prelude::*;

fn document(name: &str, inside: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:{name}\">{inside}</Document>")
}

const HEADER: &str = "<MsgId>M</MsgId><CreDtTm>2026-11-24T10:00:00+01:00</CreDtTm>";

fn initiation() -> String {
    let transfer = |id: &str, amount: &str| {
        format!(
            "<CdtTrfTxInf><PmtId><EndToEndId>{id}</EndToEndId></PmtId><Amt><InstdAmt Ccy=\"EUR\">{amount}</InstdAmt></Amt><Cdtr><Nm>Ada</Nm><PstlAdr><Ctry>DE</Ctry></PstlAdr></Cdtr><CdtrAcct><Id><IBAN>DE46910579234762349724</IBAN></Id></CdtrAcct></CdtTrfTxInf>"
        )
    };
    let inside = format!(
        "<CstmrCdtTrfInitn><GrpHdr>{HEADER}<NbOfTxs>2</NbOfTxs><CtrlSum>12.75</CtrlSum><InitgPty><Nm>Us</Nm></InitgPty></GrpHdr><PmtInf><PmtInfId>P</PmtInfId><PmtMtd>TRF</PmtMtd><NbOfTxs>2</NbOfTxs><CtrlSum>12.75</CtrlSum><ReqdExctnDt><Dt>2026-11-25</Dt></ReqdExctnDt>{}{}</PmtInf></CstmrCdtTrfInitn>",
        transfer("E1", "12.50"),
        transfer("E2", "0.25"),
    );
    document("pain.001.001.09", &inside)
}

fn report(name: &str, element: &str, status: &str, reason: &str) -> String {
    let inside = format!(
        "<{element}><GrpHdr>{HEADER}</GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>O</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId><OrgnlNbOfTxs>1</OrgnlNbOfTxs></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>P</OrgnlPmtInfId><TxInfAndSts><OrgnlEndToEndId>E1</OrgnlEndToEndId><TxSts>{status}</TxSts><StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf></TxInfAndSts></OrgnlPmtInfAndSts></{element}>"
    );
    document(name, &inside)
}

fn money_places(reading: &FileReading) -> Vec<&str> {
    reading.problems.iter().filter(|problem| problem.touches_money).map(|problem| problem.place.as_str()).collect()
}

fn read(text: &str) -> FileReading {
    assert!(looks_like(text.as_bytes()), "{text}");
    reading(text.as_bytes())
}

#[test]
fn an_initiation_is_told_in_minor_units_with_names_only() {
    let reading = read(&initiation());
    assert_eq!((reading.format.as_str(), reading.problems.as_slice()), ("pain.001.001.09", [].as_slice()));
    let transfer = &reading.content["payments"][0]["transfers"][0];
    assert_eq!(transfer["amount"]["instructed"], json!({ "currency": "EUR", "minor_units": 1250 }));
    assert_eq!((&transfer["creditor"], &transfer["creditor_account"]["iban"]), (&json!("Ada"), &json!("DE46910579234762349724")));
    assert_eq!(reading.content["header"]["control_sum"], "12.75");
    assert!(!reading.content.to_string().contains("PstlAdr") && !reading.content.to_string().contains("\"DE\""));
}

#[test]
fn counts_and_sums_that_differ_are_told_where_they_are() {
    let changed =
        initiation().replacen("<NbOfTxs>2<", "<NbOfTxs>3<", 1).replacen("12.75</CtrlSum><ReqdExctnDt>", "12.76</CtrlSum><ReqdExctnDt>", 1);
    assert_eq!(money_places(&read(&changed)), ["PmtInf 1/CtrlSum", "GrpHdr/NbOfTxs"]);
}

#[test]
fn money_that_is_not_understood_is_told_with_its_path() {
    for (from, to, place) in [
        ("<Cdtr>", "<XtraAmt Ccy=\"EUR\">1</XtraAmt><Cdtr>", "PmtInf 1/CdtTrfTxInf 1/XtraAmt"),
        ("<Cdtr>", "<Fee><Deep Ccy=\"EUR\">1</Deep></Fee><Cdtr>", "PmtInf 1/CdtTrfTxInf 1/Fee"),
        (">12.50<", ">12.505<", "PmtInf 1/CdtTrfTxInf 1/Amt/InstdAmt"),
        (">12.50<", ">-12.50<", "PmtInf 1/CdtTrfTxInf 1/Amt/InstdAmt"),
        (">12.50<", "><", "PmtInf 1/CdtTrfTxInf 1/Amt/InstdAmt"),
        (">12.50<", ">99999999999999999999<", "PmtInf 1/CdtTrfTxInf 1/Amt/InstdAmt"),
        ("Ccy=\"EUR\">12.50", "Ccy=\"EURO\">12.50", "PmtInf 1/CdtTrfTxInf 1/Amt/InstdAmt"),
        ("<Amt><InstdAmt Ccy=\"EUR\">12.50</InstdAmt></Amt>", "", "PmtInf 1/CdtTrfTxInf 1/Amt"),
        ("<Nm>Ada</Nm>", "<Nm>Ada</Nm><Own Ccy=\"EUR\">1</Own>", "PmtInf 1/CdtTrfTxInf 1/Cdtr"),
    ] {
        let changed = initiation().replacen(from, to, 1);
        assert_ne!(changed, initiation(), "{from}");
        assert!(money_places(&read(&changed)).contains(&place), "{to}: {:?}", read(&changed).problems);
    }
    // An unknown element without money is nothing to stop at.
    assert!(read(&initiation().replacen("<Cdtr>", "<Hint>x</Hint><Cdtr>", 1)).problems.is_empty());
}

#[test]
fn an_empty_id_is_told_and_stops_nothing() {
    let reading = read(&initiation().replacen("<MsgId>M</MsgId>", "<MsgId/>", 1));
    assert_eq!((reading.problems[0].place.as_str(), reading.problems.len(), reading.is_sound()), ("GrpHdr/MsgId", 1, true));
}

#[test]
fn a_second_amount_is_a_problem_and_is_kept() {
    let twice = initiation().replacen("</InstdAmt>", "</InstdAmt><InstdAmt Ccy=\"EUR\">1.00</InstdAmt>", 1);
    let reading = read(&twice);
    assert!(money_places(&reading).contains(&"PmtInf 1/CdtTrfTxInf 1/Amt/InstdAmt 2"));
    assert_eq!(reading.content["payments"][0]["transfers"][0]["amount"]["instructed_again"][0]["minor_units"], 100);
}

#[test]
fn statuses_have_their_meaning_and_unknown_ones_go_to_a_person() {
    let rejected = read(&report("pain.002.001.10", "CstmrPmtStsRpt", "RJCT", "AC04"));
    assert!(rejected.problems.is_empty());
    let transaction = &rejected.content["payments"][0]["transactions"][0];
    assert_eq!((&transaction["status"]["code"], &transaction["reasons"][0]["reason"]["owner"]), (&json!("RJCT"), &json!("creator")));
    let check = read(&report("pain.002.001.10", "CstmrPmtStsRpt", "RVNM", "NARR"));
    assert_eq!(check.content["payments"][0]["transactions"][0]["status"]["payee_check"], true);
    assert!(check.is_sound());
    let unknown = read(&report("pain.014.001.07", "CdtrPmtActvtnReqStsRpt", "ZZZZ", "ZZ99"));
    let transaction = &unknown.content["payments"][0]["transactions"][0];
    assert_eq!((&transaction["status"]["code"], &transaction["status"]["for_a_person"]), (&json!("ZZZZ"), &json!(true)));
    assert_eq!(unknown.problems.len(), 2);
    assert_eq!(money_places(&unknown), ["OrgnlPmtInfAndSts 1/TxInfAndSts 1/TxSts"]);
}

#[test]
fn a_report_of_more_than_there_was_is_a_problem() {
    let text = report("pain.002.001.10", "CstmrPmtStsRpt", "RJCT", "AC04");
    let changed = text.replace("<OrgnlNbOfTxs>1<", "<OrgnlNbOfTxs>0<");
    assert_eq!(money_places(&read(&changed)), ["OrgnlGrpInfAndSts/OrgnlNbOfTxs"]);
}

#[test]
fn payments_between_banks_and_their_returns_are_checked() {
    let header = format!("<GrpHdr>{HEADER}<NbOfTxs>1</NbOfTxs><CtrlSum>5.00</CtrlSum>");
    let transfer = format!(
        "<FIToFICstmrCdtTrf>{header}<TtlIntrBkSttlmAmt Ccy=\"USD\">5.00</TtlIntrBkSttlmAmt></GrpHdr><CdtTrfTxInf><PmtId><EndToEndId>E</EndToEndId></PmtId><IntrBkSttlmAmt Ccy=\"USD\">5.00</IntrBkSttlmAmt></CdtTrfTxInf></FIToFICstmrCdtTrf>"
    );
    assert!(read(&document("pacs.008.001.08", &transfer)).problems.is_empty());
    let other = transfer.replace("TtlIntrBkSttlmAmt Ccy=\"USD\"", "TtlIntrBkSttlmAmt Ccy=\"EUR\"");
    assert_eq!(money_places(&read(&document("pacs.008.001.08", &other))), ["GrpHdr/TtlIntrBkSttlmAmt"]);
    let back = format!(
        "<PmtRtr>{header}</GrpHdr><TxInf><RtrId>R</RtrId><OrgnlEndToEndId>E</OrgnlEndToEndId><RtrdIntrBkSttlmAmt Ccy=\"USD\">5.00</RtrdIntrBkSttlmAmt><RtrRsnInf><Rsn><Cd>AC04</Cd></Rsn></RtrRsnInf></TxInf></PmtRtr>"
    );
    let reading = read(&document("pacs.004.001.10", &back));
    assert_eq!((reading.problems.len(), &reading.content["returns"][0]["returned"]["minor_units"]), (0, &json!(500)));
    assert_eq!(money_places(&read(&document("pacs.004.001.10", &back.replace("<CtrlSum>5.00", "<CtrlSum>6.00")))), ["GrpHdr/CtrlSum"]);
}

#[test]
fn cancellations_and_their_answers_are_read() {
    let request = "<FIToFIPmtCxlReq><Assgnmt><Id>A</Id><CreDtTm>2026-11-24T10:00:00Z</CreDtTm></Assgnmt><CtrlData><NbOfTxs>1</NbOfTxs><CtrlSum>5</CtrlSum></CtrlData><Undrlyg><TxInf><OrgnlEndToEndId>E</OrgnlEndToEndId><OrgnlIntrBkSttlmAmt Ccy=\"EUR\">5.00</OrgnlIntrBkSttlmAmt><CxlRsnInf><Rsn><Cd>DUPL</Cd></Rsn></CxlRsnInf></TxInf></Undrlyg></FIToFIPmtCxlReq>";
    let read_request = read(&document("camt.056.001.08", request));
    assert!(read_request.problems.is_empty());
    assert_eq!(read_request.content["underlying"][0]["transactions"][0]["reasons"][0]["reason"]["resend"], "never");
    assert_eq!(money_places(&read(&document("camt.056.001.08", &request.replace("<NbOfTxs>1", "<NbOfTxs>2")))), ["CtrlData/NbOfTxs"]);
    let answer = "<RsltnOfInvstgtn><Assgnmt><Id>A</Id><CreDtTm>2026-11-24T10:00:00Z</CreDtTm></Assgnmt><Sts><Conf>RJCR</Conf></Sts><CxlDtls><TxInfAndSts><OrgnlEndToEndId>E</OrgnlEndToEndId><TxCxlSts>RJCR</TxCxlSts><CxlStsRsnInf><Rsn><Cd>ARDT</Cd></Rsn></CxlStsRsnInf></TxInfAndSts></CxlDtls></RsltnOfInvstgtn>";
    let read_answer = read(&document("camt.029.001.09", answer));
    assert!(read_answer.problems.is_empty(), "{:?}", read_answer.problems);
    assert_eq!(read_answer.content["cancellations"][0]["transactions"][0]["status"]["code"], "RJCR");
    let customer = request.replace("FIToFIPmtCxlReq", "CstmrPmtCxlReq").replace("IntrBkSttlmAmt", "InstdAmt");
    let customer = customer
        .replace("<TxInf>", "<OrgnlPmtInfAndCxl><OrgnlPmtInfId>P</OrgnlPmtInfId><NbOfTxs>1</NbOfTxs><TxInf>")
        .replace("</TxInf>", "</TxInf></OrgnlPmtInfAndCxl>");
    assert!(read(&document("camt.055.001.08", &customer)).problems.is_empty());
}

#[test]
fn a_rejected_message_is_read() {
    let inside = "<admi.002.001.01><RltdRef><Ref>M1</Ref></RltdRef><Rsn><RjctgPtyRsn>E990</RjctgPtyRsn><RsnDesc>not valid</RsnDesc></Rsn></admi.002.001.01>";
    let reading = read(&document("admi.002.001.01", inside));
    assert!(reading.problems.is_empty());
    assert_eq!((&reading.content["original"]["message_id"], &reading.content["reason"]["code"]), (&json!("M1"), &json!("E990")));
}

#[test]
fn a_statement_that_does_not_add_up_is_told() {
    let balance = |kind: &str, amount: &str| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-24</Dt></Dt></Bal>"
        )
    };
    let entry = "<Ntry><Amt Ccy=\"EUR\">1.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BkTxCd/></Ntry>";
    let statement = |closing: &str| {
        let inside = format!(
            "<Stmt><Id>S</Id><Acct><Id><IBAN>DE46910579234762349724</IBAN></Id></Acct>{}{}{entry}</Stmt>",
            balance("OPBD", "3.00"),
            balance("CLBD", closing)
        );
        document("camt.053.001.08", &format!("<BkToCstmrStmt><GrpHdr>{HEADER}</GrpHdr>{inside}</BkToCstmrStmt>"))
    };
    assert!(read(&statement("2.00")).problems.is_empty());
    assert_eq!(money_places(&read(&statement("2.01"))), ["Stmt 1/Bal"]);
    let unknown = statement("2.00").replace("<Cd>BOOK</Cd>", "<Cd>HALF</Cd>");
    assert!(money_places(&read(&unknown)).contains(&"Stmt 1/Ntry 1/Sts"));
}

#[test]
fn a_header_must_announce_the_message_that_follows() {
    let header = "<AppHdr xmlns=\"urn:iso:std:iso:20022:tech:xsd:head.001.001.02\"><Fr><FIId><FinInstnId><BICFI>CHASUS33</BICFI></FinInstnId></FIId></Fr><BizMsgIdr>B</BizMsgIdr><MsgDefIdr>pain.001.001.09</MsgDefIdr></AppHdr>";
    let body = initiation();
    let body = body.split_once("?>").unwrap().1;
    let whole = format!("\u{feff}<Envelope>{header}{body}</Envelope>");
    let reading = read(&whole);
    assert_eq!((reading.problems.len(), &reading.content["business_header"]["from"]["bic"]), (0, &json!("CHASUS33")));
    let other = whole.replace("<MsgDefIdr>pain.001.001.09", "<MsgDefIdr>pacs.008.001.08");
    assert_eq!(money_places(&super::reading(other.as_bytes())), ["AppHdr/MsgDefIdr"]);
}

#[test]
fn what_can_not_be_read_is_one_problem_that_touches_money() {
    let good = initiation();
    let bomb = good.replace("<Document", "<!DOCTYPE d [<!ENTITY a \"b\">]><Document");
    let newer = good.replace("001.09", "001.99");
    let crossed = good.replace("pain.001.001.09", "pacs.008.001.08");
    let foreign = good.replace("urn:iso:std:iso:20022:tech:xsd:pain.001.001.09", "urn:other");
    for (text, format) in [
        (&good[..good.len() - 5], "pain.001.001.09"),
        (&good[..300], "pain.001.001.09"),
        (bomb.as_str(), "pain.001.001.09"),
        (newer.as_str(), "pain.001.001.99"),
        (crossed.as_str(), "pacs.008.001.08"),
        (foreign.as_str(), "unknown"),
    ] {
        let reading = read(text);
        assert_eq!((reading.format.as_str(), reading.problems.len(), reading.is_sound()), (format, 1, false), "{text}");
        assert!(reading.content.is_null());
    }
    for other in ["", "101 09100001", "01,BANK,", ":20:REF", "<html/>", "{}", "\u{feff}", "<"] {
        assert!(!looks_like(other.as_bytes()), "{other}");
        assert!(!super::reading(other.as_bytes()).is_sound());
    }
}

#[test]
fn the_list_of_problems_is_bounded() {
    let many = initiation().replacen("<Cdtr>", &format!("{}<Cdtr>", "<XAmt>1</XAmt>".repeat(5_000)), 1);
    let reading = read(&many);
    assert_eq!(reading.problems.len(), 1_001);
    assert!(reading.problems[1_000].what.starts_with("4000 more") && reading.problems[1_000].touches_money);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = looks_like(&bytes);
        prop_assert!(!reading(&bytes).is_sound());
    }

    #[test]
    fn no_changed_message_panics(which in 0usize..2, at in 0usize..3000, byte in any::<u8>(), cut in 0usize..3000) {
        let text = [initiation(), report("pacs.002.001.10", "FIToFIPmtStsRpt", "RJCT", "AC04")][which].clone();
        let mut bytes = text.into_bytes();
        let length = bytes.len();
        bytes[at % length] = byte;
        let _ = (looks_like(&bytes), reading(&bytes));
        bytes.truncate(cut % length);
        prop_assert!(!reading(&bytes).is_sound());
    }

    #[test]
    fn a_changed_digit_of_an_amount_never_passes(digit in 0u8..10) {
        let changed = initiation().replacen(">12.50<", &format!(">{digit}2.50<"), 1);
        prop_assert_eq!(reading(changed.as_bytes()).is_sound(), digit == 1);
    }
}
