//! Movements: decided on the balances of one moment, recorded, then posted; each step safe to repeat.
//!
//! Of two movements that are decided on the same balances, the second finds its number taken and is decided again. So no two of them spend the same money. What
//! others post meanwhile, such as payouts, is checked by them.
use crate::{
    domain::{Structure, moves::BookView, reservation::LeafReservation, sweep::record::AccountSweep, terms::Pair},
    error::Error,
    postings,
    store::{MovementRow, MovementState, MovementTransfer, NewMovement},
    treasury::{Treasury, balances_of},
};
use api::ledger::TrialBalanceLine;
use chart::{Account, Purpose, Unit};
use ledger_client::{NotPosted, PostingDraft, TrialRead, is_final};
use money::time::unix_ms;
use std::{collections::BTreeMap, sync::Arc, time::SystemTime};
use uuid::Uuid;

/// How often a movement is decided that others overtake. Each time at least one of them gets through.
pub(crate) const TRIES_MAX: u32 = 16;
/// Movements that were left to be posted and are read at once.
const OPEN_ROWS: i64 = 64;

/// What somebody asks for.
#[derive(Debug, Clone)]
pub(crate) struct Asked<'a> {
    /// What it is asked under: the same key asks for the same again.
    pub key: String,
    /// The fields that a retry must repeat, by name.
    pub fields: BTreeMap<&'static str, String>,
    /// Who asks.
    pub by: &'a str,
}

/// A request's turn.
pub(crate) enum Turn {
    /// It was decided before: all its parts.
    Found(Vec<MovementRow>),
    /// It is to be decided.
    Open(OpenTurn),
}

/// What a decision is made on.
pub(crate) struct OpenTurn {
    last: i64,
    /// The structure.
    pub structure: Arc<Structure>,
    /// The balances, with all movements that were decided before.
    pub view: BookView,
    /// The time of the decision.
    pub now: SystemTime,
}

/// What was decided, beside the transfers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Decided {
    /// The postings, each with the id that [`OpenTurn::posting_key`] gives to its part.
    pub drafts: Vec<PostingDraft>,
    /// When they count from, in Unix milliseconds; 0: from the decision.
    pub effective_at_ms: i64,
    /// How the amounts came about, as JSON.
    pub calculation: String,
    /// The sweep that begins with it.
    pub sweep: Option<AccountSweep>,
}

impl Turn {
    /// The parts of what was decided before, if it was asked for with the same fields.
    fn found(rows: Vec<MovementRow>, asked: &Asked<'_>) -> Result<Self, Error> {
        let before = rows.first().map(|row| row.movement.asked.as_str()).unwrap_or_default();
        let before: BTreeMap<String, String> = serde_json::from_str(before).unwrap_or_default();
        let same = |name: &str, value: &str| before.get(name).is_some_and(|before| before == value);
        let differing: Vec<String> =
            asked.fields.iter().filter(|(name, value)| !same(name, value)).map(|(name, _)| (*name).to_owned()).collect();
        if differing.is_empty() { Ok(Self::Found(rows)) } else { Err(Error::RequestIdReused(differing)) }
    }
}

impl OpenTurn {
    /// The number of a part, from 0.
    pub const fn number(&self, part: i64) -> i64 {
        self.last + 1 + part
    }

    /// The number of the last movement that was decided before.
    pub const fn last_number(&self) -> i64 {
        self.last
    }

    /// Whatever is decided after this on the same balances has the next number, and finds the reservation's money held.
    pub fn reserved(&mut self, row: &LeafReservation) {
        self.last += 1;
        let held = self.view.leaves.entry(row.leaf.clone()).or_default();
        held.pending_debits = held.pending_debits.saturating_add(row.asked.amount.minor_units());
    }

    /// The request id of the posting of a part, from 0.
    pub fn posting_key(&self, treasury: &Treasury, asked: &Asked<'_>, part: i64) -> Uuid {
        chart::id::treasury_movement(&treasury.book, &asked.key, self.number(part), unix_ms(self.now))
    }
}

impl Treasury {
    /// What was asked for under the key, or what to decide it on.
    pub(crate) async fn turn(&self, asked: &Asked<'_>) -> Result<Turn, Error> {
        // Read first: what is decided after this takes its number from the decision, and everything before is posted next, so that the balances have it.
        let last = self.store.last_movement(&self.book).await?;
        self.post_open().await?;
        let found = self.store.movements_of(&self.book, &asked.key).await?;
        if !found.is_empty() {
            return Turn::found(found, asked);
        }
        self.turn_after(last).await.map(Turn::Open)
    }

    /// What to decide on, without looking for what was decided before.
    pub(crate) async fn open_turn(&self) -> Result<OpenTurn, Error> {
        let last = self.store.last_movement(&self.book).await?;
        self.post_open().await?;
        self.turn_after(last).await
    }

    async fn turn_after(&self, last: i64) -> Result<OpenTurn, Error> {
        let structure = self.structure(None).await?;
        let view = self.view(&structure).await?;
        Ok(OpenTurn { last, structure, view, now: (self.clock)() })
    }

    /// Records a decision and posts it; nothing where others decided meanwhile. The ledger's refusal of any part is an error, and that part never happens.
    pub(crate) async fn carry_out(&self, turn: &OpenTurn, asked: &Asked<'_>, decided: Decided) -> Result<Option<Vec<MovementRow>>, Error> {
        let sweep = decided.sweep.clone();
        let parts = self.parts(turn, asked, decided);
        if !self.store.decide(&self.book, turn.last, &parts, sweep.as_ref()).await? {
            return Ok(None);
        }
        self.post_decided(asked).await.map(Some)
    }

    /// The hold of a reservation, as it is recorded.
    pub(crate) fn hold_part(&self, turn: &OpenTurn, asked: &Asked<'_>, hold: PostingDraft) -> NewMovement {
        let mut parts = self.parts(turn, asked, Decided { drafts: vec![hold], ..Decided::default() });
        parts.pop().expect("one draft is one part")
    }

    /// Posts movements that were recorded with the numbers after `last` in one batch, and notes the answers: of each, the ledger's refusal, if it never happens.
    pub(crate) async fn post_together(&self, last: i64, decided: Vec<NewMovement>) -> Result<Vec<Option<NotPosted>>, Error> {
        let rows = decided.into_iter().zip(last + 1..);
        let rows: Vec<MovementRow> =
            rows.map(|(movement, movement_no)| MovementRow { movement_no, movement, state: MovementState::Decided }).collect();
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let posts = rows.iter().map(|row| postings::movements::recorded(&row.movement).in_batch()).collect();
        let mut answers = Vec::new();
        for (row, posted) in rows.iter().zip(self.ledger.post_batch(&self.book, posts).await?) {
            answers.push(self.note_posted(row, posted.map(drop)).await?);
        }
        Ok(answers)
    }

    /// The parts of a decision, as they are recorded.
    fn parts(&self, turn: &OpenTurn, asked: &Asked<'_>, decided: Decided) -> Vec<NewMovement> {
        let fields = serde_json::to_string(&asked.fields).expect("a map of texts is JSON");
        let Decided { drafts, effective_at_ms, calculation, .. } = decided;
        let parts = drafts.iter().zip(0_i64..).map(|(draft, part)| NewMovement {
            request_key: asked.key.clone(),
            part,
            kind: draft.kind(),
            asked: fields.clone(),
            posting_key: turn.posting_key(self, asked, part),
            decided_at_ms: unix_ms(turn.now),
            decided_by: asked.by.to_owned(),
            effective_at_ms: if effective_at_ms == 0 { unix_ms(turn.now) } else { effective_at_ms },
            calculation: if part == 0 { calculation.clone() } else { String::new() },
            transfers: draft.transfers().iter().filter_map(transfer_row).collect(),
        });
        parts.collect()
    }

    /// Posts all parts of what was decided. The ledger's refusal of any of them is an error.
    async fn post_decided(&self, asked: &Asked<'_>) -> Result<Vec<MovementRow>, Error> {
        let rows = self.store.movements_of(&self.book, &asked.key).await?;
        let mut refused = None;
        for row in &rows {
            refused = self.post_movement(row).await?.or(refused);
        }
        match refused {
            Some(not_posted) => Err(Error::Ledger(not_posted)),
            None => Ok(rows),
        }
    }

    /// Posts what was decided and is not known to be posted, by whichever process.
    pub(crate) async fn post_open(&self) -> Result<(), Error> {
        loop {
            let open = self.store.open_movements(&self.book, OPEN_ROWS).await?;
            if open.is_empty() {
                return Ok(());
            }
            for row in open {
                if let Some(refused) = self.post_movement(&row).await? {
                    tracing::warn!(movement = row.movement_no, kind = row.movement.kind.name(), %refused, "a movement was refused");
                }
            }
        }
    }

    /// Posts a movement and notes the answer: the refusal, if the ledger has refused it for ever.
    async fn post_movement(&self, row: &MovementRow) -> Result<Option<NotPosted>, Error> {
        let posted = self.ledger.post(&self.book, postings::movements::recorded(&row.movement)).await;
        self.note_posted(row, posted.map(drop)).await
    }

    async fn note_posted(&self, row: &MovementRow, posted: Result<(), NotPosted>) -> Result<Option<NotPosted>, Error> {
        let refused = match posted {
            Ok(()) => None,
            Err(refused) if is_final(&refused, row.movement.decided_at_ms, unix_ms((self.clock)())) => {
                match self.ledger.posting_by_id(&self.book, posting_id(self, row)).await {
                    // The ledger looks an id up before it checks its time, so nothing was posted before the refusal; another process may have posted it since.
                    Ok(_) => None,
                    Err(NotPosted::Refused(_)) => Some(refused),
                    Err(open) => return Err(open.into()),
                }
            }
            Err(open) => return Err(open.into()),
        };
        let state = if refused.is_some() { MovementState::Refused } else { MovementState::Posted };
        self.store.resolve(&self.book, row, state).await?;
        Ok(refused)
    }

    /// The balances and positions of one moment.
    pub(crate) async fn view(&self, structure: &Structure) -> Result<BookView, Error> {
        let (lines, seq) = match self.ledger.trial_balance(&self.book).await? {
            TrialRead::NoBook => return Ok(BookView::default()),
            TrialRead::Changing => return Err(Error::BalancesChanging),
            TrialRead::Lines(lines, seq) => (lines, seq),
        };
        let balances = balances_of(structure, &lines, seq)?;
        let mut positions = BTreeMap::new();
        for line in &lines {
            if let Some((pair, owed)) = position(line)? {
                positions.insert(pair, owed);
            }
        }
        Ok(BookView { leaves: balances.leaves, cash: balances.cash, positions })
    }
}

/// What an account of the kind `due_from` says is owed.
fn position(line: &TrialBalanceLine) -> Result<Option<(Pair, i64)>, Error> {
    let Some(account) = Account::parse(&line.accounts).filter(|account| account.purpose() == Some(Purpose::DueFrom)) else {
        return Ok(None);
    };
    let (Some(lender), Some(borrower), Unit::Currency(currency)) = (account.entity(), account.bank_account(), account.unit()) else {
        return Ok(None);
    };
    let owed = line.debits_posted.checked_sub(line.credits_posted).ok_or(Error::Overflow)?;
    Ok(Some((Pair { lender: lender.as_str().to_owned(), borrower: borrower.as_str().to_owned(), currency }, owed)))
}

/// A transfer as it is recorded; none of a draft's is left out, because the chart knows all of them.
fn transfer_row(transfer: &api::ledger::Transfer) -> Option<MovementTransfer> {
    let Unit::Currency(currency) = Account::parse(&transfer.debit_account)?.unit() else { return None };
    let (debit, credit) = (transfer.debit_account.clone(), transfer.credit_account.clone());
    Some(MovementTransfer { debit, credit, currency, minor_units: transfer.amount })
}

/// The id of a movement's posting.
pub(crate) fn posting_id(treasury: &Treasury, row: &MovementRow) -> Uuid {
    chart::id::posted(row.movement.posting_key, treasury.book.as_str())
}
