//! A bank's statement compared with our records of payouts. Until statements are fully reconciled, this only answers whether money left although our
//! records say it did not.

use super::PayoutPhase;
use iso20022::camt053::{Direction, StatementEntry};
use money::{BookName, Money};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The part of a payout that is compared with a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedPayout {
    /// Its book.
    pub book: BookName,
    /// Its id.
    pub payout_id: Uuid,
    /// The `EndToEndId`s of its attempts that the statement may name.
    pub end_to_end_ids: BTreeSet<Uuid>,
    /// The `EndToEndId` of its last attempt, the only one that may be debited.
    pub current_id: Uuid,
    /// The amount that the bank was to pay.
    pub amount: Money,
    /// The payout's phase.
    pub phase: PayoutPhase,
    /// How often it was sent.
    pub sends: i64,
}

/// Debits of a payout beyond our records; none where a statement shows that they came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementFinding {
    /// The payout's book.
    pub book: BookName,
    /// The payout.
    pub payout_id: Uuid,
    /// The amount that left; zero where none did, or where as much came back.
    pub unexpected: Money,
    /// The first such booking, in Unix milliseconds; 0 where the statement does not state it.
    pub booked_at_ms: i64,
}

/// Attempts of payouts that a statement names, by their `EndToEndId`s.
#[must_use]
pub fn named(entries: &[StatementEntry]) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = entries.iter().filter_map(named_by).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The payout id of an entry, in the form payouts write it: without hyphens.
fn named_by(entry: &StatementEntry) -> Option<Uuid> {
    named_id(entry.end_to_end_id.as_deref()?)
}

/// The id of an attempt, if the text is one in the form payouts write it: without hyphens.
#[must_use]
pub fn named_id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|id| id.simple().to_string() == text)
}

/// Compares; `entries` without the returns of paid payouts, which undo no debit. A payout that was sent and did not come back may be debited once, with its own amount; every other debit for a payout is unexpected,
/// unless the same amount came back for it.
#[must_use]
pub fn compare(entries: &[StatementEntry], recorded: &[RecordedPayout]) -> Vec<StatementFinding> {
    let mut by_id: BTreeMap<Uuid, Vec<&StatementEntry>> = BTreeMap::new();
    for entry in entries {
        if let Some(id) = named_by(entry) {
            by_id.entry(id).or_default().push(entry);
        }
    }
    let finding = |payout: &RecordedPayout| {
        let of_it: Vec<(Uuid, &StatementEntry)> =
            payout.end_to_end_ids.iter().flat_map(|id| by_id.get(id).into_iter().flatten().map(|entry| (*id, *entry))).collect();
        if of_it.is_empty() {
            return None;
        }
        let mut came_back: Vec<Money> =
            of_it.iter().filter(|(_, entry)| entry.direction == Direction::Credit).map(|(_, entry)| entry.amount).collect();
        let mut one_is_due = is_due(payout);
        let debits = of_it.iter().filter(|(_, entry)| entry.direction == Direction::Debit && entry.amount.minor_units() > 0);
        let left = debits.filter(|(id, entry)| {
            if let Some(at) = came_back.iter().position(|amount| *amount == entry.amount) {
                came_back.swap_remove(at);
                return false;
            }
            !(*id == payout.current_id && entry.amount == payout.amount && std::mem::take(&mut one_is_due))
        });
        let left: Vec<&StatementEntry> = left.map(|(_, entry)| *entry).collect();
        let booked = left.iter().filter_map(|entry| entry.booked).min();
        let currency = left.first().map_or(payout.amount.currency(), |entry| entry.amount.currency());
        let sum = left.iter().filter(|entry| entry.amount.currency() == currency).map(|entry| entry.amount.minor_units());
        let sum = sum.fold(0_i64, i64::saturating_add).min(money::AMOUNT_MAX);
        Some(StatementFinding {
            book: payout.book.clone(),
            payout_id: payout.payout_id,
            unexpected: Money::try_new(currency, sum).expect("within what an amount may be"),
            booked_at_ms: booked.map_or(0, |booked| booked.as_millisecond()),
        })
    };
    recorded.iter().filter_map(finding).collect()
}

/// The payouts of which our records do not say yet what became of them, as if they were not executed: every debit of theirs that was not undone is then a finding.
#[must_use]
pub fn as_if_not_executed(recorded: &[RecordedPayout]) -> Vec<RecordedPayout> {
    let open = [PayoutPhase::Intent, PayoutPhase::Sent, PayoutPhase::Accepted, PayoutPhase::Unknown];
    let open = recorded.iter().filter(|payout| open.contains(&payout.phase));
    open.map(|payout| RecordedPayout { phase: PayoutPhase::Returning, ..payout.clone() }).collect()
}

/// Whether one debit of the amount is expected.
fn is_due(payout: &RecordedPayout) -> bool {
    match payout.phase {
        PayoutPhase::Intent | PayoutPhase::Sent | PayoutPhase::Accepted | PayoutPhase::Unknown => payout.sends > 0,
        PayoutPhase::Settling | PayoutPhase::Settled | PayoutPhase::Returnable => true,
        PayoutPhase::Requested
        | PayoutPhase::Refused
        | PayoutPhase::Held
        | PayoutPhase::Returning
        | PayoutPhase::Suspending
        | PayoutPhase::Review
        | PayoutPhase::Queued
        | PayoutPhase::Cancelling
        | PayoutPhase::Cancelled
        | PayoutPhase::Blocking
        | PayoutPhase::Blocked
        | PayoutPhase::Unblocking
        | PayoutPhase::Unblocked
        | PayoutPhase::Rejected => false,
    }
}

#[cfg(test)]
mod tests;
