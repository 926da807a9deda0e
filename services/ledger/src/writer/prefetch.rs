//! Before a batch is decided, everything that memory lacks is read: one query for each kind of row.

use super::recent_ids::{IdLookup, RecentIds};
use crate::{
    book::{SharedBook, submission::Job},
    domain::{
        account::AccountState,
        chart::GuardKey,
        debtors::debt_beside,
        decide::reversal_guard,
        event::{Event, GuardState},
        request::Action,
    },
    store::{Error, Store},
};
use uuid::Uuid;

/// The rows that memory lacks.
#[derive(Default)]
struct MissingRows {
    names: Vec<String>,
    guards: Vec<String>,
    holds: Vec<i64>,
    /// Accounts of holds that are in memory.
    keys: Vec<i64>,
    ids: Vec<Uuid>,
    sources: Vec<Uuid>,
}

pub(super) async fn prefetch(store: &dyn Store, book: i64, shared: &SharedBook, ids: &mut RecentIds, jobs: &[Job]) -> Result<(), Error> {
    let missing = missing(shared, ids, jobs);
    if !missing.ids.is_empty() {
        for (id, known) in store.ids(book, &missing.ids).await? {
            ids.insert(id, known);
        }
    }
    let accounts = if missing.names.is_empty() { Vec::new() } else { store.accounts_by_name(book, &missing.names).await? };
    let guards = if missing.guards.is_empty() { Vec::new() } else { store.guards(book, &missing.guards).await? };
    let holds = if missing.holds.is_empty() { Vec::new() } else { store.holds(book, &missing.holds).await? };
    let mut sources: Vec<Event> = Vec::new();
    for id in &missing.sources {
        sources.extend(store.event_by_id(book, *id).await?);
    }
    let mut keys = missing.keys;
    keys.extend(holds.iter().flat_map(|hold| [hold.debit, hold.credit]));
    keys.extend(sources.iter().flat_map(|event| &event.transfers).flat_map(|transfer| [transfer.debit, transfer.credit]));
    {
        let state = shared.state();
        keys.retain(|key| !state.knows_account_key(*key));
    }
    let by_key = if keys.is_empty() { Vec::new() } else { store.accounts_by_key(book, &keys).await? };

    let mut state = shared.state();
    accounts.into_iter().chain(by_key).for_each(|account| state.load_account(account));
    guards.into_iter().for_each(|(key, guard)| state.load_guard(key, guard));
    // A guard that the store does not have is at its initial value; storing that in memory saves the next read.
    missing.guards.into_iter().for_each(|key| state.load_guard(key, GuardState::default()));
    holds.into_iter().for_each(|hold| state.load_hold(hold));
    sources.into_iter().for_each(|event| state.load_source(event));
    Ok(())
}

/// Accounts that the jobs name and memory lacks, except those of holds and reversals.
pub(super) fn missing_names(shared: &SharedBook, jobs: &[Job]) -> Vec<String> {
    let state = shared.state();
    let mut names = Vec::new();
    for Job { request, .. } in jobs {
        if let Action::Post { transfers, .. } = &request.action {
            let named = transfers.iter().flat_map(|transfer| [&transfer.accounts.debit().text, &transfer.accounts.credit().text]);
            names.extend(named.filter(|name| !state.knows_account(name)).cloned());
        }
    }
    drop(state);
    names.sort_unstable();
    names.dedup();
    names
}

fn missing(shared: &SharedBook, ids: &RecentIds, jobs: &[Job]) -> MissingRows {
    let state = shared.state();
    let mut missing = MissingRows::default();
    let name = |names: &mut Vec<String>, name: &str| {
        if !state.knows_account(name) {
            names.push(name.to_owned());
        }
    };
    let guard = |guards: &mut Vec<String>, key: &str| {
        if !state.knows_guard(key) {
            guards.push(key.to_owned());
        }
    };
    for Job { request, .. } in jobs {
        if ids.get(request.id) == IdLookup::Ask {
            missing.ids.push(request.id);
        }
        match &request.action {
            Action::Post { transfers, guards, .. } => {
                for transfer in transfers {
                    name(&mut missing.names, &transfer.accounts.debit().text);
                    name(&mut missing.names, &transfer.accounts.credit().text);
                    if let Some(debt) = state.debt_of_spender(transfer) {
                        name(&mut missing.names, &debt);
                    }
                }
                guards.iter().for_each(|asked| guard(&mut missing.guards, &asked.key));
            }
            Action::PostPending { transfer_no, .. } | Action::VoidPending { transfer_no, .. } => {
                if let Action::VoidPending { guards, .. } = &request.action {
                    guards.iter().for_each(|asked| guard(&mut missing.guards, &asked.key));
                }
                match state.hold(*transfer_no) {
                    // Its accounts may have been evicted before it.
                    Some(hold) => missing.keys.extend([hold.debit, hold.credit]),
                    None => missing.holds.push(*transfer_no),
                }
            }
            Action::Reverse { posting, .. } => {
                missing.sources.push(*posting);
                guard(&mut missing.guards, &reversal_guard(*posting));
            }
            Action::Open { accounts } => accounts.iter().for_each(|account| name(&mut missing.names, &account.text)),
            Action::SetState { account, state: to } => {
                name(&mut missing.names, &account.text);
                if *to == AccountState::Closed {
                    guard(&mut missing.guards, GuardKey::in_flight(&account.text).as_str());
                    // Also of a debt that no guard counts.
                    if let Some(debt) = debt_beside(&account.text) {
                        name(&mut missing.names, &debt);
                    }
                }
            }
            Action::SetLimit { account, .. } => name(&mut missing.names, &account.text),
        }
    }
    missing.names.sort_unstable();
    missing.names.dedup();
    missing.guards.sort_unstable();
    missing.guards.dedup();
    missing
}
