//! Which postings people may reverse by hand, and what to do about the others.
use crate::{PostingKind, imported, kind::PURCHASE_PREFIX};
use uuid::Uuid;

/// What the kinds of all steps of payouts begin with.
const PAYOUT_PREFIX: &str = "payout.";

/// What to do instead of reversing a posting of this kind by hand: the service that posted it has rows that would go on saying that it stands. `None`:
/// nothing but the books knows of it, so it may be reversed. Kinds by their beginning, so that stores and steps of a later release are in it.
#[must_use]
pub fn instead_of_reversal(kind: &str) -> Option<&'static str> {
    if kind.starts_with(PURCHASE_PREFIX) || kind == PostingKind::ReceiptWait.name() {
        return Some("the sale stands with its receipt; take coins back or give them by an adjustment");
    }
    if kind == PostingKind::Conversion.name() {
        return Some("its quote stays used; move diamonds or money by an adjustment");
    }
    if kind.starts_with(PAYOUT_PREFIX) {
        return Some("what becomes of a payout is the bank's to say; move money that came back, or waits in suspense, by an adjustment");
    }
    None
}

/// The same of a posting of this book, with the fields it was sent with: behind what was imported there is no row of a service.
#[must_use]
pub fn instead_of_reversing(posting: Uuid, kind: &str, fields: &[(String, String)], book: &str) -> Option<&'static str> {
    instead_of_reversal(kind).filter(|_| imported::origin(posting, fields, book).is_none())
}

#[cfg(test)]
mod tests;
