//! Unit tests of `news`.
use super::*;

const NTFCTN: &str = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08";

fn entry(amount: &str, direction: &str, status: &str, reference: &str, details: &str) -> String {
    format!(
        "<Ntry><Amt Ccy=\"USD\">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd><Sts><Cd>{status}</Cd></Sts>\
         <BookgDt><DtTm>2026-11-24T12:00:00Z</DtTm></BookgDt><ValDt><Dt>2026-11-25</Dt></ValDt>{reference}<BkTxCd/>{details}</Ntry>"
    )
}

fn details(transactions: &str) -> String {
    format!("<NtryDtls>{transactions}</NtryDtls>")
}

fn returned(id: &str, charge: &str, beside: &str) -> String {
    let charges = if charge.is_empty() {
        String::new()
    } else {
        format!("<Chrgs><Rcrd><Amt Ccy=\"USD\">{charge}</Amt><CdtDbtInd>DBIT</CdtDbtInd></Rcrd></Chrgs>")
    };
    format!("<TxDtls><Refs><EndToEndId>{id}</EndToEndId></Refs>{beside}{charges}<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls>")
}

fn notification(entries: &str) -> String {
    format!(
        "<Document xmlns=\"{NTFCTN}\"><BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>M</MsgId><CreDtTm>2026-11-24T12:00:00Z</CreDtTm></GrpHdr><Ntfctn>\
         <Id>N</Id><CreDtTm>2026-11-24T12:00:00Z</CreDtTm><Acct><Id><Othr><Id>4400001234</Id></Othr></Id><Ccy>USD</Ccy></Acct>{entries}\
         </Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    )
}

fn told(entries: &str) -> Vec<CallbackNews> {
    read(notification(entries).as_bytes()).unwrap()
}

fn only(entries: &str) -> BankCredit {
    let mut news = told(entries);
    match (news.pop(), news.len()) {
        (Some(CallbackNews::Credit(number, credit)), 0) => {
            assert_eq!(number, "4400001234");
            credit
        }
        other => panic!("{other:?}"),
    }
}

const REFERENCE: &str = "<AcctSvcrRef>B-17</AcctSvcrRef>";

#[test]
fn a_return_has_the_original_id_its_code_its_charge_and_its_days() {
    let credit = only(&entry("4.90", "CRDT", "BOOK", REFERENCE, &details(&returned("E-1", "0.10", ""))));
    assert_eq!((credit.amount.minor_units(), credit.charge_minor_units, credit.is_return), (490, 10, true));
    assert_eq!((credit.end_to_end_id.as_str(), credit.code.as_str(), credit.bank_reference.as_str()), ("E-1", "AC04", "B-17"));
    assert_eq!((credit.value_date.as_str(), credit.booked_at_ms), ("2026-11-25", 1_795_521_600_000));
}

#[test]
fn what_is_not_booked_or_went_out_is_no_credit() {
    for status in ["PDNG", "INFO", "FUTR"] {
        assert_eq!(told(&entry("5.00", "CRDT", status, REFERENCE, &details(&returned("E-1", "", "")))), [], "{status}");
    }
    let debit = "<TxDtls><Refs><EndToEndId>E-2</EndToEndId></Refs></TxDtls>";
    assert_eq!(told(&entry("5.00", "DBIT", "BOOK", REFERENCE, &details(debit))), [CallbackNews::Payment("E-2".to_owned())]);
    assert_eq!(told(&entry("5.00", "CRDT", "BOOK", REFERENCE, "")), [], "a deposit names no payment");
}

#[test]
fn of_several_transactions_each_has_its_own_amount_and_reference() {
    let amount = |text: &str| format!("<Amt Ccy=\"USD\">{text}</Amt><CdtDbtInd>CRDT</CdtDbtInd>");
    let both = details(&(returned("E-1", "", &amount("2.00")) + &returned("E-2", "", &amount("3.00"))));
    let credits: Vec<(String, i64, String)> = told(&entry("5.00", "CRDT", "BOOK", REFERENCE, &both))
        .into_iter()
        .map(|news| match news {
            CallbackNews::Credit(_, credit) => (credit.end_to_end_id, credit.amount.minor_units(), credit.bank_reference),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(credits, [("E-1".to_owned(), 200, "B-17".to_owned()), ("E-2".to_owned(), 300, "B-17/1".to_owned())]);
    // Without amounts it is not known what came back for which.
    let bare = details(&(returned("E-1", "", "") + &returned("E-2", "", "")));
    assert_eq!(told(&entry("5.00", "CRDT", "BOOK", REFERENCE, &bare)), []);
}

#[test]
fn what_is_no_message_or_half_of_one_is_not_read() {
    let whole = notification(&entry("5.00", "CRDT", "BOOK", REFERENCE, &details(&returned("E-1", "", ""))));
    for cut in [0, 1, 40, whole.len() / 2, whole.len() - 1] {
        assert!(read(&whole.as_bytes()[..cut]).is_err(), "{cut}");
    }
    for other in [b"".as_slice(), b"{}", b"<html>", b"\xff\xfe\x00", whole.replace("camt.054", "camt.099").as_bytes()] {
        assert!(read(other).is_err());
    }
}
