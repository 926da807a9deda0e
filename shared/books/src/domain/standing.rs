//! Where accounts stand that their rows lack. What is written behind goes to a log first, in the order in which it comes, and to the accounts'
//! rows later, in the order of their keys: so rows that lie together are written together, and an account that moves often is written once.

use super::{
    account::{BookAccount, Counters},
    event::seq_of,
};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, VecDeque};

/// The fewest rows a commit brings up to date once that is due.
const SETTLED_MIN: usize = 64;

/// How many times as many standings as accounts the log may hold: those of accounts that moved since, and of rows that were written since.
const STALE_FACTOR: usize = 4;

/// How many times that rows were brought up to date are remembered: a read takes fewer commits.
const LATELY_MAX: usize = 64;

/// What changes of an account when money moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The account's.
    pub key: i64,
    /// Debits and credits.
    pub counters: Counters,
    /// Number of the last transfer that touched it, which it always has one of.
    pub last_transfer: i64,
    /// How many transfers touched it.
    pub entries: i64,
}

impl Standing {
    /// Where the last transfer left an account; `None` before its first.
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

    /// Brings an account up to it, unless the account is as new.
    #[inline]
    pub fn apply(&self, account: &mut BookAccount) {
        if self.seq() > account.seq {
            (account.counters, account.last_transfer, account.entries) = (self.counters, self.last_transfer, self.entries);
            account.seq = self.seq();
        }
    }
}

/// Rows that a commit brings up to date.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settling {
    /// By key.
    pub standings: Vec<Standing>,
    /// Log rows of commits before this one say nothing any more that is not in rows or in younger ones.
    pub log_from: Option<i64>,
}

/// What the log has that rows lack, as the last resolved commit left both.
#[derive(Debug, Default)]
pub struct LoggedStandings {
    standings: BTreeMap<i64, Standing>,
    /// How many each log row has, by its commit, and all have.
    rows: VecDeque<(i64, usize)>,
    logged: usize,
    /// A walk through all accounts of the log.
    sweep: Option<Sweep>,
    /// Grows whenever rows were brought up to date.
    settled: u64,
    /// The latest times, and the lowest and highest key of each.
    lately: VecDeque<(u64, i64, i64)>,
}

#[derive(Debug, Clone, Copy)]
struct Sweep {
    /// The commit it began with.
    since: i64,
    /// The lowest key it has not come to.
    next: i64,
}

/// The log as it is read, oldest row first.
#[derive(Debug, Default)]
pub struct StandingsLog {
    /// Unordered while it grows: of what is there many times only the newest remains to be put in order.
    newest: FxHashMap<i64, Standing>,
    rows: VecDeque<(i64, usize)>,
}

impl Extend<(i64, Vec<Standing>)> for StandingsLog {
    /// Rows: the commit that wrote each, and what it says.
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
    /// What the account's row may lack.
    #[inline]
    #[must_use]
    pub fn get(&self, key: i64) -> Option<&Standing> {
        self.standings.get(&key)
    }

    /// All of it, by key.
    pub fn standings(&self) -> impl Iterator<Item = &Standing> {
        self.standings.values()
    }

    /// Changes whenever something is in the rows that was here before: whoever read a row before it has to read it again.
    #[inline]
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.settled
    }

    /// Whether the account's row may have been brought up to date since that was [`Self::settled`].
    #[inline]
    #[must_use]
    pub fn settled_since(&self, settled: u64, key: i64) -> bool {
        let remembered = self.lately.front().map_or(self.settled, |(first, ..)| first - 1);
        settled < remembered
            || self.lately.iter().rev().take_while(|(at, ..)| *at > settled).any(|(_, lowest, highest)| (*lowest..=*highest).contains(&key))
    }

    /// It was read anew, after others may have written.
    pub(super) fn follow(&mut self, before: &Self) {
        self.settled = before.settled + 1;
        self.lately.clear();
    }

    /// How many accounts it has, and how many standings the log holds.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.standings.len(), self.logged)
    }

    /// What commit `commit_no` brings up to date that logs `more` standings: nothing while at most `max` accounts are behind and the log is short.
    /// The walk stays ahead of what the log gets, so neither grows for ever.
    pub fn due(&mut self, commit_no: i64, max: usize, more: usize) -> Settling {
        if self.standings.len() <= max && self.logged <= max.saturating_mul(STALE_FACTOR) {
            return Settling::default();
        }
        let Sweep { since, next } = self.sweep.unwrap_or(Sweep { since: commit_no, next: i64::MIN });
        let count = SETTLED_MIN + more;
        let standings: Vec<Standing> = self.standings.range(next..).take(count).map(|(_, standing)| *standing).collect();
        let last = standings.last().filter(|_| standings.len() == count).map(|last| last.key);
        self.sweep = last.map(|key| Sweep { since, next: key + 1 });
        // Whatever was logged before the walk began is in rows now, or was logged again.
        Settling { standings, log_from: last.is_none().then_some(since) }
    }

    /// A commit that did this is resolved.
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
