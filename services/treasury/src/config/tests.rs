//! Dated options: the newest entry that is in force, and entries that can't be used.
use super::*;
use jiff::civil::date;

fn quiet(from: &str, days: i32) -> QuietDays {
    QuietDays { from: from.to_owned(), days }
}

fn cost(from: &str, currency: &str, physical: i64) -> BankCost {
    BankCost {
        from: from.to_owned(),
        currency: currency.to_owned(),
        physical_account_minor_units: physical,
        virtual_account_minor_units: 50,
        source: "a price list".to_owned(),
    }
}

#[test]
fn the_newest_entry_that_is_in_force_counts() {
    let entries = [quiet("2026-06-01", 60), quiet("2026-01-01", 30), quiet("2027-01-01", 90)];
    for (on, days) in
        [(date(2025, 12, 31), 92), (date(2026, 1, 1), 30), (date(2026, 5, 31), 30), (date(2026, 6, 1), 60), (date(2027, 1, 1), 90)]
    {
        assert_eq!(QuietDays::at(&entries, on), days, "{on}");
    }
    let costs = [cost("2026-01-01", "USD", 1_000), cost("2026-06-01", "EUR", 2_000), cost("2026-06-01", "USD", 3_000)];
    let at = |currency: &str, on| BankCost::at(&costs, currency, on).map(|cost| cost.physical_account_minor_units);
    assert_eq!((at("USD", date(2026, 2, 1)), at("USD", date(2026, 7, 1)), at("EUR", date(2026, 2, 1))), (Some(1_000), Some(3_000), None));
}

#[test]
fn entries_that_can_not_be_used_are_named() {
    assert!(Config::default().check().is_ok());
    for wrong in [quiet("2026-13-01", 30), quiet("1 January", 30), quiet("2026-01-01", 0), quiet("2026-01-01", 801)] {
        let refused = Config { migration_quiet_days: vec![quiet("2026-01-01", 30), wrong], ..Config::default() }.check().unwrap_err();
        assert_eq!(refused.option, "migration_quiet_days");
    }
    let unnamed = BankCost { source: String::new(), ..cost("2026-01-01", "USD", 1) };
    for wrong in
        [cost("", "USD", 1), cost("2026-01-01", "usd", 1), cost("2026-01-01", "USD", -1), cost("2026-01-01", "USD", i64::MAX), unnamed]
    {
        let refused = Config { bank_costs: vec![wrong], ..Config::default() }.check().unwrap_err();
        assert_eq!(refused.option, "bank_costs");
    }
}
