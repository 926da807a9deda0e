//! Decisions about earlier postings: resolving holds, and reversals.

use super::{Draft, DraftLeg, PostingPlan, PreparedPosting, check_guards, finish, limits};
use crate::domain::{
    Micros,
    event::{Body, GuardSet, Hold, TransferKind},
    refusal::Refusal,
    request::{BookRequest, Guard, GuardOperation},
    state::BookState,
};
use money::Amount;
use uuid::Uuid;

fn open_hold(state: &BookState, now: Micros, transfer_no: i64) -> Result<Hold, Refusal> {
    let hold = state.holds.get(&transfer_no).ok_or(Refusal::PendingUnknown { transfer_no })?;
    if hold.expired {
        return Err(Refusal::PendingExpired { transfer_no });
    }
    if hold.resolved_seq != 0 {
        return Err(Refusal::PendingResolved { transfer_no });
    }
    // If more holds have expired than one commit takes, its own event is still to come.
    if hold.expire_time.is_some_and(|time| time <= now) {
        return Err(Refusal::PendingExpired { transfer_no });
    }
    Ok(*hold)
}

pub(super) fn post_pending(
    state: &BookState,
    now: Micros,
    request: &BookRequest,
    no: i64,
    amount: Option<Amount>,
) -> Result<PreparedPosting, Refusal> {
    let hold = open_hold(state, now, no)?;
    let held = Amount::try_new(hold.amount).expect("a hold was an amount when it was placed");
    let amount = amount.unwrap_or(held);
    if amount > held {
        return Err(Refusal::PendingExceeded { held: hold.amount, wanted: amount.get() });
    }
    resolve(state, request, hold, HoldResolution { amount, kind: TransferKind::PostOfPending, guards: Vec::new() })
}

pub(super) fn void_pending(
    state: &BookState,
    now: Micros,
    request: &BookRequest,
    no: i64,
    guards: &[Guard],
) -> Result<PreparedPosting, Refusal> {
    let hold = open_hold(state, now, no)?;
    let amount = Amount::try_new(hold.amount).expect("a hold was an amount when it was placed");
    let (guards, _) = check_guards(state, guards)?;
    resolve(state, request, hold, HoldResolution { amount, kind: TransferKind::VoidOfPending, guards })
}

/// What becomes of a hold.
struct HoldResolution {
    amount: Amount,
    kind: TransferKind,
    guards: Vec<GuardSet>,
}

/// The single transfer that resolves a hold, and a new draft that contains only the accounts of this transfer.
pub(super) fn resolution(state: &BookState, hold: &Hold, amount: Amount, kind: TransferKind) -> (Draft, DraftLeg) {
    let mut draft = Draft::new(state);
    let (debit, credit) = (draft.position_of_key(state, hold.debit), draft.position_of_key(state, hold.credit));
    let released = hold.amount;
    (draft, DraftLeg { debit, credit, amount, kind, released, pending_no: hold.no, allow_debt: false, expire_time: None })
}

fn resolve(state: &BookState, request: &BookRequest, hold: Hold, becomes: HoldResolution) -> Result<PreparedPosting, Refusal> {
    let HoldResolution { amount, kind, guards } = becomes;
    let (draft, leg) = resolution(state, &hold, amount, kind);
    if kind == TransferKind::PostOfPending {
        BookState::may_move(&draft.accounts)?;
    }
    finish(state, request, draft, PostingPlan { legs: vec![leg], guards, resolves: Some(hold), ..PostingPlan::default() })
}

pub(super) fn reverse(
    state: &BookState,
    now: Micros,
    request: &BookRequest,
    posting: Uuid,
    allow_debt: bool,
) -> Result<PreparedPosting, Refusal> {
    let source = state.sources.get(&posting).ok_or(Refusal::PostingUnknown { posting })?;
    let plain = source.transfers.iter().all(|transfer| transfer.kind == TransferKind::Posted);
    let is_reversal = matches!(&source.body, Body::Posting(body) if body.reverses.is_some());
    if source.transfers.is_empty() || !plain || is_reversal {
        return Err(Refusal::NotReversible { posting });
    }
    let once = Guard { key: reversal_guard(posting), operation: GuardOperation::CompareAndSet { expected: 0, next: 1 } };
    let (guards, _) = check_guards(state, &[once]).map_err(|_| Refusal::AlreadyReversed { posting })?;
    // Last leg first: each step undoes the state its original left.
    let legs_reversed: Vec<(i64, i64, i64)> = source.transfers.iter().rev().map(|t| (t.credit, t.debit, t.amount)).collect();
    let mut draft = Draft::new(state);
    let mut legs = Vec::with_capacity(legs_reversed.len());
    for (debit, credit, amount) in legs_reversed {
        let (debit, credit) = (draft.position_of_key(state, debit), draft.position_of_key(state, credit));
        let amount = Amount::try_new(amount).expect("it was an amount when it was posted");
        legs.push(DraftLeg {
            debit,
            credit,
            amount,
            kind: TransferKind::Posted,
            released: 0,
            pending_no: 0,
            allow_debt,
            expire_time: None,
        });
    }
    BookState::may_move(&draft.accounts)?;
    let amounts: Vec<i128> = legs.iter().map(|leg| leg.amount.get().into()).collect();
    limits::check(state, now, &draft, &legs, &amounts)?;
    finish(state, request, draft, PostingPlan { legs, guards, reverses: Some(posting), ..PostingPlan::default() })
}

/// The guard that ensures a posting is reversed only once.
#[must_use]
pub fn reversal_guard(posting: Uuid) -> String {
    format!("{}{posting}", chart::GuardFamily::Reversed.prefix())
}
