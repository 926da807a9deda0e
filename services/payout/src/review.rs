//! What a payout needs before it is sent: nobody on a sanctions list, an approval, limits kept, time, a payee whom the bank knows. Pure: facts in, needs out.
//!
//! - [`lists`]: sanctions lists, read from files and read again when they change. [`facts`]: gathers the facts, and applies what is needed.
//! - [`decide`]: what people decide. [`blocked`]: money blocked by law. [`limits`]: tiers and thresholds. [`rescreen`]: everybody again after a new edition.
//! - [`refusal`]: why a decision is refused. [`handlers`]: the RPCs.

pub mod blocked;
pub mod decide;
pub mod facts;
pub mod handlers;
pub mod limits;
pub mod lists;
pub mod refusal;
pub mod rescreen;

pub use lists::ScreeningLists;
pub use refusal::ReviewRefusal;

use crate::{
    config::TierLimitConfig,
    domain::{
        payee_check::Usable,
        review::{ReviewKind, ReviewNeed, WindowSum},
    },
};
use money::Money;

/// What the decision goes by.
#[derive(Debug, Clone)]
pub struct ReviewFacts<'a> {
    /// The payout's amount.
    pub amount: Money,
    /// When it was requested, in Unix milliseconds.
    pub created_at_ms: i64,
    /// What the bank says of the payee.
    pub usable: Usable,
    /// Whether money has arrived at this account before.
    pub paid_before: bool,
    /// How long a first payout waits, in milliseconds.
    pub first_payout_delay_ms: i64,
    /// Payouts of more than this many minor units are approved; none: no payout is.
    pub threshold: Option<i64>,
    /// Limits of the creator's tier in the payout's currency, each with what was requested within its window.
    pub limits: Vec<(&'a TierLimitConfig, WindowSum)>,
    /// The screening's finding, if it holds the payout.
    pub hits: Option<String>,
}

/// Everything that a payout of these facts waits for, whatever was decided of it already.
#[must_use]
pub fn needs(facts: &ReviewFacts<'_>, now_ms: i64) -> Vec<ReviewNeed> {
    let minor_units = facts.amount.minor_units();
    let mut needs: Vec<ReviewNeed> = facts.hits.iter().map(|hits| ReviewNeed::of(ReviewKind::Screening, hits.clone())).collect();
    if let Some(threshold) = facts.threshold.filter(|threshold| minor_units > *threshold) {
        needs.push(ReviewNeed::of(ReviewKind::Approval, format!("{minor_units} minor units are above the threshold of {threshold}")));
    }
    needs.extend(limit_needs(facts));
    let ends_at_ms = facts.created_at_ms.saturating_add(facts.first_payout_delay_ms);
    if !facts.paid_before && facts.first_payout_delay_ms > 0 && now_ms < ends_at_ms {
        needs.push(ReviewNeed { ends_at_ms, ..ReviewNeed::of(ReviewKind::FirstPayout, "the first payout to this account".to_owned()) });
    }
    match facts.usable {
        Usable::NeedsConfirmation => {
            let finding = "the bank's name for the holder is close, and the owner has not confirmed it".to_owned();
            needs.push(ReviewNeed::of(ReviewKind::Payee, finding));
        }
        Usable::NeedsReview if !facts.paid_before => {
            needs.push(ReviewNeed::of(ReviewKind::Payee, "the bank does not say that the account is the holder's".to_owned()));
        }
        // A payout that was requested before its account was deleted ends as it would have.
        Usable::Yes | Usable::NeedsReview | Usable::Deleted => {}
    }
    needs
}

/// The first limit of each kind that the payout exceeds.
fn limit_needs(facts: &ReviewFacts<'_>) -> Vec<ReviewNeed> {
    let minor_units = facts.amount.minor_units();
    let above = |max: i64| max > 0 && minor_units > max;
    let one = facts.limits.iter().find(|(limit, _)| above(limit.payout_minor_units_max)).map(|(limit, _)| {
        let finding = format!("{minor_units} minor units are above the tier's limit of {}", limit.payout_minor_units_max);
        ReviewNeed::of(ReviewKind::Limit, finding)
    });
    let all = facts.limits.iter().find_map(|(limit, before)| {
        let (sum, payouts) = (before.minor_units + i128::from(minor_units), before.payouts.saturating_add(1));
        let (sum_max, payouts_max) = (limit.window_minor_units_max, limit.window_payouts_max);
        let exceeded = (sum_max > 0 && sum > i128::from(sum_max)) || (payouts_max > 0 && payouts > payouts_max);
        exceeded.then(|| {
            let window_s = limit.window.as_secs();
            let finding = format!(
                "{sum} minor units in {payouts} payouts within {window_s} seconds; the tier allows {sum_max} in {payouts_max} (0: any)"
            );
            ReviewNeed::of(ReviewKind::Velocity, finding)
        })
    });
    one.into_iter().chain(all).collect()
}

#[cfg(test)]
mod tests;
