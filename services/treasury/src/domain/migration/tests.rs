//! What may be imported, and when an old account may be closed.
use super::{check::check, closing::hindrance, *};
use crate::{
    domain::plan::{self, PlanFacts},
    migration::file,
};
use jiff::civil::date;

const TREE: &str = r#"
[[account]]
id = "bank"
name = "Operating"
bank = "A bank"
branch = "TESTUS33"
currency = "USD"
entity = "main"
number = "0001"
[[leaf]]
id = "costs"
parent = "bank"
name = "Costs"
entity = "main"
[[leaf]]
id = "creators"
parent = "bank"
name = "Creators"
entity = "main"
funds = "client"
[[leaf]]
id = "later"
parent = "bank"
name = "Later"
entity = "main"
state = "pending_open"
"#;
const HEAD: &str =
    "id,number,bank,branch,currency,entity,name,funds,leaf,balance,statement,statement_date,monthly_cost,cost_source,mandates\n";
const TODAY: Date = date(2026, 11, 27);

fn structure() -> Structure {
    let (sums, markets) = (BTreeMap::new(), BTreeSet::new());
    let facts = PlanFacts { today: TODAY, sums: &sums, client_money_markets: &markets };
    let mut structure = Structure::default();
    let planned = plan::plan(&structure, &crate::document::read(TREE).unwrap(), &facts).unwrap();
    planned.changes.iter().for_each(|change| structure.make(change));
    structure
}

fn row(id: &str, number: &str, leaf: &str, balance: &str) -> String {
    format!("{id},{number},A bank,TESTUS33,USD,main,An account,own,{leaf},{balance},S1,2026-11-26,10,an offer,\n")
}

fn total(count: usize, sum: &str) -> String {
    format!("total,{count},,,USD,,,,,{sum},,,,,\n")
}

fn imports(rows: &str, known: &BTreeMap<String, ImportedAccount>) -> Result<MigrationPlan, Vec<MigrationProblem>> {
    check(&structure(), &file::read(&format!("{HEAD}{rows}")).unwrap(), known, TODAY)
}

fn imported(account: OldAccount) -> ImportedAccount {
    ImportedAccount {
        account,
        state: OldState::Open,
        begun_at_ms: 0,
        imported: TODAY,
        moves: 0,
        moved: 0,
        receipts: OldReceipts::default(),
    }
}

#[test]
fn rows_that_break_a_rule_are_named_with_line_and_rule_and_nothing_is_imported() {
    let good = row("a-1", "11", "costs", "5");
    let sum = total(2, "12");
    for (second, line, rule) in [
        (row("a-1", "12", "costs", "7"), 3, MigrationRule::Duplicate),
        (row("a-2", "11", "costs", "7"), 3, MigrationRule::Duplicate),
        (row("a-2", "0001", "costs", "7"), 3, MigrationRule::Duplicate),
        (row("costs", "12", "costs", "7"), 3, MigrationRule::Duplicate),
        (row("bank", "12", "costs", "7"), 3, MigrationRule::Duplicate),
        (row("a-2", "12", "nowhere", "7"), 3, MigrationRule::Leaf),
        (row("a-2", "12", "bank", "7"), 3, MigrationRule::Leaf),
        (row("a-2", "12", "bank-unallocated", "7"), 3, MigrationRule::Leaf),
        (row("a-2", "12", "later", "7"), 3, MigrationRule::Leaf),
        (row("a-2", "12", "creators", "7"), 3, MigrationRule::Funds),
        (row("a-2", "12", "costs", "7").replace("main", "other"), 3, MigrationRule::Entity),
        (row("a-2", "12", "costs", "7").replace("2026-11-26", "2026-11-28"), 3, MigrationRule::Statement),
        (row("a-2", "12", "costs", "7").replace(",10,", ",-10,"), 3, MigrationRule::Negative),
        (row("a-2", "12", "costs", "8"), 4, MigrationRule::Totals),
        (String::new(), 3, MigrationRule::Totals),
    ] {
        let problems = imports(&format!("{good}{second}{sum}"), &BTreeMap::new()).expect_err(&second);
        assert!(problems.iter().any(|problem| (problem.line, problem.rule) == (line, rule)), "{second}: {problems:?}");
    }
    let minus = imports(&format!("{}{}", row("a-1", "11", "costs", "-5"), total(1, "-5")), &BTreeMap::new()).unwrap_err();
    assert_eq!((minus[0].rule, minus[0].line), (MigrationRule::Negative, 2));
    let euro = row("a-1", "11", "costs", "5").replace("USD", "EUR");
    let other = imports(&format!("{euro}{}", total(1, "5").replace("USD", "EUR")), &BTreeMap::new()).unwrap_err();
    assert_eq!(other[0].rule, MigrationRule::Currency);
    let none = imports(&good, &BTreeMap::new()).unwrap_err();
    assert_eq!((none[0].rule, none[0].line), (MigrationRule::Totals, 2), "a file that was cut off");
    let twice = imports(&format!("{good}{0}{0}", total(1, "5")), &BTreeMap::new()).unwrap_err();
    assert_eq!((twice[0].rule, twice[0].line), (MigrationRule::Totals, 4));
}

#[test]
fn what_was_imported_before_is_left_as_it_is_and_never_changes() {
    let rows = format!("{}{}{}", row("a-1", "11", "costs", "5"), row("a-2", "12", "costs", "0"), total(2, "5"));
    let plan = imports(&rows, &BTreeMap::new()).unwrap();
    assert_eq!(plan.accounts.len(), 2);
    let sums = plan.totals().unwrap().into_values().collect::<Vec<_>>();
    assert_eq!(sums, [OldTotal { accounts: 2, balance: 500, monthly_cost: 2_000 }]);
    let known = BTreeMap::from([("a-1".to_owned(), imported(plan.accounts[0].clone()))]);
    let rest = imports(&rows, &known).unwrap();
    assert_eq!(rest.accounts.iter().map(|account| account.id.as_str()).collect::<Vec<_>>(), ["a-2"]);
    assert_ne!(rest.hash(&rows), plan.hash(&rows));
    let changed = imports(&rows.replace("costs,5", "costs,6").replace(",5,,,,,", ",6,,,,,"), &known).unwrap_err();
    assert_eq!(changed[0].rule, MigrationRule::Fixed);
    let renamed = imports(&format!("{}{}", row("a-3", "11", "costs", "5"), total(1, "5")), &known).unwrap_err();
    assert_eq!(renamed[0].rule, MigrationRule::Duplicate, "the same account at the bank by another id");
}

#[test]
fn an_account_is_closed_only_when_it_is_empty_and_was_quiet_long_enough() {
    let plan = imports(&format!("{}{}", row("a-1", "11", "costs", "5"), total(1, "5")), &BTreeMap::new()).unwrap();
    let one = imported(plan.accounts[0].clone());
    let on = |one: &ImportedAccount, balance, days: i32| {
        hindrance(one, balance, 30, TODAY.checked_add(Span::new().days(days)).unwrap()).unwrap_or_default()
    };
    assert_eq!(on(&one, 5, 90), "it has 5 minor units: move them first");
    assert_eq!(on(&one, 0, 29), "2026-12-27 is the first day after 30 days without a receipt");
    assert_eq!(on(&one, 0, 30), "");
    let late = ImportedAccount { receipts: OldReceipts { last: Some(date(2026, 12, 20)), ..OldReceipts::default() }, ..one.clone() };
    assert!(on(&late, 0, 52).starts_with("2027-01-19"), "a receipt begins the days anew");
    assert_eq!(on(&late, 0, 53), "");
    assert!(on(&ImportedAccount { state: OldState::Planned, ..one }, 0, 90).contains("not booked yet"));
}

#[test]
fn a_summary_sums_what_there_was_is_and_will_be_with_the_costs_of_that_day() {
    use crate::config::BankCost;
    let rows = format!("{}{}{}", row("a-1", "11", "costs", "5"), row("a-2", "12", "costs", "7"), total(2, "12"));
    let mut accounts: BTreeMap<String, ImportedAccount> =
        imports(&rows, &BTreeMap::new()).unwrap().accounts.into_iter().map(|account| (account.id.clone(), imported(account))).collect();
    accounts.get_mut("a-1").unwrap().state = OldState::Closed;
    accounts.get_mut("a-1").unwrap().moved = 500;
    accounts.get_mut("a-2").unwrap().receipts = OldReceipts { count: 2, sum: 40, last: Some(TODAY), payer: String::new() };
    let balances = BTreeMap::from([("a-2".to_owned(), 740)]);
    let cost = BankCost {
        from: "2026-01-01".to_owned(),
        currency: "USD".to_owned(),
        physical_account_minor_units: 2_500,
        virtual_account_minor_units: 50,
        source: "an offer".to_owned(),
    };
    let sums = summary::summarise(&accounts, &balances, &structure(), &[cost], TODAY).unwrap();
    let wanted = summary::Summary {
        accounts: 2,
        open: 1,
        physical: 1,
        leaves: 1,
        opening: 1_200,
        balance: 740,
        moved: 500,
        receipts: 2,
        received: 40,
        cost_before: 2_000,
        cost_open: 1_000,
        cost_after: 2_550,
        cost_source: "an offer".to_owned(),
        mandates: 0,
    };
    assert_eq!(sums.into_values().collect::<Vec<_>>(), [wanted]);
    accounts.get_mut("a-2").unwrap().account.balance = i64::MAX;
    assert_eq!(summary::summarise(&accounts, &balances, &structure(), &[], TODAY), None, "more than can be counted");
}
