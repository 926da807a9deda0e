//! Coins of a purchase that are held while it is not decided whether they are taken back. No I/O, no clock.

use chart::PostingKind;
use chart::id::PlannedAttempt;
use money::{BookName, Coins, UserKey};
use uuid::Uuid;

use super::fact::{FactStatus, NotApplicable, RefundFact, paid_back, undecided};
use crate::domain::{Purchase, PurchaseState};

/// How far a hold is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HoldState {
    /// To be placed.
    Asked,
    /// Placed. Once the coin lots are read that far, what is not of the purchase is released.
    Placed,
    /// Placed, and no more than what is left of the purchase.
    Counted,
    /// To be released.
    Releasing,
    /// To be taken by a step of the refunds.
    Taking,
    /// Over.
    Over,
}

impl HoldState {
    /// All states.
    pub const ALL: [Self; 6] = [Self::Asked, Self::Placed, Self::Counted, Self::Releasing, Self::Taking, Self::Over];

    /// The number in the table; never changed.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Asked => 1,
            Self::Placed => 2,
            Self::Counted => 3,
            Self::Releasing => 4,
            Self::Taking => 5,
            Self::Over => 6,
        }
    }
}

/// Why a hold is over, or is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldEnd {
    /// It is not.
    Open,
    /// What it was for was decided, or it was too large.
    Decided,
    /// Nobody decided until its date.
    Date,
    /// There was nothing to hold.
    Nothing,
}

impl HoldEnd {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Open, Self::Decided, Self::Date, Self::Nothing];

    /// The number in the table; never changed.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Open => 0,
            Self::Decided => 1,
            Self::Date => 2,
            Self::Nothing => 3,
        }
    }
}

/// Coins of a purchase that are held, or are to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoinHold {
    /// The book.
    pub book: BookName,
    /// The purchase.
    pub purchase_id: Uuid,
    /// 1 and up.
    pub hold_no: i64,
    /// The viewer.
    pub user: UserKey,
    /// How many coins may be taken back by what is not decided.
    pub target: i64,
    /// How many of them are asked for.
    pub wanted: i64,
    /// What is asked for was counted by the coin lots.
    pub is_counted: bool,
    /// How far it is.
    pub state: HoldState,
    /// Why it is over.
    pub ended_by: HoldEnd,
    /// When it ends without a decision, in Unix milliseconds.
    pub ends_at_ms: i64,
    /// How often it was tried in vain.
    pub tries: i64,
    /// When it was asked for, in Unix milliseconds.
    pub created_at_ms: i64,
    /// How many coins its posting holds.
    pub coins: i64,
    /// Refusals of the ledger before that posting.
    pub attempt: i64,
    /// When it was planned, in Unix milliseconds; 0: it is not.
    pub planned_at_ms: i64,
    /// The posting, once it is made.
    pub posting_id: String,
    /// Its sequence number in the journal.
    pub seq: i64,
    /// Its transfer, by which the ledger knows the hold.
    pub transfer_no: i64,
    /// How many coins the posting takes that ends it.
    pub taken: i64,
    /// Refusals of the ledger before that posting.
    pub end_attempt: i64,
    /// When it was planned, in Unix milliseconds; 0: it is not.
    pub end_planned_at_ms: i64,
    /// The posting that ended it, once it is made.
    pub end_posting_id: String,
}

impl CoinHold {
    /// Whether its numbers are such as postings can have.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        [self.wanted, self.coins, self.taken].into_iter().all(|coins| Coins::try_new(coins).is_ok()) && self.taken <= self.coins
    }

    /// The request id of the posting that holds the coins.
    #[must_use]
    pub fn request(&self) -> Uuid {
        let planned = PlannedAttempt { number: self.hold_no, attempt: self.attempt, planned_at_ms: self.planned_at_ms };
        chart::id::refund(&self.book, self.purchase_id, PostingKind::RefundAsked, planned)
    }

    /// The kind of the posting that ends it.
    #[must_use]
    pub fn end_kind(&self) -> PostingKind {
        if self.taken > 0 { PostingKind::RefundTaken } else { PostingKind::RefundReleased }
    }

    /// The request id of the posting that ends it.
    #[must_use]
    pub fn end_request(&self) -> Uuid {
        let planned = PlannedAttempt { number: self.hold_no, attempt: self.end_attempt, planned_at_ms: self.end_planned_at_ms };
        chart::id::refund(&self.book, self.purchase_id, self.end_kind(), planned)
    }
}

/// How the holds of a purchase change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HoldChange {
    /// This one is released.
    pub(crate) release: Option<CoinHold>,
    /// These are asked for.
    pub(crate) new: Vec<CoinHold>,
    /// The next step of the refunds takes this one; 0: none.
    pub(crate) taken: i64,
}

/// For how long coins are held, in milliseconds, and whether a viewer's other coins pay for what was spent of a refunded purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldTerms {
    /// For a refund on its way.
    pub refund_ms: i64,
    /// For a dispute.
    pub dispute_ms: i64,
    /// Otherwise a refund takes coins of its own purchase only, which are held first.
    pub other_lots_pay: bool,
}

/// What changes of the holds of a purchase by everything that its store said of it. `granted`: coins that the next step takes; 0 without one that takes.
pub(crate) fn change(
    facts: &[RefundFact],
    purchase: &Purchase,
    last: Option<&CoinHold>,
    granted: i64,
    terms: HoldTerms,
    now_ms: i64,
) -> Result<HoldChange, NotApplicable> {
    let target = asked(facts, purchase)?;
    let is_disputed = facts.iter().any(|fact| fact.status == FactStatus::Disputed);
    let within_ms = if is_disputed { terms.dispute_ms } else { terms.refund_ms };
    let asked_for = |after: i64, coins: i64, target: i64| CoinHold {
        book: purchase.book.clone(),
        purchase_id: purchase.purchase_id,
        hold_no: last.map_or(0, |last| last.hold_no) + after,
        user: purchase.user.clone(),
        target,
        wanted: coins,
        is_counted: false,
        state: HoldState::Asked,
        ended_by: HoldEnd::Open,
        ends_at_ms: now_ms.saturating_add(within_ms),
        tries: 0,
        created_at_ms: now_ms,
        coins: 0,
        attempt: 0,
        planned_at_ms: 0,
        posting_id: String::new(),
        seq: 0,
        transfer_no: 0,
        taken: 0,
        end_attempt: 0,
        end_planned_at_ms: 0,
        end_posting_id: String::new(),
    };
    let mut change = HoldChange::default();
    let open = last.filter(|last| last.state <= HoldState::Counted);
    match open {
        Some(open) if granted > 0 => change.taken = open.hold_no,
        Some(open) if open.target == target => return Ok(change),
        Some(open) => change.release = Some(open.clone()),
        None if granted > 0 && !terms.other_lots_pay && in_wallet(purchase) => {
            change.new.push(asked_for(1, granted, 0));
            change.taken = change.new[0].hold_no;
        }
        // What ended at its date, or had nothing to hold, is not held again for the same.
        None if granted == 0
            && last.is_some_and(|last| last.target >= target && matches!(last.ended_by, HoldEnd::Date | HoldEnd::Nothing)) =>
        {
            return Ok(change);
        }
        None => {}
    }
    if target > 0 {
        let after = i64::try_from(change.new.len()).expect("at most one") + 1;
        change.new.push(asked_for(after, target, target));
    }
    Ok(change)
}

/// Coins in suspense can't be spent, and need no hold.
fn in_wallet(purchase: &Purchase) -> bool {
    matches!(purchase.state, PurchaseState::Credited(_))
}

/// How many coins what is not decided would take beyond what is paid back.
fn asked(facts: &[RefundFact], purchase: &Purchase) -> Result<i64, NotApplicable> {
    let coins = purchase.value.coins.get();
    let (granted, _) = paid_back(facts, purchase)?;
    Ok(if in_wallet(purchase) { undecided(facts, purchase, granted).of(coins) - granted.of(coins) } else { 0 })
}

/// The transfer that holds the coins.
pub(crate) fn placed_transfer(posting: &api::ledger::Posting) -> i64 {
    posting.transfers.first().map_or(0, |transfer| transfer.transfer_no)
}

#[cfg(test)]
mod tests;
