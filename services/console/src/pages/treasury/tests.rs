//! Unit tests of what is shown of the treasury.
use super::*;
use crate::pages::samples::{MARKUP, assert_text};
use api::treasury::{ClosedDay, NamedDifference, ReconciliationCase, VirtualBalance};

fn asked(part: &'static str) -> AskedTreasury {
    let text = MARKUP.to_owned();
    AskedTreasury { book: text.clone(), part, account: text.clone(), on: text.clone(), state: "open", page: text }
}

#[test]
fn markup_in_every_field_is_text() {
    let text = MARKUP.to_owned();
    let account = VirtualAccount {
        id: text.clone(),
        name: text.clone(),
        entity: text.clone(),
        currency_code: text.clone(),
        level: text.clone(),
        uses: vec![text.clone()],
        claims: vec![text.clone()],
        ..VirtualAccount::default()
    };
    let found = ReconciliationCase {
        case_id: text.clone(),
        physical_account: text.clone(),
        class: text.clone(),
        owner: text.clone(),
        detail: text.clone(),
        next_step: text.clone(),
        currency_code: text.clone(),
        amount_minor_units: 1,
        ..ReconciliationCase::default()
    };
    let item = NamedDifference { id: text.clone(), ..NamedDifference::default() };
    let closed = ClosedDay {
        day: text.clone(),
        currency_code: text.clone(),
        closed_by: text.clone(),
        timing_items: vec![item],
        ..ClosedDay::default()
    };
    for (part, times) in [("accounts", 6), ("cases", 5), ("closed_days", 4)] {
        let listed = Listed {
            nodes: vec![node(&account)],
            cases: vec![case(MARKUP, &found)],
            days: vec![day(&closed)],
            next: text.clone(),
            needs_account: false,
        };
        assert_text(&asked(part).page(PageFrame::bare("Treasury", None), Role::Admin, listed), times);
    }
}

#[test]
fn cash_that_differs_from_what_is_below_is_shown() {
    let physical = |cash| VirtualAccount {
        kind: VirtualAccountKind::Physical.into(),
        currency_code: "USD".to_owned(),
        balance: Some(VirtualBalance {
            booked_minor_units: 500,
            pending_debit_minor_units: 20,
            cash_minor_units: cash,
            ..Default::default()
        }),
        numbers: vec!["US0000123456".to_owned()],
        number_count: 3,
        ..VirtualAccount::default()
    };
    let (equal, differs) = (node(&physical(500)), node(&physical(400)));
    assert_eq!((equal.balance.as_str(), equal.differs.as_str(), equal.pending.as_str()), ("5.00 USD", "", "-0.20 USD"));
    assert_eq!((differs.differs.as_str(), equal.numbers.as_str()), ("4.00 USD", "…3456 and 2 more"));
}
