//! Compares every posting with the list of who posts what (`chart::posters`). It finds kinds that nobody posts, accounts that the kind does not move between,
//! and coins, diamonds or money that came from nothing.
//!
//! The journal does not say who requested a posting; but it has its kind, and each kind belongs to one service. Imported postings are recognized by their mark
//! and summed separately. Memory use is two bytes per account.
use super::{REPORTED_MAX, ReadFault};
use books::{
    domain::event::{Body, Event, Posting, Transfer, TransferKind},
    store::{Book, Mode, Store},
};
use chart::{
    AccountClass, OwnPosters, PostingKind, Unit,
    posters::{BrokenRule, Movement, PostingAct, RuledTransfer},
};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Stands for an account that is not on the chart.
const UNCHARTED: u16 = u16::MAX;

/// A posting that the list does not allow.
#[derive(Debug, Clone)]
struct UnlistedPosting {
    /// Which posting it is and what is wrong, in words.
    what: String,
    /// The transfer that is not allowed, or else all transfers: who gave, who received and how much.
    moved: Vec<(i64, i64, i64)>,
    why: String,
}

/// A reversal that is still to be compared with what it reverses.
#[derive(Debug, Clone)]
struct ReversalSeen {
    what: String,
    moved: Vec<(i64, i64, i64)>,
    source: Uuid,
}

/// Compares the postings of a book with the list of who posts what, while the book's journal is read from the beginning.
pub(super) struct PosterFold {
    book: String,
    mode: Mode,
    own: OwnPosters,
    /// The purpose of each account, by its key, as an index into `classes`.
    of_account: Vec<u16>,
    classes: Vec<(AccountClass, Unit)>,
    places: HashMap<(AccountClass, Unit), u16>,
    postings: usize,
    unlisted: usize,
    /// The first postings that the list does not allow.
    found: Vec<UnlistedPosting>,
    reversals: Vec<ReversalSeen>,
}

impl PosterFold {
    pub fn new(book: &Book, own: OwnPosters) -> Self {
        Self {
            book: book.name.clone(),
            mode: book.mode,
            own,
            // Keys begin with 1.
            of_account: vec![UNCHARTED],
            classes: Vec::new(),
            places: HashMap::new(),
            postings: 0,
            unlisted: 0,
            found: Vec::new(),
            reversals: Vec::new(),
        }
    }

    /// The number of postings that the list allows.
    pub fn allowed(&self) -> usize {
        self.postings - self.unlisted
    }

    /// Adds the next event of the journal.
    pub fn event(&mut self, event: &Event) {
        match &event.body {
            Body::AccountOpened { key, name } => self.opened(*key, name),
            Body::Posting(posting) if chart::imported::origin(event.id, |name| posting.field(name), &self.book).is_none() => {
                self.postings += 1;
                let what = || format!("event {}, posting {} of kind {}", event.seq, event.id, posting.kind);
                match (self.check(posting, &event.transfers), posting.reverses) {
                    (Ok(()), None) => {}
                    (Ok(()), Some(source)) => {
                        let moved = event.transfers.iter().map(moved).collect();
                        self.reversals.push(ReversalSeen { what: what(), moved, source });
                    }
                    (Err((at, why)), _) => {
                        let one = at.and_then(|at| event.transfers.get(at));
                        let moved = one.map_or_else(|| event.transfers.iter().map(moved).collect(), |transfer| vec![moved(transfer)]);
                        self.unlisted(UnlistedPosting { what: what(), moved, why });
                    }
                }
            }
            Body::Posting(_) | Body::AccountStateSet { .. } | Body::LimitSet { .. } | Body::HoldExpired => {}
        }
    }

    fn opened(&mut self, key: i64, name: &str) {
        let Ok(at) = usize::try_from(key) else { return };
        let class = chart::form(name).map(|form| (form.class, form.unit));
        let place = class.and_then(|class| {
            let next = u16::try_from(self.classes.len()).ok().filter(|next| *next != UNCHARTED);
            let place = self.places.get(&class).copied().or(next)?;
            if usize::from(place) == self.classes.len() {
                self.classes.push(class);
                self.places.insert(class, place);
            }
            Some(place)
        });
        // The journal's own check reports keys that are not consecutive.
        if at == self.of_account.len() {
            self.of_account.push(place.unwrap_or(UNCHARTED));
        }
    }

    /// Why the list does not allow it, and which transfer is the reason.
    fn check(&self, posting: &Posting, transfers: &[Transfer]) -> Result<(), (Option<usize>, String)> {
        let legs = transfers.iter().map(|transfer| self.ruled(transfer)).collect::<Option<Vec<_>>>();
        let legs = legs.ok_or_else(|| (None, "it moves between accounts that the chart does not know".to_owned()))?;
        let Some(kind) = PostingKind::parse(&posting.kind) else {
            if posting.reverses.is_some() || !self.own.posts(None, &posting.kind) {
                return Err((None, "no service posts that kind, and no row of ledger.posters names it".to_owned()));
            }
            let own = self.own.check(None, &posting.kind, legs.into_iter().map(|leg| (leg, false)));
            return own.map_err(|broken| told(broken, "no row of ledger.posters lets that kind do this"));
        };
        let rule = kind.rule();
        if posting.reverses.is_some() != (rule.act == PostingAct::Reverse) {
            return Err((None, "a reversal has a kind of its own, and that kind reverses".to_owned()));
        }
        if kind == PostingKind::BenchCoins && self.mode != Mode::Test {
            return Err((None, "the bench posts into TEST books only".to_owned()));
        }
        rule.check(legs.into_iter()).map_err(|broken| told(broken, "that kind never does this"))
    }

    fn ruled(&self, transfer: &Transfer) -> Option<RuledTransfer> {
        let class = |key: i64| {
            let place = usize::try_from(key).ok().and_then(|key| self.of_account.get(key)).filter(|place| **place != UNCHARTED)?;
            self.classes.get(usize::from(*place)).copied()
        };
        let ((debit, unit), (credit, _)) = (class(transfer.debit)?, class(transfer.credit)?);
        let movement = match transfer.kind {
            TransferKind::Posted => Movement::Moves,
            TransferKind::Pending => Movement::Holds,
            TransferKind::PostOfPending | TransferKind::VoidOfPending | TransferKind::ExpiryOfPending => Movement::Resolves,
        };
        Some(RuledTransfer { debit, credit, unit, amount: transfer.amount, movement })
    }

    fn unlisted(&mut self, posting: UnlistedPosting) {
        self.unlisted += 1;
        if self.found.len() < REPORTED_MAX {
            self.found.push(posting);
        }
    }

    /// Compares reversals with what they reverse: the same transfers in the opposite direction.
    async fn compare_reversals(&mut self, store: &dyn Store, book: &Book) -> Result<(), ReadFault> {
        while let Some(ReversalSeen { what, mut moved, source }) = self.reversals.last().cloned() {
            let reversed = store.event_by_id(book.key, source).await?.map_or_else(Vec::new, |event| event.transfers);
            // Removed only now, so that one that could not be read is compared in the next run.
            self.reversals.pop();
            let mut opposite: Vec<_> = reversed.iter().map(|transfer| (transfer.credit, transfer.debit, transfer.amount)).collect();
            opposite.sort_unstable();
            moved.sort_unstable();
            if moved != opposite {
                self.unlisted(UnlistedPosting {
                    what,
                    moved,
                    why: format!("and posting {source}, which it says it reverses, did not move the opposite"),
                });
            }
        }
        Ok(())
    }

    /// The postings that the list does not allow, with the names of their accounts.
    pub async fn problems(&mut self, store: &dyn Store, book: &Book) -> Result<Vec<String>, ReadFault> {
        self.compare_reversals(store, book).await?;
        if self.found.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<i64> =
            self.found.iter().flat_map(|posting| &posting.moved).flat_map(|(debit, credit, _)| [*debit, *credit]).collect();
        let accounts = store.accounts_by_key(book.key, &keys).await?;
        let names: BTreeMap<i64, String> = accounts.into_iter().map(|account| (account.key, account.name.to_string())).collect();
        let name = |key: &i64| names.get(key).cloned().unwrap_or_else(|| format!("account {key}"));
        let mut told: Vec<String> = self
            .found
            .iter()
            .map(|posting| {
                let moved =
                    posting.moved.iter().map(|(debit, credit, amount)| format!("{amount} from {} to {}", name(debit), name(credit)));
                let moved: Vec<String> = moved.collect();
                let moved = if moved.is_empty() { "moves nothing".to_owned() } else { format!("moves {}", moved.join(", ")) };
                format!("{}, {moved}: {}", posting.what, posting.why)
            })
            .collect();
        let more = self.unlisted - self.found.len();
        told.extend((more > 0).then(|| format!("and {more} more postings that no row allows")));
        Ok(told)
    }
}

/// Who gave, who received and how much.
const fn moved(transfer: &Transfer) -> (i64, i64, i64) {
    (transfer.debit, transfer.credit, transfer.amount)
}

fn told(broken: BrokenRule, why: &str) -> (Option<usize>, String) {
    match broken {
        BrokenRule::Transfer(at) => (Some(at), why.to_owned()),
        BrokenRule::Again(at) => (Some(at), "that kind does this once".to_owned()),
        BrokenRule::Currency(at) => (Some(at), "that kind moves one currency at a time".to_owned()),
        BrokenRule::Lacks(class) => (None, format!("and nothing from {}, without which that kind never is", class.line())),
        BrokenRule::Unbalanced(class) => (None, format!("which leaves {} with another balance", class.line())),
        BrokenRule::Exceeds(more, less) => {
            (None, format!("which gives more from {} than from {}, as that kind never does", more.line(), less.line()))
        }
    }
}
