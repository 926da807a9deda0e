//! Statements and notices that can't be checked, are there twice, or do not fit their account.
use super::*;

fn balance(kind: &str, amount: &str) -> String {
    format!(
        "<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-24</Dt></Dt></Bal>"
    )
}

/// 30.00, of which an entry of two transactions takes 3.00.
fn stmt() -> String {
    let one = |amount: &str| format!("<TxDtls><Refs><EndToEndId>E</EndToEndId></Refs><Amt Ccy=\"EUR\">{amount}</Amt></TxDtls>");
    format!(
        "<Stmt><Id>S</Id><ElctrncSeqNb>7</ElctrncSeqNb><Acct><Id><IBAN>DE46910579234762349724</IBAN></Id><Ccy>EUR</Ccy></Acct>{}{}<TxsSummry><TtlNtriesPerBkTxCd><NbOfNtries>1</NbOfNtries><Sum>3</Sum><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd></TtlNtriesPerBkTxCd></TxsSummry><Ntry><Amt Ccy=\"EUR\">3.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-24</Dt></BookgDt><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><Btch><CdtDbtInd>DBIT</CdtDbtInd></Btch>{}{}</NtryDtls></Ntry></Stmt>",
        balance("OPBD", "30.00"),
        balance("CLBD", "27.00"),
        one("1.00"),
        one("2.00"),
    )
}

fn statement(inside: &str) -> FileReading {
    read(&document("camt.053.001.08", &format!("<BkToCstmrStmt><GrpHdr>{HEADER}</GrpHdr>{inside}</BkToCstmrStmt>")))
}

fn changed(from: &str, to: &str) -> FileReading {
    assert!(stmt().contains(from), "{from}");
    statement(&stmt().replace(from, to))
}

fn sister(name: &str, element: &str, report: &str, inside: &str) -> FileReading {
    let inside = inside.replace("Stmt>", &format!("{report}>"));
    read(&document(name, &format!("<{element}><GrpHdr>{HEADER}</GrpHdr>{inside}</{element}>")))
}

#[test]
fn the_same_report_twice_in_a_message_is_a_problem_of_money() {
    assert!(statement(&stmt()).problems.is_empty());
    let twice = stmt().repeat(2);
    assert_eq!(money_places(&statement(&twice)), ["Stmt 2"]);
    assert_eq!(money_places(&sister("camt.052.001.08", "BkToCstmrAcctRpt", "Rpt", &twice)), ["Rpt 2"]);
    assert_eq!(money_places(&sister("camt.054.001.08", "BkToCstmrDbtCdtNtfctn", "Ntfctn", &twice)), ["Ntfctn 2"]);
    // The next statement, and the next page of one, are not the same.
    assert!(statement(&format!("{}{}", stmt(), stmt().replace(">7<", ">8<"))).problems.is_empty());
    let page = |number: u8, from: &str, to: &str| {
        let page =
            format!("<ElctrncSeqNb>7</ElctrncSeqNb><StmtPgntn><PgNb>{number}</PgNb><LastPgInd>{}</LastPgInd></StmtPgntn>", number == 2);
        stmt().replace("<ElctrncSeqNb>7</ElctrncSeqNb>", &page).replace(from, to)
    };
    let second = page(2, ">OPBD<", ">ITBD<").replace(">30.00<", ">27.00<").replace(&balance("CLBD", "27.00"), &balance("CLBD", "24.00"));
    let pages = format!("{}{second}", page(1, ">CLBD<", ">ITBD<"));
    assert_eq!(statement(&pages).problems, []);
    // An id that is used again without a number is the same too.
    assert_eq!(money_places(&statement(&twice.replace("<ElctrncSeqNb>7</ElctrncSeqNb>", ""))), ["Stmt 2"]);
}

#[test]
fn a_statement_without_balances_can_not_be_checked_and_that_touches_money() {
    for (from, to) in [(">CLBD<", ">XXXX<"), (">OPBD<", ">CLAV<"), (&balance("CLBD", "27.00"), ""), (&balance("OPBD", "30.00"), "")] {
        assert_eq!(money_places(&changed(from, to)), ["Stmt 1/Bal"], "{to}");
    }
    let more = "<StmtPgntn><PgNb>1</PgNb><LastPgInd>false</LastPgInd></StmtPgntn><Acct>";
    let reading = changed("<Acct>", more);
    assert_eq!(money_places(&reading), ["Stmt 1/Bal"]);
    assert!(reading.problems[0].what.contains("page 1 of several"), "{}", reading.problems[0].what);
    // Reports during the day promise no balances.
    let none = stmt().replace(&balance("CLBD", "27.00"), "");
    assert!(sister("camt.052.001.08", "BkToCstmrAcctRpt", "Rpt", &none).is_sound());
}

#[test]
fn several_transactions_of_an_entry_need_their_amounts() {
    let one = "<Amt Ccy=\"EUR\">1.00</Amt></TxDtls>";
    let two = "<Amt Ccy=\"EUR\">2.00</Amt></TxDtls>";
    assert_eq!(money_places(&changed(one, "</TxDtls>")), ["Stmt 1/Ntry 1/NtryDtls"]);
    let none = stmt().replace(one, "</TxDtls>").replace(two, "</TxDtls>");
    assert_eq!(money_places(&statement(&none)), ["Stmt 1/Ntry 1/NtryDtls"]);
    // Amounts of another currency can't be added up; converted ones can.
    assert_eq!(money_places(&changed(one, &one.replace("EUR", "USD"))), ["Stmt 1/Ntry 1/NtryDtls"]);
    let converted = "<Amt Ccy=\"USD\">1.10</Amt><AmtDtls><CntrValAmt><Amt Ccy=\"EUR\">1.00</Amt></CntrValAmt></AmtDtls></TxDtls>";
    assert!(changed(one, converted).problems.is_empty());
    // The amount of a single transaction is the entry's.
    let single = stmt().replace("<TxDtls><Refs><EndToEndId>E</EndToEndId></Refs><Amt Ccy=\"EUR\">1.00</Amt></TxDtls>", "");
    assert!(statement(&single.replace(two, "</TxDtls>")).problems.is_empty());
}

#[test]
fn an_account_in_another_currency_than_its_entries_is_a_problem_of_money() {
    assert_eq!(money_places(&changed("<Ccy>EUR<", "<Ccy>USD<")), ["Stmt 1/Acct/Ccy"]);
    let other = stmt().replace("<Ccy>EUR<", "<Ccy>USD<");
    assert_eq!(money_places(&sister("camt.054.001.08", "BkToCstmrDbtCdtNtfctn", "Ntfctn", &other)), ["Ntfctn 1/Acct/Ccy"]);
    // A copy must not be booked, so its currency decides nothing.
    let copy = other.replace("<Acct>", "<CpyDplctInd>COPY</CpyDplctInd><Acct>");
    let reading = sister("camt.054.001.08", "BkToCstmrDbtCdtNtfctn", "Ntfctn", &copy);
    assert_eq!((reading.problems.len(), reading.is_sound()), (1, true));
}

#[test]
fn totals_per_code_and_the_side_of_a_batch_are_compared() {
    assert_eq!(money_places(&changed("<NbOfNtries>1<", "<NbOfNtries>2<")), ["Stmt 1/TxsSummry/TtlNtriesPerBkTxCd 1"]);
    assert_eq!(money_places(&changed("<Sum>3<", "<Sum>4<")), ["Stmt 1/TxsSummry/TtlNtriesPerBkTxCd 1"]);
    // A total of a whole family has all its entries; one of another code has none.
    assert!(statement(&stmt().replacen("<SubFmlyCd>ESCT</SubFmlyCd>", "", 1)).problems.is_empty());
    assert_eq!(money_places(&statement(&stmt().replacen(">ESCT<", ">STDO<", 1))), ["Stmt 1/TxsSummry/TtlNtriesPerBkTxCd 1"]);
    let credits = |amount: &str| changed("<Sum>3</Sum>", &format!("<Sum>3</Sum><DbtNtries><Sum>{amount}</Sum></DbtNtries>"));
    assert!(credits("3.00").problems.is_empty());
    assert_eq!(money_places(&credits("2.00")), ["Stmt 1/TxsSummry/TtlNtriesPerBkTxCd 1/DbtNtries"]);
    let side = changed("<Btch><CdtDbtInd>DBIT<", "<Btch><CdtDbtInd>CRDT<");
    assert!(money_places(&side).contains(&"Stmt 1/Ntry 1/NtryDtls 1/Btch/CdtDbtInd"), "{:?}", side.problems);
}

#[test]
fn dates_with_a_zone_are_read_and_a_wrong_one_does_not_end_the_checks() {
    for day in ["2026-11-24+01:00", "2026-11-24Z"] {
        assert!(changed("<Dt>2026-11-24</Dt>", &format!("<Dt>{day}</Dt>")).problems.is_empty(), "{day}");
    }
    for time in ["2026-11-24T24:00:00+01:00", "2026-11-24T24:00:00", "2026-11-24T10:00:00.1234567891234+01:00"] {
        assert!(changed("<Dt>2026-11-24</Dt>", &format!("<DtTm>{time}</DtTm>")).problems.is_empty(), "{time}");
    }
    let wrong_sum = stmt().replace(">27.00<", ">27.01<");
    for (from, to, place) in [
        ("<BookgDt><Dt>2026-11-24<", "<BookgDt><Dt>2026-02-30<", "Stmt 1/Ntry 1/BookgDt"),
        ("<Dt><Dt>2026-11-24<", "<Dt><Dt>yesterday<", "Stmt 1/Bal 1/Dt"),
        ("<Dt><Dt>2026-11-24</Dt></Dt>", "", "Stmt 1/Bal 1/Dt"),
        ("<Acct>", "<CreDtTm>2026-11-24T99:00:00</CreDtTm><Acct>", "Stmt 1/CreDtTm"),
        ("<Acct>", "<FrToDt><FrDtTm>now</FrDtTm></FrToDt><Acct>", "Stmt 1/FrToDt/FrDtTm"),
    ] {
        let reading = statement(&wrong_sum.replacen(from, to, 1));
        assert!(reading.problems.iter().any(|problem| problem.place == place), "{to}: {:?}", reading.problems);
        assert!(money_places(&reading).contains(&"Stmt 1/Bal"), "{to}: {:?}", reading.problems);
        assert!(!money_places(&statement(&stmt().replacen(from, to, 1))).contains(&"Stmt 1/Bal"), "{to}");
    }
}
