//! Loads a book from the store: the last commit, the account changes that rows lack, and the ids answered lately.

use super::{LoadedBook, Micros, recent_ids::RecentIds};
use crate::{
    config::Config,
    domain::{
        chart::GuardFamily,
        event::{seq_of, transfer_no},
        state::BookState,
    },
    store::{self, Book, Commit, Error, Store},
};
use uuid::Uuid;

/// Transfers of one read.
const PAGE: i64 = 10_000;

/// Milliseconds of ids that are read when a book is loaded; older ones are looked up on demand.
const IDS_MS: u64 = 120_000;

/// The commit before a book's first.
pub(super) const GENESIS: Commit =
    Commit { commit_no: 0, epoch: 0, last_seq: 0, last_key: 0, time: 0, format: crate::codec::FORMAT, hash: [0; 32], replay_from: 0 };

pub(super) async fn load(store: &dyn Store, book: &Book, config: &Config, now: Micros) -> Result<(LoadedBook, BookState), Error> {
    let head = store.head(book.key).await?.unwrap_or(GENESIS);
    let state = BookState::starting_after(head.last_seq, head.last_key);
    let mut state = state.with_behind(store::read_log(store, book.key).await?);
    replay_tail(store, book.key, &head, &mut state).await?;
    let ids = load_ids(store, book.key, config, now).await?;
    let (ends, horizon) = super::expiry::load(store, book.key).await?;
    state.load_ends(ends, horizon);
    load_debtors(store, book.key, &mut state).await?;
    *state.limits_mut() = super::limits::load(store, book.key, now).await?;
    // Replays are answered from what is read here, and an answer is a promise: it has to be safely stored first.
    store.settle().await?;
    let epoch = head.epoch + 1;
    Ok((LoadedBook { head, epoch, ids, decided: 0 }, state))
}

/// Who ever owed coins: few, and found by the guards that count the changes of their debts.
async fn load_debtors(store: &dyn Store, book: i64, state: &mut BookState) -> Result<(), Error> {
    // Without the slash, which some collations ignore: what follows it is in order all the same.
    let stem = GuardFamily::Debt.prefix().trim_end_matches('/');
    let mut after = stem.to_owned();
    loop {
        let page = store.guards_after(book, &after, PAGE).await?;
        let ours = page.iter().take_while(|(key, _)| key.starts_with(stem)).count();
        page.iter().take(ours).for_each(|(key, _)| state.note_debtor(key));
        match page.last() {
            Some((last, _)) if ours == page.len() => after.clone_from(last),
            _ => return Ok(()),
        }
    }
}

async fn replay_tail(store: &dyn Store, book: i64, head: &Commit, state: &mut BookState) -> Result<(), Error> {
    let end = transfer_no(head.last_seq + 1, 0);
    let mut from = head.replay_from;
    while from < end {
        let page = store.transfers(book, from, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        from = last.no + 1;
        let mut keys: Vec<i64> = page.iter().flat_map(|transfer| [transfer.debit, transfer.credit]).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.retain(|key| !state.knows_account_key(*key));
        let missing = keys.len();
        let accounts = store.accounts_by_key(book, &keys).await?;
        if accounts.len() != missing {
            let seq = seq_of(page[0].no);
            return Err(Error::Damaged(format!("transfers after event {seq} name accounts that have no row")));
        }
        for account in accounts {
            state.load_account(account);
        }
        for transfer in page.iter().filter(|transfer| transfer.no < end) {
            state.replay(transfer);
        }
    }
    Ok(())
}

async fn load_ids(store: &dyn Store, book: i64, config: &Config, now: Micros) -> Result<RecentIds, Error> {
    let now_ms = u64::try_from(now / 1000).expect("the clock is past 1970");
    let floor_ms = now_ms.saturating_sub(IDS_MS);
    // The lowest id with that time: derived ids begin with their milliseconds.
    let from = Uuid::from_u128(u128::from(floor_ms) << 80);
    let limit = config.ids_max / 2;
    let loaded = store.ids_from(book, from, i64::try_from(limit).expect("a number of ids that fit into memory")).await?;
    let complete = loaded.len() < limit;
    Ok(RecentIds::new(loaded, floor_ms, complete, config.ids_max))
}
