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

#[test]
fn words_of_a_bank_drive_no_terminal_and_change_no_direction() {
    use crate::domain::bank::{FoundCase, KeptCase};
    let words = "paid\u{202e}dna\u{200b} \u{1b}[2J";
    let case = case(ShownCase {
        kept: KeptCase {
            found: FoundCase {
                id: "0".repeat(32),
                class: reconciliation::ExceptionClass::UnknownCredit,
                amount: 5,
                difference: 0,
                entry_keys: Vec::new(),
                items: vec![words.to_owned()],
                file_hash: String::new(),
                since: date(2026, 11, 27),
                detail: format!("what the bank says: {words}"),
                rule: 1,
                evidence: vec![KeptEvidence { field: "bank reference".to_owned(), text: words.to_owned() }],
                postings: Vec::new(),
                proposed_item: words.to_owned(),
                is_noted: false,
            },
            account: ("bank-usd".to_owned(), "USD".to_owned()),
            state: CaseState::Open,
            resolution: String::new(),
            assignee: String::new(),
            found_at_ms: 0,
            closed_day: None,
        },
        difference: 0,
        age_banking_days: 0,
    });
    for text in [&case.items[0], &case.detail, &case.evidence[0].text, &case.proposed_item] {
        assert!(money::text::is_plain(text) && text.contains("paid\\u202edna\\u200b \\u001b[2J"), "{text}");
    }
}
