//! What payouts of apps' books reserve on leaves.
//!
//! The hold alone is no posting of the leaf. When the payout is submitted, one posting moves the money into transit together with what covers the app's claim, and the
//! hold is released after it: the ledger can't do both at once, and in this order nobody else can take the money in between.
use crate::domain::reservation::LeafReservation;
use chart::{Account, GuardKey, HouseId, PostingKind, Purpose};
use ledger_client::{HoldPosting, PostingDraft};
use money::{BookName, Currency};
use uuid::Uuid;

/// The hold, from the leaf to what is in transit.
#[must_use]
pub fn reservation_hold(id: Uuid, row: &LeafReservation, in_transit: &str) -> PostingDraft {
    let [leaf, transit] = sides(row, in_transit, Purpose::VirtualAccount);
    PostingDraft::new(PostingKind::TreasuryReserve, id).hold(leaf, transit, row.asked.amount)
}

/// Releases the hold, whose transfer has this number.
#[must_use]
pub fn reservation_release(book: &BookName, id: Uuid, transfer_no: i64) -> HoldPosting<'_> {
    HoldPosting { book, kind: PostingKind::TreasuryRelease, id, transfer_no }
}

/// The payout was submitted: leaf and cover go into transit.
#[must_use]
pub fn submitted(id: Uuid, row: &LeafReservation, in_transit: &str) -> PostingDraft {
    let [leaf, transit] = sides(row, in_transit, Purpose::VirtualAccount);
    let [cover, covered] = sides(row, in_transit, Purpose::ClaimCover);
    let draft = PostingDraft::new(PostingKind::TreasurySubmit, id);
    once(draft.money(leaf, transit, row.asked.amount).money(cover, covered, row.asked.amount), row)
}

/// The payout was not executed: leaf and cover come back.
#[must_use]
pub fn rejected(id: Uuid, row: &LeafReservation, in_transit: &str) -> PostingDraft {
    came_back(PostingDraft::new(PostingKind::TreasuryReject, id), row, in_transit)
}

/// The payee is on a sanctions list: leaf and cover are blocked.
#[must_use]
pub fn blocked(id: Uuid, row: &LeafReservation, [in_transit, blocked]: [&str; 2]) -> PostingDraft {
    let [transit, covered] = of_account(row, in_transit);
    let [kept, cover] = of_account(row, blocked);
    let draft = PostingDraft::new(PostingKind::TreasuryBlock, id);
    once(draft.money(transit, kept, row.asked.amount).money(covered, cover, row.asked.amount), row)
}

/// A licence frees what was blocked: leaf and cover come back.
#[must_use]
pub fn unblocked(id: Uuid, row: &LeafReservation, blocked: &str) -> PostingDraft {
    came_back(PostingDraft::new(PostingKind::TreasuryUnblock, id), row, blocked)
}

/// Leaf and cover come back from a standard leaf.
fn came_back(draft: PostingDraft, row: &LeafReservation, standard: &str) -> PostingDraft {
    let (entity, leaf) = row.back_on();
    let [kept, covered] = of_account(row, standard);
    let [back, cover] =
        [Purpose::VirtualAccount, Purpose::ClaimCover].map(|purpose| account(entity, &leaf, purpose, row.asked.amount.currency()));
    once(draft.money(kept, back, row.asked.amount).money(covered, cover, row.asked.amount), row)
}

/// Whatever ids it is tried under, each step is posted once.
fn once(draft: PostingDraft, row: &LeafReservation) -> PostingDraft {
    let guard = GuardKey::reservation(&row.asked.app, row.asked.reservation_id, draft.kind());
    draft
        .once(guard)
        .field("app_book", &row.asked.app)
        .field("payout_id", row.asked.payout_id)
        .field("reservation_id", row.asked.reservation_id)
}

/// The accounts of this purpose of the leaf that pays and of a standard leaf of its physical account.
fn sides<'a>(row: &'a LeafReservation, standard: &'a str, purpose: Purpose) -> [Account<'a>; 2] {
    let currency = row.asked.amount.currency();
    [account(&row.leaf_entity, &row.leaf, purpose, currency), account(&row.account_entity, standard, purpose, currency)]
}

/// Money and cover of a standard leaf of the physical account that pays.
fn of_account<'a>(row: &'a LeafReservation, standard: &'a str) -> [Account<'a>; 2] {
    let currency = row.asked.amount.currency();
    [Purpose::VirtualAccount, Purpose::ClaimCover].map(|purpose| account(&row.account_entity, standard, purpose, currency))
}

fn account<'a>(entity: &'a str, leaf: &'a str, purpose: Purpose, currency: Currency) -> Account<'a> {
    let id = |text| HouseId::try_new(text).expect("the ids of a structure are parts of account names");
    Account::of_bank_account(id(entity), id(leaf), purpose, currency)
}

#[cfg(test)]
mod tests;
