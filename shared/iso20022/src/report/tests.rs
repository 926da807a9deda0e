//! Unit tests of `report`.
use super::*;
use crate::{Error, ReasonCode, codes::KnownReason};
use proptest::prelude::*;

/// A small statement: 10.00, a batch of two for 3.00 out, a return of 1.00 in, and a pending entry that does not count.
fn statement() -> String {
    let balance = |kind: &str, amount: &str| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-24</Dt></Dt></Bal>"
        )
    };
    let batch = "<Ntry><NtryRef>N1</NtryRef><Amt Ccy=\"EUR\">3.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-24</Dt></BookgDt><ValDt><DtTm>2026-11-24T23:30:00-04:00</DtTm></ValDt><AcctSvcrRef>B1</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><Btch><PmtInfId>P1</PmtInfId><NbOfTxs>2</NbOfTxs><TtlAmt Ccy=\"EUR\">3.00</TtlAmt><CdtDbtInd>DBIT</CdtDbtInd></Btch><TxDtls><Refs><EndToEndId>E1</EndToEndId></Refs><Amt Ccy=\"EUR\">1.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></TxDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><Amt Ccy=\"EUR\">2.00</Amt><AmtDtls><InstdAmt><Amt Ccy=\"USD\">2.20</Amt><CcyXchg><SrcCcy>EUR</SrcCcy><XchgRate>1.1</XchgRate></CcyXchg></InstdAmt></AmtDtls></TxDtls></NtryDtls></Ntry>";
    let returned = "<Ntry><Amt Ccy=\"EUR\">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><RvslInd>true</RvslInd><Sts>BOOK</Sts><BkTxCd/><Chrgs><Rcrd><Amt Ccy=\"EUR\">0.10</Amt><ChrgInclInd>true</ChrgInclInd><Tp><Prtry><Id>FEE</Id></Prtry></Tp></Rcrd></Chrgs><NtryDtls><TxDtls><Refs><EndToEndId>E0</EndToEndId></Refs><Amt Ccy=\"EUR\">1.00</Amt><RltdPties><Cdtr><Pty><Nm>Ada</Nm></Pty></Cdtr><CdtrAcct><Id><IBAN>NL91ABNA0417164300</IBAN></Id></CdtrAcct></RltdPties><RtrInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>closed</AddtlInf></RtrInf></TxDtls></NtryDtls></Ntry>";
    let pending = "<Ntry><Amt Ccy=\"EUR\">9.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts><BkTxCd/><AddtlNtryInf/></Ntry>";
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId><CreDtTm>2026-11-24T21:30:00+01:00</CreDtTm></GrpHdr><Stmt><Id>S</Id><StmtPgntn><PgNb>1</PgNb><LastPgInd>true</LastPgInd></StmtPgntn><ElctrncSeqNb>7</ElctrncSeqNb><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>{}{}<TxsSummry><TtlNtries><NbOfNtries>3</NbOfNtries><Sum>13.00</Sum></TtlNtries></TxsSummry>{batch}{returned}{pending}</Stmt></BkToCstmrStmt></Document>",
        balance("OPBD", "10.00"),
        balance("CLBD", "8.00"),
    )
}

fn read(text: &str) -> AccountReports {
    AccountReports::read(text.as_bytes()).unwrap()
}

#[test]
fn a_statement_is_read_whole() {
    let message = read(&statement());
    assert_eq!((message.kind, message.findings()), (ReportKind::Statement, vec![]));
    let report = &message.reports[0];
    assert_eq!((report.electronic_sequence, report.closing_check()), (Some(7), ClosingCheck::Agrees));
    let [batch, returned, pending] = report.entries.as_slice() else { panic!("three entries") };
    assert_eq!((batch.amount.minor_units(), batch.direction, &batch.status), (300, Direction::Debit, &EntryStatus::Booked));
    assert_eq!(batch.value_date, Some(Date::constant(2026, 11, 24)));
    assert_eq!(batch.code.subfamily.as_deref(), Some("ESCT"));
    let details = &batch.batches[0].transactions;
    assert_eq!((details[0].references.end_to_end_id.as_deref(), details[1].references.end_to_end_id.as_deref()), (Some("E1"), None));
    assert_eq!(details[1].amounts.instructed.as_ref().unwrap().rate, Some(Decimal::new(11, 1)));
    assert!(returned.is_reversal && returned.status == EntryStatus::Booked);
    assert_eq!((returned.charges[0].kind.as_deref(), returned.charges[0].is_included), (Some("FEE"), Some(true)));
    let back = &returned.batches[0].transactions[0];
    assert_eq!(back.returned.as_ref().unwrap().reason, Some(ReasonCode::Known(KnownReason::AccountClosed)));
    assert_eq!((back.references.end_to_end_id.as_deref(), back.creditor.name.as_deref()), (Some("E0"), Some("Ada")));
    assert_eq!((&pending.status, pending.additional.as_deref()), (&EntryStatus::Pending, None));
}

#[test]
fn what_does_not_add_up_is_found_where_it_is() {
    for (from, to, path, money) in [
        (">8.00<", ">8.01<", "Stmt 1/Bal", true),
        ("<NbOfNtries>3<", "<NbOfNtries>4<", "Stmt 1/TxsSummry/TtlNtries", true),
        ("<Sum>13.00<", "<Sum>13.01<", "Stmt 1/TxsSummry/TtlNtries", true),
        ("<NbOfTxs>2<", "<NbOfTxs>3<", "Stmt 1/Ntry 1/NtryDtls 1/Btch/NbOfTxs", true),
        ("<TtlAmt Ccy=\"EUR\">3.00<", "<TtlAmt Ccy=\"EUR\">4.00<", "Stmt 1/Ntry 1/NtryDtls 1/Btch/TtlAmt", true),
        ("<Cd>OPBD<", "<Cd>CLBD<", "Stmt 1/Bal", true),
        (
            "<Refs><EndToEndId>E0</EndToEndId></Refs><Amt Ccy=\"EUR\">1.00<",
            "<Refs/><Amt Ccy=\"EUR\">1.50<",
            "Stmt 1/Ntry 2/NtryDtls",
            false,
        ),
    ] {
        let changed = statement().replacen(from, to, 1);
        assert_ne!(changed, statement(), "{from}");
        let findings = read(&changed).findings();
        assert!(findings.iter().any(|finding| finding.path == path && finding.touches_money == money), "{from}: {findings:?}");
    }
}

#[test]
fn pages_are_checked_by_their_interim_balances() {
    let page = statement()
        .replace("<PgNb>1</PgNb><LastPgInd>true", "<PgNb>2</PgNb><LastPgInd>false")
        .replace("OPBD", "ITBD")
        .replace("CLBD", "ITBD");
    let report = &read(&page).reports[0];
    assert_eq!(report.closing_check(), ClosingCheck::Agrees);
    assert!(read(&page.replace("<NbOfNtries>3", "<NbOfNtries>30")).findings().is_empty());
}

#[test]
fn older_forms_and_the_sister_messages_are_read() {
    let older = statement().replace("camt.053.001.08", "camt.053.001.02").replace("<Pty><Nm>Ada</Nm></Pty>", "<Nm>Ada</Nm>");
    let older = older.replace("<Amt Ccy=\"EUR\">2.00</Amt><AmtDtls>", "<AmtDtls><TxAmt><Amt Ccy=\"EUR\">2.00</Amt></TxAmt>");
    let older = older.replace("<Chrgs><Rcrd>", "<Chrgs>").replace("</Rcrd></Chrgs>", "</Chrgs>");
    assert_eq!(read(&older).findings(), vec![]);
    assert_eq!(read(&older).reports[0].entries[1], read(&statement()).reports[0].entries[1]);
    let notice = statement().replace("camt.053", "camt.054").replace("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn").replace("Stmt>", "Ntfctn>");
    assert_eq!(read(&notice).kind, ReportKind::Notification);
}

#[test]
fn money_that_is_not_understood_is_an_error() {
    for (from, to) in [
        ("Ccy=\"EUR\">3.00", "Ccy=\"EUR\">3.001"),
        ("Ccy=\"EUR\">3.00", ">3.00"),
        ("CRDT</CdtDbtInd><RvslInd>", "CDT</CdtDbtInd><RvslInd>"),
        (">3.00<", ">-3.00<"),
        (">3.00<", ">999999999999999999<"),
        (">3.00<", ">3,00<"),
    ] {
        let changed = statement().replacen(from, to, 1);
        assert_ne!(changed, statement(), "{from}");
        assert!(AccountReports::read(changed.as_bytes()).is_err(), "{to}");
    }
    assert!(matches!(AccountReports::read(statement().replace("001.08", "001.99").as_bytes()), Err(Error::Version { .. })));
}

#[test]
fn charges_explain_a_difference_between_entry_and_transactions() {
    let charge = "<Chrgs><Rcrd><Amt Ccy=\"EUR\">0.40</Amt></Rcrd></Chrgs>";
    let with = |charge: &str| {
        let changed = statement()
            .replacen(">1.00</Amt><CdtDbtInd>DBIT", &format!(">0.60</Amt><CdtDbtInd>DBIT</CdtDbtInd>{charge}<X>"), 1)
            .replacen("<X></CdtDbtInd>", "", 1);
        read(&changed.replacen("<TtlAmt Ccy=\"EUR\">3.00<", "<TtlAmt Ccy=\"EUR\">2.60<", 1)).findings()
    };
    assert_eq!(with(charge), vec![]);
    assert!(with("").iter().any(|finding| finding.touches_money && finding.path == "Stmt 1/Ntry 1/NtryDtls"));
}

#[test]
fn entries_of_an_unclear_status_leave_a_difference_unclear() {
    let future = statement().replace("PDNG", "FUTR");
    assert_eq!(read(&future).reports[0].closing_check(), ClosingCheck::Agrees);
    assert_eq!(read(&future.replacen(">8.00<", ">8.01<", 1)).reports[0].closing_check(), ClosingCheck::Unclear);
}

proptest! {
    #[test]
    fn changed_statements_never_panic(at in 0usize..4000, byte in any::<u8>(), cut in 0usize..4000) {
        let mut bytes = statement().into_bytes();
        let length = bytes.len();
        bytes[at % length] = byte;
        if let Ok(message) = AccountReports::read(&bytes) {
            let _ = message.findings();
        }
        bytes.truncate(cut % length);
        prop_assert!(AccountReports::read(&bytes).is_err());
    }
}

mod reference {
    //! Against statements of an invented day with traps.
    use super::*;

    #[test]
    fn reference_the_days_statements_are_read_and_add_up() {
        let Ok(root) = std::env::var("LARGESSE_REFERENCE_DATA") else {
            println!("skipped: LARGESSE_REFERENCE_DATA is not set");
            return;
        };
        let read = |name: &str| {
            let path = format!("{root}/reconciliation/fixtures/camt/largesse-{name}.camt.053.001.08.xml");
            let mut message = AccountReports::read(&std::fs::read(path).unwrap()).unwrap();
            assert_eq!(message.findings(), vec![], "{name}");
            let report = message.reports.pop().unwrap();
            assert_eq!(report.closing_check(), ClosingCheck::Agrees, "{name}");
            report
        };
        let physical = read("physical");
        let closing = |report: &AccountReport| report.balances.iter().find(|balance| balance.kind == "CLBD").unwrap().signed_minor_units();
        assert_eq!((physical.electronic_sequence, physical.entries.len(), closing(&physical)), (Some(228), 9, 1_478_747));
        let virtual_accounts = ["virtual-payouts", "virtual-fees", "virtual-unallocated"].map(read);
        assert_eq!(virtual_accounts.iter().map(closing).sum::<i128>(), closing(&physical));
        // The payment that came back has the original's end-to-end id and is a credit.
        let transactions = |entry: &ReportEntry| entry.batches.iter().flat_map(|batch| batch.transactions.clone()).collect::<Vec<_>>();
        let returned: Vec<&ReportEntry> =
            physical.entries.iter().filter(|entry| transactions(entry).iter().any(|detail| detail.returned.is_some())).collect();
        let [returned] = returned.as_slice() else { panic!("one return") };
        assert_eq!((returned.direction, returned.amount.minor_units()), (Direction::Credit, 200_000));
        let detail = &transactions(returned)[0];
        assert_eq!(detail.returned.as_ref().unwrap().reason, Some(ReasonCode::Known(KnownReason::AccountClosed)));
        assert!(detail.references.end_to_end_id.as_ref().unwrap().ends_with("9e03"));
    }
}
