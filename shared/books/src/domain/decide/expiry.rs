//! Holds that expire: which may, and the event when one does.

use super::{apply, resolve::resolution};
use crate::domain::{
    Micros,
    account::BookAccount,
    event::{Body, EXPIRY_MAX, Event, Hold, TransferKind},
    refusal::Refusal,
    request::NewTransfer,
    state::BookState,
};
use money::{Amount, derive_id};
use uuid::{Builder, Uuid};

/// Refuses a hold with an expiry in the past or too late, or that must not expire.
pub(super) fn check(now: Micros, transfers: &[NewTransfer]) -> Result<(), Refusal> {
    let ends = || transfers.iter().filter_map(|transfer| transfer.expire_time.map(|time| (time, transfer)));
    if let Some((expire_time, _)) = ends().find(|(time, _)| *time <= now || time.saturating_sub(now) > EXPIRY_MAX) {
        return Err(Refusal::ExpiryOutOfRange { expire_time, now });
    }
    // A payout's hold stays until its bank has decided: released by a clock, the money would be both paid and still
    // available.
    let in_transit = |name: &&String| chart::Account::parse(name).is_some_and(|account| account.is_in_transit());
    let forbidden = ends().map(|(_, transfer)| &transfer.accounts.credit().text).find(in_transit);
    forbidden.map_or(Ok(()), |account| Err(Refusal::ExpiryForbidden { account: account.as_str().into() }))
}

/// The expiry of a hold has an event id derived from the hold: the store can't have it twice.
fn expired_id(hold: &Hold, time: Micros) -> Uuid {
    let at = Builder::from_unix_timestamp_millis(u64::try_from(time / 1000).unwrap_or_default(), &[0; 10]).into_uuid();
    derive_id(at, &["expiry", &hold.no.to_string()])
}

/// Expires an open hold that is due and whose accounts are loaded. Frozen accounts too: it only gives back.
pub fn expire(state: &mut BookState, now: Micros, hold: Hold) -> Event {
    let time = hold.expire_time.expect("only holds with an end are due");
    let held = Amount::try_new(hold.amount).expect("a hold was an amount when it was placed");
    let (mut draft, leg) = resolution(state, &hold, held, TransferKind::ExpiryOfPending);
    let seq = state.next_seq;
    let transfers = apply(&mut draft, &[leg], seq).expect("a release only lowers what is pending, by what the hold added");
    state.checkpoints.append(&mut draft.checkpoints);
    for account in draft.accounts {
        state.change(BookAccount { seq, ..account }, now);
    }
    state.set_hold(Hold { resolved_seq: seq, expired: true, ..hold });
    state.next_seq += 1;
    Event { seq, id: expired_id(&hold, time), body: Body::HoldExpired, transfers }
}
