//! Migration files, right and wrong in every way, with the line of each fault.
use super::*;
use proptest::prelude::*;

const FILE: &str = "\
id,number,bank,branch,currency,entity,name,funds,leaf,balance,statement,statement_date,monthly_cost,cost_source,mandates
paris-1,FR76 3000,A bank,TESTFRPP,EUR,main,\"Paris, rent\",own,fr-costs,1250.5,2026-331,2026-11-27,15,price list 2026,RENT-7;POWER-2
tokyo-1,0001,B bank,TESTJPJT,JPY,main,東京,own,jp-costs,900,S1,2026-11-26,1000,an offer,
total,1,,,EUR,,,,,1250.50,,,,,
total,1,,,JPY,,,,,900,,,,,
";

/// What is wrong with the file after a change.
fn faults(from: &str, to: &str) -> Vec<(usize, String)> {
    assert!(FILE.contains(from), "{from}");
    let faults = read(&FILE.replacen(from, to, 1)).expect_err(to);
    faults.into_iter().map(|fault| (fault.line, fault.why)).collect()
}

#[test]
fn a_file_is_read_with_its_lines_amounts_and_mandates_whatever_the_order_of_its_columns() {
    let file = read(FILE).unwrap();
    let [paris, tokyo] = &file.accounts[..] else { panic!("{file:?}") };
    assert_eq!((paris.line, paris.account.balance, paris.account.monthly_cost), (2, 125_050, 1_500));
    assert_eq!((paris.account.name.as_str(), paris.account.mandates.len()), ("Paris, rent", 2));
    assert_eq!((tokyo.account.balance, tokyo.account.monthly_cost, tokyo.account.mandates.len()), (900, 1_000, 0));
    assert_eq!(file.totals.iter().map(|total| (total.line, total.count, total.sum)).collect::<Vec<_>>(), [(4, 1, 125_050), (5, 1, 900)]);
    assert_eq!(read(&format!("\u{feff}{FILE}")).unwrap(), file, "as spreadsheets write it");
    assert_eq!(read(&FILE.replace('\n', "\r\n")).unwrap().accounts, file.accounts);
    let turned: String = FILE.lines().map(|line| line.replacen("id,number", "number,id", 1) + "\n").collect();
    let turned =
        turned.replace("paris-1,FR76 3000", "FR76 3000,paris-1").replace("tokyo-1,0001", "0001,tokyo-1").replace("total,1", "1,total");
    assert_eq!(read(&turned).unwrap(), file);
}

#[test]
fn every_fault_names_its_line_and_column() {
    for (from, to, line, why) in [
        ("paris-1", "Paris", 2, "id must have 1 to 32"),
        ("EUR,main", "eur,main", 2, "currency must be an ISO 4217 code"),
        ("1250.5,", "1250.505,", 2, "balance must be an amount"),
        ("1250.5,", "1e3,", 2, "balance must be an amount"),
        ("1250.5,", "\"1,250.50\",", 2, "balance must be an amount"),
        ("1250.5,", "99999999999999999999,", 2, "balance must be an amount"),
        (",900,", ",900.0,", 3, "balance must be an amount"),
        ("15,price", ",price", 2, "monthly_cost must be an amount"),
        ("2026-11-27", "27.11.2026", 2, "statement_date must be a day"),
        ("own,fr", "ours,fr", 2, "funds must be one of own, client, blocked"),
        ("A bank", "=cmd|' /C calc'!A0", 2, "bank must not begin with ="),
        ("RENT-7", "@SUM(A1)", 2, "mandates must not begin with ="),
        ("東京", "東\u{202e}京", 3, "name must have 1 to 140"),
        ("A bank", " A bank", 2, "bank must have 1 to 140"),
        ("TESTFRPP", "", 2, "branch must have 1 to 35"),
        ("total,1,,,EUR", "total,one,,,EUR", 4, "number must be the number of the currency's accounts"),
        ("total,1,,,EUR", "total,1,A bank,,EUR", 4, "bank must be empty"),
        ("POWER-2", "POWER-2,more", 2, "the row has 16 cells"),
        ("id,number", "id,account", 1, "the column \"account\" is not known"),
        ("id,number", "id,id", 1, "the column id is there twice"),
        (",mandates\n", "\n", 1, "the column mandates is missing"),
    ] {
        let found = faults(from, to);
        assert!(found.iter().any(|(at, said)| (*at, said.starts_with(why)) == (line, true)), "{to}: {found:?}");
    }
    let header = FILE.lines().next().unwrap();
    assert_eq!(read(header).unwrap_err()[0].why, "the file has no accounts");
    let huge = format!("{FILE}{}", FILE.lines().nth(1).unwrap().repeat(2_000));
    assert!(read(&huge).unwrap_err()[0].why.contains("divide it"));
}

proptest! {
    #[test]
    fn hostile_files_are_refused_and_stop_nothing(noise in "[a-z0-9,;=\"\\n\\r.\u{202e}-]{0,200}", at in 0usize..400) {
        let at = FILE.char_indices().map(|(at, _)| at).nth(at).unwrap_or(FILE.len());
        let text = format!("{}{noise}{}", &FILE[..at], &FILE[at..]);
        if let Err(faults) = read(&text) {
            prop_assert!(!faults.is_empty() && faults.iter().all(|fault| fault.line >= 1 && !fault.why.is_empty()));
        }
    }
}
