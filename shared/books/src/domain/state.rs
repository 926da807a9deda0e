//! A book in memory: what the next decision needs, and what readers may see while a batch is in flight.
//!
//! Up to two batches are in flight: one is being committed, the next is decided on top of it. The value before its batch is noted for everything
//! a decision changes. Readers get the oldest of those values until that batch's commit is resolved; if it fails they are restored.

use super::{
    Micros,
    account::{AccountState, BookAccount},
    accounts::Accounts,
    event::{Checkpoint, Event, GuardState, Hold, Transfer, seq_of},
    limit::DebitLimits,
    standing::{LoggedStandings, Settling, Standing},
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeSet, VecDeque};
use uuid::Uuid;

/// Why a dirty account must be in memory.
const DIRTY_IS_KEPT: &str = "dirty accounts are never evicted";

/// A book's state: a cache of accounts, guards and holds over the store, and the counters for new numbers.
#[derive(Debug, Default)]
pub struct BookState {
    pub(super) accounts: Accounts,
    pub(super) guards: FxHashMap<String, GuardState>,
    pub(super) holds: FxHashMap<i64, Hold>,
    /// Postings that reversals in this batch refer to.
    pub(super) sources: FxHashMap<Uuid, Event>,
    /// The next event's place in the journal.
    pub(super) next_seq: i64,
    /// The next account's key.
    pub(super) next_key: i64,
    /// Accounts as they were before the batch that is being decided; `None`: they did not exist.
    before: FxHashMap<i64, Option<BookAccount>>,
    /// The same for the batch that is being committed.
    before_sealed: FxHashMap<i64, Option<BookAccount>>,
    /// Guards and holds that a batch in flight changed, with the last event that did: the store does not have them yet, so they must not be
    /// evicted.
    guards_unresolved: FxHashMap<String, i64>,
    holds_unresolved: FxHashMap<i64, i64>,
    /// Dirty accounts, newer here than in the store: key and the first transfer the store lacks, oldest first.
    dirty: VecDeque<(i64, i64)>,
    dirty_keys: FxHashMap<i64, ()>,
    /// States in the store's log that its rows lack.
    behind: LoggedStandings,
    /// Accounts that are written with the batch being committed: until it is resolved the store has older ones.
    flushing: FxHashMap<i64, ()>,
    /// Guards and holds the batch changed.
    pub(super) guards_changed: Vec<String>,
    pub(super) holds_changed: Vec<i64>,
    pub(super) opened: Vec<i64>,
    pub(super) checkpoints: Vec<Checkpoint>,
    /// Debit limits that are in force.
    pub(super) limits: DebitLimits,
    /// Viewers whose debt was ever changed; whether they owe anything now is for their accounts to say.
    pub(super) debtors: FxHashSet<String>,
    /// Open holds that expire, by expiry time; complete below the horizon.
    pub(super) ends: BTreeSet<(Micros, i64)>,
    /// From here on the store may have more of them than `ends`; `None`: it has no more.
    pub(super) ends_horizon: Option<Micros>,
}

impl BookState {
    /// A book whose last event is `last_seq` and whose last account is `last_key`.
    #[must_use]
    pub fn starting_after(last_seq: i64, last_key: i64) -> Self {
        Self { next_seq: last_seq + 1, next_key: last_key + 1, ..Self::default() }
    }

    /// The last event's place in the journal, the batch in flight included; below zero before the book is loaded.
    #[inline]
    #[must_use]
    pub fn last_seq(&self) -> i64 {
        self.next_seq - 1
    }

    /// Whether decisions about this account need no read.
    #[inline]
    #[must_use]
    pub fn knows_account(&self, name: &str) -> bool {
        self.accounts.by_name(name).is_some()
    }

    /// Whether decisions about this account need no read.
    #[inline]
    #[must_use]
    pub fn knows_account_key(&self, key: i64) -> bool {
        self.accounts.get(key).is_some()
    }

    /// Whether decisions about this guard need no read.
    #[inline]
    #[must_use]
    pub fn knows_guard(&self, key: &str) -> bool {
        self.guards.contains_key(key)
    }

    /// Whether decisions about this hold need no read.
    #[inline]
    #[must_use]
    pub fn knows_hold(&self, no: i64) -> bool {
        self.holds.contains_key(&no)
    }

    /// Sets the log's states that rows lack.
    #[must_use]
    pub fn with_behind(self, behind: LoggedStandings) -> Self {
        Self { behind, ..self }
    }

    /// Replaces `before`, which readers may be using.
    pub fn follow(&mut self, before: &Self) {
        self.behind.follow(&before.behind);
    }

    /// The log's states that rows lack.
    #[inline]
    #[must_use]
    pub fn behind(&self) -> &LoggedStandings {
        &self.behind
    }

    /// The rows that commit `commit_no` updates, see [`LoggedStandings::due`].
    #[inline]
    pub fn settling(&mut self, commit_no: i64, max: usize, more: usize) -> Settling {
        self.behind.due(commit_no, max, more)
    }

    /// Notes that a commit which logged and updated these is resolved.
    #[inline]
    pub fn written(&mut self, commit_no: i64, logged: &[Standing], settled: &Settling) {
        self.behind.written(commit_no, logged, settled);
    }

    /// Loads an account's row, read from the store. An account that is here already is newer and stays.
    #[inline]
    pub fn load_account(&mut self, mut account: BookAccount) {
        if self.accounts.get(account.key).is_none() {
            if let Some(standing) = self.behind.get(account.key) {
                standing.apply(&mut account);
            }
            self.accounts.insert(account);
        }
    }

    /// Loads a guard read from the store, or its absence.
    #[inline]
    pub fn load_guard(&mut self, key: String, guard: GuardState) {
        self.guards.entry(key).or_insert(guard);
    }

    /// Loads a hold read from the store.
    #[inline]
    pub fn load_hold(&mut self, hold: Hold) {
        self.holds.entry(hold.no).or_insert(hold);
    }

    /// Loads a posting that a reversal in the coming batch refers to.
    pub fn load_source(&mut self, posting: Event) {
        self.sources.insert(posting.id, posting);
    }

    /// The account as decisions see it, including the batches in flight.
    #[inline]
    #[must_use]
    pub fn account(&self, key: i64) -> Option<&BookAccount> {
        self.accounts.get(key)
    }

    pub(super) fn by_name(&self, name: &str) -> Option<&BookAccount> {
        self.accounts.by_name(name)
    }

    /// The account after the last resolved commit. Outer `None`: not in memory, read the store; inner `None`: it does not exist yet.
    #[inline]
    #[must_use]
    pub fn committed(&self, name: &str) -> Option<Option<&BookAccount>> {
        let account = self.accounts.by_name(name)?;
        let before = self.before_sealed.get(&account.key).or_else(|| self.before.get(&account.key));
        Some(before.map_or(Some(account), Option::as_ref))
    }

    /// The account to change; its value before the batch is noted.
    pub(super) fn touch(&mut self, key: i64) -> &mut BookAccount {
        let account = self.accounts.get_mut(key).expect("decide found it before changing it");
        self.before.entry(key).or_insert_with(|| Some(account.clone()));
        account
    }

    /// Replaces an account by its state after a decision. Its limits' windows are rolled over first, from its state before.
    pub(super) fn change(&mut self, after: BookAccount, now: Micros) {
        if !self.limits.is_empty()
            && let Some(before) = self.accounts.get(after.key)
        {
            self.limits.roll(before, now);
        }
        let key = after.key;
        *self.touch(key) = after;
    }

    /// A posting that a reversal refers to.
    #[inline]
    #[must_use]
    pub fn source(&self, posting: Uuid) -> Option<&Event> {
        self.sources.get(&posting)
    }

    /// The debit limits that are in force.
    #[inline]
    #[must_use]
    pub fn limits(&self) -> &DebitLimits {
        &self.limits
    }

    /// The debit limits, to load window starts that were read.
    #[inline]
    pub fn limits_mut(&mut self) -> &mut DebitLimits {
        &mut self.limits
    }

    /// An account as it was before the batch that is being decided; `None`: it did not exist, or is not in memory.
    #[inline]
    #[must_use]
    pub fn before_batch(&self, key: i64) -> Option<&BookAccount> {
        self.before.get(&key).map_or_else(|| self.accounts.get(key), Option::as_ref)
    }

    /// An account after the last resolved commit, as store and dirty state together have it.
    #[inline]
    #[must_use]
    pub fn resolved(&self, key: i64) -> Option<&BookAccount> {
        self.before_sealed.get(&key).map_or_else(|| self.before_batch(key), Option::as_ref)
    }

    /// The key of an account that is in memory.
    #[inline]
    #[must_use]
    pub fn key_of(&self, name: &str) -> Option<i64> {
        self.accounts.by_name(name).map(|account| account.key)
    }

    pub(super) fn open(&mut self, account: BookAccount) {
        self.before.insert(account.key, None);
        self.opened.push(account.key);
        self.next_key = account.key + 1;
        self.accounts.insert(account);
    }

    pub(super) fn set_guard(&mut self, key: &str, to: GuardState) {
        self.note_debtor(key);
        self.guards.insert(key.to_owned(), to);
        self.guards_unresolved.insert(key.to_owned(), self.next_seq);
        self.guards_changed.push(key.to_owned());
    }

    pub(super) fn set_hold(&mut self, hold: Hold) {
        if let Some(time) = hold.expire_time {
            if hold.resolved_seq == 0 {
                self.ends.insert((time, hold.no));
            } else {
                self.ends.remove(&(time, hold.no));
            }
        }
        self.holds.insert(hold.no, hold);
        self.holds_unresolved.insert(hold.no, self.next_seq);
        self.holds_changed.push(hold.no);
    }

    /// Loads open holds that expire, read from the store by expiry: all of them up to `horizon`, or without one all.
    pub fn load_ends(&mut self, ends: impl IntoIterator<Item = (Micros, i64)>, horizon: Option<Micros>) {
        self.ends.extend(ends);
        self.ends_horizon = horizon;
    }

    /// Up to `max` holds that have expired, the earliest first: expiry time and number.
    #[inline]
    pub fn due(&self, now: Micros, max: usize) -> impl Iterator<Item = (Micros, i64)> {
        self.ends.iter().take_while(move |(time, _)| *time <= now).take(max).copied()
    }

    /// When the next hold expires, or more expiries have to be read from the store.
    #[inline]
    #[must_use]
    pub fn next_end(&self) -> Option<Micros> {
        let first = self.ends.first().map(|(time, _)| *time);
        first.into_iter().chain(self.ends_horizon).min()
    }

    /// Whether the store may have expiries before the first one here.
    #[inline]
    #[must_use]
    pub fn lacks_ends(&self, now: Micros) -> bool {
        self.ends_horizon.is_some_and(|horizon| horizon <= now && self.ends.first().is_none_or(|(time, _)| *time >= horizon))
    }

    /// Removes an expiry whose hold was resolved before it.
    #[inline]
    pub fn forget_end(&mut self, time: Micros, no: i64) {
        self.ends.remove(&(time, no));
    }

    /// A hold as decisions see it.
    #[inline]
    #[must_use]
    pub fn hold(&self, no: i64) -> Option<&Hold> {
        self.holds.get(&no)
    }

    /// Replays one side of a committed transfer onto a loaded account: the last one wins.
    pub fn replay(&mut self, transfer: &Transfer) {
        for (key, counters) in [(transfer.debit, transfer.debit_after), (transfer.credit, transfer.credit_after)] {
            let account = self.accounts.get_mut(key).expect("the loader reads every account of the tail first");
            if account.last_transfer < transfer.no {
                account.counters = counters;
                account.last_transfer = transfer.no;
                account.entries += 1;
                account.seq = account.seq.max(seq_of(transfer.no));
                if self.dirty_keys.insert(key, ()).is_none() {
                    self.dirty.push_back((key, transfer.no));
                }
            }
        }
    }

    /// Marks the accounts that the batch changed as dirty: newer here than in the store, each with the first transfer the store lacks.
    pub fn note_dirty(&mut self, first_transfer: i64) {
        for (key, before) in &self.before {
            if before.is_some() && self.dirty_keys.insert(*key, ()).is_none() {
                self.dirty.push_back((*key, first_transfer));
            }
        }
    }

    /// The number of dirty accounts.
    #[inline]
    #[must_use]
    pub fn dirty_count(&self) -> usize {
        self.dirty.len()
    }

    /// The first transfer that a restart has to replay, if any.
    #[inline]
    #[must_use]
    pub fn oldest_dirty(&self) -> Option<i64> {
        self.dirty.front().map(|(_, transfer)| *transfer)
    }

    /// Takes up to `max` dirty accounts, oldest first, to be logged with the batch. If that fails the book is loaded again.
    pub fn take_dirty(&mut self, max: usize) -> Vec<Standing> {
        let taken: Vec<i64> = self.dirty.drain(..max.min(self.dirty.len())).map(|(key, _)| key).collect();
        taken
            .into_iter()
            .filter_map(|key| {
                self.dirty_keys.remove(&key);
                self.flushing.insert(key, ());
                let account = self.accounts.get(key).expect(DIRTY_IS_KEPT);
                // If its state was set since, its whole row was written already.
                Standing::of(account).filter(|standing| standing.seq() == account.seq)
            })
            .collect()
    }

    /// An account whose row is written with the batch, out of turn.
    #[must_use]
    pub fn snapshot(&self, key: i64) -> BookAccount {
        self.accounts.get(key).expect("a decision of this batch has touched it").clone()
    }

    /// The accounts the batch opened, as they are after it.
    #[must_use]
    pub fn opened_accounts(&self) -> Vec<BookAccount> {
        self.opened.iter().map(|key| self.snapshot(*key)).collect()
    }

    /// Checkpoints that became due in the batch, which is committed at this time.
    #[must_use]
    pub fn take_checkpoints(&mut self, time: Micros) -> Vec<Checkpoint> {
        let mut due = std::mem::take(&mut self.checkpoints);
        due.iter_mut().for_each(|checkpoint| checkpoint.time = time);
        due
    }

    /// Guards the batch changed, each once, as they are after the batch.
    #[must_use]
    pub fn changed_guards(&mut self) -> Vec<(String, GuardState)> {
        self.guards_changed.sort_unstable();
        self.guards_changed.dedup();
        self.guards_changed.iter().map(|key| (key.clone(), self.guards[key])).collect()
    }

    /// Holds the batch made or resolved, each once, as they are after the batch.
    #[must_use]
    pub fn changed_holds(&mut self) -> Vec<Hold> {
        self.holds_changed.sort_unstable();
        self.holds_changed.dedup();
        self.holds_changed.iter().map(|no| self.holds[no]).collect()
    }

    /// Ends deciding the batch, which is now committed; further decisions belong to the next.
    pub fn seal(&mut self) {
        assert!(self.before_sealed.is_empty(), "a batch is sent only after the one before it is resolved");
        self.before_sealed = std::mem::take(&mut self.before);
        self.guards_changed.clear();
        self.holds_changed.clear();
        self.opened.clear();
    }

    /// Drops what only decisions of this batch needed.
    #[inline]
    pub fn forget_sources(&mut self) {
        self.limits.forget_known();
        self.sources.clear();
    }

    /// The sealed batch, whose last event this is, was committed: readers see it.
    pub fn publish(&mut self, last_seq: i64) {
        self.before_sealed.clear();
        self.flushing.clear();
        if !self.guards_unresolved.is_empty() {
            self.guards_unresolved.retain(|_, seq| *seq > last_seq);
        }
        if !self.holds.is_empty() {
            self.holds_unresolved.retain(|_, seq| *seq > last_seq);
            let unresolved = &self.holds_unresolved;
            self.holds.retain(|no, hold| hold.resolved_seq == 0 || unresolved.contains_key(no));
        }
    }

    /// The commit failed: readers keep the values from before it and from before the batch on top of it. The book must be loaded again for
    /// decisions.
    pub fn restore(&mut self) {
        self.checkpoints.clear();
        // The younger batch first: its values from before are the older one's values after.
        let before = std::mem::take(&mut self.before);
        self.put_back(before);
        let before = std::mem::take(&mut self.before_sealed);
        self.put_back(before);
    }

    fn put_back(&mut self, before: FxHashMap<i64, Option<BookAccount>>) {
        for (key, before) in before {
            match before {
                Some(account) => self.accounts.insert(account),
                None => self.accounts.remove(key),
            }
        }
    }

    /// Evicts clean accounts until at most `max` remain, and guards and holds beyond a quarter of that. What a batch in flight changed stays.
    /// Must not run between loading for a request and its decision.
    pub fn evict(&mut self, max: usize) {
        if self.accounts.len() > max {
            // Keeps dirty accounts; evicts the least recently touched of the others.
            let mut seqs: Vec<i64> = self.accounts.values().map(|account| account.seq).collect();
            let keep = (max / 4 * 3).max(1);
            let at = seqs.len() - keep;
            let (_, bound, _) = seqs.select_nth_unstable(at);
            let bound = *bound;
            let (dirty, flushing, deciding, sealed) = (&self.dirty_keys, &self.flushing, &self.before, &self.before_sealed);
            self.accounts.retain(|account| {
                let key = &account.key;
                let under_way = deciding.contains_key(key) || sealed.contains_key(key) || flushing.contains_key(key);
                account.seq >= bound || dirty.contains_key(key) || under_way
            });
        }
        if self.guards.len() > max / 4 {
            let unresolved = &self.guards_unresolved;
            self.guards.retain(|key, _| unresolved.contains_key(key));
        }
        if self.holds.len() > max / 4 {
            let unresolved = &self.holds_unresolved;
            self.holds.retain(|no, _| unresolved.contains_key(no));
        }
    }

    /// Refuses if an account is frozen or closed; frozen takes precedence.
    pub(super) fn may_move(accounts: &[BookAccount]) -> Result<(), super::refusal::Refusal> {
        use super::refusal::Refusal;
        let named = |state| accounts.iter().find(|account| account.state == state).map(|account| account.name.clone());
        if accounts.iter().all(|account| account.state == AccountState::Open) {
            return Ok(());
        }
        if let Some(account) = named(AccountState::Frozen) {
            return Err(Refusal::AccountFrozen { account });
        }
        named(AccountState::Closed).map_or(Ok(()), |account| Err(Refusal::AccountClosed { account }))
    }
}
