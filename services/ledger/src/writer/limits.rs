//! What a decision about debit limits needs: the limits themselves, and the counters of their accounts at the start of each window.

use crate::{
    book::{SharedBook, submission::Job},
    domain::{
        Micros,
        limit::{DebitLimits, Limit, UnreadWindow, debits, span, zone},
        request::Action,
        state::BookState,
    },
    read::{AccountHistory, counters_at},
    store::{Error, LimitPlace, Store},
};

/// Limits of one read. All limits of a book are kept in memory, some 200 bytes each: only people set them.
const PAGE: i64 = 1_000;

/// All limits of a book that are in force. A window is counted from its first use on.
pub(super) async fn load(store: &dyn Store, book: i64, now: Micros) -> Result<DebitLimits, Error> {
    let mut limits = DebitLimits::default();
    let mut from = LimitPlace::default();
    loop {
        let page = store.debit_limits(book, from, PAGE).await?;
        let Some(last) = page.last() else { return Ok(limits) };
        from = LimitPlace { account: last.account, window: last.window.code() + 1 };
        for limit in page {
            if limit.max > 0 && zone(&limit.zone).is_none() {
                let Limit { account, zone, .. } = limit;
                return Err(Error::Damaged(format!("a limit of account {account} is in zone {zone}, which this program does not know")));
            }
            limits.set(limit, now, false);
        }
    }
}

/// A window whose starting counters are not known, and its account.
type UnknownWindow = (i64, UnreadWindow);

/// Decision times of batches.
#[derive(Clone, Copy)]
pub(super) struct DecisionTimes {
    /// Of the last commit that was sent, resolved or not.
    pub sealed: Micros,
    /// Of the batch that is being decided.
    pub now: Micros,
}

/// Reads the windows that the jobs will need.
pub(super) async fn prefetch(
    store: &dyn Store,
    book: i64,
    shared: &SharedBook,
    DecisionTimes { sealed, now }: DecisionTimes,
    jobs: &[Job],
) -> Result<(), Error> {
    let unknown = unknown(&shared.state(), now, jobs);
    for (account, window) in unknown {
        let start = window.span.start;
        let counters = if sealed < start {
            // No commit sent so far is in the window, so it began with the account as it was before the batch.
            shared.state().before_batch(account).map(|account| account.counters).unwrap_or_default()
        } else {
            // Any commit in flight is in the window: everything before the window can be read.
            let last_no = shared.state().resolved(account).map_or(0, |account| account.last_transfer);
            counters_at(store, book, AccountHistory { account, last_no }, start - 1).await?
        };
        shared.state().limits_mut().know(account, window, debits(&counters));
    }
    Ok(())
}

fn unknown(state: &BookState, now: Micros, jobs: &[Job]) -> Vec<UnknownWindow> {
    let mut unknown: Vec<UnknownWindow> = Vec::new();
    let none = state.limits().is_empty();
    let mut add = |account: i64, windows: Vec<UnreadWindow>| {
        for window in windows {
            if !unknown.iter().any(|(other, there)| (*other, there) == (account, &window)) {
                unknown.push((account, window));
            }
        }
    };
    for Job { request, .. } in jobs {
        match &request.action {
            Action::SetLimit { account, window, zone: name, max } if *max > 0 => {
                if let (Some(key), Some(zone)) = (state.key_of(&account.text), zone(name)) {
                    add(key, vec![UnreadWindow { window: *window, zone: name.clone(), span: span(now, &zone, *window) }]);
                }
            }
            Action::Post { transfers, .. } if !none => {
                for key in transfers.iter().filter_map(|transfer| state.key_of(&transfer.accounts.debit().text)) {
                    add(key, state.limits().unknown(key, now));
                }
            }
            Action::Reverse { posting, .. } if !none => {
                for key in state.source(*posting).iter().flat_map(|source| &source.transfers).map(|transfer| transfer.credit) {
                    add(key, state.limits().unknown(key, now));
                }
            }
            Action::Post { .. }
            | Action::Reverse { .. }
            | Action::SetLimit { .. }
            | Action::PostPending { .. }
            | Action::VoidPending { .. }
            | Action::Open { .. }
            | Action::SetState { .. } => {}
        }
    }
    unknown
}
