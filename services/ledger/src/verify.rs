//! Is the book what its journal says? Reads the store in pages and names the first bad event.

use crate::{
    codec,
    domain::{
        account::{Account, Counters, Side},
        chart,
        event::{Body, Event, GuardState, Hold, Transfer, TransferKind, transfer_no},
    },
    store::{Book, Commit, Error, Store, StoredEvent},
};
use std::collections::HashMap;

/// Events, commits or accounts of one read.
const PAGE: i64 = 2_000;

/// What a check of a book found.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// Name of the book.
    pub book: String,
    /// Events that were checked.
    pub events: i64,
    /// Transfers that were checked.
    pub transfers: i64,
    /// The chain's head: number and hash, in hexadecimal.
    pub head_commit_no: i64,
    /// See above.
    pub head_hash: String,
    /// `None`: every check held.
    pub problem: Option<Problem>,
}

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// Place of the bad event in the journal.
    pub seq: i64,
    /// What is wrong with it.
    pub what: String,
}

fn bad<T>(seq: i64, what: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Bad(Problem { seq, what: what.into() }))
}

enum Fault {
    Bad(Problem),
    Store(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

/// Checks a book up to the last commit there is when it starts. Only a store that can't be read is an error.
pub async fn verify(store: &dyn Store, book: &Book) -> Result<Report, Error> {
    let mut check = Check { store, book, report: Report { book: book.name.clone(), ..Report::default() }, replayed: Replayed::default() };
    match check.run().await {
        Ok(()) => {}
        Err(Fault::Bad(problem)) => check.report.problem = Some(problem),
        Err(Fault::Store(error)) => return Err(error),
    }
    Ok(check.report)
}

struct Check<'a> {
    store: &'a dyn Store,
    book: &'a Book,
    report: Report,
    replayed: Replayed,
}

impl Check<'_> {
    async fn run(&mut self) -> Result<(), Fault> {
        let Some(head) = self.store.head(self.book.key).await? else { return Ok(()) };
        self.load_rows().await?;
        let (mut previous, mut from) = ([0; 32], 1);
        let mut last_seq = 0;
        while from <= head.commit_no {
            let commits = self.store.commits(self.book.key, from, PAGE.min(head.commit_no - from + 1)).await?;
            for commit in &commits {
                if commit.commit_no != from {
                    return bad(last_seq + 1, format!("commit {from} is missing"));
                }
                self.commit(&previous, last_seq, commit).await?;
                (previous, last_seq, from) = (commit.hash, commit.last_seq, from + 1);
            }
            if commits.is_empty() {
                return bad(last_seq + 1, format!("commit {from} is missing"));
            }
        }
        self.report.head_commit_no = head.commit_no;
        self.report.head_hash = hex::encode(head.hash);
        self.rows(&head).await
    }

    /// Account rows first: replay then passes by each one's own moment.
    async fn load_rows(&mut self) -> Result<(), Fault> {
        let mut after = 0;
        loop {
            let page = self.store.accounts_after(self.book.key, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.key;
            self.replayed.rows.extend(page.into_iter().map(|account| (account.key, account)));
        }
    }

    async fn commit(&mut self, previous: &[u8; 32], last_seq: i64, commit: &Commit) -> Result<(), Fault> {
        let mut digests = Vec::new();
        let mut seq = last_seq;
        while seq < commit.last_seq {
            let events = self.events(seq + 1, PAGE.min(commit.last_seq - seq)).await?;
            if events.is_empty() {
                return bad(seq + 1, "the event is missing");
            }
            for stored in events {
                seq += 1;
                if stored.event.seq != seq {
                    return bad(seq, "the event is missing");
                }
                let digest = codec::digest(&stored.event, &stored.body);
                if codec::checksum(&digest) != stored.checksum {
                    return bad(seq, "the event is not what was committed: its checksum differs");
                }
                self.report.events += 1;
                self.report.transfers += i64::try_from(stored.event.transfers.len()).expect("at most 64");
                self.replayed.event(&stored.event).or_else(|what| bad(seq, what))?;
                digests.push(digest);
            }
        }
        let Commit { commit_no, epoch, last_seq: end, time, .. } = *commit;
        let fields = codec::CommitFields { book: &self.book.name, commit_no, epoch, last_seq: end, time };
        if codec::commit_hash(previous, &fields, &digests) != commit.hash {
            return bad(last_seq + 1, format!("commit {commit_no}, from this event to {end}, is not what was chained: its hash differs"));
        }
        Ok(())
    }

    /// A page of events; where one can't be read, it is found and named.
    async fn events(&self, from: i64, limit: i64) -> Result<Vec<StoredEvent>, Fault> {
        match self.store.events(self.book.key, from, limit).await {
            Ok(events) => Ok(events),
            Err(Error::Damaged(_)) => {
                for seq in from..from + limit {
                    if let Err(Error::Damaged(what)) = self.store.events(self.book.key, seq, 1).await {
                        return bad(seq, what);
                    }
                }
                bad(from, "events can't be read")
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What is kept beside the journal must follow from it.
    async fn rows(&mut self, head: &Commit) -> Result<(), Fault> {
        for (key, row) in &self.replayed.rows {
            if row.seq <= head.last_seq && !self.replayed.row_met.contains_key(key) {
                return bad(row.seq, format!("the row of account {} is at no point of the journal", row.name));
            }
        }
        for (key, account) in &self.replayed.accounts {
            if !self.replayed.rows.contains_key(key) {
                return bad(account.seq, format!("account {} has no row", account.name));
            }
        }
        if self.store.head(self.book.key).await?.is_some_and(|now| now.commit_no != head.commit_no) {
            // The book went on meanwhile: guards and holds may be newer than what was replayed.
            return Ok(());
        }
        if let Some(stray) = self.store.transfers(self.book.key, transfer_no(head.last_seq + 1, 0), 1).await?.first() {
            return bad(head.last_seq + 1, format!("transfer {} belongs to no event", stray.no));
        }
        let keys: Vec<String> = self.replayed.guards.keys().cloned().collect();
        for chunk in keys.chunks(500) {
            let there: HashMap<String, GuardState> = self.store.guards(self.book.key, chunk).await?.into_iter().collect();
            for key in chunk {
                let (state, seq) = self.replayed.guards[key];
                if there.get(key) != Some(&state) {
                    return bad(seq, format!("guard {key} is not where this event left it"));
                }
            }
        }
        let numbers: Vec<i64> = self.replayed.holds.keys().copied().collect();
        for chunk in numbers.chunks(500) {
            let there: HashMap<i64, Hold> = self.store.holds(self.book.key, chunk).await?.into_iter().map(|hold| (hold.no, hold)).collect();
            for no in chunk {
                if there.get(no) != self.replayed.holds.get(no) {
                    return bad(crate::domain::event::seq_of(*no), "its hold's row is not what the journal says");
                }
            }
        }
        Ok(())
    }
}

/// The state that follows from the journal alone.
#[derive(Default)]
struct Replayed {
    accounts: HashMap<i64, Account>,
    guards: HashMap<String, (GuardState, i64)>,
    holds: HashMap<i64, Hold>,
    rows: HashMap<i64, Account>,
    row_met: HashMap<i64, ()>,
}

impl Replayed {
    fn event(&mut self, event: &Event) -> Result<(), String> {
        match &event.body {
            Body::AccountOpened { key, name } => self.opened(event.seq, *key, name)?,
            Body::AccountStateSet { key, state, .. } => {
                let account = self.accounts.get_mut(key).ok_or("it names an account that was never opened")?;
                (account.state, account.seq) = (*state, event.seq);
                self.meet(*key)?;
            }
            Body::Posting(posting) => {
                for set in &posting.guards {
                    self.guards.insert(set.guard.key.clone(), (set.after, event.seq));
                }
                for (transfer, leg) in event.transfers.iter().zip(0..) {
                    if transfer.no != transfer_no(event.seq, leg) {
                        return Err(format!("transfer {} is not its own", transfer.no));
                    }
                    self.transfer(event.seq, transfer)?;
                }
                for transfer in &event.transfers {
                    self.meet(transfer.debit)?;
                    self.meet(transfer.credit)?;
                }
            }
        }
        Ok(())
    }

    fn opened(&mut self, seq: i64, key: i64, name: &str) -> Result<(), String> {
        let form = chart::form(name).ok_or("it opens an account outside the chart")?;
        let account = Account {
            key,
            name: name.into(),
            unit: form.unit,
            floor: form.debits_must_not_exceed_credits,
            state: crate::domain::account::AccountState::Open,
            counters: Counters::default(),
            last_transfer: 0,
            seq,
        };
        if self.accounts.insert(key, account).is_some() {
            return Err(format!("it opens account {key} once more"));
        }
        self.meet(key)
    }

    fn transfer(&mut self, seq: i64, transfer: &Transfer) -> Result<(), String> {
        let (posted, pending) = self.moves(seq, transfer)?;
        let unit = |key: i64| self.accounts.get(&key).map(|account| account.unit).ok_or("it names an account that was never opened");
        if unit(transfer.debit)? != unit(transfer.credit)? {
            return Err("it mixes units".to_owned());
        }
        let sides = [
            (transfer.debit, Side::Debit, transfer.debit_after, transfer.debit_prev),
            (transfer.credit, Side::Credit, transfer.credit_after, transfer.credit_prev),
        ];
        for (key, side, after, previous) in sides {
            let account = self.accounts.get_mut(&key).ok_or("it names an account that was never opened")?;
            if account.counters.moved(side, posted, pending) != Some(after) {
                return Err(format!("after transfer {} the counters of {} do not follow from those before", transfer.no, account.name));
            }
            if account.last_transfer != previous {
                return Err(format!("transfer {} does not name the one before it of {}", transfer.no, account.name));
            }
            (account.counters, account.last_transfer, account.seq) = (after, transfer.no, seq);
        }
        Ok(())
    }

    fn moves(&mut self, seq: i64, transfer: &Transfer) -> Result<(i64, i64), String> {
        let Transfer { no, debit, credit, amount, kind, pending_no, .. } = *transfer;
        if amount < 1 {
            return Err(format!("transfer {no} moves {amount}"));
        }
        if kind == TransferKind::Pending {
            self.holds.insert(no, Hold { no, debit, credit, amount, resolved_seq: 0 });
        }
        let resolves = matches!(kind, TransferKind::PostOfPending | TransferKind::VoidOfPending);
        let released = if resolves {
            let hold = self.holds.get_mut(&pending_no).ok_or("it resolves a hold that never was")?;
            if hold.resolved_seq != 0 || amount > hold.amount || (hold.debit, hold.credit) != (debit, credit) {
                return Err(format!("it resolves hold {pending_no} in a way it can't"));
            }
            hold.resolved_seq = seq;
            hold.amount
        } else {
            0
        };
        Ok(match kind {
            TransferKind::Posted => (amount, 0),
            TransferKind::Pending => (0, amount),
            TransferKind::PostOfPending => (amount, -released),
            TransferKind::VoidOfPending => (0, -released),
        })
    }

    /// Where the account's row says it is at this event, it must be so.
    fn meet(&mut self, key: i64) -> Result<(), String> {
        let (Some(row), Some(account)) = (self.rows.get(&key), self.accounts.get(&key)) else { return Ok(()) };
        if row.seq != account.seq {
            return Ok(());
        }
        if row != account {
            return Err(format!("the row of account {} is not what this event left", account.name));
        }
        self.row_met.insert(key, ());
        Ok(())
    }
}
