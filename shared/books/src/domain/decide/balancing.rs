//! Amounts of legs that depend on balances: up to what is available, and the rest that another leg could not move.

use super::{Draft, DraftLeg};
use crate::domain::{event::TransferKind, request::NewTransfer, state::BookState};

/// The amount of each leg, in order; wider than an amount, because its range is checked later. 0: it moves nothing.
pub(super) fn amounts(draft: &Draft, legs: &[DraftLeg], transfers: &[NewTransfer], times: i64) -> Vec<i128> {
    let wanted = |leg: &DraftLeg| i128::from(leg.amount.get()) * i128::from(times);
    if transfers.iter().all(|transfer| !transfer.up_to && transfer.rest_of.is_none()) {
        return legs.iter().map(wanted).collect();
    }
    let mut available: Vec<i128> = draft.accounts.iter().map(|account| i128::from(account.counters.available())).collect();
    let mut moved = Vec::with_capacity(legs.len());
    let mut left: Vec<i128> = Vec::with_capacity(legs.len());
    for (leg, transfer) in legs.iter().zip(transfers) {
        let wanted = transfer.rest_of.map_or_else(|| wanted(leg), |of| left[of]);
        let amount = if transfer.up_to { wanted.min(available[leg.debit].max(0)) } else { wanted };
        available[leg.debit] -= amount;
        if leg.kind == TransferKind::Posted {
            available[leg.credit] += amount;
        }
        left.push(wanted - amount);
        moved.push(amount);
    }
    moved
}

/// The legs that move something, with a draft for them only: other accounts are neither opened nor touched.
pub(super) fn without_empty(state: &BookState, transfers: &[NewTransfer], amounts: &[i128], legs: Vec<DraftLeg>) -> (Draft, Vec<DraftLeg>) {
    let mut draft = Draft::new(state);
    let mut kept = Vec::with_capacity(legs.len());
    for ((leg, transfer), amount) in legs.into_iter().zip(transfers).zip(amounts) {
        if *amount != 0 {
            let (debit, credit) = (draft.position(state, transfer.accounts.debit()), draft.position(state, transfer.accounts.credit()));
            kept.push(DraftLeg { debit, credit, ..leg });
        }
    }
    (draft, kept)
}
