//! Unit tests of `reading`: invented files of every format.
use super::*;
use crate::{line::LinePlace, references::ReferenceStrength};
use iso20022::camt053::Direction;

mod ach;
mod hostile;
mod streamed;

const ID: &str = "0192f0c0a1b27c3d8e4f5a6b7c8d9e01";
const ID_2: &str = "0192f0c0a1b27c3d8e4f5a6b7c8d9e02";

/// A statement, report or notification of 100.00 EUR at its start, and what its closing balance is.
fn camt(kind: &str, entries: &str, closing: &str) -> String {
    let (message, report) = match kind {
        "camt.052" => ("BkToCstmrAcctRpt", "Rpt"),
        "camt.053" => ("BkToCstmrStmt", "Stmt"),
        _ => ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
    };
    let balance = |code: &str, amount: &str| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-24</Dt></Dt></Bal>"
        )
    };
    let balances = if kind == "camt.053" { balance("OPBD", "100.00") + &balance("CLBD", closing) } else { String::new() };
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:{kind}.001.08\"><{message}><GrpHdr><MsgId>M</MsgId><CreDtTm>2026-11-24T21:30:00Z</CreDtTm></GrpHdr><{report}><Id>S</Id><ElctrncSeqNb>7</ElctrncSeqNb><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>{balances}{entries}</{report}></{message}></Document>"
    )
}

fn entry(amount: &str, side: &str, inner: &str) -> String {
    format!(
        "<Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-24</Dt></BookgDt><ValDt><Dt>2026-11-25</Dt></ValDt><AcctSvcrRef>B1</AcctSvcrRef><BkTxCd/>{inner}</Ntry>"
    )
}

fn payment(id: &str, rest: &str) -> String {
    format!("<TxDtls><Refs><EndToEndId>{id}</EndToEndId><TxId>T1</TxId><ClrSysRef>C1</ClrSysRef></Refs>{rest}</TxDtls>")
}

fn lines(text: &str) -> Vec<BankLine> {
    let file = read(text.as_bytes(), 3);
    assert!(file.is_sound(), "{:?}", file.problems);
    file.lines
}

#[test]
fn a_payment_is_read_with_everything_that_matching_needs() {
    let detail = payment(ID, "<Amt Ccy=\"EUR\">5.00</Amt><RmtInf><Ustrd>payout 7</Ustrd></RmtInf>");
    let text = camt("camt.053", &entry("5.00", "DBIT", &format!("<NtryDtls>{detail}</NtryDtls>")), "95.00");
    let found = lines(&text);
    let [line] = found.as_slice() else { panic!("one line: {found:?}") };
    assert_eq!(line.place, LinePlace { file: 3, statement: 1, entry: 1, detail: 0 });
    assert_eq!((line.account.as_deref(), line.standing), (Some("DE89370400440532013000"), LineStanding::Booked));
    assert_eq!((line.direction, line.amount.minor_units(), line.bank_reference.as_deref()), (Direction::Debit, 500, Some("B1")));
    assert_eq!((line.booked, line.value_date), (Some(Date::constant(2026, 11, 24)), Some(Date::constant(2026, 11, 25))));
    assert_eq!((line.end_to_end[0].text.as_str(), line.end_to_end[0].strength), (ID, ReferenceStrength::Stated));
    let ids: Vec<_> = line.payment_ids.iter().map(|id| (id.field, id.text.as_str())).collect();
    assert_eq!(ids, [("TxId", "T1"), ("ClrSysRef", "C1"), ("AcctSvcrRef", "B1")]);
    assert_eq!(line.texts, ["payout 7"]);
}

#[test]
fn only_booked_entries_of_a_statement_count() {
    let one = entry("5.00", "DBIT", "");
    let standing = |text: &str| lines(text)[0].standing;
    assert_eq!(standing(&camt("camt.053", &one, "95.00")), LineStanding::Booked);
    for kind in ["camt.052", "camt.054"] {
        assert_eq!(standing(&camt(kind, &one, "")), LineStanding::Information, "{kind}");
    }
    assert_eq!(standing(&camt("camt.053", &one.replace("BOOK", "PDNG"), "100.00")), LineStanding::Information);
    let copy = camt("camt.053", &one, "95.00").replace("<Acct>", "<CpyDplctInd>DUPL</CpyDplctInd><Acct>");
    assert_eq!(standing(&copy), LineStanding::Information);
}

#[test]
fn an_entry_with_several_payments_becomes_a_line_for_each() {
    let amounts = ["2.00", "3.00"].map(|amount| format!("<Amt Ccy=\"EUR\">{amount}</Amt>"));
    let details = payment(ID, &amounts[0]) + &payment(ID_2, &amounts[1]);
    let batch = |details: &str| {
        let head = "<Btch><MsgId>MSG</MsgId><PmtInfId>PAY</PmtInfId><NbOfTxs>2</NbOfTxs></Btch>";
        camt("camt.053", &entry("5.00", "DBIT", &format!("<NtryDtls>{head}{details}</NtryDtls>")), "95.00")
    };
    let found = lines(&batch(&details));
    let parts: Vec<_> = found.iter().map(|line| (line.place.detail, line.reference_part, line.amount.minor_units())).collect();
    assert_eq!(parts, [(1, 1, 200), (2, 2, 300)]);
    assert!(found.iter().all(|line| line.batch.is_none() && line.bank_reference.as_deref() == Some("B1")));
    // Without its payments, the entry is the batch.
    let found = lines(&batch(""));
    let [line] = found.as_slice() else { panic!("one line") };
    assert_eq!(line.batch.as_ref().map(|batch| (batch.ids.clone(), batch.stated_count)), Some((vec!["PAY".into(), "MSG".into()], Some(2))));
}

#[test]
fn interest_is_the_banks_own_business_in_every_format() {
    let code = "<BkTxCd><Domn><Cd>ACMT</Cd><Fmly><Cd>MCOP</Cd><SubFmlyCd>INTR</SubFmlyCd></Fmly></Domn></BkTxCd>";
    for text in [
        camt("camt.053", &entry("5.00", "CRDT", "").replace("<BkTxCd/>", code), "105.00"),
        mt940(":61:2611241124C5,00NINTNONREF//BK1\r\n", "105,00"),
        mt940(":61:2611241124C5,00NMSCNONREF//BK1\r\n:86:814?00ZINSEN\r\n", "105,00"),
        bai2("1", "2", &["16,354,500,0,BK1,X,/", "16,495,1000,0,BK2,X,/"]),
    ] {
        let found = lines(&text);
        assert!(found[0].is_charge && found[0].direction == Direction::Credit && found[1..].iter().all(|line| !line.is_charge), "{text}");
    }
    assert!(lines(&bai2("1", "2", &["16,654,500,0,BK1,X,/"]))[0].is_charge);
}

#[test]
fn what_an_entry_was_charged_is_a_line_so_that_lines_come_to_the_entry() {
    let charge = "<Chrgs><Rcrd><Amt Ccy=\"EUR\">0.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><ChrgInclInd>true</ChrgInclInd></Rcrd></Chrgs>";
    let detail = payment(ID, "<Amt Ccy=\"EUR\">5.00</Amt>");
    let text = camt("camt.053", &entry("5.50", "DBIT", &format!("{charge}<NtryDtls>{detail}</NtryDtls>")), "94.50");
    let found = lines(&text);
    let parts: Vec<_> = found.iter().map(|line| (line.place.detail, line.amount.minor_units(), line.is_charge)).collect();
    assert_eq!(parts, [(0, 500, false), (2, 50, true)]);
    assert!(found[1].end_to_end.is_empty() && found[0].identity() != found[1].identity());
}

#[test]
fn returns_and_reversals_are_marked() {
    let note = "<Amt Ccy=\"EUR\">4.80</Amt><AmtDtls><InstdAmt><Amt Ccy=\"EUR\">5.00</Amt></InstdAmt></AmtDtls><RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>";
    let detail = format!("<NtryDtls>{}</NtryDtls>", payment(ID, note));
    let returned = lines(&camt("camt.053", &entry("4.80", "CRDT", &detail), "104.80")).remove(0);
    let info = returned.returned.clone().unwrap();
    assert_eq!((info.code.as_deref(), info.original_amount.map(|money| money.minor_units())), (Some("AC04"), Some(500)));
    assert!(returned.is_money_back() && !returned.is_reversal);
    let reversed = entry("5.00", "CRDT", "").replace("<Sts>", "<RvslInd>true</RvslInd><Sts>");
    assert!(lines(&camt("camt.053", &reversed, "105.00"))[0].is_reversal);
    // Some banks only give the code of the family of returns.
    let family = "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>RRTN</SubFmlyCd></Fmly></Domn></BkTxCd>";
    let by_code = entry("5.00", "CRDT", "<AddtlNtryInf>RETURN AC06</AddtlNtryInf>").replace("<BkTxCd/>", family);
    let line = lines(&camt("camt.053", &by_code, "105.00")).remove(0);
    assert_eq!(line.returned.and_then(|info| info.code).as_deref(), Some("AC06"));
}

#[test]
fn a_return_of_an_ach_entry_names_its_trace_number_in_the_text() {
    let code = "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RRCT</Cd><SubFmlyCd>RRTN</SubFmlyCd></Fmly></Domn></BkTxCd>";
    let told = "<AddtlNtryInf>ACH return R03 of 091000010000002, 12345678901234</AddtlNtryInf>";
    let text = camt("camt.053", &entry("5.00", "CRDT", told).replace("<BkTxCd/>", code), "105.00");
    let info = lines(&text).remove(0).returned.unwrap();
    assert_eq!((info.code.as_deref(), info.original_traces.as_slice()), (Some("R03"), ["091000010000002".to_owned()].as_slice()));
    // Only of what is called a return.
    assert_eq!(lines(&camt("camt.053", &entry("5.00", "CRDT", told), "105.00"))[0].returned, None);
}

fn mt940(entries: &str, closing: &str) -> String {
    format!(
        ":20:REF\r\n:25:CHASDEFX/DE89370400440532013000\r\n:28C:228/1\r\n:60F:C261123EUR100,00\r\n{entries}:62F:C261124EUR{closing}\r\n-\r\n"
    )
}

#[test]
fn mt940_gives_ids_from_details_and_from_a_cut_reference() {
    let text = mt940(
        ":61:2611241124D5,00NTRFNONREF//BK1\r\n:86:/EREF/0192F0C0A1B27C3D8E4F5A6B7C8D9E01/REMI/payout\r\n\
         :61:2611241124D3,00NTRF0192f0c0a1b27c3d//NONREF\r\n\
         :61:2611241124RD3,00NTRFNONREF//BK3\r\n\
         :61:2611241124C2,00NRTINONREF//BK4\r\n:86:159?00RETURN?20KREF+ABC?21SVWZ+RETURN AC04\r\n\
         :61:2611241124D1,00NCHGNONREF//BK5\r\n",
        "96,00",
    );
    let found = lines(&text);
    assert_eq!((found[0].end_to_end[0].text.as_str(), found[0].end_to_end[0].strength), (ID, ReferenceStrength::Stated));
    let cut = found[1].end_to_end.iter().find(|found| found.strength == ReferenceStrength::Cut).map(|found| found.text.as_str());
    assert_eq!((cut, found[1].bank_reference.as_deref()), (Some(&ID[..16]), None));
    assert_eq!((found[2].is_reversal, found[2].direction), (true, Direction::Credit));
    assert_eq!(found[3].returned.as_ref().and_then(|info| info.code.as_deref()), Some("AC04"));
    assert_eq!(found[3].end_to_end[0].text, "abc");
    assert!(found[4].is_charge && !found[0].is_charge);
    assert_eq!(found[0].account.as_deref(), Some("DE89370400440532013000"));
}

#[test]
fn mt942_and_expected_entries_are_information() {
    let text = ":20:REF\r\n:25:123456\r\n:28C:1/1\r\n:34F:EUR0,\r\n:13D:2611241200+0100\r\n:61:261124D5,00NTRFNONREF//BK1\r\n:90D:1EUR5,00\r\n:90C:0EUR0,\r\n-\r\n";
    let file = read(text.as_bytes(), 1);
    assert!(file.is_sound(), "{:?}", file.problems);
    assert_eq!((file.format.as_str(), file.lines[0].standing), ("MT942", LineStanding::Information));
}

fn bai2(status: &str, modifier: &str, entries: &[&str]) -> String {
    let sum: i64 = 100_000 + 99_500 + entries.iter().filter_map(|entry| entry.split(',').nth(2)?.parse::<i64>().ok()).sum::<i64>();
    let count = entries.len();
    format!(
        "01,BANK,US,261124,2130,1,,,2/\n02,US,BANK,{status},261124,2359,USD,{modifier}/\n03,000123,USD,010,100000,,,015,99500,,/\n{}49,{sum},{}/\n98,{sum},1,{}/\n99,{sum},1,{}/\n",
        entries.iter().map(|entry| format!("{entry}\n")).collect::<String>(),
        count + 2,
        count + 4,
        count + 6,
    )
}

#[test]
fn bai2_is_booked_only_where_the_bank_calls_it_final() {
    let entries = ["16,495,500,0,BK1,0192f0c0a1b27c3d8e4f5a6b7c8d9e01,wire /"];
    let standing = |modifier| lines(&bai2("1", modifier, &entries))[0].standing;
    assert_eq!((standing("2"), standing("")), (LineStanding::Booked, LineStanding::Booked));
    assert_eq!((standing("1"), standing("3")), (LineStanding::Information, LineStanding::Information));
    assert_eq!(read(bai2("4", "2", &entries).as_bytes(), 1).lines, []);
    for status in ["2", "3", "7"] {
        let file = read(bai2(status, "2", &entries).as_bytes(), 1);
        assert!(!file.is_sound() && file.lines.is_empty(), "{status}: {:?}", file.problems);
    }
}

#[test]
fn bai2_returns_have_their_code_and_trace_number() {
    let found = lines(&bai2("1", "2", &["16,495,700,0,BK1,X,/", "16,257,200,0,BK2,091000010000002,R03 NO ACCOUNT /"]));
    let info = found[1].returned.as_ref().unwrap();
    assert_eq!((info.code.as_deref(), info.original_traces.as_slice()), (Some("R03"), ["091000010000002".to_owned()].as_slice()));
}
