//! Answers stay small, however much there is to say.
use super::*;
use jiff::civil::date;

fn closed_day(differences: i64) -> ClosedDayRow {
    let timing = |at: i64| KeptTiming {
        id: format!("twin/an-app-with-a-long-name/{at:036}"),
        class: "SUBMITTED_NEVER_IN_STATEMENT".to_owned(),
        difference: differences - at,
        age_banking_days: 1,
        owner: "payments".to_owned(),
    };
    ClosedDayRow {
        day: date(2026, 11, 27),
        balances: (0, 0),
        books: 0,
        entry_count: 0,
        timing: serde_json::to_string(&(0..differences).map(timing).collect::<Vec<_>>()).unwrap(),
        closed: ("fay".to_owned(), 0),
    }
}

#[test]
fn a_closed_day_shows_its_largest_differences_and_says_what_it_leaves_out() {
    let one = closed(&closed_day(1_000), false);
    assert_eq!((one.timing_items.len(), one.timing_items_left_out, one.left_out_minor_units), (1_000, 0, 0));
    let many = closed_day(50_000);
    let (answer, listed) = (closed(&many, true), crate::wire::days::day(&many, money::Currency::try_new("USD").unwrap()));
    let shown: i64 = answer.timing_items.iter().map(|item| item.difference_minor_units).sum();
    assert_eq!((answer.timing_items.len(), answer.timing_items[0].difference_minor_units), (1_000, 50_000));
    assert_eq!((answer.timing_items_left_out, answer.left_out_minor_units + shown), (49_000, 50_000 * 50_001 / 2));
    assert_eq!((listed.timing_items_left_out, listed.left_out_minor_units), (49_000, answer.left_out_minor_units));
}

#[test]
fn a_file_with_many_statements_is_answered() {
    let statement = |number| StatementRow {
        number,
        account: "bank-usd".to_owned(),
        account_number: "000123456789".to_owned(),
        currency: "USD".to_owned(),
        day: Some(date(2026, 11, 27)),
        entry_count: 1,
    };
    let statements = (1..=50_000).map(statement).collect();
    let answer = imported(Imported { state: ImportState::Taken, received_bytes: 1, format: String::new(), statements, open_cases: 0 });
    assert_eq!((answer.statements.len(), answer.statements_left_out, answer.statements[999].number), (1_000, 49_000, 1_000));
}
