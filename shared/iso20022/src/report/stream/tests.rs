//! Unit tests of `stream`: it says what reading at once says.
use super::*;
use crate::report::AccountReports;
use std::fmt::Write as _;

const ENTRY: &str = "<Ntry><Amt Ccy=\"EUR\">1.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-24</Dt></BookgDt><BkTxCd/></Ntry>";

fn balance(code: &str, amount: &str) -> String {
    format!(
        "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-24</Dt></Dt></Bal>"
    )
}

fn report(id: &str, closing: &str, rest: &str) -> String {
    format!(
        "<Stmt><Id>{id}</Id><ElctrncSeqNb>7</ElctrncSeqNb><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>{}{}{rest}</Stmt>",
        balance("OPBD", "100.00"),
        balance("CLBD", closing),
    )
}

fn message(reports: &str) -> String {
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId><CreDtTm>2026-11-24T21:30:00Z</CreDtTm></GrpHdr>{reports}</BkToCstmrStmt></Document>"
    )
}

/// Everything that the stream says, put together.
fn streamed(bytes: &[u8]) -> Result<(Vec<AccountReport>, Vec<ReportFinding>), Error> {
    let mut stream = ReportStream::new(bytes);
    let mut reports: Vec<AccountReport> = Vec::new();
    while let Some(part) = stream.next()? {
        match part {
            StreamedReport::Begin(report) => reports.push(*report),
            StreamedReport::Entry(entry) => reports.last_mut().unwrap().entries.push(*entry),
            StreamedReport::End => {}
        }
    }
    let mut findings = stream.findings();
    findings.sort_by(|one, other| one.path.cmp(&other.path));
    Ok((reports, findings))
}

fn at_once(bytes: &[u8]) -> Result<(Vec<AccountReport>, Vec<ReportFinding>), Error> {
    let read = AccountReports::read(bytes)?;
    let mut findings = read.findings();
    findings.sort_by(|one, other| one.path.cmp(&other.path));
    Ok((read.reports, findings))
}

#[test]
fn a_stream_gives_what_reading_at_once_gives() {
    let totals = "<TxsSummry><TtlNtries><NbOfNtries>1</NbOfNtries></TtlNtries><TtlNtriesPerBkTxCd><NbOfNtries>9</NbOfNtries><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd></TtlNtriesPerBkTxCd></TxsSummry>";
    let coded =
        ENTRY.replace("<BkTxCd/>", "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>");
    let batch = "<NtryDtls><Btch><NbOfTxs>3</NbOfTxs></Btch><TxDtls><Refs><EndToEndId>A</EndToEndId></Refs><Amt Ccy=\"EUR\">2.00</Amt></TxDtls></NtryDtls>";
    let wrong_batch = ENTRY.replace("</Ntry>", &format!("{batch}</Ntry>"));
    let two = ENTRY.repeat(2);
    let last_text = format!("{ENTRY}<AddtlStmtInf>text</AddtlStmtInf>");
    let messages = [
        message(&report("A", "98.00", &two)),
        message(&report("A", "98.00", &last_text)),
        message(&(report("A", "98.00", &two) + &report("A", "98.00", &two) + &report("B", "100.00", ""))),
        message(&report("A", "98.00", &format!("{totals}{ENTRY}{coded}"))),
        message(&report("A", "99.00", &wrong_batch)),
        message(&report("A", "99.00", &ENTRY.replace("EUR", "USD"))),
        message(&report("A", "100.00", &ENTRY.replace("BOOK", "FUTR"))),
        message(&report("A", "98.00", &ENTRY.replace("BOOK", "PDNG"))),
    ];
    for text in messages {
        let read = streamed(text.as_bytes()).unwrap();
        assert_eq!(read, at_once(text.as_bytes()).unwrap(), "{text}");
    }
}

#[test]
fn what_is_refused_at_once_is_refused_in_a_stream() {
    let good = message(&report("A", "99.00", ENTRY));
    let cut = good.replace("</BkToCstmrStmt></Document>", "");
    let broken = [
        cut.clone(),
        good.replace("</Ntry>", "<Ntry>"),
        good.replace("camt.053.001.08", "camt.053.001.99"),
        good.replace("<BkTxCd/>", "<BkTxCd>&x;</BkTxCd>"),
        good.replace("BkToCstmrStmt", "CstmrCdtTrfInitn"),
        good.clone() + &good,
        message(""),
        good.replace("1.00", "1.001"),
        good.replace("<MsgId>M</MsgId>", ""),
    ];
    for text in broken {
        assert!(at_once(text.as_bytes()).is_err() && streamed(text.as_bytes()).is_err(), "{text}");
    }
    let mut bytes = good.replace("<BkTxCd/>", "<BkTxCd/><AddtlNtryInf>X</AddtlNtryInf>").into_bytes();
    let at = bytes.windows(3).position(|part| part == b">X<").unwrap() + 1;
    bytes[at] = 0xff;
    assert!(streamed(&bytes).unwrap_err().to_string().contains("utf-8"), "{:?}", streamed(&bytes));
    // A balance behind an entry would change what the entry was judged by.
    let late = message(&report("A", "99.00", &format!("{ENTRY}{}", balance("ITBD", "1.00"))));
    assert!(streamed(late.as_bytes()).is_err());
}

#[test]
fn a_statement_beyond_the_limits_of_reading_at_once_is_streamed() {
    const ENTRIES: usize = 45_000;
    let mut entries = String::new();
    for number in 0..ENTRIES {
        write!(entries, "{}", ENTRY.replace("<BkTxCd/>", &format!("<BkTxCd/><AddtlNtryInf>{number}</AddtlNtryInf>"))).unwrap();
    }
    let text = message(&report("A", "-44900.00", &entries).replace("-44900.00</Amt><CdtDbtInd>CRDT", "44900.00</Amt><CdtDbtInd>DBIT"));
    assert!(AccountReports::read(text.as_bytes()).is_err());
    let (reports, findings) = streamed(text.as_bytes()).unwrap();
    assert_eq!((reports[0].entries.len(), findings), (ENTRIES, vec![]));
}

#[test]
fn one_entry_may_not_fill_the_memory() {
    // The text goes on and never ends.
    let start = message("").replace("</BkToCstmrStmt></Document>", "<Stmt><Id>");
    let endless = std::io::Read::chain(start.as_bytes(), std::io::repeat(b'x'));
    let mut stream = ReportStream::new(endless);
    assert!(matches!(stream.next(), Err(Error::TooLarge { .. })));
}
