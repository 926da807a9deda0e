//! Balances out of statements of all three formats: set, confirmed, refused.
use super::*;
use crate::migration::file;

const MIGRATION: &str = "\
id,number,bank,branch,currency,entity,name,funds,leaf,balance,statement,statement_date,monthly_cost,cost_source,mandates
paris-1,FR76 3000,A bank,TESTFRPP,EUR,main,Paris,own,fr-costs,1250.5,2026-331,2026-11-24,15,price list 2026,
lyon-1,DE89370400440532013000,A bank,TESTFRPP,EUR,main,Lyon,own,fr-costs,,,,15,price list 2026,
york-1,000123,B bank,TESTUS33,USD,main,York,own,us-costs,,S9,2026-11-24,15,price list 2026,
total,2,,,EUR,,,,,,,,,,
total,1,,,USD,,,,,,,,,,
";
/// A camt.053 of paris-1, an MT940 of lyon-1 and a BAI2 of york-1.
const CAMT: &str = "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId><CreDtTm>2026-11-24T21:30:00Z</CreDtTm></GrpHdr><Stmt><Id>C7</Id><ElctrncSeqNb>7</ElctrncSeqNb><Acct><Id><Othr><Id>FR763000</Id></Othr></Id><Ccy>EUR</Ccy></Acct><Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">1250.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-24</Dt></Dt></Bal><Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">1250.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-24</Dt></Dt></Bal></Stmt></BkToCstmrStmt></Document>";
const MT940: &str = ":20:REF\n:25:DE89370400440532013000\n:28C:228/1\n:60F:C261122EUR100,00\n:61:2611231123D5,00NTRFNONREF//BK1\n:62F:C261123EUR95,00\n-\n:20:REF\n:25:DE89370400440532013000\n:28C:229/1\n:60F:C261123EUR95,00\n:62M:C261124EUR95,00\n-\n:20:REF\n:25:DE89370400440532013000\n:28C:229/2\n:60M:C261124EUR95,00\n:61:2611241124C1,00NTRFNONREF//BK2\n:62F:C261124EUR96,00\n-\n";
const BAI2: &str = "01,BANK,US,261124,2130,1,,,2/\n02,US,BANK,1,261124,2359,USD,2/\n03,000123,USD,010,700,,,015,700,,/\n49,1400,2/\n98,1400,1,4/\n99,1400,1,6/\n";

fn balances(files: &[(&str, &str)]) -> ClosingBalances {
    let mut balances = ClosingBalances::default();
    files.iter().for_each(|(name, text)| balances.add(name, text.as_bytes()));
    balances
}

const ALL: [(&str, &str); 3] = [("a.xml", CAMT), ("b.sta", MT940), ("c.bai", BAI2)];

fn faults(files: &[(&str, &str)], text: &str) -> Vec<String> {
    balances(files).filled(text).unwrap_err()
}

#[test]
fn an_empty_balance_is_set_and_one_that_is_there_is_confirmed() {
    let filled = balances(&ALL).filled(MIGRATION).unwrap();
    let read = file::read(&filled).unwrap();
    let accounts: Vec<_> = read.accounts.iter().map(|one| &one.account).collect();
    let said: Vec<_> = accounts.iter().map(|one| (one.balance, one.statement.as_str(), one.statement_day.to_string())).collect();
    assert_eq!(
        said,
        [(125_050, "2026-331", "2026-11-24".to_owned()), (9_600, "229", "2026-11-24".to_owned()), (700, "S9", "2026-11-24".to_owned())]
    );
    assert_eq!(read.totals.iter().map(|total| (total.count, total.sum)).collect::<Vec<_>>(), [(2, 134_650), (1, 700)]);
    // Nothing is left to set, and it is confirmed as it is.
    let again = format!("\u{feff}{}", filled.replace('\n', "\r\n"));
    assert_eq!(balances(&ALL).filled(&again).unwrap(), again);
    // The day before is a day of its own.
    let before = MIGRATION.replace(
        "lyon-1,DE89370400440532013000,A bank,TESTFRPP,EUR,main,Lyon,own,fr-costs,,,,",
        "lyon-1,DE89370400440532013000,A bank,TESTFRPP,EUR,main,Lyon,own,fr-costs,95,,2026-11-23,",
    );
    let filled = balances(&ALL).filled(&before).unwrap();
    assert!(filled.contains("fr-costs,95,228,2026-11-23,"), "{filled}");
}

#[test]
fn a_difference_a_missing_statement_and_a_broken_one_are_named_together() {
    let wrong = MIGRATION.replace("1250.5,", "1250.49,");
    assert_eq!(
        faults(&ALL[..2], &wrong),
        [
            "paris-1: its balance is 1250.49, but its statement of 2026-11-24 (a.xml) closes with 1250.50 EUR",
            "york-1: no statement of its number in USD with a closing balance of 2026-11-24 is among the files",
        ]
    );
    let dateless = MIGRATION.replace("york-1,000123", "york-1,000124").replace("S9,2026-11-24", "S9,");
    assert_eq!(faults(&ALL, &dateless), ["york-1: no statement of its number in USD is among the files"]);
    let broken = MT940.replace("EUR96,00", "EUR97,00");
    let found = faults(&[("a.xml", CAMT), ("b.sta", &broken), ("c.bai", BAI2)], MIGRATION);
    assert!(found[0].starts_with("b.sta is not sound, so none of its balances counts: line 19: opening balance 9500"), "{found:?}");
    assert_eq!(found[1], "lyon-1: no statement of its number in EUR is among the files");
    let other = CAMT.replace("1250.50", "1250.60");
    let found = faults(&[ALL[0], ALL[1], ALL[2], ("d.xml", &other)], MIGRATION);
    assert_eq!(found, ["d.xml and a.xml have other closing balances of FR763000 on 2026-11-24"]);
    assert!(balances(&[ALL[0], ALL[1], ALL[2], ("again.xml", CAMT)]).filled(MIGRATION).is_ok());
    assert_eq!(faults(&ALL, "id,number\n"), ["the column bank is missing"]);
}
