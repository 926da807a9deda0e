//! Follows a book as it is written: every commit is chained on, every transfer follows the one before it, sums match those of the rows.
//!
//! Made to run beside a live book for as long as the process does: each step is bounded, and so is memory. An account takes two bytes, for its line of
//! the trial balance; states are kept of accounts that moved lately, and read for some of the others. So chain and sums are checked for everything, the
//! arithmetic for nearly all busy accounts and a part of the rest; [`super::verify`] checks it for everything.

use super::{BookProblem, VerifyFault, bad, beginning, chain::ChainedEvents, not_to_itself};
use crate::{
    domain::{
        account::{BookAccount, Counters, Side},
        chart::{self, Unit},
        event::{Body, Event, Transfer, TransferKind, seq_of},
    },
    read::{self, TrialBalanceLine},
    store::{Book, Commit, Error, Store},
};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Commits of one read.
const COMMITS: i64 = 256;
/// Accounts whose states are kept: at most twice as many, some 60 bytes each.
const RECENT_MAX: usize = 100_000;
/// How many of the other accounts are read in a step.
const LOOKUPS_MAX: usize = 200;

/// An account's state after a transfer.
#[derive(Debug, Clone, Copy)]
struct AccountStand {
    counters: Counters,
    last: i64,
}

/// States of accounts that moved lately, in two generations.
#[derive(Default)]
struct RecentStands {
    young: FxHashMap<i64, AccountStand>,
    old: FxHashMap<i64, AccountStand>,
}

impl RecentStands {
    fn get(&self, key: i64) -> Option<AccountStand> {
        self.young.get(&key).or_else(|| self.old.get(&key)).copied()
    }

    fn put(&mut self, key: i64, stand: AccountStand) {
        self.young.insert(key, stand);
        if self.young.len() >= RECENT_MAX {
            self.old = std::mem::take(&mut self.young);
        }
    }
}

/// A book, checked up to some commit.
pub struct Follower {
    book: Book,
    at: Commit,
    /// Lines of the trial balance, and the line of each account, by its key.
    lines: Vec<((Unit, String), TrialBalanceLine)>,
    places: FxHashMap<String, u16>,
    of_account: Vec<u16>,
    /// Amounts of open holds by number.
    holds: FxHashMap<i64, i64>,
    recent: RecentStands,
    /// Transfers whose account was not among `recent`, looked up before the next step.
    lookups: Vec<(i64, i64, Side, Transfer)>,
    /// The account after which the next rows are compared.
    rows_after: i64,
    /// An impossible event. The journal never changes, so the problem stays.
    broken: Option<BookProblem>,
}

impl Follower {
    /// Starts at the beginning of the book.
    #[must_use]
    pub fn new(book: Book) -> Self {
        Self {
            book,
            at: beginning(),
            lines: Vec::new(),
            places: FxHashMap::default(),
            // Keys begin with 1.
            of_account: vec![u16::MAX],
            holds: FxHashMap::default(),
            recent: RecentStands::default(),
            lookups: Vec::new(),
            rows_after: 0,
            broken: None,
        }
    }

    /// The book.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// The last event that was checked.
    #[must_use]
    pub fn last_seq(&self) -> i64 {
        self.at.last_seq
    }

    /// The commit time of that event, in microseconds since the Unix epoch; 0 at the beginning.
    #[must_use]
    pub fn time(&self) -> i64 {
        self.at.time
    }

    /// The number of accounts.
    #[must_use]
    pub fn accounts(&self) -> usize {
        self.of_account.len() - 1
    }

    /// The trial balance that follows from the journal so far.
    #[must_use]
    pub fn trial_balance(&self) -> BTreeMap<(Unit, String), TrialBalanceLine> {
        self.lines.iter().cloned().collect()
    }

    /// Checks about `events_max` further events, in whole commits, and passes each to `each`. Returns how many are left. After a problem it stops
    /// there, and reports it each time.
    pub async fn step(&mut self, store: &dyn Store, events_max: i64, each: &mut (dyn FnMut(&Event) + Send)) -> Result<FollowStep, Error> {
        if let Some(problem) = &self.broken {
            return Ok(FollowStep { behind: 0, problem: Some(problem.clone()) });
        }
        let end = match store.head(self.book.key).await? {
            Some(head) => head.last_seq,
            None => 0,
        };
        let until = end.min(self.at.last_seq.saturating_add(events_max));
        let found = self.go(store, until, each).await;
        let found = match found {
            Ok(()) => self.look_up(store).await,
            bad => bad,
        };
        let problem = told(found)?;
        Ok(FollowStep { behind: (end - self.at.last_seq).max(0), problem })
    }

    /// Compares the sums with those of every account's row and log, read in one snapshot. Takes memory for every account.
    pub async fn compare_sums(&mut self, store: &dyn Store, each: &mut (dyn FnMut(&Event) + Send)) -> Result<Option<BookProblem>, Error> {
        let (lines, last_seq) = match read::trial_balance(store, self.book.key).await {
            Ok(balance) => balance,
            Err(Error::Damaged(what)) => return Ok(Some(BookProblem { seq: 0, what })),
            Err(error) => return Err(error),
        };
        if let Some(problem) = told(self.go(store, last_seq, each).await)? {
            return Ok(Some(problem));
        }
        let ours = self.trial_balance();
        if self.at.last_seq != last_seq || ours == lines {
            return Ok(None);
        }
        let differs = |key: &&(Unit, String)| ours.get(key) != lines.get(key);
        let wrong = ours.keys().chain(lines.keys()).find(differs);
        let what =
            wrong.map_or_else(String::new, |(unit, group)| format!("accounts {group} in {unit} do not sum up to what the journal says"));
        Ok(Some(BookProblem { seq: last_seq, what }))
    }

    /// Compares the rows of the next accounts, starting over at the end.
    pub async fn compare_rows(&mut self, store: &dyn Store, limit: i64) -> Result<Option<BookProblem>, Error> {
        let rows = store.accounts_after(self.book.key, self.rows_after, limit).await?;
        for row in rows.iter().filter(|row| row.seq <= self.at.last_seq) {
            // A problem is found again the next time: these rows are compared again.
            if let Some(problem) = told(self.row(store, row).await)? {
                return Ok(Some(problem));
            }
        }
        let more = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
        self.rows_after = rows.last().filter(|_| more).map_or(0, |row| row.key);
        Ok(None)
    }

    async fn row(&self, store: &dyn Store, row: &BookAccount) -> Result<(), VerifyFault> {
        let place = usize::try_from(row.key).ok().and_then(|key| self.of_account.get(key)).copied().filter(|place| *place != u16::MAX);
        let Some(place) = place else {
            return bad(row.seq, format!("the row of account {} is of an account that was never opened", row.name));
        };
        let (unit, group) = &self.lines[usize::from(place)].0;
        if (*unit, group) != (row.unit, &chart::group(&row.name)) {
            return bad(row.seq, format!("the row of account {} has another name or unit than was opened", row.name));
        }
        let stands = match row.last_transfer {
            0 => Some(Counters::default()),
            no => after(store, self.book.key, row.key, no).await?,
        };
        if stands == Some(row.counters) {
            Ok(())
        } else {
            bad(row.seq, format!("the row of account {} is not what this event left", row.name))
        }
    }

    async fn go(&mut self, store: &dyn Store, until: i64, each: &mut (dyn FnMut(&Event) + Send)) -> Result<(), VerifyFault> {
        // Commits checked before must not have changed.
        if self.at.commit_no > 0 {
            let there = store.commits(self.book.key, self.at.commit_no, 1).await?.into_iter().next();
            let same = |there: &Commit| (there.commit_no, there.hash) == (self.at.commit_no, self.at.hash);
            if !there.as_ref().is_some_and(same) {
                let no = self.at.commit_no;
                return bad(
                    self.at.last_seq,
                    format!("commit {no} is not the one that was there before: the journal was rewritten or restored"),
                );
            }
        }
        while self.at.last_seq < until {
            let from = self.at.commit_no + 1;
            let commits = store.commits(self.book.key, from, COMMITS).await?;
            if commits.is_empty() {
                return bad(self.at.last_seq + 1, format!("commit {from} is missing"));
            }
            for commit in commits {
                if commit.commit_no != self.at.commit_no + 1 {
                    return bad(self.at.last_seq + 1, format!("commit {} is missing", self.at.commit_no + 1));
                }
                if commit.time < self.at.time {
                    return bad(self.at.last_seq + 1, format!("commit {} is older than the one before it", commit.commit_no));
                }
                self.commit(store, commit, each).await?;
                if self.at.last_seq >= until {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Accepts a commit once it is complete and chained on.
    async fn commit(&mut self, store: &dyn Store, commit: Commit, each: &mut (dyn FnMut(&Event) + Send)) -> Result<(), VerifyFault> {
        let book = self.book.clone();
        let mut events = ChainedEvents::new(store, &book, self.at.last_seq, &commit);
        let mut all = Vec::new();
        loop {
            let page = events.page().await?;
            if page.is_empty() {
                break;
            }
            all.extend(page.into_iter().map(|stored| stored.event));
        }
        events.close(&self.at.hash)?;
        for event in &all {
            if let Err(what) = self.event(event) {
                // Sums and holds include a part of the commit by now.
                self.broken = Some(BookProblem { seq: event.seq, what: what.clone() });
                return bad(event.seq, what);
            }
            each(event);
        }
        self.at = commit;
        Ok(())
    }

    fn event(&mut self, event: &Event) -> Result<(), String> {
        if let Body::AccountOpened { key, name } = &event.body {
            return self.opened(*key, name);
        }
        event.transfers.iter().try_for_each(|transfer| self.transfer(transfer))
    }

    fn opened(&mut self, key: i64, name: &str) -> Result<(), String> {
        let form = chart::form(name).ok_or("it opens an account outside the chart")?;
        let group = chart::group(name);
        let place = match self.places.get(&group) {
            Some(place) => *place,
            None => {
                let place = u16::try_from(self.lines.len())
                    .ok()
                    .filter(|place| *place != u16::MAX)
                    .ok_or("there are too many kinds of accounts")?;
                self.lines.push(((form.unit, group.clone()), TrialBalanceLine::default()));
                self.places.insert(group, place);
                place
            }
        };
        // The writer numbers accounts consecutively.
        if usize::try_from(key) != Ok(self.of_account.len()) {
            return Err(format!("it opens account {key}, and {} is next", self.of_account.len()));
        }
        self.of_account.push(place);
        self.lines[usize::from(place)].1.count += 1;
        Ok(())
    }

    fn transfer(&mut self, transfer: &Transfer) -> Result<(), String> {
        let (posted, pending) = self.moves(transfer)?;
        let place = |key: i64| {
            let place = usize::try_from(key).ok().and_then(|key| self.of_account.get(key)).copied().filter(|place| *place != u16::MAX);
            place.map(usize::from).ok_or("it names an account that was never opened")
        };
        let (debit, credit) = (place(transfer.debit)?, place(transfer.credit)?);
        if self.lines[debit].0.0 != self.lines[credit].0.0 {
            return Err("it mixes units".to_owned());
        }
        not_to_itself(transfer)?;
        let line = &mut self.lines[debit].1;
        line.debits_posted += i128::from(posted);
        line.debits_pending += i128::from(pending);
        let line = &mut self.lines[credit].1;
        line.credits_posted += i128::from(posted);
        line.credits_pending += i128::from(pending);
        let sides = [
            (transfer.debit, Side::Debit, transfer.debit_after, transfer.debit_prev),
            (transfer.credit, Side::Credit, transfer.credit_after, transfer.credit_prev),
        ];
        for (key, side, counters, previous) in sides {
            match self.recent.get(key).or_else(|| (previous == 0).then_some(AccountStand { counters: Counters::default(), last: 0 })) {
                Some(before) if before.last != previous => {
                    return Err(format!("transfer {} does not name the one before it of account {key}", transfer.no));
                }
                Some(before) if before.counters.moved(side, posted, pending) != Some(counters) => {
                    return Err(format!("after transfer {} the counters of account {key} do not follow from those before", transfer.no));
                }
                None if self.lookups.len() < LOOKUPS_MAX => self.lookups.push((posted, pending, side, transfer.clone())),
                Some(_) | None => {}
            }
            self.recent.put(key, AccountStand { counters, last: transfer.no });
        }
        Ok(())
    }

    /// What a transfer adds to the posted and to the pending counters.
    fn moves(&mut self, transfer: &Transfer) -> Result<(i64, i64), String> {
        let Transfer { no, amount, kind, pending_no, .. } = *transfer;
        if amount < 1 {
            return Err(format!("transfer {no} moves {amount}"));
        }
        let mut released = || {
            let held = self.holds.remove(&pending_no).ok_or("it resolves a hold that is not open")?;
            if amount > held { Err(format!("it takes {amount} out of hold {pending_no}, which has {held}")) } else { Ok(held) }
        };
        Ok(match kind {
            TransferKind::Posted => (amount, 0),
            TransferKind::Pending => {
                self.holds.insert(no, amount);
                (0, amount)
            }
            TransferKind::PostOfPending => (amount, -released()?),
            TransferKind::VoidOfPending | TransferKind::ExpiryOfPending => (0, -released()?),
        })
    }

    /// Checks the transfers whose accounts were not kept against the accounts' previous transfers.
    async fn look_up(&mut self, store: &dyn Store) -> Result<(), VerifyFault> {
        for (posted, pending, side, transfer) in std::mem::take(&mut self.lookups) {
            let (key, previous, counters) = match side {
                Side::Debit => (transfer.debit, transfer.debit_prev, transfer.debit_after),
                Side::Credit => (transfer.credit, transfer.credit_prev, transfer.credit_after),
            };
            let before = after(store, self.book.key, key, previous).await?;
            if before.and_then(|before| before.moved(side, posted, pending)) != Some(counters) {
                let what = format!("after transfer {} the counters of account {key} do not follow from those before", transfer.no);
                self.broken = Some(BookProblem { seq: seq_of(transfer.no), what: what.clone() });
                return bad(seq_of(transfer.no), what);
            }
        }
        Ok(())
    }
}

/// The result of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowStep {
    /// Events that are still to be checked.
    pub behind: i64,
    /// What is wrong, if anything.
    pub problem: Option<BookProblem>,
}

/// An account's counters after a transfer.
async fn after(store: &dyn Store, book: i64, account: i64, no: i64) -> Result<Option<Counters>, VerifyFault> {
    let there = store.transfers(book, no, 1).await?.into_iter().next().filter(|transfer| transfer.no == no);
    Ok(there.and_then(|transfer| {
        if transfer.credit == account { Some(transfer.credit_after) } else { (transfer.debit == account).then_some(transfer.debit_after) }
    }))
}

fn told(found: Result<(), VerifyFault>) -> Result<Option<BookProblem>, Error> {
    match found {
        Ok(()) => Ok(None),
        Err(VerifyFault::Bad(problem)) => Ok(Some(problem)),
        Err(VerifyFault::Store(Error::Damaged(what))) => Ok(Some(BookProblem { seq: 0, what })),
        Err(VerifyFault::Store(error)) => Err(error),
    }
}
