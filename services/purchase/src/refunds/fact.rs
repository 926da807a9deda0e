//! What stores say was paid back of a purchase, and what all of it together comes to. No I/O, no clock: the same statements give the same result in whatever
//! order they came.

use money::{BookName, Money};

use crate::domain::{Purchase, StoreKind};

/// The only thing that a store says of a purchase whose refunds it doesn't name one by one.
pub(crate) const WHOLE: &str = "refund";
/// What a store says of all refunds of a payment together.
pub(crate) const CUMULATIVE: &str = "cumulative";

/// Higher than any part of a purchase, so that Google's statements are in the order of their parts.
const GOOGLE_ORDER: i64 = 1_000_000;

/// The place of a statement of Google's among those about the same purchase: each counts everything up to then.
pub(crate) fn order_of_google(part: i64, whole: i64) -> i64 {
    part.saturating_mul(GOOGLE_ORDER) / whole.max(1)
}

/// How far a refund is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FactStatus {
    /// On its way: nothing is taken back for it yet.
    Pending,
    /// Paid back.
    Granted,
    /// Not paid back after all: it failed, or the store took it back.
    Undone,
    /// The buyer disputes it, and nobody has decided.
    Disputed,
    /// The dispute was lost: paid back, out of what the store withdrew for it.
    Lost,
    /// The dispute was won or withdrawn, or is only an inquiry.
    NotDisputed,
}

impl FactStatus {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Pending, Self::Granted, Self::Undone, Self::Disputed, Self::Lost, Self::NotDisputed];

    /// The number in the table; never changed.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Pending => 1,
            Self::Granted => 2,
            Self::Undone => 3,
            Self::Disputed => 4,
            Self::Lost => 5,
            Self::NotDisputed => 6,
        }
    }

    /// Whether it is said of a dispute, and not of a refund.
    #[must_use]
    pub fn is_of_dispute(self) -> bool {
        matches!(self, Self::Disputed | Self::Lost | Self::NotDisputed)
    }
}

/// One thing that a store says was paid back of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundFact {
    /// Who says it.
    pub store: StoreKind,
    /// The store's environment; empty where it doesn't say.
    pub environment: String,
    /// The app, or our account at the store.
    pub bundle_id: String,
    /// The transaction.
    pub transaction_id: String,
    /// The store's id of the refund, or that this is about all of them.
    pub fact_id: String,
    /// The book of the app.
    pub book: BookName,
    /// So much, at least nothing; nothing also where the store named a refund in a sum, and has not said yet how much of it that is,
    pub part: i64,
    /// of this, at least one: of the price in minor units where there is a currency, otherwise of any number.
    pub whole: i64,
    /// ISO 4217 code; empty where `part` is no amount.
    pub currency: String,
    /// How far it is.
    pub status: FactStatus,
    /// Which of two statements about the same stands: the one with the higher number, or with the larger part.
    pub order_no: i64,
    /// When the store said it, in Unix milliseconds.
    pub said_at_ms: i64,
    /// Of a dispute: what the store has withdrawn for it and not given back, in minor units of the currency, and what it charged for it.
    pub withdrawn: i64,
    /// See `withdrawn`.
    pub fee: i64,
}

/// What an event says of a refund of a payment for an order of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefundOfEvent {
    /// The store's id of it; empty for all refunds of the payment together.
    pub id: String,
    /// Of all together: the id of the refund that made it so much, where the store names it.
    pub last_id: String,
    /// How much of the payment.
    pub amount: Money,
    /// How far it is.
    pub status: FactStatus,
    /// The same for people.
    pub shown: String,
}

/// What an event says of a dispute about a payment for an order of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DisputeOfEvent {
    /// The store's id of it.
    pub id: String,
    /// How much of the payment.
    pub amount: Money,
    /// How far it is.
    pub status: FactStatus,
    /// What is withdrawn of it, in minor units.
    pub withdrawn: i64,
    /// What it cost, in minor units.
    pub fee: i64,
    /// How often money was moved for it.
    pub movements: i64,
    /// The same for people.
    pub shown: String,
}

/// So much of the whole, at most all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaidBack {
    part: i64,
    whole: i64,
}

impl PaidBack {
    /// More than the whole is the whole.
    #[must_use]
    pub fn new(part: i64, whole: i64) -> PaidBack {
        let whole = whole.max(1);
        PaidBack { part: part.clamp(0, whole), whole }
    }

    /// This part of a number that is not negative, rounded down.
    #[must_use]
    pub fn of(self, number: i64) -> i64 {
        crate::lots::lot::portion(number, self.part, self.whole)
    }
}

/// Why what a store says can't be applied to a purchase.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}; nothing was taken back for it")]
pub struct NotApplicable {
    /// What is wrong, for people.
    pub what: String,
}

/// What is paid back of a purchase, by everything that its store said of it; and how much of that, in minor units of the price, by disputes that were lost. What was
/// refunded before is not paid back again by a dispute.
pub fn paid_back(facts: &[RefundFact], purchase: &Purchase) -> Result<(PaidBack, i64), NotApplicable> {
    let price = purchase.value.price;
    let currency = price.currency();
    let own = currency.code();
    if let Some(other) = facts.iter().find(|fact| !fact.currency.is_empty() && fact.currency != own) {
        let what = format!("{} {} were paid back, and the purchase was paid in {own}", other.part, other.currency);
        return Err(NotApplicable { what });
    }
    if facts.iter().all(|fact| fact.currency.is_empty()) {
        let granted = facts.iter().find(|fact| fact.status == FactStatus::Granted);
        return Ok((granted.map_or(PaidBack::new(0, 1), |fact| PaidBack::new(fact.part, fact.whole)), 0));
    }
    let sum = |status: FactStatus, since_ms: i64| -> i64 {
        let counted = |fact: &&RefundFact| fact.fact_id != CUMULATIVE && fact.status == status && fact.said_at_ms >= since_ms;
        facts.iter().filter(counted).fold(0_i64, |sum, fact| sum.saturating_add(fact.part))
    };
    let one_by_one = sum(FactStatus::Granted, i64::MIN);
    let together = facts.iter().find(|fact| fact.fact_id == CUMULATIVE).map_or(0, |fact| {
        // It counts those that are on their way, and those that failed since it was said.
        let failed = sum(FactStatus::Undone, fact.said_at_ms);
        fact.part.saturating_sub(sum(FactStatus::Pending, i64::MIN)).saturating_sub(failed)
    });
    let refunded = PaidBack::new(one_by_one.max(together), price.minor_units());
    let lost = sum(FactStatus::Lost, i64::MIN).clamp(0, price.minor_units() - refunded.part);
    Ok((PaidBack::new(refunded.part + lost, price.minor_units()), lost))
}

/// What would be paid back if everything that is not decided were decided for the buyer, beside what is.
pub(crate) fn undecided(facts: &[RefundFact], purchase: &Purchase, granted: PaidBack) -> PaidBack {
    let open = facts.iter().filter(|fact| matches!(fact.status, FactStatus::Pending | FactStatus::Disputed) && !fact.currency.is_empty());
    let asked = open.filter(|fact| fact.fact_id != CUMULATIVE).fold(0_i64, |sum, fact| sum.saturating_add(fact.part));
    if asked == 0 { granted } else { PaidBack::new(granted.part.saturating_add(asked), purchase.value.price.minor_units()) }
}

/// What stores withdrew for disputes and what they charged for them, in minor units; `None` if that can't be represented.
#[must_use]
pub fn withdrawn(facts: &[RefundFact]) -> Option<(i64, i64)> {
    let of_disputes = facts.iter().filter(|fact| fact.status.is_of_dispute());
    of_disputes
        .map(|fact| (fact.withdrawn, fact.fee))
        .try_fold((0_i64, 0_i64), |sums, (withdrawn, fee)| Some((sums.0.checked_add(withdrawn)?, sums.1.checked_add(fee)?)))
}

#[cfg(test)]
mod tests;
