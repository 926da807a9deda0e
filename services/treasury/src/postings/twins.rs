//! The treasury book's side of what apps' books moved at banks.
use crate::domain::{ClaimAccount, ClaimMove, Node, claim::house_account};
use chart::{Account, GuardKey, PostingKind, Purpose};
use ledger_client::PostingDraft;
use money::Money;
use uuid::Uuid;

/// Fields that a twin keeps of what it accounts for: the app's book, its account, the posting, and that posting's sequence number and commit time.
pub const APP_BOOK: &str = "app_book";
/// See [`APP_BOOK`].
pub const APP_ACCOUNT: &str = "app_account";
/// See [`APP_BOOK`].
pub const APP_POSTING: &str = "app_posting_id";
/// See [`APP_BOOK`].
pub const APP_SEQ: &str = "app_seq";
/// See [`APP_BOOK`]; in Unix milliseconds.
pub const APP_BOOKED_MS: &str = "app_booked_ms";

/// What a twin is made of.
#[derive(Debug, Clone, Copy)]
pub struct Twin<'a> {
    /// Its request id.
    pub id: Uuid,
    /// The account of the app's book.
    pub claim: &'a ClaimAccount,
    /// What the app's posting did to it.
    pub moved: &'a ClaimMove,
    /// The leaf that covers it.
    pub leaf: &'a Node,
    /// The sequence number of the posting that the account's twin before this one accounts for; 0: this is the first.
    pub after_seq: i64,
}

/// The treasury book's side of an app's posting that moved money at the bank: cash and leaf, and what is claimed with what covers it. It is posted only right after
/// the account's twin before it.
#[must_use]
pub fn twin(twin: &Twin<'_>) -> PostingDraft {
    let Twin { claim, moved, leaf, .. } = *twin;
    let physical = &claim.physical;
    let claimant = chart::claimant(&claim.app);
    let at = |entity, id, purpose| house_account(entity, id, purpose, physical).expect("ids of the structure are parts of account names");
    let cash = at(&physical.entity, &physical.id, Purpose::PhysicalCash);
    let virtual_account = at(&leaf.entity, &leaf.id, Purpose::VirtualAccount);
    let claimed = at(&claimant, &physical.id, Purpose::AppClaim);
    let cover = at(&leaf.entity, &leaf.id, Purpose::ClaimCover);
    let amount = i64::try_from(moved.amount.unsigned_abs()).unwrap_or(i64::MAX);
    let amount = Money::try_new(physical.currency, amount).expect("not negative");
    let draft = PostingDraft::new(PostingKind::TreasuryTwin, twin.id);
    let both = |draft: PostingDraft, pairs: [(Account<'_>, Account<'_>); 2]| {
        pairs.into_iter().fold(draft, |draft, (debit, credit)| draft.money(debit, credit, amount))
    };
    let draft = match moved.amount > 0 {
        true => both(draft, [(cash, virtual_account), (claimed, cover)]),
        false => both(draft, [(virtual_account, cash), (cover, claimed)]),
    };
    draft
        .field(APP_BOOK, &claim.app)
        .field(APP_ACCOUNT, &claim.name)
        .field(APP_POSTING, moved.posting.hyphenated())
        .field(APP_SEQ, moved.seq)
        .field(APP_BOOKED_MS, moved.booked_ms)
        .step(GuardKey::twin(&claim.app, &claim.name), twin.after_seq, moved.seq)
        .happened_at(moved.effective_ms)
}

#[cfg(test)]
mod tests;
