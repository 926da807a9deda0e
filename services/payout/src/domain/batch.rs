//! A debit of a whole message whose payments the statement does not list: which of the message's payments it is the sum of.

use super::{PayoutPhase, statement::RecordedPayout};
use money::Money;

/// Whether our records say that the bank has executed it, or may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ExecutionStanding {
    Executed,
    Open,
    Refused,
}

fn standing(payout: &RecordedPayout) -> ExecutionStanding {
    match payout.phase {
        PayoutPhase::Settling | PayoutPhase::Settled | PayoutPhase::Returnable | PayoutPhase::Accepted => ExecutionStanding::Executed,
        PayoutPhase::Intent | PayoutPhase::Sent | PayoutPhase::Unknown => ExecutionStanding::Open,
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
        | PayoutPhase::Rejected => ExecutionStanding::Refused,
    }
}

/// The payments of a message that a debit is the sum of: those that were executed, else with them those that may have been, else with them also those that the
/// bank said it refused. No sum of freely chosen ones is ever tried. `None`: it is another sum.
#[must_use]
pub fn explained(total: Money, of: &[RecordedPayout]) -> Option<Vec<&RecordedPayout>> {
    [ExecutionStanding::Executed, ExecutionStanding::Open, ExecutionStanding::Refused].into_iter().find_map(|last| {
        let taken: Vec<&RecordedPayout> = of.iter().filter(|payout| standing(payout) <= last).collect();
        let same = taken.iter().all(|payout| payout.amount.currency() == total.currency());
        let sum: i128 = taken.iter().map(|payout| i128::from(payout.amount.minor_units())).sum();
        (same && !taken.is_empty() && sum == i128::from(total.minor_units())).then_some(taken)
    })
}

#[cfg(test)]
mod tests;
