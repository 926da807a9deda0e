//! What happens to a sweep after it was decided. Each step is a movement of its own, once; how far a sweep is follows from its movements, so a crash between
//! a posting and its note is made good by whoever looks next.
use crate::{
    domain::{
        bank::{BankItem, ItemClosing, ItemReferences},
        sweep::record::{AccountSweep, SweepState, SweepStep},
    },
    error::Error,
    movements::{Asked, Decided, TRIES_MAX, Turn},
    postings,
    treasury::Treasury,
};
use iso20022::camt053::Direction;
use jiff::Span;
use reconciliation::{BooksState, ItemKind};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Days before a sweep's own from which its entries are looked for: a bank may date them in another zone, and a closed day may be a weekend earlier.
const SEEN_DAYS_BEFORE: i64 = 7;

/// Sweeps that the payout service gets at once; about 500 bytes each.
const INSTRUCTIONS_MAX: i64 = 1_000;

/// What somebody says of a sweep.
#[derive(Debug, Clone, Copy)]
pub struct SweepMark<'a> {
    /// What happened.
    pub step: SweepStep,
    /// What shows it; empty: nothing does.
    pub evidence: &'a str,
    /// Who says so.
    pub by: &'a str,
    /// Whether that is the payout service.
    pub is_payout: bool,
}

impl SweepMark<'_> {
    /// Whether it may be said in this state. While the payout service instructs the bank, nobody else knows whether that was instructed; but for its own words.
    const fn is_allowed(&self, state: SweepState) -> bool {
        match (state, self.step) {
            (SweepState::Instructing, SweepStep::Cancel) => self.is_payout,
            (SweepState::Instructing, SweepStep::Send) => self.is_payout || !self.evidence.is_empty(),
            _ => true,
        }
    }
}

impl Treasury {
    /// Notes what happened to a sweep; true: it was noted before.
    pub async fn mark_sweep(&self, id: Uuid, mark: &SweepMark<'_>) -> Result<(AccountSweep, bool), Error> {
        self.post_open().await?;
        let SweepMark { step, evidence, by, .. } = *mark;
        let before = self.known_sweep(id).await?;
        let mut state = self.settled(&before).await?;
        if step.is_done(state) {
            return self.done_before(&before, evidence).await;
        }
        if !mark.is_allowed(state) {
            return Err(Error::SweepState { sweep: id, state: state.name() });
        }
        if step == SweepStep::Cancel {
            state = self.stopped(&before, state, mark).await?;
            // Another call was first, with the same step.
            if step.is_done(state) {
                return self.done_before(&before, evidence).await;
            }
        }
        if !step.follows(state) {
            return Err(Error::SweepState { sweep: id, state: state.name() });
        }
        self.keep_evidence(&before, evidence).await?;
        if step == SweepStep::Send {
            self.store.sweep_became(self.book.as_str(), id, state, SweepState::Sent).await?;
            tracing::info!(sweep = %id, by, "a sweep was sent");
        } else {
            self.step(&before, step, by).await?;
        }
        let after = self.known_sweep(id).await?;
        // Another call was first, with another step.
        if step.is_done(after.state) { Ok((after, false)) } else { Err(Error::SweepState { sweep: id, state: after.state.name() }) }
    }

    /// The sweep after a step that was done already. The bank may have said more since, such as that it has paid what it had only accepted.
    async fn done_before(&self, sweep: &AccountSweep, evidence: &str) -> Result<(AccountSweep, bool), Error> {
        self.keep_evidence(sweep, evidence).await?;
        Ok((self.known_sweep(sweep.id).await?, true))
    }

    async fn keep_evidence(&self, sweep: &AccountSweep, evidence: &str) -> Result<(), Error> {
        if !evidence.is_empty() && evidence != sweep.evidence {
            self.store.keep_evidence(self.book.as_str(), sweep.id, evidence).await?;
        }
        Ok(())
    }

    /// The sweeps of which the payout service instructs the bank, and asks it.
    pub async fn sweep_instructions(&self) -> Result<Vec<AccountSweep>, Error> {
        Ok(self.store.sweep_instructions(self.book.as_str(), INSTRUCTIONS_MAX).await?)
    }

    /// Keeps a planned sweep for the payout service; true: it was kept before.
    pub async fn instruct_sweep(&self, id: Uuid) -> Result<(AccountSweep, bool), Error> {
        self.post_open().await?;
        let known = self.known_sweep(id).await?;
        let before = self.settled(&known).await?;
        if before == SweepState::Planned && !known.is_by_hand {
            self.store.sweep_became(self.book.as_str(), id, SweepState::Planned, SweepState::Instructing).await?;
        }
        let sweep = self.known_sweep(id).await?;
        match sweep.state {
            SweepState::Instructing => Ok((sweep, before == SweepState::Instructing)),
            state => Err(Error::SweepState { sweep: id, state: state.name() }),
        }
    }

    /// Marks a sweep as one of which no bank is instructed from now on; returns how far it is then. The row decides between this and [`Self::instruct_sweep`], and the
    /// cancellation is posted after it.
    async fn stopped(&self, sweep: &AccountSweep, state: SweepState, mark: &SweepMark<'_>) -> Result<SweepState, Error> {
        if !matches!(state, SweepState::Planned | SweepState::Instructing | SweepState::Sent) {
            return Ok(state);
        }
        self.store.sweep_became(self.book.as_str(), sweep.id, state, SweepState::Cancelling).await?;
        match self.settled(sweep).await? {
            // The payout service was first.
            now if !mark.is_allowed(now) => Err(Error::SweepState { sweep: sweep.id, state: now.name() }),
            now => Ok(now),
        }
    }

    /// Brings every sweep that is not over to where its movements and the banks' statements are.
    pub async fn settle_sweeps(&self) -> Result<(), Error> {
        let open = self.store.open_sweeps(self.book.as_str()).await?;
        if open.is_empty() {
            return Ok(());
        }
        self.post_open().await?;
        for sweep in open {
            let mut state = self.settled(&sweep).await?;
            if state == SweepState::Cancelling {
                self.step(&sweep, SweepStep::Cancel, "").await?;
                state = self.known_sweep(sweep.id).await?.state;
            }
            if state.is_open() {
                self.announce_sweep(&sweep).await?;
            }
            let since = sweep.day.saturating_sub(Span::new().days(SEEN_DAYS_BEFORE));
            let [out, into] = sweep.item_keys();
            for (step, place, item) in [(SweepStep::Debit, &sweep.from, out), (SweepStep::Credit, &sweep.to, into)] {
                if step.follows(state) && self.store.is_settled_by_entry(self.book.as_str(), &place.account, &item, since).await? {
                    self.step(&sweep, step, "").await?;
                    state = self.known_sweep(sweep.id).await?.state;
                }
            }
        }
        Ok(())
    }

    /// Announces both entries to reconciliation, as far as they are not announced yet.
    pub(super) async fn announce_sweep(&self, sweep: &AccountSweep) -> Result<(), Error> {
        let book = self.book.as_str();
        if self.store.items_of(book, &sweep.item_keys()).await?.len() < sweep.item_keys().len() {
            let items = sweep_items(sweep, [Some(BooksState::Submitted); 2]);
            self.store.expect(book, &items, (self.clock)()).await?;
        }
        Ok(())
    }

    async fn known_sweep(&self, id: Uuid) -> Result<AccountSweep, Error> {
        self.store.sweep(self.book.as_str(), id).await?.ok_or(Error::SweepUnknown { sweep: id })
    }

    /// Posts a step unless it was posted, or another one instead, and notes where the sweep is.
    async fn step(&self, sweep: &AccountSweep, step: SweepStep, by: &str) -> Result<(), Error> {
        let ask = Asked { key: step_key(sweep.id, step), fields: BTreeMap::new(), by };
        for _ in 0..TRIES_MAX {
            let Turn::Open(turn) = self.turn(&ask).await? else { return self.settled(sweep).await.map(drop) };
            if !step.follows(self.settled(sweep).await?) {
                return Ok(());
            }
            let id = turn.posting_key(self, &ask, 0);
            let draft = match step {
                // Nothing is posted: the money was set aside before.
                SweepStep::Send => return Ok(()),
                SweepStep::Debit => postings::sweeps::debiting(id, sweep),
                SweepStep::Credit => postings::sweeps::crediting(id, sweep, turn.structure.is_in_use(&sweep.to.leaf)),
                SweepStep::Cancel => postings::sweeps::giving_back(id, sweep, turn.structure.is_in_use(&sweep.from.leaf)),
            };
            if self.carry_out(&turn, &ask, Decided { drafts: vec![draft], ..Decided::default() }).await?.is_some() {
                tracing::info!(sweep = %sweep.id, state = step.makes().name(), by, "a sweep went on");
                return self.settled(sweep).await.map(drop);
            }
        }
        Err(Error::MovementsBusy)
    }

    /// How far a sweep is, by its movements; what follows from that is written before the state, so that it is not forgotten.
    async fn settled(&self, sweep: &AccountSweep) -> Result<SweepState, Error> {
        let (book, kept) = (self.book.as_str(), self.known_sweep(sweep.id).await?.state);
        if !kept.is_open() {
            return Ok(kept);
        }
        let state = self.by_movements(sweep, kept).await?;
        if state == kept {
            return Ok(kept);
        }
        let (open, booked) = (Some(BooksState::Submitted), Some(BooksState::Settled));
        let items = match state {
            SweepState::Planned | SweepState::Instructing | SweepState::Sent | SweepState::Cancelling => [open; 2],
            SweepState::Debited => [booked, open],
            SweepState::Credited | SweepState::Reversed => [booked; 2],
            SweepState::Cancelled | SweepState::Refused => [None; 2],
        };
        // A bank is told nothing of what the ledger refused, so its entries are not announced either.
        if state != SweepState::Refused {
            self.store.expect(book, &sweep_items(sweep, items), (self.clock)()).await?;
        }
        if let (SweepState::Credited, Some(original)) = (state, sweep.returns) {
            self.store.sweep_became(book, original, SweepState::Credited, SweepState::Reversed).await?;
        }
        self.store.sweep_became(book, sweep.id, kept, state).await?;
        Ok(state)
    }

    async fn by_movements(&self, sweep: &AccountSweep, kept: SweepState) -> Result<SweepState, Error> {
        for step in [SweepStep::Credit, SweepStep::Debit, SweepStep::Cancel] {
            if !self.store.movements_of(&self.book, &step_key(sweep.id, step)).await?.is_empty() {
                return Ok(step.makes());
            }
        }
        let begun = self.store.movements_of(&self.book, &sweep.request_key).await?;
        Ok(if begun.iter().any(|row| row.movement.posting_key == sweep.id) { kept } else { SweepState::Refused })
    }
}

/// What a step's movement is asked for under.
fn step_key(id: Uuid, step: SweepStep) -> String {
    format!("sweep-{}/{}", step.makes().name(), id.hyphenated())
}

/// Both entries as reconciliation knows them: of the giving account, and of the receiving one.
fn sweep_items(sweep: &AccountSweep, states: [Option<BooksState>; 2]) -> [BankItem; 2] {
    let [out, into] = sweep.item_keys();
    let [left, arrived] = states;
    let item = |key, account: &String, direction, state| BankItem {
        key,
        account: account.clone(),
        direction,
        amounts: (sweep.amount, sweep.amount),
        kind: ItemKind::Internal,
        state,
        references: ItemReferences { end_to_end_id: sweep.end_to_end_id(), ..ItemReferences::default() },
        days: [Some(sweep.day), None, None],
        returned_in_books: 0,
        closing: ItemClosing::default(),
    };
    [item(out, &sweep.from.account, Direction::Debit, left), item(into, &sweep.to.account, Direction::Credit, arrived)]
}
