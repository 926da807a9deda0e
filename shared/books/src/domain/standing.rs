//! States of accounts that are newer than their rows. Writing behind goes to a log first, in commit order, and to the accounts' rows later, in key
//! order: so neighbouring rows are written together, and an account that moves often is written once.

use super::{
    account::{BookAccount, Counters},
    event::seq_of,
};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, VecDeque};

/// The fewest rows a commit updates once that is due.
const SETTLED_MIN: usize = 64;

/// How many times as many standings as accounts the log may have: outdated ones, of accounts that moved since or whose rows were written since.
const STALE_FACTOR: usize = 4;

/// How many updates of rows are remembered: a read takes fewer commits.
const LATELY_MAX: usize = 64;

/// The part of an account that changes when money moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The account's key.
    pub key: i64,
    /// Debits and credits.
    pub counters: Counters,
    /// Number of the last transfer that touched it; there always is one.
    pub last_transfer: i64,
    /// How many transfers touched it.
    pub entries: i64,
}

impl Standing {
    /// An account's standing; `None` before its first transfer.
    #[inline]
    #[must_use]
    pub fn of(account: &BookAccount) -> Option<Self> {
        let BookAccount { key, counters, last_transfer, entries, .. } = *account;
        (last_transfer > 0).then_some(Self { key, counters, last_transfer, entries })
    }

    /// The event of its last transfer.
    #[inline]
    #[must_use]
    pub fn seq(&self) -> i64 {
        seq_of(self.last_transfer)
    }

    /// Updates an account to it, unless the account is as recent.
    #[inline]
    pub fn apply(&self, account: &mut BookAccount) {
        if self.seq() > account.seq {
            (account.counters, account.last_transfer, account.entries) = (self.counters, self.last_transfer, self.entries);
            account.seq = self.seq();
        }
    }
}

/// Rows that a commit updates to their logged state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settling {
    /// The new states, by key.
    pub standings: Vec<Standing>,
    /// Log rows of commits before this one are outdated by rows or later log rows, and can be deleted.
    pub log_from: Option<i64>,
}

/// What the log has that rows lack, as the last resolved commit left both.
#[derive(Debug, Default)]
pub struct LoggedStandings {
    standings: BTreeMap<i64, Standing>,
    /// The number of standings of each log row, by its commit, and of all.
    rows: VecDeque<(i64, usize)>,
    logged: usize,
    /// A pass over all accounts of the log.
    sweep: Option<Sweep>,
    /// Raised with every update of rows.
    settled: u64,
    /// The latest updates, with the lowest and highest key of each.
    lately: VecDeque<(u64, i64, i64)>,
}

#[derive(Debug, Clone, Copy)]
struct Sweep {
    /// The commit it began with.
    since: i64,
    /// The lowest key still to do.
    next: i64,
}

/// The log as it is read, oldest row first.
#[derive(Debug, Default)]
pub struct StandingsLog {
    /// Unordered while it grows: only the newest state of each account has to be sorted in the end.
    newest: FxHashMap<i64, Standing>,
    rows: VecDeque<(i64, usize)>,
}

impl Extend<(i64, Vec<Standing>)> for StandingsLog {
    /// Takes rows: the commit that wrote each, and its standings.
    fn extend<T: IntoIterator<Item = (i64, Vec<Standing>)>>(&mut self, log: T) {
        for (commit_no, standings) in log {
            self.rows.push_back((commit_no, standings.len()));
            self.newest.extend(standings.into_iter().map(|standing| (standing.key, standing)));
        }
    }
}

impl From<StandingsLog> for LoggedStandings {
    fn from(StandingsLog { newest, rows }: StandingsLog) -> Self {
        let logged = rows.iter().map(|(_, count)| count).sum();
        Self { standings: newest.into_iter().collect(), rows, logged, ..Self::default() }
    }
}

impl LoggedStandings {
    /// The account's state, which its row may lack.
    #[inline]
    #[must_use]
    pub fn get(&self, key: i64) -> Option<&Standing> {
        self.standings.get(&key)
    }

    /// All states, by key.
    pub fn standings(&self) -> impl Iterator<Item = &Standing> {
        self.standings.values()
    }

    /// Changes whenever states moved from here to the rows: a row that was read before has to be read again.
    #[inline]
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.settled
    }

    /// Whether the account's row may have been updated since [`Self::settled`] had that value.
    #[inline]
    #[must_use]
    pub fn settled_since(&self, settled: u64, key: i64) -> bool {
        let remembered = self.lately.front().map_or(self.settled, |(first, ..)| first - 1);
        settled < remembered
            || self.lately.iter().rev().take_while(|(at, ..)| *at > settled).any(|(_, lowest, highest)| (*lowest..=*highest).contains(&key))
    }

    /// Continues after `before` when the log was read again, since others may have written.
    pub(super) fn follow(&mut self, before: &Self) {
        self.settled = before.settled + 1;
        self.lately.clear();
    }

    /// The number of accounts, and of standings in the log.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.standings.len(), self.logged)
    }

    /// The rows that commit `commit_no` updates if it logs `more` standings: none while at most `max` accounts are behind and the log is short. A
    /// pass advances faster than the log grows, so neither grows for ever.
    pub fn due(&mut self, commit_no: i64, max: usize, more: usize) -> Settling {
        if self.standings.len() <= max && self.logged <= max.saturating_mul(STALE_FACTOR) {
            return Settling::default();
        }
        let Sweep { since, next } = self.sweep.unwrap_or(Sweep { since: commit_no, next: i64::MIN });
        let count = SETTLED_MIN + more;
        let standings: Vec<Standing> = self.standings.range(next..).take(count).map(|(_, standing)| *standing).collect();
        let last = standings.last().filter(|_| standings.len() == count).map(|last| last.key);
        self.sweep = last.map(|key| Sweep { since, next: key + 1 });
        // What was logged before the pass began is in rows by now, or was logged again.
        Settling { standings, log_from: last.is_none().then_some(since) }
    }

    /// Notes that a commit with these is resolved.
    pub fn written(&mut self, commit_no: i64, logged: &[Standing], settled: &Settling) {
        for standing in &settled.standings {
            if self.standings.get(&standing.key) == Some(standing) {
                self.standings.remove(&standing.key);
            }
        }
        if let (Some(first), Some(last)) = (settled.standings.first(), settled.standings.last()) {
            self.settled += 1;
            self.lately.push_back((self.settled, first.key, last.key));
            if self.lately.len() > LATELY_MAX {
                self.lately.pop_front();
            }
        }
        if !logged.is_empty() {
            self.rows.push_back((commit_no, logged.len()));
            self.logged += logged.len();
            self.standings.extend(logged.iter().map(|standing| (standing.key, *standing)));
        }
        let from = settled.log_from.unwrap_or(i64::MIN);
        while let Some((_, count)) = self.rows.front().filter(|(commit_no, _)| *commit_no < from) {
            self.logged -= count;
            self.rows.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
