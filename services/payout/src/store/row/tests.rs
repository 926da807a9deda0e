//! Unit tests of a payout's stored form.
use super::*;
use crate::domain::{SendingProof, tests::payout};
use std::collections::BTreeMap;

/// The columns of a payout, those that change and those that don't.
pub(crate) fn columns(payout: &Payout) -> BTreeMap<&'static str, SetValue> {
    let text = |text: &str| SetValue::Text(text.to_owned());
    let constant = [
        ("book", text(payout.book.as_str())),
        ("payout_id", text(&payout.payout_id.to_string())),
        ("user_id", text(payout.user.as_str())),
        ("beneficiary_id", text(&payout.beneficiary_id.to_string())),
        ("request_id", text(&payout.request_id.to_string())),
        ("currency", text(payout.amount.currency().code())),
        ("minor_units", SetValue::Number(payout.amount.minor_units())),
        ("version", SetValue::Number(payout.version)),
        ("traceparent", text(&payout.traceparent)),
        ("created_at_ms", SetValue::Number(payout.created_at_ms)),
    ];
    changing(payout).into_iter().chain(constant).collect()
}

pub(crate) fn from_columns(columns: &BTreeMap<&'static str, SetValue>) -> Result<Payout, Error> {
    let lacking = |name: &str| sqlx::Error::ColumnNotFound(name.to_owned());
    read(
        |name| match columns.get(name) {
            Some(SetValue::Text(text)) => Ok(text.clone()),
            _ => Err(lacking(name)),
        },
        |name| match columns.get(name) {
            Some(SetValue::Number(number)) => Ok(*number),
            _ => Err(lacking(name)),
        },
    )
}

#[test]
fn a_payout_reads_back_as_it_was_stored() {
    let mut original = payout(PayoutPhase::Unknown);
    (original.seen, original.sends) = (true, 3);
    original.sendings = Sendings::open(0).begun().last_not_found().begun().last_not_found().begun();
    (original.bank_status, original.reason_code) = ("BLCK".to_owned(), "NARR".to_owned());
    original.shared = SharedMessages::default().begun(1, "B2");
    assert_eq!(original.sendings.letters(), "nno");
    assert_eq!(from_columns(&columns(&original)).unwrap(), original);
}

#[test]
fn of_what_an_older_program_stored_nothing_is_proved_but_by_the_banks_silence() {
    let older = |sends: i64, seen: i64, status: &str, letters: &str| {
        let mut row = columns(&payout(PayoutPhase::Unknown));
        row.insert("sends", SetValue::Number(sends));
        row.insert("seen", SetValue::Number(seen));
        row.insert("bank_status", SetValue::Text(status.to_owned()));
        row.insert("sendings", SetValue::Text(letters.to_owned()));
        let read = from_columns(&row).unwrap();
        (read.seen, read.sendings.letters())
    };
    // Never named: a sending was followed by another only because the bank never received it.
    assert_eq!(older(1, 0, "", ""), (false, "o".to_owned()));
    assert_eq!(older(3, 0, "", ""), (false, "nno".to_owned()));
    // Named with a status that older programs discarded at once.
    assert_eq!(older(1, 0, "BLCK", ""), (true, "o".to_owned()));
    assert_eq!(older(2, 0, "RJCT", ""), (true, "oo".to_owned()));
    assert_eq!(older(2, 1, "ACSP", ""), (true, "oo".to_owned()));
    // A rollout: an older program continued a payout that a newer one had begun.
    assert_eq!(older(2, 0, "RJCT", "no"), (true, "oo".to_owned()));
    assert_eq!(older(3, 0, "", "no"), (false, "nno".to_owned()));
    let mut wrong = columns(&payout(PayoutPhase::Unknown));
    wrong.insert("sendings", SetValue::Text("?".to_owned()));
    assert!(matches!(from_columns(&wrong), Err(Error::Row("sendings"))));
    assert!(!Sendings::open(1).none_executed() && SendingProof::Open != SendingProof::NotFound);
}
