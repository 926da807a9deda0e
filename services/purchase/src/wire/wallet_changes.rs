//! Closures and merges of wallets, to protobuf.

use api::purchase as pb;
use money::{BookName, UserKey};
use rpc::page::PagedList;
use rpc::wire::timestamp_ms;

use crate::error::Error;
use crate::store::wallet_changes::ChangeFilter;
use crate::wallet_changes::change::{WalletAct, WalletChange, WalletChangeState, WalletPosting};

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
