//! Closures and merges of wallets, to protobuf.

use api::purchase as pb;
use money::{BookName, Money, UserKey};
use rpc::page::PagedList;
use rpc::wire::{money, timestamp_ms};

use crate::error::Error;
use crate::store::wallet_changes::ChangeFilter;
use crate::wallet_changes::change::{WalletAct, WalletChange, WalletChangeState, WalletPosting};
use crate::wallet_changes::judge::{JudgedLot, LotFate};
use crate::wallet_changes::owner::ClosureOutlook;
use crate::wallet_changes::refusal::WalletRefusal;

fn state(state: WalletChangeState) -> pb::WalletChangeState {
    match state {
        WalletChangeState::Asked => pb::WalletChangeState::Asked,
        WalletChangeState::Approved => pb::WalletChangeState::Approved,
        WalletChangeState::Posting => pb::WalletChangeState::Posting,
        WalletChangeState::Closing => pb::WalletChangeState::Closing,
        WalletChangeState::Done => pb::WalletChangeState::Done,
        WalletChangeState::Rejected => pb::WalletChangeState::Rejected,
        WalletChangeState::Stopped => pb::WalletChangeState::Stopped,
    }
}

/// The state of a filter; none for any.
pub(crate) fn named_state(number: i32) -> Result<Option<WalletChangeState>, Error> {
    let why = || "must be one of the states that there are".to_owned();
    let named = pb::WalletChangeState::try_from(number).map_err(|_| Error::Malformed { field: "state", why: why() })?;
    Ok(WalletChangeState::ALL.into_iter().find(|known| state(*known) == named))
}

fn kind(act: &WalletAct) -> pb::WalletChangeKind {
    match act {
        WalletAct::Close => pb::WalletChangeKind::Closure,
        WalletAct::MergeInto(_) => pb::WalletChangeKind::Merge,
    }
}

fn into(act: &WalletAct) -> String {
    act.into_user().map(UserKey::to_string).unwrap_or_default()
}

/// A change with its postings.
pub(crate) fn change(of: &WalletChange, postings: &[WalletPosting]) -> pb::WalletChange {
    let at = |at_ms: i64| (at_ms > 0).then(|| timestamp_ms(at_ms));
    let posting = |of: &WalletPosting| pb::WalletPosting { coins: of.coins, debt_coins: of.debt, posting_id: of.posting_id.clone() };
    pb::WalletChange {
        change_id: of.change_id.to_string(),
        kind: kind(&of.act).into(),
        user_id: of.user.to_string(),
        into_user_id: into(&of.act),
        state: state(of.state).into(),
        asked_by: of.asked_by.to_string(),
        decided_by: of.decided_by.clone(),
        note: of.note.clone(),
        create_time: Some(timestamp_ms(of.created_at_ms)),
        decide_time: at(of.decided_at_ms),
        end_time: at(of.ended_at_ms),
        postings: postings.iter().map(posting).collect(),
        wait_end_time: at(of.waits_until_ms),
    }
}

/// A closure for the wallet's owner, as it is at a time in Unix milliseconds.
pub(crate) fn closure(of: &WalletChange, at_ms: i64) -> pb::WalletClosure {
    let time = |ms: i64| (ms > 0).then(|| timestamp_ms(ms));
    pb::WalletClosure {
        change_id: of.change_id.to_string(),
        state: state(of.state).into(),
        by_owner: of.is_by_owner(),
        cancellable: of.is_cancellable(at_ms),
        create_time: Some(timestamp_ms(of.created_at_ms)),
        wait_end_time: time(of.waits_until_ms),
        end_time: time(of.ended_at_ms),
    }
}

/// What would be paid back for a lot's coins.
fn refund(of: &JudgedLot) -> Option<Money> {
    match &of.fate {
        LotFate::PaidBack(purchase, amount) => Some(amount.unwrap_or(purchase.value.price)),
        LotFate::Forfeited => None,
    }
}

fn share(of: &JudgedLot) -> pb::ClosureShare {
    let refund = refund(of);
    let fate = if refund.is_some() { pb::ClosureFate::Refund } else { pb::ClosureFate::Forfeit };
    pb::ClosureShare {
        purchase_id: of.purchase_id.clone(),
        market: of.market.clone(),
        coins: of.coins,
        fate: fate.into(),
        refund: refund.map(money),
    }
}

fn obstacle(of: &WalletRefusal) -> pb::ClosureObstacle {
    let (reason, facts) = of.reason_and_facts();
    let facts = facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    pb::ClosureObstacle { reason: reason.to_owned(), message: of.owners_message(), facts }
}

/// What would become of a wallet, as it is at a time in Unix milliseconds.
pub(crate) fn outlook(of: &ClosureOutlook, at_ms: i64) -> pb::GetWalletClosureResponse {
    let mut refunds: Vec<Money> = Vec::new();
    for amount in of.lots.iter().filter_map(refund) {
        match refunds.iter_mut().find(|sum| sum.currency() == amount.currency()) {
            Some(sum) => {
                let both = sum.minor_units().saturating_add(amount.minor_units());
                *sum = Money::try_new(sum.currency(), both).unwrap_or(*sum);
            }
            None => refunds.push(amount),
        }
    }
    let forfeited = of.lots.iter().filter(|lot| refund(lot).is_none()).map(|lot| lot.coins);
    pb::GetWalletClosureResponse {
        coin_balance: of.coins,
        owed_coins: of.owed,
        shares: of.lots.iter().map(share).collect(),
        refunds: refunds.into_iter().map(money).collect(),
        forfeited_coins: forfeited.sum(),
        obstacles: of.obstacles.iter().map(obstacle).collect(),
        needs_approval: of.needs_another,
        wait_end_time: of.waits_until_ms.map(timestamp_ms),
        open: of.open.as_ref().map(|open| closure(open, at_ms)),
    }
}

/// The same for the wallet's owner.
pub(crate) fn event(of: &WalletChange) -> pb::WalletEvent {
    pb::WalletEvent {
        change_id: of.change_id.to_string(),
        kind: kind(&of.act).into(),
        user_id: of.user.to_string(),
        into_user_id: into(&of.act),
        done: of.state == WalletChangeState::Done,
        end_time: (of.ended_at_ms > 0).then(|| timestamp_ms(of.ended_at_ms)),
    }
}

/// Changes of a filter, as a list to which page tokens are bound.
pub(crate) fn list(book: &BookName, filter: ChangeFilter<'_>) -> PagedList {
    let user = filter.user.map(|user| format!("of {user}")).unwrap_or_default();
    let state = filter.state.map_or(0, WalletChangeState::number).to_string();
    PagedList::new("ListWalletChanges", book.as_str(), &[user.as_str(), &state])
}
