//! Debit limits: set like an account's state, and checked before anything leaves an account that has one.

use super::{Draft, DraftLeg};
use crate::domain::{
    Micros,
    account::AccountState,
    chart::{self, Account},
    event::{Body, Event, TransferKind},
    limit::{Limit, Window},
    refusal::Refusal,
    request::{AccountName, BookRequest},
    state::BookState,
};

/// Whether a leg spends what it takes. Coins that are taken back, or held to be taken back, because their purchase was paid back are not spent, nor are those that pay
/// for what their owner owes: no limit may keep them from being posted.
fn spends(draft: &Draft, leg: &DraftLeg) -> bool {
    let account = |place: usize| chart::Account::parse(&draft.accounts[place].name);
    match (account(leg.debit), account(leg.credit)) {
        (Some(Account::ViewerCoins(_)), Some(Account::CoinsIssued)) => false,
        (Some(Account::ViewerCoins(user)), Some(Account::ViewerDebt(debtor))) => user != debtor,
        _ => true,
    }
}

/// Refuses to take more out of an account than one of its windows allows. What a resolution moves was counted when it was held.
pub(super) fn check(state: &BookState, now: Micros, draft: &Draft, legs: &[DraftLeg], amounts: &[i128]) -> Result<(), Refusal> {
    if state.limits.is_empty() {
        return Ok(());
    }
    for (place, account) in draft.accounts.iter().enumerate() {
        let limits = state.limits.of(account.key);
        if limits.is_empty() {
            continue;
        }
        let leaves = |(leg, _): &(&DraftLeg, &i128)| {
            leg.debit == place && matches!(leg.kind, TransferKind::Posted | TransferKind::Pending) && spends(draft, leg)
        };
        let needed: i128 = legs.iter().zip(amounts).filter(leaves).map(|(_, amount)| *amount).sum();
        if needed == 0 {
            continue;
        }
        for limited in limits {
            let usage = limited.usage(now, &account.counters);
            if i128::from(usage.used) + needed > i128::from(limited.limit.max) {
                return Err(Refusal::LimitExceeded {
                    account: account.name.clone(),
                    window: limited.limit.window,
                    limit: limited.limit.max,
                    used: usage.used,
                    needed,
                    resets_at: usage.resets_at,
                });
            }
        }
    }
    Ok(())
}

/// A requested debit limit.
pub(super) struct DebitLimitChange<'a> {
    pub account: &'a AccountName,
    pub window: Window,
    /// IANA name of the zone.
    pub zone: &'a str,
    /// What may leave in one window; 0: no limit.
    pub max: i64,
}

pub(super) fn set(
    state: &mut BookState,
    now: Micros,
    request: &BookRequest,
    DebitLimitChange { account: name, window, zone, max }: DebitLimitChange<'_>,
) -> Result<Vec<Event>, Refusal> {
    let account = state.by_name(&name.text).ok_or_else(|| Refusal::AccountUnknown { account: name.text.as_str().into() })?;
    if account.state == AccountState::Closed {
        return Err(Refusal::AccountClosed { account: account.name.clone() });
    }
    let (key, seq) = (account.key, state.next_seq);
    let limit = Limit { account: key, window, zone: zone.to_owned(), max, seq };
    let opened = state.opened.contains(&key);
    state.limits.set(limit, now, opened);
    state.next_seq += 1;
    let body = Body::LimitSet { key, window, zone: zone.to_owned(), max, fields: request.fields.clone() };
    Ok(vec![Event { seq, id: request.id, body, transfers: Vec::new() }])
}
