//! Tests of `accounting`: the example of a mapping, and files.
use super::*;
use accounting::LedgerAccount;
use chart::{AccountClass, Purpose};
use money::Currency;

/// The purposes that the example has rules for.
const RULED_PURPOSES: usize = 33;
const EXAMPLE: &str = include_str!("../../../../deploy/accounting.toml");

#[test]
fn the_example_maps_every_account_in_money() {
    let mapping = Mapping::read(EXAMPLE).unwrap();
    let usd = Currency::try_new("USD").unwrap();
    let money = Purpose::ALL.map(AccountClass::House).into_iter().chain([AccountClass::CreatorPayable, AccountClass::AgencyPayable]);
    let missing = |ruled: bool| {
        let line = |class: &AccountClass| LedgerAccount::Money(*class, usd);
        let account = |class: &AccountClass| if ruled { mapping.ruled("main", line(class)) } else { mapping.account("main", line(class)) };
        money.clone().filter(|class| account(class).is_none()).collect::<Vec<_>>()
    };
    assert_eq!(missing(false), []);
    // A purpose that is added later goes to suspense until it has a rule; `largesse accounting unmapped` lists it.
    assert!(missing(true).len() <= Purpose::ALL.len() - RULED_PURPOSES, "deploy/accounting.toml has no rule for {:?}", missing(true));
    assert!(mapping.account("main", LedgerAccount::Between(usd)).is_some() && mapping.company("main").is_some());
}

#[test]
fn the_chart_of_the_example_has_every_account_on_its_side() {
    let rows = Mapping::read(EXAMPLE).unwrap().chart();
    let of = |ledger: &str| {
        let found: Vec<_> = rows.iter().filter(|row| row.ledger == ledger).collect();
        let [row] = found.as_slice() else { panic!("{ledger}: {found:?}") };
        (row.gl_type.as_str(), row.normal_side.as_str(), row.source.as_str())
    };
    for purpose in Purpose::ALL {
        let (gl_type, side, source) = of(&format!("house/{}/*", purpose.name()));
        let is_debit = ["asset", "expense"].contains(&gl_type);
        assert!(is_debit || ["liability", "equity", "income"].contains(&gl_type), "{}: {gl_type}", purpose.name());
        assert_eq!(side, if is_debit { "debit" } else { "credit" }, "{}", purpose.name());
        assert!(["rule", "suspense"].contains(&source), "{}: {source}", purpose.name());
    }
    for (ledger, expected) in [
        ("house/bank_cash/*", ("asset", "debit", "rule")),
        ("house/deferred_revenue/*", ("liability", "credit", "rule")),
        ("house/revenue/*", ("income", "credit", "rule")),
        ("house/payout_cost/*", ("expense", "debit", "rule")),
        ("creator/*/payable/*", ("liability", "credit", "rule")),
        ("between/*/*", ("asset", "debit", "intercompany")),
        ("viewer/*/coins", ("memo", "credit", "memo")),
        ("viewer/*/debt", ("memo", "debit", "memo")),
        ("house/coins/issued", ("memo", "debit", "memo")),
        ("house/diamonds/redeemed", ("memo", "credit", "memo")),
    ] {
        assert_eq!(of(ledger), expected, "{ledger}");
    }
    // What no rule covers, for every currency or for the others.
    let some = "[[account]]\ncode = \"1\"\nname = \"A\"\ntype = \"asset\"\n[[rule]]\nledger = \"house/bank_cash/USD\"\naccount = \"1\"\n";
    let sources = |text: &str, ledger: &str| {
        let rows = Mapping::read(text).unwrap().chart();
        rows.into_iter().filter(|row| row.ledger == ledger).map(|row| row.gl_code + " " + &row.source).collect::<Vec<_>>()
    };
    assert_eq!(sources(some, "house/bank_cash/USD"), ["1 rule"]);
    assert_eq!(
        (sources(some, "house/bank_cash/*"), sources(some, "house/revenue/*")),
        (vec![" none".to_owned()], vec![" none".to_owned()])
    );
    let caught = format!("suspense = \"1\"\n{some}");
    assert_eq!(sources(&caught, "house/bank_cash/*"), ["1 suspense"]);
}

#[test]
fn a_file_is_written_whole_over_an_older_one_and_faults_have_their_place() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("day.csv");
    write_file(&file, "older and longer\n").unwrap();
    write_file(&file, "new\n").unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "new\n");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no part is left");
    let fault = write_file(&dir.path().join("none/day.csv"), "new").unwrap_err();
    assert!(fault.to_string().contains("nothing was written"), "{fault}");
    write_file(&file, "[[rule]]\nledger = \"house/cash/*\"\naccount = \"1\"\n").unwrap();
    let fault = read_mapping(&file).unwrap_err().to_string();
    assert!(fault.contains("day.csv:2: ledger \"house/cash/*\" is no pattern") && fault.contains("day.csv:3: there is no"), "{fault}");
}
