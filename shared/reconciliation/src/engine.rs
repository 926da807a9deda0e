//! Lines against items. Almost every line names a free item and agrees with it: such a line settles the item as it comes and is forgotten. The others are kept
//! until all lines came, and are then decided in order: those that agree with something, those that name something and disagree, batches and settlements, proposals,
//! and at last what brings money back. So the answer does not depend on the order of lines, except which of two equal bookings is the first.

mod back;
mod batches;
mod draft;
mod missing;
mod named;
mod search;
mod seen;
mod settlements;

use crate::{
    case::{Case, Outstanding},
    posting,
    rule::{Evidence, Explained, ExplainedLine, ReconciliationRule},
    store::{ItemStatus, ItemStore, PackedPlace, ReferenceKind, is_in_books},
    survey::Judged,
    terms::RunTerms,
};
use matching::{BankLine, EarlierEntry, ItemStanding, LinePlace, LineStanding, SeenEntry, StatementPart};
use money::Money;
use rails::CalendarGap;
use search::{Target, search};
use seen::{Repeated, SeenEntries};
use std::collections::BTreeMap;

/// Why a run has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// Too many lines agree with nothing.
    #[error(
        "more than {max} lines settle no item at once; nothing was decided; are the items those of these accounts and days? If so, reconcile fewer days at once"
    )]
    TooManyOpen {
        /// [`RunTerms::open_lines_max`].
        max: usize,
    },
    /// A file was not the same when it was read again.
    #[error("file {file} changed while it was read, and nothing was decided; reconcile again")]
    Changed {
        /// Its number.
        file: usize,
    },
    /// A calendar does not cover a day.
    #[error("an age can't be counted, and nothing was decided: {0}")]
    Calendar(#[from] CalendarGap),
}

/// What booked lines of an account come to, in minor units, credits less debits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccountSums {
    /// All booked lines but repetitions of entries.
    pub moved: i128,
    /// What the postings of explained lines add to our books.
    pub to_post: i128,
    /// How many lines were booked.
    pub lines: u64,
}

/// What a run found, beside the explained lines that it gave out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    /// Everything that has to be explained, in order of precedence, then place.
    pub cases: Vec<Case>,
    /// What did not come yet.
    pub outstanding: Vec<Outstanding>,
    /// By account and currency.
    pub sums: BTreeMap<(String, String), AccountSums>,
    /// How many lines were explained.
    pub explained: u64,
}

/// A line that is not decided yet.
#[derive(Debug, Clone)]
pub(crate) struct OpenLine {
    line: BankLine,
    target: Option<Target>,
    /// The entry of the same statement that has the same reference of the bank.
    repeats: Option<LinePlace>,
}

/// A run over all files.
pub struct Run<'t, 'c, 'g> {
    terms: &'t RunTerms<'c>,
    judged: &'t Judged,
    store: ItemStore,
    seen: SeenEntries,
    open: Vec<OpenLine>,
    is_too_long: bool,
    give: &'g mut dyn FnMut(ExplainedLine),
    sums: BTreeMap<(String, String), AccountSums>,
    cases: Vec<Case>,
    /// Money that came back of items in this run, in minor units, and bookings beyond the first that nothing undid, with the cases about them.
    back: BTreeMap<u32, i128>,
    duplicates: BTreeMap<u32, Vec<usize>>,
    /// Of bookings beyond the first that earlier runs recorded, how many were undone in this one.
    undone_before: BTreeMap<u32, u32>,
    explained: u64,
}

impl<'t, 'c, 'g> Run<'t, 'c, 'g> {
    /// A run with items that are [`ItemStore::ready`]. Explained lines are given out as they are found, in no order.
    pub fn new(terms: &'t RunTerms<'c>, judged: &'t Judged, store: ItemStore, give: &'g mut dyn FnMut(ExplainedLine)) -> Self {
        Self {
            terms,
            judged,
            store,
            seen: SeenEntries::with_room_for(judged.lines),
            open: Vec::new(),
            is_too_long: false,
            give,
            sums: BTreeMap::new(),
            cases: Vec::new(),
            back: BTreeMap::new(),
            duplicates: BTreeMap::new(),
            undone_before: BTreeMap::new(),
            explained: 0,
        }
    }

    /// Remembers what was booked in an earlier run. Entries that were only information then are left out.
    pub fn remember(&mut self, entry: &SeenEntry) {
        if entry.standing == LineStanding::Booked {
            self.seen.remember(entry);
        }
    }

    /// Takes the next line. Lines of statements that were not accepted are left out.
    pub fn line(&mut self, part: &StatementPart, line: BankLine) {
        let is_of_no_statement = part.statement == 0 && line.standing == LineStanding::Information;
        if self.is_too_long || !(is_of_no_statement || self.judged.is_accepted(part)) {
            return;
        }
        let is_booked = line.standing == LineStanding::Booked;
        let repeats = match self.seen.again(&line, is_booked) {
            // The statement's balance counts both, so that it can't be the same booking: nothing is booked twice, and somebody looks.
            Some(Repeated::Line(place)) if is_booked && (place.file, place.statement) == (line.place.file, line.place.statement) => {
                Some(place)
            }
            Some(repeated) => {
                let evidence = vec![Evidence::new("bank reference", line.bank_reference.clone().unwrap_or_default())];
                let explained = Explained::SameEntryAgain { of: EarlierEntry::from(repeated) };
                self.explain(&line, explained, Some(ReconciliationRule::BankReference), evidence, Vec::new());
                return;
            }
            None => None,
        };
        let target = search(&self.store, &line);
        if !is_booked {
            self.information(&line, target);
            return;
        }
        let sums = self.sums.entry(sums_key(&line)).or_default();
        sums.moved += line.direction.signed(line.amount);
        sums.lines += 1;
        if repeats.is_none()
            && !line.is_money_back()
            && let Some(target) = &target
            && let [item] = *target.items.as_slice()
            && self.settles_at_once(&line, item)
        {
            self.settle(&line, &[item], target.rule, target.evidence.clone());
            return;
        }
        if self.open.len() >= self.terms.open_lines_max {
            self.is_too_long = true;
            return;
        }
        self.open.push(OpenLine { line, target, repeats });
    }

    /// Decides about everything that is left.
    ///
    /// # Errors
    /// [`RunError`]: then nothing that was given out may be used.
    pub fn finish(mut self) -> Result<Reconciled, RunError> {
        if self.is_too_long {
            return Err(RunError::TooManyOpen { max: self.terms.open_lines_max });
        }
        let mut open = std::mem::take(&mut self.open);
        open.sort_by_key(|open| open.line.place);
        let (back, open): (Vec<_>, Vec<_>) = open.into_iter().partition(|open| open.line.is_money_back());
        let open = self.settle_late(open)?;
        let open = self.named(open)?;
        let open = self.charges(open)?;
        let open = self.batches(open)?;
        let open = self.settlements(open)?;
        self.proposed_or_unknown(open)?;
        self.money_back(back)?;
        let outstanding = self.missing()?;
        self.cases.sort_by(|one, other| (one.class, &one.places, &one.items).cmp(&(other.class, &other.places, &other.items)));
        Ok(Reconciled { cases: self.cases, outstanding, sums: self.sums, explained: self.explained })
    }

    /// Whether nothing about a line and an item disagrees, and nobody has to look at it either.
    fn settles_at_once(&self, line: &BankLine, item: u32) -> bool {
        use crate::item::{BooksState, ItemKind};
        let packed = self.store.get(item);
        let is_late = packed.is_credit && packed.value_date.day().zip(line.value_date).is_some_and(|(agreed, found)| found > agreed);
        let is_unknown = !packed.is_credit && matches!(packed.state, BooksState::Accepted | BooksState::Unknown);
        self.agrees(line, item)
            && self.beyond(line, item) == 0
            && !is_late
            && !is_unknown
            && line.is_charge == (packed.kind == ItemKind::Charge)
    }

    /// Whether an item is free and of the line's account, currency and direction.
    fn agrees(&self, line: &BankLine, item: u32) -> bool {
        self.store.get(item).status == ItemStatus::Free
            && line.account.as_deref() == Some(self.store.account(item))
            && line.amount.currency() == self.store.currency(item)
            && line.direction == self.store.direction(item)
    }

    /// By how many minor units a line's amount is beyond what an item expects: 0 within its range.
    fn beyond(&self, line: &BankLine, item: u32) -> i64 {
        let packed = self.store.get(item);
        let booked = line.amount.minor_units();
        booked - booked.clamp(packed.least, packed.most)
    }

    fn tolerance(&self, line: &BankLine, rule: ReconciliationRule) -> i64 {
        line.account.as_deref().map_or(0, |account| self.terms.tolerances.of(account, rule))
    }

    /// A line settles one item, or all items of a batch.
    fn settle(&mut self, line: &BankLine, items: &[u32], rule: ReconciliationRule, evidence: Vec<Evidence>) {
        let (mut expected, mut in_books, mut to_post) = (0, 0, 0);
        let alone = items.len() == 1;
        for item in items.iter().copied() {
            let packed = self.store.get(item);
            // Of one item with a range, what was booked within it is what was expected.
            let amount = if alone { line.amount.minor_units().clamp(packed.least, packed.most) } else { packed.least };
            expected += amount;
            let direction = self.store.direction(item);
            if is_in_books(packed) {
                in_books += amount;
            } else {
                to_post += amount;
            }
            debug_assert!(direction == line.direction, "an item of the other direction is never settled");
            self.store.set(item, ItemStatus::Settled, PackedPlace::from(line.place));
        }
        let difference = line.amount.minor_units() - expected;
        let kind = items.first().map(|item| self.store.get(*item).kind).unwrap_or_default();
        let new = Money::try_new(line.amount.currency(), to_post).unwrap_or(line.amount);
        let postings = posting::settled(kind, line.direction, new, difference);
        let sums = self.sums.entry(sums_key(line)).or_default();
        let sign = if line.direction.signed(line.amount) < 0 { -1 } else { 1 };
        sums.to_post += line.direction.signed(line.amount) - sign * i128::from(in_books);
        let keys = items.iter().map(|item| self.store.key(*item).to_owned()).collect();
        self.explain(line, Explained::Settles { items: keys, difference }, Some(rule), evidence, postings);
    }

    fn information(&mut self, line: &BankLine, target: Option<Target>) {
        let item = target.as_ref().filter(|target| target.items.len() == 1).map(|target| self.store.key(target.items[0]).to_owned());
        let (rule, evidence) = target.map(|target| (target.rule, target.evidence)).unzip();
        self.explain(line, Explained::Information { item }, rule, evidence.unwrap_or_default(), Vec::new());
    }

    fn explain(
        &mut self,
        line: &BankLine,
        explained: Explained,
        rule: Option<ReconciliationRule>,
        evidence: Vec<Evidence>,
        postings: Vec<posting::ProposedPosting>,
    ) {
        self.explained += 1;
        (self.give)(ExplainedLine { place: line.place, standing: line.standing, amount: line.amount, explained, rule, evidence, postings });
    }

    /// Whether an item was booked before, in this run or an earlier one.
    fn is_taken(&self, item: u32) -> bool {
        let packed = self.store.get(item);
        matches!(packed.status, ItemStatus::Settled | ItemStatus::InCase) || packed.standing == ItemStanding::Settled
    }

    fn batch_of(&self, item: u32) -> Option<&str> {
        self.store.reference(item, ReferenceKind::Batch)
    }
}

fn sums_key(line: &BankLine) -> (String, String) {
    (line.account.clone().unwrap_or_default(), line.amount.currency().code().to_owned())
}

/// What a step of the decisions returns.
pub(crate) type StepResult<T> = Result<T, RunError>;
