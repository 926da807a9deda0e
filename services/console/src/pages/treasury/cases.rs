//! Cases of reconciliation and closed days, as the page lists them.
use crate::view::{
    amounts::{amount, count},
    badges::{BadgeView, badge, word_of},
    facts::joined,
    things,
    times::TimeView,
};
use api::{
    monitor::ThingKind,
    treasury::{CaseState, ClosedDay, NamedDifference, ReconciliationCase},
};
use money::text::shown;

pub(super) const LIST_CASES: &str = "largesse.treasury.v1.TreasuryService/ListCases";
pub(super) const LIST_CLOSED_DAYS: &str = "largesse.treasury.v1.TreasuryService/ListClosedDays";
/// States of cases; the first is what needs work, which is what people look for.
pub(super) const STATES: [&str; 4] = ["open", "any", "explained", "resolved"];
/// Differences of a closed day that are shown.
const DIFFERENCES: usize = 20;

/// A case.
pub(super) struct CaseView {
    pub(super) id: String,
    pub(super) href: String,
    pub(super) class: String,
    pub(super) state: BadgeView,
    pub(super) account: String,
    pub(super) who: String,
    pub(super) age: String,
    pub(super) amount: String,
    pub(super) difference: String,
    pub(super) detail: String,
    pub(super) next_step: String,
}

/// A closed day.
pub(super) struct DayView {
    pub(super) day: String,
    pub(super) opening: String,
    pub(super) closing: String,
    pub(super) books: String,
    pub(super) entries: String,
    pub(super) by: String,
    pub(super) closed: TimeView,
    pub(super) differences: Vec<String>,
    pub(super) left_out: String,
}

/// The state of a word in the address.
pub(super) fn state(word: &str) -> CaseState {
    match word {
        "open" => CaseState::Open,
        "explained" => CaseState::Explained,
        "resolved" => CaseState::Resolved,
        _ => CaseState::Unspecified,
    }
}

pub(super) fn case(book: &str, case: &ReconciliationCase) -> CaseView {
    let text = |text: &str| shown(text).into_owned();
    let money = |number: i64| if number == 0 { String::new() } else { amount(&case.currency_code, number) };
    let who = if case.assignee.is_empty() { format!("nobody; for {}", shown(&case.owner)) } else { text(&case.assignee) };
    let word = match case.state() {
        CaseState::Open => "open_case".to_owned(),
        state => word_of(state.as_str_name(), "CASE_STATE_"),
    };
    CaseView {
        id: text(&case.case_id),
        href: things::href(ThingKind::Case, &case.case_id, book),
        class: text(&case.class).replace('_', " ").to_lowercase(),
        state: badge(&word),
        account: text(&case.physical_account),
        who,
        age: joined([format!("{} banking days", count(i64::from(case.age_banking_days))), text(&case.since_date)], ", since "),
        amount: money(case.amount_minor_units),
        difference: money(case.difference_minor_units),
        detail: text(&case.detail),
        next_step: joined([text(&case.next_step), text(&case.resolution).replace('_', " ")], "; "),
    }
}

fn difference(item: &NamedDifference, money: impl Fn(i64) -> String) -> String {
    let class = if item.class.is_empty() { "outstanding".to_owned() } else { shown(&item.class).replace('_', " ").to_lowercase() };
    format!("{} {class} {}, {} banking days", money(item.difference_minor_units), shown(&item.id), count(i64::from(item.age_banking_days)))
}

pub(super) fn day(day: &ClosedDay) -> DayView {
    let money = |number: i64| amount(&day.currency_code, number);
    let left_out = day.timing_items_left_out.saturating_add(i64::try_from(day.timing_items.len().saturating_sub(DIFFERENCES)).unwrap_or(0));
    DayView {
        day: shown(&day.day).into_owned(),
        opening: money(day.opening_minor_units),
        closing: money(day.closing_minor_units),
        books: money(day.books_minor_units),
        entries: count(day.entry_count),
        by: shown(&day.closed_by).into_owned(),
        closed: TimeView::of(day.closed_time.as_ref()),
        differences: day.timing_items.iter().take(DIFFERENCES).map(|item| difference(item, money)).collect(),
        left_out: if left_out == 0 { String::new() } else { count(left_out) },
    }
}
