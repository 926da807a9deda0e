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
