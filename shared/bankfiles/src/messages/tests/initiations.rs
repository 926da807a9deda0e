//! Orders, returns and status reports that state too little, or more than can be.
use super::*;

const AMOUNT: &str = "<Amt><InstdAmt Ccy=\"EUR\">12.50</InstdAmt></Amt>";

fn changed(from: &str, to: &str) -> FileReading {
    let text = initiation().replacen(from, to, 1);
    assert_ne!(text, initiation(), "{from}");
    read(&text)
}

#[test]
fn a_transfer_without_an_amount_is_a_problem_of_money_and_so_is_a_sum_that_can_not_be_checked() {
    for empty in ["<Amt/>", "<Amt><Hint>x</Hint></Amt>", "<Amt><EqvtAmt/></Amt>", "<Amt><EqvtAmt><CcyOfTrf>USD</CcyOfTrf></EqvtAmt></Amt>"]
    {
        let reading = changed(AMOUNT, empty);
        let places = money_places(&reading);
        assert!(places[0].starts_with("PmtInf 1/CdtTrfTxInf 1/Amt"), "{empty}: {places:?}");
        assert!(places.contains(&"PmtInf 1/CtrlSum") && places.contains(&"GrpHdr/CtrlSum"), "{empty}: {places:?}");
    }
    // One missing amount must not hide that the sum is wrong by the others: it is said that nothing was compared.
    let reading = changed(AMOUNT, "<Amt/>");
    assert!(reading.problems.iter().any(|problem| problem.place == "GrpHdr/CtrlSum" && problem.what.contains("can't be checked")));
}

#[test]
fn an_amount_is_either_instructed_or_an_equivalent() {
    let both = AMOUNT.replace("</Amt>", "<EqvtAmt><Amt Ccy=\"EUR\">99.00</Amt><CcyOfTrf>USD</CcyOfTrf></EqvtAmt></Amt>");
    assert_eq!(money_places(&changed(AMOUNT, &both)), ["PmtInf 1/CdtTrfTxInf 1/Amt"]);
    let equivalent = "<Amt><EqvtAmt><Amt Ccy=\"EUR\">12.50</Amt><CcyOfTrf>USD</CcyOfTrf></EqvtAmt></Amt>";
    assert!(changed(AMOUNT, equivalent).problems.is_empty());
}

#[test]
fn a_required_group_of_which_nothing_is_read_is_a_problem_in_every_message() {
    let assigned = "<Assgnmt><Id>A</Id><CreDtTm>2026-11-24T10:00:00Z</CreDtTm></Assgnmt>";
    let cases = [
        ("camt.056.001.08", format!("<FIToFIPmtCxlReq>{assigned}<Undrlyg/></FIToFIPmtCxlReq>"), "Undrlyg 1"),
        ("camt.029.001.09", format!("<RsltnOfInvstgtn>{assigned}<Sts/></RsltnOfInvstgtn>"), "Sts"),
        ("camt.029.001.09", format!("<RsltnOfInvstgtn>{assigned}<Sts><Hint/></Sts></RsltnOfInvstgtn>"), "Sts"),
    ];
    for (name, inside, place) in cases {
        assert!(money_places(&read(&document(name, &inside))).contains(&place), "{inside}");
    }
}

fn cancellation(amounts: &str) -> FileReading {
    read(&document(
        "camt.056.001.08",
        &format!(
            "<FIToFIPmtCxlReq><Assgnmt><Id>A</Id><CreDtTm>2026-11-24T10:00:00Z</CreDtTm></Assgnmt><CtrlData><NbOfTxs>1</NbOfTxs><CtrlSum>5</CtrlSum></CtrlData><Undrlyg><TxInf><OrgnlEndToEndId>E</OrgnlEndToEndId>{amounts}</TxInf></Undrlyg></FIToFIPmtCxlReq>"
        ),
    ))
}

#[test]
fn a_control_sum_of_cancellations_without_amounts_can_not_be_checked() {
    assert_eq!(money_places(&cancellation("")), ["CtrlData/CtrlSum"]);
    // The amount may be in the original transaction only.
    let original = |amount: &str| cancellation(&format!("<OrgnlTxRef><IntrBkSttlmAmt Ccy=\"EUR\">{amount}</IntrBkSttlmAmt></OrgnlTxRef>"));
    assert!(original("5.00").problems.is_empty());
    assert_eq!(money_places(&original("6.00")), ["CtrlData/CtrlSum"]);
}

#[test]
fn a_banks_total_that_can_not_be_checked_is_a_problem_of_money() {
    let inside = format!(
        "<FIToFICstmrCdtTrf><GrpHdr>{HEADER}<NbOfTxs>1</NbOfTxs><TtlIntrBkSttlmAmt Ccy=\"USD\">5.00</TtlIntrBkSttlmAmt></GrpHdr><CdtTrfTxInf><PmtId><EndToEndId>E</EndToEndId></PmtId></CdtTrfTxInf></FIToFICstmrCdtTrf>"
    );
    let reading = read(&document("pacs.008.001.08", &inside));
    assert_eq!(money_places(&reading), ["CdtTrfTxInf 1/IntrBkSttlmAmt", "GrpHdr/TtlIntrBkSttlmAmt"]);
}

fn returned(original: &str, back: &str, more: &str) -> FileReading {
    let inside = format!(
        "<PmtRtr><GrpHdr>{HEADER}<NbOfTxs>1</NbOfTxs></GrpHdr><TxInf><RtrId>R</RtrId><OrgnlEndToEndId>E</OrgnlEndToEndId>{original}<RtrdIntrBkSttlmAmt Ccy=\"EUR\">{back}</RtrdIntrBkSttlmAmt>{more}<RtrRsnInf><Rsn><Cd>AC04</Cd></Rsn></RtrRsnInf></TxInf></PmtRtr>"
    );
    read(&document("pacs.004.001.10", &inside))
}

#[test]
fn a_return_of_more_than_the_original_is_a_problem_of_money() {
    let original = "<OrgnlIntrBkSttlmAmt Ccy=\"EUR\">5.00</OrgnlIntrBkSttlmAmt>";
    let place = ["TxInf 1/RtrdIntrBkSttlmAmt"];
    assert_eq!(money_places(&returned(original, "5.01", "")), place);
    assert!(returned(original, "5.00", "").problems.is_empty());
    assert!(returned(original, "4.00", "").problems.is_empty());
    // Paid on top for the trouble, and stated.
    let compensation = "<CompstnAmt Ccy=\"EUR\">0.01</CompstnAmt>";
    assert!(returned(original, "5.01", compensation).problems.is_empty());
    assert_eq!(money_places(&returned(original, "5.02", compensation)), place);
    // In another currency an exchange is between them.
    assert!(returned(&original.replace("EUR", "USD"), "5.01", "").problems.is_empty());
}

fn without_status(group: &str, payment: &str) -> FileReading {
    let text = report("pain.002.001.10", "CstmrPmtStsRpt", "RJCT", "AC04").replace("<TxSts>RJCT</TxSts>", "");
    let text = text.replace("</OrgnlGrpInfAndSts>", &format!("{group}</OrgnlGrpInfAndSts>"));
    read(&text.replace("</OrgnlPmtInfId>", &format!("</OrgnlPmtInfId>{payment}")))
}

#[test]
fn a_transaction_has_a_status_or_its_payment_or_message_has() {
    assert_eq!(money_places(&without_status("", "")), ["OrgnlPmtInfAndSts 1/TxInfAndSts 1/TxSts"]);
    assert!(without_status("<GrpSts>RJCT</GrpSts>", "").problems.is_empty());
    assert!(without_status("", "<PmtInfSts>RJCT</PmtInfSts>").problems.is_empty());
    let payment = "<OrgnlPmtInfAndSts><OrgnlPmtInfId>Q</OrgnlPmtInfId></OrgnlPmtInfAndSts></CstmrPmtStsRpt>";
    let silent = report("pain.002.001.10", "CstmrPmtStsRpt", "RJCT", "AC04").replace("</CstmrPmtStsRpt>", payment);
    assert_eq!(money_places(&read(&silent)), ["OrgnlPmtInfAndSts 2/PmtInfSts"]);
    let between = report("pacs.002.001.10", "FIToFIPmtStsRpt", "RJCT", "AC04").replace("<TxSts>RJCT</TxSts>", "");
    let between = between.replace("<OrgnlPmtInfAndSts><OrgnlPmtInfId>P</OrgnlPmtInfId>", "").replace("</OrgnlPmtInfAndSts>", "");
    assert_eq!(money_places(&read(&between)), ["TxInfAndSts 1/TxSts"]);
}

#[test]
fn many_status_counts_over_many_transactions_are_compared_in_linear_time() {
    let counts: String = "<NbOfTxsPerSts><DtldNbOfTxs>0</DtldNbOfTxs><DtldSts>ACSC</DtldSts></NbOfTxsPerSts>".repeat(25_000);
    let transactions = "<TxInfAndSts><TxSts>RJCT</TxSts></TxInfAndSts>".repeat(50_000);
    let inside = format!(
        "<CstmrPmtStsRpt><GrpHdr>{HEADER}</GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>O</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{counts}</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>P</OrgnlPmtInfId>{transactions}</OrgnlPmtInfAndSts></CstmrPmtStsRpt>"
    );
    let started = std::time::Instant::now();
    assert!(read(&document("pain.002.001.10", &inside)).is_sound());
    // 1.25 billion comparisons take minutes without optimisation; the tree itself takes a second or two.
    assert!(started.elapsed() < std::time::Duration::from_secs(20), "{:?}", started.elapsed());
}
