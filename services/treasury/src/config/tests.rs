//! Dated options: the newest entry that is in force, and entries that can't be used.
use super::*;
use jiff::civil::date;

fn sweep(rule: &str, from: &str, kind: &str) -> SweepSettings {
    let text = |text: &str| text.to_owned();
    SweepSettings {
        rule: text(rule),
        from: text(from),
        kind: text(kind),
        leaf: text("prefund"),
        other_leaf: text("pool"),
        target_minor_units: 1_000,
        minimum_minor_units: 500,
        maximum_minor_units: 2_000,
        calendar: text("US-FED"),
        zone: text("America/New_York"),
        opens: text("16:00"),
        cutoff: text("17:30"),
        overnight: false,
    }
}

#[test]
fn rules_of_sweeps_are_run_in_their_order_with_the_row_of_the_day() {
    let rows = [sweep("b", "2026-06-01", "target"), sweep("a", "2026-01-01", "zero"), sweep("b", "2026-01-01", "threshold")];
    let off = SweepSettings { rule: "b".to_owned(), from: "2026-09-01".to_owned(), kind: "off".to_owned(), ..SweepSettings::default() };
    let config = Config { sweeps: rows.into_iter().chain([off]).collect(), ..Config::default() };
    assert!(config.check().is_ok());
    let rules = config.sweep_rules().unwrap();
    assert_eq!(rules.iter().map(|rule| rule.id.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    let bounds = |day| rules[0].on(day).map(|rule| (rule.lower, rule.upper));
    let days = [date(2025, 12, 31), date(2026, 5, 31), date(2026, 6, 1), date(2026, 9, 1)];
    assert_eq!(days.map(bounds), [None, Some((Some(500), 2_000)), Some((Some(1_000), 1_000)), None]);
    assert_eq!(rules[1].on(date(2026, 9, 1)).map(|rule| (rule.lower, rule.upper)), Some((None, 0)));
}

#[test]
fn a_rule_of_sweeps_that_can_not_be_used_is_named() {
    let good = || sweep("a", "2026-01-01", "zero");
    let other = |change: &dyn Fn(&mut SweepSettings)| {
        let mut row = good();
        change(&mut row);
        row
    };
    let wrong = [
        other(&|row| row.rule = String::new()),
        other(&|row| row.from = "1 January".to_owned()),
        other(&|row| row.kind = "some".to_owned()),
        other(&|row| row.leaf = "pool".to_owned()),
        other(&|row| row.other_leaf = "No Id".to_owned()),
        other(&|row| row.target_minor_units = -1),
        other(&|row| row.maximum_minor_units = 499),
        other(&|row| row.calendar = "XX".to_owned()),
        other(&|row| row.zone = "Nowhere".to_owned()),
        other(&|row| row.opens = "17:30".to_owned()),
        other(&|row| row.cutoff = "25:00".to_owned()),
        other(&|row| row.minimum_minor_units = 3_000),
    ];
    for (at, row) in wrong.into_iter().enumerate() {
        let refused = Config { sweeps: vec![row], ..Config::default() }.check();
        assert_eq!(refused.map_err(|refused| refused.option), Err("sweeps"), "{at}");
    }
    let twice = Config { sweeps: vec![good(), good()], ..Config::default() };
    assert_eq!(twice.check().unwrap_err().option, "sweeps");
}

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

#[test]
fn a_source_of_statements_that_can_not_be_used_is_named() {
    let directory = || StatementSource { source: "inbox".to_owned(), directory: "/srv/statements".into(), ..StatementSource::default() };
    let url = |url: &str| StatementSource { source: "bank".to_owned(), url: url.to_owned(), ..StatementSource::default() };
    let other = |change: &dyn Fn(&mut StatementSource)| {
        let mut row = directory();
        change(&mut row);
        row
    };
    let check = |rows: Vec<StatementSource>| Config { statement_sources: rows, ..Config::default() }.check();
    for good in [directory(), url("https://bank.example/statements?account=7"), url("http://127.0.0.1:7074/statements/USD")] {
        assert_eq!(check(vec![good.clone()]).map(|_| ()), Ok(()), "{good:?}");
    }
    let with_certificate = StatementSource { tls_certificate: "/srv/bank.pem".into(), ..url("https://bank.example/") };
    let with_pair = StatementSource { tls_key: "/srv/no/such.key".into(), ..with_certificate.clone() };
    let wrong = [
        StatementSource::default(),
        other(&|row| row.source = "In box".to_owned()),
        other(&|row| row.directory = "statements".into()),
        other(&|row| row.url = "https://bank.example/".to_owned()),
        other(&|row| row.every_ms = 999),
        other(&|row| row.every_ms = 86_400_001),
        other(&|row| row.token_file = "/srv/token".into()),
        url("ftp://bank.example/"),
        url("http://bank.example/"),
        url("https://user:secret@bank.example/"),
        url("statements"),
        with_certificate,
        with_pair,
    ];
    for (at, row) in wrong.into_iter().enumerate() {
        let refused = check(vec![row]).unwrap_err();
        assert!(refused.option == "statement_sources" && !refused.to_string().contains("secret"), "{at}: {refused}");
    }
    assert_eq!(check(vec![directory(), directory()]).unwrap_err().option, "statement_sources");
    let same_place = StatementSource { source: "other".to_owned(), ..directory() };
    assert_eq!(check(vec![directory(), same_place]).unwrap_err().option, "statement_sources");
    let overdue = Config { statement_overdue_hours: 9_601, ..Config::default() };
    assert_eq!(overdue.check().unwrap_err().option, "statement_overdue_hours");
}
