//! What a person reads of files, cases and closed days.
use super::*;
use api::treasury::{ImportedStatement, NamedDifference};

#[test]
fn a_file_is_written_with_its_statements() {
    let statement = ImportedStatement {
        number: 1,
        physical_account: "bank-eur".to_owned(),
        day: "2026-11-24".to_owned(),
        currency_code: "EUR".to_owned(),
        entry_count: 9,
        ..Default::default()
    };
    let answer = |state: ImportState| ImportStatementResponse {
        state: state.into(),
        format: "MT940".to_owned(),
        statements: vec![statement.clone()],
        open_case_count: 4,
        ..Default::default()
    };
    let files = [("a.sta".to_owned(), answer(ImportState::Taken)), ("b.sta".to_owned(), answer(ImportState::Known))];
    let text = imported_text(&files);
    assert!(text.starts_with("a.sta: imported, MT940; open cases of its accounts: 4\n  bank-eur  2026-11-24  EUR  entries: 9\n"), "{text}");
    assert!(text.contains("b.sta: was imported before, MT940"), "{text}");
    assert_eq!(imported_text(&[]), "there are no files\n");
    let json = imported_json(&files);
    assert_eq!((&json[0]["known"], &json[1]["known"], &json[1]["statements"][0]["entry_count"]), (&json!(false), &json!(true), &json!(9)));
}

#[test]
fn a_case_says_what_differs_and_what_to_do() {
    let case = ReconciliationCase {
        case_id: "0".repeat(32),
        physical_account: "bank-eur".to_owned(),
        class: "UNDER_AMOUNT".to_owned(),
        state: CaseState::Open.into(),
        owner: "payments".to_owned(),
        assignee: "fay".to_owned(),
        next_step: "ask the bank".to_owned(),
        detail: "EUR 7.50 was expected".to_owned(),
        currency_code: "EUR".to_owned(),
        amount_minor_units: 700,
        difference_minor_units: -700,
        since_date: "2026-11-24".to_owned(),
        age_banking_days: 3,
        items: vec!["04".to_owned()],
        ..Default::default()
    };
    let written = format!(
        "{}  UNDER_AMOUNT  bank-eur  7.00 EUR  differs by -7.00  open\n  EUR 7.50 was expected [04]\n  payments (fay), since 2026-11-24 (3 banking days): ask the bank\n",
        "0".repeat(32)
    );
    assert_eq!(cases_text(std::slice::from_ref(&case)), written);
    assert_eq!(cases_text(&[]), "there are no cases\n");
    let adjusted = ReconciliationCase { resolution: "adjusted".to_owned(), state: CaseState::Resolved.into(), ..case };
    assert!(cases_text(std::slice::from_ref(&adjusted)).contains("differs by -7.00  adjusted\n"));
    assert_eq!(cases_json(&[adjusted])[0]["state"], "resolved");
}

#[test]
fn a_closed_day_names_every_difference() {
    let item = NamedDifference { id: "P1".to_owned(), difference_minor_units: -300, owner: "payments".to_owned(), ..Default::default() };
    let closed = CloseDayResponse {
        closing_minor_units: 1_000,
        books_minor_units: 700,
        timing_items: vec![item],
        entry_count: 2,
        ..Default::default()
    };
    let written = "bank-eur: 2026-11-24 closed, 2 entries: 10.00 at the bank, 7.00 in the books\n  -3.00  outstanding  P1  0 banking days, payments\n";
    assert_eq!(closed_text("bank-eur", "2026-11-24", &closed, "EUR"), written);
    assert_eq!(closed_json(&closed)["timing_items"][0]["difference_minor_units"], -300);
}
