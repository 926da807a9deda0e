//! Which postings people may reverse by hand, and what to do about the others.
use crate::{PostingKind, imported, kind::PURCHASE_PREFIX};
use uuid::Uuid;

/// The prefix of the kinds of all payout steps.
const PAYOUT_PREFIX: &str = "payout.";
/// The prefix of the kinds of all postings for refunds.
const REFUND_PREFIX: &str = "refund.";
/// The prefix of the kinds of all postings for disputed payments.
const DISPUTE_PREFIX: &str = "dispute.";
/// The prefix of the kinds of all postings that empty a wallet.
const WALLET_PREFIX: &str = "wallet.";
/// The prefix of the kinds of all movements that treasury decides.
const TREASURY_PREFIX: &str = "treasury.";

/// What to do instead of reversing a posting of this kind by hand: the service that posted it has rows that would still record it as valid. `None`:
/// only the books know of it, so it may be reversed. Matched by prefix, so that stores and steps of later releases are included.
#[must_use]
pub fn instead_of_reversal(kind: &str) -> Option<&'static str> {
    if kind.starts_with(PURCHASE_PREFIX) || kind == PostingKind::ReceiptWait.name() {
        return Some("the sale stays valid with its receipt; take coins back or give them by an adjustment");
    }
    if kind.starts_with(REFUND_PREFIX) || kind.starts_with(DISPUTE_PREFIX) || kind == PostingKind::DebtSettle.name() {
        return Some("the refund stays granted or taken back as its store said; give coins or take them by an adjustment");
    }
    if kind == PostingKind::StoreSettle.name() || kind == PostingKind::ProcessorSettle.name() {
        return Some("the store's report still says it; import a corrected report, and what differs is posted");
    }
    if kind.starts_with(WALLET_PREFIX) {
        return Some("the wallet stays closed, and its coin lots as they are; give coins to an open wallet by an adjustment");
    }
    if kind == PostingKind::RevenueDay.name() {
        return Some("the coin lots still say it; read them again, and what differs is posted");
    }
    if kind == PostingKind::Conversion.name() {
        return Some("its quote stays used; move diamonds or money by an adjustment");
    }
    if kind == PostingKind::TreasuryTwin.name() {
        return Some("the app's book still has what it accounts for; correct it there, and that gets a twin of its own");
    }
    if kind.starts_with(PAYOUT_PREFIX) {
        return Some("the bank decides the outcome of a payout; move money that came back, or waits in suspense, by an adjustment");
    }
    if kind.starts_with(TREASURY_PREFIX) {
        return Some("treasury has recorded it; move the money back, or by an adjustment");
    }
    None
}

/// As [`instead_of_reversal`], for a posting of this book: an imported posting has no row of a service. `field` gives the value of the posting's request field
/// with a name.
#[must_use]
pub fn instead_of_reversing<'a>(
    posting: Uuid,
    kind: &str,
    field: impl FnOnce(&str) -> Option<&'a str>,
    book: &str,
) -> Option<&'static str> {
    instead_of_reversal(kind).filter(|_| imported::origin(posting, field, book).is_none())
}

#[cfg(test)]
mod tests;
