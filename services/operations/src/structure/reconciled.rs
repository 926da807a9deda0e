//! How imports, cases and closed days are written.
use super::shown::money_text;
use api::treasury::{
    Adjustment, AdjustmentKind, AdjustmentTransfer, CaseState, CloseDayResponse, ClosedDay, ImportState, ImportStatementResponse,
    NamedDifference, ReconciliationCase,
};
use serde_json::{Value, json};
use std::fmt::Write as _;

#[cfg(test)]
mod tests;

/// What became of files, one a line with its statements.
#[must_use]
pub fn imported_text(imported: &[(String, ImportStatementResponse)]) -> String {
    let mut text = String::new();
    for (file, answer) in imported {
        let what = match answer.state() {
            ImportState::Known => "was imported before",
            ImportState::Taken => "imported",
            ImportState::Receiving | ImportState::Unspecified => "is not complete",
        };
        let _ = writeln!(text, "{file}: {what}, {}; open cases of its accounts: {}", answer.format, answer.open_case_count);
        for statement in &answer.statements {
            let day = if statement.day.is_empty() { "during the day" } else { &statement.day };
            let (account, currency, entries) = (&statement.physical_account, &statement.currency_code, statement.entry_count);
            let _ = writeln!(text, "  {account}  {day}  {currency}  entries: {entries}");
        }
    }
    if text.is_empty() { "there are no files\n".to_owned() } else { text }
}

/// The same as JSON.
#[must_use]
pub fn imported_json(imported: &[(String, ImportStatementResponse)]) -> Value {
    let file = |(file, answer): &(String, ImportStatementResponse)| {
        let statements: Vec<Value> = answer
            .statements
            .iter()
            .map(|statement| {
                json!({
                    "number": statement.number,
                    "physical_account": statement.physical_account,
                    "day": statement.day,
                    "currency_code": statement.currency_code,
                    "entry_count": statement.entry_count,
                })
            })
            .collect();
        json!({
            "file": file,
            "known": answer.state() == ImportState::Known,
            "format": answer.format,
            "statements": statements,
            "open_case_count": answer.open_case_count,
        })
    };
    Value::Array(imported.iter().map(file).collect())
}

/// Cases, three lines each: what and how old, what differs, what to do.
#[must_use]
pub fn cases_text(cases: &[ReconciliationCase]) -> String {
    if cases.is_empty() {
        return "there are no cases\n".to_owned();
    }
    let mut text = String::new();
    for case in cases {
        let amount = money_text(case.amount_minor_units, &case.currency_code);
        let difference = money_text(case.difference_minor_units, &case.currency_code);
        let state = if case.resolution.is_empty() { state_word(case) } else { case.resolution.as_str() };
        let assignee = if case.assignee.is_empty() { String::new() } else { format!(" ({})", case.assignee) };
        let _ = writeln!(
            text,
            "{}  {}  {}  {amount} {}  differs by {difference}  {state}",
            case.case_id, case.class, case.physical_account, case.currency_code
        );
        let items = if case.items.is_empty() { String::new() } else { format!(" [{}]", case.items.join(" ")) };
        let _ = writeln!(text, "  {}{items}", case.detail);
        let (owner, age, next) = (&case.owner, case.age_banking_days, &case.next_step);
        let _ = writeln!(text, "  {owner}{assignee}, since {} ({age} banking days): {next}", case.since_date);
    }
    text
}

fn state_word(case: &ReconciliationCase) -> &'static str {
    match case.state() {
        CaseState::Open => "open",
        CaseState::Explained => "explained",
        CaseState::Resolved => "resolved",
        CaseState::Unspecified => "",
    }
}

/// The same as JSON.
#[must_use]
pub fn cases_json(cases: &[ReconciliationCase]) -> Value {
    Value::Array(cases.iter().map(item_json).collect())
}

/// A case, and what was proposed for it last: by whom, whether it is posted, and its transfers, in which no leaf is the money at the bank.
#[must_use]
pub fn case_text(case: &ReconciliationCase, adjustment: Option<&Adjustment>) -> String {
    let mut text = cases_text(std::slice::from_ref(case));
    let Some(adjustment) = adjustment else { return text };
    let what = if adjustment.kind() == AdjustmentKind::WriteOff { "write-off" } else { "adjustment" };
    let (id, by) = (&adjustment.adjustment_id, &adjustment.proposed_by);
    let state = match (adjustment.posted, adjustment.approved_by.as_str()) {
        (true, approver) => format!("approved by {approver} and posted"),
        (false, "") => "not approved yet, and nothing is posted".to_owned(),
        (false, approver) => format!("approved by {approver}, not posted yet"),
    };
    let _ = writeln!(text, "  {what} {id}, proposed by {by}: {state}");
    let side = |leaf: &str| if leaf.is_empty() { "the bank".to_owned() } else { leaf.to_owned() };
    for transfer in &adjustment.transfers {
        let amount = money_text(transfer.amount_minor_units, &case.currency_code);
        let (debit, credit) = (side(&transfer.debit_leaf), side(&transfer.credit_leaf));
        let _ = writeln!(text, "    {amount} {}: debit {debit}, credit {credit}", case.currency_code);
    }
    text
}

/// The same as JSON: the case, and `adjustment`, null if nothing was proposed.
#[must_use]
pub fn case_json(case: &ReconciliationCase, adjustment: Option<&Adjustment>) -> Value {
    let transfer = |one: &AdjustmentTransfer| json!({ "debit_leaf": one.debit_leaf, "credit_leaf": one.credit_leaf, "amount_minor_units": one.amount_minor_units });
    let adjustment = adjustment.map(|adjustment| {
        json!({
            "adjustment_id": adjustment.adjustment_id,
            "write_off": adjustment.kind() == AdjustmentKind::WriteOff,
            "transfers": adjustment.transfers.iter().map(transfer).collect::<Vec<_>>(),
            "proposed_by": adjustment.proposed_by,
            "approved_by": adjustment.approved_by,
            "posted": adjustment.posted,
        })
    });
    json!({ "case": item_json(case), "adjustment": adjustment })
}

fn item_json(case: &ReconciliationCase) -> Value {
    let evidence: Vec<Value> = case.evidence.iter().map(|one| json!({ "field": one.field, "text": one.text })).collect();
    let postings: Vec<Value> = case
        .postings
        .iter()
        .map(|one| json!({ "book": one.in_book, "debit": one.debit, "credit": one.credit, "amount_minor_units": one.amount_minor_units, "why": one.why }))
        .collect();
    json!({
        "case_id": case.case_id,
        "physical_account": case.physical_account,
        "class": case.class,
        "state": state_word(case),
        "resolution": case.resolution,
        "owner": case.owner,
        "assignee": case.assignee,
        "next_step": case.next_step,
        "detail": case.detail,
        "currency_code": case.currency_code,
        "amount_minor_units": case.amount_minor_units,
        "difference_minor_units": case.difference_minor_units,
        "since_date": case.since_date,
        "age_banking_days": case.age_banking_days,
        "age_bucket": case.age_bucket,
        "items": case.items,
        "rule": case.rule,
        "evidence": evidence,
        "postings": postings,
        "proposed_item": case.proposed_item,
        "closed_with": case.closed_with,
    })
}

/// A closed day, and everything by which books and bank differ. `currency` is the account's.
#[must_use]
pub fn closed_text(account: &str, day: &str, closed: &CloseDayResponse, currency: &str) -> String {
    let CloseDayResponse { closing_minor_units, books_minor_units, timing_items, entry_count, replayed, .. } = closed;
    let amount = |minor| money_text(minor, currency);
    let what = if *replayed { "was closed before" } else { "closed" };
    let (bank, books) = (amount(*closing_minor_units), amount(*books_minor_units));
    let text = format!("{account}: {day} {what}, {entry_count} entries: {bank} at the bank, {books} in the books\n");
    text + &differences_text(timing_items, closed.timing_items_left_out, closed.left_out_minor_units, currency)
}

fn differences_text(items: &[NamedDifference], left_out: i64, left_out_sum: i64, currency: &str) -> String {
    let mut text = String::new();
    for item in items {
        let class = if item.class.is_empty() { "outstanding" } else { &item.class };
        let difference = money_text(item.difference_minor_units, currency);
        let _ = writeln!(text, "  {difference}  {class}  {}  {} banking days, {}", item.id, item.age_banking_days, item.owner);
    }
    if left_out > 0 {
        let _ = writeln!(text, "  {}  {left_out} smaller differences", money_text(left_out_sum, currency));
    }
    text
}

/// Closed days of an account, the last first.
#[must_use]
pub fn days_text(account: &str, days: &[ClosedDay]) -> String {
    if days.is_empty() {
        return format!("{account}: no day of these is closed\n");
    }
    let mut text = String::new();
    for day in days {
        let currency = day.currency_code.as_str();
        let [opening, bank, books] =
            [day.opening_minor_units, day.closing_minor_units, day.books_minor_units].map(|minor| money_text(minor, currency));
        let (count, by) = (day.entry_count, &day.closed_by);
        let _ = writeln!(
            text,
            "{}  {count} entries: {opening} to {bank} {currency} at the bank, {books} in the books; closed by {by}",
            day.day
        );
        text += &differences_text(&day.timing_items, day.timing_items_left_out, day.left_out_minor_units, currency);
    }
    text
}

/// The same as JSON.
#[must_use]
pub fn days_json(days: &[ClosedDay]) -> Value {
    let day = |day: &ClosedDay| {
        json!({
            "day": day.day,
            "currency": day.currency_code,
            "opening_minor_units": day.opening_minor_units,
            "closing_minor_units": day.closing_minor_units,
            "books_minor_units": day.books_minor_units,
            "entry_count": day.entry_count,
            "closed_by": day.closed_by,
            "timing_items": differences_json(&day.timing_items),
            "timing_items_left_out": day.timing_items_left_out,
            "left_out_minor_units": day.left_out_minor_units,
        })
    };
    days.iter().map(day).collect()
}

/// The same as JSON.
#[must_use]
pub fn closed_json(closed: &CloseDayResponse) -> Value {
    json!({
        "closing_minor_units": closed.closing_minor_units,
        "books_minor_units": closed.books_minor_units,
        "entry_count": closed.entry_count,
        "replayed": closed.replayed,
        "timing_items": differences_json(&closed.timing_items),
        "timing_items_left_out": closed.timing_items_left_out,
        "left_out_minor_units": closed.left_out_minor_units,
    })
}

fn differences_json(items: &[NamedDifference]) -> Value {
    let item = |item: &NamedDifference| {
        json!({
            "id": item.id,
            "class": item.class,
            "difference_minor_units": item.difference_minor_units,
            "age_banking_days": item.age_banking_days,
            "owner": item.owner,
        })
    };
    items.iter().map(item).collect()
}
